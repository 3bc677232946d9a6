"""Everybody's positions at one moment, and what they add up to. Pure.

In two steps, because people trade meanwhile: a `Glance` copies what there is of the venue, quickly
and of one command; `weigh` computes margin of the copy, account by account, whenever there is time.
Makers of the house and the insurance fund are not people and are left out.

Units: prices in ticks, quantities in steps, money in hundred-millionths of the settlement asset,
ratios in millionths. Margin is that of standing.py: what stands for an isolated position is its
own, all cross positions stand together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from plimsoll.trading.domain import margin
from plimsoll.trading.domain.accounts import MarginMode, TradingState
from plimsoll.trading.domain.brackets import maintenance_parts
from plimsoll.trading.domain.finding import FUND
from plimsoll.trading.domain.instruments import MILLION, Instrument
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.venue import Venue

CROSS: Final = "cross"
"""What all cross positions of an account together are called."""
MOST_LEVERAGE: Final = 1_000
"""Of somebody who has next to nothing left, or less."""
NO_RATIO: Final = 10**12
"""In millionths: the margin ratio where no balance is left, above every other."""


class Holding(NamedTuple):
    """An open position as it was copied; `isolated` None in cross mode."""

    account: int
    symbol: str
    leg: Leg
    quantity: int
    cost: int
    leverage: int
    isolated: int | None


class Holder(NamedTuple):
    """Whose positions they are: their cap, and what stands for them."""

    leverage_cap: int
    wallet: int
    state: TradingState


class SeenMarket(NamedTuple):
    instrument: Instrument
    mark: int
    state: TradingState
    open_interest: int


class Sight(NamedTuple):
    """The venue after command `seq`. `venue_notional` is what its limit is held against: the open
    interest of all markets at the marks.
    """

    seq: int
    at_ms: int
    state: TradingState
    insurance: int
    accounts: int
    most_account_notional: int
    most_venue_notional: int
    orders_per_second: int
    venue_notional: int
    markets: Mapping[str, SeenMarket]
    holders: Mapping[int, Holder]
    holdings: Sequence[Holding]


COPIED_AT_ONCE: Final = 1_000
"""Positions; some two milliseconds."""


class Glance:
    """A copy of what is open in the making: piece by piece, for as long as no command is applied.

    About two microseconds for each position.
    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._seq = venue.seq
        self._pieces = _copy(venue)

    def fits(self, venue: Venue) -> bool:
        """Whether what was copied is still how it stands."""
        return venue is self._venue and venue.seq == self._seq

    def go_on(self) -> Sight | None:
        """Copy the next piece; the sight, when that was the last. Only while it fits."""
        return next(self._pieces)


def see(venue: Venue) -> Sight:
    """The same at once."""
    glance = Glance(venue)
    while (sight := glance.go_on()) is None:
        pass
    return sight


def _copy(venue: Venue) -> Iterator[Sight | None]:
    markets, holders, holdings = dict[str, SeenMarket](), dict[int, Holder](), list[Holding]()
    accounts, total = venue.accounts, 0
    for symbol, market in venue.markets.items():
        instrument = market.instrument
        markets[symbol] = SeenMarket(instrument, market.mark, market.state, market.open_interest)
        total += market.open_interest * market.mark * instrument.unit
        for number, leg in market.holders:
            account = accounts[number]
            if account.house or number == FUND:
                continue
            exposure = account.exposures[symbol]
            position = exposure.positions[leg]
            if number not in holders:
                holders[number] = Holder(account.leverage_cap, account.wallet, account.state)
            aside = position.isolated if exposure.mode is MarginMode.ISOLATED else None
            holdings.append(
                Holding(number, symbol, leg, position.quantity, position.cost, exposure.leverage,
                        aside)
            )  # fmt: skip
            if len(holdings) % COPIED_AT_ONCE == 0:
                yield None
    yield None
    limits = venue.limits
    yield Sight(
        venue.seq, venue.at_ms, venue.state, venue.insurance,
        sum(not each.house for each in accounts.values()) - (FUND in accounts),
        limits.account_notional, limits.venue_notional, limits.orders_per_second,
        total, markets, holders, holdings,
    )  # fmt: skip


