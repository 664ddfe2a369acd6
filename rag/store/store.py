"""The store as other rooms see it: both halves over one file. Holds nothing of its own."""

from __future__ import annotations

from rag.store.conversations import Conversations
from rag.store.library import Library


class Store(Library, Conversations):
    """SQLite, the truth about documents, conversations and receipts. Begin with `Store.open`."""
