"""Finds chunks by their words with tantivy: a disposable cache of the store, caught up or rebuilt when behind.

Keeps terms and chunk ids, no texts and no labels. Any number of processes may search one folder; whoever finds
it behind catches it up under a file lock. Where the folder cannot be written, the index is built in memory.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from rag.records import ChunkId
from rag.retrieval import words
from rag.retrieval.cache_files import (
    MANIFEST_FILE,
    Manifest,
    digest,
    digest_ids,
    folder_lock,
    read_manifest,
    wipe,
    write_manifest,
)

if TYPE_CHECKING:
    from rag.store import Changes, ChunkForIndex

Ids = npt.NDArray[np.int64]

LAYOUT = "lexical-1"
"""Names fields, terms and stemming; a change to any of them is a new layout, and old folders are rebuilt."""

PAGE = 1000
"""Chunks read from the store at once."""

HEAP_BYTES = 64_000_000
"""What tantivy may hold in memory while it writes."""

LOCK_SECONDS = 10.0
"""How long to wait for another process that is catching the folder up, before building in memory instead."""

PURGE_WHOLE = 5_000
PURGE_SHARE = 0.1
"""tantivy hides a deleted chunk at once but keeps its words in the segment's files until those are rewritten. An
index of up to PURGE_WHOLE chunks (about a second) is rewritten on each removal, a larger one at this share."""


class Texts(Protocol):
    """What the index needs of the store."""

    def generation(self) -> int: ...
    def chunk_texts(self, after: ChunkId = ..., limit: int = ...) -> Sequence[ChunkForIndex]: ...
    def chunk_texts_of(self, ids: Sequence[ChunkId]) -> Sequence[ChunkForIndex]: ...
    def changes_since(self, generation: int) -> Changes: ...
    def chunk_ids(self) -> Ids: ...
    def meta(self, key: str) -> str | None: ...


class LexicalIndex:
    """The word index over a store, kept in `folder`. Safe to share between threads and processes."""

    def __init__(self, store: Texts, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._lock = threading.Lock()
        self._index: Any = None
        self._generation = -1
        self._in_memory = False

    def search(self, query: str, k: int, allowed: Ids | None = None) -> list[tuple[ChunkId, float]]:
        """The `k` chunks whose words fit `query` best, with BM25 scores, best first; only `allowed` ones when given."""
        self.refresh()
        searcher = self._index.searcher()
        hits = searcher.search(words.build_query(searcher, query, allowed), k).hits
        ids = searcher.fast_field_values("chunk", [address for _, address in hits])
        return [(ChunkId(int(id_)), float(score)) for id_, (score, _) in zip(ids, hits, strict=True)]

    def coverage(self, query: str, texts: Sequence[str]) -> list[float]:
        """For each of `texts`, the share (0 to 1) of the query's terms that it holds, rare terms counting for more."""
        self.refresh()
        return words.coverage(self._index.searcher(), query, texts)

    def refresh(self) -> None:
        """Follow the store: nothing to do when the generations agree, else catch up, else rebuild."""
        with self._lock:
            if self._index is not None and self._generation == self._store.generation():
                return
            if self._in_memory or not self._follow_on_disk():
                self._follow_in_memory()

    def compact(self) -> None:
        """Rewrite the files now if they may still hold words of deleted chunks."""
        self.refresh()
        with self._lock, suppress(OSError), folder_lock(self._folder, LOCK_SECONDS) as held:
            manifest = self._manifest()
            if held and manifest is not None and manifest.removed and not self._in_memory:
                self._rebuild(self._generation)

    def _follow_on_disk(self) -> bool:
        """Bring folder and index to the store's generation; False when the folder cannot be used."""
        with suppress(OSError, ValueError):
            manifest = self._manifest()
            if self._index is not None and manifest and manifest.generation == self._store.generation():
                self._index.reload()  # another process caught the folder up
                self._generation = manifest.generation
                return True
        try:
            with folder_lock(self._folder, LOCK_SECONDS) as held:
                if held:
                    self._catch_up()
                return held
        except OSError:
            return False

    def _catch_up(self) -> None:
        """With the lock held: check what is there, then apply what changed, or rebuild."""
        manifest = self._manifest()
        changes = self._store.changes_since(manifest.generation if manifest else -1)
        if manifest is None or not changes.complete or not self._open(manifest):
            self._rebuild(changes.generation)
            return
        self._generation = manifest.generation
        if not (changes.added or changes.removed):
            if manifest.ids != digest_ids(self._store.chunk_ids()) and not self._store_moved_on(changes):
                self._rebuild(changes.generation)
            return
        total = int(self._index.searcher().num_docs)
        removed = manifest.removed + len(changes.removed)
        if changes.removed and (total <= PURGE_WHOLE or removed > PURGE_SHARE * total):
            self._rebuild(changes.generation)
            return
        words.apply(self._index, changes.removed, self._added(changes), HEAP_BYTES)
        if int(self._index.searcher().num_docs) != len(self._store.chunk_ids()) and not self._store_moved_on(changes):
            self._rebuild(changes.generation)
            return
        self._save(changes.generation, removed, manifest.files)

    def _store_moved_on(self, changes: Changes) -> bool:
        """Whether the store has changed since `changes` were read, so that its ids may differ for that reason alone."""
        return self._store.generation() != changes.generation

    def _open(self, manifest: Manifest) -> bool:
        """Open the folder's index, whose files must have the hashes they were written with."""
        if not manifest.matches(self._folder):
            return False
        try:
            self._index = words.open_index(self._folder)
        except (OSError, ValueError):
            return False
        return True

    def _rebuild(self, generation: int) -> None:
        wipe(self._folder)
        self._index = words.create_index(self._folder)
        words.apply(self._index, (), self._all(), HEAP_BYTES)
        self._save(generation, 0, {})

    def _save(self, generation: int, removed: int, known: dict[str, str]) -> None:
        """Write the manifest. Segment files never change, so those already hashed are not read again."""
        names = (path.name for path in self._folder.iterdir() if not path.name.endswith(".lock"))
        fixed = {name: sha for name, sha in known.items() if not name.endswith(".json")}
        files = {
            name: fixed.get(name) or digest(self._folder / name) for name in sorted(names) if name != MANIFEST_FILE
        }
        ids = digest_ids(self._store.chunk_ids())
        write_manifest(self._folder, Manifest(LAYOUT, self._origin(), generation, ids, files, removed))
        self._generation = generation

    def _follow_in_memory(self) -> None:
        changes = self._store.changes_since(self._generation if self._in_memory else -1)
        if self._in_memory and changes.complete:
            words.apply(self._index, changes.removed, self._added(changes), HEAP_BYTES)
        else:
            self._index = words.create_index(None)
            words.apply(self._index, (), self._all(), HEAP_BYTES)
        self._in_memory = True
        self._generation = changes.generation

    def _all(self) -> Iterator[ChunkForIndex]:
        after = ChunkId(0)
        while page := self._store.chunk_texts(after, PAGE):
            yield from page
            after = page[-1].chunk_id

    def _added(self, changes: Changes) -> Iterator[ChunkForIndex]:
        for start in range(0, len(changes.added), PAGE):
            yield from self._store.chunk_texts_of(changes.added[start : start + PAGE])

    def _manifest(self) -> Manifest | None:
        return read_manifest(self._folder, LAYOUT, self._origin())

    def _origin(self) -> str:
        return str(self._store.meta("store_id"))
