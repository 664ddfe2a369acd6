"""`airlock`: the command line. Reads arguments, calls the rooms, prints; importing it loads no model."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import AirlockError
from web.commands import (
    advise,
    ask,
    doctor,
    ingest,
    label,
    mask,
    models,
    receipts,
    search,
    serve,
    sources,
    status,
    text,
)
from web.commands import eval as evaluation
from web.inside import Inside

if TYPE_CHECKING:
    from collections.abc import Sequence

HELP = """
Ask questions of your own documents. Sensitivity labels decide, per question,
whether a cloud or a local model may answer, and every answer leaves a receipt.

\b
  airlock ingest ~/Documents/handbook --label internal
  airlock ask "How many days of leave carry over?"
  airlock serve

All state lives in one folder (AIRLOCK_HOME). Every command takes --json; docs/cli.md has the shapes.
"""

app = typer.Typer(
    name="airlock",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(wanted: bool) -> None:
    """Print the version and end, when it is asked for."""
    if wanted:
        from importlib.metadata import version

        typer.echo(f"airlock {version('airlock-rag')}")
        raise typer.Exit


@app.callback()
def read_globals(
    context: typer.Context,
    traceback: Annotated[bool, typer.Option("--traceback", hidden=True, help="Show where an error came from.")] = False,
    version: Annotated[  # noqa: ARG001  its callback does the work
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that stand before the command."""
    context.ensure_object(Inside).traceback = traceback


for room in (
    ingest,
    ask,
    search,
    text,
    label,
    mask,
    serve,
    status,
    doctor,
    receipts,
    sources,
    models,
    advise,
    evaluation,
):
    room.add_to(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 when done, else the error's exit code after one line on standard error."""
    inside = Inside()
    try:
        inside.take_doors()
        app(args=arguments, obj=inside, prog_name="airlock")
    except AirlockError as error:
        if inside.traceback:
            raise
        sys.stderr.write(f"airlock: {error}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        if inside.traceback:
            raise
        sys.stderr.write(f"airlock: {_name_place(error)}\n")
        sys.exit(70)


def _name_place(error: Exception) -> str:
    """An unexpected error in one line: its type and place, not its message, which could quote a document."""
    from web.places import find_place

    return f"unexpected {type(error).__name__} at {find_place(error)}; `airlock --traceback …` shows more"


if __name__ == "__main__":
    main()
