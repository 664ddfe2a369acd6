"""What the command line prints and asks. Foreign text passes `clean`: no document steers the terminal."""

from __future__ import annotations

import json
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from rag.policy.labels import Label

LABEL_CHOICES = (
    ("public", "anyone may read it; questions about it may go to the cloud"),
    ("internal", "for the house; identifiers are hidden before anything goes to the cloud"),
    ("confidential", "never leaves this computer"),
    ("restricted", "never leaves this computer; the highest level"),
)


def print_json(value: Any) -> None:
    """`value` as indented JSON on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def open_console(*, stderr: bool = False) -> Console:
    """A Rich console that reads no markup, highlights nothing and makes no emoji of what it prints."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def make_table(*columns: str, title: str | None = None) -> Table:
    """A plain table with these column heads."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    return table


def clean(text: str) -> str:
    """`text` without control and direction-override characters; line ends and tabs stay."""
    steering = ("Cc", "Cf", "Cs")
    return "".join(one for one in text if one in "\n\t" or unicodedata.category(one) not in steering)


def is_terminal() -> bool:
    """Whether a person sits at both ends, so that a question can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask_yes(question: str, *, default: bool = False) -> bool:
    """Ask a yes-or-no question on the terminal."""
    import typer

    return typer.confirm(question, default=default, err=True)


def ask_label(folder: str, count: int) -> Label | None:
    """Ask how sensitive an unlabelled folder is; None when the person leaves it open."""
    from rag.policy.labels import parse_label

    console = open_console(stderr=True)
    console.print(f"\n{count} documents in {clean(folder)} are not labelled. How sensitive is this folder?")
    for number, (word, meaning) in enumerate(LABEL_CHOICES, 1):
        console.print(f"  {number}  {word:<13} {meaning}")
    console.print("  Enter  leave unlabelled: treated as confidential until you say")
    while True:
        console.print("Label [1-4]: ", end="")
        answer = sys.stdin.readline()
        word = answer.strip().lower()
        if not word:
            return None
        if word in ("1", "2", "3", "4"):
            word = LABEL_CHOICES[int(word) - 1][0]
        try:
            return parse_label(word)
        except ValueError as error:
            console.print(str(error))
