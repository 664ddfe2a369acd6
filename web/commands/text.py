"""`airlock text`: what the parser saw of one file; stores nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from web.inside import Inside
from web.terminal import clean, open_console, print_json


def add_to(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command("text")(show_text)


def show_text(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A document in any format Airlock reads.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what the parser saw in a file, page by page. Nothing is stored.

    \b
      airlock text handbook.pdf
      airlock text minutes.docx --json
    """
    from ingest.pipeline import parse_for_view
    from rag.errors import NotFound

    if not file.is_file():
        raise NotFound(f"there is no file {file}")
    parsed = parse_for_view(file.absolute(), Inside.of(context).settings)
    if as_json:
        blocks = [
            {"kind": block.kind.value, "page": block.page, "start": block.start, "end": block.end}
            for block in parsed.blocks
        ]
        print_json(
            {
                "path": str(file),
                "title": parsed.title,
                "format": parsed.format,
                "pages": parsed.pages,
                "text": parsed.text,
                "blocks": blocks,
            }
        )
        return
    console, page = open_console(), None
    console.print(clean(parsed.title), style="bold")
    for block in parsed.blocks:
        if block.page is not None and block.page != page:
            page = block.page
            console.print(f"\n--- page {page} of {parsed.pages} ---", style="dim")
        console.print(clean(block.text), style="bold" if block.kind.value == "heading" else "")
