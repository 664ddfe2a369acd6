"""`airlock receipts verify` and `head`: whether the receipts are the ones that were written, all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from web.inside import Inside
from web.terminal import open_console, print_json

if TYPE_CHECKING:
    from rag.store import ChainReport, Head, KeyPlace

BROKEN = 7
"""The exit code of a chain that does not verify."""

_MOST_SHOWN = 20

_MEANINGS = {
    "edited": "is not the one that was written: edited, moved, or added without the key",
    "missing": "does not follow the one before it: something before it was taken out or replaced",
    "other_key": "was sealed with a key that is not here; it cannot be checked",
    "truncated": "the newest receipts were taken out, or the store is an older copy",
    "rewritten": "the chain does not go through a head that was noted or kept: it was written anew",
}


def add_to(group: typer.Typer) -> None:
    """Put the commands on `group`."""
    group.command("verify")(verify)
    group.command("head")(show_head)


def verify(
    context: typer.Context,
    head: Annotated[
        list[str] | None, typer.Option("--head", help="A head you kept; may be given several times.", metavar="ID:MAC")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check that no receipt was edited, taken out, moved or cut off. Exits with 7 when one was.

    \b
      airlock receipts verify
      airlock receipts verify --head 42:9f3c…
    """
    from web.shapes import chain_shape

    kept = [_parse(one) for one in head or ()]
    with Inside.of(context).store() as store:
        report, place = store.verify_receipts(kept), store.receipts_key()
    if as_json:
        print_json(chain_shape(report))
    else:
        _print(report, place, len(kept))
    if not report.intact:
        raise typer.Exit(BROKEN)


def show_head(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print how far the chain goes, to be kept somewhere else: on paper, in a mail, in another system.

    Whoever keeps it can show later that nothing up to it was changed or taken out. Exits with 7 and prints
    none when the chain is broken.

    \b
      airlock receipts head
      airlock receipts head > head-2026-07.txt
    """
    with Inside.of(context).store() as store:
        report, place = store.verify_receipts(), store.receipts_key()
    if not report.intact:
        _print(report, place, 0)
        raise typer.Exit(BROKEN)
    if as_json:
        print_json({"count": report.count, "head": str(report.head), "mac": report.head.mac.hex()})
        return
    open_console().print(str(report.head))
    open_console(stderr=True).print(f"{report.count} receipts, verified. Check later: airlock receipts verify --head …")


def _parse(text: str) -> Head:
    from rag.store import parse_head

    try:
        return parse_head(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _print(report: ChainReport, place: KeyPlace, kept: int) -> None:
    console = open_console(stderr=not report.intact)
    if report.intact:
        console.print(f"{report.count} receipts, all as they were written, none missing.", style="green")
        if report.noted is None:
            console.print("No head is noted on this machine, so rows cut off the end would show only against --head.")
    else:
        console.print(f"The chain of {report.count} receipts is broken.", style="bold red")
    for one in report.findings[:_MOST_SHOWN]:
        subject = f"receipt {one.receipt_id}: " if one.receipt_id else ""
        console.print(f"  {subject}{_MEANINGS[one.code.value]}")
    if len(report.findings) > _MOST_SHOWN:
        console.print(f"  and {len(report.findings) - _MOST_SHOWN} more; --json lists all")
    console.print(f"head   {report.head}" + (f"  ({kept} kept heads checked)" if kept else ""))
    console.print(f"key    {place.key_file} ({report.key_id})")
    console.print(f"noted  {place.head_file}")
