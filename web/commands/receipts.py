"""`airlock receipts`: what was sent where; ids and figures, never text. Lists and shows; the rest is beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from web.commands import receipts_chain, receipts_export
from web.inside import Inside
from web.terminal import clean, make_table, open_console, print_json

if TYPE_CHECKING:
    from rag.policy.replay import ForbiddenNow
    from rag.records import Receipt

SHOW = "show"


class ShowsByDefault(TyperGroup):
    """A group whose first word need not be a command: then it is `show` that is meant."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `show` before anything that is neither a command nor a wish for help."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = [SHOW, *args]
        return super().parse_args(ctx, args)


def add_to(app: typer.Typer) -> None:
    """Put the command group on `app`."""
    group = typer.Typer(
        cls=ShowsByDefault,
        no_args_is_help=False,
        help="What was sent where. Without a further word, lists the newest; with a number, shows that one.",
    )
    group.command(SHOW)(show_receipts)
    receipts_chain.add_to(group)
    receipts_export.add_to(group)
    app.add_typer(group, name="receipts")


def show_receipts(
    context: typer.Context,
    receipt_id: Annotated[int | None, typer.Argument(help="One receipt, in full.", metavar="[ID]")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Most receipts to list.", min=1, max=10_000)] = 20,
    forbidden_now: Annotated[
        bool, typer.Option("--forbidden-now", help="Only those that today's labels and rules would keep here.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: an array, or one object for one receipt.")
    ] = False,
) -> None:
    """Show where answers were written, and what was sent there. `show` may be left out.

    \b
      airlock receipts
      airlock receipts 12
      airlock receipts --forbidden-now
      airlock receipts --json -n 1000 > receipts.json
    """
    from rag.records import ReceiptId
    from web.shapes import receipt_shape

    inside = Inside.of(context)
    if forbidden_now:
        if receipt_id is not None:
            raise typer.BadParameter("give an id or --forbidden-now, not both")
        _show_forbidden(inside, limit, as_json=as_json)
        return
    with inside.store() as store:
        if receipt_id is not None:
            one = store.receipt(ReceiptId(receipt_id))
            print_json(receipt_shape(one)) if as_json else _print_one(one)
            return
        found = store.receipts(limit=limit)
    if as_json:
        print_json([receipt_shape(receipt) for receipt in found])
    elif found:
        _print_list(found)
    else:
        open_console().print('No receipts yet. Ask something: airlock ask "…"')


def _show_forbidden(inside: Inside, limit: int, *, as_json: bool) -> None:
    from itertools import islice

    from rag.policy.replay import find_forbidden
    from web.shapes import forbidden_shape

    with inside.store() as store:
        settings = inside.settings
        all_found = find_forbidden(store.past_sendings(), settings.mode, settings.rules.by_label())
        found = list(islice(all_found, limit))
    if as_json:
        print_json([forbidden_shape(one) for one in found])
    elif found:
        _print_forbidden(found)
    else:
        open_console().print("Nothing that was sent would be kept here today.")


def _print_list(receipts: Sequence[Receipt]) -> None:
    table = make_table("id", "when", "where", "written by", "label", "passages", "sent", "status")
    for one in receipts:
        sent = f"{one.bytes_out} bytes" if one.bytes_out is not None else "-"
        cells = (one.zone.value, _writer(one), one.label.word, str(len(one.chunk_ids)), sent, one.status.value)
        table.add_row(str(one.id), _when(one), *cells)
    open_console().print(table)


def _print_forbidden(found: Sequence[ForbiddenNow]) -> None:
    from rag.wording import say
    from web.i18n import terminal_language

    language = terminal_language()
    table = make_table("id", "when", "sent to", "label then", "label today", "why it would stay here today")
    for one in found:
        why = " ".join(say(reason, language) for reason in one.reasons)
        then = (_writer(one.receipt), one.receipt.label.word)
        table.add_row(str(one.receipt.id), _when(one.receipt), *then, one.label.word, clean(why))
    open_console().print(table)


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


def _writer(receipt: Receipt) -> str:
    return clean(" ".join(filter(None, (receipt.provider, receipt.model))))


def _when(receipt: Receipt) -> str:
    return receipt.created_at[:19].replace("T", " ")
