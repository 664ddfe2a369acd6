"""The vector index: exact, following the store, trusting no file without its hash."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rag.records import ChunkId
from rag.retrieval import dense
from rag.retrieval.cache_files import folder_lock
from rag.retrieval.dense import DenseIndex
from rag.store import Store
from tests.fakes.retrieval import WordVectors, add_source, fill, save

PLANETS = {"a.md": ["red mars", "blue neptune"], "b.md": ["ringed saturn"]}


def search(index: DenseIndex, query: str, k: int = 5, allowed: list[int] | None = None) -> list[tuple[ChunkId, float]]:
    chosen = None if allowed is None else np.array(allowed, dtype=np.int64)
    return index.search(WordVectors().embed_query(query), k, chosen)


def vectors_file(folder: Path) -> Path:
    (file,) = folder.glob("*.faiss")
    return file


def test_scores_are_the_cosines_and_fall(store: Store, folder: Path) -> None:
    fill(store, PLANETS)
    found = search(DenseIndex(store, folder), "mars")
    ids, vectors = store.vectors()
    cosines = dict(zip(ids.tolist(), (vectors @ WordVectors().embed_query("mars")).tolist(), strict=True))
    assert [id_ for id_, _ in found] == sorted(cosines, key=lambda id_: -cosines[id_])
    assert [score for _, score in found] == pytest.approx(sorted(cosines.values(), reverse=True), abs=1e-4)


def test_an_empty_store_finds_nothing(store: Store, folder: Path) -> None:
    index = DenseIndex(store, folder)
    assert search(index, "mars") == []
    assert index.typical(WordVectors().embed_query("mars")) == 0.0
    assert index.cosines(WordVectors().embed_query("mars"), [ChunkId(1)]) == {}


def test_only_allowed_chunks_are_found(store: Store, folder: Path) -> None:
    fill(store, PLANETS)
    assert [id_ for id_, _ in search(DenseIndex(store, folder), "mars", allowed=[3])] == [3]
    assert search(DenseIndex(store, folder), "mars", allowed=[]) == []


def test_typical_is_the_mean_cosine_and_cosines_are_exact(store: Store, folder: Path) -> None:
    fill(store, PLANETS)
    index = DenseIndex(store, folder)
    index.refresh()
    query = WordVectors().embed_query("blue mars")
    vectors = store.vectors()[1]
    assert index.typical(query) == pytest.approx(float((vectors @ query).mean()), abs=1e-5)
    assert index.cosines(query, [ChunkId(3), ChunkId(99)]) == {3: pytest.approx(float(vectors[2] @ query), abs=1e-5)}


def test_a_running_index_sees_what_is_added_and_removed(store: Store, folder: Path) -> None:
    source = fill(store, PLANETS)
    index = DenseIndex(store, folder)
    assert len(search(index, "mars")) == 3
    document = save(store, source, "c.md", ["green earth"])
    assert search(index, "green earth")[0][1] == pytest.approx(1.0, abs=1e-3)
    store.delete_document(document)
    assert len(search(index, "green earth")) == 3
    assert index.typical(WordVectors().embed_query("x")) == pytest.approx(
        float((store.vectors()[1] @ WordVectors().embed_query("x")).mean()), abs=1e-5
    )


def test_a_saved_index_is_opened_not_rebuilt(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, PLANETS)
    first = search(DenseIndex(store, folder), "mars")
    monkeypatch.setattr(DenseIndex, "_rebuild", lambda *_: pytest.fail("rebuilt"))
    assert search(DenseIndex(store, folder), "mars") == first


def test_few_additions_are_replayed_at_the_next_start(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = fill(store, PLANETS)
    index = DenseIndex(store, folder)
    index.refresh()
    before = vectors_file(folder)
    save(store, source, "c.md", ["green earth"])
    assert len(search(index, "earth")) == 4
    assert vectors_file(folder) == before
    monkeypatch.setattr(DenseIndex, "_rebuild", lambda *_: pytest.fail("rebuilt"))
    assert len(search(DenseIndex(store, folder), "earth")) == 4


def test_many_additions_are_saved(store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = fill(store, PLANETS)
    index = DenseIndex(store, folder)
    index.refresh()
    before = vectors_file(folder)
    monkeypatch.setattr(dense, "SAVE_AFTER", 2)
    save(store, source, "c.md", ["green earth"])
    index.refresh()
    assert vectors_file(folder) == before
    save(store, source, "d.md", ["grey pluto"])
    index.refresh()
    assert vectors_file(folder) != before


def test_a_removed_chunks_vector_leaves_the_file_at_once(store: Store, folder: Path) -> None:
    source = fill(store, PLANETS)
    document = save(store, source, "c.md", ["green earth"])
    index = DenseIndex(store, folder)
    index.refresh()
    vector = WordVectors().embed_query("green earth").astype("<f2").astype("<f4").tobytes()
    assert vector in vectors_file(folder).read_bytes()
    store.delete_document(document)
    index.refresh()
    assert vector not in vectors_file(folder).read_bytes()


@pytest.mark.parametrize("damage", ["flip", "cut", "gone", "manifest"])
def test_a_damaged_folder_is_rebuilt(store: Store, folder: Path, damage: str) -> None:
    fill(store, PLANETS)
    wanted = search(DenseIndex(store, folder), "mars")
    file = vectors_file(folder)
    content = bytearray(file.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif damage == "cut":
        file.write_bytes(content[:-40])
    elif damage == "gone":
        file.unlink()
    else:
        (folder / "manifest.json").write_text("{")
    assert search(DenseIndex(store, folder), "mars") == wanted
    assert vectors_file(folder).read_bytes() == bytes(file.read_bytes())


def test_another_store_at_the_same_generation_is_noticed(store: Store, folder: Path, tmp_path: Path) -> None:
    fill(store, PLANETS)
    DenseIndex(store, folder).refresh()
    with_other = Store.open(tmp_path / "other")
    fill(with_other, {"z.md": ["one", "two", "three mars"]})
    assert with_other.generation() == store.generation()
    assert search(DenseIndex(with_other, folder), "mars")[0][0] == 3
    with_other.close()


def test_a_store_put_back_with_other_chunks_is_noticed(store: Store, folder: Path) -> None:
    fill(store, PLANETS)
    DenseIndex(store, folder).refresh()
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "ids": "0" * 64}))
    index = DenseIndex(store, folder)
    assert len(search(index, "mars")) == 3
    assert json.loads((folder / "manifest.json").read_text()) == manifest


def test_another_embedding_model_means_another_index(store: Store, folder: Path) -> None:
    fill(store, PLANETS)
    DenseIndex(store, folder).refresh()
    store.set_meta("embedding_model", "another")
    DenseIndex(store, folder).refresh()
    assert "another" in json.loads((folder / "manifest.json").read_text())["origin"]


def test_a_trimmed_log_means_a_rebuild(home: Path, folder: Path) -> None:
    store = Store.open(home)
    source = fill(store, PLANETS)
    index = DenseIndex(store, folder)
    index.refresh()
    store._kept_changes = 1
    for number in range(4):
        save(store, source, f"{number}.md", [f"moon {number}"])
    assert not store.changes_since(1).complete
    assert len(search(index, "moon", k=10)) == 7
    store.close()


def test_a_folder_that_cannot_be_written_costs_only_the_file(store: Store, folder: Path) -> None:
    fill(store, PLANETS)
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    assert len(search(DenseIndex(store, folder), "mars")) == 3
    assert folder.read_text() == "in the way"


def test_while_another_process_writes_the_index_in_memory_serves(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, PLANETS)
    monkeypatch.setattr(dense, "LOCK_SECONDS", 0.05)
    with folder_lock(folder, 0):
        assert len(search(DenseIndex(store, folder), "mars")) == 3
    assert not (folder / "manifest.json").exists()


def test_what_one_process_commits_another_sees(home: Path, store: Store, folder: Path) -> None:
    source = add_source(store)
    save(store, source, "a.md", ["red mars"])
    other = Store.open(home)
    watching = DenseIndex(other, folder)
    assert len(search(watching, "mars")) == 1
    save(store, source, "b.md", ["red mars rover"])
    assert len(search(watching, "mars")) == 2
    other.close()
