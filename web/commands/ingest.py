"""`airlock ingest`: reads a folder into the store, shows how it goes, and says what could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.errors import ConfigError, IngestError, NotFound
from web.inside import Inside
from web.terminal import ask_label, clean, is_terminal, make_table, open_console, print_json

if TYPE_CHECKING:
    from ingest.pipeline import FileReport, IngestReport, Progress
    from rag.policy.labels import Label
    from rag.store import Store

SHOWN_FAILURES = 50


def add_to(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command("ingest")(ingest)


def ingest(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder, or one file.", metavar="FOLDER")],
    label: Annotated[
        str | None,
        typer.Option("--label", "-l", help="How sensitive: public, internal, confidential or restricted."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="What to call this source; by default the folder's name.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 3 when any file could not be read.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON array, one object per file; ask nothing.")
    ] = False,
) -> None:
    """Read a folder: Markdown, text, HTML, PDF and Word. Again, and only what changed is read.

    Labels come from labels.toml, front matter and --label; the highest counts.
    What nobody has labelled is treated as confidential.

    \b
      airlock ingest ~/handbook --label internal
      airlock ingest report.pdf
      airlock ingest ~/handbook --json > ingested.json

    Exits with 0 even when some files could not be read (they are listed),
    and with 3 when none could, or with --strict when any could not.
    """
    from rag.policy.labels import parse_label

    try:
        wanted = parse_label(label) if label is not None else None
    except ValueError as error:
        raise ConfigError(f"--label: {error}") from None
    if not folder.exists():
        raise NotFound(f"there is no folder or file {folder}")
    inside = Inside.of(context)
    with inside.store() as store:
        report = run_ingest(inside, store, folder, wanted, name=name, quiet=as_json)
        if as_json:
            print_json([file_shape(one) for one in report.files])
        else:
            print_report(report)
            if wanted is None and is_terminal():
                ask_once(store, report)
    failed = sum(one.status == "failed" for one in report.files)
    read = sum(one.status not in ("failed", "skipped") for one in report.files)
    if failed and (strict or not read):
        raise IngestError(f"{failed} of {len(report.files)} files could not be read")


def run_ingest(
    inside: Inside,
    store: Store,
    folder: Path,
    label: Label | None,
    *,
    name: str | None = None,
    sample: bool = False,
    quiet: bool = False,
) -> IngestReport:
    """Ingest `folder`, showing progress on standard error unless `quiet`.

    Raises:
        Busy: another process is ingesting.
        StoreError: the store cannot be written.
    """
    from ingest.pipeline import Ingester
    from rag.detect.looking import Looking
    from rag.retrieval.embed import open_embedder

    ingester = Ingester(store, open_embedder(inside.settings), inside.settings, Looking(store))
    with _progress(quiet) as show:
        return ingester.ingest(folder.absolute(), label=label, name=name, sample=sample, on_progress=show)


def file_shape(one: FileReport) -> dict[str, Any]:
    """One file's record, as documented."""
    return {
        "path": one.path,
        "status": one.status,
        "reason": one.reason,
        "label": one.label.word if one.label is not None else None,
        "label_source": one.label_source.value if one.label_source is not None else None,
        "chunks": one.chunks,
    }


def print_report(report: IngestReport) -> None:
    """The counts, then every file that could not be read and why."""
    console = open_console(stderr=True)
    counts = Counter(one.status for one in report.files)
    parts = [f"{count} {status}" for status, count in counts.most_common()] or ["nothing to read"]
    chunks = sum(one.chunks for one in report.files if one.status in ("added", "updated"))
    rate = f", {chunks} chunks at {chunks / report.seconds:.0f}/s" if chunks and report.seconds else ""
    console.print(f"{clean(report.source.name)}: {', '.join(parts)} in {report.seconds:.1f} s{rate}")
    failures = [one for one in report.files if one.status == "failed"]
    if failures:
        table = make_table("could not be read", "why")
        for one in failures[:SHOWN_FAILURES]:
            table.add_row(clean(one.path), clean(one.reason))
        console.print(table)
    if len(failures) > SHOWN_FAILURES:
        console.print(f"… and {len(failures) - SHOWN_FAILURES} more; `airlock status --json` lists them all")
    _print_notice(report.unknown_share)


def ask_once(store: Store, report: IngestReport) -> None:
    """Ask how sensitive a folder is that nobody has labelled, once per source."""
    from rag.policy.labels import LabelSource

    key = f"asked_label:{report.source.id}"
    if not report.unlabelled or report.source.default_label is not None or store.meta(key):
        return
    chosen = ask_label(report.source.root, report.unlabelled)
    store.set_meta(key, "1")
    console = open_console(stderr=True)
    if chosen is None:
        console.print("Left unlabelled: treated as confidential. Label it any time: airlock label FOLDER LABEL")
        return
    changed = store.set_source_label(report.source.id, chosen, LabelSource.COMMAND_LINE)
    console.print(f"{changed} documents are now {chosen}.")


def _print_notice(share: float) -> None:
    from web.notices import INSTALL_COMMAND, NOTICED_SHARE

    if share >= NOTICED_SHARE:
        console = open_console(stderr=True)
        console.print(
            f"The embedding model cannot read {share:.0%} of these documents' words; they are found mostly "
            f"by exact words. A multilingual model: {INSTALL_COMMAND}",
            style="yellow",
        )


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """A progress bar with rate and time left; None when it should be quiet."""
    if quiet:
        yield None
        return
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.fields[files]} files", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[rate]} chunks/s", markup=False),
        TextColumn("{task.fields[left]}", markup=False),
        TextColumn("{task.fields[current]}", markup=False, style="dim"),
    )
    with Bar(*columns, console=open_console(stderr=True), transient=True) as bar:
        task = bar.add_task("ingest", total=None, files="-", rate="-", left="", current="")

        def show(progress: Progress) -> None:
            left = f"{progress.seconds_left:.0f} s left" if progress.seconds_left is not None else ""
            failed = f"{progress.failed} failed  " if progress.failed else ""
            bar.update(
                task,
                total=progress.files_total,
                completed=progress.files_done,
                files=f"{progress.files_done}/{progress.files_total}",
                rate=f"{progress.rate:.0f}",
                left=left,
                current=failed + clean(progress.current)[-60:],
            )

        yield show
