"""Which recognisers of persons' names are installed here: spaCy models, found without importing spaCy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points

LANGUAGES = ("en", "zh")
_SIZES = ("lg", "md", "sm")
"""Best first. The `trf` models need torch, which is never loaded for this."""


def find_installed() -> dict[str, str]:
    """The best installed spaCy model for each language Airlock speaks; empty where there is none."""
    return choose_models(entry.name for entry in entry_points(group="spacy_models"))


def choose_models(installed: Iterable[str]) -> dict[str, str]:
    """The best of `installed` for each language, such as `{"zh": "zh_core_web_md"}`."""
    ranked: dict[str, tuple[int, str]] = {}
    for model in sorted(installed):
        language, size = model.partition("_")[0], model.rpartition("_")[2]
        if language in LANGUAGES and size in _SIZES:
            rank = (_SIZES.index(size), model)
            ranked[language] = min(rank, ranked.get(language, rank))
    return {language: model for language, (_, model) in ranked.items()}


def choose_language(text: str, languages: Mapping[str, object]) -> tuple[str, ...]:
    """Which of `languages` to look for names in: Chinese where there are ideographs, English where Latin words are."""
    present = {
        "zh": any("\u4e00" <= one <= "\u9fff" for one in text),
        "en": any(one.isascii() and one.isalpha() for one in text),
    }
    return tuple(language for language in languages if present[language])
