"""The proof's result as a table for people and as JSON for machines; the verdict is made here from the parts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.proof.conversations import Tally
from tests.proof.runner import Outcome
from tests.proof.search import can_unpack_brotli
from tests.proof.usefulness import GOAL, Usefulness

LEAST_PATHS, LEAST_CONTROLS, LEAST_TURNS = 60, 25, 2000
Say = Callable[[str], None]


@dataclass
class Proof:
    """Everything that was found."""

    paths: list[Outcome] = field(default_factory=list)
    controls: list[Outcome] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    useful: list[Usefulness] = field(default_factory=list)
    masking: dict[str, Any] | None = None
    seed: int = 0
    seconds: float = 0.0
    brief: bool = False

    @property
    def leaks(self) -> int:
        """Findings on the intact product."""
        return sum(len(path.findings) for path in self.paths) + len(self.tally.findings)

    def failures(self) -> list[str]:
        """Why this is no pass; empty when it is one."""
        found = [f"leak: {path.title}" for path in self.paths if path.findings]
        found += [f"not exercised: {path.title} ({path.problem})" for path in self.paths if path.problem]
        found += [f"leak in a random conversation: {finding}" for finding in self.tally.findings[:20]]
        found += [f"control not caught: {one.title}" for one in self.controls if not one.findings]
        if not self.tally.zones["cloud"] or not self.tally.zones["local"]:
            found.append("the random conversations did not reach both zones")
        if not self.brief:
            if len(self.paths) < LEAST_PATHS:
                found.append(f"{len(self.paths)} paths of at least {LEAST_PATHS}")
            if len(self.controls) < LEAST_CONTROLS:
                found.append(f"{len(self.controls)} controls of at least {LEAST_CONTROLS}")
        found += [f"needless caution: {one.name}: {one.share:.0%}" for one in self.useful if one.share < GOAL]
        return found

    def as_json(self) -> dict[str, Any]:
        """The whole result."""
        return {
            "passed": not self.failures(),
            "failures": self.failures(),
            "leaks": self.leaks,
            "paths": [path.as_json() for path in self.paths],
            "controls": [{**one.as_json(), "caught": bool(one.findings)} for one in self.controls],
            "conversations": self.tally.as_json(),
            "usefulness": [one.as_json() for one in self.useful],
            "masking": self.masking,
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "brotli": can_unpack_brotli(),
        }


def print_report(proof: Proof) -> None:
    """The tables, and the verdict last."""
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 130, highlight=False)
    console.print(_outcomes("Leak paths, on the intact product", proof.paths, _state_of_path))
    console.print(_outcomes("Controls: one guard removed each", proof.controls, _state_of_control))
    console.print(_conversations(proof.tally, proof.seed))
    for one in proof.useful:
        console.print(_useful(one))
    if proof.masking is not None:
        console.print(_masking(proof.masking))
    caught = sum(bool(one.findings) for one in proof.controls)
    walked = sum(not path.problem for path in proof.paths)
    lines = [
        f"Leaks: {proof.leaks}",
        f"Paths exercised: {walked} of {len(proof.paths)}",
        f"Controls caught: {caught} of {len(proof.controls)}",
        f"Random turns: {proof.tally.turns} in {proof.tally.conversations} conversations",
        f"Time: {proof.seconds:.0f} s",
    ]
    if not can_unpack_brotli():
        lines.append("brotli is not installed here, so brotli bodies were not unpacked")
    for line in (*lines, *(Text(failure, style="red") for failure in proof.failures())):
        console.print(line)
    console.print(Text("FAILED", style="bold red") if proof.failures() else Text("PASSED", style="bold green"))


def _outcomes(title: str, outcomes: Sequence[Outcome], state: Callable[[Outcome], Text]) -> Table:
    table = Table(title=title, title_justify="left")
    for name, justify in (("#", "right"), ("What", "left"), ("Result", "left"), ("s", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for number, one in enumerate(outcomes, 1):
        table.add_row(str(number), Text(one.title), state(one), f"{one.seconds:.1f}")
    return table


def _state_of_path(one: Outcome) -> Text:
    if one.findings:
        return Text(f"LEAK: {one.findings[0]}"[:300], style="red")
    return Text(f"not exercised: {one.problem}", style="red") if one.problem else Text("nothing leaves", style="green")


def _state_of_control(one: Outcome) -> Text:
    return Text(f"caught: {one.findings[0]}"[:90], style="green") if one.findings else Text("NOT CAUGHT", style="red")


def _conversations(tally: Tally, seed: int) -> Table:
    table = Table(title=f"Random conversations, seed {seed}", title_justify="left", show_header=False)
    rows = {
        "Turns": str(tally.turns),
        "Conversations": str(tally.conversations),
        "Answered": ", ".join(f"{zone} {count}" for zone, count in tally.zones.most_common()),
        "Passages of several labels": str(tally.mixed),
        "Requests to the cloud": f"{tally.requests} ({tally.bytes_to_cloud:,} bytes)",
        "Meanwhile": ", ".join(f"{act} {count}" for act, count in sorted(tally.acts.items())),
        "Leaks": str(len(tally.findings)),
    }
    for name, value in rows.items():
        table.add_row(name, Text(value))
    return table


def _useful(one: Usefulness) -> Table:
    table = Table(title=f"Usefulness: {one.name}", title_justify="left", show_header=False)
    table.add_row(
        "Public questions answered in the cloud without a click", f"{one.in_cloud} of {one.public} ({one.share:.0%})"
    )
    table.add_row("Of the others, found no answer", str(one.refused))
    table.add_row("Confidential questions kept here", f"{one.kept} of {one.confidential}")
    for text in one.needless:
        table.add_row("Stayed here", Text(text))
    return table


def _masking(masking: dict[str, Any]) -> Table:
    names = ", ".join(masking["name_recognisers"]) or "none"
    table = Table(title=f"Masking, name recognisers: {names}", title_justify="left")
    for name in ("Type", "Language", "Spans", "Recall", "Precision"):
        table.add_column(name)
    for row in masking["rows"]:
        shares = ("-" if value is None else f"{value:.3f}" for value in (row["recall"], row["precision"]))
        table.add_row(row["type"], row["language"], str(row["spans"]), *shares)
    wrong = f"{masking['hard_negatives_masked']:.1%} of {masking['hard_negatives']}"
    table.add_row("hard negatives masked", "", wrong, "", "")
    return table
