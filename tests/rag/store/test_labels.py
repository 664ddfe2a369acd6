"""Changes of labels: who may, what follows, and the audit that cannot be changed."""

from __future__ import annotations

import dataclasses

import pytest

from rag.errors import StoreError
from rag.policy.labels import Label, LabelSource
from rag.records import SourceId
from rag.store import Store
from tests.fakes.drafts import make_document

OTHERS = [source for source in LabelSource if source is not LabelSource.OWNER]


def test_a_relabelled_document_says_who_did_it_and_the_audit_says_what_it_was(
    store: Store, source_id: SourceId
) -> None:
    document_id = store.save_document(
        make_document(source_id, label=Label.CONFIDENTIAL, label_source=LabelSource.DEFAULT)
    )
    assert store.relabel_document(document_id, Label.PUBLIC, LabelSource.PAGE, reason="press release")
    document = store.document(document_id)
    assert (document.label, document.label_source) == (Label.PUBLIC, LabelSource.PAGE)
    (change,) = store.label_changes(document_id)
    assert (change.old, change.old_source) == (Label.CONFIDENTIAL, LabelSource.DEFAULT)
    assert (change.new, change.new_source) == (Label.PUBLIC, LabelSource.PAGE)
    assert (change.source_id, change.document_id) == (source_id, document_id)
    assert (change.reason, change.at) == ("press release", document.updated_at)


def test_saying_the_same_again_changes_nothing_and_is_not_audited(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id))
    assert not store.relabel_document(document_id, Label.PUBLIC, LabelSource.COMMAND_LINE)
    assert store.label_changes() == []


def test_the_first_to_say_confidential_of_an_unlabelled_document_changes_it(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(
        make_document(source_id, label=Label.CONFIDENTIAL, label_source=LabelSource.DEFAULT)
    )
    assert store.relabel_document(document_id, Label.CONFIDENTIAL, LabelSource.PAGE)
    assert store.counts().unlabelled == 0


def test_a_relabel_changes_nothing_in_the_caches(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id))
    generation = store.generation()
    store.relabel_document(document_id, Label.RESTRICTED, LabelSource.OWNER)
    store.set_source_label(source_id, Label.INTERNAL, LabelSource.PAGE)
    assert store.generation() == generation


@pytest.mark.parametrize("source", OTHERS)
def test_what_the_owner_said_stays_until_the_owner_says_otherwise(
    store: Store, source_id: SourceId, source: LabelSource
) -> None:
    document_id = store.save_document(make_document(source_id))
    store.relabel_document(document_id, Label.INTERNAL, LabelSource.OWNER)
    assert not store.relabel_document(document_id, Label.RESTRICTED, source)
    assert store.document(document_id).label is Label.INTERNAL
    assert store.relabel_document(document_id, Label.PUBLIC, LabelSource.OWNER)
    assert store.document(document_id).label is Label.PUBLIC


def test_the_owners_label_survives_ingesting_the_path_again(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id))
    store.relabel_document(document_id, Label.RESTRICTED, LabelSource.OWNER)
    store.save_document(make_document(source_id, texts=("changed",), label=Label.PUBLIC))
    document = store.document(document_id)
    assert (document.label, document.label_source) == (Label.RESTRICTED, LabelSource.OWNER)
    assert store.find_damage() == []


def test_a_label_that_changes_with_ingesting_again_is_audited(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id, label=Label.INTERNAL))
    store.save_document(make_document(source_id, texts=("x",), label=Label.PUBLIC))
    store.save_document(make_document(source_id, texts=("y",), label=Label.PUBLIC))
    (change,) = store.label_changes(document_id)
    assert (change.old, change.new) == (Label.INTERNAL, Label.PUBLIC)


FOLLOWING = [LabelSource.DEFAULT, LabelSource.COMMAND_LINE, LabelSource.PAGE]


@pytest.mark.parametrize("before", FOLLOWING)
@pytest.mark.parametrize("label", list(Label))
def test_documents_that_only_their_folder_spoke_for_follow_it(
    store: Store, source_id: SourceId, before: LabelSource, label: Label
) -> None:
    document_id = store.save_document(make_document(source_id, label=Label.CONFIDENTIAL, label_source=before))
    same = (label, LabelSource.PAGE) == (Label.CONFIDENTIAL, before)
    assert store.set_source_label(source_id, label, LabelSource.PAGE, reason="why") == (0 if same else 1)
    document = store.document(document_id)
    assert (document.label, document.label_source) == (label, LabelSource.PAGE)
    source = store.source(source_id)
    assert (source.default_label, source.default_label_source) == (label, LabelSource.PAGE)


