"""`airlock receipts`: what was sent where; ids and figures, never text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from web.inside import Inside
from web.terminal import clean, make_table, open_console, print_json

if TYPE_CHECKING:
    from rag.records import Receipt


def add_to(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command("receipts")(show_receipts)


def show_receipts(
    context: typer.Context,
    receipt_id: Annotated[int | None, typer.Argument(help="One receipt, in full.", metavar="[ID]")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Most receipts to list.", min=1, max=10_000)] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: an array, or one object for one receipt.")
    ] = False,
) -> None:
    """Show where answers were written, and what was sent there.

    \b
      airlock receipts
      airlock receipts 12
      airlock receipts --json -n 1000 > receipts.json
    """
    from rag.records import ReceiptId
    from web.shapes import receipt_shape

    with Inside.of(context).store() as store:
        if receipt_id is not None:
            one = store.receipt(ReceiptId(receipt_id))
            print_json(receipt_shape(one)) if as_json else _print_one(one)
            return
        found = store.receipts(limit=limit)
    if as_json:
        print_json([receipt_shape(receipt) for receipt in found])
    else:
        _print_list(found)


def _print_list(receipts: list[Receipt]) -> None:
    console = open_console()
    if not receipts:
        console.print('No receipts yet. Ask something: airlock ask "…"')
        return
    table = make_table("id", "when", "where", "written by", "label", "passages", "sent", "status")
    for one in receipts:
        sent = f"{one.bytes_out} bytes" if one.bytes_out is not None else "-"
        by = clean(" ".join(filter(None, (one.provider, one.model))))
        when = one.created_at[:19].replace("T", " ")
        cells = (one.zone.value, by, one.label.word, str(len(one.chunk_ids)), sent, one.status.value)
        table.add_row(str(one.id), when, *cells)
    console.print(table)


def _print_one(receipt: Receipt) -> None:
    from web.shapes import receipt_shape

    console = open_console()
    shape = receipt_shape(receipt)
    shape["why"] = shape["why"]["en"]
    shape["reasons"] = [one["text"]["en"] for one in shape["reasons"]]
    shape["chunks"] = ", ".join(f"{one['id']} ({one['label']})" for one in shape["chunks"])
    shape["seconds"] = ", ".join(f"{name} {value}" for name, value in shape["seconds"].items())
    for name, value in shape.items():
        shown = "; ".join(value) if isinstance(value, list) else str(value)
        console.print(f"{name.replace('_', ' '):<16} {clean(shown)}")
