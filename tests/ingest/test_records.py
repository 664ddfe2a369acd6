"""The composer's offsets, and what cleaning takes away and leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import records
from ingest.records import BlockKind, Composer, clean, join_lines
from rag.errors import TooLarge


@given(st.lists(st.tuples(st.sampled_from(BlockKind), st.text())))
def test_every_block_is_the_slice_of_the_text_that_its_offsets_name(
    blocks: list[tuple[BlockKind, str]],
) -> None:
    composer = Composer()
    for kind, text in blocks:
        composer.add(kind, text)
    document = composer.finish("text", "title")
    assert [document.text[block.start : block.end] for block in document.blocks] == [b.text for b in document.blocks]
    assert composer.empty == (document.text == "")


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text())
def test_a_cleaned_text_can_be_stored_as_utf_8(text: str) -> None:
    assert clean(text).encode().decode() == clean(text)


def test_invisible_characters_inside_a_word_are_removed() -> None:
    assert clean("con\u200bfi\u00adden\u202etial\x00") == "confidential"


def test_joiners_that_persian_and_emoji_need_stay() -> None:
    assert clean("می\u200cخواهم 👩\u200d💻") == "می\u200cخواهم 👩\u200d💻"


def test_a_decomposed_name_becomes_composed() -> None:
    assert clean("re\u0301sume\u0301") == "résumé"


def test_lines_join_with_a_space_in_latin_and_without_one_in_chinese() -> None:
    assert join_lines(["the quarterly", "report"]) == "the quarterly report"
    assert join_lines(["本季倉儲盤點差異率", "為百分之三"]) == "本季倉儲盤點差異率為百分之三"
    assert join_lines(["회의실 예약은", "금요일까지"]) == "회의실 예약은 금요일까지"


def test_a_text_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_CHARACTERS", 10)
    composer = Composer()
    composer.add(BlockKind.PARAGRAPH, "12345")
    with pytest.raises(TooLarge, match="longer than 10 characters"):
        composer.add(BlockKind.PARAGRAPH, "6789")


def test_no_repr_shows_a_documents_text() -> None:
    composer = Composer()
    composer.add(BlockKind.PARAGRAPH, "the merger closes in May")
    document = composer.finish("text", "secret title")
    assert "merger" not in repr(document) + repr(document.blocks)
    assert "secret" not in repr(document)
