"""The price board: the latest price of every pair, in memory, and how one price follows from
others.

A pair is looked up directly, then inverted, then as the product of two prices through a common
quote; the bridges are tried in a fixed order and the first whose two legs exist is taken, so equal
boards give equal answers. A stable coin is a bridge like any other and is never taken for the
currency it follows. Lookups touch at most a few dozen keys, however many prices there are. Pure:
the caller says what time it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import CONTEXT
from plimsoll.markets.domain.prices import Pair, Price, Quote, to_change, to_price

BRIDGES: Final = tuple(AssetId(name) for name in ("usd", "bitcoin", "ethereum", "eur", "tether"))

CONFIRMED_FOR_S: Final = 3_600.0
"""A pair that is no longer traded at all would otherwise look fresh for ever."""

_ONE: Final = Decimal(1)


class Pulse(Protocol):
    """A source that tells every change: what it said holds until it falls silent."""

    heard_s: float


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the board. `received_s` is the monotonic moment at which the price was known to
    hold; a source with a pulse confirms it for an hour merely by being heard.
    """

    price: Price
    received_s: float
    pulse: Pulse | None = None

    def held_s(self) -> float:
        """The latest monotonic moment at which the price was known to hold; its age counts from
        there.
        """
        if self.pulse is None:
            return self.received_s
        return min(max(self.pulse.heard_s, self.received_s), self.received_s + CONFIRMED_FOR_S)


@dataclass(frozen=True, slots=True)
class Leg:
    """An entry, as it is or inverted."""

    entry: Entry
    inverted: bool

    def value(self) -> Decimal:
        """Unrounded, so that a product of legs is rounded once."""
        value = self.entry.price.value
        return CONTEXT.divide(_ONE, value) if self.inverted else value

    def growth(self) -> Decimal | None:
        """Price now over price 24 h ago."""
        change = self.entry.price.change_24h
        if change is None:
            return None
        growth = _ONE + change
        return CONTEXT.divide(_ONE, growth) if self.inverted else growth


@dataclass(frozen=True, slots=True)
class Path:
    """The one or two legs a quote is made of."""

    legs: tuple[Leg, ...]
    via: AssetId | None = None

    def age_ms(self, now_s: float) -> int:
        """Milliseconds since the oldest leg; never negative."""
        return max(0, int((now_s - min(leg.entry.held_s() for leg in self.legs)) * 1000))

    def same_prices(self, other: "Path") -> bool:
        """Whether both stand on the very same entries, so that everything but the age is equal."""
        return len(self.legs) == len(other.legs) and all(
            mine.entry is theirs.entry for mine, theirs in zip(self.legs, other.legs, strict=True)
        )


class PriceBoard:
    """`version` grows with every price taken, so a reader can tell cheaply that nothing moved."""

    def __init__(self, *, stale_after_s: float) -> None:
        self.version = 0
        self.last_received_s = float("-inf")
        self.stale_after_s = stale_after_s
        self._entries: dict[Pair, Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get_entry(self, pair: Pair) -> Entry:
        """The line of exactly this pair; KeyError when it was never put."""
        return self._entries[pair]

    def put(self, pair: Pair, price: Price, received_s: float, pulse: Pulse | None = None) -> bool:
        """Take a price; False when the same source already said something later about this pair.

        `received_s` is the monotonic moment at which the price was known to hold.
        """
        assert price.value > 0, "sources pass prices through to_price"
        known = self._entries.get(pair)
        if known and known.price.source == price.source and price.at < known.price.at:
            return False
        self._entries[pair] = Entry(price, received_s, pulse)
        self.last_received_s = max(self.last_received_s, received_s)
        self.version += 1
        return True

    def list_entries(self) -> Iterable[tuple[Pair, Entry]]:
        """Every pair that was put, with its line."""
        return self._entries.items()

    def find_path(self, base: AssetId, quote: AssetId) -> Path | None:
        """How `base` can be priced in `quote`; None when it cannot, and for an asset in itself."""
        if base == quote:
            return None
        leg = self._find_leg(base, quote)
        if leg:
            return Path((leg,))
        for bridge in BRIDGES:
            if bridge in (base, quote):
                continue
            first = self._find_leg(base, bridge)
            second = first and self._find_leg(bridge, quote)
            if first and second:
                return Path((first, second), via=bridge)
        return None

    def find(self, base: AssetId, quote: AssetId, now_s: float, now: datetime) -> Quote | None:
        """The price of `base` in `quote` at this moment; None when there is none, never 0.

        An asset in itself is worth exactly 1, now. A product of prices is rounded once, to 18
        places.
        """
        if base == quote:
            return Quote(_ONE, "identity", now, 0, False, False, Decimal(0))
        path = self.find_path(base, quote)
        return self.quote(path, now_s) if path else None

    def quote(self, path: Path, now_s: float) -> Quote | None:
        """What `path` amounts to; None when the result leaves the bounds of a price."""
        price = to_price(_product(leg.value() for leg in path.legs))
        if price is None:
            return None
        age_ms = path.age_ms(now_s)
        prices = [leg.entry.price for leg in path.legs]
        return Quote(
            value=price,
            source=" × ".join(dict.fromkeys(price.source for price in prices)),
            at=min(price.at for price in prices),
            age_ms=age_ms,
            stale=self.is_stale(age_ms),
            simulated=any(price.simulated for price in prices),
            change_24h=_change(path),
            via=path.via,
        )

    def is_stale(self, age_ms: int) -> bool:
        return age_ms > self.stale_after_s * 1000

    def _find_leg(self, base: AssetId, quote: AssetId) -> Leg | None:
        entry = self._entries.get(Pair(base, quote))
        if entry:
            return Leg(entry, inverted=False)
        entry = self._entries.get(Pair(quote, base))
        return Leg(entry, inverted=True) if entry else None


def _product(factors: Iterable[Decimal]) -> Decimal:
    product = _ONE
    for factor in factors:
        product = CONTEXT.multiply(product, factor)
    return product


def _change(path: Path) -> Decimal | None:
    """The change of a product follows from the growth of every leg; None when one of them is not
    known.
    """
    growths = [growth for leg in path.legs if (growth := leg.growth()) is not None]
    return to_change(_product(growths) - _ONE) if len(growths) == len(path.legs) else None
