"""Chunks and vectors as they are read."""

from __future__ import annotations

import numpy as np
import pytest

from rag.errors import Damaged, IndexStale, StoreError
from rag.policy.labels import Label, LabelSource
from rag.records import ChunkId, DocumentId, SourceId
from rag.store import Store
from tests.fakes.drafts import DIM, chunk_ids_of, make_chunk, make_document, make_vector


def test_chunks_come_in_the_order_asked_without_those_that_are_gone(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id, texts=("a", "b", "c")))
    a, b, c = chunk_ids_of(store, document_id)
    assert [chunk.text for chunk in store.chunks([c, ChunkId(999), a, b, a])] == ["c", "a", "b", "a"]
    assert store.chunks([]) == []


def test_a_chunk_comes_back_as_it_was_saved(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id, texts=("a", "bcd")))
    chunk = store.chunks(chunk_ids_of(store, document_id))[1]
    assert (chunk.document_id, chunk.ordinal, chunk.text) == (document_id, 1, "bcd")
    assert (chunk.page, chunk.heading, chunk.start, chunk.end) == (1, ("Guide", "Part"), 0, 3)


def test_a_damaged_chunk_names_its_document_and_spares_the_others(store: Store, source_id: SourceId) -> None:
    sound = store.save_document(make_document(source_id, "sound.md"))
    damaged = store.save_document(make_document(source_id, "damaged.md"))
    with store._write() as db:
        db.run("UPDATE chunks SET text = text || '!' WHERE document_id = ? AND ordinal = 1", damaged)
    first, second = chunk_ids_of(store, damaged)
    with pytest.raises(Damaged, match=rf"chunk {second} of damaged\.md") as caught:
        store.chunks([first, second])
    assert "passage" not in str(caught.value)
    assert len(store.chunks([first, *chunk_ids_of(store, sound)])) == 3
    assert store.find_damage() == ["damaged.md"]


