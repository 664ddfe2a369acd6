"""Compares what lies in a folder with what is stored, and lists what must be read. Reads no file's
content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.find import Found, FoundFile
from ingest.labelling import Labeller
from rag.errors import ConfigError
from rag.records import Document, DocumentStatus


@dataclass(frozen=True, slots=True)
class Task:
    """A file to read. `known` is the document stored at its path; `parse_anyway` True means that its front
    matter is needed even if its content is the same."""

    file: FoundFile
    known: Document | None
    parse_anyway: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that may not be read, because the labels that apply to it cannot be known."""

    file: FoundFile
    known: Document | None
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: `same` files need at most another label, `gone` documents have lost their file."""

    same: tuple[tuple[FoundFile, Document], ...]
    read: tuple[Task, ...]
    waiting: tuple[Waiting, ...]
    gone: tuple[Document, ...]


def make_plan(found: Found, stored: Sequence[Document], labeller: Labeller, *, whole: bool) -> Plan:
    """What the folder needs. `whole` False means one file was asked for: it is read again if it had failed,
    and nothing counts as gone."""
    by_path = {document.path: document for document in stored}
    same: list[tuple[FoundFile, Document]] = []
    read: list[Task] = []
    waiting: list[Waiting] = []
    for file in found.files:
        known = by_path.pop(file.path, None)
        try:
            needs_reading = labeller.check(file.path, known)
        except ConfigError as error:
            waiting.append(Waiting(file, known, str(error)))
            continue
        if known is None or needs_reading or _may_differ(file, known, again=not whole):
            read.append(Task(file, known, needs_reading))
        else:
            same.append((file, known))
    gone = [document for document in by_path.values() if whole and not found.hides(document.path)]
    return Plan(tuple(same), tuple(read), tuple(waiting), tuple(gone))


def _may_differ(file: FoundFile, known: Document, *, again: bool) -> bool:
    """Whether the file may hold something else than what is stored, or was never read to its end."""
    if not known.content_hash or (file.size, file.mtime_ns) != (known.size, known.mtime_ns):
        return True
    return again and known.status is DocumentStatus.FAILED
