"""The store: SQLite is the truth about documents, conversations and receipts."""

from rag.store.chain import Break, ChainReport, Finding, Head, parse_head
from rag.store.drafts import ChunkDraft, DocumentDraft, ReceiptDraft
from rag.store.store import Store
from rag.store.views import Changes, ChunkForIndex, ChunkInfo, Counts, KeyPlace, LabelChange

__all__ = [
    "Break",
    "ChainReport",
    "Changes",
    "ChunkDraft",
    "ChunkForIndex",
    "ChunkInfo",
    "Counts",
    "DocumentDraft",
    "Finding",
    "Head",
    "KeyPlace",
    "LabelChange",
    "ReceiptDraft",
    "Store",
    "parse_head",
]
