"""The documents' half of the store: one method per thing other rooms may ask about sources, documents and
chunks.

Each method is one transaction or one snapshot; the SQL is in the modules it calls.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.policy.labels import Label, LabelSource
from rag.records import Chunk, ChunkId, Document, DocumentId, DocumentStatus, Source, SourceId
from rag.store import changes, chunks, documents, labels, marks, meta, sources
from rag.store.access import Access
from rag.store.chunks import Ids, Vectors
from rag.store.connection import Connection
from rag.store.drafts import DocumentDraft
from rag.store.views import Changes, ChunkForIndex, ChunkInfo, Counts, LabelChange


class Library(Access):
    """What is known about documents, and everything that changes it."""

    # -- meta

    def meta(self, key: str) -> str | None:
        """A named value, None when it was never set. `store_id` is set at creation and differs between
        stores."""
        with self._read() as db:
            return meta.read_meta(db, key)

    def set_meta(self, key: str, value: str) -> None:
        """Set a named value."""
        with self._write() as db:
            meta.write_meta(db, key, value)

    def generation(self) -> int:
        """A number that rises with every commit that changes what can be found."""
        with self._read() as db:
            return changes.read_generation(db)

    def changes_since(self, generation: int) -> Changes:
        """What a cache that stands at `generation` must take out and put in."""
        with self._read() as db:
            return changes.read_changes(db, generation)

    def counts(self, source_id: SourceId | None = None) -> Counts:
        """How much one source, or everything, holds."""
        with self._read() as db:
            return documents.count_documents(db, source_id)

    def find_damage(self) -> list[str]:
        """The paths of documents whose stored text, chunks or label are not what was stored. Reads
        everything."""
        with self._read() as db:
            return list(chunks.find_damage(db))

    # -- sources

    def sources(self) -> list[Source]:
        """Every source, oldest first."""
        with self._read() as db:
            return sources.list_sources(db)

    def source(self, id: SourceId) -> Source:
        """One source. Raises NotFound."""
        with self._read() as db:
            return sources.read_source(db, id)

    def add_source(
        self,
        name: str,
        root: str,
        *,
        default_label: Label | None = None,
        default_label_source: LabelSource | None = None,
        sample: bool = False,
    ) -> Source:
        """Add a source, or find the one with the same root. A default label, when given, replaces the one it
        has; its documents keep theirs until they are ingested or `set_source_label` is called."""
        with self._write() as db:
            found = sources.find_source(db, root)
            id = found.id if found else sources.insert_source(db, name, root, sample)
            if default_label is not None:
                self._set_default(db, id, default_label, default_label_source or LabelSource.COMMAND_LINE, "")
            return sources.read_source(db, id)

    def set_source_label(self, id: SourceId, label: Label, source: LabelSource, *, reason: str = "") -> int:
        """Label a source and the documents it speaks for; returns how many changed. Audited.

        Documents labelled by default, command line or page follow. Where a file says more of itself, that
        stays; where it says less, it is raised, as labels join by maximum. What the owner said of a document
        stays. Raises NotFound.
        """
        with self._write() as db:
            self._set_default(db, id, label, source, reason)
            return labels.relabel_source(db, id, label, source, reason, self._now())

    def set_source_local_only(self, id: SourceId, on: bool) -> None:
        """Turn a source's Local-only switch on or off. Raises NotFound."""
        with self._write() as db:
            sources.write_local_only(db, id, on)

    def remove_source(self, id: SourceId) -> int:
        """Remove a source with everything in it; returns how many documents went. Raises NotFound.

        A removed sample is remembered in meta `sample_removed`, so that it does not come back by itself.
        """
        with self._write() as db:
            if sources.read_source(db, id).sample:
                meta.write_meta(db, "sample_removed", "1")
            removed = sources.erase_source(db, id)
            changes.trim(db, self._kept_changes)
            return removed

    # -- documents

    def documents(self, source_id: SourceId | None = None, *, status: DocumentStatus | None = None) -> list[Document]:
        """Documents by source and path."""
        with self._read() as db:
            return documents.list_documents(db, source_id, status)

    def document(self, id: DocumentId) -> Document:
        """One document. Raises NotFound."""
        with self._read() as db:
            return documents.read_document(db, id)

    def find_document(self, source_id: SourceId, path: str) -> Document | None:
        """The document at a path of a source."""
        with self._read() as db:
            return documents.find_document(db, source_id, path)

    def document_text(self, id: DocumentId) -> str:
        """A document's parsed text, verified; empty for a failed one. Raises NotFound, Damaged."""
        with self._read() as db:
            return documents.read_text(db, id)

    def documents_by_hash(self, content_hash: str) -> list[Document]:
        """Every document with this content, oldest first."""
        with self._read() as db:
            return documents.list_by_hash(db, content_hash)

    def save_document(self, draft: DocumentDraft) -> DocumentId:
        """Store a document whole, in the place of what was at its path. Acknowledged when this returns.

        The document keeps its id and, if the owner gave it one, its label; its chunks get new ids. Raises
        NotFound for an unknown source.
        """
        with self._write() as db:
            sources.read_source(db, draft.source_id)
            before = documents.find_document(db, draft.source_id, draft.path)
            label, label_source = draft.label, draft.label_source
            if before and before.label_source is LabelSource.OWNER:
                label, label_source = before.label, before.label_source
            now = self._now()
            id = documents.write_document(db, draft, label, label_source, now)
            if before and (before.label, before.label_source) != (label, label_source):
                old = (int(before.label), before.label_source.value)
                labels.audit(db, now, draft.source_id, id, old, (label, label_source), "ingested again")
            marks.follow_label(db, id)
            changes.trim(db, self._kept_changes)
            return id

    def replace_vectors(self, id: DocumentId, vectors: Vectors) -> None:
        """Put another model's vectors, float32 of shape (chunks, dim) in the document's order, in the place
        of the old ones. Raises StoreError when they are not one for each chunk."""
        with self._write() as db:
            documents.write_vectors(db, id, vectors)
            changes.trim(db, self._kept_changes)

    def move_document(self, id: DocumentId, *, source_id: SourceId, path: str, mtime_ns: int) -> None:
        """Note that a file has another place; what was at that place is replaced. Nothing is embedded again.

        Raises NotFound.
        """
        with self._write() as db:
            sources.read_source(db, source_id)
            there = documents.find_document(db, source_id, path)
            if there and there.id != id:
                documents.erase_document(db, there.id)
            documents.write_place(db, id, source_id, path, mtime_ns)
            changes.trim(db, self._kept_changes)

    def touch_document(self, id: DocumentId, *, mtime_ns: int, size: int) -> None:
        """Note that a file was seen again with the same content. Raises NotFound."""
        with self._write() as db:
            documents.write_file_times(db, id, mtime_ns, size)

    def relabel_document(
        self,
        id: DocumentId,
        label: Label,
        source: LabelSource,
        *,
        reason: str = "",
        file_label: tuple[Label, LabelSource] | None = None,
    ) -> bool:
        """Label a document; False when nothing changed, as when the owner has spoken and `source` is not the
        owner.

        Audited; embeds nothing; conversations follow (see rag/store/marks.py). `file_label` is what the file
        says of itself where another source decided. Raises NotFound.
        """
        with self._write() as db:
            return labels.relabel(db, id, label, source, reason, self._now(), file_label)

    def label_changes(self, document_id: DocumentId | None = None, *, limit: int = 100) -> list[LabelChange]:
        """The audit of labels, newest first."""
        with self._read() as db:
            return labels.list_label_changes(db, document_id, limit)

    def delete_document(self, id: DocumentId) -> None:
        """Remove a document with its text, chunks and vectors, from the disk too. Raises NotFound."""
        with self._write() as db:
            documents.erase_document(db, id)
            changes.trim(db, self._kept_changes)

    # -- chunks

    def chunks(self, ids: Sequence[ChunkId]) -> list[Chunk]:
        """Chunks in the order asked, verified; those that are gone are left out. Raises Damaged."""
        with self._read() as db:
            return chunks.read_chunks(db, ids)

    def chunk_evidence(self, ids: Sequence[ChunkId]) -> dict[ChunkId, ChunkInfo]:
        """Where chunks come from and how they are labelled at this moment. Raises Damaged."""
        with self._read() as db:
            return chunks.read_evidence(db, ids)

    def chunk_ids(self, *, sources: frozenset[SourceId] | None = None, clearance: Label = Label.RESTRICTED) -> Ids:
        """The ids of the chunks that may be searched, ascending, int64."""
        with self._read() as db:
            return chunks.list_ids(db, sources, clearance)

    def chunk_ids_of(self, document_id: DocumentId) -> list[ChunkId]:
        """The ids of one document's chunks, in its order; empty for an unknown document."""
        with self._read() as db:
            return chunks.list_ids_of(db, document_id)

    def vectors(self, ids: Sequence[ChunkId] | None = None) -> tuple[Ids, Vectors]:
        """Chunk ids (N,), ascending, and their vectors (N, dim) as float32; kept as float16. Raises
        Damaged."""
        with self._read() as db:
            return chunks.read_vectors(db, ids)

    def chunk_texts(self, after: int = 0, limit: int = 1000) -> list[ChunkForIndex]:
        """The next chunks for the lexical cache, ascending by id."""
        with self._read() as db:
            return chunks.read_for_index(db, after, limit)

    def chunk_texts_of(self, ids: Sequence[ChunkId]) -> list[ChunkForIndex]:
        """The same for chosen chunks, ascending by id; those that are gone are left out."""
        with self._read() as db:
            return chunks.read_chosen_for_index(db, ids)

    def _set_default(self, db: Connection, id: SourceId, label: Label, source: LabelSource, reason: str) -> None:
        before = sources.read_source(db, id)
        old = (before.default_label, before.default_label_source)
        if old == (label, source):
            return
        sources.write_default(db, id, label, source)
        words = (
            None if old[0] is None else int(old[0]),
            None if old[1] is None else old[1].value,
        )
        labels.audit(db, self._now(), id, None, words, (label, source), reason)
