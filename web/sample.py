"""The sample corpus: the questions that its own `questions.toml` offers to a visitor. Knows no document's content."""

from __future__ import annotations

import tomllib
from pathlib import Path

from rag.wording import LANGUAGES

QUESTIONS_FILE = "questions.toml"


def read_questions(root: Path) -> list[dict[str, str]]:
    """The questions marked `featured` in the sample folder `root`, keyed by language; none when it cannot be read."""
    try:
        listed = tomllib.loads((root / QUESTIONS_FILE).read_text(encoding="utf-8"))["questions"]
        featured = [question for question in listed if question.get("featured")]
        return [{language: str(question[language]) for language in LANGUAGES} for question in featured]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
