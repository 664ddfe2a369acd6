"""A changed model: refused until everything is embedded again, then found again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.config import Retrieval
from rag.errors import IndexStale
from rag.retrieval.dense import DenseIndex
from rag.retrieval.identity import MODEL_KEY, check_model
from rag.retrieval.lexical import LexicalIndex
from rag.retrieval.retrieve import Retriever
from rag.store import Store
from tests.fakes.retrieval import WordVectors, fill


def test_a_store_that_knows_no_model_yet_takes_any(store: Store) -> None:
    check_model(store, WordVectors())


def test_the_vector_index_follows_vectors_that_were_replaced_by_another_models(store: Store, home: Path) -> None:
    fill(store, {"a.md": ["red mars", "blue neptune"]})
    store.set_meta(MODEL_KEY, WordVectors().identity)
    dense = DenseIndex(store, home / "dense")
    old = Retriever(store, WordVectors(), dense, LexicalIndex(store, home / "lexical"), Retrieval())
    assert old.retrieve("mars").passages[0].dense_rank == 1
    store.set_meta(MODEL_KEY, "turned@2/fp32/64")
    turned = -WordVectors().embed_passages(["red mars", "blue neptune"])
    store.replace_vectors(store.documents()[0].id, turned)
    with pytest.raises(IndexStale, match="turned@2"):
        old.retrieve("mars")
    query = np.ascontiguousarray(-WordVectors().embed_query("red mars"))
    assert dense.search(query, 1)[0] == (1, pytest.approx(1.0, abs=1e-3))
    assert DenseIndex(store, home / "dense").search(query, 1)[0][1] == pytest.approx(1.0, abs=1e-3)
