"""A person's history, kept in memory and brought up to the moment before every answer.

What is kept of a ledger in a currency is true up to a version of the ledger, of the person's own
valuations and of the prices from files. Each look asks PostgreSQL for these, in one snapshot; what
was recorded or voided since then makes the days from its moment on be told again, a changed price
those from its day on, and nothing the others. The day that is not over is told again every time,
at the latest prices. Closes of candles have no version: they are read again once a minute, when a
price has changed elsewhere, and when a new day has begun.

Histories are worked on in threads, a few thousand transactions at a time, one at once, so that the
event loop goes on. The least recently used are forgotten when all together are too large.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Final, TypeVar

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.identifiers import AssetId, UserId
from plimsoll.ledger.domain.transactions import Order
from plimsoll.ledger.service import changes, history, valuations
from plimsoll.markets.service.dailies import Dailies
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import Database, ReadUnit
from plimsoll.portfolio.domain.history import History
from plimsoll.portfolio.domain.series import ONE_DAY, DailyPrices, Priced, day_of

T = TypeVar("T")

Key = tuple[UserId, AssetId]
"""Whose ledger, in which currency."""

Observed = dict[AssetId, dict[date, Decimal]]

MOST_POSITIONS: Final = 300_000
"""Of all histories that are kept: some 200 MB."""
PRICES_STAND_S: Final = 60
MOST_LOOKS: Final = 3
"""At once: each holds a connection for as long as it takes."""
LOOK_BACK: Final = timedelta(days=31)
"""How long before the first transaction a price may have been seen that still counts."""
LAST_OF_ALL: Final = (2**15 - 1, 2**62)


@dataclass(slots=True)
class _Kept:
    """A history and what it is true of."""

    history: History
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    ledger: int = 0
    today: date = date.max
    first: date | None = None
    assets: frozenset[AssetId] = frozenset()
    observed: Observed = field(default_factory=dict)
    basis: object = None
    """What the prices were read for."""
    prices_at_s: float = 0.0  # no money: seconds of the monotonic clock


@dataclass(frozen=True, slots=True)
class Look:
    """A history as it is now. It changes with the next look, so all is taken from it at once.

    `first`: the day of the first transaction; `today` where there is none.
    """

    history: History
    first: date
    today: date
    beside: Mapping[AssetId, DailyPrices]


class Histories:
    """One per process."""

    def __init__(
        self,
        database: Database,
        prices: Prices,
        dailies: Dailies,
        clock: Clock,
        *,
        most_positions: int = MOST_POSITIONS,
    ) -> None:
        self._database = database
        self._prices = prices
        self._dailies = dailies
        self._clock = clock
        self._most_positions = most_positions
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._one_at_once = asyncio.Semaphore(1)
        self._looks = asyncio.Semaphore(MOST_LOOKS)

    async def ask(
        self,
        user_id: UserId,
        currency: AssetId,
        question: Callable[[Look], T],
        *,
        beside: AssetId | None = None,
    ) -> T:
        """The answer to a question of the history as it is now; it is worked out in a thread.

        `beside`: an asset that need not be held, whose prices the question needs as well.
        """
        key = (user_id, currency)
        while True:
            kept = self._kept.get(key)
            if kept is None:
                kept = self._kept[key] = _Kept(History(DailyPrices(currency, {})))
            self._kept.move_to_end(key)
            async with kept.lock, self._looks:
                if self._kept.get(key) is kept:  # else it was forgotten meanwhile
                    return await self._answer(key, kept, question, beside)

    async def _answer(
        self, key: Key, kept: _Kept, question: Callable[[Look], T], beside: AssetId | None
    ) -> T:
        try:
            async with self._database.look() as unit:
                await self._renew(unit, key, kept)
                beside_it = await self._load_beside(unit, key, kept, beside)
            days = kept.history.days
            look = Look(kept.history, days[0].day if days else kept.today, kept.today, beside_it)
            return await self._work(lambda: question(look))
        except BaseException:
            self._kept.pop(key, None)  # it may be half told
            raise
        finally:
            self._forget_oldest()

    async def _renew(self, unit: ReadUnit, key: Key, kept: _Kept) -> None:
        """Tell again what may be another than it was."""
        user_id, currency = key
        today = self._clock.now().date()
        changed = min(today, kept.today)
        assets, first = kept.assets, kept.first
        version = await changes.find_version(unit, user_id)
        if version != kept.ledger:
            earliest = await changes.find_earliest(unit, user_id, since=kept.ledger)
            if earliest is not None:
                changed = min(changed, day_of(earliest))
                first = min(first or changed, day_of(earliest))
            assets = assets | await changes.list_assets(unit, user_id, since=kept.ledger)
        changed = min(changed, await self._renew_prices(unit, key, kept, today, assets, first))
        kept.first, kept.assets = first, assets
        price_of = kept.history.price_of
        assert isinstance(price_of, DailyPrices)
        price_of.say_now(today, self._latest(assets, currency, today))
        start = max(changed, first or today)
        await self._work(lambda: kept.history.forget(start))
        async for page in history.stream_in_force(unit, user_id, after=_end_of(start - ONE_DAY)):
            told = [transaction for transaction, _ in page]
            await self._work(partial(kept.history.tell, told))
        await self._work(lambda: kept.history.close(today))
        kept.ledger, kept.today = version, today

    async def _renew_prices(
        self,
        unit: ReadUnit,
        key: Key,
        kept: _Kept,
        today: date,
        assets: frozenset[AssetId],
        first: date | None,
    ) -> date:
        """Read the prices anew if they may have changed; the first day on which one of an asset
        that was known before has.
        """
        user_id, currency = key
        own = await valuations.find_version(unit, user_id)
        files = await self._dailies.find_version(unit)
        basis = (own, files, today, assets, first)
        now_s = self._clock.monotonic()
        if basis == kept.basis and now_s - kept.prices_at_s < PRICES_STAND_S:
            return date.max
        observed = await valuations.load_prices(
            unit,
            user_id,
            self._dailies,
            assets,
            currency,
            first=(first or today) - LOOK_BACK,
            last=today,
        )
        changed = _first_change(kept.observed, observed, kept.assets)
        kept.history.price_of = DailyPrices(currency, observed)
        kept.observed, kept.basis, kept.prices_at_s = observed, basis, now_s
        return changed

    def _latest(
        self, assets: Iterable[AssetId], currency: AssetId, today: date
    ) -> dict[AssetId, Priced]:
        """The latest prices and the days on which they were seen."""
        quotes = {asset: self._prices.find_quote(asset, currency) for asset in assets}
        return {
            asset: Priced(quote.value, min(day_of(quote.at), today))
            for asset, quote in quotes.items()
            if quote is not None
        }

    async def _load_beside(
        self, unit: ReadUnit, key: Key, kept: _Kept, asset: AssetId | None
    ) -> dict[AssetId, DailyPrices]:
        if asset is None:
            return {}
        user_id, currency = key
        first = (kept.first or kept.today) - LOOK_BACK
        observed = await valuations.load_prices(
            unit, user_id, self._dailies, {asset}, currency, first=first, last=kept.today
        )
        price_of = DailyPrices(currency, observed)
        price_of.say_now(kept.today, self._latest({asset}, currency, kept.today))
        return {asset: price_of}

    async def _work(self, work: Callable[[], T]) -> T:
        async with self._one_at_once:
            return await asyncio.to_thread(work)

    def _forget_oldest(self) -> None:
        while (
            len(self._kept) > 1
            and sum(each.history.size + 1 for each in self._kept.values()) > self._most_positions
        ):
            self._kept.popitem(last=False)


def _end_of(day: date) -> Order:
    last = datetime.combine(day, time.max, UTC)
    return (last, *LAST_OF_ALL)


def _first_change(old: Observed, new: Observed, assets: Iterable[AssetId]) -> date:
    """The first day on which a price of `assets` is another one, is new or is gone; date.max:
    nowhere.
    """
    found = [date.max]
    for asset in assets:
        before, after = old.get(asset, {}), new.get(asset, {})
        if before != after:
            days = before.keys() | after.keys()
            found.append(min(day for day in days if before.get(day) != after.get(day)))
    return min(found)
