"""The word index: what finds what, and following the store through damage, locks and removals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rag.records import ChunkId
from rag.retrieval import lexical, words
from rag.retrieval.cache_files import folder_lock
from rag.retrieval.lexical import LexicalIndex
from rag.store import Store
from tests.fakes.retrieval import add_source, fill, save

DOCUMENTS = {
    "warranty.md": ["The QH-200 is covered for thirty-six months.", "Batteries are consumables."],
    "保固.md": ["本產品自交貨日起享有三年保固。", "資訊安全事件應於三十分鐘內通報。"],
    "release.md": ["Firmware 2.4.1 changes the MQTT keep-alive default.", "Policies were revised."],
}


@pytest.fixture
def index(store: Store, folder: Path) -> LexicalIndex:
    fill(store, DOCUMENTS)
    return LexicalIndex(store, folder)


def best(index: LexicalIndex, query: str) -> int | None:
    found = index.search(query, 5)
    return found[0][0] if found else None


def kept_terms(folder: Path, prefix: str) -> list[str]:
    """The terms still written in the folder's files, those of hidden chunks included."""
    return [term for term, _ in words.open_index(folder).searcher().terms_with_prefix("words", prefix)]


@pytest.mark.parametrize(
    ("query", "chunk"),
    [
        ("QH-200", 1),
        ("qh200 coverage", 1),
        ("ＱＨ－２００", 1),
        ("consumable battery", 2),
        ("保固", 3),
        ("产品保固", 3),
        ("信息 资讯安全", 4),
        ("2.4.1", 5),
        ("mqtt keepalive", 5),
        ("MQTT 的預設值", 5),
        ("policy", 6),
        ("revising", 6),
    ],
)
def test_words_in_any_spelling_find_their_chunk(index: LexicalIndex, query: str, chunk: int) -> None:
    assert best(index, query) == chunk


def test_a_title_and_a_path_are_found_too(index: LexicalIndex) -> None:
    assert {id_ for id_, _ in index.search("release", 5)} == {5, 6}


@pytest.mark.parametrize("query", ["", "？！", "zzzz", 'a AND (b OR "', "{{7*7}} {x.__class__} body:*"])
def test_a_query_without_known_words_finds_nothing_and_is_no_error(index: LexicalIndex, query: str) -> None:
    assert index.search(query, 5) in ([], index.search("a", 5))


def test_scores_fall_and_k_is_kept(index: LexicalIndex) -> None:
    found = index.search("the warranty of QH-200 firmware 保固", 2)
    assert len(found) == 2
    assert found[0][1] >= found[1][1] > 0


def test_only_allowed_chunks_are_found_with_the_same_scores(index: LexicalIndex) -> None:
    everywhere = dict(index.search("the QH-200 firmware policies", 5))
    allowed = index.search("the QH-200 firmware policies", 5, np.array([5], dtype=np.int64))
    assert allowed == [(ChunkId(5), pytest.approx(everywhere[ChunkId(5)]))]
    assert index.search("QH-200", 5, np.array([], dtype=np.int64)) == []


def test_a_very_long_query_is_searched_by_its_rarest_terms(index: LexicalIndex) -> None:
    assert best(index, " ".join(f"word{number}" for number in range(5000)) + " keep-alive") == 5


def test_coverage_is_the_share_of_rare_terms_held(index: LexicalIndex) -> None:
    full, half, none = index.coverage("MQTT firmware", ["firmware with mqtt", "Firmware only", "nothing"])
    assert (full, none) == (pytest.approx(1.0), 0.0)
    assert 0.3 < half < 0.7


def test_the_many_forms_of_an_identifier_do_not_outweigh_a_word(store: Store, folder: Path) -> None:
    fill(store, {"a.md": ["QH-200 QH-200"], "b.md": ["The warranty of every device, the QH-200 too."], "c.md": ["x"]})
    assert best(LexicalIndex(store, folder), "warranty device QH-200") == 2


def test_question_words_do_not_count_as_coverage(index: LexicalIndex) -> None:
    assert index.coverage("保固多久？", ["保固"]) == [pytest.approx(1.0)]
    assert index.coverage("有多少？", ["多少"])[0] > 0  # where nothing else is left they must do


def test_a_running_index_sees_what_is_added_changed_and_removed(index: LexicalIndex, store: Store) -> None:
    source = add_source(store)
    document = save(store, source, "new.md", ["zebra crossing"])
    found = best(index, "zebra")
    assert found == 7
    save(store, source, "new.md", ["giraffe crossing"])
    assert best(index, "zebra") is None
    assert best(index, "giraffe") == 8
    store.delete_document(document)
    assert best(index, "giraffe") is None


