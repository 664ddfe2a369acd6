"""Gives pieces their vectors: taken from equal stored or earlier ones where there are any, else embedded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from ingest.chunk import Piece, embedding_text
from rag.records import Chunk
from rag.retrieval.embed import Embedder

Vector = npt.NDArray[np.float32]
Key = tuple[tuple[str, ...], str]

REMEMBERED = 20_000
"""Vectors kept during one ingest for repeated content: about 30 MB of 384 dimensions."""


class Stopped(Exception):
    """Embedding was cancelled between two batches."""


class Vectors:
    """The vectors of one ingest."""

    def __init__(self, embedder: Embedder, batch: int) -> None:
        self._embedder = embedder
        self._batch = batch
        self._known: dict[bytes, Vector] = {}

    def embed(self, texts: Sequence[str], done: Callable[[int], None], cancelled: Callable[[], bool]) -> list[Vector]:
        """A vector for each of `texts`, equal ones embedded once, in batches of like length.

        Raises:
            Stopped: `cancelled` became true between two batches.
        """
        digests = [sha256(text.encode()).digest() for text in texts]
        missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in self._known}
        fresh: dict[bytes, Vector] = {}
        ordered = sorted(missing, key=lambda digest: len(missing[digest]))
        for at in range(0, len(ordered), self._batch):
            if cancelled():
                raise Stopped
            group = ordered[at : at + self._batch]
            vectors = self._embedder.embed_passages([missing[digest] for digest in group])
            fresh.update(zip(group, vectors, strict=True))
            done(len(group))
        result = [fresh[digest] if digest in fresh else self._known[digest] for digest in digests]
        self._known.update(fresh)
        for digest in list(self._known)[: max(0, len(self._known) - REMEMBERED)]:
            del self._known[digest]
        return result


def texts_of(title: str, pieces: Sequence[Piece]) -> list[str]:
    """What is embedded for each piece."""
    return [embedding_text(title, piece.heading, piece.columns, piece.text) for piece in pieces]


def by_content(chunks: Sequence[Chunk], vectors: Sequence[Vector]) -> dict[Key, Vector]:
    """Stored vectors by what they stand for: heading path and text."""
    return {(chunk.heading, chunk.text): vector for chunk, vector in zip(chunks, vectors, strict=True)}
