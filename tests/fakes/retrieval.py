"""An embedder made of words and a store filled with them, and the bundled model prepared once for all tests."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.policy.labels import Label
from rag.records import DocumentId, SourceId
from rag.retrieval.text import terms
from rag.store import ChunkDraft, Store
from tests.fakes.cache import CACHE
from tests.fakes.drafts import make_document

DIM = 64


class WordVectors:
    """Texts that share words are near each other; ideographs are unknown to it, as they are to all-MiniLM."""

    def __init__(self, identity: str = "words@1/fp32/64") -> None:
        self.identity = identity
        self.dim = DIM

    def embed_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.array([self.embed_query(text) for text in texts], dtype=np.float32).reshape(-1, DIM)

    def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        total = np.full(DIM, 1e-3, dtype=np.float32)
        for word in terms(text).words or ("[unknown]",):
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
            total += np.random.default_rng(seed).normal(size=DIM).astype(np.float32)
        return total / np.linalg.norm(total)

    def count_tokens(self, text: str) -> int:
        cut = terms(text)
        return len(cut.words) + len(cut.singles)

    def unknown_share(self, texts: Sequence[str]) -> float:
        cut = [terms(text) for text in texts]
        total = sum(len(one.words) + len(one.singles) for one in cut)
        return sum(len(one.singles) for one in cut) / total if total else 0.0


def add_source(store: Store, name: str = "docs") -> SourceId:
    """A source of this name."""
    return store.add_source(name, f"/{name}").id


def save(store: Store, source: SourceId, path: str, texts: Sequence[str], label: Label = Label.PUBLIC) -> DocumentId:
    """Store a document with one chunk for each text, its vectors made by `WordVectors`, under no heading."""
    draft = make_document(source, path, texts, label=label, dim=DIM)
    vectors = WordVectors().embed_passages(texts)
    chunks = tuple(
        ChunkDraft(text, None, (), 0, len(text), vector) for text, vector in zip(texts, vectors, strict=True)
    )
    return store.save_document(replace(draft, chunks=chunks))


def fill(store: Store, documents: Mapping[str, Sequence[str]], label: Label = Label.PUBLIC) -> SourceId:
    """Store all of `documents` in one source, path to texts."""
    source = add_source(store)
    for path, texts in documents.items():
        save(store, source, path, texts, label)
    return source


def prepare_home(home: Path, *arguments: str) -> str:
    """Run the preparation as a person would, in its own process; returns what it printed."""
    environment = {**os.environ, "AIRLOCK_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "rag.retrieval.prepare", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{done.returncode}: {done.stderr}")
    return done.stdout


def prepare_bundled(home: Path) -> None:
    """The bundled model, ready in `home`; taken from the folder AIRLOCK_TEST_CACHE when that holds it."""
    kept = CACHE / "prepared-model" if CACHE else None
    if kept is None or not kept.is_dir():
        prepare_home(home)
        if kept is not None:
            shutil.copytree(home / "models", kept)
    else:
        shutil.copytree(kept, home / "models")
