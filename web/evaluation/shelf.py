"""The store an evaluation keeps for itself: one for each collection of documents, kept for the next run.

Lies under AIRLOCK_HOME/eval, apart from the person's own documents; shares their prepared model.
"""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import NotFound, Unreadable
from rag.policy.labels import Label, LabelSource, parse_label

if TYPE_CHECKING:
    from ingest.reports import Progress
    from rag.config import Settings
    from rag.retrieval.embed import Embedder
    from rag.retrieval.retrieve import Retriever
    from rag.store import Store

LAYOUT = "1"
"""Changes when stores of an earlier version may not be used again."""

CORPUS_FILE = "corpus.jsonl"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A filled store and what searches it. `failed` are the files that could not be read."""

    settings: Settings
    store: Store
    embedder: Embedder
    retriever: Retriever
    failed: tuple[str, ...]


def place_of(settings: Settings, corpus: Path, model: str, labels: Mapping[str, Label]) -> Path:
    """The folder of the store for this collection, labelled so, with this embedding model and this size of chunk."""
    given = (f"{path}\t{label.word}" for path, label in sorted(labels.items()))
    identity = "\n".join((LAYOUT, str(corpus), model, str(settings.ingest.chunk_tokens), *given))
    return settings.home / "eval" / sha256(identity.encode()).hexdigest()[:16]


@contextmanager
def open_shelf(
    settings: Settings,
    corpus: Path,
    *,
    labels: Path | None = None,
    fresh: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> Iterator[Shelf]:
    """The store for `corpus` (a JSON-lines file or a folder of documents), brought in line with it.

    Args:
        labels: a table (path, tab, label) that overrides the documents' own labels.
        fresh: build the store anew.

    Raises:
        NotFound: there is no such file or folder.
        Unreadable: a line of the collection or the table is wrong.
        IngestError, Busy, IndexStale, ConfigError: as an ordinary ingest.
    """
    from rag.retrieval.embed import open_embedder
    from rag.store import Store
    from rag.wiring import open_retriever

    if not corpus.exists():
        raise NotFound(f"there is no {corpus}")
    corpus = corpus.resolve()
    given = {} if labels is None else read_labels(labels)
    embedder = open_embedder(settings)
    home = place_of(settings, corpus, embedder.identity, given)
    if fresh:
        shutil.rmtree(home, ignore_errors=True)
    own = settings.model_copy(update={"home": home})
    store = Store.open(home)
    try:
        failed = fill(store, embedder, own, corpus, on_progress)
        relabel(store, given)
        yield Shelf(own, store, embedder, open_retriever(own, store, embedder), failed)
    finally:
        store.close()


def fill(
    store: Store,
    embedder: Embedder,
    settings: Settings,
    corpus: Path,
    on_progress: Callable[[Progress], None] | None,
) -> tuple[str, ...]:
    """Bring `store` in line with `corpus`; returns the paths that could not be read."""
    if corpus.is_file():
        from ingest.jsonl import ingest_jsonl

        ingest_jsonl(corpus, store, embedder, settings, on_progress=on_progress)
        return ()
    from ingest.pipeline import Ingester

    report = Ingester(store, embedder, settings).ingest(corpus, on_progress=on_progress)
    return tuple(one.path for one in report.files if one.status == "failed")


def read_labels(table: Path) -> dict[str, Label]:
    """The labels of a table: path, tab, label; further columns and a first line of headings are passed over.

    Raises:
        NotFound: there is no such file.
        Unreadable: a line names no label.
    """
    if not table.is_file():
        raise NotFound(f"there is no file {table}")
    found = {}
    for number, line in enumerate(table.read_text(encoding="utf-8").splitlines(), 1):
        path, _, rest = line.partition("\t")
        word = rest.partition("\t")[0]
        if not line.strip() or (number == 1 and (path, word) == ("path", "label")):
            continue
        try:
            found[unicodedata.normalize("NFC", path)] = parse_label(word)
        except ValueError as error:
            raise Unreadable(f"{table}, line {number}: {error}") from None
    return found


def relabel(store: Store, labels: Mapping[str, Label]) -> None:
    """Put `labels` in force, as an owner would."""
    for document in store.documents():
        label = labels.get(unicodedata.normalize("NFC", document.path))
        if label is not None and (document.label, document.label_source) != (label, LabelSource.OWNER):
            store.relabel_document(document.id, label, LabelSource.OWNER, reason="airlock eval --labels")
