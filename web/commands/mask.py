"""`airlock mask`: what of a text would be sent where a rule says `masked`. Stores and sends nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from web.terminal import clean, make_table, open_console, print_json

if TYPE_CHECKING:
    from rag.policy.mask import Masked

TAG = "TEXT"
"""The tag of placeholders made for a text alone; a conversation has a random one."""


def add_to(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command("mask")(mask_text)


def mask_text(
    file: Annotated[Path | None, typer.Argument(help="A text file; standard input when left out or -.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what of a text would be sent where a label's rule is `masked`: identifiers become placeholders.

    \b
      airlock mask letter.txt
      pbpaste | airlock mask --json
    """
    from rag.detect.detector import Detector
    from rag.policy.mask import Vault, mask

    text = _read(file)
    detector = Detector()
    masked = mask(text, detector.detect(text), Vault(TAG))
    if as_json:
        print_json(_shape(masked, text, detector.knows_names))
    else:
        _print(masked, detector.knows_names)


def _read(file: Path | None) -> str:
    from rag.errors import ConfigError

    try:
        if file is None or str(file) == "-":
            return sys.stdin.buffer.read().decode("utf-8")
        return file.read_bytes().decode("utf-8")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ConfigError("the text is not UTF-8; `airlock text FILE` reads documents of every format") from error


def _shape(masked: Masked, text: str, names: tuple[str, ...]) -> dict[str, object]:
    return {
        "text": masked.text,
        "spans": [
            {
                "start": one.start,
                "end": one.end,
                "type": one.kind.value,
                "placeholder": one.placeholder,
                "score": round(one.score, 2),
                "checksummed": one.checksummed,
                "text": text[one.start : one.end],
            }
            for one in masked.replacements
        ],
        "counts": {kind.value: count for kind, count in masked.counts.items()},
        "names_recognised": list(names),
    }


def _print(masked: Masked, names: tuple[str, ...]) -> None:
    console = open_console()
    console.print(clean(masked.text))
    notes = open_console(stderr=True)
    if masked.replacements:
        table = make_table("hidden", "type", "from", "to")
        for one in masked.replacements:
            table.add_row(one.placeholder, one.kind.value, str(one.start), str(one.end))
        notes.print(table)
    else:
        notes.print("No identifiers found.")
    if not names:
        notes.print(
            "Persons' names are not recognised: no spaCy model is installed. While that is so, text whose rule is "
            "`masked` stays on this computer unless detect.without_names is set.",
            style="yellow",
        )
