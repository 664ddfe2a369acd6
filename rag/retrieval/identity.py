"""Keeps the store and the embedding model together: vectors of two models are never compared."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Protocol

from rag.errors import IndexStale
from rag.records import Source
from rag.retrieval.embed import Embedder

MODEL_KEY = "embedding_model"
"""The store's name for the identity of the model that its vectors were made with."""


class Remembers(Protocol):
    """What the check needs of the store."""

    def meta(self, key: str) -> str | None: ...
    def sources(self) -> Sequence[Source]: ...


def check_model(store: Remembers, embedder: Embedder) -> None:
    """Refuse to search with another model than the one the store was embedded with.

    Raises:
        IndexStale: it is another one; the message gives the command that embeds everything again.
    """
    held = store.meta(MODEL_KEY)
    if held is None or held == embedder.identity:
        return
    folder = next((shlex.quote(source.root) for source in store.sources()), "FOLDER")
    raise IndexStale(
        f"the store was embedded with {held}, but the configured model is {embedder.identity}; set retrieval.model "
        f"back, or embed everything again with: airlock ingest {folder}"
    )
