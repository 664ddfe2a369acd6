"""Sentences for reasons, in both languages."""

from __future__ import annotations

import re

import pytest

from rag import wording
from rag.records import Reason


@pytest.mark.parametrize("code", wording.SENTENCES)
def test_every_sentence_exists_in_both_languages_with_the_same_parameters(code: str) -> None:
    english, chinese = wording.SENTENCES[code]
    assert sorted(re.findall(r"\$\w+", english)) == sorted(re.findall(r"\$\w+", chinese))
    assert re.search(r"[㐀-鿿]", chinese)
    assert not re.search(r"[㐀-鿿]", english)


def test_labels_are_put_into_the_words_of_the_language() -> None:
    reason = Reason("label_passages", {"label": "confidential", "count": "2"})
    assert wording.say(reason, "en") == "2 of the excerpts used are confidential, so they stay on this computer."
    assert wording.say(reason, "zh-TW") == "用到的摘錄中有 2 段為「機密」，因此留在本機。"


def test_a_parameter_is_never_read_as_a_template() -> None:
    reason = Reason("fallback", {"failed": "$used ${used} {x}", "used": "b"})
    assert wording.say(reason, "en") == "$used ${used} {x} did not answer, so b did."


def test_an_unknown_code_is_shown_as_itself() -> None:
    assert wording.say_both(Reason("from_a_later_version")) == {
        "en": "from_a_later_version",
        "zh-TW": "from_a_later_version",
    }
