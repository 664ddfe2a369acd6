"""Texts of documents and models never become markup, whichever place of the page they appear in.

The pages run with the Content-Security-Policy switched off, so that it is the nodes themselves that are proved.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage, ask
from tests.browser.payloads import HTML, PAYLOADS, RUN
from tests.fakes.page_server import Stage

pytestmark = pytest.mark.browser

ALLOWED = """root => [...root.querySelectorAll('*')].flatMap(node => {
  const tags = ['P','STRONG','EM','DEL','CODE','PRE','UL','OL','LI','BLOCKQUOTE','TABLE','THEAD','TBODY','TR','TH','TD',
                'H2','H3','H4','H5','H6','HR','BR','DIV','BUTTON'];
  const names = ['class','tabindex','type','aria-label','title','start'];
  const wrong = [...node.attributes].filter(one => !names.includes(one.name)).map(one => `${node.tagName}@${one.name}`);
  return tags.includes(node.tagName) ? wrong : [node.tagName];
})"""


def nothing_ran(page: Page) -> None:
    """No payload reached the page's global object."""
    page.wait_for_timeout(30)
    assert page.evaluate("window.__hit") is None


def test_there_are_enough_payloads_and_the_trap_works(browser: Browser) -> None:
    assert len(set(PAYLOADS)) >= 60
    page = browser.new_page()
    page.set_content("<div id=x></div>")
    page.evaluate("html => document.getElementById('x').innerHTML = html", f"<img src=x onerror={RUN}>")
    page.wait_for_function("window.__hit === 1")
    page.close()


def test_no_payload_in_an_answer_becomes_anything_but_allowed_nodes(open_page: OpenPage, stage: Stage) -> None:
    page = open_page(bypass_csp=True)
    for payload in PAYLOADS:
        stage.answer = f"{payload}\n\nAfter [1]."
        page.click("#new-chat")
        ask(page, "Leave?")
        prose = page.locator(".prose")
        expect(prose).to_contain_text("After")
        assert prose.evaluate(ALLOWED) == [], payload
        nothing_ran(page)


def test_links_and_images_are_shown_as_their_words_and_address(open_page: OpenPage, stage: Stage) -> None:
    stage.answer = "See [the plan](https://example.org/a?b=c), ![a chart](https://example.org/i.png) and <b>bold</b>."
    page = open_page()
    ask(page, "Leave?")
    expect(page.locator(".prose")).to_have_text(
        "See the plan (https://example.org/a?b=c), a chart (https://example.org/i.png) and <b>bold</b>."
    )


def test_no_payload_in_names_titles_passages_and_reasons_becomes_a_node(open_page: OpenPage, stage: Stage) -> None:
    page = open_page(bypass_csp=True)
    for payload in HTML:
        for passage in stage.passages:
            passage.update(title=payload, path=payload, text=payload, source=payload, heading=[payload])
        page.click("#new-chat")
        ask(page, payload)
        before = page.evaluate("document.querySelectorAll('#drawer *').length")
        page.locator(".source-card").first.click()
        expect(page.locator("#drawer mark")).to_have_text(payload)
        found = page.locator("#drawer").evaluate(
            "root => root.querySelectorAll('script,img,svg,iframe,object,embed,style,link,a,form,video,audio').length"
        )
        assert found == 0, payload
        assert before < 40
        expect(page.locator("#view-title")).to_have_text(payload[:60])
        nothing_ran(page)


def test_no_payload_in_the_documents_page_becomes_a_node(open_page: OpenPage, stage: Stage) -> None:
    for number, payload in enumerate(HTML):
        row = {**stage.documents[number % 6], "id": 500 + number, "title": payload, "path": payload, "source": payload}
        stage.documents.append(row)
        stage.documents.append({**row, "id": 700 + number, "status": "failed", "reason": payload})
        stage.sources[0].update(name=payload, root=payload)
    stage.status["unlabelled"] = [{"source_id": 3, "name": HTML[2], "count": 2}]
    page = open_page("/documents", bypass_csp=True)
    expect(page.locator(".records tbody tr")).to_have_count(6 + len(HTML))
    found = page.locator("#view-documents").evaluate(
        "root => root.querySelectorAll('script,img,svg,iframe,object,embed,style,link,a,form,video,audio').length"
    )
    assert found == 0
    nothing_ran(page)


def test_a_conversation_title_cannot_close_the_boot_data(open_page: OpenPage, stage: Stage) -> None:
    for payload in HTML:
        stage.add_chat(payload)
    page = open_page(bypass_csp=True)
    expect(page.locator(".chat-item")).to_have_count(len(HTML))
    assert page.locator(".chat-link").evaluate_all("links => links.every(link => link.children.length === 0)")
    nothing_ran(page)


def test_the_page_stands_under_its_strict_policy_without_one_violation(open_page: OpenPage, stage: Stage) -> None:
    page = open_page()
    page.evaluate("document.addEventListener('securitypolicyviolation', () => { window.__violated = true })")
    ask(page, "UNLABELLED leave?")
    page.click("#model")
    page.keyboard.press("Escape")
    page.click("#status-button")
    page.keyboard.press("Escape")
    page.locator(".cite").first.click()
    page.click('[href="/documents"]')
    expect(page.locator(".source-folder")).to_have_count(3)
    assert page.evaluate("window.__violated") is None
