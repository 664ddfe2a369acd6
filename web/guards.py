"""What protects this process, looked at from inside it. Changes nothing; unknown counts as absent."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rag.config import Settings

OUTWARD = (
    *("LANGSMITH_API_KEY", "LANGSMITH_ENDPOINT", "LANGCHAIN_API_KEY", "LANGCHAIN_ENDPOINT"),
    *("OTEL_EXPORTER_", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
)
"""Beginnings of the names that would send traces, or anything at all, somewhere else."""


@dataclass(frozen=True, slots=True)
class Guard:
    """One protection, whether it is in force here, and what that means, in every language."""

    name: str
    in_force: bool
    text: Mapping[str, str]


def look_at_guards(
    settings: Settings, launcher: Sequence[Guard] = (), *, proc: Path = Path("/proc/self")
) -> tuple[Guard, ...]:
    """Every guard: those the launcher reports, then those that can be seen from this process."""
    from rag.gate.catalogue import key_variable

    names = _variable_names(proc / "environ")
    seen = [_keys(names, key_variable(settings.cloud)), _tracers(names), _store(settings.home)]
    if not any(guard.name == "namespace" for guard in launcher):
        seen.insert(0, _network(proc / "net"))
    return (*launcher, *seen)


def _network(net: Path) -> Guard:
    """Whether this process sees no way out: no IPv4 route, and no IPv6 route but over loopback."""
    try:
        routes = _lines(net / "route")[1:]
        routes += [line for line in _lines(net / "ipv6_route") if line.split()[-1:] != ["lo"]]
        cut_off = not routes
    except OSError:
        cut_off = False
    return _guard(
        "network",
        cut_off,
        ("This process has no route to any network.", "這個程序沒有任何對外的網路路徑。"),
        (
            "This process could open connections: it was started without an empty network of its own.",
            "這個程序仍可能對外連線：啟動時沒有隔離的網路空間。",
        ),
    )


def _keys(names: Iterable[str] | None, key: str) -> Guard:
    return _guard(
        "keys",
        names is not None and key not in names,
        ("No cloud key is within reach of the page.", "網頁程序接觸不到任何雲端金鑰。"),
        ("The page's own process was started with a cloud key.", "網頁程序啟動時帶有雲端金鑰。"),
    )


def _tracers(names: Iterable[str] | None) -> Guard:
    found = names is None or any(name.upper().startswith(OUTWARD) for name in names)
    return _guard(
        "tracing",
        not found,
        (
            "No tracing, hub or proxy variable reaches the page.",
            "沒有任何追蹤、模型庫或代理伺服器變數傳入網頁程序。",
        ),
        ("Tracing, hub or proxy variables were passed on.", "有追蹤、模型庫或代理伺服器變數傳入。"),
    )


def _store(home: Path) -> Guard:
    try:
        private = not (home.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    except OSError:
        private = False
    return _guard(
        "store",
        private,
        ("Only your account can read the store.", "只有您的帳號可以讀取資料庫。"),
        (
            "Other accounts of this machine may be able to read the store.",
            "這台電腦的其他帳號可能讀得到資料庫。",
        ),
    )


def _guard(name: str, in_force: bool, good: tuple[str, str], bad: tuple[str, str]) -> Guard:
    english, chinese = good if in_force else bad
    return Guard(name, in_force, {"en": english, "zh-TW": chinese})


def _variable_names(environ: Path) -> frozenset[str] | None:
    """The names in the environment this process was started with; None where it cannot be seen."""
    try:
        parts = environ.read_bytes().split(b"\0")
    except OSError:
        return None
    return frozenset(part.partition(b"=")[0].decode(errors="replace") for part in parts if part)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="ascii", errors="replace").splitlines()
