"""The languages of the page: loads the strings, picks a language. Translates nothing itself."""

from __future__ import annotations

import json
import locale
from collections.abc import Mapping
from pathlib import Path

from rag.wording import LANGUAGES

FOLDER = Path(__file__).parent / "translations"
LANGUAGE_COOKIE = "lang"


def load_strings(folder: Path = FOLDER) -> Mapping[str, Mapping[str, str]]:
    """The page's strings for every language, from `<language>.json`."""
    return {language: json.loads((folder / f"{language}.json").read_text(encoding="utf-8")) for language in LANGUAGES}


def pick_language(asked: str | None, cookie: str | None, accepted: str) -> str:
    """The page's language: asked for in the address, else remembered, else what the browser prefers.

    Args:
        accepted: the Accept-Language header. Any Chinese is answered in Traditional Chinese.
    """
    for wish in (asked, cookie):
        if wish in LANGUAGES:
            return wish
    for tag in _by_preference(accepted):
        if tag.startswith("zh"):
            return "zh-TW"
        if tag.startswith("en"):
            return "en"
    return "en"


def terminal_language() -> str:
    """The language for a terminal, from its locale."""
    try:
        locale.setlocale(locale.LC_CTYPE, "")
        name = locale.getlocale(locale.LC_CTYPE)[0] or ""
    except (locale.Error, ValueError):
        return "en"
    return "zh-TW" if name.lower().startswith("zh") else "en"


def _by_preference(accepted: str) -> list[str]:
    """The tags of an Accept-Language header, best first; a malformed weight counts as 0."""
    weighted = []
    for part in accepted[:1000].split(","):
        tag, _, parameters = part.partition(";")
        weighted.append((_weight(parameters), tag.strip().lower()))
    return [tag for weight, tag in sorted(weighted, key=lambda one: -one[0]) if weight > 0 and tag]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
