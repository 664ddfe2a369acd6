"""The store: SQLite is the truth about documents, conversations and receipts."""

from rag.store.drafts import ChunkDraft, DocumentDraft, ReceiptDraft
from rag.store.store import Store
from rag.store.views import Changes, ChunkForIndex, ChunkInfo, Counts, LabelChange

__all__ = [
    "Changes",
    "ChunkDraft",
    "ChunkForIndex",
    "ChunkInfo",
    "Counts",
    "DocumentDraft",
    "LabelChange",
    "ReceiptDraft",
    "Store",
]
