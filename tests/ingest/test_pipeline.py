"""The whole way of a folder into a real store: only what changed is read, labels follow, nothing is half done."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from ingest.lock import writing
from ingest.pipeline import parse_for_view
from ingest.reports import Meter, Progress
from rag.errors import Busy, IndexStale, IngestError
from rag.policy.labels import Label, LabelSource
from rag.records import DocumentStatus
from rag.retrieval.identity import MODEL_KEY
from tests.ingest.conftest import Bench
from tests.ingest.samples import make_docx, make_pdf, word_paragraph

GZIP = b"\x1f\x8b\x08" + bytes(20)
LONG = "The inspection window closes on the ninth of May. " * 60


def test_a_folder_becomes_documents_with_their_chunks(bench: Bench) -> None:
    bench.write("guide.md", "# VPN\n\n## Setup\n\nInstall the app.")
    bench.write("sub/plan.pdf", make_pdf([["Page one."], ["Page two."]]))
    bench.write("sub/合約.docx", make_docx(word_paragraph("本合約自簽訂日起生效。")))
    report = bench.ingest()
    assert bench.statuses(report) == {"guide.md": "added", "sub/plan.pdf": "added", "sub/合約.docx": "added"}
    plan = bench.document("sub/plan.pdf")
    assert (plan.pages, plan.format, plan.chunks, plan.status) == (2, "pdf", 2, DocumentStatus.READY)
    chunks = bench.store.chunks(bench.store.chunk_ids_of(bench.document("guide.md").id))
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [(("VPN", "Setup"), "Install the app.")]
    text = bench.store.document_text(bench.document("guide.md").id)
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)


def test_each_vector_belongs_to_its_chunk(bench: Bench) -> None:
    bench.write("a.md", f"# A\n\n{LONG}")
    bench.write("b.txt", LONG.upper())
    bench.ingest()
    from ingest.chunk import embedding_text

    for document in bench.store.documents():
        ids = bench.store.chunk_ids_of(document.id)
        found, vectors = bench.store.vectors(ids)
        for chunk, vector in zip(bench.store.chunks(found.tolist()), vectors, strict=True):
            expected = bench.embedder.embed_query(embedding_text(document.title, chunk.heading, "", chunk.text))
            assert float(vector @ expected) == pytest.approx(1.0, abs=2e-3)


def test_a_second_ingest_reads_and_embeds_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write("a.md", "text")
    bench.ingest()
    embedded = len(bench.embedder.embedded)
    generation = bench.store.generation()
    monkeypatch.setattr("ingest.reading.read_file", None)
    assert bench.statuses(bench.ingest()) == {"a.md": "unchanged"}
    assert (len(bench.embedder.embedded), bench.store.generation()) == (embedded, generation)


def test_a_new_date_alone_changes_nothing(bench: Bench) -> None:
    path = bench.write("a.md", "text")
    bench.ingest()
    embedded = len(bench.embedder.embedded)
    os.utime(path, ns=(1, 1))
    assert bench.statuses(bench.ingest()) == {"a.md": "unchanged"}
    assert len(bench.embedder.embedded) == embedded
    assert bench.document("a.md").mtime_ns == 1


def test_a_changed_document_is_replaced_and_only_its_new_parts_are_embedded(bench: Bench) -> None:
    bench.write("a.md", f"# A\n\nold\n\n# B\n\n{LONG}")
    bench.ingest()
    before = bench.document("a.md").id
    bench.embedder.embedded.clear()
    bench.write("a.md", f"# A\n\nnew words\n\n# B\n\n{LONG}")
    assert bench.statuses(bench.ingest()) == {"a.md": "updated"}
    assert [text.splitlines()[-1] for text in bench.embedder.embedded] == ["new words"]
    assert bench.document("a.md").id == before
    assert "old" not in bench.store.document_text(before)


def test_a_deleted_file_takes_its_chunks_vectors_and_words_with_it(bench: Bench) -> None:
    path = bench.write("a.md", "unforgettable")
    bench.write("b.md", "stays")
    bench.ingest()
    path.unlink()
    assert bench.statuses(bench.ingest()) == {"a.md": "removed", "b.md": "unchanged"}
    assert [document.path for document in bench.store.documents()] == ["b.md"]
    assert [chunk.text for chunk in bench.store.chunk_texts()] == ["stays"]
    assert len(bench.store.vectors()[0]) == 1


def test_a_moved_file_keeps_its_identity_and_is_not_embedded(bench: Bench) -> None:
    path = bench.write("a.md", "text")
    bench.ingest()
    before = bench.document("a.md")
    embedded = len(bench.embedder.embedded)
    (bench.folder / "sub").mkdir()
    path.rename(bench.folder / "sub" / "b.md")
    assert bench.statuses(bench.ingest()) == {"sub/b.md": "moved"}
    assert bench.document("sub/b.md").id == before.id
    assert len(bench.embedder.embedded) == embedded


def test_a_document_moved_to_another_folder_takes_that_folders_label(bench: Bench) -> None:
    bench.write("open/labels.toml", 'default = "public"')
    bench.write("closed/labels.toml", 'default = "restricted"')
    path = bench.write("closed/a.md", "text")
    bench.ingest()
    path.rename(bench.folder / "open" / "a.md")
    assert bench.one(bench.ingest(), "open/a.md").label is Label.PUBLIC
    (bench.folder / "open" / "a.md").rename(path)
    assert bench.one(bench.ingest(), "closed/a.md").label is Label.RESTRICTED


def test_the_same_content_twice_is_embedded_once(bench: Bench) -> None:
    bench.write("a.md", f"# Same\n\n{LONG}")
    bench.write("copy/a.md", f"# Same\n\n{LONG}")
    bench.ingest()
    assert len(bench.embedder.embedded) == len(set(bench.embedder.embedded))
    embedded = len(bench.embedder.embedded)
    bench.write("later.md", f"# Same\n\n{LONG}")
    assert bench.statuses(bench.ingest())["later.md"] == "added"
    assert len(bench.embedder.embedded) == embedded
    assert bench.document("later.md").chunks == bench.document("a.md").chunks


def test_what_nobody_labels_is_confidential_and_counted(bench: Bench) -> None:
    bench.write("a.md", "text")
    report = bench.ingest()
    assert report.unlabelled == 1
    assert (report.files[0].label, report.files[0].label_source) == (Label.CONFIDENTIAL, LabelSource.DEFAULT)


def test_a_label_given_once_stays_for_the_folder_and_embeds_nothing(bench: Bench) -> None:
    bench.write("a.md", "text")
    bench.ingest()
    embedded = len(bench.embedder.embedded)
    report = bench.ingest(label=Label.PUBLIC)
    assert bench.statuses(report) == {"a.md": "relabelled"}
    assert (report.unlabelled, report.source.default_label) == (0, Label.PUBLIC)
    bench.write("b.md", "more")
    report = bench.ingest()
    assert bench.one(report, "b.md").label is Label.PUBLIC
    assert bench.one(report, "a.md").status == "unchanged"
    assert len(bench.embedder.embedded) == embedded + 1


def test_a_label_from_the_page_says_so(bench: Bench) -> None:
    bench.write("a.md", "text")
    report = bench.ingest(label=Label.INTERNAL, label_source=LabelSource.PAGE)
    assert report.files[0].label_source is LabelSource.PAGE


@pytest.mark.parametrize("front", [None, Label.INTERNAL, Label.RESTRICTED])
@pytest.mark.parametrize("before", list(Label))
@pytest.mark.parametrize("after", list(Label))
def test_a_changed_labels_file_relabels_to_the_maximum_and_embeds_nothing(
    bench: Bench, front: Label | None, before: Label, after: Label
) -> None:
    head = "" if front is None else f"---\nsensitivity: {front}\n---\n"
    bench.write("a.md", f"{head}text")
    bench.write("labels.toml", f'default = "{before}"')
    bench.ingest()
    embedded = len(bench.embedder.embedded)
    bench.write("labels.toml", f'default = "{after}"  # changed')
    bench.ingest()
    assert bench.document("a.md").label is max(filter(lambda one: one is not None, [front, after]))
    assert len(bench.embedder.embedded) == embedded


def test_a_folders_looser_label_never_goes_below_what_a_changed_labels_file_says(bench: Bench) -> None:
    bench.write("a.md", "text")
    bench.write("labels.toml", 'default = "public"')
    source = bench.ingest(label=Label.CONFIDENTIAL).source
    bench.write("labels.toml", 'default = "internal"')
    bench.ingest()
    assert bench.document("a.md").label is Label.CONFIDENTIAL
    bench.store.set_source_label(source.id, Label.PUBLIC, LabelSource.PAGE)
    assert bench.document("a.md").label is Label.INTERNAL


def test_a_rule_that_was_taken_away_no_longer_holds_a_label_up(bench: Bench) -> None:
    bench.write("a.md", "text")
    bench.write("labels.toml", 'default = "restricted"')
    source = bench.ingest(label=Label.INTERNAL).source
    (bench.folder / "labels.toml").unlink()
    bench.ingest()
    assert bench.document("a.md").label is Label.INTERNAL
    bench.store.set_source_label(source.id, Label.CONFIDENTIAL, LabelSource.PAGE)
    assert (bench.document("a.md").label, bench.document("a.md").label_source) == (
        Label.CONFIDENTIAL,
        LabelSource.PAGE,
    )


def test_front_matter_changed_alone_changes_the_label_and_embeds_nothing(bench: Bench) -> None:
    bench.write("a.md", "---\nsensitivity: public\n---\n# T\n\ntext")
    bench.ingest()
    embedded = len(bench.embedder.embedded)
    bench.write("a.md", "---\nsensitivity: 極機密\n---\n# T\n\ntext")
    report = bench.ingest()
    assert report.files[0].label is Label.RESTRICTED
    assert len(bench.embedder.embedded) == embedded


def test_the_owners_label_survives_everything(bench: Bench) -> None:
    bench.write("a.md", "text")
    bench.ingest()
    bench.store.relabel_document(bench.document("a.md").id, Label.PUBLIC, LabelSource.OWNER)
    bench.write("a.md", "---\nsensitivity: restricted\n---\nnew text")
    bench.write("labels.toml", 'default = "restricted"')
    report = bench.ingest(label=Label.RESTRICTED)
    assert (report.files[0].label, report.files[0].label_source) == (Label.PUBLIC, LabelSource.OWNER)
    assert bench.document("a.md").label is Label.PUBLIC


def test_documents_under_a_wrong_labels_file_wait_and_are_never_looser(bench: Bench) -> None:
    bench.write("old.md", "---\nsensitivity: public\n---\ntext")
    bench.ingest()
    embedded = len(bench.embedder.embedded)
    bench.write("labels.toml", '[labels]\n"*.md" = "geheim"')
    bench.write("new.md", "more")
    report = bench.ingest()
    assert bench.statuses(report) == {"new.md": "failed", "old.md": "failed"}
    assert "labels.toml, line 2" in bench.one(report, "new.md").reason
    assert bench.document("new.md").status is DocumentStatus.FAILED
    assert bench.document("old.md").label is Label.RESTRICTED
    bench.write("labels.toml", '[labels]\n"*.md" = "public"')
    report = bench.ingest()
    assert bench.statuses(report) == {"new.md": "updated", "old.md": "relabelled"}
    assert {document.label for document in bench.store.documents()} == {Label.PUBLIC}
    assert len(bench.embedder.embedded) == embedded + 1


def test_a_failed_document_has_a_reason_and_is_tried_again_when_its_file_changes(bench: Bench) -> None:
    bench.write("a.pdf", make_pdf([[]], image_on=[0]))
    report = bench.ingest()
    assert report.files[0].status == "failed"
    assert "OCR" in report.files[0].reason
    assert bench.document("a.pdf").reason == report.files[0].reason
    assert bench.ingest().files[0] == bench.one(report, "a.pdf").__class__(
        "a.pdf", "failed", report.files[0].reason, Label.CONFIDENTIAL, LabelSource.DEFAULT, 0,
        report.files[0].bytes, 0.0,
    )  # fmt: skip
    bench.write("a.pdf", make_pdf([["Now with text."]]))
    assert bench.statuses(bench.ingest()) == {"a.pdf": "updated"}
    assert bench.document("a.pdf").status is DocumentStatus.READY


def test_a_document_that_becomes_unreadable_is_no_longer_found(bench: Bench) -> None:
    bench.write("a.pdf", make_pdf([["Words."]]))
    bench.ingest()
    bench.write("a.pdf", b"%PDF-1.4 broken")
    assert bench.statuses(bench.ingest()) == {"a.pdf": "failed"}
    assert bench.store.chunk_texts() == []


def test_other_formats_are_skipped_with_a_reason_and_not_stored(bench: Bench) -> None:
    bench.write("list.tgz", GZIP)
    bench.write("empty.txt", "")
    report = bench.ingest()
    assert {one.path: one.reason for one in report.files} == {
        "empty.txt": "the file is empty",
        "list.tgz": "gzip archive files are not read",
    }
    assert {one.status for one in report.files} == {"skipped"}
    assert bench.store.documents() == []


def test_a_large_file_without_a_reader_is_not_read_to_its_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.write("film.mp4", b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 2_000_000)
    monkeypatch.setattr("ingest.reading.read_file", None)
    assert bench.ingest().files[0].reason == "photo or video files are not read"


def test_a_scanned_page_among_others_is_told(bench: Bench) -> None:
    bench.write("a.pdf", make_pdf([["Words."], []], image_on=[1]))
    report = bench.ingest()
    assert (report.files[0].status, "page 2" in report.files[0].reason) == ("added", True)


def test_a_vanished_folder_deletes_nothing(bench: Bench) -> None:
    bench.write("a.md", "text")
    bench.ingest()
    shutil.rmtree(bench.folder)
    with pytest.raises(IngestError, match="no such folder"):
        bench.ingest()
    assert len(bench.store.documents()) == 1


def test_one_file_touches_only_itself(bench: Bench) -> None:
    bench.write("a.md", "one")
    bench.write("b.md", "two")
    report = bench.ingest(bench.folder / "a.md")
    assert bench.statuses(report) == {"a.md": "added"}
    assert report.source.root == str(bench.folder)
    bench.ingest()
    (bench.folder / "b.md").unlink()
    bench.ingest(bench.folder / "a.md")
    assert len(bench.store.documents()) == 2


def test_one_file_in_a_known_folder_belongs_to_that_folder(bench: Bench) -> None:
    path = bench.write("deep/down/a.md", "one")
    source = bench.ingest().source
    path.write_text("two")
    report = bench.ingest(path)
    assert (report.source.id, bench.statuses(report)) == (source.id, {"deep/down/a.md": "updated"})


def test_a_label_for_one_file_speaks_for_that_file_alone_and_stays(bench: Bench) -> None:
    bench.write("a.md", "one")
    bench.write("b.md", "two")
    report = bench.ingest(bench.folder / "a.md", label=Label.PUBLIC)
    assert report.source.default_label is None
    bench.ingest()
    assert bench.document("a.md").label is Label.PUBLIC
    assert bench.document("b.md").label is Label.CONFIDENTIAL


def test_a_wrong_path_is_a_clear_error(bench: Bench) -> None:
    with pytest.raises(IngestError, match="no such folder or file"):
        bench.ingest(bench.folder / "nothing.md")


def test_two_ingests_at_once_are_refused(bench: Bench) -> None:
    with writing(bench.settings.home), pytest.raises(Busy, match="another ingest is running"):
        bench.ingest()


def test_progress_counts_only_what_is_done_and_ends_complete(bench: Bench) -> None:
    for number in range(20):
        bench.write(f"{number}.md", LONG + str(number))
    bench.write("list.tgz", GZIP)
    told: list[Progress] = []
    bench.ingest(on_progress=told.append)
    last = told[-1]
    assert (last.files_done, last.files_total, last.failed) == (21, 21, 0)
    assert last.bytes_done == last.bytes_total > 0
    assert last.seconds_left == 0.0
    assert [one.files_done for one in told] == sorted(one.files_done for one in told)


def test_cancelling_keeps_whole_documents_and_the_next_ingest_finishes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Meter, "EVERY_SECONDS", 0.0)
    for number in range(40):
        bench.write(f"{number:02}.md", f"# {number}\n\n{LONG} {number}")
    cancel = threading.Event()

    def stop_early(progress: Progress) -> None:
        if progress.files_done >= 3:
            cancel.set()

    report = bench.ingest(on_progress=stop_early, cancel=cancel)
    assert report.cancelled
    done = len(bench.store.documents())
    assert 0 < done < 40
    assert all(document.status is DocumentStatus.READY and document.chunks for document in bench.store.documents())
    report = bench.ingest()
    assert not report.cancelled
    assert len(bench.store.documents()) == 40
    assert sum(one.status == "unchanged" for one in report.files) == done


def test_a_cancelled_ingest_removes_nothing(bench: Bench) -> None:
    bench.write("a.md", "text")
    bench.ingest()
    (bench.folder / "a.md").unlink()
    bench.write("b.md", "other")
    cancel = threading.Event()
    cancel.set()
    bench.ingest(cancel=cancel)
    assert [document.path for document in bench.store.documents()] == ["a.md"]


def test_another_model_embeds_everything_again(bench: Bench) -> None:
    bench.write("a.md", f"# A\n\n{LONG}")
    bench.write("b.md", "# B\n\ntext")
    bench.ingest()
    count = len(bench.embedder.embedded)
    bench.embedder.embedded.clear()
    bench.embedder.identity = "other/16"
    assert set(bench.statuses(bench.ingest()).values()) == {"unchanged"}
    assert len(bench.embedder.embedded) == count
    assert bench.store.meta(MODEL_KEY) == "other/16"


def test_embedding_again_goes_on_where_it_was_stopped(bench: Bench) -> None:
    for name in ("a", "b", "c"):
        bench.write(f"{name}.md", f"# {name}\n\n{LONG}{name}")
    bench.ingest()
    bench.embedder.identity = "other/16"
    cancel = threading.Event()
    real = bench.embedder.embed_passages
    calls = 0

    def embed(texts: list[str]) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            cancel.set()
        return real(texts)

    bench.embedder.embed_passages = embed  # type: ignore[method-assign,assignment]
    with pytest.raises(IndexStale, match="ingest again to go on"):
        bench.ingest(cancel=cancel)
    assert bench.store.meta(MODEL_KEY) not in ("fake/16", "other/16")
    bench.ingest()
    assert bench.store.meta(MODEL_KEY) == "other/16"


def test_the_share_of_unknown_tokens_is_measured_and_kept(bench: Bench) -> None:
    bench.write("a.md", "一二三四 four five six seven")
    report = bench.ingest()
    assert report.unknown_share == pytest.approx(0.5)
    assert bench.store.meta("unknown_share") == "0.5000"


def test_links_out_of_the_folder_are_not_read(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (bench.folder / "link.md").symlink_to(tmp_path / "secret.md")
    assert bench.ingest().files == ()


def test_parse_for_view_shows_what_the_parser_saw_and_stores_nothing(bench: Bench) -> None:
    path = bench.write("a.md", "# T\n\ntext")
    document = parse_for_view(path, bench.settings)
    assert (document.title, document.text) == ("T", "T\n\ntext")
    assert bench.store.documents() == []
