"""The advice as one page to print, self-contained, each line in English and in Traditional Chinese."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parent / "templates"
WIDTH, HEIGHT = 640, 240


def render_advice(shape: dict[str, Any]) -> str:
    """The page for what `web.advice.advice_shape` made."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("advice/report.html").render(advice=shape, chart=_chart(shape))


def _chart(shape: dict[str, Any]) -> dict[str, Any]:
    """Where the two curves, today and the break-even lie on a chart of WIDTH by HEIGHT."""
    curves = shape["curves"]
    reach = curves[-1]["questions"]
    highest = max([point["local"] for point in curves] + [point["cloud"] or 0.0 for point in curves]) or 1.0
    today, even = shape["inputs"]["questions"]["value"], shape["break_even"]

    def place(questions: float, dollars: float) -> str:
        return f"{questions / reach * WIDTH:.1f},{HEIGHT - dollars / highest * HEIGHT:.1f}"

    return {
        "width": WIDTH,
        "height": HEIGHT,
        "reach": reach,
        "highest": highest,
        "local": " ".join(place(point["questions"], point["local"]) for point in curves),
        "cloud": " ".join(place(point["questions"], point["cloud"]) for point in curves if point["cloud"] is not None),
        "today": round(today / reach * WIDTH, 1),
        "even": None if even is None or even > reach else round(even / reach * WIDTH, 1),
    }
