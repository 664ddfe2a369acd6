"""Hashes that tie stored bytes together, so that a flipped bit on the disk is noticed. Keeps no secret."""

from __future__ import annotations

import hashlib

from rag.policy.labels import Label, LabelSource


def digest_text(text: str) -> bytes:
    """SHA-256 of a text's UTF-8, 32 bytes. A lone surrogate, which cannot be stored anyway, does not
    raise."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def seal_label(content_hash: str, label: int, source: str) -> bytes:
    """SHA-256 over a document's label, who set it, and the content it was set for.

    A label decides what may leave the machine, and SQLite checks no page sums: one flipped bit could make a
    confidential document public. It guards against damage, not against a person who can write to the file.
    """
    return hashlib.sha256(f"{content_hash}\n{Label(label).word}\n{LabelSource(source).value}".encode()).digest()
