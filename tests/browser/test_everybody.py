"""Languages, themes, sizes and assistive technology: the page works for everybody."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, ask
from tests.fakes import page_data
from tests.fakes.page_server import Stage

pytestmark = pytest.mark.browser


def assert_accessible(page: Page) -> None:
    """axe finds nothing."""
    page.wait_for_timeout(400)
    found = Axe().run(page)
    lines = [
        f"{one['id']}: {node['html'][:120]} {node['failureSummary']}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]
    assert lines == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_answer_with_its_panel_is_clean_for_axe(open_page: OpenPage, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    ask(page, "UNLABELLED leave?")
    page.locator(".cite").first.click()
    expect(page.locator("#drawer mark")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["/", "/documents", "/receipts"])
def test_every_page_is_clean_for_axe(open_page: OpenPage, stage: Stage, scheme: str, place: str) -> None:
    stage.add_chat("A conversation")
    stage.receipts = [page_data.receipt(2, "cloud"), page_data.receipt(1, "local")]
    page = open_page(place, color_scheme=scheme, locale="zh-TW" if scheme == "dark" else "en-US")
    assert_accessible(page)


def test_the_card_before_the_cloud_menus_and_dialogs_are_clean_for_axe(open_page: OpenPage) -> None:
    page = open_page()
    page.click("#model")
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.click("#status-button")
    assert_accessible(page)
    page.keyboard.press("Escape")
    ask(page, "CONFIRM leave?", wait=False)
    page.locator(".confirm").wait_for()
    assert_accessible(page)
    page.click('.places [data-view="documents"]')
    page.get_by_role("button", name="Add a folder").click()
    assert_accessible(page)


@pytest.mark.parametrize(("locale", "words"), [("en-US", "Ask your documents"), ("zh-TW", "向您的文件提問")])
def test_the_language_follows_the_browser(open_page: OpenPage, locale: str, words: str) -> None:
    page = open_page(locale=locale)
    expect(page.locator(".empty h2")).to_have_text(words)
    expect(page.locator("html")).to_have_attribute("lang", "zh-TW" if locale == "zh-TW" else "en")


def test_the_language_switch_is_remembered_and_keeps_the_conversation(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "Leave?")
    address = page.url
    page.click("#language")
    expect(page.locator(".badge")).to_contain_text("雲端 · openai, gpt-5-mini")
    expect(page.locator(".badge-why")).to_contain_text("可以送到雲端")
    assert page.url == address
    page.goto(address.split("#")[0] + "documents")
    expect(page.locator("#view-title")).to_have_text("文件")


def test_the_theme_follows_the_system_until_chosen_and_is_kept(open_page: OpenPage) -> None:
    page = open_page(color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(24, 24, 22)"
    page.click("#theme")
    assert page.evaluate(ground) == "rgb(251, 250, 247)"
    page.reload()
    assert page.evaluate(ground) == "rgb(251, 250, 247)"


@pytest.mark.parametrize("width", [360, 768, 1100, 1920])
def test_nothing_runs_over_the_edge_at_any_width(open_page: OpenPage, stage: Stage, width: int) -> None:
    stage.answer = (
        "word " * 40 + "x" * 300 + " [1]\n\n| " + " | ".join("column" for _ in range(12)) + " |\n" + "|---" * 12 + "|\n"
    )
    stage.receipts = [page_data.receipt(2, "cloud")]
    for passage in stage.passages:
        passage["path"] = "a/very/long/folder/name/" + "y" * 120 + ".md"
    page = open_page(width=width, height=760)
    ask(page, "z" * 400)
    page.locator(".cite").first.click()
    expect(page.locator("#drawer mark")).to_be_visible()
    for place in ("/", "/documents", "/receipts"):
        if place != "/":
            page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + place)
            page.wait_for_selector("html[data-ready]")
            page.wait_for_timeout(200)
        over = page.evaluate("""() => [...document.querySelectorAll('html, .thread-scroll, .page-view, .drawer-body')]
          .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.className || node.tagName)""")
        assert over == [], place


def test_the_sidebar_and_the_panel_work_on_a_small_screen(open_page: OpenPage, stage: Stage) -> None:
    chat = stage.add_chat("A conversation")
    page = open_page(width=360, height=740)
    expect(page.locator("#new-chat")).not_to_be_in_viewport()
    page.click("#open-sidebar")
    expect(page.locator("#close-sidebar")).to_be_focused()
    page.get_by_role("link", name="A conversation").click()
    expect(page.locator(".chat-item.current")).to_have_attribute("data-id", chat)
    expect(page.locator("#new-chat")).not_to_be_in_viewport()
    ask(page, "Leave?")
    page.locator(".source-card").first.click()
    expect(page.locator("#drawer mark")).to_be_in_viewport()
    page.click("#drawer-close")
    expect(page.locator("#drawer")).to_be_hidden()


def test_motion_is_not_shown_to_those_who_do_not_want_it(open_page: OpenPage) -> None:
    page = open_page(reduced_motion="reduce")
    assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.empty')).animationDuration)") < 0.001
