"""Documents and their passages: listed, labelled by their owner, shown with their surroundings."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from rag.policy.labels import Label, LabelSource, parse_label
from rag.records import ChunkId, DocumentId
from web.parts import Parts
from web.shapes import Json, document_shape

SURROUNDING_CHARACTERS = 800


class LabelBody(BaseModel):
    """A label and, when it is lowered, why."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    label: str = Field(max_length=40)
    reason: str = Field("", max_length=500)


def read_label(word: str) -> Label:
    """The label written as `word`; an unknown one answers 422 with the four that exist."""
    try:
        return parse_label(word)
    except ValueError as error:
        raise HTTPException(422, f"label: {error}") from None


def router(parts: Parts) -> APIRouter:
    """`/api/documents` and `/api/chunks`."""
    routes = APIRouter(prefix="/api")
    store = parts.airlock.store

    @routes.get("/documents")
    def list_documents() -> list[Json]:
        return [document_shape(document) for document in store.documents()]

    @routes.post("/documents/{document_id}/label")
    def label_document(document_id: int, body: LabelBody) -> Json:
        label = read_label(body.label)
        document = store.document(DocumentId(document_id)).id
        changed = store.relabel_document(document, label, LabelSource.OWNER, reason=body.reason)
        return {"changed": changed, "document": document_shape(store.document(document))}

    @routes.get("/chunks/{chunk_id}")
    def show_chunk(chunk_id: int) -> Json:
        with store.reading():
            chunks = store.chunks([ChunkId(chunk_id)])
            if not chunks:
                raise HTTPException(404, "This passage is gone: its document was changed or removed.")
            chunk = chunks[0]
            document = store.document(chunk.document_id)
            text = store.document_text(chunk.document_id)
        return {
            "chunk_id": chunk.id,
            "document_id": document.id,
            "path": document.path,
            "title": document.title,
            "source": document.source_name,
            "page": chunk.page,
            "heading": list(chunk.heading),
            "label": document.label.word,
            "label_source": document.label_source.value,
            "before": text[max(0, chunk.start - SURROUNDING_CHARACTERS) : chunk.start],
            "text": chunk.text,
            "after": text[chunk.end : chunk.end + SURROUNDING_CHARACTERS],
        }

    return routes
