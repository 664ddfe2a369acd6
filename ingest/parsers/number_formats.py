"""Turns the numbers of a spreadsheet into what its reader sees: dates, times, percentages. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_DATES = frozenset((*range(14, 18), *range(27, 37), *range(50, 59)))
_DATE_TIMES = frozenset((22,))
_TIMES = frozenset((*range(18, 22), *range(45, 48)))
_BUILT_IN = {9: "0%", 10: "0.00%"}
"""Numbers of formats that every Excel file has without naming them (ECMA-376 part 1, 18.8.30)."""

_NOT_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_LAST_DAY = 2_958_466  # the serial number of 10000-01-01, which datetime cannot hold


def show_number(text: str, format_id: int, code: str, *, from_1904: bool = False) -> str:
    """The number in `text` as its cell shows it, dates as ISO 8601; `text` itself where it is no number.

    `code` is the format's own code, empty for those that are built in.
    """
    try:
        value = float(text)
    except ValueError:
        return text
    code = _NOT_CODE.sub("", code or _BUILT_IN.get(format_id, "")).split(";")[0].lower()
    dated = format_id in _DATES | _DATE_TIMES or any(letter in code for letter in ("y", "d", "mmm"))
    timed = format_id in _TIMES | _DATE_TIMES or any(letter in code for letter in ("h", "s"))
    if "general" not in code and (dated or timed) and 0 <= value < _LAST_DAY - 1462:
        return _show_moment(value, dated, timed, from_1904)
    if "%" in code:
        return f"{value * 100:.12g}%"
    return f"{value:.15g}"


def _show_moment(value: float, dated: bool, timed: bool, from_1904: bool) -> str:
    """Day 60 is 29 February 1900, which never was: Excel counts it all the same, so earlier days shift by one."""
    start = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30 if value >= 60 else 31)
    moment = start + timedelta(seconds=round(value * 86_400))
    if dated and (timed or moment.time() != datetime.min.time()):
        return moment.strftime("%Y-%m-%d %H:%M")
    if dated:
        return moment.date().isoformat()
    hours = round(value * 86_400) // 3_600
    return f"{hours:02}:{moment:%M:%S}" if moment.second else f"{hours:02}:{moment:%M}"