class Weighed(NamedTuple):
    """A position and what it comes to. `ratio_ppm` is that of what stands for it: NO_RATIO when
    nothing is left of that.
    """

    holding: Holding
    mark: int
    notional: int
    profit: int
    ratio_ppm: int


class Backing(NamedTuple):
    """What stands together: one isolated position (`matter` its symbol), or all cross ones."""

    matter: str
    notional: int
    balance: int
    maintenance: int

    @property
    def ratio_ppm(self) -> int:
        found = margin.margin_ratio_ppm(maintenance=self.maintenance, balance=self.balance)
        return NO_RATIO if found is None else min(found, NO_RATIO)

    @property
    def leverage_ppm(self) -> int:
        """Notional for each coin that stands for it; rounded down."""
        least = max(self.balance, self.notional // MOST_LEVERAGE, 1)
        return self.notional * MILLION // least


class Stance(NamedTuple):
    """Everything open of one account; `long` and `short` both above zero."""

    account: int
    holder: Holder
    long: int
    short: int
    positions: Sequence[Weighed]
    backings: Sequence[Backing]

    @property
    def notional(self) -> int:
        return self.long + self.short

    @property
    def ratio_ppm(self) -> int:
        """The worst one."""
        return max(each.ratio_ppm for each in self.backings)

    @property
    def leverage_ppm(self) -> int:
        """The highest one in use."""
        return max(each.leverage_ppm for each in self.backings)


def by_account(sight: Sight) -> dict[int, list[Holding]]:
    found: dict[int, list[Holding]] = {}
    for each in sight.holdings:
        found.setdefault(each.account, []).append(each)
    return found


def weigh(sight: Sight, account: int, holdings: Iterable[Holding]) -> Stance:
    """What the positions of one account come to at the marks of the sight."""
    holder = sight.holders[account]
    long = short = cross = 0
    balance = holder.wallet
    parts: dict[str, int] = {}
    seen: list[tuple[Holding, int, int, int, int | None]] = []
    backings: list[Backing] = []
    for each in holdings:
        market = sight.markets[each.symbol]
        value = market.mark * market.instrument.unit
        notional = abs(each.quantity) * value
        profit = each.quantity * value - each.cost
        if each.quantity > 0:
            long += notional
        else:
            short += notional
        kept = maintenance_parts(market.instrument.brackets, notional)
        ratio: int | None = None
        if each.isolated is None:
            cross += notional
            balance += profit
            parts[each.symbol] = parts.get(each.symbol, 0) + kept
        else:
            balance -= each.isolated
            own = Backing(each.symbol, notional, each.isolated + profit, -(-kept // MILLION))
            backings.append(own)
            ratio = own.ratio_ppm
        seen.append((each, market.mark, notional, profit, ratio))
    kept_cross = sum(-(-each // MILLION) for each in parts.values())
    shared = Backing(CROSS, cross, balance, kept_cross)
    if cross:
        backings.append(shared)
    together = shared.ratio_ppm if cross else 0
    weighed = [
        Weighed(each, mark, notional, profit, together if ratio is None else ratio)
        for each, mark, notional, profit, ratio in seen
    ]
    return Stance(account, holder, long, short, weighed, backings)


class Concentration(NamedTuple):
    """How much of a sum is with few: the largest share, and the sum of all shares squared
    (Herfindahl–Hirschman: 1 where one has everything, 1/n where n have the same). In millionths,
    rounded down.
    """

    largest_ppm: int
    hhi_ppm: int


def concentration(notionals: Iterable[int]) -> Concentration:
    """Nothing at all is with nobody: 0."""
    parts = [each for each in notionals if each]
    total = sum(parts)
    if not total:
        return Concentration(0, 0)
    squares = sum(each * each for each in parts)
    return Concentration(max(parts) * MILLION // total, squares * MILLION // (total * total))
