"""Cuts a parsed document into pieces of a target size, along its structure. Embeds and stores nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from ingest.records import Block, BlockKind, ParsedDocument
from ingest.sentences import Span, cut_small, sentences

Count = Callable[[str], int]
MAX_HEADING = 120


@dataclass(frozen=True, slots=True, repr=False)
class Piece:
    """A future chunk: `document.text[start:end] == text`.

    `columns` is the first row of the table that the piece continues, or an empty string: it is embedded with
    the piece, and is not part of its text.
    """

    text: str
    page: int | None
    heading: tuple[str, ...]
    start: int
    end: int
    columns: str = ""

    def __repr__(self) -> str:
        return f"Piece({self.start}..{self.end})"


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is cut no further: a sentence, row, item or line. `opens` marks the first unit of a block."""

    start: int
    end: int
    tokens: int
    opens: bool
    columns: str


def split(document: ParsedDocument, count_tokens: Count, target: int) -> list[Piece]:
    """Pieces of at most about `target` tokens, in document order.

    A piece never crosses a heading or a page. Blocks stay whole while they fit; a larger one is cut between
    sentences, rows, items or lines, and only one of these longer than `target` is cut inside. A heading with
    nothing under it becomes a piece by itself, so that no word is lost.
    """
    special = count_tokens("")

    def count(text: str) -> int:
        return max(1, count_tokens(text) - special)

    pieces: list[Piece] = []
    for heading, blocks in _sections(document.blocks):
        units = [unit for block in blocks for unit in _units(document.text, block, count, target)]
        for run in _pack(units, target):
            start, end = _trim(document.text, run[0].start, run[-1].end)
            if start < end:
                columns = "" if run[0].opens else run[0].columns
                pieces.append(Piece(document.text[start:end], blocks[0].page, heading, start, end, columns))
    return pieces


def _sections(blocks: Sequence[Block]) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    """Runs of blocks under the same heading and on the same page, each with its heading path."""
    path: list[tuple[int, str]] = []
    run: list[Block] = []
    bare: Block | None = None
    for block in blocks:
        if block.kind is BlockKind.HEADING:
            if run:
                yield tuple(name for _, name in path), run
            elif bare is not None and block.level <= bare.level:
                yield tuple(name for _, name in path[:-1]), [bare]
            run, bare = [], block
            path = [step for step in path if step[0] < block.level] + [(block.level, block.text[:MAX_HEADING])]
        elif run and block.page != run[0].page:
            yield tuple(name for _, name in path), run
            run = [block]
        else:
            run.append(block)
            bare = None
    if run:
        yield tuple(name for _, name in path), run
    elif bare is not None:
        yield tuple(name for _, name in path[:-1]), [bare]


def _units(text: str, block: Block, count: Count, target: int) -> Iterator[_Unit]:
    """The uncut parts of `block`: itself when it fits, else its sentences, rows, items or lines."""
    tokens = count(block.text) if len(block.text) <= 40 * target else target + 1
    if tokens <= target:
        yield _Unit(block.start, block.end, tokens, True, "")
        return
    prose = block.kind in (BlockKind.PARAGRAPH, BlockKind.HEADING)
    columns = block.text.partition("\n")[0][:300] if block.kind is BlockKind.TABLE else ""
    spans = sentences(text, block.start, block.end) if prose else _lines(text, block.start, block.end)
    for span in spans:
        size = count(text[slice(*span)]) if span[1] - span[0] <= 40 * target else target + 1
        smaller = [span] if size <= target else cut_small(text, span, count, target)
        for start, end in smaller:
            yield _Unit(start, end, size if size <= target else count(text[start:end]), start == block.start, columns)


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop + 1
        yield start, stop
        start = stop


def _pack(units: Sequence[_Unit], target: int) -> Iterator[list[_Unit]]:
    """Neighbouring units in runs of at most `target` tokens, of about equal size, ending with a block if
    possible."""
    left = sum(unit.tokens for unit in units)
    run: list[_Unit] = []
    size = 0
    aim = _even(left, target)
    for index, unit in enumerate(units):
        full = size + unit.tokens > target
        enough = size >= aim or (unit.opens and size >= 0.6 * aim and not _block_fits(units, index, target - size))
        if run and (full or enough):
            yield run
            left -= size
            run, size, aim = [], 0, _even(left, target)
        run.append(unit)
        size += unit.tokens
    if run:
        yield run


def _even(tokens: int, target: int) -> int:
    """The size that cuts `tokens` into equal pieces no larger than `target`."""
    return ceil(tokens / max(1, ceil(tokens / target)))


def _block_fits(units: Sequence[_Unit], index: int, room: int) -> bool:
    """Whether the block that begins at `index` fits into `room` tokens as a whole."""
    size = units[index].tokens
    for unit in units[index + 1 :]:
        if unit.opens or size > room:
            break
        size += unit.tokens
    return size <= room


def _trim(text: str, start: int, end: int) -> Span:
    """The span without white space around it."""
    while start < end and text[start].isspace() and text[start] != "\u3000":
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def embedding_text(title: str, heading: Sequence[str], columns: str, text: str) -> str:
    """What is embedded for a piece: where it stands, then its text. Only its text is stored and shown."""
    path = [step for step in heading[-3:] if step != title]
    place = " › ".join([title[:MAX_HEADING], *path])
    return "\n".join(filter(None, (place, columns, text)))
