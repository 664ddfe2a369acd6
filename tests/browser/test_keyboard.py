"""What the keys do, and that an input method's Enter does not send."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, ask
from tests.fakes.page_server import Stage

pytestmark = pytest.mark.browser


def test_enter_sends_and_shift_enter_makes_a_line(open_page: OpenPage, stage: Stage) -> None:
    page = open_page()
    page.type("#question", "one")
    page.keyboard.press("Shift+Enter")
    page.type("#question", "two")
    assert stage.called("POST", "/api/ask") == []
    page.keyboard.press("Enter")
    page.locator(".badge").wait_for()
    assert stage.called("POST", "/api/ask")[0]["text"] == "one\ntwo"


def test_enter_while_composing_chinese_does_not_send(open_page: OpenPage, stage: Stage) -> None:
    page = open_page()
    page.focus("#question")
    input_method = page.context.new_cdp_session(page)
    input_method.send("Input.imeSetComposition", {"text": "ㄊㄜˋ", "selectionStart": 3, "selectionEnd": 3})
    page.evaluate("""() => void new Promise(done => {
      const see = event => done([event.isComposing, event.keyCode])
      document.getElementById('question').addEventListener('keydown', see, {once: true})
    }).then(seen => { window.__seen = seen })""")
    page.keyboard.press("Enter")
    page.wait_for_function("window.__seen !== undefined")
    assert page.evaluate("window.__seen")[0] is True
    input_method.send("Input.insertText", {"text": "特休"})
    assert stage.called("POST", "/api/ask") == []
    assert page.input_value("#question").strip() == "特休"
    page.keyboard.press("Enter")
    page.locator(".badge").wait_for()
    assert [asked["text"] for asked in stage.called("POST", "/api/ask")] == ["特休"]


@pytest.mark.parametrize("init", ["{isComposing: true}", "{keyCode: 229}"])
def test_both_signs_of_composition_are_understood(open_page: OpenPage, stage: Stage, init: str) -> None:
    page = open_page()
    page.fill("#question", "特休")
    page.evaluate(f"""() => document.getElementById('question').dispatchEvent(
      new KeyboardEvent('keydown', {{key: 'Enter', bubbles: true, cancelable: true, ...{init}}}))""")
    page.wait_for_timeout(100)
    assert stage.called("POST", "/api/ask") == []


def test_enter_does_nothing_while_an_answer_is_coming_and_esc_stops_it(open_page: OpenPage, stage: Stage) -> None:
    stage.pace = 0.1
    page = open_page()
    ask(page, "SLOW", wait=False)
    expect(page.locator(".prose")).to_contain_text("New")
    page.fill("#question", "next one")
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_have_value("next one")
    page.keyboard.press("Escape")
    expect(page.locator(".mark-stopped")).to_be_visible()
    assert len(stage.called("POST", "/api/ask")) == 1


def test_slash_focuses_the_question_box_but_types_inside_it(open_page: OpenPage) -> None:
    page = open_page("/documents")
    page.keyboard.press("/")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type("a/b")
    expect(page.locator("#question")).to_have_value("a/b")


def test_ctrl_k_searches_conversations(open_page: OpenPage, stage: Stage) -> None:
    stage.add_chat("Leave and absence")
    chat = stage.add_chat("薪資與職級")
    page = open_page()
    page.keyboard.press("Control+k")
    expect(page.locator("#chat-search")).to_be_focused()
    page.keyboard.type("薪資")
    expect(page.locator(".chat-item")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".chat-item.current")).to_have_attribute("data-id", chat)
    expect(page.locator("#view-title")).to_have_text("薪資與職級")


def test_a_menu_is_steered_by_arrows_and_gives_focus_back(open_page: OpenPage) -> None:
    page = open_page()
    page.focus("#model")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitemradio", name="Automatic")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitemradio", name="qwen3:4b")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("menuitemradio", name="gpt-5-mini")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#model")).to_be_focused()


def test_every_step_with_tab_shows_where_the_focus_is(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "Leave?")
    page.evaluate("document.activeElement.blur()")
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        name, visible = page.evaluate("""() => {
          const node = document.activeElement, style = getComputedStyle(node)
          const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
          const around = node.closest('.composer') && getComputedStyle(node.closest('.composer')).boxShadow !== 'none'
          return [node.id || node.className || node.tagName, node === document.body || ring || Boolean(around)]
        }""")
        seen.add(name)
        assert visible, name
    assert {"new-chat", "chat-search", "status-button", "question", "local-only", "send"} <= seen


def test_the_answer_is_announced_in_sentences_and_its_end_is_said(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate("""() => {
      window.__said = []
      new MutationObserver(() => window.__said.push(document.getElementById('announcer').textContent))
        .observe(document.getElementById('announcer'), {childList: true, characterData: true, subtree: true})
    }""")
    ask(page, "Leave?")
    said = page.evaluate("window.__said")
    assert said[0] == "Searching your documents."
    assert any("Cloud · openai, gpt-5-mini" in words for words in said)
    assert said[-1].endswith("End of answer.")
    assert len(said) < 8
