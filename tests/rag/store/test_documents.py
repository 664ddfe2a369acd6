"""Documents: saved whole, replaced under their id, moved, removed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from rag.errors import Damaged, NotFound, StoreError
from rag.policy.labels import Label, LabelSource
from rag.records import DocumentId, DocumentStatus, SourceId
from rag.store import Store
from tests.fakes.drafts import chunk_ids_of, make_chunk, make_document, make_failed


def test_a_document_comes_back_as_it_was_saved(store: Store, source_id: SourceId) -> None:
    draft = make_document(source_id, "資料/guide.md", ("第一段", "second"), label=Label.INTERNAL)
    document = store.document(store.save_document(draft))
    for field in ("path", "title", "format", "content_hash", "size", "mtime_ns", "status", "reason", "label"):
        assert getattr(document, field) == getattr(draft, field)
    assert (document.label_source, document.pages) == (LabelSource.COMMAND_LINE, None)
    assert (document.source_id, document.source_name, document.chunks) == (source_id, "papers", 2)
    assert document.updated_at.endswith("+00:00")
    assert store.document_text(document.id) == "第一段\n\nsecond"
    assert store.find_document(source_id, "資料/guide.md") == document
    assert store.find_document(source_id, "other.md") is None
    assert store.documents_by_hash(draft.content_hash) == [document]


@pytest.mark.parametrize("text", ["a\x00b", "😀 𠮷", "", "x" * 200_000, "line\r\n\u2028end"])
def test_any_text_survives(store: Store, source_id: SourceId, text: str) -> None:
    document_id = store.save_document(make_document(source_id, texts=[text]))
    assert store.document_text(document_id) == text
    assert store.chunks(chunk_ids_of(store, document_id))[0].text == text


def test_a_failed_document_is_listed_with_its_reason_and_cannot_be_found(store: Store, source_id: SourceId) -> None:
    store.save_document(make_document(source_id, "a.md"))
    failed_id = store.save_document(make_failed(source_id, reason="encrypted"))
    (failed,) = store.documents(status=DocumentStatus.FAILED)
    assert (failed.id, failed.reason, failed.chunks) == (failed_id, "encrypted", 0)
    assert store.document_text(failed_id) == ""
    assert [document.path for document in store.documents(status=DocumentStatus.READY)] == ["a.md"]
    assert [document.path for document in store.documents(source_id)] == ["a.md", "broken.pdf"]
    assert store.documents(SourceId(99)) == []


def test_a_document_that_fails_later_loses_what_could_be_found_of_it(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id, "a.pdf"))
    assert store.save_document(make_failed(source_id, "a.pdf")) == document_id
    assert store.chunk_ids().tolist() == []
    assert store.vectors()[0].tolist() == []
    assert store.document_text(document_id) == ""


def test_saving_again_replaces_the_chunks_under_new_ids_and_keeps_the_documents_id(
    store: Store, source_id: SourceId
) -> None:
    document_id = store.save_document(make_document(source_id, texts=("one", "two", "three")))
    before = chunk_ids_of(store, document_id)
    assert store.save_document(make_document(source_id, texts=("four", "five"))) == document_id
    after = chunk_ids_of(store, document_id)
    assert [chunk.text for chunk in store.chunks(after)] == ["four", "five"]
    assert store.chunks(before) == []
    assert min(after) > max(before)
    assert store.document(document_id).chunks == 2


def test_ids_are_never_given_twice_even_when_the_newest_are_gone(store: Store, source_id: SourceId) -> None:
    seen_documents: set[int] = set()
    seen_chunks: set[int] = set()
    for _ in range(5):
        document_id = store.save_document(make_document(source_id))
        chunk_ids = set(chunk_ids_of(store, document_id))
        assert document_id not in seen_documents
        assert not chunk_ids & seen_chunks
        seen_documents.add(document_id)
        seen_chunks |= chunk_ids
        store.delete_document(document_id)


def test_a_moved_document_keeps_its_chunks_and_the_caches_are_told(store: Store, source_id: SourceId) -> None:
    other = store.add_source("other", "/other").id
    document_id = store.save_document(make_document(source_id, "old.md"))
    ids = tuple(chunk_ids_of(store, document_id))
    generation = store.generation()
    store.move_document(document_id, source_id=other, path="new.md", mtime_ns=9)
    moved = store.document(document_id)
    assert (moved.source_id, moved.source_name, moved.path, moved.mtime_ns) == (other, "other", "new.md", 9)
    assert tuple(chunk_ids_of(store, document_id)) == ids
    changes = store.changes_since(generation)
    assert (changes.removed, changes.added) == (ids, ids)


def test_a_document_moved_over_another_replaces_it(store: Store, source_id: SourceId) -> None:
    first = store.save_document(make_document(source_id, "a.md", ("aa",)))
    second = store.save_document(make_document(source_id, "b.md", ("bb",)))
    store.move_document(first, source_id=source_id, path="b.md", mtime_ns=2)
    assert [(document.id, document.path) for document in store.documents()] == [(first, "b.md")]
    with pytest.raises(NotFound):
        store.document(second)
    store.move_document(first, source_id=source_id, path="b.md", mtime_ns=3)
    assert store.document(first).mtime_ns == 3


def test_touching_changes_neither_content_nor_generation(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id))
    generation = store.generation()
    store.touch_document(document_id, mtime_ns=77, size=5)
    document = store.document(document_id)
    assert (document.mtime_ns, document.size) == (77, 5)
    assert store.generation() == generation


def test_a_deleted_document_is_gone_with_everything(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id))
    ids = chunk_ids_of(store, document_id)
    store.delete_document(document_id)
    assert store.chunks(ids) == []
    assert store.chunk_evidence(ids) == {}
    assert store.vectors(ids)[0].tolist() == []
    assert store.find_document(source_id, "guide.md") is None


def test_what_does_not_exist_is_not_found(store: Store, source_id: SourceId) -> None:
    gone = DocumentId(9)
    for call in (
        lambda: store.document(gone),
        lambda: store.document_text(gone),
        lambda: store.delete_document(gone),
        lambda: store.touch_document(gone, mtime_ns=1, size=1),
        lambda: store.move_document(gone, source_id=source_id, path="x", mtime_ns=1),
        lambda: store.relabel_document(gone, Label.PUBLIC, LabelSource.OWNER),
        lambda: store.save_document(make_document(SourceId(9))),
    ):
        with pytest.raises(NotFound):
            call()


def test_half_a_document_is_refused_before_anything_is_written(store: Store, source_id: SourceId) -> None:
    good = make_document(source_id, texts=("kept",))
    document_id = store.save_document(good)
    broken = make_chunk("broken")
    broken.vector[0] = np.nan
    long = make_chunk("long")
    long.vector[0] = 70_000
    drafts = (
        dataclasses.replace(good, chunks=(make_chunk("a"), make_chunk("b", dim=4))),
        dataclasses.replace(good, chunks=(broken,)),
        dataclasses.replace(good, chunks=(long,)),
        dataclasses.replace(make_failed(source_id, "guide.md"), text="but it has text"),
        dataclasses.replace(good, title="\udcff"),
    )
    for draft in drafts:
        with pytest.raises(StoreError):
            store.save_document(draft)
    assert [chunk.text for chunk in store.chunks(chunk_ids_of(store, document_id))] == ["kept"]


def test_a_changed_text_on_the_disk_is_noticed_and_its_document_named(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id, "papers/plan.md"))
    with store._write() as db:
        db.run("UPDATE document_texts SET text = replace(text, 'first', 'wurst')")
    with pytest.raises(Damaged, match=r"papers/plan\.md") as caught:
        store.document_text(document_id)
    assert "wurst" not in str(caught.value)
    assert store.find_damage() == ["papers/plan.md"]


def test_a_changed_label_on_the_disk_is_noticed_wherever_it_is_read(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id, "plan.md", label=Label.CONFIDENTIAL))
    (first, *_) = chunk_ids_of(store, document_id)
    with store._write() as db:
        db.run("UPDATE documents SET label = 0")
    for read in (
        lambda: store.document(document_id),
        lambda: store.documents(),
        lambda: store.chunk_evidence([first]),
    ):
        with pytest.raises(Damaged, match=r"plan\.md"):
            read()
    assert store.find_damage() == ["plan.md"]


def test_a_draft_never_shows_its_text(source_id: SourceId) -> None:
    draft = make_document(source_id, texts=("secret words",))
    assert "secret" not in repr(draft)
    assert "secret" not in repr(draft.chunks[0])
