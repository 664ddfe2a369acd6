"""Turns what was read into stored documents: label, chunk, embed in batches across documents, save one by
one."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from ingest.chunk import Piece, split
from ingest.find import FoundFile
from ingest.labelling import Decision, Labeller
from ingest.plan import Waiting
from ingest.reading import Read
from ingest.records import ParsedDocument
from ingest.reports import FileReport, FileStatus, Meter
from ingest.vectors import Key, Vector, Vectors, by_content, texts_of
from rag.config import Ingest
from rag.detect.looking import Looking
from rag.errors import ConfigError, IngestError, TooLarge, Unsupported
from rag.policy.labels import Label, LabelSource
from rag.records import Document, DocumentStatus, Source
from rag.retrieval.embed import Embedder
from rag.store import ChunkDraft, DocumentDraft, Store

WINDOW = 256
"""Chunks gathered before they are embedded together: enough for batches of like length, little to lose."""

RESTRICTED_MEANWHILE = "kept, and treated as restricted until that file is mended"
_NO_FLOOR = (Label.PUBLIC, LabelSource.LABELS_TOML)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A parsed document that waits for its vectors."""

    read: Read
    parsed: ParsedDocument
    decision: Decision
    pieces: list[Piece]
    known: dict[Key, Vector]


class Saver:
    """Takes results one after another and commits documents. All of it runs in one thread."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        vectors: Vectors,
        settings: Ingest,
        source: Source,
        labeller: Labeller,
        meter: Meter,
        cancel: threading.Event,
        looking: Looking | None = None,
    ) -> None:
        self.reports: list[FileReport] = []
        self.cancelled = False
        self._store = store
        self._embedder = embedder
        self._vectors = vectors
        self._settings = settings
        self._source = source
        self._labeller = labeller
        self._meter = meter
        self._cancel = cancel
        self._looking = looking
        self._pending: list[_Pending] = []
        self._waiting_pieces = 0
        self._moved: set[int] = set()

    def keep(self, same: Sequence[tuple[FoundFile, Document]]) -> None:
        """Documents whose files have not changed: at most their label has."""
        for file, known in same:
            decision = self._labeller.decide_unread(file.path, known)
            assert decision is not None
            changed = self._relabel(known, decision)
            if known.status is DocumentStatus.FAILED:
                self._report(file, "failed", known.reason, decision)
            else:
                self._report(file, "relabelled" if changed else "unchanged", known.reason, decision, known.chunks)

    def hold(self, waiting: Sequence[Waiting]) -> None:
        """Files under a wrong labels.toml: new ones are not read, stored ones become restricted meanwhile."""
        for one in waiting:
            ready = one.known is not None and one.known.status is DocumentStatus.READY
            if one.known is not None and one.known.label_source is LabelSource.OWNER:
                decision = Decision(one.known.label, LabelSource.OWNER)
            elif one.known is not None and ready:
                decision = Decision(Label.RESTRICTED, LabelSource.LABELS_TOML)
                self._store.relabel_document(one.known.id, decision.label, decision.source, reason=one.reason)
            else:
                decision = Decision(Label.RESTRICTED, LabelSource.LABELS_TOML)
                self._save_failed(one.file, "", one.reason, decision)
            reason = f"{one.reason}; {RESTRICTED_MEANWHILE}" if ready else one.reason
            self._report(one.file, "failed", reason, decision, one.known.chunks if one.known and ready else 0)

    def take(self, read: Read, *, more: bool) -> None:
        """One result. `more` False means the next is not there yet, so what is gathered is embedded
        meanwhile.

        Raises:
            Stopped: the ingest was cancelled while embedding.
        """
        self._meter.current = read.task.file.path
        if read.parsed is None or (read.same is not None and read.same.chunks):
            self._meter.spared(read.task.file.size)
        try:
            if read.same is not None:
                self._take_same(read, read.same)
            elif read.parsed is not None:
                self._gather(read, read.parsed)
            elif read.error is not None:
                self._take_error(read, read.error)
        except ConfigError as error:  # a labels.toml was broken while we were reading
            self.hold([Waiting(read.task.file, read.task.known, str(error))])
        if self._waiting_pieces >= WINDOW or not more:
            self.flush()

    def flush(self) -> None:
        """Embed what is gathered and save its documents, in order.

        Raises:
            Stopped: the ingest was cancelled; none of the gathered documents was saved.
        """
        pending, self._pending, self._waiting_pieces = self._pending, [], 0
        wanted = [
            text
            for one in pending
            for text, piece in zip(texts_of(one.parsed.title, one.pieces), one.pieces, strict=True)
            if (piece.heading, piece.text) not in one.known
        ]
        with self._look_over(pending):
            fresh = iter(self._vectors.embed(wanted, self._meter.embedded, self._cancel.is_set))
        for one in pending:
            chunks = tuple(
                ChunkDraft(piece.text, piece.page, piece.heading, piece.start, piece.end, vector)
                for piece in one.pieces
                for vector in [one.known.get((piece.heading, piece.text))]
                for vector in [next(fresh) if vector is None else vector]
            )
            self._save(one, chunks)

    @contextmanager
    def _look_over(self, pending: Sequence[_Pending]) -> Iterator[None]:
        """Search the texts for identifiers in a thread of their own, while this one embeds."""
        if self._looking is None:
            yield
            return
        texts = [text for one in pending for text in (one.parsed.title, *(piece.text for piece in one.pieces))]
        with ThreadPoolExecutor(1) as pool:
            looked = pool.submit(self._looking.look, texts)
            yield
            looked.result()

    def remove(self, gone: Sequence[Document]) -> None:
        """Documents whose files have gone and turned up nowhere else."""
        for document in gone:
            if document.id not in self._moved:
                self._store.delete_document(document.id)
                self.reports.append(
                    FileReport(
                        document.path,
                        "removed",
                        "",
                        document.label,
                        document.label_source,
                        0,
                        document.size,
                        0.0,
                    )
                )

    def _take_same(self, read: Read, same: Document) -> None:
        """A known content: at its old path with another date, or under a new path."""
        file = read.task.file
        moved = read.task.known is None
        if moved:
            decision = self._decide(read, same)
            self._store.move_document(same.id, source_id=self._source.id, path=file.path, mtime_ns=file.mtime_ns)
            self._moved.add(same.id)
        elif read.parsed is not None and not same.chunks:
            return self._gather(read, read.parsed)
        elif read.error is not None and same.status is DocumentStatus.FAILED:
            return self._take_error(read, read.error)
        else:
            decision = self._decide(read, same)
            self._store.touch_document(same.id, mtime_ns=file.mtime_ns, size=file.size)
        changed = self._relabel(same, decision)
        status: FileStatus = "moved" if moved else "relabelled" if changed else "unchanged"
        if same.status is DocumentStatus.FAILED:
            status = "failed"
        return self._report(file, status, same.reason or decision.reason, decision, same.chunks, read.seconds)

    def _decide(self, read: Read, same: Document) -> Decision:
        """The label of a document that needs no new vectors; its stored one where its front matter is out
        of reach."""
        path = read.task.file.path
        if read.parsed is not None:
            return self._labeller.decide(path, read.parsed.front_matter, same)
        return self._labeller.decide_unread(path, same) or Decision(same.label, same.label_source)

    def _gather(self, read: Read, parsed: ParsedDocument) -> None:
        decision = self._labeller.decide(read.task.file.path, parsed.front_matter, read.task.known)
        pieces = split(parsed, self._embedder.count_tokens, self._settings.chunk_tokens)
        known = self._stored_vectors(read)
        self._pending.append(_Pending(read, parsed, decision, pieces, known))
        self._waiting_pieces += sum((piece.heading, piece.text) not in known for piece in pieces)

    def _stored_vectors(self, read: Read) -> dict[Key, Vector]:
        """Vectors of this document's last version and of documents with the same content."""
        twins = [twin for twin in self._store.documents_by_hash(read.content_hash) if twin.chunks][:1]
        known: dict[Key, Vector] = {}
        for document in filter(None, [read.task.known, *twins]):
            ids = self._store.chunk_ids_of(document.id)
            if ids:
                found, vectors = self._store.vectors(ids)
                known |= by_content(self._store.chunks(found.tolist()), list(vectors))
        return known

    def _take_error(self, read: Read, error: IngestError) -> None:
        file, known = read.task.file, read.task.known
        if isinstance(error, Unsupported):
            if known is not None:
                self._store.delete_document(known.id)
            return self._report(file, "skipped", str(error), None, seconds=read.seconds)
        decision = self._labeller.decide(file.path, {}, known)
        if known is not None and known.chunks and not read.content_hash and not isinstance(error, TooLarge):
            reason = f"{error}; what was stored of it is kept"
            return self._report(file, "failed", reason, Decision(known.label, known.label_source), known.chunks)
        self._save_failed(file, read.content_hash, str(error), decision)
        return self._report(file, "failed", str(error), decision, seconds=read.seconds)

    def _save(self, one: _Pending, chunks: tuple[ChunkDraft, ...]) -> None:
        read, parsed, decision = one.read, one.parsed, one.decision
        file = read.task.file
        reason = "; ".join(filter(None, (*parsed.notes, decision.reason)))
        own = decision.own or (None, None)
        draft = DocumentDraft(
            source_id=self._source.id,
            path=file.path,
            title=parsed.title,
            format=parsed.format,
            content_hash=read.content_hash,
            size=file.size,
            mtime_ns=file.mtime_ns,
            status=DocumentStatus.READY,
            reason=reason,
            label=decision.label,
            label_source=decision.source,
            pages=parsed.pages,
            text=parsed.text,
            chunks=chunks,
            file_label=own[0],
            file_label_source=own[1],
        )
        self._store.save_document(draft)
        self._meter.worked(file.size)
        status: FileStatus = "added" if read.task.known is None else "updated"
        self._report(file, status, reason, decision, len(chunks), read.seconds)

    def _save_failed(self, file: FoundFile, content_hash: str, reason: str, decision: Decision) -> None:
        draft = DocumentDraft(
            source_id=self._source.id,
            path=file.path,
            title=file.absolute.stem.encode("utf-8", "replace").decode(),
            format="",
            content_hash=content_hash,
            size=file.size,
            mtime_ns=file.mtime_ns,
            status=DocumentStatus.FAILED,
            reason=reason,
            label=decision.label,
            label_source=decision.source,
            pages=None,
            text="",
            chunks=(),
        )
        self._store.save_document(draft)

    def _relabel(self, known: Document, decision: Decision) -> bool:
        """Bring the stored label in line; whether that changed it."""
        same = (known.label, known.label_source) == (decision.label, decision.source)
        if same and decision.own is None:
            return False
        floor = decision.own if decision.own or decision.source is LabelSource.DEFAULT else _NO_FLOOR
        return self._store.relabel_document(
            known.id,
            decision.label,
            decision.source,
            reason=decision.reason or "ingested again",
            file_label=floor,
        )

    def _report(
        self,
        file: FoundFile,
        status: FileStatus,
        reason: str,
        decision: Decision | None,
        chunks: int = 0,
        seconds: float = 0.0,
    ) -> None:
        label = decision.label if decision else None
        source = decision.source if decision else None
        self.reports.append(FileReport(file.path, status, reason, label, source, chunks, file.size, seconds))
        self._meter.finished(failed=status == "failed")
