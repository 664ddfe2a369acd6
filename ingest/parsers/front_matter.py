"""Reads the simple `key: value` front matter at the head of a text. Never evaluates YAML."""

from __future__ import annotations

import re

_FENCES = {"---": ("---", "..."), "+++": ("+++",)}
_PAIR = re.compile(r"""^\s*["']?([\w][\w \-./]{0,60}?)["']?\s*[:：=]\s*(.*)$""")
_ITEM = re.compile(r"^\s*-\s+(.*)$")
_MAX_LINES = 400


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """The pairs at the head of `text`, and the text after them.

    Keys are lower case; a key given twice, or a list under a key, is joined with commas. Where the closing
    fence is missing, the pairs up to the first other line are still returned, so that a sensitivity written
    there is not lost, and the text stays whole.
    """
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    fence = lines[0].strip() if lines else ""
    if fence not in _FENCES:
        return {}, text
    for number, line in enumerate(lines[1:_MAX_LINES], start=1):
        if line.rstrip() in _FENCES[fence]:
            return _read_pairs(lines[1:number]), "".join(lines[number + 1 :])
    head = []
    for line in lines[1:_MAX_LINES]:
        if not (_PAIR.match(line) or _ITEM.match(line)):
            break
        head.append(line)
    return _read_pairs(head), text


def _read_pairs(lines: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    key = ""
    for line in lines:
        item = _ITEM.match(line)
        pair = _PAIR.match(line)
        if line.lstrip().startswith("#"):
            continue
        if item and key:
            _append(pairs, key, item.group(1))
        elif pair:
            key = pair.group(1).strip().lower()
            _append(pairs, key, pair.group(2))
    return pairs


def _append(pairs: dict[str, str], key: str, value: str) -> None:
    value = re.sub(r"\s+#.*$", "", value.strip()).strip().strip("[]").strip().strip("\"'").strip()
    known = pairs.get(key, "")
    pairs[key] = f"{known}, {value}" if known and value else known or value