def test_a_moved_document_is_found_by_its_new_path(index: LexicalIndex, store: Store) -> None:
    source = add_source(store)
    document = save(store, source, "old/name.md", ["zebra"])
    assert best(index, "name") == 7
    store.move_document(document, source_id=source, path="new/elephant.md", mtime_ns=2)
    assert best(index, "elephant") == 7


def test_a_saved_index_is_opened_not_rebuilt(
    index: LexicalIndex, store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.refresh()
    monkeypatch.setattr(LexicalIndex, "_rebuild", lambda *_: pytest.fail("rebuilt"))
    save(store, add_source(store), "new.md", ["zebra crossing"])
    again = LexicalIndex(store, folder)
    assert best(again, "保固") == 3
    assert best(again, "zebra") == 7


def test_the_words_of_a_removed_document_leave_the_files(index: LexicalIndex, store: Store, folder: Path) -> None:
    document = save(store, add_source(store), "secret.md", ["xylophone canary"])
    index.refresh()
    assert kept_terms(folder, "xylo") == ["xylophon"]
    store.delete_document(document)
    index.refresh()
    assert kept_terms(folder, "xylo") == []
    assert not list(folder.glob("*.del"))


def test_a_large_index_hides_removed_words_at_once_and_compact_purges_them(
    index: LexicalIndex, store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lexical, "PURGE_WHOLE", 0)
    monkeypatch.setattr(lexical, "PURGE_SHARE", 0.9)
    source = add_source(store)
    document = save(store, source, "secret.md", ["xylophone canary", "kept nowhere"])
    index.refresh()
    store.delete_document(document)
    assert best(index, "xylophone") is None
    assert json.loads((folder / "manifest.json").read_text())["removed"] == 2
    index.compact()
    assert json.loads((folder / "manifest.json").read_text())["removed"] == 0
    assert kept_terms(folder, "xylo") == []
    assert best(index, "保固") == 3


@pytest.mark.parametrize("damage", ["flip", "gone", "manifest", "meta", "empty"])
def test_a_damaged_folder_is_rebuilt(index: LexicalIndex, store: Store, folder: Path, damage: str) -> None:
    wanted = index.search("QH-200 保固", 5)
    victim = next(path for path in folder.iterdir() if path.suffix == ".idx")
    if damage == "flip":
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 1
        victim.write_bytes(content)
    elif damage == "gone":
        victim.unlink()
    elif damage == "manifest":
        (folder / "manifest.json").write_text("[]")
    elif damage == "meta":
        (folder / "meta.json").write_text("{}")
    else:
        for path in folder.iterdir():
            path.unlink()
    assert LexicalIndex(store, folder).search("QH-200 保固", 5) == wanted


def test_a_folder_that_cannot_be_written_is_replaced_by_memory(store: Store, folder: Path) -> None:
    source = fill(store, DOCUMENTS)
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    folder.with_name(folder.name + ".lock").mkdir()
    index = LexicalIndex(store, folder)
    assert best(index, "保固") == 3
    save(store, source, "new.md", ["zebra"])
    assert best(index, "zebra") == 7
    assert folder.read_text() == "in the way"


def test_while_another_process_holds_the_lock_memory_serves(
    index: LexicalIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lexical, "LOCK_SECONDS", 0.05)
    with folder_lock(folder, 0):
        assert best(index, "保固") == 3
    assert not (folder / "manifest.json").exists()


def test_two_processes_on_one_folder_see_each_others_work(
    index: LexicalIndex, home: Path, store: Store, folder: Path
) -> None:
    other = Store.open(home)
    watching = LexicalIndex(other, folder)
    assert best(watching, "保固") == best(index, "保固") == 3
    source = add_source(store)
    document = save(store, source, "new.md", ["zebra"])
    assert best(index, "zebra") == 7
    assert best(watching, "zebra") == 7
    other.delete_document(document)
    assert best(watching, "zebra") is None
    assert best(index, "zebra") is None
    other.close()


def test_another_store_is_never_answered_from_this_folder(index: LexicalIndex, folder: Path, tmp_path: Path) -> None:
    index.refresh()
    other = Store.open(tmp_path / "other")
    fill(other, {"a.md": ["unrelated"]})
    assert best(LexicalIndex(other, folder), "保固") is None
    other.close()


def test_an_index_of_other_chunks_at_the_same_generation_is_rebuilt(
    index: LexicalIndex, store: Store, folder: Path
) -> None:
    index.refresh()
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "ids": "0" * 64}))
    assert best(LexicalIndex(store, folder), "保固") == 3
    assert json.loads((folder / "manifest.json").read_text())["ids"] == manifest["ids"]


def test_an_empty_store_finds_nothing(store: Store, folder: Path) -> None:
    assert LexicalIndex(store, folder).search("anything", 5) == []
