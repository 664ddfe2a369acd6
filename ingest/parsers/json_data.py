"""Parses JSON and JSON lines into records of `key: value` lines, so that every value keeps its name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from ingest.parsers.decode import decode
from ingest.records import BlockKind, Composer, ParsedDocument, readable

_MAX_DEPTH = 60


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read `data` as one JSON value, else as one value a line; what is neither is kept as it is written.

    Raises:
        Unreadable: the bytes are not text.
        TooLarge: there are more characters than MAX_CHARACTERS.
    """
    text = readable(decode(data))
    composer = Composer()
    notes: tuple[str, ...] = ()
    try:
        _add_value(composer, json.loads(text))
    except (ValueError, RecursionError):
        broken = _add_lines(composer, text)
        if broken:
            notes = (f"{broken:,} lines are not valid JSON and were kept as text",)
    return composer.finish("json", PurePath(name).stem, notes=notes)


def _add_lines(composer: Composer, text: str) -> int:
    """Add each line's value; lines that hold none are added as they are, together where they are neighbours.
    Returns how many those are."""
    broken: list[str] = []
    count = 0
    for line in text.split("\n"):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            broken.append(line)
            count += bool(line.strip())
            continue
        composer.add(BlockKind.CODE, "\n".join(broken))
        broken = []
        _add_record(composer, value)
    composer.add(BlockKind.CODE, "\n".join(broken))
    return count


def _add_value(composer: Composer, value: Any) -> None:
    """The plain fields of an object first, then each of its lists and objects under its key as a heading."""
    if isinstance(value, list):
        for item in value:
            _add_record(composer, item)
    elif isinstance(value, dict):
        _add_record(composer, {key: one for key, one in value.items() if not isinstance(one, (dict, list))})
        for key, one in value.items():
            if isinstance(one, (dict, list)) and one:
                composer.add(BlockKind.HEADING, key, level=1)
                for item in one if isinstance(one, list) and any(isinstance(i, dict) for i in one) else [one]:
                    _add_record(composer, item)
    else:
        _add_record(composer, value)


def _add_record(composer: Composer, value: Any) -> None:
    composer.add(BlockKind.LIST, "\n".join(_lines(value)))


def _lines(value: Any) -> Iterator[str]:
    """`path.to.key: value` for every plain value inside; a list of plain values is one line."""
    stack: list[tuple[str, Any, int]] = [("", value, 0)]
    while stack:
        path, one, depth = stack.pop()
        if depth > _MAX_DEPTH:
            yield f"{path}: …"
        elif isinstance(one, dict):
            stack.extend((f"{path}.{key}" if path else key, inner, depth + 1) for key, inner in reversed(one.items()))
        elif isinstance(one, list) and any(isinstance(inner, (dict, list)) for inner in one):
            stack.extend((f"{path}[{number}]", inner, depth + 1) for number, inner in reversed([*enumerate(one, 1)]))
        else:
            words = ", ".join(map(_show, one)) if isinstance(one, list) else _show(one)
            if words:
                yield f"{path}: {words}" if path else words


def _show(value: Any) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    return "" if value is None else json.dumps(value)
