"""`airlock search`: the passages alone; asks no model."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from web.inside import Inside
from web.terminal import clean, open_console, print_json

if TYPE_CHECKING:
    from rag.records import Passage


def add_to(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command("search")(search)


def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="What to look for, in any language your documents are in.")],
    k: Annotated[int, typer.Option("-k", help="Most passages to show.", min=1, max=100)] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the passages that fit, best first, and ask no model.

    \b
      airlock search "notice period"
      airlock search "校正 濁度" -k 3 --json
    """
    from rag.retrieval.embed import open_embedder
    from rag.wiring import open_retriever

    inside = Inside.of(context)
    started = time.monotonic()
    with inside.store() as store:
        retriever = open_retriever(inside.settings, store, open_embedder(inside.settings))
        opened = time.monotonic()
        found = retriever.retrieve(query, limit=k, cut=False)
        timings = {"open": opened - started, **found.seconds, "total": time.monotonic() - started}
    if as_json:
        from web.shapes import passage_shape

        passages = [passage_shape(passage) for passage in found.passages]
        rounded = {name: round(seconds, 4) for name, seconds in timings.items()}
        print_json({"query": query, "passages": passages, "timings": rounded})
        return
    console = open_console()
    if not found.passages:
        console.print("Nothing found. `airlock status` says how many documents there are.")
    for passage in found.passages:
        console.print(f"[{passage.rank}] {describe_place(passage)}", style="bold")
        console.print(f"    {passage.label} ({passage.label_source.value}), score {passage.score:.2f}")
        console.print(clean(passage.chunk.text).strip() + "\n")


def describe_place(passage: Passage) -> str:
    """Where a passage stands: path, page, headings."""
    page = f", page {passage.chunk.page}" if passage.chunk.page is not None else ""
    heading = f", {' > '.join(passage.chunk.heading)}" if passage.chunk.heading else ""
    return clean(f"{passage.path}{page}{heading}".replace("\n", " "))
