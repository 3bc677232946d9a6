"""What the person of a demo did in 24 months. Pure: one seed, one past of prices, one story.

Told in days before the story ends, so that a seed has the same quantities, prices and costs
whatever the day it is told on; only the dates move. Prices are those of the invented market at that
moment. Money comes from outside the books; quantities are rounded as a venue would.

It has a plan that buys every two weeks, larger purchases, swaps with a fee in a coin, rewards, an
airdrop, transfers to a cold wallet, a futures account with funding, and a few faults that the inbox
of doubts is there to find.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from typing import Final, Protocol

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.transactions import Kind, Role
from plimsoll.markets.domain.assets import USD

DAYS: Final = 730
CENT: Final = Decimal("0.01")
FEE: Final = Decimal("0.0025")
"""Of what a purchase or a sale is worth."""

SOL_STAKED_DAYS_AGO: Final = 660
TWICE: Final = Decimal("0.01")
TWICE_DAYS_AGO: Final = 45
"""A purchase that is in a file and was written down by hand as well."""

BTC, ETH, SOL = AssetId("bitcoin"), AssetId("ethereum"), AssetId("solana")
BNB, ADA, LINK = AssetId("binancecoin"), AssetId("cardano"), AssetId("chainlink")
DOT, DOGE, LTC = AssetId("polkadot"), AssetId("dogecoin"), AssetId("litecoin")
USDT, ARB, SPAM = AssetId("tether"), AssetId("arbitrum"), AssetId("apecoin")
"""The last one is in the catalogue and has no price here: what comes of it unasked is doubted."""


class Place(StrEnum):
    """Wallets by the names they get; `OUTSIDE` is where nobody keeps books."""

    OUTSIDE = ""
    EXCHANGE = "Exchange"
    COLD = "Cold wallet"
    FUTURES = "Futures"


class Market(Protocol):
    """What the story asks of the past."""

    def at(self, asset: AssetId, at: datetime) -> Decimal:
        """What one was worth in usd at a moment."""
        ...


@dataclass(frozen=True, slots=True)
class Moved:
    """A leg: a signed quantity, and what it was worth in usd (None: it follows)."""

    asset: AssetId
    quantity: Decimal
    place: Place
    value: Decimal | None = None
    role: Role = Role.PRINCIPAL


@dataclass(frozen=True, slots=True)
class Entry:
    """One transaction of the story."""

    kind: Kind
    at: datetime
    legs: tuple[Moved, ...]
    note: str = ""


def tell(market: Market, *, until: datetime) -> list[Entry]:
    """All of it in the order of time; `until` is the midnight at which the story ends."""
    teller = _Teller(market, until)
    told = [*_plan(teller), *_purchases(teller), *_changes(teller)]
    told += [*_rewards(teller), *_moves(teller), *_futures(teller), *_sales(teller)]
    told += _faults(teller)
    return sorted(told, key=lambda each: each.at)


class _Teller:
    def __init__(self, market: Market, until: datetime) -> None:
        self._market = market
        self._until = until

    def when(self, days_ago: float, hour: float = 9.0) -> datetime:
        return self._until - timedelta(days=days_ago) + timedelta(hours=hour)

    def price(self, asset: AssetId, at: datetime) -> Decimal:
        return self._market.at(asset, at)

    def worth(self, asset: AssetId, quantity: Decimal, at: datetime) -> Decimal:
        return (abs(quantity) * self.price(asset, at)).quantize(CENT)

    def buy(self, asset: AssetId, money: str, at: datetime, note: str = "") -> Entry:
        """For so much money, which comes from outside."""
        quantity = rounded(Decimal(money) / self.price(asset, at))
        value = (quantity * self.price(asset, at)).quantize(CENT)
        fee = (value * FEE).quantize(CENT)
        legs = (
            Moved(asset, quantity, Place.EXCHANGE, value),
            Moved(USD, -value, Place.OUTSIDE, value),
            Moved(USD, -fee, Place.OUTSIDE, fee, Role.FEE),
        )
        return Entry(Kind.BUY, at, legs, note)

    def sell(self, asset: AssetId, quantity: str, at: datetime, note: str = "") -> Entry:
        value = self.worth(asset, Decimal(quantity), at)
        fee = (value * FEE).quantize(CENT)
        legs = (
            Moved(asset, -Decimal(quantity), Place.EXCHANGE, value),
            Moved(USD, value, Place.OUTSIDE, value),
            Moved(USD, -fee, Place.OUTSIDE, fee, Role.FEE),
        )
        return Entry(Kind.SELL, at, legs, note)

    def swap(
        self, gave: AssetId, quantity: str, got: AssetId, fee: str, at: datetime, note: str
    ) -> Entry:
        """One coin for another, with a fee in a third."""
        value = self.worth(gave, Decimal(quantity), at)
        legs = (
            Moved(gave, -Decimal(quantity), Place.EXCHANGE, value),
            Moved(got, rounded(value / self.price(got, at)), Place.EXCHANGE, value),
            Moved(BNB, -Decimal(fee), Place.EXCHANGE, self.worth(BNB, Decimal(fee), at), Role.FEE),
        )
        return Entry(Kind.SWAP, at, legs, note)

    def one(
        self, kind: Kind, asset: AssetId, quantity: str, place: Place, at: datetime, note: str = ""
    ) -> Entry:
        """Something that came or went, by its sign."""
        value = self.worth(asset, Decimal(quantity), at)
        return Entry(kind, at, (Moved(asset, Decimal(quantity), place, value),), note)

    def move(
        self, asset: AssetId, quantity: str, source: Place, target: Place, fee: str, at: datetime
    ) -> Entry:
        legs = [
            Moved(asset, -Decimal(quantity), source),
            Moved(asset, Decimal(quantity), target),
        ]
        if fee != "0":
            legs.append(Moved(asset, -Decimal(fee), source, role=Role.FEE))
        kind = Kind.COLLATERAL_MOVE if Place.FUTURES in {source, target} else Kind.TRANSFER
        return Entry(kind, at, tuple(legs))


def rounded(quantity: Decimal) -> Decimal:
    """As a venue would: six significant digits, and no more than eight after the point."""
    digits = max(-8, quantity.adjusted() - 5)
    return quantity.quantize(Decimal(1).scaleb(digits), rounding=ROUND_DOWN) + Decimal(0)


def _plan(teller: _Teller) -> Iterator[Entry]:
    """Every second week the same amounts."""
    for days_ago in range(DAYS - 2, 0, -14):
        yield teller.buy(BTC, "250", teller.when(days_ago, 8.0), "plan: every two weeks")
        yield teller.buy(ETH, "150", teller.when(days_ago, 8.05), "plan: every two weeks")


def _purchases(teller: _Teller) -> Iterator[Entry]:
    for days_ago, asset, money in (
        (729, BTC, "6000"),
        (727, ETH, "3500"),
        (720, BNB, "900"),
        (700, SOL, "2400"),
        (684, ADA, "900"),
        (671, LINK, "700"),
        (655, DOT, "600"),
        (641, LTC, "800"),
        (640, DOGE, "300"),
        (520, USDT, "6000"),
        (365, SOL, "1500"),
        (210, BTC, "4000"),
        (95, LINK, "900"),
        (40, ETH, "2000"),
    ):
        yield teller.buy(asset, money, teller.when(days_ago, 14.5))


def _changes(teller: _Teller) -> Iterator[Entry]:
    yield teller.swap(ETH, "0.6", SOL, "0.004", teller.when(480, 17), "from ETH into SOL")
    yield teller.swap(DOT, "60", LINK, "0.0035", teller.when(331, 11), "out of DOT")
    yield teller.swap(SOL, "8", USDT, "0.005", teller.when(178, 20), "some SOL into dollars")


def _rewards(teller: _Teller) -> Iterator[Entry]:
    for months, days_ago in enumerate(range(690, 0, -30)):
        at = teller.when(days_ago, 6)
        reward = f"{Decimal('0.0035') + Decimal(months) * Decimal('0.0002'):f}"
        yield teller.one(Kind.STAKING, ETH, reward, Place.EXCHANGE, at, "staking reward")
        if days_ago < SOL_STAKED_DAYS_AGO:
            yield teller.one(
                Kind.STAKING, SOL, "0.14", Place.EXCHANGE, at + timedelta(minutes=3), "staking"
            )
    yield teller.one(Kind.AIRDROP, ARB, "625", Place.COLD, teller.when(402, 13), "airdrop")
    yield teller.one(Kind.INTEREST, USDT, "11.4", Place.EXCHANGE, teller.when(300, 5), "lending")
    yield teller.one(Kind.REFERRAL, BTC, "0.0004", Place.EXCHANGE, teller.when(611, 12), "bonus")


def _moves(teller: _Teller) -> Iterator[Entry]:
    """Into the cold wallet a few times a year, with the network's fee in the coin itself."""
    for days_ago, asset, quantity, fee in (
        (600, BTC, "0.1", "0.00012"),
        (460, ETH, "1.2", "0.0021"),
        (350, BTC, "0.05", "0.00009"),
        (250, LTC, "6", "0.001"),
        (120, BTC, "0.06", "0.00011"),
    ):
        at = teller.when(days_ago, 19)
        yield teller.move(asset, quantity, Place.EXCHANGE, Place.COLD, fee, at)


