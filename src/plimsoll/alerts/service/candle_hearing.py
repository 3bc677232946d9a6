"""What follows from candles: changes, indicators, ratings and ranks, each when a candle closes.

Only what somebody watches is computed. An indicator or a rating is told when it no longer shows
where its candles begin; until then it is not known. A change is told with every price of its pair,
from the close that was the last one so long ago; over a hole of more than half its span it is not
known.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import isfinite
from typing import Final

import structlog

from plimsoll.alerts.domain.alerts import Origin
from plimsoll.alerts.domain.conditions import Subject, Value
from plimsoll.alerts.domain.subjects import Aim, Line, Span
from plimsoll.alerts.domain.wording import to_value
from plimsoll.alerts.service.hearing import Tell, Wanted
from plimsoll.insights.domain.definitions import Request
from plimsoll.insights.service.insights import Insights
from plimsoll.insights.service.sets import LiveSet, LiveSets, TooManySets
from plimsoll.insights.service.sets import Told as ToldSet
from plimsoll.kernel.errors import PlimsollError
from plimsoll.kernel.money import CONTEXT
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.prices import Pair, Tick
from plimsoll.markets.domain.volatility import Ranking, Window
from plimsoll.markets.service.candles import Candles
from plimsoll.markets.service.prices import Prices

log = structlog.get_logger(__name__)

MOST_SETS: Final = 5_000
"""Sets of indicators that are watched; those that people listen to are counted apart."""
PLACES: Final = Decimal("1e-8")
_ONE: Final = Decimal(1)


@dataclass(slots=True)
class _Change:
    pair: Pair
    span: Span
    closes: deque[tuple[int, Decimal]] = field(default_factory=deque)
    """When each candle ended, and its close; the first one is from before the span."""


class ChangeHearing:
    """`hear` has to be called with prices, `notice` with closed candles."""

    def __init__(self, prices: Prices, candles: Candles, tell: Tell) -> None:
        self._prices = prices
        self._candles = candles
        self._tell = tell
        self._changes: dict[Subject, _Change] = {}
        self._of: dict[Pair, dict[Subject, _Change]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def hear(self, ticks: Sequence[Tick]) -> None:
        if not self._of:
            return
        values = list[tuple[Subject, Value | None]]()
        for tick in ticks:
            if (changes := self._of.get(tick.pair)) is None:
                continue
            price = self._price(tick.pair)
            values += [(subject, self._since(each, price)) for subject, each in changes.items()]
        if values:
            self._tell(values, self._origin)

    def notice(self, pair: Pair, candle: Candle) -> None:
        for change in self._of.get(pair, {}).values():
            closes = change.closes
            if candle.interval is not change.span.step or candle.amended:
                continue
            ended_ms = candle.open_time_ms + change.span.step.length_ms
            value = to_value(candle.close)
            if value is not None and (not closes or closes[-1][0] < ended_ms):
                closes.append((ended_ms, value))

    def follow(self, subject: Subject, aim: Aim, wanted: Wanted) -> None:
        _ = wanted
        assert aim.pair is not None
        assert aim.span is not None
        change = _Change(aim.pair, aim.span)
        self._changes[subject] = change
        self._of.setdefault(aim.pair, {})[subject] = change
        self._start(self._read(subject, change))

    def leave(self, subject: Subject) -> None:
        pair = self._changes.pop(subject).pair
        del self._of[pair][subject]
        if not self._of[pair]:
            del self._of[pair]

    def look(self, subject: Subject) -> None:
        self._tell([(subject, self._value(self._changes[subject]))], self._origin)

    def beat(self) -> None:
        """Nothing to do: prices come by themselves."""

    async def aclose(self) -> None:
        await _end(self._tasks)

    async def _read(self, subject: Subject, change: _Change) -> None:
        """The closes of before; later ones may have come meanwhile."""
        step = change.span.step.length_ms
        try:
            found = await self._candles.list_candles(
                change.pair, change.span.step, limit=2 * change.span.length_ms // step
            )
        except PlimsollError as error:
            log.warning("alert_change_waits", pair="/".join(change.pair), code=error.code)
            return
        later = list(change.closes)
        change.closes.clear()
        for candle in found:
            value = to_value(candle.close)
            if not candle.forming and value is not None:
                change.closes.append((candle.open_time_ms + step, value))
        last_ms = change.closes[-1][0] if change.closes else 0
        change.closes.extend(each for each in later if each[0] > last_ms)
        if self._changes.get(subject) is change:
            self.look(subject)

    def _value(self, change: _Change) -> Value | None:
        return self._since(change, self._price(change.pair))

    def _price(self, pair: Pair) -> Decimal | None:
        quote = self._prices.find_quote(*pair)
        return None if quote is None or quote.stale else quote.value

    def _since(self, change: _Change, price: Decimal | None) -> Value | None:
        """How much the price is above what it was, as a fraction of that."""
        then_ms = self._candles.now_ms - change.span.length_ms
        closes = change.closes
        while len(closes) > 1 and closes[1][0] <= then_ms:
            closes.popleft()
        if not closes or not then_ms - change.span.length_ms // 2 <= closes[0][0] <= then_ms:
            return None
        if price is None:
            return None
        ratio = CONTEXT.divide(price, closes[0][1])
        return CONTEXT.subtract(ratio, _ONE).quantize(PLACES, context=CONTEXT)

    def _origin(self, subject: Subject) -> Origin:
        quote = self._prices.find_quote(*self._changes[subject].pair)
        assert quote is not None, "it was known a moment ago"
        return Origin(quote.source, quote.simulated)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="alert-changes")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@dataclass(slots=True)
class _Lines:
    lines: tuple[Line, ...]
    interval: Interval
    requests: tuple[Request, ...]
    live: LiveSet | None = None


class IndicatorHearing:
    """`notice` has to be called with closed candles."""

    def __init__(self, prices: Prices, candles: Candles, tell: Tell) -> None:
        self._simulated = prices.simulated
        self._sets = LiveSets(candles, most=MOST_SETS)
        self._candles = candles
        self._tell = tell
        self._lines: dict[Subject, _Lines] = {}
        self._closes: dict[tuple[Pair, Interval], tuple[int, float]] = {}
        """The last close, with when its candle opened, where a line is compared with it."""

    def notice(self, pair: Pair, candle: Candle) -> None:
        if not len(self._sets):
            return
        if (pair, candle.interval) in self._closes:
            self._closes[pair, candle.interval] = candle.open_time_ms, candle.close
        self._sets.notice(pair, candle)

    def follow(self, subject: Subject, aim: Aim, wanted: Wanted) -> None:
        _ = wanted
        assert aim.pair is not None
        assert aim.interval is not None
        requests = tuple(dict.fromkeys(line.request for line in aim.lines if line.request))
        lines = self._lines[subject] = _Lines(aim.lines, aim.interval, requests)
        if any(line.request is None for line in aim.lines):
            self._closes.setdefault((aim.pair, aim.interval), (-1, 0.0))

        def changed(time_ms: int | None) -> None:
            if time_ms is not None:
                self.look(subject)

        try:
            lines.live = self._sets.open(aim.pair, aim.interval, requests, changed)
        except TooManySets as error:
            log.warning("alert_indicator_not_watched", subject=subject.of, code=error.code)

    def leave(self, subject: Subject) -> None:
        live = self._lines.pop(subject).live
        if live is not None:
            self._sets.close(live)

    def look(self, subject: Subject) -> None:
        lines = self._lines[subject]
        told = lines.live.find_last() if lines.live else None
        if told is not None:
            self._tell([(subject, self._value(lines, told))], self._origin)

    def beat(self) -> None:
        """Nothing to do: candles close by themselves."""

    async def aclose(self) -> None:
        await self._sets.aclose()

    def _value(self, lines: _Lines, told: ToldSet) -> Value | None:
        figures = [self._figure(lines, line, told) for line in lines.lines]
        if any(each is None or not isfinite(each) for each in figures):
            return None
        first, *second = [each for each in figures if each is not None]
        return to_value(first - second[0] if second else first)

    def _figure(self, lines: _Lines, line: Line, told: ToldSet) -> float | None:
        """None while it still shows where its candles begin."""
        if line.request is None:
            assert lines.live is not None
            time_ms, close = self._closes[lines.live.pair, lines.interval]
            return close if time_ms == told.time_ms else None
        warm_up = line.request.warm_up
        if warm_up is not None and told.segment_bars <= warm_up:
            return None
        value = told.values[lines.requests.index(line.request)]
        figure: float = value[line.column] if isinstance(value, tuple) else value
        return figure

    def _origin(self, subject: Subject) -> Origin:
        length = self._lines[subject].interval
        return Origin(f"the last closed candle of {length}", self._simulated)


class RatingHearing:
    """`notice` has to be called with closed candles, after the ratings have heard of them."""

    def __init__(self, prices: Prices, insights: Insights, tell: Tell) -> None:
        self._simulated = prices.simulated
        self._ratings = insights.ratings
        self._tell = tell
        self._subjects: dict[tuple[Pair, Interval], Subject] = {}
        self._keys: dict[Subject, tuple[Pair, Interval]] = {}
        self._wanted: dict[Subject, None] = {}
        self._working: asyncio.Task[None] | None = None

    def notice(self, pair: Pair, candle: Candle) -> None:
        subject = self._subjects.get((pair, candle.interval))
        if subject is not None:
            self.look(subject)

    def follow(self, subject: Subject, aim: Aim, wanted: Wanted) -> None:
        _ = wanted
        assert aim.pair is not None
        assert aim.interval is not None
        self._keys[subject] = aim.pair, aim.interval
        self._subjects[aim.pair, aim.interval] = subject

    def leave(self, subject: Subject) -> None:
        del self._subjects[self._keys.pop(subject)]
        self._wanted.pop(subject, None)

    def look(self, subject: Subject) -> None:
        self._wanted[subject] = None
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(), name="alert-ratings")

    def beat(self) -> None:
        """Nothing to do: candles close by themselves."""

    async def aclose(self) -> None:
        await _end({self._working} if self._working else set())

    async def _work(self) -> None:
        """One after the other, so that the values of a subject come in their order."""
        while self._wanted:
            subject = next(iter(self._wanted))
            del self._wanted[subject]
            try:
                rated = await self._ratings.find(*self._keys[subject])
            except PlimsollError as error:
                log.warning("alert_rating_waits", subject=subject.of, code=error.code)
                continue
            rating = rated.rating
            if rated.settled and rating.value is not None and rating.word is not None:
                number, word = to_value(rating.value), rating.word.value
                self._tell([(subject, number), (subject, word)], self._origin)

    def _origin(self, subject: Subject) -> Origin:
        return Origin(f"the last closed candle of {subject.of.split()[1]}", self._simulated)


class RankHearing:
    """Looks at the ranking once a second: it is another one when a candle has changed it."""

    def __init__(self, prices: Prices, candles: Candles, tell: Tell) -> None:
        self._simulated = prices.simulated
        self._board = candles.volatility
        self._tell = tell
        self._aims: dict[Window, dict[Subject, Pair]] = {}
        self._seen: dict[Window, Ranking] = {}

    def follow(self, subject: Subject, aim: Aim, wanted: Wanted) -> None:
        _ = wanted
        assert aim.pair is not None
        assert aim.window is not None
        self._aims.setdefault(aim.window, {})[subject] = aim.pair

    def leave(self, subject: Subject) -> None:
        for window, aims in list(self._aims.items()):
            aims.pop(subject, None)
            if not aims:
                del self._aims[window]
                self._seen.pop(window, None)

    def look(self, subject: Subject) -> None:
        for window, aims in self._aims.items():
            if subject in aims:
                self._tell([(subject, self._rank(aims[subject], window))], self._origin)

    def beat(self) -> None:
        for window, aims in self._aims.items():
            ranking = self._board.rank(window)
            if ranking is not self._seen.get(window):
                self._seen[window] = ranking
                self._tell(
                    [(subject, self._rank(pair, window)) for subject, pair in aims.items()],
                    self._origin,
                )

    def _rank(self, pair: Pair, window: Window) -> Value | None:
        found = self._board.find(pair, window)
        return None if found is None or found.rank is None else Decimal(found.rank)

    def _origin(self, _: Subject) -> Origin:
        return Origin("the ranking of all pairs", self._simulated)


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
