"""Takes a collection of texts kept as JSON lines (`corpus.jsonl`: id, title, text) into a store.

Chunks, embeds and saves them as a folder's documents are; parses nothing, because there is nothing to parse.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ingest.chunk import Piece, split
from ingest.lock import writing
from ingest.records import Block, BlockKind, ParsedDocument
from ingest.reembed import ensure_model
from ingest.reports import Meter, Progress
from ingest.saving import WINDOW
from ingest.vectors import Vectors, texts_of
from rag.config import Settings
from rag.errors import NotFound, Unreadable
from rag.policy.labels import Label, LabelSource, parse_label
from rag.records import DocumentStatus, Source, SourceId
from rag.retrieval.embed import Embedder
from rag.store import ChunkDraft, DocumentDraft, Store

_PARAGRAPH = re.compile(r"(?:[^\n]|\n(?![ \t\u3000]*\n))+")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """One line of a collection. Its `id` becomes the document's path; `label` None means it names none."""

    id: str
    title: str
    text: str
    label: Label | None

    @property
    def digest(self) -> str:
        """The SHA-256 of all that is stored of it."""
        return sha256("\0".join((self.title, self.text, str(self.label))).encode()).hexdigest()


def read_rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON-lines file, each with its place (`queries.jsonl, line 3`) for error messages.

    Raises:
        NotFound: there is no such file.
        Unreadable: a line is not a JSON object in UTF-8; the message names it.
    """
    if not file.is_file():
        raise NotFound(f"there is no file {file}")
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            place = f"{file}, line {number}"
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                raise Unreadable(f"{place}: not a line of JSON") from None
            if not isinstance(row, dict):
                raise Unreadable(f"{place}: not a JSON object")
            yield place, row


def take_text(row: Mapping[str, Any], key: str, place: str, default: str | None = None) -> str:
    """The text under `key`; a number counts as text, and null as missing. Without a default it must be there.

    Raises:
        Unreadable: it is missing or of another type.
    """
    value = row.get(key)
    value = default if value is None else value
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value)
    raise Unreadable(f"{place}: {key} must be a text")


def read_entries(file: Path) -> Iterator[Entry]:
    """The entries of a collection.

    Raises:
        NotFound: there is no such file.
        Unreadable: a line is wrong, or an id comes twice.
    """
    seen: set[str] = set()
    for place, row in read_rows(file):
        entry = Entry(
            take_text(row, "id", place),
            _storable(" ".join(take_text(row, "title", place, "").split()))[:_LONGEST_TITLE],
            _storable(take_text(row, "text", place, "")),
            _take_label(row, place),
        )
        if entry.id in seen:
            raise Unreadable(f"{place}: this id has come before")
        seen.add(entry.id)
        yield entry


def ingest_jsonl(
    file: Path,
    store: Store,
    embedder: Embedder,
    settings: Settings,
    *,
    on_progress: Callable[[Progress], None] | None = None,
) -> Source:
    """Bring the store in line with a collection: new and changed entries are embedded, missing ones removed.

    What was saved before an interruption is kept. Returns the collection's source.

    Raises:
        NotFound, Unreadable: as `read_entries`; nothing was changed.
        Busy: another process is ingesting.
    """
    entries = list(read_entries(file))
    meter = Meter(on_progress)
    cancel = threading.Event()
    with writing(settings.home):
        ensure_model(store, embedder, settings.ingest.batch, meter, cancel)
        source = store.add_source(file.parent.name or file.name, str(file))
        stored = {document.path: document for document in store.documents(source.id)}
        changed = [one for one in entries if one.id not in stored or stored[one.id].content_hash != one.digest]
        meter.expect(len(entries), sum(len(one.text) for one in changed))
        for _ in range(len(entries) - len(changed)):
            meter.finished()
        _Writer(store, embedder, settings, source.id, meter).write(changed)
        for path in stored.keys() - {one.id for one in entries}:
            store.delete_document(stored[path].id)
        meter.tell(at_once=True)
    return source


def lay_out(title: str, text: str) -> ParsedDocument:
    """`text` as a document of paragraphs, unchanged: a chunk's offsets are offsets into what was given."""
    blocks = []
    for found in _PARAGRAPH.finditer(text):
        start, end = found.start(), found.end()
        if not found[0].isspace():
            blocks.append(Block(BlockKind.PARAGRAPH, text[start:end], start, end))
    return ParsedDocument("jsonl", title, text, tuple(blocks))


class _Writer:
    """Embeds entries in windows across documents and commits them one by one."""

    def __init__(self, store: Store, embedder: Embedder, settings: Settings, source: SourceId, meter: Meter) -> None:
        self._store = store
        self._embedder = embedder
        self._target = settings.ingest.chunk_tokens
        self._vectors = Vectors(embedder, settings.ingest.batch)
        self._source = source
        self._meter = meter

    def write(self, entries: list[Entry]) -> None:
        """Embed and save all of `entries`."""
        window: list[tuple[Entry, list[Piece]]] = []
        waiting = 0
        for entry in entries:
            pieces = split(lay_out(entry.title, entry.text), self._embedder.count_tokens, self._target)
            window.append((entry, pieces))
            waiting += len(pieces)
            if waiting >= WINDOW:
                self._flush(window)
                window, waiting = [], 0
        self._flush(window)

    def _flush(self, window: list[tuple[Entry, list[Piece]]]) -> None:
        texts = [text for entry, pieces in window for text in texts_of(entry.title, pieces)]
        fresh = iter(self._vectors.embed(texts, self._meter.embedded, lambda: False))
        for entry, pieces in window:
            chunks = tuple(
                ChunkDraft(piece.text, piece.page, piece.heading, piece.start, piece.end, next(fresh))
                for piece in pieces
            )
            self._store.save_document(self._draft(entry, chunks))
            self._meter.worked(len(entry.text))
            self._meter.finished()

    def _draft(self, entry: Entry, chunks: tuple[ChunkDraft, ...]) -> DocumentDraft:
        return DocumentDraft(
            source_id=self._source,
            path=entry.id,
            title=entry.title,
            format="jsonl",
            content_hash=entry.digest,
            size=len(entry.text.encode()),
            mtime_ns=0,
            status=DocumentStatus.READY,
            reason="",
            label=Label.CONFIDENTIAL if entry.label is None else entry.label,
            label_source=LabelSource.DEFAULT if entry.label is None else LabelSource.FRONT_MATTER,
            pages=None,
            text=entry.text,
            chunks=chunks,
        )


def _take_label(row: Mapping[str, Any], place: str) -> Label | None:
    if row.get("label") is None:
        return None
    try:
        return parse_label(take_text(row, "label", place))
    except ValueError as error:
        raise Unreadable(f"{place}: {error}") from None


def _storable(text: str) -> str:
    """`text` with what SQLite cannot keep replaced one for one, so that offsets stay true."""
    return _UNSTORABLE.sub("\ufffd", text)
