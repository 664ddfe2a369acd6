"""Documents, passages, sources, uploads and receipts over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rag.policy.labels import Label, LabelSource
from tests.web.conftest import Page


def by_path(page: Page) -> dict[str, Any]:
    return {one["path"]: one for one in page.client.get("/api/documents").json()}


def test_documents_are_listed_with_their_labels_and_reasons(page: Page) -> None:
    documents = by_path(page)
    assert documents["leave.md"]["label"] == "public"
    assert documents["deep/pay.md"]["label_source"] == "default"
    assert (documents["broken.pdf"]["status"], documents["broken.pdf"]["reason"]) == ("failed", "encrypted")


def test_an_owner_labels_a_document_and_the_change_is_audited(page: Page) -> None:
    document = by_path(page)["leave.md"]["id"]
    body = {"label": "Restricted", "reason": "names a person"}
    answer = page.post(f"/api/documents/{document}/label", body).json()
    assert (answer["changed"], answer["document"]["label"]) == (True, "restricted")
    assert answer["document"]["label_source"] == "owner"
    change = page.store.label_changes(document)[0]
    assert (change.old, change.new, change.reason) == (Label.PUBLIC, Label.RESTRICTED, "names a person")


def test_an_unknown_label_is_refused_with_the_four_that_exist(page: Page) -> None:
    document = by_path(page)["leave.md"]["id"]
    answer = page.post(f"/api/documents/{document}/label", {"label": "secret"})
    assert answer.status_code == 422
    assert "public, internal, confidential, restricted" in answer.json()["detail"]


def test_a_passage_opens_with_its_surroundings(page: Page) -> None:
    chunk = page.post("/api/search", {"text": "x"}).json()["passages"][1]["chunk_id"]
    shown = page.client.get(f"/api/chunks/{chunk}").json()
    assert shown["text"] == "Ten days at most."
    assert shown["before"] == "Leave carries over.\n\n"
    assert shown["heading"] == ["Rules"]
    assert page.client.get("/api/chunks/99999").status_code == 404


def test_a_source_is_listed_labelled_and_kept_local(page: Page) -> None:
    source = page.client.get("/api/sources").json()[0]
    counts = (source["documents"], source["failed"], source["unlabelled"], source["default_label"])
    assert counts == (2, 1, 1, None)
    labelled = page.post(f"/api/sources/{source['id']}/label", {"label": "internal"}).json()["source"]
    assert (labelled["default_label"], labelled["unlabelled"]) == ("internal", 0)
    assert by_path(page)["deep/pay.md"]["label_source"] == LabelSource.PAGE.value
    assert page.post(f"/api/sources/{source['id']}/local-only", {"on": True}).json()["local_only"] is True


def test_a_removed_source_takes_its_documents_with_it(page: Page) -> None:
    source = page.client.get("/api/sources").json()[0]["id"]
    assert page.send("DELETE", f"/api/sources/{source}").json() == {"removed": 3}
    assert page.client.get("/api/documents").json() == []
    assert page.send("DELETE", f"/api/sources/{source}").status_code == 404


def test_a_folder_is_ingested_in_a_child_with_the_label_given(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    answer = page.post("/api/sources", {"path": str(folder), "label": "public"})
    assert answer.status_code == 202
    job = page.jobs.started[0]
    assert (job.folder, job.label) == (folder, Label.PUBLIC)


@pytest.mark.parametrize("path", ["papers", "../papers", "", "/no/such/folder", "/tmp\0/x"])
def test_a_path_that_is_no_folder_is_refused(page: Page, path: str) -> None:
    assert page.post("/api/sources", {"path": path, "label": None}).status_code == 422
    assert page.jobs.started == []


def test_airlocks_own_folder_is_never_ingested(page: Page, home: Path) -> None:
    for folder in (home, home / "models"):
        folder.mkdir(exist_ok=True)
        assert page.post("/api/sources", {"path": str(folder)}).status_code == 422


def test_a_source_is_ingested_again_from_its_own_folder(page: Page) -> None:
    source = page.store.sources()[0]
    assert page.post(f"/api/sources/{source.id}/ingest", None).status_code == 202
    assert (str(page.jobs.started[0].folder), page.jobs.started[0].name) == (source.root, "handbook")


def test_uploads_land_below_home_and_are_ingested_as_one_source(page: Page, home: Path) -> None:
    files = [("files", ("請假.md", b"# a")), ("files", ("../../evil.md", b"# b"))]
    answer = page.send("POST", "/api/upload", files=files, data={"label": "internal"})
    assert answer.status_code == 202
    assert answer.json()["files"] == ["請假.md", "evil.md"]
    stored = sorted(path.relative_to(home).parts[0] + "/" + path.name for path in home.rglob("*.md"))
    assert stored == ["uploads/evil.md", "uploads/請假.md"]
    job = page.jobs.started[0]
    assert (job.folder, job.name) == (home / "uploads", "Uploads")


def test_an_upload_over_the_limit_is_refused(page: Page) -> None:
    limit = page.airlock.settings.server.max_upload_megabytes * 1024 * 1024
    answer = page.send("POST", "/api/upload", files=[("files", ("a.txt", b"x" * (limit + 1)))])
    assert answer.status_code == 413
    assert page.jobs.started == []


def test_removing_the_uploads_removes_their_files(page: Page, home: Path) -> None:
    page.send("POST", "/api/upload", files=[("files", ("a.md", b"# a"))])
    source = page.store.add_source("Uploads", str(home / "uploads"))
    page.send("DELETE", f"/api/sources/{source.id}")
    assert not (home / "uploads").exists()


def test_receipts_are_listed_newest_first_and_opened_by_id(page: Page) -> None:
    for text in ("one", "two"):
        page.post("/api/ask", {"text": text})
    receipts = page.client.get("/api/receipts?limit=5").json()
    assert [one["id"] for one in receipts] == sorted((one["id"] for one in receipts), reverse=True)
    one = page.client.get(f"/api/receipts/{receipts[0]['id']}").json()
    assert one == receipts[0]
    assert one["chunks"] == [{"id": page.store.chunk_ids()[0], "label": "public"}]
    assert "Leave" not in str(receipts)
    assert page.client.get("/api/receipts/999").status_code == 404
