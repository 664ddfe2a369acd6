"""The highest of those who speak decides; silence is confidential; the owner's word stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.labelling import Decision, Labeller, decide
from rag.policy.labels import Label, LabelSource
from rag.records import Document, DocumentId, DocumentStatus, SourceId

VOICES = st.none() | st.sampled_from(Label)


def known(label: Label, source: LabelSource, format: str = "markdown") -> Document:
    return Document(
        DocumentId(1), SourceId(1), "s", "a.md", "t", format, "h", 1, 1, DocumentStatus.READY, "", label, source,
        False, None, 1, "",
    )  # fmt: skip


def folder(tmp_path: Path, toml: Label | None) -> Path:
    if toml is not None:
        (tmp_path / "labels.toml").write_text(f'default = "{toml}"')
    return tmp_path


def front(label: Label | None) -> dict[str, str]:
    return {} if label is None else {"sensitivity": label.word}


def test_what_nobody_labels_is_confidential(tmp_path: Path) -> None:
    assert decide(tmp_path, "a.md", {}) == (Label.CONFIDENTIAL, LabelSource.DEFAULT)


@pytest.mark.parametrize("toml", [None, *Label])
@pytest.mark.parametrize("spoken", [None, *Label])
@pytest.mark.parametrize("given_label", [None, *Label])
def test_the_label_is_the_maximum_over_those_who_speak(
    tmp_path: Path, toml: Label | None, spoken: Label | None, given_label: Label | None
) -> None:
    label, source = decide(folder(tmp_path, toml), "a.md", front(spoken), given_label)
    voices = {
        LabelSource.LABELS_TOML: toml,
        LabelSource.FRONT_MATTER: spoken,
        LabelSource.COMMAND_LINE: given_label,
    }
    heard = {who: said for who, said in voices.items() if said is not None}
    assert label is max(heard.values(), default=Label.CONFIDENTIAL)
    assert heard.get(source, Label.CONFIDENTIAL) is label
    assert (source is LabelSource.DEFAULT) == (not heard)


@given(stored=VOICES, spoken=VOICES, before=VOICES, after=VOICES)
def test_an_unread_document_gets_the_label_that_reading_it_would_give(
    tmp_path_factory: pytest.TempPathFactory, stored: Label | None, spoken: Label | None, before: Label | None,
    after: Label | None,
) -> None:  # fmt: skip
    root = folder(tmp_path_factory.mktemp("root"), stored)
    first = Labeller(root, before).decide("a.md", front(spoken))
    document = known(first.label, first.source)
    given_after = before if after is None else after
    again = Labeller(root, given_after)
    unread = again.decide_unread("a.md", document)
    read = again.decide("a.md", front(spoken), document)
    if unread is not None:
        assert unread.label is read.label
        assert (unread.source is LabelSource.DEFAULT) == (read.source is LabelSource.DEFAULT)


def test_a_changed_labels_file_makes_a_document_be_read_where_it_may_have_front_matter(
    tmp_path: Path,
) -> None:
    labeller = Labeller(folder(tmp_path, Label.PUBLIC), reconsider=True)
    assert labeller.decide_unread("a.md", known(Label.PUBLIC, LabelSource.LABELS_TOML)) is None
    pdf = labeller.decide_unread("a.pdf", known(Label.INTERNAL, LabelSource.LABELS_TOML, "pdf"))
    assert pdf is not None
    assert pdf.label is Label.PUBLIC


def test_the_owners_label_stands_whatever_the_files_say(tmp_path: Path) -> None:
    labeller = Labeller(folder(tmp_path, Label.RESTRICTED), Label.RESTRICTED)
    owned = known(Label.PUBLIC, LabelSource.OWNER)
    decision = labeller.decide("a.md", front(Label.RESTRICTED), owned)
    assert (decision.label, decision.source) == (Label.PUBLIC, LabelSource.OWNER)
    unread = labeller.decide_unread("a.md", owned)
    assert unread is not None
    assert (unread.label, unread.source) == (Label.PUBLIC, LabelSource.OWNER)


def test_a_label_given_for_one_document_is_still_heard_later(tmp_path: Path) -> None:
    decision = Labeller(tmp_path).decide("a.md", {}, known(Label.PUBLIC, LabelSource.COMMAND_LINE))
    assert (decision.label, decision.source) == (Label.PUBLIC, LabelSource.COMMAND_LINE)


def test_what_the_file_says_is_told_even_where_another_decides(tmp_path: Path) -> None:
    decision = Labeller(folder(tmp_path, Label.PUBLIC), Label.RESTRICTED).decide("a.md", front(Label.INTERNAL))
    assert decision == Decision(
        Label.RESTRICTED, LabelSource.COMMAND_LINE, "", (Label.INTERNAL, LabelSource.FRONT_MATTER)
    )


def test_an_unknown_word_is_told(tmp_path: Path) -> None:
    decision = Labeller(tmp_path).decide("a.md", {"密等": "待定"})
    assert decision.label is Label.CONFIDENTIAL
    assert decision.source is LabelSource.FRONT_MATTER
    assert "not a known word" in decision.reason
