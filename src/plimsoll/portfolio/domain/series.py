"""What everything was worth at the end of each day: the ledger as of each date. Pure.

The quantity of an asset in a wallet at the end of a UTC day, times the price of that day. A price
of an earlier day is carried and marked stale; before the first price a position is unvalued: it is
listed, in no sum, and not worth 0. Values are in one reporting currency, whose own price is 1;
each is rounded half-even to 1e-18 once, and a day's value is the sum of its positions.

Of what goes out without having been there, the quantity ends at 0 and the lack is told as missing.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import AssetId, WalletId
from plimsoll.kernel.money import ZERO, worth
from plimsoll.ledger.domain.holdings import Effect, Key, moves_of
from plimsoll.ledger.domain.transactions import Transaction

ONE_DAY: Final = timedelta(days=1)
ONE: Final = Decimal(1)


class Priced(NamedTuple):
    """A price in the reporting currency and the day that it was seen."""

    price: Decimal
    observed: date


PriceOf = Callable[[AssetId, date], Priced | None]
"""The price for a day, of that day or the last one before; None: there was none until then."""


class Position(NamedTuple):
    """One asset in one wallet at the end of a day; `value` None: it had no price yet."""

    wallet_id: WalletId
    asset_id: AssetId
    quantity: Decimal
    priced: Priced | None
    value: Decimal | None
    stale: bool


class Missing(NamedTuple):
    """How much of an asset has gone out of a wallet, until a day, without having come in."""

    wallet_id: WalletId
    asset_id: AssetId
    quantity: Decimal


class Day(NamedTuple):
    """`value` is the sum of the positions that have one."""

    day: date
    positions: tuple[Position, ...]
    value: Decimal
    missing: tuple[Missing, ...] = ()

    @property
    def unvalued(self) -> tuple[Position, ...]:
        return tuple(each for each in self.positions if each.value is None)

    @property
    def stale(self) -> bool:
        return any(each.stale for each in self.positions)


class DailyPrices:
    """Observed prices, each carried until the next one. `currency` is worth 1 on every day."""

    def __init__(
        self, currency: AssetId, observed: Mapping[AssetId, Mapping[date, Decimal]]
    ) -> None:
        self._currency = currency
        self._today: date | None = None
        self._now: Mapping[AssetId, Priced] = {}
        self._observed = {
            asset: [Priced(price, day) for day, price in sorted(prices.items())]
            for asset, prices in observed.items()
        }

    def __call__(self, asset: AssetId, day: date) -> Priced | None:
        if asset == self._currency:
            return Priced(ONE, day)
        if day == self._today and asset in self._now:
            return self._now[asset]
        return self._last(asset, day)

    def say_now(self, today: date, prices: Mapping[AssetId, Priced]) -> None:
        """What things are worth on the day that is not over; `prices` that are observed then, or
        that are not older than the last observed one.
        """
        self._today = today
        self._now = {
            asset: priced
            for asset, priced in prices.items()
            if (known := self._last(asset, today)) is None or known.observed < priced.observed
        }

    def _last(self, asset: AssetId, day: date) -> Priced | None:
        prices = self._observed.get(asset, [])
        index = bisect_right(prices, day, key=itemgetter(1))
        return prices[index - 1] if index else None


def day_of(moment: datetime) -> date:
    """The UTC day that a moment belongs to."""
    return moment.astimezone(UTC).date()


def recompute(
    series: Sequence[Day],
    from_day: date,
    *,
    transactions: Iterable[Transaction],
    price_of: PriceOf,
    until: date,
) -> tuple[Day, ...]:
    """`series` up to `until`, anew from `from_day` on: the earliest day that a transaction or a
    price has changed. What lies before is taken as it is.

    `transactions`: those in force, at least from `from_day` on; all of them when nothing of the
    series is kept, which is when `from_day` is not after its first day. The series begins with
    the first transaction and has every day after it.
    """
    start = min(from_day, until + ONE_DAY)
    kept = tuple(series[: bisect_left(series, start, key=attrgetter("day"))])
    changes: defaultdict[date, list[Transaction]] = defaultdict(list)
    first = kept[-1].day + ONE_DAY if kept else None
    for transaction in transactions:
        day = day_of(transaction.occurred_at)
        if first is None or day >= first:
            changes[day].append(transaction)
    if first is None:
        if not changes:
            return ()
        first = min(changes)
    held: defaultdict[Key, Decimal] = defaultdict(Decimal)
    lacking: defaultdict[Key, Decimal] = defaultdict(Decimal)
    if kept:
        held.update({(each[0], each[1]): each.quantity for each in kept[-1].positions})
        lacking.update({(each[0], each[1]): each.quantity for each in kept[-1].missing})
    days = list(kept)
    for offset in range((until - first).days + 1):
        day = first + timedelta(days=offset)
        for transaction in changes.get(day, ()):
            _apply(transaction, held, lacking)
        days.append(value_day(day, held, lacking, price_of))
    return tuple(days)


def _apply(
    transaction: Transaction, held: defaultdict[Key, Decimal], lacking: defaultdict[Key, Decimal]
) -> None:
    for move in moves_of(transaction):
        key = (move.wallet_id, move.asset_id)
        if move.effect in (Effect.ACQUIRE, Effect.ARRIVE):
            held[key] += move.quantity
        elif held[key] < move.quantity:
            lacking[key] += move.quantity - held[key]
            held[key] = ZERO
        else:
            held[key] -= move.quantity


def value_day(
    day: date, held: Mapping[Key, Decimal], lacking: Mapping[Key, Decimal], price_of: PriceOf
) -> Day:
    """What was held at the end of a day, valued; what is held none of is no position."""
    positions, total = [], ZERO
    known: dict[AssetId, Priced | None] = {}
    for (wallet_id, asset_id), quantity in sorted(held.items()):
        if not quantity:
            continue
        if asset_id not in known:
            known[asset_id] = price_of(asset_id, day)
        priced = known[asset_id]
        value = None if priced is None else worth(quantity, priced.price)
        stale = priced is not None and priced.observed < day
        positions.append(Position(wallet_id, asset_id, quantity, priced, value, stale))
        total += value or ZERO
    missing = tuple(Missing(*key, lack) for key, lack in sorted(lacking.items()) if lack)
    return Day(day, tuple(positions), total, missing)
