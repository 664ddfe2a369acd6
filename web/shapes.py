"""Records and events as JSON, in one place for the page, the API and the command line. Decides nothing.

Every sentence is given in all languages, keyed by language, so that the reader chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rag.events import Asked, Cited, Done, Event, Found, Marked, NamedDocument, Progressed, Routed, Token, marks_of
from rag.policy.replay import ForbiddenNow
from rag.records import (
    Chat,
    Citation,
    Document,
    Message,
    Passage,
    Reason,
    Receipt,
    Role,
    Source,
)
from rag.store import ChainReport, Counts
from rag.wording import LANGUAGES, say_both

Json = dict[str, Any]


def chat_shape(chat: Chat) -> Json:
    """A conversation in the list."""
    return {"id": chat.id, "title": chat.title, "label": chat.label.word, "updated_at": chat.updated_at}


def message_shape(message: Message, receipt: Receipt | None) -> Json:
    """A stored question or answer; `receipt` is the answer's, None on questions."""
    answer = receipt if message.role is Role.ASSISTANT else None
    return {
        "id": message.id,
        "role": message.role.value,
        "text": message.text,
        "status": message.status.value,
        "created_at": message.created_at,
        "question_id": message.question_id,
        "citations": [citation_shape(citation) for citation in message.citations],
        "badge": badge_shape(answer) if answer is not None else None,
        "notices": [mark_shape(mark) for mark in marks_of(answer)] if answer is not None else [],
    }


def citation_shape(citation: Citation) -> Json:
    """A numbered reference from an answer to a passage."""
    return {
        "number": citation.number,
        "chunk_id": citation.chunk_id,
        "document_id": citation.document_id,
        "path": citation.path,
        "title": citation.title,
        "page": citation.page,
        "heading": list(citation.heading),
        "label": citation.label.word,
    }


def passage_shape(passage: Passage) -> Json:
    """A retrieved passage with its text."""
    return {
        "rank": passage.rank,
        "chunk_id": passage.chunk.id,
        "document_id": passage.chunk.document_id,
        "path": passage.path,
        "title": passage.title,
        "source": passage.source_name,
        "page": passage.chunk.page,
        "heading": list(passage.chunk.heading),
        "label": passage.label.word,
        "label_source": passage.label_source.value,
        "score": round(passage.score, 4),
        "text": passage.chunk.text,
    }


def reason_shape(reason: Reason) -> Json:
    """A reason as data and as sentences."""
    return {"code": reason.code, "params": dict(reason.params), "text": say_both(reason)}


def why_shape(reasons: Sequence[Reason]) -> dict[str, str]:
    """The first, most telling reason as a sentence in every language."""
    return say_both(reasons[0]) if reasons else dict.fromkeys(LANGUAGES, "")


def badge_shape(receipt: Receipt) -> Json:
    """Where an answer was written and why, from its receipt: what happened, not what was planned."""
    return {
        "zone": receipt.zone.value,
        "answerer": receipt.answerer.value,
        "provider": receipt.provider,
        "model": receipt.model,
        "label": receipt.label.word,
        "why": why_shape(receipt.reasons),
        "reasons": [reason_shape(reason) for reason in receipt.reasons],
        "receipt_id": receipt.id,
        "seconds": receipt.seconds.get("total"),
        "fallback": any(reason.code == "fallback" for reason in receipt.reasons),
    }


def receipt_shape(receipt: Receipt) -> Json:
    """A receipt in full: ids and figures, never text."""
    return {
        "id": receipt.id,
        "chat_id": receipt.chat_id,
        "question_id": receipt.question_id,
        "message_id": receipt.message_id,
        "created_at": receipt.created_at,
        "zone": receipt.zone.value,
        "answerer": receipt.answerer.value,
        "provider": receipt.provider,
        "model": receipt.model,
        "label": receipt.label.word,
        "why": why_shape(receipt.reasons),
        "reasons": [reason_shape(reason) for reason in receipt.reasons],
        "chunks": [
            {"id": chunk, "label": label.word}
            for chunk, label in zip(receipt.chunk_ids, receipt.chunk_labels, strict=True)
        ],
        "status": receipt.status.value,
        "steps": list(receipt.steps),
        "tokens_in": receipt.tokens_in,
        "tokens_out": receipt.tokens_out,
        "bytes_out": receipt.bytes_out,
        "request_digest": receipt.request_digest,
        "seconds": dict(receipt.seconds),
        "masked": receipt.masked,
        "mac": receipt.mac,
    }


