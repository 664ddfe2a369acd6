"""Chunks and their vectors, read. They are written with their document, in documents.py, and never
changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from rag.errors import Damaged, IndexStale
from rag.policy.labels import Label, LabelSource
from rag.records import Chunk, ChunkId, DocumentId, SourceId
from rag.store.connection import Connection, Row
from rag.store.seals import digest_text, seal_label
from rag.store.views import ChunkForIndex, ChunkInfo

Ids = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

_CHOSEN = "IN (SELECT value FROM json_each(?))"


def read_chunks(db: Connection, ids: Sequence[ChunkId]) -> list[Chunk]:
    """The chunks of these ids, in the order asked; those that are gone are left out.

    Raises:
        Damaged: a text is not the one that was stored; names the document.
    """
    rows = db.rows(
        "SELECT c.id, c.document_id, c.ordinal, c.text, c.page, c.heading, c.start_at, c.end_at, c.digest,"
        f" d.path FROM chunks AS c JOIN documents AS d ON d.id = c.document_id WHERE c.id {_CHOSEN}",
        _as_json(ids),
    )
    found = {row[0]: _chunk(row) for row in rows}
    return [found[chunk_id] for chunk_id in ids if chunk_id in found]


def read_evidence(db: Connection, ids: Sequence[ChunkId]) -> dict[ChunkId, ChunkInfo]:
    """Where each chunk comes from and how it is labelled now; chunks that are gone are left out.

    Raises:
        Damaged: a document's label is not the one that was stored; names the document.
    """
    rows = db.rows(
        "SELECT c.id, d.id, d.path, d.title, s.name, d.label, d.label_source, s.local_only, d.content_hash,"
        " d.label_seal FROM chunks AS c JOIN documents AS d ON d.id = c.document_id"
        f" JOIN sources AS s ON s.id = d.source_id WHERE c.id {_CHOSEN}",
        _as_json(ids),
    )
    return {ChunkId(row[0]): _info(row) for row in rows}


def list_ids(db: Connection, sources: frozenset[SourceId] | None, clearance: Label) -> Ids:
    """The ids of all chunks that may be searched, ascending: of these sources, up to this label."""
    if sources is None and clearance is Label.RESTRICTED:
        rows = db.rows("SELECT chunk_id FROM vectors ORDER BY chunk_id")
    else:
        rows = db.rows(
            "SELECT c.id FROM chunks AS c JOIN documents AS d ON d.id = c.document_id WHERE d.label <= ?"
            f" AND (? OR d.source_id {_CHOSEN}) ORDER BY c.id",
            int(clearance),
            int(sources is None),
            _as_json(sorted(sources or ())),
        )
    return np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))


def list_ids_of(db: Connection, document_id: DocumentId) -> list[ChunkId]:
    """The ids of one document's chunks, in its order."""
    rows = db.rows("SELECT id FROM chunks WHERE document_id = ? ORDER BY ordinal", document_id)
    return [ChunkId(row[0]) for row in rows]