def _futures(teller: _Teller) -> Iterator[Entry]:
    """Collateral in dollars of a coin, funding every few days, results and fees."""
    yield teller.move(USDT, "4000", Place.EXCHANGE, Place.FUTURES, "0", teller.when(515, 10))
    for number, days_ago in enumerate(range(510, 60, -6)):
        pays = (number + 1) % 4 > 0
        amount = Decimal("1.1") + Decimal(number % 7) * Decimal("0.23")
        at, signed = teller.when(days_ago, 8), f"{-amount if pays else amount:f}"
        yield teller.one(Kind.FUNDING, USDT, signed, Place.FUTURES, at, "BTC perpetual")
    for days_ago, kind, result in (
        (470, Kind.MARGIN_GAIN, "312.4"),
        (433, Kind.MARGIN_LOSS, "-186.75"),
        (390, Kind.MARGIN_GAIN, "540.2"),
        (318, Kind.MARGIN_LOSS, "-402.1"),
        (260, Kind.MARGIN_GAIN, "228.9"),
        (150, Kind.MARGIN_GAIN, "671.35"),
        (88, Kind.MARGIN_LOSS, "-255.6"),
    ):
        at = teller.when(days_ago, 22)
        yield teller.one(kind, USDT, result, Place.FUTURES, at, "closed perpetual")
        yield teller.one(
            Kind.MARGIN_FEE, USDT, "-3.2", Place.FUTURES, at + timedelta(minutes=1), "trading fee"
        )
    yield teller.move(USDT, "1500", Place.FUTURES, Place.EXCHANGE, "0", teller.when(58, 10))


