"""Asking on the page: stream, citations, the badge and its record, consent, retry, edit, stop, failures."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, Watch, ask
from tests.fakes.page_server import Stage

pytestmark = pytest.mark.browser


def test_an_answer_streams_in_with_citations_and_says_where_it_was_written(open_page: OpenPage, stage: Stage) -> None:
    page = open_page()
    ask(page, "How many days of leave?")
    expect(page.locator(".prose")).to_contain_text("fifteen days of annual leave")
    expect(page.locator(".prose .cite")).to_have_text(["1", "2", "1"])
    expect(page.locator(".badge")).to_contain_text("Cloud · openai, gpt-5-mini")
    expect(page.locator(".badge")).to_contain_text("Everything used for this answer is public")
    assert stage.called("POST", "/api/ask") == [
        {
            "chat_id": None,
            "text": "How many days of leave?",
            "local_only": False,
            "prefer": None,
            "model": None,
            "replace_message_id": None,
        }
    ]


def test_the_destination_is_shown_while_the_answer_is_still_coming(open_page: OpenPage, stage: Stage) -> None:
    stage.pace = 0.2
    page = open_page()
    ask(page, "SLOW leave?", wait=False)
    expect(page.locator(".progress-line")).to_contain_text("Searching your documents on this computer")
    expect(page.locator(".progress-line .place")).to_have_text("Cloud · openai, gpt-5-mini")
    assert page.locator(".badge").count() == 0
    page.keyboard.press("Escape")


def test_a_citation_opens_its_passage_highlighted_in_its_surroundings(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "How many days of leave?")
    chip = page.locator(".prose .cite").first
    chip.click()
    expect(page.locator("#drawer mark")).to_contain_text("Every colleague is granted fifteen days")
    expect(page.locator(".passage-page")).to_contain_text("This chapter holds for every colleague")
    expect(page.locator("#drawer .facts")).to_contain_text("Leave and absence › Annual leave")
    expect(page.locator("#drawer .facts .label")).to_contain_text("Public")
    expect(page.locator("#drawer-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    expect(chip).to_be_focused()


def test_a_passage_that_is_gone_says_so_and_keeps_what_the_answer_knew(open_page: OpenPage, stage: Stage) -> None:
    page = open_page()
    ask(page, "How many days of leave?")
    stage.passages.clear()
    page.locator(".source-card").first.click()
    expect(page.locator(".passage-gone")).to_contain_text("changed or removed")
    expect(page.locator("#drawer .facts")).to_contain_text("handbook/leave.md")


def test_the_sending_record_is_one_click_away_with_its_figures(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "How many days of leave?")
    page.click(".badge-receipt")
    drawer = page.locator("#drawer")
    expect(drawer).to_contain_text("The question and 2 excerpts were sent to openai, gpt-5-mini.")
    for figure in ("1,184", "142", "5.3 kB", "9f86d081884c7d65", "2.4 s", "8 ms"):
        expect(drawer).to_contain_text(figure)


def test_nothing_is_sent_before_the_person_says_so(open_page: OpenPage, stage: Stage) -> None:
    page = open_page()
    ask(page, "CONFIRM leave?", wait=False)
    card = page.locator(".confirm")
    expect(card).to_be_focused()
    expect(card).to_contain_text("Send this to openai, gpt-5-mini?")
    expect(card.locator("li")).to_have_count(2)
    expect(card.locator("li").first).to_contain_text("handbook/leave.md")
    expect(card.locator("li").first).to_contain_text("Public")
    assert stage.called("POST", "/api/continue") == []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".badge")).to_contain_text("Cloud")
    assert stage.called("POST", "/api/continue") == [{"choice": "cloud"}]
    expect(card).to_have_count(0)


@pytest.mark.parametrize("how", ["button", "escape"])
def test_declining_the_cloud_answers_on_this_computer(open_page: OpenPage, stage: Stage, how: str) -> None:
    page = open_page()
    ask(page, "CONFIRM leave?", wait=False)
    expect(page.locator(".confirm")).to_be_focused()
    if how == "button":
        page.get_by_role("button", name="Answer on this computer").click()
    else:
        page.keyboard.press("Escape")
    expect(page.locator(".badge")).to_contain_text("This computer · Extracts")
    assert stage.called("POST", "/api/continue") == [{"choice": "local"}]


def test_a_mixed_question_names_what_would_be_left_out_and_what_would_be_sent(
    open_page: OpenPage, stage: Stage
) -> None:
    page = open_page()
    ask(page, "CONFIRM MIXED leave?", wait=False)
    card = page.locator(".confirm")
    expect(card).to_be_focused()
    expect(card).to_contain_text("2 excerpts keep this on this computer. Answer in the cloud without them?")
    left, sent = card.locator("ul").nth(0), card.locator("ul").nth(1)
    expect(left).to_contain_text("board/budget-2027.docx")
    expect(left).to_contain_text("Confidential")
    expect(sent).to_contain_text("handbook/leave.md")
    assert stage.called("POST", "/api/continue") == []
    card.get_by_role("button", name="In the cloud, without them").click()
    expect(page.locator(".badge")).to_contain_text("Cloud")
    assert stage.called("POST", "/api/continue") == [{"choice": "cloud"}]


def test_the_local_only_switch_travels_with_the_question(open_page: OpenPage, stage: Stage) -> None:
    page = open_page()
    page.click("#local-only")
    expect(page.locator("#local-only")).to_have_attribute("aria-checked", "true")
    expect(page.locator("#composer-note")).to_contain_text("nothing of this question leaves this computer")
    ask(page, "Leave?")
    assert stage.called("POST", "/api/ask")[0]["local_only"] is True
    expect(page.locator(".badge")).to_contain_text("This computer · qwen3:4b")
    expect(page.get_by_role("button", name="Retry in the cloud")).to_have_count(0)


def test_local_only_refuses_the_choice_of_a_cloud_model(open_page: OpenPage, stage: Stage) -> None:
    page = open_page()
    page.click("#model")
    page.get_by_role("menuitemradio", name="gpt-5-mini").click()
    expect(page.locator("#model-name")).to_have_text("gpt-5-mini")
    page.click("#local-only")
    expect(page.locator("#model-name")).to_have_text("Automatic")
    ask(page, "Leave?")
    asked = stage.called("POST", "/api/ask")[0]
    assert (asked["local_only"], asked["prefer"], asked["model"]) == (True, None, None)


def test_a_model_of_this_computer_can_be_chosen_but_not_one_that_does_not_fit(
    open_page: OpenPage, stage: Stage
) -> None:
    page = open_page()
    page.click("#model")
    expect(page.get_by_role("menuitemradio", name="gpt-oss:120b")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("menuitemradio", name="qwen3:4b").click()
    ask(page, "Leave?")
    asked = stage.called("POST", "/api/ask")[0]
    assert (asked["prefer"], asked["model"]) == ("local", "qwen3:4b")


@pytest.mark.parametrize(("name", "zone"), [("Retry on this computer", "local"), ("Retry in the cloud", "cloud")])
def test_an_answer_can_be_retried_elsewhere_in_its_place(
    open_page: OpenPage, stage: Stage, name: str, zone: str
) -> None:
    page = open_page()
    ask(page, "Leave?")
    first = stage.messages[next(iter(stage.chats))][0]["id"]
    page.get_by_role("button", name=name).click()
    expect(page.locator(".badge")).to_have_count(1)
    expect(page.locator(".badge-" + zone)).to_have_count(1)
    asked = stage.called("POST", "/api/ask")[1]
    assert (asked["prefer"], asked["replace_message_id"]) == (zone, first)
    expect(page.locator(".exchange")).to_have_count(1)


def test_a_question_can_be_edited_and_asked_again(open_page: OpenPage, stage: Stage) -> None:
    page = open_page()
    ask(page, "First question")
    ask(page, "Second question")
    first = stage.messages[next(iter(stage.chats))][0]["id"]
    page.locator(".exchange").first.get_by_role("button", name="Edit and ask again").click()
    expect(page.locator(".edit-area")).to_be_focused()
    page.fill(".edit-area", "Better question")
    page.press(".edit-area", "Enter")
    expect(page.locator(".exchange")).to_have_count(1)
    expect(page.locator(".question-bubble")).to_have_text("Better question")
    page.locator(".badge").wait_for()
    assert stage.called("POST", "/api/ask")[2]["replace_message_id"] == first


def test_stop_ends_the_stream_tells_the_server_and_keeps_what_came(open_page: OpenPage, stage: Stage) -> None:
    stage.pace = 0.15
    page = open_page()
    ask(page, "SLOW leave?", wait=False)
    expect(page.locator(".prose")).to_contain_text("New colleagues")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    expect(page.locator(".mark-stopped")).to_contain_text("You stopped this answer")
    expect(page.locator(".badge")).to_contain_text("Cloud")
    expect(page.locator(".prose")).to_contain_text("New colleagues")
    assert len(stage.called("POST", "/api/stop")) == 1
    assert stage.ended_early == 1


def test_an_answer_that_breaks_off_is_kept_and_marked(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "BREAK leave?")
    expect(page.locator(".mark-incomplete")).to_have_count(1)
    expect(page.locator(".prose")).to_contain_text("New colleagues")


def test_a_stream_that_ends_without_an_end_says_so_and_offers_to_ask_again(open_page: OpenPage, stage: Stage) -> None:
    page = open_page()
    ask(page, "CUT leave?", wait=False)
    expect(page.locator(".mark-problem")).to_contain_text("broke off")
    expect(page.locator(".prose")).to_contain_text("New colleagues")
    page.locator(".mark-problem").get_by_role("button", name="Ask again").click()
    expect(page.locator(".exchange")).to_have_count(1)
    expect(page.locator(".mark-problem")).to_be_visible()
    assert stage.called("POST", "/api/ask")[1]["replace_message_id"] is not None


def test_a_refused_question_goes_back_into_the_question_box(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "REFUSE leave?", wait=False)
    expect(page.locator(".mark-problem")).to_contain_text("Another program is writing to the store")
    expect(page.locator("#question")).to_have_value("REFUSE leave?")


def test_a_lost_server_is_named_and_the_question_is_kept(open_page: OpenPage, watch: Watch) -> None:
    page = open_page()
    page.route("**/api/ask", lambda route: route.abort())
    ask(page, "Leave?", wait=False)
    expect(page.locator(".mark-problem")).to_contain_text("Airlock does not answer")
    expect(page.locator("#question")).to_have_value("Leave?")


def test_a_retry_that_never_arrives_brings_the_old_answer_back(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "Leave?")
    page.route("**/api/ask", lambda route: route.abort())
    page.get_by_role("button", name="Retry on this computer").click()
    expect(page.locator(".toast.bad")).to_contain_text("Airlock does not answer")
    expect(page.locator(".badge")).to_contain_text("Cloud")
    expect(page.locator(".exchange")).to_have_count(1)


def test_a_problem_in_the_stream_is_shown(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "PROBLEM leave?", wait=False)
    expect(page.locator(".mark-problem")).to_contain_text("Document 4 does not match its hash.")


def test_an_unlabelled_folder_can_be_labelled_from_its_answer(open_page: OpenPage, stage: Stage) -> None:
    page = open_page()
    ask(page, "UNLABELLED notes?")
    expect(page.locator(".mark")).to_contain_text(
        "Not labelled, so treated as confidential; no local model is connected."
    )
    page.get_by_role("button", name="Connect Ollama").click()
    expect(page.get_by_role("dialog")).to_contain_text("ollama pull")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Label this folder").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Public")).click()
    expect(page.locator(".toasts")).to_contain_text("“Reading list” is labelled Public")
    assert stage.called("POST", "/api/sources/3/label") == [{"label": "public"}]
    page.locator(".toast-action", has_text="Ask again").click()
    expect(page.locator(".exchange")).to_have_count(1)


def test_follow_ups_stay_in_their_conversation_and_another_goes_on_in_the_background(
    open_page: OpenPage, stage: Stage
) -> None:
    page = open_page()
    ask(page, "First")
    chat = next(iter(stage.chats))
    ask(page, "Second")
    assert stage.called("POST", "/api/ask")[1]["chat_id"] == chat
    stage.pace = 0.05
    ask(page, "SLOW third", wait=False)
    expect(page.locator(".exchange").nth(2).locator(".prose")).to_contain_text("New")
    page.click("#new-chat")
    expect(page.locator(".empty")).to_be_visible()
    page.get_by_role("link", name="First").click()
    expect(page.locator(".exchange").nth(2).locator(".badge")).to_be_visible()
    assert stage.ended_early == 0


def test_a_stored_conversation_opens_by_its_address_with_its_badges(open_page: OpenPage, stage: Stage) -> None:
    chat = stage.add_chat("Salaries", label="confidential")
    stage.add_question(chat, "Salary?", 5)
    stage.add_answer(chat, 5, "Between 150 and 190 [3].", "local")
    stage.add_question(chat, "And without an answer?", 6)
    page = open_page(f"/#{chat}")
    expect(page.locator(".badge")).to_contain_text("This computer · qwen3:4b")
    expect(page.locator(".cite")).to_have_text("3")
    expect(page.locator("#chat-label")).to_contain_text("Confidential")
    expect(page.locator(".exchange").nth(1)).to_contain_text("has not been answered")


def test_an_example_question_is_asked_with_one_click(open_page: OpenPage, stage: Stage) -> None:
    page = open_page()
    expect(page.locator(".question-card")).to_have_count(4)
    page.locator(".question-card").nth(2).click()
    page.locator(".badge").wait_for()
    assert stage.called("POST", "/api/ask")[0]["text"] == "What is the salary band of a senior engineer?"


@pytest.mark.parametrize("style", ["md", "json"])
def test_a_conversation_is_exported(open_page: OpenPage, style: str) -> None:
    page = open_page()
    ask(page, "Leave?")
    page.click("#export")
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Markdown" if style == "md" else "JSON").click()
    assert download.value.suggested_filename == f"conversation.{style}"


def test_what_must_stay_here_offers_no_retry_in_the_cloud(open_page: OpenPage) -> None:
    page = open_page()
    ask(page, "What is the salary band?")
    expect(page.get_by_role("button", name="Retry on this computer")).to_be_visible()
    expect(page.get_by_role("button", name="Retry in the cloud")).to_have_count(0)
