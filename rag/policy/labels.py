"""The sensitivity lattice: four ordered labels joined by maximum."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, StrEnum


class Label(IntEnum):
    """Sensitivity of a text, ordered; the integer is what the store keeps."""

    PUBLIC = 0
    INTERNAL = 1
    CONFIDENTIAL = 2
    RESTRICTED = 3

    @property
    def word(self) -> str:
        """The label as written in configuration, JSON and the command line: `public` … `restricted`."""
        return self.name.lower()

    def __str__(self) -> str:
        return self.word


UNLABELLED = Label.CONFIDENTIAL
"""What a document is treated as until someone labels it."""


class LabelSource(StrEnum):
    """Who said what a document's label is, in the order the sources are asked."""

    OWNER = "owner"
    LABELS_TOML = "labels.toml"
    FRONT_MATTER = "front matter"
    COMMAND_LINE = "command line"
    PAGE = "page"
    DEFAULT = "default"


class Rule(StrEnum):
    """What a label allows."""

    CLOUD = "cloud"
    MASKED = "masked"
    LOCAL = "local"


def join(labels: Iterable[Label]) -> Label:
    """The highest of `labels`; public, the identity of the lattice, when there are none."""
    return max(labels, default=Label.PUBLIC)


def parse_label(text: str) -> Label:
    """The label written as `text`, whatever its case.

    Raises:
        ValueError: `text` is none of the four words; the message lists them.
    """
    word = text.strip().lower()
    for label in Label:
        if label.word == word:
            return label
    raise ValueError(f"'{text[:40]}' is not a label; use {', '.join(label.word for label in Label)}")
