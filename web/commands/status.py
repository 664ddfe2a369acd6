"""`airlock status`: what answers, what is indexed, what waits and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from web.inside import Inside
from web.terminal import clean, make_table, open_console, print_json

SHOWN_FAILURES = 20


def add_to(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command("status")(show_status)


def show_status(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what answers and why, how much is indexed, and what could not be read.

    \b
      airlock status
      airlock status --json | jq .failures
    """
    inside = Inside.of(context)
    shape = read_status(inside)
    if as_json:
        print_json(shape)
    else:
        _print(shape)


def read_status(inside: Inside) -> dict[str, Any]:
    """The documented object: the page's status with every failed document and the home folder."""
    from rag.gate.client import GateClient
    from rag.models.doors import Doors
    from rag.models.local import LocalModels
    from rag.records import DocumentStatus
    from web.guards import look_at_guards
    from web.status import describe

    settings = inside.settings
    gate = GateClient(inside.gate_socket) if inside.gate_socket is not None else None
    with inside.store() as store:
        local_models = LocalModels(settings, inside.doors or Doors())
        guards = look_at_guards(settings, inside.launcher_guards)
        return {
            "home": str(settings.home),
            **describe(settings, store, local_models, gate, guards),
            "embedding_model": store.meta("embedding_model"),
            "failures": [
                {"source": one.source_name, "path": one.path, "reason": one.reason}
                for one in store.documents(status=DocumentStatus.FAILED)
            ],
        }


def _print(shape: dict[str, Any]) -> None:
    from web.i18n import terminal_language

    language, console = terminal_language(), open_console()
    console.print(clean(shape["answers"]["why"][language]), style="bold")
    console.print(f"mode {shape['mode']}; {shape['documents']} documents, {shape['chunks']} chunks in {shape['home']}")
    for one in shape["models"]["local"]:
        note = f", {one['note']}" if one["note"] else ""
        fits = "" if one["fits"] else ", does not fit this computer's memory"
        console.print(clean(f"local model: {one['provider']} {one['name']}{note}{fits}"))
    cloud = shape["models"]["cloud"]
    if cloud is not None:
        state = "ready" if cloud["ready"] else (cloud["why"] or {}).get(language, "not ready")
        console.print(clean(f"cloud model: {cloud['provider']} {cloud['model']} at {cloud['host']}: {state}"))
    for one in shape["unlabelled"]:
        console.print(
            f"{one['count']} documents of {clean(one['name'])} are not labelled: treated as confidential",
            style="yellow",
        )
    for notice in shape["notices"]:
        console.print(f"{notice['text'][language]} {notice.get('command', '')}", style="yellow")
    if shape["failures"]:
        table = make_table("source", "could not be read", "why")
        for one in shape["failures"][:SHOWN_FAILURES]:
            table.add_row(clean(one["source"]), clean(one["path"]), clean(one["reason"]))
        console.print(table)
        if len(shape["failures"]) > SHOWN_FAILURES:
            console.print(f"… and {len(shape['failures']) - SHOWN_FAILURES} more; --json lists them all")
