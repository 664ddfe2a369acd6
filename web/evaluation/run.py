"""One evaluation, told top to bottom: read the questions, fill the store, ask, score, shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError
from web.evaluation.asking import ask_all
from web.evaluation.scores import INSTALL, can_score
from web.evaluation.sets import read_set
from web.evaluation.shapes import shape_of
from web.evaluation.shelf import CORPUS_FILE, open_shelf

if TYPE_CHECKING:
    from ingest.reports import Progress
    from rag.config import Settings

Show = Callable[[str, int, int], None]
"""Told what is being done, how much is done, and of how much."""


def run_evaluation(
    settings: Settings,
    folder: Path,
    *,
    corpus: Path | None = None,
    labels: Path | None = None,
    limit: int | None = None,
    fresh: bool = False,
    on_progress: Show | None = None,
) -> dict[str, Any]:
    """Measure retrieval on the questions of `folder`; returns the shape that docs/cli.md describes.

    Args:
        corpus: the documents, a folder or a JSON-lines file; the set's own `corpus.jsonl` when None.
        labels, fresh: as `open_shelf`.
        limit: ask only this many of the questions.

    Raises:
        NotFound, Unreadable: the set or its documents are not there, or not as they should be.
        ConfigError: the library of metrics is not installed, or the embedding model is not prepared.
        StoreError: the set's store cannot be opened.
    """
    if not can_score():
        raise ConfigError(f"`airlock eval` needs the package ir-measures; run: {INSTALL}")
    questions = read_set(folder, limit)
    documents = find_corpus(folder, corpus)

    def tell_filling(progress: Progress) -> None:
        if on_progress is not None and progress.files_total:
            on_progress("documents", progress.files_done, progress.files_total)

    def tell_asking(done: int) -> None:
        if on_progress is not None:
            on_progress("questions", done, len(questions.questions))

    with open_shelf(settings, documents, labels=labels, fresh=fresh, on_progress=tell_filling) as shelf:
        outcomes = ask_all(questions.questions, shelf.retriever, shelf.settings, tell_asking)
        return shape_of(questions, documents, shelf, outcomes)


def find_corpus(folder: Path, given: Path | None) -> Path:
    """Where the documents are.

    Raises:
        ConfigError: nothing was given, and the set has no collection of its own.
    """
    corpus = given or folder / CORPUS_FILE
    if given is None and not corpus.is_file():
        raise ConfigError(f"{folder} holds no {CORPUS_FILE}; name the folder of documents with --corpus FOLDER")
    return corpus
