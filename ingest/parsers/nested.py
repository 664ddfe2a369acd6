"""Reads documents that lie inside another one (attachments, embedded files) into sections of it, within bounds.

A part that cannot be read becomes a note and never costs its container.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ingest.label_words import label_of_front_matter
from ingest.records import BlockKind, Composer, ParsedDocument
from rag.errors import IngestError
from rag.policy.labels import UNLABELLED, Label

MAX_DEPTH = 5
MAX_PARTS = 1_000
MAX_BYTES = 400 * 1024 * 1024
_MAX_NOTES = 20


@dataclass(slots=True)
class _Budget:
    """What all parts of one file may still take together, at every depth."""

    parts: int = MAX_PARTS
    bytes: int = MAX_BYTES


class Inside:
    """Handed to the parser of a container; gathers what its parts have to say about it.

    Attributes:
        front_matter: what the parts say about their sensitivity, where it can only raise the container's.
        notes: plain sentences about parts that were not read.
    """

    def __init__(
        self, read: Callable[[bytes, str, Inside], ParsedDocument], budget: _Budget | None = None, depth: int = 1
    ) -> None:
        self.front_matter: dict[str, str] = {}
        self._read = read
        self._budget = budget or _Budget()
        self._depth = depth
        self._failed: list[str] = []
        self._parts = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """At most twenty sentences, one for each part not read, without any name or text of it."""
        more = len(self._failed) - _MAX_NOTES
        return (*self._failed[:_MAX_NOTES], *((f"{more} more parts were not read",) if more > 0 else ()))

    def add(
        self, composer: Composer, data: bytes, name: str, *, what: str = "attachment", level: int = 2, page: int = 0
    ) -> None:
        """Append the document in `data` under a heading of `level` with its `name`; `page` (from 1) is the place
        in the container, without one the part's own pages count."""
        self._parts += 1
        label = f"{what} {self._parts}"
        if self._depth > MAX_DEPTH:
            self._failed.append(f"{label} was not read: it lies more than {MAX_DEPTH} documents deep")
            return
        self._budget.parts -= 1
        self._budget.bytes -= len(data)
        if min(self._budget.parts, self._budget.bytes) < 0:
            self._failed.append(f"{label} was not read: the file holds too many or too large documents inside")
            return
        inner = Inside(self._read, self._budget, self._depth + 1)
        try:
            document = self._read(data, name, inner)
        except IngestError as error:
            self._failed.append(f"{label} was not read: {error}")
            return
        except MemoryError:
            raise
        except Exception as error:  # whatever is wrong with a part, the rest of the container is read
            self._failed.append(f"{label} was not read: its parser stopped with {type(error).__name__}")
            return
        composer.add(BlockKind.HEADING, name or document.title, level=level, page=page or None)
        append(composer, document, level, page)
        self._failed += [f"{label}: {note}" for note in document.notes]
        self.hear(document.front_matter)

    def hear(self, front_matter: Mapping[str, str]) -> None:
        """Take what a part says about sensitivity, as far as it cannot lower anything.

        What arrives in a container was often written by strangers, and covers a part of the text only: `public`
        there says nothing about the rest, and anything above it counts as confidential at least.
        """
        spoken = label_of_front_matter(front_matter)
        if spoken is None or spoken.label is Label.PUBLIC:
            return
        known = self.front_matter.get("sensitivity")
        word = max(spoken.label, UNLABELLED).name.lower()
        self.front_matter["sensitivity"] = f"{known}, {word}" if known else word


def append(composer: Composer, document: ParsedDocument, level: int, page: int = 0) -> None:
    """Add the blocks of `document`, its headings below one of `level`."""
    for block in document.blocks:
        deeper = min(6, block.level + level) if block.kind is BlockKind.HEADING else 0
        composer.add(block.kind, block.text, page=page or block.page, level=deeper)
