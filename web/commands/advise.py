"""`airlock advise` and `airlock costs`: local or cloud, and what answers have cost. Ask no model."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from web.inside import Inside
from web.terminal import clean, make_table, open_console, print_json

LABELS = ("public", "internal", "confidential", "restricted")


def add_to(app: typer.Typer) -> None:
    """Put both commands on `app`."""
    app.command("advise")(advise)
    app.command("costs")(show_costs)


def advise(
    context: typer.Context,
    questions: Annotated[float | None, typer.Option("--questions", help="Questions a month.", min=0)] = None,
    tokens_in: Annotated[float | None, typer.Option("--tokens-in", help="Tokens sent per question.", min=0)] = None,
    tokens_out: Annotated[float | None, typer.Option("--tokens-out", help="Tokens per answer.", min=0)] = None,
    shares: Annotated[
        str | None,
        typer.Option("--shares", help="Shares by sensitivity.", metavar="PUBLIC,INTERNAL,CONFIDENTIAL,RESTRICTED"),
    ] = None,
    price_in: Annotated[
        float | None, typer.Option("--price-in", help="US dollars for a million tokens sent.", min=0)
    ] = None,
    price_out: Annotated[
        float | None, typer.Option("--price-out", help="US dollars for a million tokens of answers.", min=0)
    ] = None,
    local_seconds: Annotated[
        float | None, typer.Option("--local-seconds", help="Seconds a local answer takes.", min=0.001)
    ] = None,
    cloud_seconds: Annotated[
        float | None, typer.Option("--cloud-seconds", help="Seconds a cloud answer takes.", min=0.001)
    ] = None,
    cloud_wins: Annotated[
        float | None, typer.Option("--cloud-wins", help="Share of blind votes the cloud won.", min=0, max=1)
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Answers must come without a network.")] = False,
    nothing_may_leave: Annotated[
        bool, typer.Option("--nothing-may-leave", help="A law or a contract forbids the cloud.")
    ] = False,
    no_computer: Annotated[bool, typer.Option("--no-computer", help="No computer here can run a model.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="Also write a page to print here.", metavar="FILE.html")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say whether answers should be written here or in the cloud, and why, from your own figures.

    What was measured over the last 30 days is used; what you give replaces it; the rest is assumed and marked so.
    Formulas and units are in docs/advisor.md.

    \b
      airlock advise
      airlock advise --questions 20000 --shares 60,30,10,0
      airlock advise --price-in 3 --price-out 15 --report advice.html
    """
    from rag.advice.measured import Typed
    from web.advice import read_advice

    typed = Typed(
        questions=questions, tokens_in=tokens_in, tokens_out=tokens_out, shares=_read_shares(shares),
        price_in=price_in, price_out=price_out, local_seconds=local_seconds, cloud_seconds=cloud_seconds,
        cloud_wins=cloud_wins, offline=offline, nothing_may_leave=nothing_may_leave, own_computer=not no_computer,
    )  # fmt: skip
    inside = Inside.of(context)
    with inside.store() as store:
        shape = read_advice(store, inside.settings, typed)
    if report is not None:
        _write_report(report, shape)
    print_json(shape) if as_json else _print_advice(shape)


def show_costs(
    context: typer.Context,
    by: Annotated[str, typer.Option("--by", help="Add up by provider, model, zone, label, day or month.")] = "model",
    days: Annotated[int | None, typer.Option("--days", help="Only the last so many days.", min=1)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, by everything.")] = False,
) -> None:
    """Add up what answers have cost: questions, tokens, seconds, US dollars. An unknown price is said, not guessed.

    \b
      airlock costs
      airlock costs --by month
      airlock costs --days 7 --json
    """
    from rag.advice.ledger import BY
    from web.advice import read_costs

    if by not in BY:
        raise typer.BadParameter(f"--by: use {', '.join(BY)}")
    inside = Inside.of(context)
    since = None if days is None else (date.today() - timedelta(days=days - 1)).isoformat()
    with inside.store() as store:
        shape = read_costs(store, inside.settings, since)
    print_json(shape) if as_json else _print_costs(shape, by)


def _read_shares(text: str | None) -> dict[Any, float] | None:
    from rag.policy.labels import Label

    if text is None:
        return None
    try:
        values = [float(part.strip().rstrip("%")) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != len(LABELS) or min(values) < 0 or sum(values) <= 0:
        raise typer.BadParameter(f"--shares: give four figures, for {', '.join(LABELS)}")
    return dict(zip(Label, (value / sum(values) for value in values), strict=True))


def _print_advice(shape: dict[str, Any]) -> None:
    from web.i18n import terminal_language

    language, console = terminal_language(), open_console()
    console.print(f'{shape["option"]["name"][language]}  (mode = "{shape["option"]["mode"]}")', style="bold")
    console.print(shape["decided_by"]["text"][language] + "\n")
    for one in shape["criteria"]:
        favours = one["favours"]["name"][language] if one["favours"] else "–"
        console.print(f"{one['title'][language]}: {favours}", style="bold")
        console.print(f"  {one['text'][language]}")
    table = make_table("", "US$ a month", "answered by a model")
    for cost in shape["costs"]:
        total = "price unknown" if cost["total"] is None else f"{cost['total']:,.2f}"
        table.add_row(cost["option"]["name"][language], total, f"{cost['answered_by_model']:.0%}")
    console.print(table)
    even = shape["break_even"]
    console.print("No break-even." if even is None else f"Break-even: {even:,.0f} questions a month.")
    for turn in shape["turns"]:
        console.print(f"  {turn['name'][language]} × {turn['factor']:g} → {turn['option']['name'][language]}")
    assumed = [one["name"][language] for one in shape["inputs"].values() if not one["measured"]]
    if assumed:
        console.print(f"\nNot measured: {', '.join(assumed)}", style="yellow")


def _print_costs(shape: dict[str, Any], by: str) -> None:
    console = open_console()
    if not shape["total"]["questions"]:
        console.print('No answers yet. Ask something: airlock ask "…"')
        return
    table = make_table(by, "questions", "tokens in", "tokens out", "seconds", "US$")
    for line in (*shape["by"][by], shape["total"]):
        table.add_row(
            clean(line["name"]),
            f"{line['questions']:,}",
            f"{line['tokens_in']:,}",
            f"{line['tokens_out']:,}",
            "–" if line["median_seconds"] is None else f"{line['median_seconds']:.1f}",
            f"{line['cost']:,.4f}" + (f" + {line['unpriced']} of unknown price" if line["unpriced"] else ""),
        )
    console.print(table)
    console.print(
        f"A computer that answers: US$ {shape['local_fixed_per_month']:,.2f} a month besides (settings: costs)."
    )


def _write_report(path: Path, shape: dict[str, Any]) -> None:
    from rag.errors import ConfigError
    from web.advice_report import render_advice

    try:
        path.write_text(render_advice(shape), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--report: {path} cannot be written ({error.strerror})") from error
