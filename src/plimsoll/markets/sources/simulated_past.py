"""A past for a simulated market: what it would have shown before it began, and from then on.

A fresh simulation knows one day of hours. Here it is given years: from the prices with which it
begins the assets are followed backwards, in steps of half a day or four hours, of an hour, and on
the last day of a minute. A random walk looks the same in both directions; a weak pull leads each
coin to a share of its first price, so that who bought early has gained. Then the simulation itself
goes on from its beginning to now in long steps, and whoever resumes it finds no seam.

The past of a seed is the same whatever the day: it is counted from the beginning backwards. As in
the simulation only exact operations are used.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import DAY_MS, HOUR_MS, MINUTE_MS, Candle, Interval, merge
from plimsoll.markets.sources.simulated import (
    DAY_STEPS,
    HOURS_KEPT,
    MARKET_DAILY_VOLATILITY,
    Character,
    Dice,
    SimulatedMarket,
    load_characters,
)

PAST_SALT: Final = 0x70617374
BEGINNING_SHARE: Final = 0.45
"""Of its first price: where a coin is pulled to at the far end of the past."""
PULL_PER_DAY: Final = 0.012
SPREAD: Final = 1.7320508
"""Turns the sum of four uniform numbers, centred, into one of standard deviation 1."""
HOURS_4_MS: Final = 4 * HOUR_MS
FINE_DAYS: Final = 45
"""So far back hours are known; whole stretches of four hours together with the minutes."""
LONGEST_MS: Final = 365 * DAY_MS
"""Candles shorter than a day are not kept for longer."""
LAST_MINUTES: Final = 28 * 60
"""So far back minutes are known; whole stretches of four hours."""
CHARTED: Final = 12
"""Of so many coins, the first of the parameters, four hours are kept for the whole past."""
MINUTES: Final = (
    Interval.MINUTE,
    Interval.MINUTES_5,
    Interval.MINUTES_15,
    Interval.MINUTES_30,
)
MONEY: Final = ("tether", "usd-coin", "dai", "eur", "gbp", "chf", "jpy")
"""What ledgers are kept in beside usd: of other money no candles are made."""


class Step(NamedTuple):
    """One stretch of one asset; prices in usd, volume in units of the asset."""

    at_ms: int
    length_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True)
class Past:
    """Steps of each asset in the order of time, until `now_ms`; where the simulation is then."""

    begun_ms: int
    now_ms: int
    steps: dict[AssetId, list[Step]]
    state: str
    fine: frozenset[AssetId]
    charted: frozenset[AssetId]

    def candles(self, asset: AssetId) -> Iterator[Candle]:
        """Those that are over at `now_ms`; short ones only of coins, most of the first of them."""
        if asset not in self.fine and asset not in MONEY:
            return
        # The day that is forming is made of these: without them it would begin now.
        yield from self._short(asset, MINUTE_MS, LONGEST_MS, (Interval.HOUR, Interval.HOURS_4))
        if asset in self.fine:
            charted = asset in self.charted
            yield from self._short(asset, MINUTE_MS, DAY_MS, MINUTES[:1])
            # Of the other coins no longer than the hour that is forming needs them.
            yield from self._short(asset, MINUTE_MS, DAY_MS if charted else 0, MINUTES[1:])
            longest_ms = LONGEST_MS if charted else 31 * DAY_MS
            yield from self._short(asset, HOUR_MS, longest_ms, (Interval.HOUR,))
            if charted:
                yield from self._short(asset, HOUR_MS, longest_ms, (Interval.HOURS_4,))
                yield from self._short(asset, HOURS_4_MS, LONGEST_MS, (Interval.HOURS_4,))
        days = list(merge(map(_candle, self.steps[asset]), Interval.DAY))
        yield from self._over(days)
        for interval in (Interval.WEEK, Interval.MONTH):
            yield from self._over(merge(days, interval))

    def _short(
        self, asset: AssetId, length_ms: int, longest_ms: int, intervals: tuple[Interval, ...]
    ) -> Iterator[Candle]:
        """Of steps of one length, not older than that."""
        since_ms = self.now_ms - longest_ms
        since_ms -= since_ms % HOURS_4_MS
        parts = [
            _candle(each)
            for each in self.steps[asset]
            if each.length_ms == length_ms and each.at_ms >= since_ms
        ]
        for interval in intervals:
            if interval.length_ms == length_ms:
                yield from (each._replace(interval=interval) for each in parts)
            else:
                yield from self._over(merge(parts, interval))

    def _over(self, candles: Iterable[Candle]) -> Iterator[Candle]:
        for each in candles:
            if each.interval.next_start(each.open_time_ms) <= self.now_ms:
                yield each


def _candle(step: Step) -> Candle:
    """Of no interval of its own: it is merged, or renamed, before anybody sees it."""
    trades = step.length_ms // 1_000
    return Candle(
        Interval.MINUTE, step.at_ms, step.open, step.high, step.low, step.close, step.volume, trades
    )


def make_past(seed: int, *, days: int, begun_ms: int, now_ms: int) -> Past:
    """`begun_ms` is a midnight; `days` of past before it, and what came after it until `now_ms`."""
    assert begun_ms % DAY_MS == 0 <= now_ms - begun_ms, "it begins at a midnight that is over"
    characters = load_characters()
    market = SimulatedMarket(characters, seed=seed)
    steps = _walk_back(seed, market, characters, days=days, begun_ms=begun_ms)
    for each in characters:
        if each.beta:
            course = market.world.courses[each.id]
            course.hours = [*_list_hours(steps[each.id]), course.price][-HOURS_KEPT:]
    _go_on(market, characters, steps, begun_ms=begun_ms, now_ms=now_ms)
    fine = [each.id for each in characters if each.beta]
    state = msgspec.json.encode(market.world).decode()
    return Past(begun_ms, now_ms, steps, state, frozenset(fine), frozenset(fine[:CHARTED]))


def _list_hours(steps: list[Step]) -> list[float]:
    """Prices at the full hours of the last day, oldest first."""
    first = steps[-LAST_MINUTES:]
    return [float(f"{each.open:.6e}") for each in first if each.at_ms % HOUR_MS == 0]


def _walk_back(
    seed: int,
    market: SimulatedMarket,
    characters: list[Character],
    *,
    days: int,
    begun_ms: int,
) -> dict[AssetId, list[Step]]:
    shared = _shared_moves(seed, days=days)
    wide = list(_widen(shared))
    calm = [_Move(DAY_MS // 2, 0.5**0.5, 0.0, 0.0)] * (days * 2)
    steps = dict[AssetId, list[Step]]()
    charted = 0
    for number, each in enumerate(characters):
        if not each.beta:
            moves = calm if each.id in MONEY else []
        else:
            moves = shared if charted < CHARTED else wide
            charted += 1
        dice, price = Dice(seed ^ PAST_SALT + number + 1), market.world.courses[each.id].price
        steps[each.id] = _walk_one(each, dice, price, moves, begun_ms=begun_ms)
    return steps


class _Move(NamedTuple):
    """A step back that all assets share: how long it is, how far it lies back as a share of the
    whole past, and what the market did, in standard deviations times the root of its days.
    """

    length_ms: int
    root_days: float
    share: float
    market: float


def _shared_moves(seed: int, *, days: int) -> list[_Move]:
    dice = Dice(seed ^ PAST_SALT)
    lengths = [MINUTE_MS] * LAST_MINUTES
    lengths += [HOUR_MS] * (FINE_DAYS * 24 - LAST_MINUTES // 60)
    lengths += [HOURS_4_MS] * ((days - FINE_DAYS) * 6)
    moves, back_ms = [], 0
    for length_ms in lengths:
        back_ms += length_ms
        root = (length_ms / DAY_MS) ** 0.5
        moves.append(_Move(length_ms, root, back_ms / (days * DAY_MS), _normal(dice.roll()) * root))
    return moves


def _widen(moves: list[_Move]) -> Iterator[_Move]:
    """The same with half days for the far past: three moves of the market at once."""
    few = list[_Move]()
    for each in moves:
        if each.length_ms != HOURS_4_MS:
            yield each
            continue
        few.append(each)
        if len(few) == 3:  # noqa: PLR2004 - times four hours
            market = sum(one.market for one in few)
            yield _Move(DAY_MS // 2, 0.5**0.5, each.share, market)
            few.clear()


def _normal(roll: int) -> float:
    total = (roll & 0xFFFF) + (roll >> 16 & 0xFFFF) + (roll >> 32 & 0xFFFF) + (roll >> 48)
    return (total - 4 * 32_767.5) / 65_536 * SPREAD


def _walk_one(
    who: Character, dice: Dice, price: float, moves: list[_Move], *, begun_ms: int
) -> list[Step]:
    own = who.own_volatility() * DAY_STEPS**0.5
    market = who.beta * MARKET_DAILY_VOLATILITY
    fall = 1.0 - BEGINNING_SHARE if who.beta else 0.0
    pull = PULL_PER_DAY if who.beta else max(PULL_PER_DAY, min(0.5, who.pull * DAY_STEPS))
    at_ms, steps, turned = begun_ms, list[Step](), who.turnover * DAY_STEPS
    for move in moves:
        days = move.root_days * move.root_days
        target = who.first_price * (1.0 - fall * move.share)
        chance = own * move.root_days * _normal(dice.roll()) + market * move.market
        change = chance + pull * days * (target / price - 1.0)
        before = price * (1.0 + min(max(change, -0.2), 0.2))
        at_ms -= move.length_ms
        steps.append(_step(dice, at_ms, move, before, price, turned * days, who))
        price = before
    steps.reverse()
    return steps


def _step(
    dice: Dice, at_ms: int, move: _Move, first: float, last: float, turned: float, who: Character
) -> Step:
    """A stretch from one price to another, which went a little beyond both."""
    roll = dice.roll()
    wide = 0.35 * who.daily_volatility * move.root_days
    high = max(first, last) * (1.0 + wide * (roll & 0xFFFF) / 65_536)
    low = min(first, last) / (1.0 + wide * (roll >> 16 & 0xFFFF) / 65_536)
    amount = turned * (0.5 + (roll >> 32 & 0xFFFF) / 65_536)
    return Step(at_ms, move.length_ms, first, high, low, last, float(f"{amount / last:.6e}"))


def _go_on(
    market: SimulatedMarket,
    characters: list[Character],
    steps: dict[AssetId, list[Step]],
    *,
    begun_ms: int,
    now_ms: int,
) -> None:
    """From the beginning to the last full minute, in hours and on the last day in minutes."""
    fine_ms = now_ms - now_ms % HOURS_4_MS - LAST_MINUTES * MINUTE_MS
    dice, at_ms = Dice(market.world.seed ^ PAST_SALT ^ begun_ms), begun_ms
    while at_ms + MINUTE_MS <= now_ms:
        length_ms = HOUR_MS if at_ms < fine_ms else MINUTE_MS
        before = {each.id: market.world.courses[each.id].price for each in characters}
        market.leap(seconds=length_ms // 1_000)
        move = _Move(length_ms, (length_ms / DAY_MS) ** 0.5, 0.0, 0.0)
        for each in characters:
            price, turned = market.world.courses[each.id].price, each.turnover * length_ms / 1_000
            made = _step(dice, at_ms, move, before[each.id], price, turned, each)
            steps[each.id].append(made)
        at_ms += length_ms
