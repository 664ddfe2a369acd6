"""The LangChain retriever over the real store."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.config import Retrieval
from rag.policy.labels import Label
from rag.retrieval.dense import DenseIndex
from rag.retrieval.lexical import LexicalIndex
from rag.retrieval.retrieve import Retriever
from rag.store import Store
from tests.fakes.retrieval import WordVectors, fill

pytestmark = pytest.mark.filterwarnings("default")  # LangChain warns about itself


@pytest.fixture
def retriever(store: Store, home: Path) -> Retriever:
    fill(store, {"public.md": ["The gateway speaks MQTT."]})
    fill(store, {"secret.md": ["The gateway speaks of mergers."]}, Label.CONFIDENTIAL)
    return Retriever(store, WordVectors(), DenseIndex(store, home / "d"), LexicalIndex(store, home / "l"), Retrieval())


def test_documents_carry_text_place_and_label(retriever: Retriever) -> None:
    from rag.retrieval.langchain import AirlockRetriever

    (document,) = AirlockRetriever(retriever=retriever).invoke("Does the gateway speak MQTT?")
    assert document.page_content == "The gateway speaks MQTT."
    assert document.metadata["source"] == "public.md"
    assert document.metadata["label"] == "public"
    assert document.metadata["rank"] == 1


def test_only_public_text_comes_back_unless_asked_for(retriever: Retriever) -> None:
    from rag.retrieval.langchain import AirlockRetriever

    question = "What does the gateway say of mergers?"
    assert [one.metadata["label"] for one in AirlockRetriever(retriever=retriever).invoke(question)] == ["public"]
    cleared = AirlockRetriever(retriever=retriever, clearance=Label.CONFIDENTIAL)
    assert cleared.invoke(question)[0].metadata["label"] == "confidential"
