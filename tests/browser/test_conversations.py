"""The list of conversations: opening, renaming, deleting with undo, and going back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, ask
from tests.fakes.page_server import Stage

pytestmark = pytest.mark.browser


def choose(page: Page, title: str, action: str) -> None:
    """Open the menu of a conversation and choose from it."""
    page.locator(".chat-item", has_text=title).hover()
    page.get_by_role("button", name=f"More for “{title}”").click()
    page.get_by_role("menuitem", name=action).click()


def test_a_new_conversation_appears_in_the_list_with_its_title(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "How many days of leave?")
    expect(page.locator(".chat-item.current")).to_contain_text("How many days of leave?")
    expect(page.locator("#view-title")).to_have_text("How many days of leave?")
    expect(page).to_have_title("How many days of leave? · Airlock")
    page.reload()
    expect(page.locator(".badge")).to_be_visible()


def test_a_conversation_is_renamed_where_it_stands(open_page: OpenPage, stage: Stage) -> None:
    chat = stage.add_chat("Old name")
    page = open_page(f"/#{chat}")
    choose(page, "Old name", "Rename")
    expect(page.locator(".rename")).to_be_focused()
    page.fill(".rename", "新名稱")
    page.press(".rename", "Enter")
    expect(page.locator(".chat-item")).to_have_text("新名稱")
    expect(page.locator("#view-title")).to_have_text("新名稱")
    assert stage.chats[chat]["title"] == "新名稱"


def test_escape_leaves_the_name_as_it_was(open_page: OpenPage, stage: Stage) -> None:
    chat = stage.add_chat("Old name")
    page = open_page()
    choose(page, "Old name", "Rename")
    page.fill(".rename", "Other")
    page.press(".rename", "Escape")
    expect(page.locator(".chat-item")).to_have_text("Old name")
    assert stage.chats[chat]["title"] == "Old name"


def test_a_deleted_conversation_comes_back_with_undo(open_page: OpenPage, stage: Stage) -> None:
    chat = stage.add_chat("Keep me")
    page = open_page(f"/#{chat}")
    choose(page, "Keep me", "Delete")
    expect(page.locator(".chat-item")).to_have_count(0)
    expect(page.locator(".empty")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".chat-item.current")).to_have_text("Keep me")
    assert stage.called("DELETE", "/api/chats") == []
    assert chat in stage.chats


def test_a_deletion_holds_when_its_note_is_closed_or_the_page_is_left(open_page: OpenPage, stage: Stage) -> None:
    first, second = stage.add_chat("First one"), stage.add_chat("Second one")
    page = open_page()
    choose(page, "First one", "Delete")
    page.locator(".toast").get_by_role("button", name="Close").click()
    expect(page.locator(".toast")).to_have_count(0)
    choose(page, "Second one", "Delete")
    page.reload()
    expect(page.locator(".chat-item")).to_have_count(0)
    assert set(stage.called("DELETE", "/api/chats")) == {first, second}
    assert stage.chats == {}


def test_back_and_forward_walk_through_conversations_and_pages(open_page: OpenPage, stage: Stage) -> None:
    one, two = stage.add_chat("One"), stage.add_chat("Two")
    page = open_page()
    page.get_by_role("link", name="One").click()
    page.get_by_role("link", name="Two").click()
    page.locator('.places [data-view="documents"]').click()
    expect(page.locator("#view-title")).to_have_text("Documents")
    page.go_back()
    expect(page.locator("#view-title")).to_have_text("Two")
    assert page.url.endswith(two)
    page.go_back()
    expect(page.locator("#view-title")).to_have_text("One")
    assert page.url.endswith(one)
    page.go_forward()
    expect(page.locator(".chat-item.current")).to_have_text("Two")


def test_a_conversation_that_is_gone_opens_a_new_one_and_says_so(open_page: OpenPage) -> None:
    page = open_page("/#nowhere")
    expect(page.locator(".toast")).to_contain_text("no longer exists")
    expect(page.locator(".empty")).to_be_visible()
