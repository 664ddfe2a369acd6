"""Sources: found again by their root, switched, removed."""

from __future__ import annotations

import pytest

from rag.errors import NotFound
from rag.policy.labels import Label, LabelSource
from rag.records import SourceId
from rag.store import Store
from tests.fakes.drafts import make_document, make_failed


def test_a_new_source_is_unlabelled_and_not_local_only(store: Store) -> None:
    source = store.add_source("papers", "/papers")
    assert (source.name, source.root, source.sample, source.local_only) == ("papers", "/papers", False, False)
    assert (source.default_label, source.default_label_source) == (None, None)
    assert store.source(source.id) == source
    assert store.sources() == [source]


def test_the_same_root_is_the_same_source_and_takes_the_label_given_later(store: Store) -> None:
    first = store.add_source("papers", "/papers")
    again = store.add_source("other", "/papers", default_label=Label.INTERNAL, default_label_source=LabelSource.PAGE)
    assert (again.id, again.name) == (first.id, "papers")
    assert (again.default_label, again.default_label_source) == (Label.INTERNAL, LabelSource.PAGE)
    assert store.add_source("papers", "/papers") == again


def test_a_default_label_given_with_the_source_is_audited(store: Store) -> None:
    source = store.add_source("a", "/a", default_label=Label.PUBLIC, default_label_source=LabelSource.PAGE)
    store.add_source("a", "/a", default_label=Label.PUBLIC, default_label_source=LabelSource.PAGE)
    (change,) = store.label_changes()
    assert (change.source_id, change.document_id, change.old, change.new) == (
        source.id,
        None,
        None,
        Label.PUBLIC,
    )


def test_the_local_only_switch_shows_on_documents_and_evidence_at_once(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id))
    (first, _) = store.chunk_ids().tolist()
    store.set_source_local_only(source_id, True)
    assert store.source(source_id).local_only
    assert store.document(document_id).local_only
    assert store.chunk_evidence([first])[first].local_only
    store.set_source_local_only(source_id, False)
    assert not store.document(document_id).local_only


def test_removing_a_source_takes_everything_in_it_and_nothing_else(store: Store, source_id: SourceId) -> None:
    other = store.add_source("other", "/other").id
    kept = store.save_document(make_document(other, "kept.md"))
    store.save_document(make_document(source_id, "a.md"))
    store.save_document(make_failed(source_id))
    assert store.remove_source(source_id) == 2
    assert [document.id for document in store.documents()] == [kept]
    assert len(store.chunk_ids()) == len(store.vectors()[0]) == 2
    assert store.meta("sample_removed") is None
    with pytest.raises(NotFound):
        store.source(source_id)


def test_a_removed_sample_is_remembered(store: Store) -> None:
    sample = store.add_source("sample", "/corpus", sample=True)
    store.remove_source(sample.id)
    assert store.meta("sample_removed") == "1"


def test_ids_of_removed_sources_are_not_given_again(store: Store) -> None:
    first = store.add_source("a", "/a")
    store.remove_source(first.id)
    assert store.add_source("a", "/a").id > first.id


def test_what_does_not_exist_is_not_found(store: Store) -> None:
    gone = SourceId(7)
    for call in (
        lambda: store.source(gone),
        lambda: store.set_source_local_only(gone, True),
        lambda: store.set_source_label(gone, Label.PUBLIC, LabelSource.PAGE),
        lambda: store.remove_source(gone),
    ):
        with pytest.raises(NotFound):
            call()


def test_counts_are_per_source_or_for_all(store: Store, source_id: SourceId) -> None:
    other = store.add_source("other", "/other").id
    store.save_document(make_document(source_id, label=Label.CONFIDENTIAL, label_source=LabelSource.DEFAULT))
    store.save_document(make_failed(source_id))
    store.save_document(make_document(other, "b.md", ("one",)))
    counts = store.counts(source_id)
    assert (counts.documents, counts.chunks, counts.failed, counts.unlabelled) == (2, 2, 1, 1)
    everything = store.counts()
    assert (everything.documents, everything.chunks, everything.failed, everything.unlabelled) == (3, 3, 1, 1)
    assert store.counts(SourceId(99)).documents == 0
