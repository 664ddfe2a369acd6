"""Finds chunks by the nearness of their vectors with FAISS: a disposable cache of the store, checked by hash.

Exact search (flat, inner product of unit vectors). Keeps vectors and chunk ids, no texts and no labels. FAISS
loads a file with flipped bits without a word, so a file is trusted only with the hash its manifest gives.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from rag.records import ChunkId
from rag.retrieval.cache_files import (
    Manifest,
    digest,
    digest_ids,
    folder_lock,
    publish,
    read_manifest,
    write_manifest,
)

if TYPE_CHECKING:
    from rag.store import Changes

Ids = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

LAYOUT = "dense-1"
"""Names the kind of index; a change to it is a new layout, and old folders are rebuilt."""

LOCK_SECONDS = 10.0
"""How long to wait for another process that is writing the folder; the index in memory serves meanwhile."""

SAVE_AFTER = 2_000
"""Added chunks that may be taken from the store again at the next start before the file is written anew. A
removal always writes it, because a deleted chunk's vector must not stay on disk."""


class VectorSource(Protocol):
    """What the index needs of the store."""

    def generation(self) -> int: ...
    def meta(self, key: str) -> str | None: ...
    def chunk_ids(self) -> Ids: ...
    def vectors(self, ids: Sequence[ChunkId] | None = ...) -> tuple[Ids, Vectors]: ...
    def changes_since(self, generation: int) -> Changes: ...


class DenseIndex:
    """The vector index over a store, kept in `folder`. Safe to share between threads and processes."""

    def __init__(self, store: VectorSource, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._lock = threading.Lock()
        self._index: Any = None  # None before the first refresh, and while the store holds no vector
        self._mean: Vectors | None = None
        self._generation = -1
        self._unsaved = 0

    def search(self, vector: Vectors, k: int, allowed: Ids | None = None) -> list[tuple[ChunkId, float]]:
        """The `k` chunks nearest to `vector` (shape (dim,)), with cosines, best first; only `allowed` when given."""
        import faiss

        self.refresh()
        with self._lock:
            if self._index is None or (allowed is not None and not len(allowed)):
                return []
            chosen = None if allowed is None else faiss.SearchParameters(sel=faiss.IDSelectorBatch(allowed))  # type: ignore[call-arg]
            scores, ids = self._index.search(_row(vector), min(k, int(self._index.ntotal)), params=chosen)
        found = zip(ids[0].tolist(), scores[0].tolist(), strict=True)
        return [(ChunkId(id_), score) for id_, score in found if id_ >= 0]

    def cosines(self, vector: Vectors, ids: Sequence[ChunkId]) -> dict[ChunkId, float]:
        """The cosine of `vector` to each of these chunks; those the index does not hold are left out."""
        with self._lock:
            if self._index is None or not ids:
                return {}
            held = np.isin(np.array(ids, dtype=np.int64), self._held_ids())
            known = [id_ for id_, here in zip(ids, held.tolist(), strict=True) if here]
            if not known:
                return {}
            rows = self._index.reconstruct_batch(np.array(known, dtype=np.int64))
        return dict(zip(known, (rows @ vector).tolist(), strict=True))

    def typical(self, vector: Vectors) -> float:
        """The mean cosine of `vector` to all chunks, 0 when there are none."""
        with self._lock:
            return 0.0 if self._mean is None else float(self._mean @ vector)

    def refresh(self) -> None:
        """Follow the store: nothing to do when the generations agree, else catch up, else rebuild."""
        with self._lock:
            if self._generation == self._store.generation():
                return
            if self._generation < 0:
                self._load()
            if self._follow():
                # The index in memory serves; a folder that cannot be written only costs the next start a rebuild.
                with suppress(OSError):
                    self._save()

    def _load(self) -> None:
        """Open the saved index, when there is one to be trusted."""
        import faiss

        manifest = read_manifest(self._folder, LAYOUT, self._origin())
        if manifest is None or len(manifest.files) != 1 or not manifest.matches(self._folder):
            return
        same_generation = manifest.generation == self._store.generation()
        # A store put back from a copy can reach the same generation with other chunks.
        if same_generation and manifest.ids != digest_ids(self._store.chunk_ids()):
            return
        with suppress(OSError, RuntimeError):
            self._index = faiss.read_index(str(self._folder / next(iter(manifest.files))))
            self._generation = manifest.generation
            self._mean = self._count_mean()

    def _follow(self) -> bool:
        """Apply what changed, or rebuild; whether the file should be written anew."""
        changes = self._store.changes_since(self._generation)
        if self._index is None or not changes.complete:
            return self._rebuild(changes.generation)
        touched = np.array([*changes.removed, *changes.added], dtype=np.int64)
        if len(touched):
            self._index.remove_ids(np.unique(touched))
        ids, vectors = self._store.vectors(changes.added)
        if len(ids) and vectors.shape[1] != self._index.d:
            return self._rebuild(changes.generation)
        if len(ids):
            self._index.add_with_ids(vectors, ids)
        self._generation = changes.generation
        if int(self._index.ntotal) != len(self._store.chunk_ids()) and changes.generation == self._store.generation():
            return self._rebuild(changes.generation)
        if len(touched):
            self._mean = self._count_mean()
        self._unsaved += len(changes.added)
        return bool(changes.removed) or self._unsaved >= SAVE_AFTER

    def _rebuild(self, generation: int) -> bool:
        import faiss

        ids, vectors = self._store.vectors()
        self._index = self._mean = None
        if len(ids):
            self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
            self._index.add_with_ids(vectors, ids)
            self._mean = self._count_mean()
        self._generation = generation
        return True

    def _save(self) -> None:
        """Write index and manifest. The manifest's rename is the commit; a file it does not name is only litter."""
        import faiss

        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with folder_lock(self._folder, LOCK_SECONDS) as held:
            current = read_manifest(self._folder, LAYOUT, self._origin())
            if not held or (current is not None and current.generation > self._generation):
                return
            files: dict[str, str] = {}
            if self._index is not None:
                writing = self._folder / "writing.faiss"
                faiss.write_index(self._index, str(writing))
                sha = digest(writing)
                files[f"vectors-{sha[:16]}.faiss"] = sha
                publish(writing, self._folder / f"vectors-{sha[:16]}.faiss")
            ids = digest_ids(np.sort(self._held_ids()))
            write_manifest(self._folder, Manifest(LAYOUT, self._origin(), self._generation, ids, files))
            for litter in self._folder.glob("*.faiss"):
                if litter.name not in files:
                    litter.unlink(missing_ok=True)
            self._unsaved = 0

    def _held_ids(self) -> Ids:
        import faiss

        if self._index is None:
            return np.empty(0, dtype=np.int64)
        ids: Ids = faiss.vector_to_array(self._index.id_map)
        return ids

    def _count_mean(self) -> Vectors | None:
        count = int(self._index.ntotal)
        if not count:
            return None
        inner = self._index.index.reconstruct_n(0, count)
        mean: Vectors = inner.mean(axis=0, dtype=np.float32)
        return mean

    def _origin(self) -> str:
        return f"{self._store.meta('store_id')} {self._store.meta('embedding_model')}"


def _row(vector: Vectors) -> Vectors:
    return np.ascontiguousarray(vector[None], dtype=np.float32)