@pytest.mark.parametrize("speaker", [LabelSource.LABELS_TOML, LabelSource.FRONT_MATTER])
def test_a_folders_label_joins_with_what_a_file_says_of_itself(
    store: Store, source_id: SourceId, speaker: LabelSource
) -> None:
    document_id = store.save_document(make_document(source_id, label=Label.INTERNAL, label_source=speaker))
    seen = []
    for label in (Label.PUBLIC, Label.INTERNAL, Label.CONFIDENTIAL, Label.PUBLIC):
        store.set_source_label(source_id, label, LabelSource.PAGE)
        document = store.document(document_id)
        seen.append((document.label, document.label_source))
    assert seen == [
        (Label.INTERNAL, speaker),
        (Label.INTERNAL, speaker),
        (Label.CONFIDENTIAL, LabelSource.PAGE),
        (Label.INTERNAL, speaker),
    ]


def test_a_file_that_says_less_than_its_folder_is_still_a_floor(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id, label=Label.RESTRICTED, file_label=Label.INTERNAL))
    store.set_source_label(source_id, Label.PUBLIC, LabelSource.PAGE)
    document = store.document(document_id)
    assert (document.label, document.label_source) == (Label.INTERNAL, LabelSource.FRONT_MATTER)


def test_a_floor_can_be_learned_and_forgotten_without_reading_the_file_again(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id, label=Label.CONFIDENTIAL))
    floor = (Label.INTERNAL, LabelSource.LABELS_TOML)
    store.relabel_document(document_id, Label.CONFIDENTIAL, LabelSource.COMMAND_LINE, file_label=floor)
    store.set_source_label(source_id, Label.PUBLIC, LabelSource.PAGE)
    assert store.document(document_id).label is Label.INTERNAL
    store.relabel_document(document_id, Label.CONFIDENTIAL, LabelSource.DEFAULT)
    store.set_source_label(source_id, Label.PUBLIC, LabelSource.COMMAND_LINE)
    assert store.document(document_id).label is Label.PUBLIC


def test_a_folders_label_leaves_the_owners_and_other_folders_alone(store: Store, source_id: SourceId) -> None:
    other = store.add_source("other", "/other").id
    mine = store.save_document(make_document(source_id, "mine.md"))
    store.relabel_document(mine, Label.INTERNAL, LabelSource.OWNER)
    foreign = store.save_document(make_document(other, "foreign.md"))
    assert store.set_source_label(source_id, Label.RESTRICTED, LabelSource.PAGE) == 0
    assert store.document(mine).label is Label.INTERNAL
    assert store.document(foreign).label is Label.PUBLIC


def test_nobody_can_set_a_folder_to_unlabelled(store: Store, source_id: SourceId) -> None:
    with pytest.raises(StoreError):
        store.set_source_label(source_id, Label.PUBLIC, LabelSource.DEFAULT)
    assert store.source(source_id).default_label is None


def test_a_folders_own_change_and_each_documents_are_audited_with_the_reason(store: Store, source_id: SourceId) -> None:
    for name in ("a.md", "b.md"):
        store.save_document(make_document(source_id, name, label=Label.INTERNAL))
    assert store.set_source_label(source_id, Label.PUBLIC, LabelSource.PAGE, reason="published") == 2
    changes = store.label_changes()
    assert [change.document_id for change in changes] == [2, 1, None]
    assert {change.reason for change in changes} == {"published"}
    assert [change.document_id for change in store.label_changes(limit=1)] == [2]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE label_changes SET new = 0",
        "DELETE FROM label_changes",
        "REPLACE INTO label_changes SELECT * FROM label_changes",
    ],
)
def test_the_audit_only_grows(store: Store, source_id: SourceId, sql: str) -> None:
    store.set_source_label(source_id, Label.INTERNAL, LabelSource.PAGE)
    before = store.label_changes()
    with pytest.raises(StoreError, match="only grows"), store._write() as db:
        db.run(sql)
    assert store.label_changes() == before


def test_the_audit_outlives_what_it_speaks_of(store: Store, source_id: SourceId) -> None:
    document_id = store.save_document(make_document(source_id))
    store.relabel_document(document_id, Label.RESTRICTED, LabelSource.OWNER)
    store.remove_source(source_id)
    assert [change.new for change in store.label_changes(document_id)] == [Label.RESTRICTED]


def test_a_failed_document_keeps_the_owners_label(store: Store, source_id: SourceId) -> None:
    draft = make_document(source_id)
    document_id = store.save_document(draft)
    store.relabel_document(document_id, Label.RESTRICTED, LabelSource.OWNER)
    store.save_document(dataclasses.replace(draft, content_hash="other", label=Label.PUBLIC))
    assert store.document(document_id).label is Label.RESTRICTED
