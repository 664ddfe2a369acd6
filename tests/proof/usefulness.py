"""Safe is not enough: how many public questions reached the cloud without a click, and how many stayed for nothing."""

from __future__ import annotations

import csv
import json
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rag.records import Zone
from tests.fakes.retrieval import prepare_bundled
from tests.proof.children import in_child
from tests.proof.home import ROOT, airlock
from tests.proof.workbench import open_bench

GOAL = 0.9
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ask:
    """One question, the label of the documents that answer it, and those documents (any may be found)."""

    text: str
    label: str
    documents: tuple[str, ...]


@dataclass
class Usefulness:
    """Counts over one set. `needless` are local answers for which nothing confidential was needed."""

    name: str
    public: int = 0
    in_cloud: int = 0
    refused: int = 0
    confidential: int = 0
    kept: int = 0
    needless: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the answerable public questions, those answered in the cloud."""
        return self.in_cloud / self.public if self.public else 0.0

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "share": round(self.share, 4)}


def measure_usefulness(place: Path, data: Path, say: Say) -> list[Usefulness]:
    """Over the company's folder when the evaluation data is here, and over the sample corpus always."""
    place.mkdir()
    found = [_measure("sample corpus", place / "sample", ROOT / "corpus", read_sample())]
    if (data / "company").is_dir() and (data / "company_qa").is_dir():
        say("  the company folder (116 files)")
        folder = place / "company-files"
        shutil.copytree(data / "company", folder)
        (folder / "labels.toml").write_text(company_labels(data), "utf-8")
        found.append(_measure("company", place / "company", folder, read_company(data)))
    return found


def _measure(name: str, place: Path, folder: Path, asks: list[Ask]) -> Usefulness:
    home = place / "home"
    home.mkdir(mode=0o700, parents=True)
    prepare_bundled(home)
    airlock(home, "ingest", str(folder))
    counted = in_child(lambda: _count(name, home, asks).as_json())
    counted.pop("share")
    return Usefulness(**counted)


def _count(name: str, home: Path, asks: list[Ask]) -> Usefulness:
    counts = Usefulness(name)
    with open_bench(home, ()) as bench:
        for ask in asks:
            turn = bench.ask(ask.text)
            cloud = turn.zone is Zone.CLOUD
            refused = bool({"no_answer", "nothing_indexed"} & turn.marks)
            if ask.label == "public":
                counts.public += 1
                counts.in_cloud += cloud
                counts.refused += refused
                if not cloud:
                    counts.needless.append(ask.text)
            elif ask.label in ("confidential", "restricted"):
                counts.confidential += 1
                # answered from public passages alone, without the document that holds the answer, tells nothing secret
                counts.kept += not (cloud and set(ask.documents) & set(turn.paths))
    return counts


def read_sample() -> list[Ask]:
    """The sample's own questions, in each language that they are written in."""
    table = tomllib.loads((ROOT / "corpus" / "questions.toml").read_text("utf-8"))
    return [
        Ask(question[language], question["label"], tuple(question["documents"].get(language, ())))
        for question in table["questions"]
        for language in ("en", "zh-TW")
        if language in question and question.get("label")
    ]


def read_company(data: Path) -> list[Ask]:
    """The questions over the company's folder that it can answer."""
    lines = (data / "company_qa" / "queries.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [
        Ask(row["text"], row["label"], tuple(row["docs"])) for row in rows if row["label"] and not row["unanswerable"]
    ]


def company_labels(data: Path) -> str:
    """A labels.toml that says what the data's table says."""
    with (data / "company_LABELS.tsv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    lines = [f'{json.dumps(row["path"], ensure_ascii=False)} = "{row["label"]}"' for row in rows]
    return "[labels]\n" + "\n".join(lines) + "\n"
