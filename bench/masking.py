"""Measures what `airlock mask` finds: per type and language, on hard negatives, and on a company's public documents.

Run: `python bench/masking.py [DATA]`, where DATA holds `pii/`, `company/` and `company_LABELS.tsv` (the evaluation
data, unpacked; ~/.cache/airlock-eval by default). Prints Markdown; exits 1 when a goal is missed, 2 without the data.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.detect.detector import Detector
from rag.policy.spans import Kind, Span

DATA = Path.home() / ".cache" / "airlock-eval"
KINDS = {
    "EMAIL": (Kind.EMAIL,),
    "PHONE": (Kind.PHONE,),
    "TW_ID": (Kind.TW_ID, Kind.TW_RESIDENT),
    "TW_UBN": (Kind.TW_COMPANY,),
    "TW_NHI": (Kind.TW_HEALTH_CARD,),
    "CREDIT_CARD": (Kind.CARD,),
    "IBAN": (Kind.IBAN,),
    "IP": (Kind.IP,),
    "API_KEY": (Kind.SECRET,),
    "MEDICAL_RECORD": (Kind.MEDICAL_RECORD,),
    "DATE_OF_BIRTH": (Kind.BIRTH_DATE,),
    "US_SSN": (Kind.NATIONAL_ID,),
    "US_DRIVER_LICENSE": (Kind.NATIONAL_ID,),
    "ADDRESS": (Kind.ADDRESS,),
    "PERSON": (Kind.PERSON,),
}
"""What the data calls a type, and what Airlock does. Other types of the data (places, dates …) need no masking."""
NEUTRAL = frozenset({"ZIP_CODE", "GPE", "ORGANIZATION", "TITLE", "DATE_TIME", "NRP", "AGE", "DOMAIN_NAME"})
REPORTED_ONLY = frozenset({"PERSON", "ADDRESS"})
PLAIN = frozenset({".csv", ".tsv", ".json", ".jsonl", ".xml", ".eml", ".rst"})
"""Formats that ingest does not read yet and that are text as they are."""
RECALL_GOAL, HARD_GOAL, PUBLIC_GOAL = 0.99, 0.01, 0.01


@dataclass
class Tally:
    """Counts for one type in one language: true spans, those hidden whole, and finds that are right or wrong."""

    true: int = 0
    hidden: int = 0
    right: int = 0
    wrong: int = 0
    missed: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float | None:
        return self.hidden / self.true if self.true else None

    @property
    def precision(self) -> float | None:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None


@dataclass
class Measured:
    """One set's figures."""

    tallies: dict[tuple[str, str], Tally] = field(default_factory=lambda: defaultdict(Tally))
    negatives: Counter[str] = field(default_factory=Counter)
    masked_negatives: Counter[str] = field(default_factory=Counter)
    wrong_finds: list[str] = field(default_factory=list)


def main(arguments: list[str]) -> int:
    """Measure and print; 0 when every goal is met."""
    data = Path(arguments[0]) if arguments else DATA
    if not (data / "pii").is_dir():
        print(f"no evaluation data in {data}", file=sys.stderr)
        return 2
    detector = Detector()
    detector.detect("loaded")
    names = ", ".join(detector.knows_names) or "none installed"
    print(f"Name recognisers: {names}.\n")
    met = True
    for title, file in (("pii_synth", "pii_synth.jsonl"), ("presidio_synth_en", "presidio_synth_en.jsonl")):
        measured = measure(detector, read_lines(data / "pii" / file))
        print_types(title, measured)
        met &= judge(measured) if file == "pii_synth.jsonl" else True
    met &= print_public(detector, data)
    print_speed(detector, data)
    return 0 if met else 1


def read_lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def measure(detector: Detector, cases: Iterable[dict[str, Any]]) -> Measured:
    """Hold the detector's finds against each case's spans."""
    measured = Measured()
    for case in cases:
        found = detector.detect(case["text"])
        count_recall(measured, case, found)
        count_precision(measured, case, found)
        for negative in case.get("hard_negatives", []):
            measured.negatives[case["lang"]] += 1
            if any(overlaps(span, negative) for span in found):
                measured.masked_negatives[case["lang"]] += 1
                measured.wrong_finds.append(f"{case['id']} {negative['why']}")
    return measured


def count_recall(measured: Measured, case: dict[str, Any], found: tuple[Span, ...]) -> None:
    """A true span counts as hidden when all of it is covered, whatever the finds were called."""
    covered = {place for span in found for place in range(span.start, span.end)}
    for true in case["spans"]:
        if true["type"] in KINDS:
            tally = measured.tallies[true["type"], case["lang"]]
            tally.true += 1
            if covered.issuperset(range(true["start"], true["end"])):
                tally.hidden += 1
            else:
                tally.missed.append(case["id"])


