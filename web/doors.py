"""What the launcher handed to the inside: sockets, the page's descriptor, and which guards are in force.

Read once, before the settings are: the private variables are taken out of the environment on the way.
"""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from rag.errors import ConfigError
from rag.models.doors import Doors
from web.guards import Guard

PREFIX = "AIRLOCK_DOOR_"

_SENTENCES: dict[tuple[str, str], tuple[str, str]] = {
    ("namespace", ""): (
        "This process was started in an empty network of its own.",
        "這個程序在獨立且沒有對外連線的網路空間中啟動。",
    ),
    ("namespace", "not_linux"): (
        "Network namespaces exist on Linux only, so this process was started without one.",
        "只有 Linux 提供網路命名空間，因此這個程序啟動時沒有隔離。",
    ),
    ("namespace", "forbidden"): (
        "This system lets its users make no network namespace, so this process was started without one.",
        "這套系統不允許使用者建立網路命名空間，因此這個程序啟動時沒有隔離。",
    ),
    ("namespace", "unverified"): (
        "A network namespace was made, but this process could still see a way out.",
        "已建立網路命名空間，但這個程序仍看得到對外的路徑。",
    ),
    ("namespace", "wanted"): (
        "This command may download, so it was started with the network.",
        "這個指令可能需要下載，因此啟動時保留網路。",
    ),
    ("memory", ""): (
        "The launcher's memory, which may hold a cloud key, is out of this process's reach.",
        "啟動程序的記憶體可能含有雲端金鑰，這個程序無法讀取。",
    ),
    ("memory", "not_linux"): (
        "Whether the launcher's memory can be read was not checked: that needs Linux.",
        "未檢查啟動程序的記憶體能否被讀取：這項檢查需要 Linux。",
    ),
    ("memory", "readable"): (
        "This process could read the launcher's memory: the system gave it no user namespace of its own.",
        "這個程序可以讀取啟動程序的記憶體：系統沒有提供獨立的使用者命名空間。",
    ),
    ("gate", ""): (
        "Only the gate, a process of its own, holds the cloud key and can reach the cloud.",
        "只有獨立的閘門程序持有雲端金鑰並能連到雲端。",
    ),
    ("gate", "local_only"): (
        "Nothing can be sent to a cloud: the mode is local-only and no gate is running.",
        "不會有內容送到雲端：目前為僅限本機模式，沒有啟動閘門程序。",
    ),
    ("gate", "not_enabled"): (
        "Nothing can be sent to a cloud: it is not enabled. To allow it, set cloud.enabled = true and a key.",
        "不會有內容送到雲端：尚未啟用。要允許，請設定 cloud.enabled = true 並提供金鑰。",
    ),
    ("gate", "no_key"): (
        "Nothing can be sent to a cloud: no key was found in the environment.",
        "不會有內容送到雲端：環境變數中沒有金鑰。",
    ),
    ("gate", "no_consent"): (
        "A cloud key was found but not used: nobody has allowed it. To allow it, set cloud.enabled = true.",
        "找到雲端金鑰但未使用：尚未取得同意。要允許，請設定 cloud.enabled = true。",
    ),
    ("gate", "not_needed"): (
        "This command sends nothing to a cloud.",
        "這個指令不會送任何內容到雲端。",
    ),
}


def take_doors(
    environment: MutableMapping[str, str] = os.environ,  # noqa: TID251  the launcher's private variables
) -> tuple[Doors, Path | None, int | None, tuple[Guard, ...]]:
    """The local doors, the gate's socket, the page's listening descriptor, and the launcher's guards.

    All are empty where there was no launcher (`python -m web.cli`). The text of the guard
    `gate` says whether the gate runs, and if not, why.

    Raises:
        ConfigError: the variables were not written by the launcher.
    """
    taken = {name: environment.pop(name) for name in list(environment) if name.startswith(PREFIX)}
    try:
        guards = json.loads(taken.pop(PREFIX + "GUARDS", "[]"))
        page = taken.pop(PREFIX + "PAGE_FD", None)
        doors = Doors(_path(taken, "OLLAMA"), _path(taken, "OPENAI"))
        gate = _path(taken, "GATE")
        if taken:
            raise ValueError(", ".join(sorted(taken)))
        return doors, gate, None if page is None else int(page), tuple(map(_guard, guards))
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{PREFIX}… variables are private to the launcher; do not set them") from error


def _path(taken: dict[str, str], name: str) -> Path | None:
    value = taken.pop(PREFIX + name, "")
    return Path(value) if value else None


def _guard(fields: Any) -> Guard:
    name, why = str(fields["name"]), str(fields["why"])
    english, chinese = _SENTENCES[name, why]
    return Guard(name, bool(fields["in_force"]), {"en": english, "zh-TW": chinese})
