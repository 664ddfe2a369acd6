"""Counts Word's automatic list numbers, so that `第三條` is in the text although Word stores only the rule
for it."""

from __future__ import annotations

import re
from typing import Any

_CHINESE = "零一二三四五六七八九"
_STEMS = "甲乙丙丁戊己庚辛壬癸"


class Numbering:
    """The numbering part of a document with the counters of its lists."""

    def __init__(self, root: Any | None) -> None:
        """Read the abstract lists and the concrete ones that refer to them; None is a document without
        lists."""
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self._counts: dict[tuple[str, int], int] = {}
        abstract: dict[str, dict[int, tuple[str, str, int]]] = {}
        for node in root if root is not None else ():
            if _local(node) == "abstractNum":
                abstract[_attribute(node, "abstractNumId")] = _read_levels(node)
        for node in root if root is not None else ():
            if _local(node) == "num":
                target = next((_attribute(child, "val") for child in node if _local(child) == "abstractNumId"), "")
                self._levels[_attribute(node, "numId")] = abstract.get(target, {})

    def marker(self, number: str, level: int) -> str:
        """The marker of the next item at `level` of list `number`, such as `- `, `2. ` or `第三條 `."""
        levels = self._levels.get(number, {})
        style, pattern, start = levels.get(level, ("bullet", "", 1))
        if style in ("bullet", "none"):
            return "- " if style == "bullet" else ""
        self._counts[number, level] = self._counts.get((number, level), start - 1) + 1
        for key in [key for key in self._counts if key[0] == number and key[1] > level]:
            del self._counts[key]

        def place(match: re.Match[str]) -> str:
            at = int(match.group(1)) - 1
            at_style, _, at_start = levels.get(at, ("decimal", "", 1))
            return _write(self._counts.get((number, at), at_start), at_style)

        text = re.sub(r"%([1-9])", place, pattern)
        return f"{text} " if text else ""


def _read_levels(node: Any) -> dict[int, tuple[str, str, int]]:
    levels = {}
    for child in node:
        index = _attribute(child, "ilvl")
        if _local(child) == "lvl" and index.isdigit():
            values = {_local(part): _attribute(part, "val") for part in child}
            start = values.get("start", "1")
            levels[int(index)] = (
                values.get("numFmt", "decimal"),
                values.get("lvlText", ""),
                int(start) if start.isdigit() else 1,
            )
    return levels


def _write(number: int, style: str) -> str:
    if style in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter if style == "lowerLetter" else letter.upper()
    if style in ("lowerRoman", "upperRoman"):
        return _roman(number) if style == "upperRoman" else _roman(number).lower()
    if style.startswith(("taiwaneseCounting", "chineseCounting", "japaneseCounting", "ideographLegal")):
        return chinese_number(number)
    if style in ("ideographDigital", "taiwaneseDigital", "japaneseDigitalTenThousand"):
        return "".join(_CHINESE[int(digit)] for digit in str(number))
    if style == "ideographTraditional" and 1 <= number <= len(_STEMS):
        return _STEMS[number - 1]
    return f"{number:02d}" if style == "decimalZero" else str(number)


def chinese_number(number: int) -> str:
    """`number` from 1 to 9,999 in Chinese counting: 12 is 十二, 105 is 一百零五."""
    if not 0 < number < 10_000:
        return str(number)
    text, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            text += ("零" if gap else "") + _CHINESE[digit] + name
            gap = False
        elif text:
            gap = True
    return text.removeprefix("一") if text.startswith("一十") else text


def _roman(number: int) -> str:
    text = ""
    for value, letters in (
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
        (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ):  # fmt: skip
        text += letters * (min(number, 100_000) // value)
        number %= value
    return text


def _local(node: Any) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _attribute(node: Any, name: str) -> str:
    return next((str(value) for key, value in node.attrib.items() if key.rpartition("}")[2] == name), "")
