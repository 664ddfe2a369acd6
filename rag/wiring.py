"""The one place where the question's side is put together; nothing else constructs these parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.answer import Answering
from rag.config import Settings
from rag.detect.looking import Looking
from rag.gate.client import GateClient
from rag.models.doors import Doors
from rag.models.local import LocalModels
from rag.models.quotes import Quotes
from rag.own_label import QuestionReader
from rag.policy.route import Mode
from rag.retrieval.dense import DenseIndex
from rag.retrieval.embed import Embedder, open_embedder
from rag.retrieval.lexical import LexicalIndex
from rag.retrieval.overlap import Overlap
from rag.retrieval.retrieve import Retriever
from rag.store import Store


@dataclass(frozen=True, slots=True)
class Airlock:
    """Everything one process needs to answer questions."""

    settings: Settings
    store: Store
    embedder: Embedder
    retriever: Retriever
    local_models: LocalModels
    gate: GateClient | None
    answering: Answering
    looking: Looking


@contextmanager
def build(settings: Settings, doors: Doors | None = None, gate_socket: Path | None = None) -> Iterator[Airlock]:
    """Open the store and wire the parts; closes the store at the end.

    In local-only mode there is no gate, whatever is passed.

    Raises:
        ConfigError: the embedding model has not been prepared.
        IndexStale: the store was embedded with another model.
        StoreError: the store cannot be opened.
    """
    store = Store.open(settings.home, receipts_folder=settings.receipts_folder)
    try:
        embedder = open_embedder(settings)
        retriever = open_retriever(settings, store, embedder)
        local_models = LocalModels(settings, doors or Doors())
        gate = GateClient(gate_socket) if gate_socket and settings.mode is not Mode.LOCAL_ONLY else None
        looking = Looking(store)
        overlap = Overlap(store, retriever.lexical, settings.rules.by_label())
        reader = QuestionReader(overlap, looking if gate is not None else None, settings.detect)
        answering = Answering(settings, store, retriever, local_models, Quotes(embedder), gate, looking, reader)
        yield Airlock(settings, store, embedder, retriever, local_models, gate, answering, looking)
    finally:
        store.close()


def open_retriever(settings: Settings, store: Store, embedder: Embedder) -> Retriever:
    """Retrieval alone, for what asks no model: `airlock search`, the LangChain retriever."""
    indexes = settings.home / "indexes"
    dense = DenseIndex(store, indexes / "dense")
    lexical = LexicalIndex(store, indexes / "lexical")
    return Retriever(store, embedder, dense, lexical, settings.retrieval)
