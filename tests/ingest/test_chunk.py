"""Chunks keep their place: exact offsets, headings, pages; whole rows and sentences while that is possible."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ingest.chunk import Piece, embedding_text, split
from ingest.parsers import parse_bytes
from ingest.records import BlockKind, Composer, ParsedDocument
from tests.fakes.ingest import FakeEmbedder

count = FakeEmbedder().count_tokens

WORDS = st.text(alphabet="ab .。！，,\n本季倉 -|", max_size=300)
BLOCKS = st.lists(
    st.tuples(st.sampled_from(BlockKind), WORDS, st.sampled_from([None, 1, 2]), st.integers(1, 3)), max_size=8
)


def compose(blocks: list[tuple[BlockKind, str, int | None, int]]) -> ParsedDocument:
    composer = Composer()
    for kind, text, page, level in blocks:
        composer.add(kind, text, page=page, level=level if kind is BlockKind.HEADING else 0)
    return composer.finish("text", "title")


def read(markdown: str, target: int = 40) -> list[Piece]:
    return split(parse_bytes(markdown.encode(), "note.md"), count, target)


@given(BLOCKS, st.integers(3, 60))
def test_every_chunk_is_exactly_the_slice_its_offsets_name(
    blocks: list[tuple[BlockKind, str, int | None, int]], target: int
) -> None:
    document = compose(blocks)
    for piece in split(document, count, target):
        assert document.text[piece.start : piece.end] == piece.text
        assert piece.text.strip()


@given(BLOCKS, st.integers(3, 60))
def test_chunks_never_overlap_and_lose_no_word(
    blocks: list[tuple[BlockKind, str, int | None, int]], target: int
) -> None:
    document = compose(blocks)
    pieces = split(document, count, target)
    assert all(first.end <= second.start for first, second in pairwise(pieces))
    covered = set[int]().union(*(range(piece.start, piece.end) for piece in pieces))
    for block in document.blocks:
        if block.kind is not BlockKind.HEADING:
            missing = [at for at in range(block.start, block.end) if at not in covered]
            assert "".join(document.text[at] for at in missing).strip() == ""


@given(BLOCKS)
def test_every_heading_is_in_a_path_or_a_chunk_of_its_own(
    blocks: list[tuple[BlockKind, str, int | None, int]],
) -> None:
    document = compose(blocks)
    pieces = split(document, count, 30)
    said = {step for piece in pieces for step in piece.heading} | {piece.text for piece in pieces}
    for block in document.blocks:
        if block.kind is BlockKind.HEADING and len(block.text) <= 30:
            assert block.text in said or block.text.strip() in said


@given(BLOCKS, st.integers(3, 60))
def test_no_chunk_is_larger_than_the_target(blocks: list[tuple[BlockKind, str, int | None, int]], target: int) -> None:
    assert all(count(piece.text) <= target for piece in split(compose(blocks), count, target))


def test_a_chunk_knows_the_headings_above_it() -> None:
    pieces = read(
        "# Handbook\n\nIntro.\n\n## Leave\n\n### Sick leave\n\nTell your manager.\n\n## Travel\n\nBook early.\n"
    )
    assert [(piece.heading, piece.text) for piece in pieces] == [
        (("Handbook",), "Intro."),
        (("Handbook", "Leave", "Sick leave"), "Tell your manager."),
        (("Handbook", "Travel"), "Book early."),
    ]


def test_a_heading_with_nothing_under_it_is_still_found() -> None:
    pieces = read("# Done\n\nText.\n\n# To be written")
    assert [piece.text for piece in pieces] == ["Text.", "To be written"]
    assert pieces[1].heading == ()


def test_a_table_is_cut_between_rows_and_carries_its_column_names() -> None:
    rows = "\n".join(f"| item {number} | {number * 7} pieces |" for number in range(30))
    pieces = read(f"| name | stock |\n|---|---|\n{rows}\n")
    assert len(pieces) > 2
    assert pieces[0].columns == ""
    for piece in pieces[1:]:
        assert piece.columns == "name | stock"
        assert all(line.startswith("item ") and line.endswith(" pieces") for line in piece.text.splitlines())


def test_chinese_sentences_stay_whole() -> None:
    sentence = "本季倉儲盤點差異率為百分之三點二，請於月底前補正。"
    pieces = read(sentence * 12, target=60)
    assert len(pieces) > 2
    assert all(piece.text.endswith("。") for piece in pieces)


def test_english_sentences_stay_whole_and_abbreviations_do_not_end_them() -> None:
    sentence = "Dr. Lin met Mr. J. Wu about the audit, e.g. the stock count. "
    pieces = read(sentence * 12, target=60)
    assert len(pieces) > 2
    assert all(piece.text.endswith("count.") and piece.text.startswith("Dr.") for piece in pieces)


def test_pieces_of_one_text_are_of_about_equal_size() -> None:
    pieces = read("One two three four five. " * 17, target=60)
    sizes = [count(piece.text) for piece in pieces]
    assert min(sizes) > 0.5 * max(sizes)


def test_a_run_without_any_break_is_cut_all_the_same() -> None:
    pieces = read("甲" * 1000, target=50)
    assert "".join(piece.text for piece in pieces) == "甲" * 1000
    assert max(count(piece.text) for piece in pieces) <= 50


def test_a_chunk_never_crosses_a_page() -> None:
    document = compose([(BlockKind.PARAGRAPH, "End of one.", 1, 0), (BlockKind.PARAGRAPH, "Start of two.", 2, 0)])
    assert [(piece.page, piece.text) for piece in split(document, count, 100)] == [
        (1, "End of one."),
        (2, "Start of two."),
    ]


def test_what_is_embedded_says_where_the_piece_stands() -> None:
    text = embedding_text("Handbook", ("Handbook", "Leave"), "name | days", "Annual | 10")
    assert text == "Handbook › Leave\nname | days\nAnnual | 10"
