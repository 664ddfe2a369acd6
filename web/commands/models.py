"""`airlock models prepare`: makes an embedding model ready, once."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from web.inside import Inside
from web.terminal import open_console, print_json


def add_to(app: typer.Typer) -> None:
    """Put the command group on `app`."""
    group = typer.Typer(no_args_is_help=True, help="Embedding models: prepare one for this computer.")
    group.callback()(_hold_group)
    group.command("prepare")(prepare_model)
    app.add_typer(group, name="models")


def _hold_group() -> None:
    """Embedding models: prepare one for this computer."""


def prepare_model(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            help="A sentence-transformers name or folder; the configured model when left out.",
            metavar="[NAME]",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Load, check, convert and measure an embedding model. The only command that may download one.

    \b
      airlock models prepare
      airlock models prepare intfloat/multilingual-e5-small

    Afterwards set retrieval.model to that name and ingest again.
    """
    from rag.retrieval.prepare import prepare

    settings = Inside.of(context).settings
    prepared = prepare(settings, name, lambda line: print(line, file=sys.stderr))
    if as_json:
        print_json({**asdict(prepared), "identity": prepared.identity})
        return
    figures = "; ".join(
        f"{precision} agrees with the reference by {one.mean:.4f} (least {one.least:.4f})"
        for precision, one in prepared.agreement.items()
    )
    console = open_console()
    console.print(f"{prepared.name} is ready: served by {prepared.served_by}, {prepared.seconds:.0f} s.")
    if figures or prepared.note:
        console.print("; ".join(filter(None, (figures, prepared.note))))
    if name is not None and name != settings.retrieval.model:
        console.print(f"To use it, set retrieval.model to {name} and ingest again.")
