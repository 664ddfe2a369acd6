"""A collection of JSON lines is taken into a store as it is, and followed when it changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.jsonl import ingest_jsonl, lay_out, read_rows
from rag.config import Settings, load_settings
from rag.errors import NotFound, Unreadable
from rag.policy.labels import Label, LabelSource
from rag.store import Store
from tests.fakes.ingest import FakeEmbedder

HERON: dict[str, Any] = {"id": "b/heron", "title": "Heron", "text": "A heron stands.\n\n  It waits for frogs.  \n"}
OTTER: dict[str, Any] = {"id": "otter", "title": "", "text": "水獺在夜裡捕魚。", "label": "public"}


@pytest.fixture
def settings(home: Path) -> Settings:
    return load_settings()


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with Store.open(home) as opened:
        yield opened


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return tmp_path / "corpus.jsonl"


def write(file: Path, *rows: dict[str, Any]) -> None:
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n", encoding="utf-8")


def test_every_entry_becomes_a_document_at_its_id(store: Store, settings: Settings, corpus: Path) -> None:
    write(corpus, HERON, OTTER)
    source = ingest_jsonl(corpus, store, FakeEmbedder(), settings)
    documents = {one.path: one for one in store.documents(source.id)}
    assert {path: one.title for path, one in documents.items()} == {"b/heron": "Heron", "otter": ""}
    assert store.document_text(documents["b/heron"].id) == HERON["text"]
    assert (documents["otter"].label, documents["otter"].label_source) == (Label.PUBLIC, LabelSource.FRONT_MATTER)
    assert (documents["b/heron"].label, documents["b/heron"].label_source) == (Label.CONFIDENTIAL, LabelSource.DEFAULT)


def test_offsets_of_chunks_are_offsets_into_the_given_text(store: Store, settings: Settings, corpus: Path) -> None:
    write(corpus, HERON | {"text": "\n\n  One. \x00 Two.\r\n\n" + "Frogs are green. " * 400})
    ingest_jsonl(corpus, store, FakeEmbedder(), settings)
    text = store.document_text(store.documents()[0].id)
    chunks = store.chunks(store.chunk_ids().tolist())
    assert len(chunks) > 3
    assert len(text) == len("\n\n  One. \x00 Two.\r\n\n" + "Frogs are green. " * 400)
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)


def test_only_what_changed_is_embedded_again(store: Store, settings: Settings, corpus: Path) -> None:
    write(corpus, HERON, OTTER)
    ingest_jsonl(corpus, store, FakeEmbedder(), settings)
    write(corpus, HERON, OTTER | {"text": "水獺白天睡覺。"})
    embedder = FakeEmbedder()
    ingest_jsonl(corpus, store, embedder, settings)
    assert embedder.embedded == ["水獺白天睡覺。"]
    assert len(store.documents()) == 2


def test_an_entry_that_has_gone_leaves_the_store(store: Store, settings: Settings, corpus: Path) -> None:
    write(corpus, HERON, OTTER)
    ingest_jsonl(corpus, store, FakeEmbedder(), settings)
    write(corpus, OTTER)
    ingest_jsonl(corpus, store, FakeEmbedder(), settings)
    assert [one.path for one in store.documents()] == ["otter"]


def test_progress_ends_with_every_entry_done(store: Store, settings: Settings, corpus: Path) -> None:
    write(corpus, HERON, OTTER)
    told: list[tuple[int, int]] = []
    ingest_jsonl(
        corpus, store, FakeEmbedder(), settings, on_progress=lambda one: told.append((one.files_done, one.files_total))
    )
    assert told[-1] == (2, 2)


def test_paragraphs_are_cut_at_blank_lines_without_a_change() -> None:
    text = "\n one\ntwo\n \t\nthree\n\n\n"
    blocks = lay_out("", text).blocks
    assert [block.text.strip() for block in blocks] == ["one\ntwo", "three"]
    assert all(text[block.start : block.end] == block.text for block in blocks)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: not a line of JSON"),
        ("[1]", "line 2: not a JSON object"),
        ('{"title": "x", "text": "y"}', "line 2: id must be a text"),
        ('{"id": "b", "text": ["y"]}', "line 2: text must be a text"),
        ('{"id": "b", "text": "y", "label": "secretish"}', "line 2: "),
        ('{"id": "a", "text": "y"}', "line 2: this id has come before"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_changed(
    store: Store, settings: Settings, corpus: Path, line: str, message: str
) -> None:
    corpus.write_text('{"id": "a", "text": "x"}\n' + line + "\n")
    with pytest.raises(Unreadable, match=message):
        ingest_jsonl(corpus, store, FakeEmbedder(), settings)
    assert store.documents() == []


def test_a_missing_file_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list(read_rows(tmp_path / "none.jsonl"))
