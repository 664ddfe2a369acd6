"""The HTML report stands alone, draws what was measured, and runs nothing that a document holds."""

from __future__ import annotations

import re
from typing import Any

from web.evaluation.report import BAR_WIDTH, rank_bars, render_report, share_bars, stage_bars
from web.evaluation.scores import METRICS

HOSTILE = "<script>alert(1)</script><img src=https://example.com/x>"


def result(**more: Any) -> dict[str, Any]:
    plain = {
        "id": "q1",
        "text": "Heron?",
        "unanswerable": False,
        "expected": ["a.md"],
        "rank": 2,
        "metrics": dict.fromkeys(METRICS, 0.5),
        "found": [{"document": "b.md", "title": "B", "score": 0.9}, {"document": "a.md", "title": "", "score": 0.4}],
        "refused": False,
        "expected_route": None,
        "rule": "cloud",
        "label": "public",
        "route": None,
        "spans": None,
        "seconds": 0.01,
    }
    return plain | more


def evaluation(*results: dict[str, Any], **more: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "set": "birds",
        "airlock": "0.1.0",
        "created_at": "2026-01-01T00:00:00+00:00",
        "embedding_model": "m@1",
        "documents": 2,
        "chunks": 3,
        "missing": [],
        "questions": {"in_set": 5, "asked": 2, "scored": 1, "unanswerable": 1},
        "metrics": dict.fromkeys(METRICS, 0.5),
        "spans": None,
        "refusal": {"unanswerable": 1, "refused": 0, "precision": None, "recall": 0.0, "answerable_refused": 0.0},
        "routes": None,
        "latency": {"p50": 0.01, "p95": 0.02, "stages": {"embed": 0.004, "dense": 0.001}},
        "results": list(results),
    }
    return plain | more


def test_foreign_text_is_escaped_everywhere() -> None:
    found = [{"document": HOSTILE, "title": HOSTILE, "score": 0.1}]
    hostile = result(id=HOSTILE, text=HOSTILE, expected=[HOSTILE], found=found)
    html = render_report(evaluation(hostile, set=HOSTILE, missing=[HOSTILE]))
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("&lt;script&gt;") >= 7


def test_nothing_is_fetched_and_no_script_may_run() -> None:
    html = render_report(evaluation(result()))
    assert "default-src 'none'; style-src 'unsafe-inline'" in html
    assert not re.search(r"(?:src|href)=|url\(|@import", html)
    assert "prefers-color-scheme: dark" in html


def test_every_group_of_questions_is_shown_with_what_was_found_instead() -> None:
    html = render_report(
        evaluation(
            result(),
            result(id="q2", refused=True),
            result(id="q3", unanswerable=True, metrics=None, expected=[], rank=None, found=[]),
            result(id="q4", route="needless", expected_route="any", rule="local", label="confidential"),
            result(id="q5", rank=1),
        )
    )
    assert re.findall(r"<h2>([^<]+) \(\d+\)</h2>", html) == [
        "Not found first",
        "Answerable, but refused",
        "Unanswerable, but not refused",
        "Routed otherwise than expected",
        "Found first",
    ]
    assert '<li class="right">a.md' in html
    assert "Nothing was found." in html


def test_a_set_that_nobody_judged_has_a_report_too() -> None:
    html = render_report(evaluation(result(metrics=None, expected=[], rank=None), metrics=None))
    assert "Ranking of documents" not in html


def test_bars_are_as_long_as_their_figures() -> None:
    assert [(bar.name, bar.width, bar.figure) for bar in share_bars({"hit@1": 0.25}, METRICS)] == [
        ("hit@1", BAR_WIDTH / 4, "0.250")
    ]
    assert [(bar.name, bar.width) for bar in stage_bars({"dense": 0.001, "embed": 0.004})] == [
        ("embed", BAR_WIDTH),
        ("dense", BAR_WIDTH / 4),
    ]
    assert stage_bars({}) == []


def test_ranks_are_counted_once_each() -> None:
    ranks = [1, 1, 2, 5, 6, 20, 21, None]
    bars = rank_bars([result(rank=rank) for rank in ranks])
    assert [(bar.name, bar.figure) for bar in bars] == [
        ("first", "2"),
        ("2 to 5", "2"),
        ("6 to 10", "1"),
        ("11 to 20", "1"),
        ("later", "1"),
        ("not found", "1"),
    ]
