"""What a million tokens of each cloud model cost, with source and date. Knows no model it has no row for."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

TOKENS_PER_PRICE = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """One row: US dollars for a million tokens in and out, where that was published, and when it was read.

    `read_on` None: a price of one's own contract, which holds as long as it stands in the configuration.
    """

    provider: str
    model: str
    input: float
    output: float
    source: str
    read_on: date | None

    def cost(self, tokens_in: float, tokens_out: float) -> float:
        """US dollars for one request: (tokens_in * input + tokens_out * output) / 1,000,000."""
        return (tokens_in * self.input + tokens_out * self.output) / TOKENS_PER_PRICE


@dataclass(frozen=True, slots=True)
class Prices:
    """A table of prices; the first row that fits a model wins."""

    rows: tuple[Price, ...]

    def find(self, provider: str, model: str) -> Price | None:
        """The price of `model`, None where it is unknown: that is no price of zero.

        A dated release of a model (`gpt-5-mini-2025-08-07`) costs what the model costs.
        """
        asked = model.lower()
        fitting = [row for row in self.rows if row.provider == provider and _is_release(asked, row.model.lower())]
        return max(fitting, key=lambda row: len(row.model), default=None)

    def with_first(self, rows: Iterable[Price]) -> Prices:
        """This table with `rows` instead of those of the same models."""
        own = tuple(rows)
        named = {(row.provider, row.model) for row in own}
        return Prices((*own, *(row for row in self.rows if (row.provider, row.model) not in named)))


@cache
def list_prices() -> Prices:
    """The table that comes with Airlock."""
    text = (Path(__file__).parent / "prices.toml").read_text(encoding="utf-8")
    return Prices(
        tuple(
            Price(row["provider"], row["model"], row["input"], row["output"], row["source"], row["date"])
            for row in tomllib.loads(text)["price"]
        )
    )


def _is_release(asked: str, known: str) -> bool:
    rest = asked.removeprefix(known)
    return asked == known or (rest != asked and rest[:1] in "-@" and rest[1:].replace("-", "").isdigit())
