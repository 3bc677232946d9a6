"""The maker of the house at work: what it quotes by the settings, and when it quotes anew."""

from dataclasses import dataclass
from typing import Final

from plimsoll.settings import Settings
from plimsoll.trading.domain.house import HouseStyle, Level, Quotes, quotes
from plimsoll.trading.domain.instruments import MILLION, MONEY, Instrument, InstrumentKind
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.venue import Market, Venue
from plimsoll.trading.engine.genesis import HOUSE, HOUSE_COINS

FULL: Final = 1_000
"""Its inventory is full at so many times the quantity of its best price."""
REFRESH_S: Final = 30.0
"""Quotes that nobody touched are made anew after so long, so that a book does not stand still."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """Around what it quoted last, and when (monotonic)."""

    index: int
    inventory: int
    at_s: float


def inventory_of(venue: Venue, market: Market) -> int:
    """What the house has in a market in signed steps; of a coin what differs from its stock."""
    house = venue.accounts[HOUSE]
    instrument = market.instrument
    if instrument.kind is InstrumentKind.SPOT:
        balance = house.balances.get(instrument.base)
        return (balance.total - HOUSE_COINS) // market.base_unit if balance else 0
    exposure = house.exposures.get(instrument.symbol)
    position = exposure.positions.get(Leg.NET) if exposure else None
    return position.quantity if position else 0


def style_of(settings: Settings, instrument: Instrument, index: int) -> HouseStyle:
    """How it quotes at an index in ticks: the depth of the settings is in coins of settlement."""
    quantity = max(1, settings.house_depth * MONEY // (index * instrument.unit))
    return HouseStyle(
        half_spread_ppm=settings.house_half_spread_ppm,
        gap_ppm=settings.house_half_spread_ppm,
        levels=settings.house_levels,
        quantity=quantity,
        skew_ppm=settings.house_skew_ppm,
        most_inventory=quantity * FULL,
    )


def quotes_around(
    settings: Settings, instrument: Instrument, index: int, *, inventory: int, seq: int
) -> Quotes:
    """The levels around an index. `seq`: of the command before, which makes the sizes vary."""
    made = quotes(
        style_of(settings, instrument, index),
        index_price=index,
        inventory=inventory,
        seed=settings.simulation_seed * MILLION + seq,
    )
    most = instrument.most_quantity
    return Quotes(_at_most(made.bids, most), _at_most(made.asks, most))


def _at_most(levels: tuple[Level, ...], most: int) -> tuple[Level, ...]:
    return tuple((price, min(quantity, most)) for price, quantity in levels)


def is_worn(
    settings: Settings, quoted: Quoted | None, *, index: int, inventory: int, now_s: float
) -> bool:
    """Whether it quotes anew: the index has gone half of the half spread, somebody traded with it,
    or its quotes are old.
    """
    if quoted is None or inventory != quoted.inventory or now_s - quoted.at_s >= REFRESH_S:
        return True
    moved = abs(index - quoted.index) * 2 * MILLION
    return moved > 0 and moved >= quoted.index * settings.house_half_spread_ppm
