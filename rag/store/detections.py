"""What identifiers stand in which texts, and what a conversation has hidden. Keyed by digest; holds offsets only.

The vault of a conversation does hold texts, those that were hidden, and goes with the conversation.
"""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Iterable, Mapping, Sequence

from rag.policy.mask import Entry, Vault
from rag.policy.spans import Kind, Span
from rag.records import ChatId
from rag.store.connection import Connection
from rag.store.seals import digest_text

_TAG_SIGNS = string.ascii_uppercase + string.digits


def read_spans(db: Connection, texts: Sequence[str], detector: str) -> dict[str, tuple[Span, ...]]:
    """The identifiers in each of `texts` that this `detector` has looked at; the others are left out."""
    by_digest = {digest_text(text): text for text in texts if text}
    found: dict[str, tuple[Span, ...]] = {}
    for digest, text in by_digest.items():
        spans = db.value("SELECT spans FROM detections WHERE digest = ? AND detector = ?", digest, detector)
        if spans is not None:
            found[text] = tuple(
                Span(start, end, Kind(kind), score, bool(checksummed))
                for start, end, kind, score, checksummed in json.loads(spans)
            )
    return found


def write_spans(db: Connection, found: Mapping[str, tuple[Span, ...]], detector: str) -> None:
    """Keep what a detector found; an earlier detector's finds in the same text are replaced."""
    db.run_many(
        "INSERT OR REPLACE INTO detections VALUES (?, ?, ?)",
        ((digest_text(text), detector, json.dumps([_row(span) for span in spans])) for text, spans in found.items()),
    )


def drop_orphans(db: Connection, digests: Iterable[bytes]) -> None:
    """Forget what was found in texts that no chunk has any more."""
    db.run_many(
        "DELETE FROM detections WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM chunks WHERE digest = ?1)",
        ((digest,) for digest in digests),
    )


def read_vault(db: Connection, chat_id: ChatId) -> Vault | None:
    """What a conversation has hidden; None before it has hidden anything."""
    tag = db.value("SELECT tag FROM vaults WHERE chat_id = ?", chat_id)
    if tag is None:
        return None
    rows = db.rows(
        "SELECT placeholder, kind, identity, surface FROM vault_entries WHERE chat_id = ? ORDER BY position", chat_id
    )
    return Vault(
        str(tag), [Entry(placeholder, Kind(kind), identity, surface) for placeholder, kind, identity, surface in rows]
    )


def open_vault(db: Connection, chat_id: ChatId) -> Vault:
    """The conversation's vault, made with a random tag when there is none."""
    vault = read_vault(db, chat_id)
    if vault is None:
        vault = Vault("".join(secrets.choice(_TAG_SIGNS) for _ in range(4)))
        db.run("INSERT INTO vaults VALUES (?, ?)", chat_id, vault.tag)
    return vault


def write_vault(db: Connection, chat_id: ChatId, vault: Vault, held: int) -> None:
    """Keep the entries of `vault` after the first `held`, which are kept already."""
    db.run_many(
        "INSERT INTO vault_entries VALUES (?, ?, ?, ?, ?, ?)",
        (
            (chat_id, position, entry.placeholder, entry.kind.value, entry.identity, entry.surface)
            for position, entry in enumerate(vault.entries)
            if position >= held
        ),
    )


def _row(span: Span) -> tuple[int, int, str, float, int]:
    return span.start, span.end, span.kind.value, round(span.score, 4), int(span.checksummed)
