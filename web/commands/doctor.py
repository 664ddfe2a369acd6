"""`airlock doctor`: what protects the documents, what is installed, which settings are in force."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from web.inside import Inside
from web.terminal import clean, make_table, open_console, print_json


def add_to(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command("doctor")(doctor)


def doctor(
    context: typer.Context,
    settings: Annotated[
        bool, typer.Option("--settings", help="List every setting, its value and where it came from.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check this installation: guards, versions, models.

    Exits with 1 when something keeps answers from coming.

    \b
      airlock doctor
      airlock doctor --settings
    """
    from web.doctor import list_settings, look
    from web.guards import look_at_guards

    inside = Inside.of(context)
    if settings:
        rows = list_settings(inside.settings)
        print_json(rows) if as_json else _print_settings(rows)
        return
    with inside.store() as store:
        shape = look(inside.settings, store, look_at_guards(inside.settings, inside.launcher_guards))
    if as_json:
        print_json(shape)
    else:
        _print(shape)
    if shape["problems"]:
        raise typer.Exit(1)


def _print(shape: dict[str, Any]) -> None:
    from web.i18n import terminal_language

    language, console = terminal_language(), open_console()
    for guard in shape["guards"]:
        mark, style = ("ok", "green") if guard["in_force"] else ("--", "yellow")
        console.print(f"{mark}  {guard['text'][language]}", style=style)
    console.print(f"\nhome    {shape['home']}")
    console.print(f"config  {shape['config_file'] or 'none; defaults and AIRLOCK_… variables'}")
    console.print(f"mode    {shape['mode']}")
    embedding = shape["embedding"]
    if embedding["prepared"]:
        agreement = ", ".join(f"{name} {one['mean']:.4f}" for name, one in embedding["agreement"].items())
        console.print(f"model   {embedding['identity']}, served by {embedding['served_by']} ({agreement})")
    receipts = shape["receipts"]
    console.print(f"key     {receipts['key_file']} ({receipts['key_id']}; of the sending records: keep a copy)")
    if not receipts["fits"]:
        text = "        another key sealed the newest sending record: put that one back, or it cannot be verified"
        console.print(text, style="yellow")
    versions = ", ".join(f"{name} {version or 'missing'}" for name, version in shape["versions"].items())
    console.print(f"parts   {versions}\n")
    for notice in shape["notices"]:
        console.print(f"{notice['text'][language]}\n    {notice.get('command', '')}", style="yellow")
    for problem in shape["problems"]:
        console.print(clean(problem["text"]), style="bold red")
    if not shape["problems"]:
        console.print("Nothing stands in the way.", style="green")


def _print_settings(rows: list[dict[str, Any]]) -> None:
    table = make_table("setting", "value", "from", "what it does")
    for row in rows:
        table.add_row(row["key"], clean(str(row["value"])), row["origin"], row["description"])
    open_console().print(table)