def test_evidence_is_the_label_of_this_moment(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(
        make_document(source_id, "a/b.md", label=Label.CONFIDENTIAL, label_source=LabelSource.DEFAULT)
    )
    (first, *_) = chunk_ids_of(store, document_id)
    info = store.chunk_evidence([first, ChunkId(99)])
    assert list(info) == [first]
    assert (info[first].document_id, info[first].path, info[first].title) == (document_id, "a/b.md", "b.md")
    assert (info[first].source_name, info[first].local_only) == ("papers", False)
    assert (info[first].label, info[first].label_source) == (Label.CONFIDENTIAL, LabelSource.DEFAULT)
    store.relabel_document(document_id, Label.PUBLIC, LabelSource.OWNER)
    info = store.chunk_evidence([first])
    assert (info[first].label, info[first].label_source) == (Label.PUBLIC, LabelSource.OWNER)


def test_searchable_ids_can_be_narrowed_to_sources_and_clearance(store: Store, source_id: SourceId) -> None:
    other = store.add_source("other", "/other").id
    public = store.save_document(make_document(source_id, "p.md", ("p",)))
    secret = store.save_document(make_document(source_id, "s.md", ("s",), label=Label.RESTRICTED))
    foreign = store.save_document(make_document(other, "f.md", ("f",), label=Label.INTERNAL))
    p, s, f = (chunk_ids_of(store, document_id)[0] for document_id in (public, secret, foreign))
    assert store.chunk_ids().dtype == np.int64
    assert store.chunk_ids().tolist() == [p, s, f]
    assert store.chunk_ids(clearance=Label.INTERNAL).tolist() == [p, f]
    assert store.chunk_ids(sources=frozenset({source_id})).tolist() == [p, s]
    assert store.chunk_ids(sources=frozenset({source_id}), clearance=Label.PUBLIC).tolist() == [p]
    assert store.chunk_ids(sources=frozenset()).tolist() == []


def test_vectors_come_back_within_half_precision_and_beside_their_chunk(store: Store, source_id: SourceId) -> None:
    texts = [f"text {number}" for number in range(50)]
    document_id = store.save_document(make_document(source_id, texts=texts))
    ids, vectors = store.vectors()
    assert ids.tolist() == chunk_ids_of(store, document_id)
    assert (vectors.shape, vectors.dtype) == ((50, DIM), np.float32)
    expected = np.stack([make_chunk(text).vector for text in texts])
    np.testing.assert_allclose(vectors, expected, atol=2**-11)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    some, chosen = store.vectors([ids[7], ids[3], ChunkId(999)])
    assert some.tolist() == [ids[3], ids[7]]
    np.testing.assert_array_equal(chosen, vectors[[3, 7]])


def test_an_empty_store_has_no_vectors_of_no_dimension(store: Store) -> None:
    ids, vectors = store.vectors()
    assert (ids.shape, vectors.shape) == ((0,), (0, 0))
    assert store.chunk_ids().shape == (0,)


def test_vectors_of_two_models_are_stale(store: Store, source_id: SourceId) -> None:
    store.save_document(make_document(source_id, "a.md", dim=8))
    store.save_document(make_document(source_id, "b.md", dim=4))
    with pytest.raises(IndexStale, match=r"\[4, 8\]"):
        store.vectors()


def test_a_vector_that_no_embedder_gave_is_damage(store: Store, source_id: SourceId) -> None:
    store.save_document(make_document(source_id, "a.md"))
    with store._write() as db:
        db.run("UPDATE vectors SET vector = ? WHERE chunk_id = 2", np.full(DIM, np.inf, "<f2").tobytes())
    with pytest.raises(Damaged, match=r"a\.md"):
        store.vectors()


def test_texts_for_the_index_come_in_pages(store: Store, source_id: SourceId) -> None:
    for number in range(5):
        store.save_document(make_document(source_id, f"{number}.md", (f"text {number}",), label=Label.INTERNAL))
    first = store.chunk_texts(limit=2)
    rest = store.chunk_texts(first[-1].chunk_id, 10)
    assert [chunk.text for chunk in first + rest] == [f"text {number}" for number in range(5)]
    assert (first[0].title, first[0].path, first[0].heading) == ("0.md", "0.md", ("Guide", "Part"))
    assert first[0].label is Label.INTERNAL
    assert "text" not in repr(first[0])
    assert store.chunk_texts_of([rest[0].chunk_id, first[0].chunk_id, ChunkId(99)]) == [first[0], rest[0]]


def test_one_documents_chunks_come_in_its_order(store: Store, source_id: SourceId) -> None:
    store.save_document(make_document(source_id, "other.md"))
    document_id = store.save_document(make_document(source_id, texts=("a", "b", "c")))
    ids = store.chunk_ids_of(document_id)
    assert [chunk.text for chunk in store.chunks(ids)] == ["a", "b", "c"]
    assert store.chunk_ids_of(DocumentId(99)) == []


def test_another_models_vectors_take_the_place_of_the_old_and_the_caches_are_told(
    store: Store, source_id: SourceId
) -> None:
    document_id = store.save_document(make_document(source_id, dim=8))
    ids = tuple(chunk_ids_of(store, document_id))
    generation = store.generation()
    wider = np.stack([make_vector(seed, 16) for seed in (1, 2)])
    store.replace_vectors(document_id, wider)
    found, vectors = store.vectors()
    assert tuple(found) == ids
    np.testing.assert_allclose(vectors, wider, atol=2**-11)
    changes = store.changes_since(generation)
    assert (changes.removed, changes.added) == (ids, ids)
    assert [chunk.text for chunk in store.chunks(ids)] == ["first passage", "second passage"]


def test_vectors_that_do_not_fit_the_chunks_replace_nothing(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id))
    _, before = store.vectors()
    for wrong in (before[:1], before[0], np.full_like(before, np.nan)):
        with pytest.raises(StoreError, match="2 chunks"):
            store.replace_vectors(document_id, wrong)
    np.testing.assert_array_equal(store.vectors()[1], before)
