"""A period's receipts as a report for whoever must answer for them: counted, checked, written out. Never any text.

Everything in it comes from receipts, which hold ids and figures; no document, question or conversation is read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import metadata
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rag.config import Settings
from rag.policy.labels import Label, join
from rag.policy.replay import ForbiddenNow, find_forbidden, may_have_left
from rag.records import Answerer, Receipt
from rag.store import ChainReport, Store
from rag.wording import LABEL_WORDS
from web.shapes import Json, chain_shape, receipt_shape

TEMPLATES = Path(__file__).parent / "templates"
_ALWAYS = ("", "9999")
"""Before and after every time the store can hold."""


@dataclass(frozen=True, slots=True)
class Line:
    """How many questions went one way, by the label of all that was used. `who` is empty where nobody is named."""

    way: str
    who: str
    by_label: tuple[int, ...]

    @property
    def total(self) -> int:
        """All labels together."""
        return sum(self.by_label)


@dataclass(frozen=True, slots=True)
class Report:
    """What happened in a period. `first` and `last` are days in UTC, both included; None is no limit.

    `forbidden_now` are those of the period that today's labels and rules would keep on this machine.
    """

    first: date | None
    last: date | None
    made_at: str
    version: str
    receipts: tuple[Receipt, ...]
    chain: ChainReport
    forbidden_now: tuple[ForbiddenNow, ...]

    @property
    def left(self) -> tuple[Receipt, ...]:
        """Those for which something may have left this machine."""
        return tuple(one for one in self.receipts if may_have_left(one))

    @property
    def confidential_left(self) -> tuple[Receipt, ...]:
        """Those of `left` for which something confidential or restricted was used."""
        return tuple(one for one in self.left if join((one.label, *one.chunk_labels)) >= Label.CONFIDENTIAL)

    @property
    def bytes_out(self) -> int:
        """Bytes that were sent, as far as the receipts know."""
        return sum(one.bytes_out or 0 for one in self.left)

    @property
    def lines(self) -> tuple[Line, ...]:
        """Where the questions went, the cloud first."""
        counts: dict[tuple[str, str], Counter[Label]] = {}
        for one in self.receipts:
            counts.setdefault(_way(one), Counter())[one.label] += 1
        order = ("cloud", "tried", "refused", "local", "quotes")
        ways = sorted(counts, key=lambda way: (order.index(way[0]), way[1]))
        return tuple(Line(*way, tuple(counts[way][label] for label in Label)) for way in ways)


def build_report(store: Store, settings: Settings, first: date | None, last: date | None, now: datetime) -> Report:
    """Read, verify and judge again what the store holds of a period."""
    since = first.isoformat() if first is not None else _ALWAYS[0]
    until = (last + timedelta(days=1)).isoformat() if last is not None and last < date.max else _ALWAYS[1]
    with store.reading():
        receipts = store.receipts_between(since, until)
        past = (one for one in store.past_sendings() if since <= one.receipt.created_at < until)
        forbidden = tuple(find_forbidden(past, settings.mode, settings.rules.by_label()))
        chain = store.verify_receipts()
    made_at = now.isoformat(timespec="seconds")
    return Report(first, last, made_at, metadata.version("airlock-rag"), tuple(receipts), chain, forbidden)


def render_json(report: Report) -> str:
    """The report with every receipt of the period."""
    return json.dumps(report_shape(report), ensure_ascii=False, indent=2) + "\n"


def render_html(report: Report) -> str:
    """The report as one self-contained page, each line in English and in Traditional Chinese."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    labels = [(label.word, LABEL_WORDS[label.word]) for label in Label]
    return environment.get_template("receipts/report.html").render(report=report, labels=labels)


def report_shape(report: Report) -> Json:
    """The report as JSON."""
    return {
        "since": report.first.isoformat() if report.first is not None else None,
        "until": report.last.isoformat() if report.last is not None else None,
        "made_at": report.made_at,
        "version": report.version,
        "chain": chain_shape(report.chain),
        "questions": len(report.receipts),
        "left_this_computer": len(report.left),
        "confidential_left": _ids(report.confidential_left),
        "forbidden_now": [one.receipt.id for one in report.forbidden_now],
        "bytes_out": report.bytes_out,
        "ways": [
            {
                "way": line.way,
                "who": line.who,
                "by_label": {label.word: count for label, count in zip(Label, line.by_label, strict=True)},
                "total": line.total,
            }
            for line in report.lines
        ],
        "receipts": [receipt_shape(one) for one in report.receipts],
    }


def _way(receipt: Receipt) -> tuple[str, str]:
    """How a question was answered, and by whom."""
    who = ", ".join(part for part in (receipt.provider, receipt.model) if part)
    if may_have_left(receipt):
        return ("cloud", who) if receipt.answerer is Answerer.CLOUD_MODEL else ("tried", "")
    if receipt.answerer is Answerer.CLOUD_MODEL:
        return "refused", ""
    return ("local", who) if receipt.answerer is Answerer.LOCAL_MODEL else ("quotes", "")


def _ids(receipts: Sequence[Receipt]) -> list[int]:
    return [one.id for one in receipts]
