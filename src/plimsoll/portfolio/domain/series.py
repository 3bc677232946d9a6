"""What everything was worth at the end of each day: the ledger as of each date. Pure.

The quantity of an asset in a wallet at the end of a UTC day, times the price of that day. A price
of an earlier day is carried and marked stale; before the first price a position is unvalued: it is
listed, in no sum, and not worth 0. Values are in one reporting currency, whose own price is 1;
each is rounded half-even to 1e-18 once, and a day's value is the sum of its positions.
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
from plimsoll.ledger.domain.transactions import Transaction

ONE_DAY: Final = timedelta(days=1)


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


class Day(NamedTuple):
    """`value` is the sum of the positions that have one."""

    day: date
    positions: tuple[Position, ...]
    value: Decimal

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
        self._observed = {
            asset: [Priced(price, day) for day, price in sorted(prices.items())]
            for asset, prices in observed.items()
        }

    def __call__(self, asset: AssetId, day: date) -> Priced | None:
        if asset == self._currency:
            return Priced(Decimal(1), day)
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
    held: defaultdict[tuple[WalletId, AssetId], Decimal] = defaultdict(Decimal)
    if kept:
        held.update({(each[0], each[1]): each.quantity for each in kept[-1].positions})
    days = list(kept)
    for offset in range((until - first).days + 1):
        day = first + timedelta(days=offset)
        for transaction in changes.get(day, ()):
            _apply(transaction, held)
        days.append(_value(day, held, price_of))
    return tuple(days)


def _apply(transaction: Transaction, held: defaultdict[tuple[WalletId, AssetId], Decimal]) -> None:
    for leg in transaction.legs:
        if leg.wallet_id is not None:
            held[leg.wallet_id, leg.asset_id] += leg.quantity


def _value(day: date, held: Mapping[tuple[WalletId, AssetId], Decimal], price_of: PriceOf) -> Day:
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
    return Day(day, tuple(positions), total)
