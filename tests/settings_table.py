"""The settings table of docs/configuration.md, made from the settings themselves.

`python -m tests.settings_table` (part of `make fix`) writes it; tests/test_documentation.py compares it.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from rag.config import Settings

PAGE = Path(__file__).parent.parent / "docs" / "configuration.md"
BEGIN = "<!-- settings: written by `make fix`, from rag/config.py -->"
END = "<!-- end of settings -->"


def render_settings() -> str:
    """One Markdown table per section: key, environment variable, allowed values, default, meaning."""
    return "\n".join(_lines())


def splice(page: str) -> str:
    """`page` with the text between its two markers replaced by the current tables.

    Raises:
        ValueError: a marker is missing.
    """
    before, _, rest = page.partition(BEGIN)
    _, marker, after = rest.partition(END)
    if not marker:
        raise ValueError("docs/configuration.md has lost its markers")
    return f"{before}{BEGIN}\n\n{render_settings()}\n{END}{after}"


def _lines() -> Iterator[str]:
    sections = {name: _section(field) for name, field in Settings.model_fields.items()}
    yield from _table("", {name: Settings.model_fields[name] for name, inner in sections.items() if not inner})
    for name, inner in sections.items():
        if inner:
            yield f"### [{name}]"
            yield ""
            yield f"{Settings.model_fields[name].description}"
            yield ""
            yield from _table(name, inner.model_fields)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _table(section: str, fields: typing.Mapping[str, FieldInfo]) -> Iterator[str]:
    yield "| Key | Variable | Allowed | Default | Meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for name, field in fields.items():
        variable = "AIRLOCK_" + "__".join(part for part in (section, name) if part).upper()
        cells = (f"`{name}`", f"`{variable}`", _allowed(field), _default(name, field), field.description)
        yield f"| {' | '.join(map(str, cells))} |"
    yield ""


def _allowed(field: FieldInfo) -> str:
    for rule in field.metadata:
        if pattern := getattr(rule, "pattern", None):
            return ", ".join(f"`{word}`" for word in pattern.strip("^$()").split("|"))
    bounds = [part for rule in field.metadata if (part := _bound(rule))]
    return "; ".join([_kind(field.annotation), *bounds])


def _kind(kind: object) -> str:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind)
    if isinstance(kind, types.UnionType):
        return " or ".join("unset" if part is types.NoneType else _kind(part) for part in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return "list of text"
    names: dict[object, str] = {
        bool: "`true`, `false`",
        int: "whole number",
        float: "number",
        str: "text",
        SecretStr: "text",
        Path: "folder",
    }
    return names[kind]


def _bound(rule: object) -> str:
    for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<")):
        if hasattr(rule, name):
            return f"{sign} {getattr(rule, name)}"
    return ""


def _default(name: str, field: FieldInfo) -> str:
    if name == "home":
        return "the platform's data folder, on Linux `~/.local/share/airlock`"
    if name == "receipts_folder":
        return "the platform's configuration folder, on Linux `~/.config/airlock-receipts`"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "unset" if value is None else f"`{value}`" if value not in ("", ()) else "empty"


if __name__ == "__main__":
    PAGE.write_text(splice(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
