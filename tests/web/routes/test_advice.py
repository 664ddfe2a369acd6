"""Costs, insights and the advice over HTTP."""

from __future__ import annotations

from dataclasses import replace

from rag.records import Reason
from tests.fakes.drafts import make_receipt
from tests.fakes.receipts import keep
from tests.web import cli_shapes as shapes
from tests.web.commands.test_json_shapes import check
from tests.web.conftest import Page


def test_the_advice_is_the_command_lines_own(page: Page) -> None:
    advice = check(page.client.get("/api/advice?questions=7&own_computer=false").json(), shapes.ADVICE)
    assert (advice["option"]["mode"], advice["decided_by"]["name"]) == ("cloud", "no_computer")
    assert advice["inputs"]["questions"]["value"] == 7


def test_figures_that_cannot_be_are_refused_by_name(page: Page) -> None:
    assert page.client.get("/api/advice?questions=-1").status_code == 422
    for query in ("shares=1,2", "shares=a,b,c,d", "local_seconds=0"):
        answer = page.client.get(f"/api/advice?{query}")
        assert answer.status_code >= 400
        assert query.split("=")[0] in answer.json()["detail"]


def test_costs_have_the_documented_shape(page: Page) -> None:
    keep(page.store, make_receipt())
    costs = check(page.client.get("/api/costs").json(), shapes.COSTS)
    assert costs["total"]["questions"] == 1
    assert page.client.get("/api/costs?since=2999-01-01").json()["total"]["questions"] == 0


def test_insights_have_every_day_and_the_questions_that_found_nothing(page: Page) -> None:
    empty = page.client.get("/api/insights?days=7").json()
    assert (len(empty["days"]), empty["questions"], empty["unanswered"]) == (7, 0, [])
    keep(page.store, make_receipt())
    unanswered = replace(make_receipt(), reasons=(Reason("no_answer"),))
    keep(page.store, unanswered, text="Where is the moon key kept?")
    found = page.client.get("/api/insights?days=7").json()
    assert found["questions"] == 2
    assert sum(sum(values) for values in found["by_zone"].values()) == 2
    assert [one["question"] for one in found["unanswered"]] == ["Where is the moon key kept?"]
    assert page.client.get("/api/insights?days=0").status_code == 422


def test_both_views_open_by_their_own_address(page: Page) -> None:
    for view in ("advisor", "insights"):
        html = page.client.get(f"/{view}").text
        assert f'id="view-{view}"' in html