def count_precision(measured: Measured, case: dict[str, Any], found: tuple[Span, ...]) -> None:
    """A find is right when it touches something of its own type, wrong when it touches nothing that needs masking."""
    for span in found:
        name = next(name for name, kinds in KINDS.items() if span.kind in kinds or name == "PERSON")
        touched = [true for true in case["spans"] if overlaps(span, true)]
        tally = measured.tallies[name, case["lang"]]
        if any(span.kind in KINDS.get(true["type"], ()) for true in touched):
            tally.right += 1
        elif not touched or any(true["type"] not in NEUTRAL for true in touched):
            tally.wrong += 1
            measured.wrong_finds.append(f"{case['id']} {span.kind}")


def overlaps(span: Span, true: dict[str, Any]) -> bool:
    return bool(span.start < true["end"] and true["start"] < span.end)


def print_types(title: str, measured: Measured) -> None:
    print(f"{title}:\n\n| Type | Language | Spans | Recall | Precision |\n| --- | --- | --- | --- | --- |")
    for name in KINDS:
        for language in ("en", "zh-TW"):
            tally = measured.tallies.get((name, language))
            if tally and (tally.true or tally.wrong):
                print(f"| {name} | {language} | {tally.true} | {share(tally.recall)} | {share(tally.precision)} |")
    for language, count in sorted(measured.negatives.items()):
        masked = measured.masked_negatives[language]
        print(f"\nHard negatives masked, {language}: {masked} of {count} ({masked / count:.1%}).")
    missed = [f"{name} {case}" for (name, _), tally in measured.tallies.items() for case in tally.missed]
    print(f"\nNot hidden: {summarise(m for m in missed if m.split()[0] not in REPORTED_ONLY)}.", end=" ")
    print(f"Wrongly hidden: {summarise(measured.wrong_finds)}.\n")


def share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def summarise(lines: Iterable[str]) -> str:
    return ", ".join(lines) or "nothing"


def judge(measured: Measured) -> bool:
    """Whether recall and hard negatives meet their goals; persons and addresses are only reported."""
    recalls = {
        key: tally.recall for key, tally in measured.tallies.items() if tally.true and key[0] not in REPORTED_ONLY
    }
    low = {key: recall for key, recall in recalls.items() if recall is not None and recall < RECALL_GOAL}
    negatives = sum(measured.masked_negatives.values()) / sum(measured.negatives.values())
    met = not low and negatives <= HARD_GOAL
    print(f"Goals (recall >= {RECALL_GOAL}, hard negatives <= {HARD_GOAL:.0%}): {'met' if met else f'missed {low}'}.\n")
    return met


def print_public(detector: Detector, data: Path) -> bool:
    """The share of public documents that a find would raise; e-mail addresses and phone numbers raise nothing."""
    raised: dict[str, Counter[Kind]] = {}
    documents = list(read_public(data))
    for path, text in documents:
        kinds = Counter(span.kind for span in detector.detect(text) if span.kind.raises_label)
        if kinds:
            raised[path] = kinds
    rate = len(raised) / len(documents)
    print(
        "Public documents of the company folder with a find that would raise a label: "
        f"{len(raised)} of {len(documents)}"
    )
    print(f"({rate:.1%}; goal <= {PUBLIC_GOAL:.0%}).\n")
    for path, kinds in raised.items():
        print(f"- {path}: {', '.join(f'{kind} {count}' for kind, count in kinds.items())}")
    return rate <= PUBLIC_GOAL


def read_public(data: Path) -> Iterator[tuple[str, str]]:
    """Path and parsed text of each public document."""
    from ingest.pipeline import parse_for_view
    from rag.config import Settings
    from rag.errors import Unsupported

    settings = Settings()

    with (data / "company_LABELS.tsv").open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t") if row["label"] == "public"]
    for row in rows:
        file = data / "company" / row["path"]
        try:
            yield row["path"], parse_for_view(file, settings).text
        except Unsupported:
            if file.suffix in PLAIN:
                yield row["path"], file.read_text(encoding="utf-8-sig")
            else:
                print(f"(not read: {file.suffix})", file=sys.stderr)


def print_speed(detector: Detector, data: Path) -> None:
    """Milliseconds per thousand characters, over the evaluation sentences joined to one text."""
    text = "\n".join(case["text"] for case in read_lines(data / "pii" / "pii_synth.jsonl")) * 4
    started = time.process_time()
    detector.detect(text)
    spent = time.process_time() - started
    print(f"\nSpeed: {spent * 1e6 / len(text):.1f} ms of CPU per 1,000 characters.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
