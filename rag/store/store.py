"""The store as other rooms see it: its parts over one file. Holds nothing of its own."""

from __future__ import annotations

from rag.store.conversations import Conversations
from rag.store.hiding import Hiding
from rag.store.library import Library


class Store(Library, Conversations, Hiding):
    """SQLite, the truth about documents, conversations and receipts. Begin with `Store.open`."""
