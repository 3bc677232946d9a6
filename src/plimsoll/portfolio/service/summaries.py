"""Use cases of the portfolio: what everything is worth now, and how it came about.

A summary is read far more often than anything behind it changes. It is written once for a version
of the ledger and of the price board and then answered as it is; each answer asks PostgreSQL for the
ledger's version first, one round trip shared by all who ask at that moment, so it never shows less
than what was acknowledged before it was asked for.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.identifiers import AssetId, UserId
from plimsoll.ledger.domain.holdings import HeldAsset
from plimsoll.ledger.service import reading
from plimsoll.markets.domain.prices import Quote
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import Database
from plimsoll.portfolio.domain.valuation import Valuation, evaluate

MOST_SUMMARIES: Final = 10_000
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Written:
    """A summary as it was written, and what it holds for."""

    ledger_version: int
    prices_version: int
    fresh_until_s: float  # no money: seconds of the monotonic clock
    body: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """A person's holdings at a version of their ledger."""

    ledger_version: int
    held: list[HeldAsset]


Write = Callable[[Valuation, AssetId], bytes]


class Summaries:
    """Answers summaries; `write` turns a valuation into the bytes of the answer."""

    def __init__(self, database: Database, prices: Prices, clock: Clock) -> None:
        self._database = database
        self._prices = prices
        self._clock = clock
        self._versions = reading.Versions(database)
        self._known: OrderedDict[UserId, Known] = OrderedDict()
        self._written: OrderedDict[tuple[UserId, AssetId], Written] = OrderedDict()

    async def read(self, user_id: UserId, currency: AssetId, write: Write) -> bytes:
        """The summary of `user_id` in `currency`, as JSON."""
        version = await self._versions.of(user_id)
        key = (user_id, currency)
        ready = self._written.get(key)
        if (
            ready is not None
            and ready.ledger_version == version
            and ready.prices_version == self._prices.version
            and self._clock.monotonic() < ready.fresh_until_s
        ):
            return ready.body
        known = self._known.get(user_id)
        if known is None or known.ledger_version < version:
            async with self._database.read() as unit:
                held, found = await reading.list_all_holdings(unit, user_id)
            known = Known(found, held)
            _remember(self._known, user_id, known)
        prices_version = self._prices.version
        fresh_until_s = self._clock.monotonic() + self._prices.board.stale_after_s

        def quote_of(asset_id: AssetId) -> Quote | None:
            nonlocal fresh_until_s
            quote = self._prices.find_quote(asset_id, currency)
            if quote is not None and not quote.stale and quote.source != "identity":
                left_s = self._prices.board.stale_after_s - quote.age_ms / 1000
                fresh_until_s = min(fresh_until_s, self._clock.monotonic() + left_s)
            return quote

        body = write(evaluate(known.held, quote_of), currency)
        _remember(
            self._written,
            key,
            Written(known.ledger_version, prices_version, fresh_until_s, body),
        )
        return body


def _remember(memory: OrderedDict[K, V], key: K, value: V) -> None:
    """Keep `value`, and forget the oldest when there are too many."""
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > MOST_SUMMARIES:
        memory.popitem(last=False)
