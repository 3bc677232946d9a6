"""What the exchange as a whole comes to, and what its batches did, for those who watch it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import prometheus_client

from plimsoll.plumbing.database import ReadUnit
from plimsoll.trading.domain import margin
from plimsoll.trading.domain.accounts import Account, MarginMode
from plimsoll.trading.domain.events import (
    Deleveraged,
    Filled,
    LiquidationStarted,
    OrderAccepted,
    OrderEnded,
    TakenOver,
)
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.standing import maintenance_of, standing
from plimsoll.trading.domain.venue import Market, Venue
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.engine.genesis import HOUSE
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.storage import balances

AT_ONCE: Final = 100
"""Accounts in one look: some milliseconds for which nothing else is done."""

LIQUIDATION_EVENTS: Final = prometheus_client.Counter(
    "liquidation_events", "Steps of liquidations, where the engine runs.", ["kind"]
)
_STEPS: Final = {
    LiquidationStarted: LIQUIDATION_EVENTS.labels("started"),
    TakenOver: LIQUIDATION_EVENTS.labels("taken-over"),
    Deleveraged: LIQUIDATION_EVENTS.labels("deleveraged"),
}


@dataclass(slots=True)
class Traded:
    """What people did in some batches: their orders, and how those ended. `fills` and `volume` are
    of the taker's side, so each match counts once; `volume` in hundred-millionths.
    """

    orders: int = 0
    ended: int = 0
    ended_filled: int = 0
    fills: int = 0
    volume: int = 0
    liquidations: int = 0


def add_up(traded: Traded, batch: Sequence[Applied], instruments: Mapping[str, Instrument]) -> None:
    """Add what a batch did to `traded`. On the way of every batch, so it looks once at each event;
    the house's quotes are most of them and count for nothing.
    """
    for applied in batch:
        for event in applied.events:
            kind = type(event)
            if kind is Filled:
                assert isinstance(event, Filled)
                if not event.maker:
                    traded.fills += 1
                    traded.volume += _worth(event, instruments)
            elif kind is OrderAccepted:
                assert isinstance(event, OrderAccepted)
                traded.orders += event.account != HOUSE
            elif kind is OrderEnded:
                assert isinstance(event, OrderEnded)
                if event.account != HOUSE:
                    traded.ended += 1
                    traded.ended_filled += event.filled > 0
            elif kind in _STEPS:
                _STEPS[kind].inc()
                traded.liquidations += kind is LiquidationStarted


def _worth(event: Filled, instruments: Mapping[str, Instrument]) -> int:
    instrument = instruments.get(event.symbol)
    return event.price * event.quantity * instrument.unit if instrument else 0


@dataclass(frozen=True, slots=True)
class Exposures:
    """Of people: the notional of all positions in hundred-millionths, and for each account that has
    one its highest margin ratio in millionths; None: nothing is left of a margin.
    """

    notional: int
    ratios: tuple[int | None, ...]


async def look_at_exposures(exchange: Exchange) -> Exposures:
    """Some accounts at a time, each as it stands when it is looked at. Raises EngineAway where the
    exchange does not run.
    """
    numbers = await exchange.read(_holders)
    notional, ratios = 0, list[int | None]()
    for begin in range(0, len(numbers), AT_ONCE):
        part = await exchange.read(partial(_look_at, numbers[begin : begin + AT_ONCE]))
        notional += part.notional
        ratios += part.ratios
        await asyncio.sleep(0)
    return Exposures(notional, tuple(ratios))


def _holders(venue: Venue) -> list[int]:
    return [each.id for each in venue.accounts.values() if each.exposures and not each.house]


def _look_at(numbers: Sequence[int], venue: Venue) -> Exposures:
    notional, ratios = 0, list[int | None]()
    for number in numbers:
        account = venue.accounts.get(number)
        if account is None:
            continue
        size = sum(
            abs(position.quantity) * _value(venue.markets[exposure.symbol])
            for exposure in account.exposures.values()
            for position in exposure.positions.values()
        )
        if size:
            notional += size
            ratios.append(_highest_ratio(account, venue))
    return Exposures(notional, tuple(ratios))


def _highest_ratio(account: Account, venue: Venue) -> int | None:
    """Of the cross part and of each isolated position."""
    ratios = [standing(account, venue.markets).ratio_ppm]
    for exposure in account.exposures.values():
        if exposure.mode is not MarginMode.ISOLATED:
            continue
        market = venue.markets[exposure.symbol]
        value = _value(market)
        kept = maintenance_of(exposure, market.instrument.brackets, value=value)
        left = sum(
            each.isolated + each.quantity * value - each.cost
            for each in exposure.positions.values()
        )
        ratios.append(margin.margin_ratio_ppm(maintenance=kept, balance=left))
    known = [ratio for ratio in ratios if ratio is not None]
    return max(known) if len(known) == len(ratios) else None


def _value(market: Market) -> int:
    """Money of one step at the mark."""
    return market.mark * market.instrument.unit


async def count_unbalanced(unit: ReadUnit) -> int:
    """Assets whose balances in all books do not add up to nothing; anything but 0 is a fault."""
    return await balances.count_unbalanced(unit)
