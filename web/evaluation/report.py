"""One evaluation as a single HTML file: no script, nothing fetched, its bars drawn here. Light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from web.evaluation.scores import METRICS

TEMPLATES = Path(__file__).parent.parent / "templates" / "eval"
BAR_WIDTH = 360
"""Pixels of a bar that stands for everything."""

RANKS = (("first", 1, 1), ("2 to 5", 2, 5), ("6 to 10", 6, 10), ("11 to 20", 11, 20), ("later", 21, None))


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a chart: `width` in pixels of BAR_WIDTH, `figure` as it is written beside it."""

    name: str
    width: float
    figure: str


def write_report(evaluation: Mapping[str, Any], file: Path) -> None:
    """Write the report of `evaluation` (the shape of `--json`) to `file`.

    Raises:
        OSError: the file cannot be written.
    """
    file.write_text(render_report(evaluation), encoding="utf-8")


def render_report(evaluation: Mapping[str, Any]) -> str:
    """The report as HTML. Every foreign text is escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    results = evaluation["results"]
    return environment.get_template("report.html").render(
        one=evaluation,
        bar_width=BAR_WIDTH,
        metric_bars=share_bars(evaluation["metrics"] or {}, METRICS),
        rank_bars=rank_bars(results),
        stage_bars=stage_bars(evaluation["latency"]["stages"]),
        misses=[one for one in results if one["metrics"] and one["rank"] != 1],
        hits=[one for one in results if one["metrics"] and one["rank"] == 1],
        wrongly_refused=[one for one in results if one["refused"] and not one["unanswerable"]],
        wrongly_answered=[one for one in results if one["unanswerable"] and not one["refused"]],
        rerouted=[one for one in results if one["route"] in ("too_open", "needless")],
    )


def share_bars(figures: Mapping[str, float], names: Sequence[str]) -> list[Bar]:
    """A bar for each figure between 0 and 1."""
    return [Bar(name, figures[name] * BAR_WIDTH, f"{figures[name]:.3f}") for name in names if name in figures]


def rank_bars(results: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Where the first relevant document stood, as counts of questions."""
    ranks = [one["rank"] for one in results if one["metrics"]]
    if not ranks:
        return []
    counts = [
        (name, sum(rank is not None and rank >= low and (high is None or rank <= high) for rank in ranks))
        for name, low, high in RANKS
    ]
    counts.append(("not found", ranks.count(None)))
    return [Bar(name, count / len(ranks) * BAR_WIDTH, str(count)) for name, count in counts]


def stage_bars(stages: Mapping[str, float]) -> list[Bar]:
    """The median milliseconds of each stage, beside the slowest."""
    most = max(stages.values(), default=0.0)
    ordered = sorted(stages.items(), key=lambda pair: -pair[1])
    return [Bar(name, value / most * BAR_WIDTH if most else 0.0, f"{value * 1000:.1f} ms") for name, value in ordered]
