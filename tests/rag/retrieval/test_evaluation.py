"""Retrieval measured on the evaluation data: the company's questions end to end, public sets by words alone."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ingest.pipeline import Ingester
from rag.config import Settings
from rag.policy.labels import Label
from rag.records import ChunkId, DocumentId, Retrieved
from rag.retrieval import words
from rag.retrieval.embed import Embedder
from rag.store import ChunkForIndex, Store
from rag.wiring import open_retriever

pytestmark = [pytest.mark.shared, pytest.mark.timeout(900)]

FORMATS = (".md", ".txt", ".html", ".pdf", ".docx")


@dataclass(frozen=True)
class Asked:
    """One question of the set and what retrieval found for it, with and without the cut."""

    question: dict[str, Any]
    kept: Retrieved
    whole: Retrieved

    @property
    def found(self) -> bool:
        """A right document is among the first five passages."""
        return any(passage.path in self.question["docs"] for passage in self.whole.passages[:5])


@pytest.fixture(scope="module")
def data(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evaluation archives, unpacked."""
    folder = tmp_path_factory.mktemp("evaluation")
    for name in ("company", "questions"):
        with tarfile.open(shared / "data" / f"{name}.tar.xz") as archive:
            archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def company(data: Path, bundled: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Asked]]:
    """Every answerable company question whose documents are in a format that is read, asked."""
    rows = [line.split("\t") for line in (data / "company_LABELS.tsv").read_text("utf-8").splitlines()[1:]]
    labels = "\n".join(f"{json.dumps(row[0], ensure_ascii=False)} = {json.dumps(row[1])}" for row in rows)
    (data / "company" / "labels.toml").write_text(f"[labels]\n{labels}\n", "utf-8")
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    questions = read_lines(data / "company_qa" / "queries.jsonl")
    store = Store.open(settings.home)
    try:
        Ingester(store, bundled, settings).ingest(data / "company")
        retriever = open_retriever(settings, store, bundled)
        yield [
            Asked(question, retriever.retrieve(question["text"]), retriever.retrieve(question["text"], cut=False))
            for question in questions
            if not question["unanswerable"] and any(path.endswith(FORMATS) for path in question["docs"])
        ]
    finally:
        store.close()


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_right_document_is_among_the_first_five_for_30_of_32(company: list[Asked]) -> None:
    missed = {asked.question["id"] for asked in company if not asked.found}
    assert len(company) == 32
    # Both ask in Chinese for what an English document says in other words; the bundled model reads no Chinese.
    assert missed <= {"CQ-013", "CQ-054"}


def test_the_cut_loses_no_right_document(company: list[Asked]) -> None:
    lost = [
        asked.question["id"]
        for asked in company
        if asked.found and not any(passage.path in asked.question["docs"] for passage in asked.kept.passages)
    ]
    assert lost == []


def test_what_was_found_is_called_sufficient(company: list[Asked]) -> None:
    assert [asked.question["id"] for asked in company if asked.found and not asked.kept.sufficient] == []


def test_nine_of_ten_public_questions_keep_public_passages_only(company: list[Asked]) -> None:
    public = [asked for asked in company if asked.question["label"] == "public"]
    pure = [asked for asked in public if all(one.label is Label.PUBLIC for one in asked.kept.passages)]
    assert len(pure) >= 0.9 * len(public)


def test_only_questions_that_may_go_anywhere_keep_nothing_but_public_passages(company: list[Asked]) -> None:
    looser = [
        asked.question["id"]
        for asked in company
        if asked.found
        and asked.question["expected_route"] != "any"
        and all(one.label is Label.PUBLIC for one in asked.kept.passages)
    ]
    assert looser == []


@pytest.mark.parametrize(
    ("name", "first", "five"),
    [
        ("drcd", 0.95, 0.99),
        ("squad2_en", 0.81, 0.94),
        ("xquad_zhtw", 0.92, 0.99),
        ("cmrc_trial_xscript", 0.98, 0.99),
        ("cranfield_en", 0.68, 0.90),
    ],
)
def test_words_alone_reach_the_floor(data: Path, name: str, first: float, five: float) -> None:
    documents = read_lines(data / name / "corpus.jsonl")
    chunks = [
        ChunkForIndex(ChunkId(at), DocumentId(at), one.get("title") or "", "", (), one["text"], Label.PUBLIC)
        for at, one in enumerate(documents, 1)
    ]
    index = words.create_index(None)
    words.apply(index, (), chunks, 64_000_000)
    searcher = index.searcher()
    right: dict[str, set[str]] = {}
    for line in (data / name / "qrels.tsv").read_text("utf-8").splitlines():
        question, document, *_ = line.split("\t")
        right.setdefault(question, set()).add(document)
    ranks = []
    for question in read_lines(data / name / "queries.jsonl"):
        if question.get("unanswerable") or question["id"] not in right:
            continue
        hits = searcher.search(words.build_query(searcher, question["text"], None), 5).hits
        found = searcher.fast_field_values("chunk", [address for _, address in hits])
        ids = [documents[at - 1]["id"] for at in found]
        ranks.append(next((rank for rank, id_ in enumerate(ids, 1) if id_ in right[question["id"]]), 99))
    assert sum(rank == 1 for rank in ranks) / len(ranks) >= first
    assert sum(rank <= 5 for rank in ranks) / len(ranks) >= five
