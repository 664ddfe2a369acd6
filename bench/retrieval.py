"""Measures retrieval on every open set, against each of its two engines alone, and writes the table.

    python bench/retrieval.py [--sets FOLDER] [--limit N] [--keep FOLDER] [--write docs/benchmarks.md]

A set is a folder with `queries.jsonl`, as `airlock eval` reads it; nothing here knows what a set holds. The stores it
makes are kept under AIRLOCK_HOME/eval, so that only the first run embeds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag.config import Settings, load_settings
from rag.records import ChunkId
from rag.retrieval.dense import DenseIndex
from rag.retrieval.lexical import LexicalIndex
from web.evaluation.asking import Found, ask_all
from web.evaluation.scores import METRICS, Figures, mean_of, score_rankings
from web.evaluation.sets import QUESTIONS_FILE, QuestionSet, read_set, same_name
from web.evaluation.shapes import shape_of
from web.evaluation.shelf import CORPUS_FILE, Shelf, open_shelf

FOLDERS = {"company_qa": ("company", "company_LABELS.tsv")}
"""Sets whose documents are a folder beside them, with the table of its labels."""

FLOORS = {
    "drcd": (0.92, 0.99),
    "squad2_en": (0.81, 0.95),
    "xquad_zhtw": (0.94, 0.99),
    "xling_zhq_endoc": (0.11, 0.16),
    "xling_enq_zhdoc": (0.11, 0.38),
    "cranfield_en": (0.71, 0.86),
    "labor_law_zhtw": (0.87, 0.97),
    "cmrc_trial_xscript": (0.76, 0.84),
    "rgb_zhtw": (0.64, 0.97),
}
"""hit@1 and hit@5 of a plain lexical baseline, measured on another half of the same kind of questions."""

MARGIN = 0.005
"""How far, in nDCG@10, the whole may stay below its better engine."""

HEADING = "# Benchmarks\n\nEvery figure stands with the command that makes it.\n"
BEGIN, END = "<!-- bench/retrieval.py: begin -->", "<!-- bench/retrieval.py: end -->"


@dataclass(frozen=True, slots=True)
class Measured:
    """One set: the metrics of each engine alone and of Airlock, and the whole evaluation."""

    name: str
    lexical: Figures
    dense: Figures
    evaluation: dict[str, Any]

    @property
    def fused(self) -> Figures:
        figures: Figures = self.evaluation["metrics"]
        return figures

    @property
    def floor(self) -> tuple[float, float] | None:
        return FLOORS.get(self.name)

    @property
    def below_floor(self) -> bool:
        return self.floor is not None and (self.fused["hit@1"] < self.floor[0] or self.fused["hit@5"] < self.floor[1])

    @property
    def below_better(self) -> float:
        """How far the whole stays below its better engine in nDCG@10; 0 when it does not."""
        return max(0.0, max(self.lexical["nDCG@10"], self.dense["nDCG@10"]) - self.fused["nDCG@10"])


def main() -> int:
    """Measure every set and print the table; returns 0."""
    options = _parse()
    settings = load_settings()
    folders = sorted(file.parent for file in options.sets.glob(f"*/{QUESTIONS_FILE}"))
    if not folders:
        print(f"bench/retrieval.py: there is no set in {options.sets}; name their folder with --sets", file=sys.stderr)
        return 0
    measured = []
    for folder in folders:
        one = measure(settings, folder, options.limit)
        measured.append(one)
        print(f"{one.name}: {one.evaluation['metrics']}", file=sys.stderr, flush=True)
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            text = json.dumps(one.evaluation, ensure_ascii=False, indent=1)
            (options.keep / f"{one.name}.json").write_text(text, encoding="utf-8")
    section = "\n".join(write_section(measured, options.limit))
    print(section)
    if options.write:
        put_section(options.write, section)
    return 0


def measure(settings: Settings, folder: Path, limit: int | None) -> Measured:
    """One set, asked three ways."""
    corpus, labels = folder / CORPUS_FILE, None
    if folder.name in FOLDERS:
        name, table = FOLDERS[folder.name]
        corpus, labels = folder.parent / name, folder.parent / table
    questions = read_set(folder, limit)
    with open_shelf(settings, corpus, labels=labels) as shelf:
        outcomes = ask_all(questions.questions, shelf.retriever, shelf.settings)
        evaluation = shape_of(questions, corpus, shelf, outcomes)
        lexical, dense = ask_engines(questions, shelf)
    return Measured(folder.name, lexical, dense, evaluation)


def ask_engines(questions: QuestionSet, shelf: Shelf) -> tuple[Figures, Figures]:
    """Both engines alone, over the very indexes that Airlock searches."""
    wanted = 2 * shelf.settings.retrieval.candidates
    lexical = LexicalIndex(shelf.store, shelf.settings.home / "indexes" / "lexical")
    dense = DenseIndex(shelf.store, shelf.settings.home / "indexes" / "dense")
    words, vectors = {}, {}
    for question in questions.questions:
        by_words = lexical.search(question.text, wanted)
        by_vectors = dense.search(shelf.embedder.embed_query(question.text), wanted)
        words[question.id] = (question, rank_chunks(shelf, by_words))
        vectors[question.id] = (question, rank_chunks(shelf, by_vectors))
    figures = mean_of(score_rankings(words)), mean_of(score_rankings(vectors))
    assert figures[0] is not None
    assert figures[1] is not None
    return figures[0], figures[1]


def rank_chunks(shelf: Shelf, hits: Sequence[tuple[ChunkId, float]]) -> list[Found]:
    """The documents of `hits` (best first), each where its best chunk stands."""
    evidence = shelf.store.chunk_evidence([id_ for id_, _ in hits])
    best: dict[str, Found] = {}
    for id_, score in hits:
        name = same_name(evidence[id_].path)
        best.setdefault(name, Found(name, evidence[id_].title, score))
    return list(best.values())


def write_section(measured: Sequence[Measured], limit: int | None) -> Iterator[str]:
    """The lines of the section in docs/benchmarks.md."""
    first = measured[0].evaluation
    asked = f"At most {limit} questions of each set, evenly spread." if limit else "All questions of each set."
    command = "python bench/retrieval.py" + (f" --limit {limit}" if limit else "") + " --write docs/benchmarks.md"
    yield "## Retrieval on the open sets"
    yield ""
    yield f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, {_machine()}. {asked} {first['embedding_model']};"
    settings = ", ".join(f"{name} {value}" for name, value in first["settings"].items())
    yield f"{settings}. Words and vectors alone are the two engines over the same chunks, without leaving out"
    yield "repeats. Each cell: hit@1 / hit@5 / nDCG@10. The floor is hit@1 / hit@5 of a plain lexical baseline on"
    yield "another half of the same kind of questions. ▼ marks the whole below the floor, or more than"
    yield f"{MARGIN} nDCG@10 below its better engine."
    yield ""
    yield "| set | questions | words alone | vectors alone | Airlock | floor | |"
    yield "| --- | ---: | --- | --- | --- | --- | --- |"
    for one in measured:
        floor = "" if one.floor is None else f"{one.floor[0]:.2f} / {one.floor[1]:.2f}"
        marks = ["▼ floor"] if one.below_floor else []
        marks += [f"▼ {one.below_better:.3f}"] if one.below_better > MARGIN else []
        cells = (_cell(one.lexical), _cell(one.dense), _cell(one.fused))
        scored = str(one.evaluation["questions"]["scored"])
        yield f"| {' | '.join((one.name, scored, *cells, floor, ', '.join(marks)))} |"
    yield ""
    yield from _write_rest(measured)


def _write_rest(measured: Sequence[Measured]) -> Iterator[str]:
    """The other measures of the whole: recall, refusal, route, spans, time."""
    yield "What else the whole does: refused is the share of unanswerable questions refused, wrongly the share of"
    yield "answerable ones. Time is one retrieval, with the question's embedding."
    yield ""
    yield "| set | recall@10 | recall@20 | MRR@10 | refused | wrongly | p50 ms | p95 ms |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for one in measured:
        refusal, latency = one.evaluation["refusal"], one.evaluation["latency"]
        shares = ["" if refusal[key] is None else f"{refusal[key]:.3f}" for key in ("recall", "answerable_refused")]
        figures = [f"{one.fused[name]:.3f}" for name in METRICS[2:5]]
        times = [f"{latency[key] * 1000:.1f}" for key in ("p50", "p95")]
        yield f"| {one.name} | {' | '.join((*figures, *shares, *times))} |"
    for one in measured:
        yield from _write_notes(one)


def _write_notes(one: Measured) -> Iterator[str]:
    """A paragraph on spans, routes and documents that are not there, for a set that has them."""
    spans, routes, missing = (one.evaluation[key] for key in ("spans", "routes", "missing"))
    if spans:
        yield f"\n{one.name}: of the answers' characters {spans['recall@5']:.3f} lie in the first 5 passages,"
        yield f"{spans['recall@10']:.3f} in the first 10, {spans['prompt']:.3f} in what would go into the prompt."
    if routes and routes["questions"]:
        yield f"\n{one.name}: of {routes['questions']} questions {routes['too_open']} would be allowed more than"
        yield f"expected, and {routes['needless']} ({routes['needless'] / routes['questions']:.0%}) less than needed."
    if missing:
        yield f"\n{one.name}: {len(missing)} expected documents are not there (not read), and count as not found."


def put_section(page: Path, section: str) -> None:
    """Put `section` between this script's marks in `page`, at its end when they are not there yet."""
    text = (
        page.read_text(encoding="utf-8")
        if page.is_file()
        else "# Benchmarks\n\nEvery figure with the command that makes it.\n"
    )
    whole = f"{BEGIN}\n\n{section}\n\n{END}"
    if BEGIN in text and END in text:
        before, _, rest = text.partition(BEGIN)
        text = before + whole + rest.partition(END)[2]
    else:
        text = f"{text.rstrip()}\n\n{whole}\n"
    page.write_text(text, encoding="utf-8")


def _cell(figures: Figures) -> str:
    return " / ".join(f"{figures[name]:.3f}" for name in ("hit@1", "hit@5", "nDCG@10"))


def _machine() -> str:
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    return f"{os.cpu_count()} cores of {model}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", type=Path, default=Path.home() / ".cache" / "airlock-eval", help="folder of sets")
    parser.add_argument("--limit", type=int, help="most questions of each set")
    parser.add_argument("--keep", type=Path, help="also keep each evaluation as JSON here, for airlock eval --compare")
    parser.add_argument("--write", type=Path, help="page to put the table in")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
