"""Prices for everyone else, from memory: nothing here waits, so a price can be read in any
handler.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Final

import msgspec
from fastapi import Depends
from starlette.requests import HTTPConnection

from plimsoll.kernel.clock import Clock, rfc3339
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import CONTEXT, format_amount
from plimsoll.markets.domain.assets import Asset, Catalogue
from plimsoll.markets.domain.board import BRIDGES, Path, PriceBoard
from plimsoll.markets.domain.failover import Word
from plimsoll.markets.domain.feeds import FeedKind, Interest
from plimsoll.markets.domain.prices import Pair, Quote

MOST_PREPARED: Final = 10_000
RETRY_AFTER_S: Final = 10.0
"""A missing price brings the next round of the feed forward; it may be there then."""


class PriceUnavailable(Unavailable):
    """There has never been a price from which this one follows."""

    code = "price-unavailable"
    title = "No price is known"


ListWell = Callable[[Pair], Sequence[Word]]
"""What each source said last of a pair that tells every change and is well."""


def _nobody(_pair: Pair) -> Sequence[Word]:
    return ()


@dataclass(slots=True)
class Prepared:
    """An answer written up to its age, and the prices it was written from."""

    version: int
    path: Path
    head: bytes


class Prices:
    """What other slices ask for prices. `feed_kind` says what sort of prices these are."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        board: PriceBoard,
        clock: Clock,
        feed_kind: FeedKind,
        interest: Interest | None = None,
        list_well: ListWell = _nobody,
    ) -> None:
        self.catalogue = catalogue
        self.board = board
        self.clock = clock
        self.feed_kind = feed_kind
        self.interest = interest or Interest()
        self._list_well = list_well
        self._prepared: dict[tuple[AssetId, AssetId, bool], Prepared] = {}

    @property
    def version(self) -> int:
        """Grows with every price taken; equal versions mean equal prices (ages go on)."""
        return self.board.version

    @property
    def simulated(self) -> bool:
        """Whether these prices are invented; every answer built on them has to say so."""
        return self.feed_kind is FeedKind.SIMULATED

    def find_quote(self, base: AssetId, quote: AssetId) -> Quote | None:
        """The price of `base` in `quote` with its age, directly or through a common quote; None
        when there is none.

        A miss tells the feed that somebody wants the two.
        """
        found = self.board.find(base, quote, self.clock.monotonic(), self.clock.now())
        if found is None:
            self.interest.add(base)
            self.interest.add(quote)
        return found

    def list_by_source(self, base: AssetId, quote: AssetId) -> dict[str, Decimal]:
        """What `base` is worth in `quote` by each source that tells every change, is well, and said
        so before a price is stale. One without such a pair is asked through a common quote, at its
        own price of that, so that whoever errs in it errs alone; else at what everybody has.
        """
        found: dict[str, Decimal] = {}
        for between in dict.fromkeys((quote, *BRIDGES)):
            said = self._said_lately(Pair(base, between))
            if not said.keys() - found.keys():
                continue
            rates = {
                source: CONTEXT.divide(Decimal(1), value)
                for source, value in self._said_lately(Pair(quote, between)).items()
            } | self._said_lately(Pair(between, quote))
            shown = self.board.find(between, quote, self.clock.monotonic(), self.clock.now())
            others = shown.value if shown is not None and not shown.stale else None
            for source, value in said.items():
                rate = rates.get(source, others)
                if rate is not None and source not in found:
                    found[source] = CONTEXT.multiply(value, rate)
        return found

    def _said_lately(self, pair: Pair) -> dict[str, Decimal]:
        since_s = self.clock.monotonic() - self.board.stale_after_s
        return {
            word.source: word.tick.price.value
            for word in self._list_well(pair)
            if word.received_s >= since_s
        }

    def get_quote(self, base: AssetId, quote: AssetId) -> Quote:
        """As `find_quote`; raises PriceUnavailable."""
        found = self.find_quote(base, quote)
        if found is None:
            raise self.no_price(base, quote)
        return found

    def no_price(self, base: AssetId, quote: AssetId) -> PriceUnavailable:
        """The refusal to raise when there is no price."""
        return PriceUnavailable(
            f"no price of {base} in {quote} has been seen yet",
            facts={"base": base, "quote": quote, "feed": self.feed_kind.value},
            retry_after_s=RETRY_AFTER_S,
        )

    def prepare(self, base: Asset, quote: Asset, *, as_pair: bool) -> bytes | None:
        """The JSON answer for this price; only the age is written anew while the prices behind it
        stay the same.

        As a pair it is named by symbols (`btc/usd`), otherwise by ids. None when there is no price.
        """
        key = (base.id, quote.id, as_pair)
        ready = self._prepared.get(key)
        if ready is None or ready.version != self.board.version:
            ready = self._write_head(base, quote, ready, as_pair=as_pair)
            if ready is None:
                return self._write_whole(base, quote, as_pair=as_pair)
            if len(self._prepared) >= MOST_PREPARED:
                self._prepared.clear()
            self._prepared[key] = ready
        age_ms = ready.path.age_ms(self.clock.monotonic())
        stale = b"true}" if self.board.is_stale(age_ms) else b"false}"
        return b'%b,"age_ms":%d,"stale":%b' % (ready.head, age_ms, stale)

    def _write_head(
        self, base: Asset, quote: Asset, before: Prepared | None, *, as_pair: bool
    ) -> Prepared | None:
        version, path = self.board.version, self.board.find_path(base.id, quote.id)
        if path is None:
            return None
        if before and path.same_prices(before.path):
            before.version = version
            return before
        found = self.board.quote(path, self.clock.monotonic())
        if found is None:
            return None
        return Prepared(version, path, _encode(base, quote, found, as_pair=as_pair)[:-1])

    def _write_whole(self, base: Asset, quote: Asset, *, as_pair: bool) -> bytes | None:
        """An asset in itself has no path: it is 1 at every moment, so nothing is kept of it."""
        found = self.find_quote(base.id, quote.id)
        if found is None:
            return None
        head = _encode(base, quote, found, as_pair=as_pair)[:-1]
        return b'%b,"age_ms":0,"stale":false}' % head


def _encode(base: Asset, quote: Asset, found: Quote, *, as_pair: bool) -> bytes:
    names = (
        {"pair": f"{base.symbol}/{quote.symbol}", "base": base.id, "quote": quote.id}
        if as_pair
        else {"coin_id": base.id, "vs": quote.id}
    )
    return msgspec.json.encode(
        {
            **names,
            "price": format_amount(found.value),
            "change_24h": None if found.change_24h is None else format_amount(found.change_24h),
            "source": found.source,
            "via": found.via,
            "at": rfc3339(found.at),
            "simulated": found.simulated,
        }
    )


def prepared_price(prices: Prices, coin: str, vs: str) -> bytes | None:
    """The JSON answer of `GET /prices/{coin}?vs=`; None when an asset is unknown or has no
    price.
    """
    base, quote = prices.catalogue.find(coin), prices.catalogue.find(vs)
    return prices.prepare(base, quote, as_pair=False) if base and quote else None


async def prices_of(connection: HTTPConnection) -> Prices:
    prices = connection.app.state.prices
    assert isinstance(prices, Prices)
    return prices


PricesDep = Annotated[Prices, Depends(prices_of)]
"""The prices of this process, for a handler."""
