"""`airlock receipts export`: a period's receipts as JSON, or as a page for whoever must answer for them."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rag.errors import ConfigError
from web.inside import Inside


class Format(StrEnum):
    """What an export may be."""

    JSON = "json"
    HTML = "html"


def add_to(group: typer.Typer) -> None:
    """Put the command on `group`."""
    group.command("export")(export)


def export(
    context: typer.Context,
    since: Annotated[str | None, typer.Option("--since", help="First day, UTC.", metavar="YYYY-MM-DD")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Last day, included, UTC.", metavar="YYYY-MM-DD")] = None,
    format: Annotated[Format, typer.Option("--format", help="json: every receipt. html: one page.")] = Format.JSON,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write here instead of standard output.", dir_okay=False)
    ] = None,
) -> None:
    """Write a period's receipts, and whether they verify: ids and figures, never text.

    Without dates everything is taken. The page is one self-contained file in English and Traditional Chinese,
    made to be printed.

    \b
      airlock receipts export --since 2026-07-01 --until 2026-07-31 --format html -o july.html
      airlock receipts export > receipts.json
    """
    from web.report import build_report, render_html, render_json

    first, last = _read_day("--since", since), _read_day("--until", until)
    if first is not None and last is not None and last < first:
        raise typer.BadParameter("--until is before --since")
    inside = Inside.of(context)
    with inside.store() as store:
        report = build_report(store, inside.settings, first, last, datetime.now(UTC))
    text = render_json(report) if format is Format.JSON else render_html(report)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--output: {output} cannot be written ({error.strerror})") from error


def _read_day(option: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: a day is written YYYY-MM-DD") from error
