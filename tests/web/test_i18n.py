"""Languages: both complete, and the right one picked."""

from __future__ import annotations

import re

import pytest

from web.i18n import load_strings, pick_language

GAP = re.compile(r"\{\w+\}")


def test_both_languages_have_the_same_strings_and_the_same_gaps() -> None:
    strings = load_strings()
    english = {key: text for key, text in strings["en"].items() if not key.endswith(".one")}
    assert english.keys() == strings["zh-TW"].keys(), "Chinese has no singular; all else is the same"
    for key, text in english.items():
        assert set(GAP.findall(text)) == set(GAP.findall(strings["zh-TW"][key])), key


@pytest.mark.parametrize(
    ("asked", "cookie", "accepted", "language"),
    [
        (None, None, "", "en"),
        (None, None, "zh-TW,zh;q=0.9,en;q=0.8", "zh-TW"),
        (None, None, "zh-CN", "zh-TW"),
        (None, None, "ZH-hant-HK", "zh-TW"),
        (None, None, "fr,de", "en"),
        (None, None, "fr, zh;q=0.3, en;q=0.2", "zh-TW"),
        (None, None, "en;q=0.2, zh;q=0.9", "zh-TW"),
        (None, None, "zh;q=0, en", "en"),
        (None, None, "zh;q=x, en;q=0.1", "en"),
        (None, "zh-TW", "en", "zh-TW"),
        (None, "klingon", "zh", "zh-TW"),
        ("en", "zh-TW", "zh", "en"),
        ("../../etc", None, "", "en"),
    ],
)
def test_the_language_is_asked_for_then_remembered_then_the_browsers(
    asked: str | None, cookie: str | None, accepted: str, language: str
) -> None:
    assert pick_language(asked, cookie, accepted) == language
