"""The benchmark's table marks what is below its floor or its better engine, and replaces only itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.retrieval import BEGIN, END, Measured, put_section, write_section
from web.evaluation.scores import METRICS


def measured(name: str, lexical: float, dense: float, fused: float) -> Measured:
    evaluation: dict[str, Any] = {
        "embedding_model": "m@1",
        "settings": {"passages": 8},
        "questions": {"scored": 7},
        "metrics": dict.fromkeys(METRICS, fused),
        "refusal": {"recall": None, "answerable_refused": 0.25},
        "latency": {"p50": 0.01, "p95": 0.02},
        "spans": None,
        "routes": None,
        "missing": [],
    }
    return Measured(name, dict.fromkeys(METRICS, lexical), dict.fromkeys(METRICS, dense), evaluation)


@pytest.mark.parametrize(
    ("name", "figures", "mark"),
    [
        ("mine", (0.5, 0.4, 0.6), ""),
        ("mine", (0.6, 0.4, 0.596), ""),
        ("mine", (0.6, 0.9, 0.7), "▼ 0.200"),
        ("drcd", (0.9, 0.2, 0.91), "▼ floor"),
        ("drcd", (1.0, 0.2, 0.95), "▼ floor, ▼ 0.050"),
        ("drcd", (0.9, 0.2, 1.0), ""),
    ],
)
def test_what_is_below_its_floor_or_its_better_engine_is_marked(
    name: str, figures: tuple[float, float, float], mark: str
) -> None:
    row = next(line for line in write_section([measured(name, *figures)], None) if line.startswith(f"| {name} | 7 "))
    assert row.rpartition("|")[0].rpartition("|")[2].strip() == mark


def test_the_section_says_when_not_all_questions_were_asked() -> None:
    assert "At most 9 questions" in "\n".join(write_section([measured("mine", 0, 0, 0)], 9))
    assert "--limit 9 --write" in "\n".join(write_section([measured("mine", 0, 0, 0)], 9))


def test_a_section_is_put_in_place_of_the_last_and_leaves_the_rest(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    put_section(page, "first")
    page.write_text(page.read_text() + "\n## Another\n")
    put_section(page, "second")
    text = page.read_text()
    assert text.startswith("# Benchmarks\n")
    assert "first" not in text
    assert text.count(BEGIN) == text.count(END) == text.count("second") == 1
    assert text.rstrip().endswith("## Another")
