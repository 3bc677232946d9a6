"""Courses and prices in few words, for tests of performance."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from plimsoll.kernel.identifiers import AssetId
from plimsoll.portfolio.domain.returns import Course, DayValue
from plimsoll.portfolio.domain.series import DailyPrices
from tests.ledger.entries import USD

FIRST: Final = date(2024, 1, 1)


def on(number: int) -> date:
    return FIRST + timedelta(days=number)


def at(number: int, hour: int = 12) -> datetime:
    return datetime(2024, 1, 1, hour, tzinfo=UTC) + timedelta(days=number)


def course(*days: tuple[str, str], before: str = "0") -> Course:
    """Value and flow of each day from day 0 on."""
    return Course(
        Decimal(before),
        tuple(
            DayValue(on(number), Decimal(value), Decimal(flow))
            for number, (value, flow) in enumerate(days)
        ),
    )


def prices(**observed: Mapping[int, str]) -> DailyPrices:
    """In dollars: day number → price, for each asset."""
    return DailyPrices(
        USD,
        {
            AssetId(asset): {on(number): Decimal(price) for number, price in each.items()}
            for asset, each in observed.items()
        },
    )