def _sales(teller: _Teller) -> Iterator[Entry]:
    yield teller.sell(BTC, "0.08", teller.when(440, 15), "some profit taken")
    yield teller.sell(DOGE, "2500", teller.when(420, 15))
    yield teller.sell(ETH, "0.9", teller.when(240, 15))
    yield teller.sell(ADA, "1200", teller.when(200, 15))
    yield teller.sell(BTC, "0.05", teller.when(70, 15), "some profit taken")
    yield teller.sell(SOL, "5", teller.when(25, 15))
    yield teller.one(Kind.GIFT_OUT, BTC, "-0.004", Place.COLD, teller.when(333, 18), "birthday")
    yield teller.one(Kind.DONATION, ETH, "-0.05", Place.COLD, teller.when(110, 18), "donation")


def _faults(teller: _Teller) -> Iterator[Entry]:
    """What the inbox finds in a ledger kept by hand; the rest is in the files that are imported."""
    at = teller.when(160, 12)
    paid = (teller.worth(ETH, Decimal("0.1"), at) * 3).quantize(CENT)
    yield Entry(
        Kind.BUY,
        at,
        (Moved(ETH, Decimal("0.1"), Place.EXCHANGE, paid), Moved(USD, -paid, Place.OUTSIDE, paid)),
        "a price with a slip of the pen",
    )
    out = teller.when(75, 9)
    yield teller.one(Kind.WITHDRAWAL, ETH, "-0.5", Place.EXCHANGE, out, "to my cold wallet")
    yield teller.one(Kind.DEPOSIT, ETH, "0.4988", Place.COLD, out + timedelta(minutes=34))
    at = teller.when(TWICE_DAYS_AGO, 11.5)
    paid = teller.worth(BTC, TWICE, at)
    legs = (Moved(BTC, TWICE, Place.EXCHANGE, paid), Moved(USD, -paid, Place.OUTSIDE, paid))
    yield Entry(Kind.BUY, at, legs, "also in the file of the other venue")
    spam = Moved(SPAM, Decimal(88_000), Place.COLD, Decimal(0))
    yield Entry(Kind.AIRDROP, teller.when(50, 3), (spam,), "came unasked")
