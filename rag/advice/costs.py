"""What answers on this computer cost: its price over its life, its power, its upkeep. Every figure has its unit."""

from __future__ import annotations

from dataclasses import dataclass

SECONDS_PER_HOUR = 3600.0
WATTS_PER_KILOWATT = 1000.0
HOURS_PER_MONTH = 730.5
"""365.25 days of 24 hours, over 12."""


@dataclass(frozen=True, slots=True)
class LocalCost:
    """What a computer that answers costs.

    Args:
        hardware: what was paid for it because of this work, in US dollars.
        life_months: months it serves.
        watts: what it draws while it writes an answer, above what it would draw anyway.
        idle_watts: what it draws all month because it has to stand ready; 0 for a computer that runs anyway.
        kilowatt_hour: price of one kWh in US dollars.
        upkeep: US dollars a month for the hours someone spends on it.
    """

    hardware: float
    life_months: float
    watts: float
    idle_watts: float
    kilowatt_hour: float
    upkeep: float

    @property
    def fixed(self) -> float:
        """US dollars a month before the first question: hardware / life + idle power + upkeep."""
        idle = self.idle_watts * HOURS_PER_MONTH / WATTS_PER_KILOWATT * self.kilowatt_hour
        return self.hardware / self.life_months + idle + self.upkeep

    def per_answer(self, seconds: float) -> float:
        """US dollars of power for an answer that takes `seconds`: watts * seconds / 3,600,000 * price of a kWh."""
        return self.watts * seconds / SECONDS_PER_HOUR / WATTS_PER_KILOWATT * self.kilowatt_hour

    def answers_per_month(self, seconds: float) -> float:
        """How many answers of `seconds` one computer writes in a month without a pause."""
        return HOURS_PER_MONTH * SECONDS_PER_HOUR / seconds
