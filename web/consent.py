"""Whether the cloud may be used at all: the configuration's word, else a person's answer, asked for once.

A key found in the environment is no consent. In local-only mode no cloud variable is read.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

FILE = "consent.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings the launcher needs; see `web.plan.make_plan`.

    `key_elsewhere` True: the gate reads the key from a file or the keyring itself.
    """

    home: str
    mode: str
    strict: bool
    host: str
    port: int
    password_set: bool
    cloud_enabled: bool | None
    provider: str
    base_url: str
    key_variable: str
    key_elsewhere: bool
    provider_title: str
    provider_host: str
    address_variable: str
    targets: dict[str, str]
    trusted: list[str]


def decide_gate(plan: Plan, environment: Mapping[str, str], ask: Callable[[str], bool] | None) -> str:
    """Whether the gate is started: "" for yes, else why not, as a code of `web.doors`.

    `ask` puts a yes-or-no question to a person; None where nobody can be asked. The answer is remembered for
    this provider and host.
    """
    if plan.mode == "local-only":
        return "local_only"
    if plan.cloud_enabled is False:
        return "not_enabled"
    if not plan.key_elsewhere and not environment.get(plan.key_variable):
        return "no_key"
    if plan.cloud_enabled:
        return ""
    host = _host_of(plan, environment)
    answer = recall(Path(plan.home), plan.provider, host)
    if answer is None and ask is not None:
        answer = ask(_question(plan, host))
        remember(Path(plan.home), plan.provider, host, answer)
    return "" if answer else "no_consent"


def recall(home: Path, provider: str, host: str) -> bool | None:
    """What was answered for this provider and host; None when nobody was asked, or the file is unreadable."""
    try:
        answers = json.loads((home / FILE).read_text(encoding="utf-8"))["answers"]
        allowed = answers[f"{provider} {host}"]["allowed"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return allowed if isinstance(allowed, bool) else None


def remember(home: Path, provider: str, host: str, allowed: bool) -> None:
    """Keep an answer, beside those for other providers, in a file only its owner can read."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        answers = dict(json.loads((home / FILE).read_text(encoding="utf-8"))["answers"])
    except (OSError, ValueError, KeyError, TypeError):
        answers = {}
    asked_at = datetime.now(UTC).isoformat(timespec="seconds")
    answers[f"{provider} {host}"] = {"allowed": allowed, "asked_at": asked_at}
    draft = home / (FILE + ".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({"answers": answers}, file, indent=2)
    draft.replace(home / FILE)


def asker() -> Callable[[str], bool] | None:
    """A way to ask the person at the terminal, None where there is none."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return ask_on_terminal


def ask_on_terminal(question: str) -> bool:
    """Ask once; everything but a clear yes is a no."""
    print(question, end=" [y/N] ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes", "是", "好")


def _host_of(plan: Plan, environment: Mapping[str, str]) -> str:
    url = plan.base_url or environment.get(plan.address_variable, "")
    try:
        host = urlsplit(url).hostname if url else plan.provider_host
    except ValueError:
        host = None
    return host or "unknown"


def _question(plan: Plan, host: str) -> str:
    where = "" if host == plan.provider_host else f" (at {host})"
    found = "is configured" if plan.key_elsewhere else "was found in the environment"
    return f"A key for {plan.provider_title}{where} {found}. May public passages be sent to it?"