def read_vectors(db: Connection, ids: Sequence[ChunkId] | None) -> tuple[Ids, Vectors]:
    """Vectors as float32 of shape (N, dim) with their chunk ids, ascending; all of them when `ids` is None.

    Raises:
        Damaged: a vector holds what no embedder gave; names the document.
        IndexStale: vectors of two models lie side by side.
    """
    where = "" if ids is None else f" WHERE chunk_id {_CHOSEN}"
    params = () if ids is None else (_as_json(ids),)
    count = int(db.value(f"SELECT count(*) FROM vectors{where}", *params))
    sizes = {row[0] for row in db.rows(f"SELECT DISTINCT length(vector) FROM vectors{where}", *params)}
    if len(sizes) > 1 or any(size % 2 for size in sizes):
        raise IndexStale(
            f"the stored vectors have {sorted(size // 2 for size in sizes)} dimensions side by side;"
            " ingest the folders again"
        )
    size = sizes.pop() if sizes else 0
    chunk_ids = np.empty(count, dtype=np.int64)
    vectors = np.empty((count, size // 2), dtype=np.float32)
    rows = db.stream(f"SELECT chunk_id, vector FROM vectors{where} ORDER BY chunk_id", *params)
    for position, (chunk_id, vector) in enumerate(rows):
        chunk_ids[position] = chunk_id
        vectors[position] = np.frombuffer(vector, dtype="<f2")
    sound = np.isfinite(vectors).all(axis=1)
    if not sound.all():
        raise Damaged(f"a vector of {_path_of(db, int(chunk_ids[~sound][0]))} is damaged; ingest it again")
    return chunk_ids, vectors


def read_for_index(db: Connection, after: int, limit: int) -> list[ChunkForIndex]:
    """Up to `limit` chunks with an id above `after`, ascending. Texts are verified when a chunk is read, not
    here: one damaged document must not keep the rest from being found."""
    rows = db.rows(
        "SELECT c.id, d.id, d.title, d.path, c.heading, c.text, d.label FROM chunks AS c"
        " JOIN documents AS d ON d.id = c.document_id WHERE c.id > ? ORDER BY c.id LIMIT ?",
        after,
        limit,
    )
    return [_for_index(row) for row in rows]


def read_chosen_for_index(db: Connection, ids: Sequence[ChunkId]) -> list[ChunkForIndex]:
    """The same for chosen chunks, ascending; those that are gone are left out."""
    rows = db.rows(
        "SELECT c.id, d.id, d.title, d.path, c.heading, c.text, d.label FROM chunks AS c"
        f" JOIN documents AS d ON d.id = c.document_id WHERE c.id {_CHOSEN} ORDER BY c.id",
        _as_json(ids),
    )
    return [_for_index(row) for row in rows]


def find_damage(db: Connection) -> Iterator[str]:
    """The path of every document with a text, chunk or label that is not the one stored, each once."""
    for path, text, digest, content_hash, label, source, seal, document_id in db.stream(
        "SELECT d.path, t.text, t.digest, d.content_hash, d.label, d.label_source, d.label_seal, d.id"
        " FROM documents AS d LEFT JOIN document_texts AS t ON t.document_id = d.id ORDER BY d.path"
    ):
        chunks = db.stream("SELECT text, digest FROM chunks WHERE document_id = ?", document_id)
        if (
            seal_label(content_hash, label, source) != seal
            or (text is not None and digest_text(text) != digest)
            or any(digest_text(chunk) != expected for chunk, expected in chunks)
        ):
            yield path


def _chunk(row: Row) -> Chunk:
    id_, document_id, ordinal, text, page, heading, start, end, digest, path = row
    if digest_text(text) != digest:
        raise Damaged(f"chunk {id_} of {path} is damaged; ingest it again")
    return Chunk(ChunkId(id_), DocumentId(document_id), ordinal, text, page, tuple(json.loads(heading)), start, end)


def _info(row: Row) -> ChunkInfo:
    _, document_id, path, title, source_name, label, label_source, local_only, content_hash, seal = row
    if seal_label(content_hash, label, label_source) != seal:
        raise Damaged(f"the stored label of {path} is damaged; remove its folder and ingest it again")
    return ChunkInfo(
        DocumentId(document_id),
        path,
        title,
        source_name,
        Label(label),
        LabelSource(label_source),
        bool(local_only),
    )


def _for_index(row: Row) -> ChunkForIndex:
    id_, document_id, title, path, heading, text, label = row
    return ChunkForIndex(
        ChunkId(id_), DocumentId(document_id), title, path, tuple(json.loads(heading)), text, Label(label)
    )


def _path_of(db: Connection, chunk_id: int) -> str:
    path = db.value(
        "SELECT d.path FROM documents AS d JOIN chunks AS c ON c.document_id = d.id WHERE c.id = ?", chunk_id
    )
    return str(path)


def _as_json(ids: Sequence[int]) -> str:
    return json.dumps([int(id_) for id_ in ids])
