"""`python -m ingest FOLDER`: takes a folder into the store, and tells how it goes as text or as JSON
lines."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import AirlockError, ConfigError, IngestError
from rag.policy.labels import Label, LabelSource, parse_label

if TYPE_CHECKING:
    from ingest.reports import FileReport, IngestReport, Progress


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0, or that of the error, 3 when no file at all could be
    read."""
    options = _parser().parse_args(arguments)
    cancel = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: cancel.set())
    try:
        report = _ingest(options, cancel)
    except AirlockError as error:
        print(f"ingest: {error}", file=sys.stderr)
        return error.exit_code
    if options.json_progress:
        print(json.dumps({"kind": "report", **report_shape(report)}, ensure_ascii=False), flush=True)
    else:
        _print_report(report)
    if cancel.is_set():
        return 130
    read = [one for one in report.files if one.status not in ("failed", "skipped")]
    failed = [one for one in report.files if one.status == "failed"]
    return IngestError.exit_code if failed and not read else 0


def report_shape(report: IngestReport) -> dict[str, Any]:
    """The report as JSON values; one record per file."""
    return {
        "source": {"id": report.source.id, "name": report.source.name, "root": report.source.root},
        "files": [file_shape(one) for one in report.files],
        "unlabelled": report.unlabelled,
        "unknown_share": round(report.unknown_share, 4),
        "seconds": round(report.seconds, 3),
        "guards": list(report.guards),
        "cancelled": report.cancelled,
    }


def file_shape(one: FileReport) -> dict[str, Any]:
    """One file's record: path, status, reason, label, label_source, chunks."""
    return {
        "path": one.path,
        "status": one.status,
        "reason": one.reason,
        "label": None if one.label is None else one.label.word,
        "label_source": None if one.label_source is None else one.label_source.value,
        "chunks": one.chunks,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ingest", description="Take a folder or a file into the store.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a folder, or one file")
    parser.add_argument("--label", help="public, internal, confidential or restricted")
    parser.add_argument(
        "--label-source",
        choices=[LabelSource.COMMAND_LINE.value, LabelSource.PAGE.value],
        default=LabelSource.COMMAND_LINE.value,
        help="who gave --label",
    )
    parser.add_argument("--name", help="what to call the source; the folder's name when left out")
    parser.add_argument("--sample", action="store_true", help="this is the sample corpus")
    parser.add_argument("--json-progress", action="store_true", help="print progress and report as JSON lines")
    return parser


def _ingest(options: argparse.Namespace, cancel: threading.Event) -> IngestReport:
    from ingest.pipeline import Ingester
    from rag.config import load_settings
    from rag.detect.looking import Looking
    from rag.retrieval.embed import open_embedder
    from rag.store import Store

    label = _label(options.label)
    settings = load_settings()
    with Store.open(settings.home, receipts_folder=settings.receipts_folder) as store:
        return Ingester(store, open_embedder(settings), settings, Looking(store)).ingest(
            options.folder,
            label=label,
            name=options.name,
            sample=options.sample,
            label_source=LabelSource(options.label_source),
            on_progress=_listener(options.json_progress),
            cancel=cancel,
        )


def _label(word: str | None) -> Label | None:
    try:
        return None if word is None else parse_label(word)
    except ValueError as error:
        raise ConfigError(f"--label: {error}") from None


def _listener(as_json: bool) -> Callable[[Progress], None] | None:
    if as_json:
        return lambda progress: print(json.dumps({"kind": "progress", **asdict(progress)}), flush=True)
    return _print_progress if sys.stderr.isatty() else None


def _print_progress(progress: Progress) -> None:
    left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
    line = f"{progress.files_done}/{progress.files_total} files, {progress.rate:.0f} chunks/s{left}"
    print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)


def _print_report(report: IngestReport) -> None:
    counts = Counter(one.status for one in report.files)
    parts = ", ".join(f"{count} {status}" for status, count in counts.most_common()) or "nothing to read"
    stopped = "stopped early: " if report.cancelled else ""
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{start}{stopped}{report.source.name}: {parts} in {report.seconds:.1f} s", file=sys.stderr)
    for one in report.files:
        if one.status == "failed":
            print(f"  {_printable(one.path)}: {one.reason}")


def _printable(path: str) -> str:
    """`path` without control characters: a file name must not be able to drive a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path)


if __name__ == "__main__":
    sys.exit(main())
