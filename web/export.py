"""A conversation as a file to keep: Markdown or JSON. Texts are copied, never interpreted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from rag.records import Chat, Citation, Message, Receipt, ReceiptId, Role
from rag.wording import WHERE, describe_answerer, say_why
from web.shapes import chat_shape, message_shape

Receipts = Mapping[ReceiptId | None, Receipt]


def export_json(chat: Chat, messages: Sequence[Message], receipts: Receipts) -> str:
    """The conversation as the API gives it, with its receipts' badges."""
    shapes = [message_shape(message, receipts.get(message.receipt_id)) for message in messages]
    return json.dumps({"chat": chat_shape(chat), "messages": shapes}, ensure_ascii=False, indent=2) + "\n"


def export_markdown(chat: Chat, messages: Sequence[Message], receipts: Receipts) -> str:
    """The conversation as Markdown: questions as headings, answers with their sources and where written."""
    parts = [f"# {_one_line(chat.title) or 'Conversation'}", f"Sensitivity: {chat.label}. {chat.created_at}"]
    for message in messages:
        if message.role is Role.USER:
            parts.append("## " + _one_line(message.text))
            continue
        parts.append(message.text)
        parts.extend(_source_line(citation) for citation in message.citations)
        receipt = receipts.get(message.receipt_id)
        if receipt is not None:
            parts.append(_where_line(receipt))
    return "\n\n".join(part for part in parts if part) + "\n"


def _source_line(citation: Citation) -> str:
    place = f", page {citation.page}" if citation.page is not None else ""
    heading = f", {' > '.join(citation.heading)}" if citation.heading else ""
    return f"[{citation.number}] {_one_line(citation.path)}{place}{_one_line(heading)} ({citation.label})"


def _where_line(receipt: Receipt) -> str:
    who = describe_answerer(receipt.answerer, receipt.provider, receipt.model, "en")
    why = say_why(receipt.reasons, "en")
    return f"*{WHERE[receipt.zone]['en']}, {who}; {receipt.label}. {why} Receipt {receipt.id}.*"


def _one_line(text: str) -> str:
    return " ".join(text.split())