def forbidden_shape(found: ForbiddenNow) -> Json:
    """A receipt, and under `now` what today's labels and rules say of it."""
    reasons = [reason_shape(reason) for reason in found.reasons]
    return {**receipt_shape(found.receipt), "now": {"label": found.label.word, "reasons": reasons}}


def chain_shape(report: ChainReport) -> Json:
    """What verifying the receipts' chain found."""
    return {
        "intact": report.intact,
        "count": report.count,
        "head": str(report.head),
        "noted_head": str(report.noted) if report.noted is not None else None,
        "key_id": report.key_id,
        "findings": [{"code": one.code.value, "receipt": one.receipt_id or None} for one in report.findings],
    }


def document_shape(document: Document) -> Json:
    """A document as the lists show it; a failed one carries its reason."""
    return {
        "id": document.id,
        "source_id": document.source_id,
        "source": document.source_name,
        "path": document.path,
        "title": document.title,
        "format": document.format,
        "status": document.status.value,
        "reason": document.reason,
        "label": document.label.word,
        "label_source": document.label_source.value,
        "pages": document.pages,
        "chunks": document.chunks,
        "size": document.size,
        "updated_at": document.updated_at,
    }


def source_shape(source: Source, counts: Counts) -> Json:
    """A source with what it holds."""
    return {
        "id": source.id,
        "name": source.name,
        "root": source.root,
        "default_label": source.default_label.word if source.default_label is not None else None,
        "local_only": source.local_only,
        "sample": source.sample,
        "documents": counts.documents - counts.failed,
        "failed": counts.failed,
        "unlabelled": counts.unlabelled,
    }


def mark_shape(mark: Marked) -> Json:
    """Something to know about an answer, and what can be done about it."""
    return {**reason_shape(mark.reason), "actions": [action.value for action in mark.actions]}


def named_shape(named: NamedDocument) -> Json:
    """A document whose passages would be sent, or left out."""
    return {"path": named.path, "title": named.title, "label": named.label.word}


def route_shape(event: Routed) -> Json:
    """The destination, before anything is sent."""
    route = event.route
    return {
        "zone": route.zone.value,
        "answerer": route.answerer.value,
        "provider": event.provider,
        "model": event.model,
        "label": route.label.word,
        "reasons": [reason_shape(reason) for reason in route.reasons],
        "why": why_shape(route.reasons),
        "confirm": event.confirm,
        "documents": [named_shape(named) for named in event.documents],
        "left_out": [named_shape(named) for named in event.left_out],
        "left_out_passages": event.left_out_passages,
        "chat_label": event.chat_label.word,
    }


def event_shape(event: Event) -> tuple[str, Json]:
    """The name and the data of `event` as a server-sent event."""
    match event:
        case Asked():
            ids = {"chat_id": event.chat_id, "question_id": event.question_id, "message_id": event.message_id}
            return "asked", {**ids, "title": event.title}
        case Found():
            passages = [passage_shape(passage) for passage in event.passages]
            return "passages", {"passages": passages, "cut": len(event.cut), "sufficient": event.sufficient}
        case Routed():
            return "route", route_shape(event)
        case Progressed():
            return "progress", {"code": event.code, "text": say_both(Reason(event.code))}
        case Token():
            return "token", {"text": event.text}
        case Cited():
            return "cite", citation_shape(event.citation)
        case Marked():
            return "mark", mark_shape(event)
        case Done():
            return "done", {
                "message_id": event.message_id,
                "status": event.receipt.status.value,
                "badge": badge_shape(event.receipt),
                "text": event.text,
                "citations": [citation_shape(citation) for citation in event.citations],
            }
