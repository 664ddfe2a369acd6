"""A LangChain retriever over the store, for programs that are built with LangChain; the page does not use it.

Imported only by those who want it: it brings LangChain with it. Gives no more than `Retriever` gives.
"""

from __future__ import annotations

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from rag.policy.labels import Label
from rag.records import Passage, SourceId
from rag.retrieval.retrieve import Retriever


class AirlockRetriever(BaseRetriever):  # type: ignore[misc]
    """Passages as LangChain documents, best first, weak ones left out.

    Every document's metadata carries its `label`: whoever sends it on must look at it, because LangChain will not.
    `clearance` is the highest label it returns, public unless said otherwise.

        with Store.open(settings.home, read_only=True) as store: ...
        retriever = AirlockRetriever(retriever=open_retriever(settings, store, embedder), clearance=Label.INTERNAL)
        documents = retriever.invoke("How long is the warranty?")
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    retriever: Retriever
    clearance: Label = Label.PUBLIC
    sources: frozenset[SourceId] | None = None
    limit: int | None = None

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        del run_manager  # nothing is traced
        found = self.retriever.retrieve(query, clearance=self.clearance, sources=self.sources, limit=self.limit)
        return [_document(passage) for passage in found.passages]


def _document(passage: Passage) -> Document:
    return Document(
        page_content=passage.chunk.text,
        id=str(passage.chunk.id),
        metadata={
            "source": passage.path,
            "title": passage.title,
            "page": passage.chunk.page,
            "heading": list(passage.chunk.heading),
            "label": passage.label.word,
            "label_source": passage.label_source.value,
            "local_only": passage.local_only,
            "score": passage.score,
            "rank": passage.rank,
        },
    )
