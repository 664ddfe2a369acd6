"""The sample corpus is what its questions and the README say it is, and every question finds its document."""

from __future__ import annotations

import os
import re
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from ingest.pipeline import Ingester, IngestReport
from rag.config import Settings, load_settings
from rag.policy.labels import Label, LabelSource, parse_label
from rag.records import Retrieved
from rag.retrieval.embed import open_embedder
from rag.retrieval.retrieve import Retriever
from rag.store import Store
from rag.wiring import open_retriever

CORPUS = Path(__file__).parent.parent / "corpus"
DOCUMENTS = sorted(path for path in CORPUS.rglob("*") if path.is_file() and path.suffix not in ("", ".toml"))
LANGUAGES = ("en", "zh-TW")
QUESTIONS: list[dict[str, Any]] = tomllib.loads((CORPUS / "questions.toml").read_text("utf-8"))["questions"]
ASKED = [(question, language) for question in QUESTIONS for language in LANGUAGES if language in question]
NAMES = [question[language] for question, language in ASKED]

MOST_BYTES = 600_000
IDENTITY_NUMBER = re.compile(r"\b[A-Z][1289]\d{8}\b")
TELEPHONE = re.compile(r"\b0\d{1,3}-\d{3,4}-?\d{3,4}\b|\+\d{2,3} ?\d{6,}")
MAIL = re.compile(r"\S+@\S+\.\w+")


def is_chinese(path: Path) -> bool:
    return path.name.split(".", 1)[1].startswith("zh-TW")


def relative(path: Path) -> str:
    return path.relative_to(CORPUS).as_posix()


def test_there_are_about_25_documents_in_all_five_formats_and_both_languages() -> None:
    assert 24 <= len(DOCUMENTS) <= 30
    for suffix in (".md", ".txt", ".html", ".pdf", ".docx"):
        of_format = [path for path in DOCUMENTS if path.suffix == suffix]
        assert {is_chinese(path) for path in of_format} == {True, False}, suffix
    assert 10 <= sum(is_chinese(path) for path in DOCUMENTS) <= len(DOCUMENTS) - 10


def test_the_corpus_is_small() -> None:
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < MOST_BYTES


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path.suffix == ".pdf"], ids=relative)
def test_a_pdf_has_pages_whose_text_can_be_read(path: Path) -> None:
    document = pypdfium2.PdfDocument(path)
    try:
        texts = [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()
    assert len(texts) >= 2
    assert all(len(text) > 150 for text in texts)
    assert bool(re.search("[\u4e00-\u9fff]{4}", texts[0])) == is_chinese(path)


@pytest.mark.parametrize("path", [path for path in DOCUMENTS if path.suffix == ".docx"], ids=relative)
def test_a_word_document_has_headings_and_a_table(path: Path) -> None:
    body = zipfile.ZipFile(path).read("word/document.xml").decode("utf-8")
    assert "Heading2" in body
    assert "<w:tbl>" in body


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.get("en") or question["zh-TW"])
def test_every_question_names_existing_documents_for_each_of_its_languages(question: dict[str, Any]) -> None:
    assert set(question) <= {*LANGUAGES, "featured", "label", "documents"}
    languages = {language for language in LANGUAGES if language in question}
    assert languages
    assert set(question["documents"]) == languages
    for language in languages:
        for path in question["documents"][language]:
            assert (CORPUS / path).is_file(), path
            assert is_chinese(CORPUS / path) == (language == "zh-TW"), path


def test_four_questions_are_offered_in_both_languages_and_one_of_them_stays_local() -> None:
    offered = [question for question in QUESTIONS if question.get("featured")]
    assert len(offered) == 4
    assert all(set(LANGUAGES) <= set(question) for question in offered)
    labels = {question["label"] for question in offered}
    assert labels == {"public", "internal", "confidential"}


def test_every_document_answers_a_question() -> None:
    named = {path for question in QUESTIONS for paths in question["documents"].values() for path in paths}
    assert {relative(path) for path in DOCUMENTS} - named == set()


@dataclass(frozen=True)
class Taken:
    """The corpus after one real ingest."""

    report: IngestReport
    store: Store
    retriever: Retriever

    def ask(self, question: str) -> Retrieved:
        return self.retriever.retrieve(question)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, bundled_home: Path) -> Iterator[Settings]:
    """A home with the real embedding model."""
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(bundled_home / "models")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AIRLOCK_")]:
            patch.delenv(name)
        patch.setenv("AIRLOCK_HOME", str(home))
        yield load_settings()


@pytest.fixture(scope="module")
def taken(settings: Settings) -> Iterator[Taken]:
    """The corpus, ingested once with the real embedding model."""
    embedder = open_embedder(settings)
    store = Store.open(settings.home)
    try:
        report = Ingester(store, embedder, settings).ingest(CORPUS, sample=True)
        yield Taken(report, store, open_retriever(settings, store, embedder))
    finally:
        store.close()


def test_every_document_is_taken_in_and_nothing_else(taken: Taken) -> None:
    added = {file.path for file in taken.report.files if file.status == "added"}
    assert added == {relative(path) for path in DOCUMENTS}
    assert not [file for file in taken.report.files if file.status == "failed"]


def test_all_three_labels_are_there_and_nothing_is_left_unlabelled(taken: Taken) -> None:
    documents = taken.store.documents()
    assert {document.label for document in documents} == {Label.PUBLIC, Label.INTERNAL, Label.CONFIDENTIAL}
    assert {document.label_source for document in documents} <= {
        LabelSource.LABELS_TOML,
        LabelSource.FRONT_MATTER,
    }
    assert taken.report.unlabelled == 0


def test_every_document_has_the_label_its_questions_expect(taken: Taken) -> None:
    labels = {document.path: document.label for document in taken.store.documents()}
    for question in QUESTIONS:
        for paths in question["documents"].values():
            assert {labels[path] for path in paths} == {parse_label(question["label"])}, paths


def test_no_document_holds_an_address_or_a_number_of_a_person(taken: Taken) -> None:
    for document in taken.store.documents():
        text = taken.store.document_text(document.id)
        for pattern in (IDENTITY_NUMBER, TELEPHONE, MAIL):
            assert not pattern.search(text), document.path


@pytest.mark.parametrize(("question", "language"), ASKED, ids=NAMES)
def test_a_question_finds_its_document_among_the_first_five(
    taken: Taken, question: dict[str, Any], language: str
) -> None:
    found = taken.ask(question[language])
    first_five = [passage.path for passage in (*found.passages, *found.cut)[:5]]
    assert set(first_five) & set(question["documents"][language]), first_five
    assert found.sufficient


@pytest.mark.parametrize(("question", "language"), ASKED, ids=NAMES)
def test_what_goes_into_the_prompt_is_as_sensitive_as_the_question_expects(
    taken: Taken, question: dict[str, Any], language: str
) -> None:
    found = taken.ask(question[language])
    assert max(passage.label for passage in found.passages) is parse_label(question["label"])


def test_the_langchain_example_runs_and_finds_the_alert_level(
    taken: Taken, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIRLOCK_HOME", str(settings.home))
    page = (CORPUS.parent / "docs" / "langchain.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    names["store"].close()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("public stations/water-level-alerts.md")
    assert not [line for line in lines if line.startswith(("internal ", "confidential "))]
