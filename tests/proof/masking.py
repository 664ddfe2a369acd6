"""What masking would hide, measured on the evaluation data's identifiers with the functions of bench/masking.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.masking import HARD_GOAL, RECALL_GOAL, REPORTED_ONLY, measure, read_lines
from rag.detect.detector import Detector


def measure_masking(data: Path) -> dict[str, Any] | None:
    """Recall and precision per type and language, hard negatives, and whether the goals are met; None without data."""
    file = data / "pii" / "pii_synth.jsonl"
    if not file.is_file():
        return None
    detector = Detector()
    measured = measure(detector, read_lines(file))
    rows = [
        {
            "type": name, "language": language, "spans": tally.true,
            "recall": tally.recall, "precision": tally.precision, "goal": name not in REPORTED_ONLY,
        }
        for (name, language), tally in sorted(measured.tallies.items())
        if tally.true
    ]  # fmt: skip
    negatives = sum(measured.negatives.values())
    wrong = sum(measured.masked_negatives.values()) / negatives if negatives else 0.0
    met = wrong <= HARD_GOAL and all(row["recall"] >= RECALL_GOAL for row in rows if row["goal"])  # type: ignore[operator]
    names = list(detector.knows_names)
    return {
        "rows": rows,
        "hard_negatives": negatives,
        "hard_negatives_masked": wrong,
        "met": met,
        "name_recognisers": names,
    }
