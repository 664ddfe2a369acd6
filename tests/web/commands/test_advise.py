"""`airlock advise` and `airlock costs` over a real store."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.drafts import make_receipt
from tests.fakes.receipts import fill
from tests.web import cli_shapes as shapes
from tests.web.commands.conftest import Run
from tests.web.commands.test_json_shapes import check


def test_the_advice_has_the_documented_shape_and_follows_what_is_typed_in(run: Run) -> None:
    advice = check(run("advise", "--json").json, shapes.ADVICE)
    assert advice["option"]["mode"] == "by-label"
    assert advice["inputs"]["questions"] == {
        "value": 1000.0, "measured": False, "name": {"en": "questions a month", "zh-TW": "每月問題數"},
    }  # fmt: skip
    forbidden = check(run("advise", "--nothing-may-leave", "--json").json, shapes.ADVICE)
    assert (forbidden["option"]["mode"], forbidden["break_even"]) == ("local-only", None)
    public = check(run("advise", "--shares", "100,0,0,0", "--questions", "500", "--json").json, shapes.ADVICE)
    assert public["option"]["mode"] == "cloud"
    assert public["inputs"]["shares"]["value"]["public"] == 1.0


def test_the_advice_is_told_in_the_terminal_with_what_was_not_measured(run: Run) -> None:
    done = run("advise", "--questions", "2000000", "--shares", "100,0,0,0")
    assert done.out.startswith('Only this computer  (mode = "local-only")')
    assert "above the break-even" in done.out
    assert "Not measured: " in done.out


@pytest.mark.parametrize("shares", ["60,40", "a,b,c,d", "0,0,0,0", "50,60,-10,0"])
def test_shares_that_are_none_are_refused_with_what_to_give(run: Run, shares: str) -> None:
    done = run("advise", f"--shares={shares}")
    assert done.code == 2
    assert "public, internal, confidential, restricted" in " ".join(done.err.split())


def test_the_report_is_one_page_in_both_languages_that_fetches_nothing(run: Run, tmp_path: Path) -> None:
    done = run("advise", "--questions", "90000", "--report", tmp_path / "advice.html")
    assert done.code == 0
    page = (tmp_path / "advice.html").read_text(encoding="utf-8")
    assert "By sensitivity: both" in page
    assert "依機密等級：兩者並用" in page
    assert '<polyline points="0.0,' in page
    assert "http" not in page.replace("http-equiv", "")
    assert run("advise", "--report", tmp_path / "none" / "advice.html").code == 2


def test_costs_have_the_documented_shape_and_count_every_answer(run: Run, home: Path) -> None:
    from rag.store import Store

    empty = run("costs")
    assert "No answers yet" in empty.out
    store = Store.open(home)
    made = fill(store, 3)
    store.close()
    costs = check(run("costs", "--json").json, shapes.COSTS)
    draft = make_receipt()
    assert costs["total"]["questions"] == len(made)
    assert costs["total"]["tokens_in"] == 3 * (draft.tokens_in or 0)
    assert sum(line["questions"] for line in costs["by"]["label"]) == 3
    assert run("costs", "--by", "month").code == 0
    assert "--by: use provider, model, zone, label, day, month" in " ".join(run("costs", "--by", "colour").err.split())
