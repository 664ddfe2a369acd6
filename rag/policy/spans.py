"""Where identifiers stand in a text, and of what kind. Holds offsets, never the text itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an identifier is; the value is what `--json`, receipts and placeholders call it."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    PERSON = "PERSON"
    ADDRESS = "ADDRESS"
    BIRTH_DATE = "BIRTH_DATE"
    MEDICAL_RECORD = "MEDICAL_RECORD"
    TW_ID = "TW_ID"
    TW_RESIDENT = "TW_RESIDENT"
    TW_COMPANY = "TW_COMPANY"
    TW_HEALTH_CARD = "TW_HEALTH_CARD"
    NATIONAL_ID = "NATIONAL_ID"
    PASSPORT = "PASSPORT"
    CARD = "CARD"
    IBAN = "IBAN"
    BANK_ACCOUNT = "BANK_ACCOUNT"
    IP = "IP"
    MAC = "MAC"
    SECRET = "SECRET"
    LITERAL = "LITERAL"
    """No identifier: text that looks like a placeholder and is hidden so that it comes back as it was."""

    @property
    def raises_label(self) -> bool:
        """Whether finding one may raise a document's label; e-mail addresses and phone numbers alone never do."""
        return self not in (Kind.EMAIL, Kind.PHONE, Kind.LITERAL)


@dataclass(frozen=True, slots=True)
class Span:
    """One identifier: code-point offsets, half open, and how sure its recogniser is.

    `score` lies in (0, 1]. `checksummed` says that check digits were verified, not only the shape.

    Raises:
        ValueError: the offsets or the score are out of order.
    """

    start: int
    end: int
    kind: Kind
    score: float
    checksummed: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end or not 0 < self.score <= 1:
            raise ValueError(f"no span: {self.start}..{self.end}, score {self.score}")


def merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    """`spans` in order and without overlap, covering every position that any of them covered.

    Overlapping ones become one, of the longest's kind (verified before unverified, then the higher score), so that
    no rest of a weaker find stays visible. It counts as verified only where the verified one is all of it.
    """
    merged: list[Span] = []
    group: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, one.end)):
        if group and span.start >= max(one.end for one in group):
            merged.append(_join_group(group))
            group = []
        group.append(span)
    if group:
        merged.append(_join_group(group))
    return tuple(merged)


def _join_group(group: list[Span]) -> Span:
    best = max(group, key=lambda one: (one.end - one.start, one.checksummed, one.score, one.kind))
    start, end = group[0].start, max(one.end for one in group)
    whole = (best.start, best.end) == (start, end)
    return Span(start, end, best.kind, best.score, best.checksummed and whole)
