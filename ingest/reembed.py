"""Embeds a whole store again when its model has been changed. Reads no file and changes no text and no label."""

from __future__ import annotations

import threading

import numpy as np

from ingest.chunk import embedding_text
from ingest.reports import Meter
from ingest.vectors import Stopped, Vectors
from rag.errors import IndexStale
from rag.records import Document
from rag.retrieval.embed import Embedder
from rag.retrieval.identity import MODEL_KEY
from rag.store import Store

DONE_KEY = "embedded_again"


def ensure_model(store: Store, embedder: Embedder, batch: int, meter: Meter, cancel: threading.Event) -> None:
    """See to it that every vector of `store` is of `embedder`'s model.

    While documents of two models lie side by side, the store names neither as its model, so that nothing
    searches it; an ingest that was broken off goes on where it stopped.

    Raises:
        IndexStale: `cancel` was set before all was done.
    """
    held, wanted = store.meta(MODEL_KEY), embedder.identity
    if held == wanted:
        return
    if held is not None and store.counts().chunks:
        store.set_meta(MODEL_KEY, f"{wanted}, unfinished")
        _embed_all(store, embedder, batch, meter, cancel)
    with store.transaction():
        store.set_meta(MODEL_KEY, wanted)
        store.set_meta(DONE_KEY, "")


def _embed_all(store: Store, embedder: Embedder, batch: int, meter: Meter, cancel: threading.Event) -> None:
    vectors = Vectors(embedder, batch)
    identity, _, last = (store.meta(DONE_KEY) or "").rpartition(" ")
    done = int(last) if identity == embedder.identity else 0
    documents = sorted((one for one in store.documents() if one.chunks and one.id > done), key=lambda one: one.id)
    for document in documents:
        meter.current = document.path
        try:
            _embed_one(store, vectors, document, meter, cancel)
        except Stopped:
            raise IndexStale(
                f"stopped while embedding everything again with {embedder.identity}; ingest again to go on"
            ) from None
        store.set_meta(DONE_KEY, f"{embedder.identity} {document.id}")


def _embed_one(store: Store, vectors: Vectors, document: Document, meter: Meter, cancel: threading.Event) -> None:
    chunks = store.chunks(store.chunk_ids_of(document.id))
    texts = [embedding_text(document.title, chunk.heading, "", chunk.text) for chunk in chunks]
    store.replace_vectors(document.id, np.stack(vectors.embed(texts, meter.embedded, cancel.is_set)))
