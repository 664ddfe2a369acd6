"""The Documents page and the Sending records page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.fakes import page_data
from tests.fakes.page_server import Stage

pytestmark = pytest.mark.browser


def test_documents_are_listed_with_their_sensitivity_and_who_set_it(open_page: OpenPage) -> None:
    page = open_page("/documents")
    rows = page.locator(".records tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.nth(0)).to_contain_text("Leave and absence")
    expect(rows.nth(0)).to_contain_text("from labels.toml")
    expect(rows.nth(3)).to_contain_text("not labelled, so treated as this")
    expect(rows.nth(1).locator(".cell-pages")).to_have_text("12")


def test_a_document_that_failed_is_named_with_its_reason(open_page: OpenPage) -> None:
    page = open_page("/documents")
    expect(page.locator(".failed")).to_contain_text("1 document could not be read")
    expect(page.locator(".failed")).to_contain_text("people/old-scan.pdf")
    expect(page.locator(".failed")).to_contain_text("The file is encrypted; save a copy without a password.")


def test_documents_are_filtered_by_name_folder_and_sensitivity(open_page: OpenPage) -> None:
    page = open_page("/documents")
    rows = page.locator(".records tbody tr")
    page.get_by_role("searchbox", name="Filter by name").fill("薪資")
    expect(rows).to_have_count(1)
    page.get_by_role("searchbox", name="Filter by name").fill("")
    page.get_by_label("Folder", exact=True).select_option(label="Reading list")
    expect(rows).to_have_count(1)
    page.get_by_label("Folder", exact=True).select_option(label="All folders")
    page.locator(".table-tools").get_by_label("Sensitivity").select_option(label="Restricted")
    expect(rows).to_have_text([re.compile("Board minutes")])


def test_raising_a_label_happens_at_once_and_lowering_asks_for_a_reason(open_page: OpenPage, stage: Stage) -> None:
    page = open_page("/documents")
    page.get_by_role("button", name="Sensitivity of Leave and absence: Public. Change").click()
    page.get_by_role("menuitemradio", name="Internal").click()
    expect(page.locator(".records tbody tr").first).to_contain_text("set by hand")
    assert stage.called("POST", "/api/documents/1/label") == [{"label": "internal", "reason": ""}]
    page.get_by_role("button", name="Sensitivity of Leave and absence: Internal. Change").click()
    page.get_by_role("menuitemradio", name="Public").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Lower from Internal to Public?")
    assert len(stage.called("POST", "/api/documents/1/label")) == 1
    dialog.get_by_role("textbox").fill("published last week")
    dialog.get_by_role("button", name="Lower it").click()
    expect(page.locator(".toasts")).to_contain_text("is now Public")
    assert stage.called("POST", "/api/documents/1/label")[1] == {"label": "public", "reason": "published last week"}


def test_lowering_can_be_called_off(open_page: OpenPage, stage: Stage) -> None:
    page = open_page("/documents")
    page.get_by_label("Sensitivity", exact=True).and_(page.locator("#source-label-2")).select_option("public")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator("#source-label-2")).to_have_value("confidential")
    assert stage.called("POST", "/api/sources/2/label") == []


def test_an_unlabelled_folder_is_asked_about_once(open_page: OpenPage, stage: Stage) -> None:
    page = open_page("/documents")
    banner = page.locator("#view-documents .banner")
    expect(banner).to_contain_text("How sensitive is “Reading list”?")
    banner.get_by_role("button", name=re.compile("Internal")).click()
    expect(banner).to_have_count(0)
    assert stage.called("POST", "/api/sources/3/label") == [{"label": "internal"}]


def test_a_put_off_question_stays_away(open_page: OpenPage) -> None:
    page = open_page("/documents")
    page.locator("#view-documents .banner").get_by_role("button", name="Not now").click()
    page.reload()
    expect(page.locator(".source-folder")).to_have_count(3)
    expect(page.locator("#view-documents .banner")).to_have_count(0)


def test_the_sample_is_removed_with_one_click(open_page: OpenPage, stage: Stage) -> None:
    page = open_page("/documents")
    page.get_by_role("button", name="Remove the sample").click()
    expect(page.locator(".source-folder")).to_have_count(2)
    assert stage.called("DELETE", "/api/sources/1") == [None]


def test_another_folder_is_only_removed_after_a_yes(open_page: OpenPage, stage: Stage) -> None:
    page = open_page("/documents")
    page.locator(".source-folder", has_text="Reading list").get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert stage.called("DELETE", "/api/sources/3") == []
    page.locator(".source-folder", has_text="Reading list").get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator(".source-folder")).to_have_count(2)


def test_a_folder_is_added_by_its_path_and_a_wrong_one_is_explained(open_page: OpenPage, stage: Stage) -> None:
    page = open_page("/documents")
    page.get_by_role("button", name="Add a folder").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Folder on this computer").fill("papers")
    dialog.get_by_role("button", name="Add and read").click()
    expect(dialog.get_by_role("alert")).to_have_text("path: give the folder's full path.")
    dialog.get_by_label("Folder on this computer").fill("/srv/papers")
    dialog.get_by_label("How sensitive is this folder?").select_option("internal")
    dialog.get_by_role("button", name="Add and read").click()
    expect(dialog).to_have_count(0)
    assert stage.called("POST", "/api/sources")[1] == {"path": "/srv/papers", "label": "internal"}


def test_files_are_uploaded_by_choosing_and_by_dropping(open_page: OpenPage, stage: Stage) -> None:
    page = open_page("/documents")
    note = {"name": "筆記.md", "mimeType": "text/markdown", "buffer": b"# note"}
    page.locator("input[type=file]").set_input_files([note])
    expect(page.locator(".toasts")).to_contain_text("Adding 1 file")
    page.evaluate("""() => {
      const data = new DataTransfer()
      data.items.add(new File(['x'], 'dropped.txt'))
      const view = document.getElementById('view-documents')
      view.dispatchEvent(new DragEvent('dragenter', {dataTransfer: data, bubbles: true, cancelable: true}))
      window.__shown = view.classList.contains('dropping')
      view.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}))
    }""")
    assert page.evaluate("window.__shown") is True
    expect(page.locator(".toasts .toast")).to_have_count(2)
    stage.wait_for("POST", "/api/upload", 2)
    assert stage.called("POST", "/api/upload") == [["筆記.md"], ["dropped.txt"]]


def test_reading_shows_how_far_it_is_and_reloads_the_list_at_its_end(open_page: OpenPage, stage: Stage) -> None:
    stage.status["ingest"] = {
        "running": True, "files_done": 12, "files_total": 40, "bytes_done": 250, "bytes_total": 1000,
        "current": "people/handbook.pdf", "rate": 38.4, "seconds_left": 21, "failed": 1,
    }  # fmt: skip
    page = open_page("/documents")
    card = page.locator(".ingest-card")
    expect(card).to_contain_text("12 of 40 files · 38.4 excerpts/s · about 21 s left · 1 could not be read")
    expect(card).to_contain_text("25%")
    expect(card).to_contain_text("people/handbook.pdf")
    stage.documents.append({**stage.documents[0], "id": 90, "title": "Just read"})
    stage.status = {**stage.status, "ingest": None, "documents": 26}
    expect(card).to_have_count(0)
    expect(page.locator(".records tbody tr")).to_have_count(7)


def test_a_folder_is_kept_local_and_read_again(open_page: OpenPage, stage: Stage) -> None:
    page = open_page("/documents")
    card = page.locator(".source-folder").first
    card.get_by_role("switch").click()
    expect(page.locator(".source-folder").first.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    assert stage.sources[0]["local_only"] is True
    page.locator(".source-folder").first.get_by_role("button", name="Read again").click()
    expect(page.locator(".source-folder")).to_have_count(3)
    assert stage.called("POST", "/api/sources/1/ingest") == [None]


def test_records_are_listed_filtered_and_opened(open_page: OpenPage, stage: Stage) -> None:
    stage.receipts = [page_data.receipt(2, "cloud"), page_data.receipt(1, "quotes", status="stopped")]
    page = open_page("/receipts")
    rows = page.locator(".records tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("1,184 → 142")
    expect(rows.nth(1)).to_contain_text("Stopped")
    page.locator(".filter", has_text="This computer").click()
    expect(rows).to_have_count(1)
    rows.first.get_by_role("button").click()
    expect(page.locator("#drawer")).to_contain_text("Nothing left this computer.")
    page.locator("#drawer").get_by_role("button", name="Excerpt 11").click()
    expect(page.locator("#drawer mark")).to_contain_text("Every colleague")


def test_the_status_panel_names_mode_guards_and_what_needs_a_hand(open_page: OpenPage) -> None:
    page = open_page()
    button = page.get_by_role("button", name="Status: By sensitivity, needs attention")
    button.click()
    panel = page.get_by_role("dialog", name="Status")
    expect(panel).to_contain_text("The part that reads your documents has no network.")
    expect(panel.locator(".guard.off")).to_contain_text("Not in force: The store is not encrypted on disk.")
    expect(panel.locator(".command")).to_contain_text("airlock models prepare intfloat/multilingual-e5-small")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(button).to_be_focused()
