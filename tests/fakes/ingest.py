"""An embedder without a model: equal texts get equal unit vectors, and every call is counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
import numpy.typing as npt

_TOKEN = re.compile(r"[A-Za-z0-9]+|[^\sA-Za-z0-9]")


class FakeEmbedder:
    """Vectors of 16 dimensions from a digest of the text. `embedded` lists the texts asked for, in order."""

    identity = "fake/16"
    dim = 16

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors, float32 of shape (len(texts), 16)."""
        self.embedded.extend(texts)
        rows = np.array([list(sha256(text.encode()).digest()[:16]) for text in texts], dtype=np.float32) - 127.5
        vectors: npt.NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return vectors

    def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        """The vector of `text`, as of a passage."""
        vector: npt.NDArray[np.float32] = self.embed_passages([text])[0]
        return vector

    def count_tokens(self, text: str) -> int:
        """Words and other characters."""
        return len(_TOKEN.findall(text))

    def unknown_share(self, texts: Sequence[str]) -> float:
        """The share of tokens beyond ASCII."""
        tokens = [token for text in texts for token in _TOKEN.findall(text)]
        return sum(not token.isascii() for token in tokens) / len(tokens) if tokens else 0.0
