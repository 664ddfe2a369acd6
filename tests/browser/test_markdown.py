"""The Markdown that answers may use, and how it grows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, ask
from tests.fakes.page_server import Stage

pytestmark = pytest.mark.browser

RENDER = """async ([text, known]) => {
  const { MarkdownView } = await import('/static/js/markdown.js')
  const root = document.createElement('div')
  const cite = number => {
    if (!known.includes(number)) return null
    const chip = document.createElement('button'); chip.textContent = number; return chip
  }
  new MarkdownView(root, cite).update(text)
  return root.innerHTML
}"""


def render(page: Page, text: str, known: tuple[int, ...] = (1, 2, 12)) -> str:
    """`text` as the page's markup."""
    return str(page.evaluate(RENDER, [text, list(known)]))


def test_the_allowed_markdown_becomes_its_elements(open_page: OpenPage) -> None:
    page = open_page()
    assert render(page, "**a** *b* ~~c~~ `d`") == "<p><strong>a</strong> <em>b</em> <del>c</del> <code>d</code></p>"
    assert render(page, "# A") == "<h2>A</h2>"
    assert render(page, "- a\n- b\n\n3. c") == '<ul><li>a</li><li>b</li></ul><ol start="3"><li>c</li></ol>'
    assert render(page, "> a") == "<blockquote><p>a</p></blockquote>"
    assert render(page, "```py\na < b\n```") == '<pre tabindex="0"><code>a &lt; b</code></pre>'
    assert render(page, "- [x] a") == "<ul><li>☑ a</li></ul>"
    assert "<th" in render(page, "| a | b |\n|--|:-:|\n| 1 | 2 |")
    assert 'class="align-center"' in render(page, "| a | b |\n|--|:-:|\n| 1 | 2 |")


def test_only_numbers_that_stand_for_a_passage_become_citations(open_page: OpenPage) -> None:
    page = open_page()
    assert render(page, "a [1][2] b [3] [12]") == (
        "<p>a <button>1</button><button>2</button> b [3] <button>12</button></p>"
    )
    assert render(page, "`[1]` \\[1\\] [123]") == "<p><code>[1]</code> [1] [123]</p>"
    assert (
        render(page, "見表 [1]。**重點[2]**")
        == "<p>見表 <button>1</button>。<strong>重點<button>2</button></strong></p>"
    )


def test_a_definition_cannot_turn_a_citation_into_a_link(open_page: OpenPage) -> None:
    assert render(open_page(), "x [1]\n\n[1]: http://a") == (
        "<p>x <button>1</button></p><p><button>1</button>: http://a</p>"
    )


def test_deep_nesting_and_odd_input_do_not_break_the_page(open_page: OpenPage) -> None:
    page = open_page()
    assert "deep" in render(page, "> " * 60 + "deep")
    assert "deep" in render(page, "".join("  " * level + "- x\n" for level in range(60)) + "deep")
    assert render(page, "*" * 3000).startswith(("<p>", "<hr>"))
    assert "a" in render(page, "[" * 500 + "a" + "]" * 500)
    assert render(page, "") == ""


def test_finished_blocks_keep_their_nodes_while_the_answer_grows(open_page: OpenPage) -> None:
    kept = open_page().evaluate("""async () => {
      const { MarkdownView } = await import('/static/js/markdown.js')
      const root = document.createElement('div')
      const view = new MarkdownView(root)
      view.update('first block\\n\\nsecond')
      const first = root.firstChild
      view.update('first block\\n\\nsecond block grows\\n\\n- list')
      return [first === root.firstChild, root.textContent]
    }""")
    assert kept == [True, "first blocksecond block growslist"]


def test_any_cut_of_an_answer_renders_to_the_same_end(open_page: OpenPage, stage: Stage) -> None:
    stage.answer = (
        "## 假別\n\n| 假別 | 天數 |\n|---|---|\n| 特休 | 15 [1] |\n\n1. 先申請 [2]\n2. 再核准\n\n```\ncode [1]\n```\n"
    )
    page = open_page()
    ask(page, "Leave?")
    assert page.locator(".prose").evaluate("node => node.querySelectorAll('table, ol, pre').length") == 3
    expect(page.locator(".prose .cite")).to_have_text(["1", "2"])


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_events_are_read_whole_however_the_bytes_are_cut(open_page: OpenPage, size: int) -> None:
    events = open_page().evaluate(
        """async (size) => {
          const { readEvents } = await import('/static/js/stream.js')
          const text = ': hello\\n\\nevent: token\\r\\ndata: {"text":"中文 🙂"}\\r\\n\\r\\n' +
            'data: {"a":\\ndata: 1}\\n\\nevent: half\\ndata: {"text":1}'
          const bytes = new TextEncoder().encode(text)
          const body = new ReadableStream({ start(control) {
            for (let at = 0; at < bytes.length; at += size) control.enqueue(bytes.slice(at, at + size))
            control.close()
          } })
          const events = []
          for await (const event of readEvents(new Response(body))) events.push(event)
          return events
        }""",
        size,
    )
    assert events == [{"kind": "token", "data": {"text": "中文 🙂"}}, {"kind": "message", "data": {"a": 1}}]
