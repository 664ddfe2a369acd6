"""`airlock eval`: measures retrieval on a person's own questions, or sets two such measurements side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.errors import ConfigError
from web.inside import Inside
from web.terminal import clean, make_table, open_console, print_json

if TYPE_CHECKING:
    from web.evaluation.run import Show

SHOWN_QUESTIONS = 10


def add_to(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command("eval")(evaluate)


def evaluate(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="A folder with queries.jsonl and qrels.tsv.", metavar="DIR")
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option("--corpus", help="The documents: a folder or a .jsonl file; DIR/corpus.jsonl when left out."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option("--labels", help="A table (path, tab, label) for sets that expect routes.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="Ask only this many, evenly spread.", min=1)] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="Also write an HTML report here.", metavar="FILE.html")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Build the set's store anew.")] = False,
    compared: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--compare", help="Two outputs of --json: what changed.", metavar="A.json B.json"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure retrieval on your own questions. Asks no model and leaves your documents alone.

    DIR/queries.jsonl holds one object a line: id, text, and where known answers, unanswerable,
    expected_route (any, cloud, masked, local), docs. DIR/qrels.tsv says which documents answer:
    question id, document id, 1. The store made for it is kept for the next run.

    \b
      airlock eval questions/ --corpus ~/Documents/handbook --report eval.html
      airlock eval questions/ --json > before.json
      airlock eval --compare before.json after.json
    """
    if compared is not None and folder is None:
        show_comparison(*compared, as_json=as_json)
        return
    if folder is None or compared is not None:
        raise ConfigError("give either a folder with queries.jsonl, or --compare A.json B.json")
    from web.evaluation.run import run_evaluation

    with _progress(quiet=as_json) as show:
        evaluation = run_evaluation(
            Inside.of(context).settings,
            folder,
            corpus=corpus,
            labels=labels,
            limit=limit,
            fresh=fresh,
            on_progress=show,
        )
    if report is not None:
        from web.evaluation.report import write_report

        try:
            write_report(evaluation, report)
        except OSError as error:
            raise ConfigError(f"--report: {report} cannot be written ({error.strerror})") from error
    if as_json:
        print_json(evaluation)
    else:
        print_evaluation(evaluation, report)


def show_comparison(before: Path, after: Path, *, as_json: bool) -> None:
    """Print what changed between two evaluations.

    Raises:
        NotFound, Unreadable: a file is not there, or is no evaluation.
    """
    from web.evaluation.compare import compare
    from web.evaluation.shapes import read_evaluation

    comparison = compare(read_evaluation(before), read_evaluation(after))
    if as_json:
        print_json(comparison)
    else:
        print_comparison(comparison)


def print_evaluation(evaluation: Mapping[str, Any], report: Path | None) -> None:
    """The figures, then the questions whose documents were found last or not at all."""
    console, counts = open_console(), evaluation["questions"]
    console.print(
        f"{clean(evaluation['set'])}: {counts['asked']} of {counts['in_set']} questions, "
        f"{evaluation['documents']} documents, {evaluation['chunks']} chunks"
    )
    if evaluation["missing"]:
        names = ", ".join(clean(name) for name in evaluation["missing"][:5])
        console.print(
            f"{len(evaluation['missing'])} expected documents are not there, and count as not found: {names}",
            style="yellow",
        )
    table = make_table("measure", "value", "over")
    for name, value in (evaluation["metrics"] or {}).items():
        table.add_row(name, f"{value:.3f}", f"{counts['scored']} questions")
    for name, text, over in _further_rows(evaluation):
        table.add_row(name, text, over)
    console.print(table)
    missed = [one for one in evaluation["results"] if one["metrics"] and one["rank"] != 1]
    missed.sort(key=lambda one: -(one["rank"] or float("inf")))
    if missed:
        worst = make_table("rank", "question", "expected", "found first")
        for one in missed[:SHOWN_QUESTIONS]:
            first = one["found"][0]["document"] if one["found"] else "nothing"
            rank = "-" if one["rank"] is None else str(one["rank"])
            worst.add_row(rank, clean(one["text"]), clean(", ".join(one["expected"][:3])), clean(first))
        console.print(worst)
        if len(missed) > SHOWN_QUESTIONS:
            console.print(f"… and {len(missed) - SHOWN_QUESTIONS} more not found first; --json and --report have all")
    if report is not None:
        console.print(f"report: {report}")


def print_comparison(comparison: Mapping[str, Any]) -> None:
    """Each metric before and after, then the questions won and lost."""
    console = open_console()
    table = make_table("metric", "before", "after", "difference", "by chance")
    for name, one in (comparison["metrics"] or {}).items():
        table.add_row(
            name, f"{one['before']:.3f}", f"{one['after']:.3f}", f"{one['difference']:+.3f}", f"{one['p']:.3f}"
        )
    console.print(f"{comparison['questions']} questions in both")
    for side in ("only_before", "only_after"):
        if comparison[side]:
            console.print(f"{len(comparison[side])} questions {side.replace('_', ' ')} are left out", style="yellow")
    if comparison["metrics"]:
        console.print(table)
    for title in ("won", "lost"):
        console.print(f"{title}: {len(comparison[title])}", style="bold")
        changes = make_table("what", "before", "after", "question", "found first before", "found first now")
        for one in comparison[title][:SHOWN_QUESTIONS]:
            changes.add_row(*_change_cells(one))
        if comparison[title]:
            console.print(changes)
        if len(comparison[title]) > SHOWN_QUESTIONS:
            console.print(f"… and {len(comparison[title]) - SHOWN_QUESTIONS} more; --json lists them all")


def _change_cells(one: Mapping[str, Any]) -> tuple[str, ...]:
    if one["what"] == "ranking":
        places = tuple("-" if rank is None else f"rank {rank}" for rank in (one["rank_before"], one["rank_after"]))
    else:
        places = tuple("right" if value else "wrong" for value in (one["before"], one["after"]))
    firsts = (clean(one["first_before"] or "nothing"), clean(one["first_after"] or "nothing"))
    return (one["what"], *places, clean(one["text"]), *firsts)


def _further_rows(evaluation: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What is not a ranking: spans, refusal, routes, time."""
    spans, refusal, routes = evaluation["spans"], evaluation["refusal"], evaluation["routes"]
    if spans:
        for name in ("recall@5", "recall@10", "prompt"):
            yield f"answer characters, {name}", f"{spans[name]:.3f}", f"{spans['questions']} questions"
    if refusal["unanswerable"]:
        yield "refusal recall", f"{refusal['recall']:.3f}", f"{refusal['unanswerable']} unanswerable"
    if refusal["precision"] is not None:
        yield "refusal precision", f"{refusal['precision']:.3f}", f"{refusal['refused']} refused"
    if refusal["answerable_refused"] is not None:
        answerable = evaluation["questions"]["asked"] - refusal["unanswerable"]
        yield "answerable but refused", f"{refusal['answerable_refused']:.3f}", f"{answerable} answerable"
    if routes and routes["agreement"] is not None:
        yield "route as expected", f"{routes['agreement']:.3f}", f"{routes['questions']} questions"
        yield "route too open / needless", f"{routes['too_open']} / {routes['needless']}", ""
    latency = evaluation["latency"]
    yield "retrieval p50 / p95", f"{latency['p50'] * 1000:.1f} / {latency['p95'] * 1000:.1f} ms", ""


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Show | None]:
    """A bar on standard error for what is being done, how much of how much."""
    if quiet:
        yield None
        return
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.completed}/{task.total}", markup=False),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=open_console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield show
