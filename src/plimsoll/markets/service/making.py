"""Candles of all pairs while they are made, from whatever the sources say.

A course is one pair's cascade and the level that its price is known to be at. Time comes from the
source and only moves on: nothing here asks a clock. Nothing here waits either.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from plimsoll.markets.domain.candles import HOUR_MS, MINUTE_MS, SECOND_MS, Candle, Interval
from plimsoll.markets.domain.cascade import AHEAD_MS, Cascade
from plimsoll.markets.domain.feeds import News, Trade
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.domain.volatility import VolatilityBoard
from plimsoll.markets.service.quality import Flags, Level, Reason, find_fault

PairCandle = tuple[Pair, Candle]

MOST_LATE: Final = 100_000
BOARD_STEPS: Final = {Interval.MINUTE: MINUTE_MS, Interval.HOUR: HOUR_MS}


class Course:
    """One pair's candles in the making."""

    __slots__ = ("cascade", "level")

    def __init__(self, factor: float) -> None:
        self.cascade = Cascade()
        self.level = Level(factor)


class Taken(NamedTuple):
    """What news did: the pairs whose candles changed, and what closed on the way."""

    touched: set[Pair]
    told: list[PairCandle]


class Making:
    """`late` are whole candles that are too old for their cascade, to be put into the store;
    `changed` are pairs whose forming candles have changed since somebody cleared it.
    """

    def __init__(self, *, jump_factor: float) -> None:
        self.now_ms = 0
        self.flags = Flags()
        self.volatility = VolatilityBoard()
        self.late: dict[tuple[Pair, Interval, int], Candle] = {}
        self.changed: set[Pair] = set()
        self._courses: dict[Pair, Course] = {}
        self.jump_factor = jump_factor
        self._advanced_ms = 0

    def __contains__(self, pair: Pair) -> bool:
        return pair in self._courses

    def begin(self, now_ms: int) -> None:
        """It is so late now, before anything is taken."""
        self.now_ms = self._advanced_ms = now_ms

    def turn(self, now_ms: int) -> None:
        """It is at least so late now."""
        self.now_ms = max(self.now_ms, now_ms)

    def obtain(self, pair: Pair) -> Course:
        """The course of this pair, begun now if need be."""
        course = self._courses.get(pair)
        if course is None:
            course = self._courses[pair] = Course(self.jump_factor)
            course.cascade.advance(self._advanced_ms)
        return course

    def take(self, news: News, now_ms: int) -> Taken:
        """Let news in.

        Time goes along with what is said, a second at a time: a replay says hours at once, and each
        trade meets its bucket while that is open.
        """
        self.turn(now_ms)
        touched, told, due_ms = set[Pair](), list[PairCandle](), self._advanced_ms + SECOND_MS
        for trade in news.trades:
            if due_ms <= trade.time_ms <= self.now_ms:
                told += self._advance(trade.time_ms)
                due_ms = trade.time_ms + SECOND_MS
            if self._take_trade(trade):
                touched.add(trade.pair)
        for pair, candle in news.candles:
            if due_ms <= candle.open_time_ms <= self.now_ms:
                told += self._advance(candle.open_time_ms)
                due_ms = candle.open_time_ms + SECOND_MS
            if self.accepts(pair, candle) and self.put(pair, candle):
                touched.add(pair)
        self.changed |= touched
        return Taken(touched, told)

    def accepts(self, pair: Pair, candle: Candle) -> bool:
        """Whether this can be a candle of this pair; a flag says why not."""
        fault = find_fault(candle)
        if fault is None and candle.open_time_ms >= self.now_ms + AHEAD_MS:
            fault = Reason.AHEAD
        if fault is None:
            level = self.obtain(pair).level
            fault = level.doubt(candle.low, candle.high, candle.open_time_ms)
            if fault is None or fault is Reason.LEVEL_CHANGED:
                level.set(candle.close, candle.open_time_ms)
        if fault is None:
            return True
        self.flags.add(pair, candle.open_time_ms, fault)
        return fault is Reason.LEVEL_CHANGED

    def put(self, pair: Pair, candle: Candle) -> bool:
        """Give a good candle to its cascade; one that is over and too old for it is late."""
        if self.obtain(pair).cascade.put(candle):
            return True
        if not candle.forming and candle.interval is not Interval.SECOND:
            key = (pair, candle.interval, candle.open_time_ms)
            if len(self.late) < MOST_LATE or key in self.late:
                self.late[key] = candle
            else:
                self.flags.add(pair, candle.open_time_ms, Reason.LATE)
        return False

    def advance(self, now_ms: int) -> list[PairCandle]:
        """Close what is over by `now_ms`; all that is closed or amended since the last call."""
        self.turn(now_ms)
        return self._advance(self.now_ms)

    def _advance(self, now_ms: int) -> list[PairCandle]:
        self._advanced_ms = now_ms
        told = list[PairCandle]()
        for pair, course in self._courses.items():
            for candle in course.cascade.advance(now_ms):
                told.append((pair, candle))
                if candle.interval is Interval.MINUTE:
                    course.level.set(candle.close, candle.open_time_ms)
        self.push_closes(told)
        return told

    def settle(self, pair: Pair) -> list[Candle]:
        """As `advance`, for one pair and now."""
        told = self.obtain(pair).cascade.advance(self._advanced_ms)
        self.push_closes((pair, candle) for candle in told)
        return told

    def push_closes(self, candles: Iterable[PairCandle]) -> None:
        """Minutes and hours to the volatility board, each moment at once."""
        moments = dict[tuple[int, int], dict[Pair, float]]()
        for pair, candle in candles:
            step_ms = BOARD_STEPS.get(candle.interval)
            if step_ms is not None:
                moments.setdefault((step_ms, candle.open_time_ms), {})[pair] = candle.close
        for (step_ms, open_time_ms), closes in sorted(moments.items()):
            self.volatility.push(step_ms, open_time_ms, closes)

    def list_forming(self, pair: Pair, interval: Interval) -> list[Candle]:
        """What is not closed yet: one candle, two in the moment after one ended, or none."""
        course = self._courses.get(pair)
        if course is None:
            return []
        forming = [each for each in course.cascade.all_forming() if each.interval is interval]
        return [candle for candle in forming if candle.open_time_ms <= self.now_ms]

    def list_all_forming(self, pair: Pair) -> list[Candle]:
        """The forming candles of every interval that is stored."""
        return [
            candle
            for candle in self.obtain(pair).cascade.all_forming()
            if candle.interval is not Interval.SECOND and candle.open_time_ms <= self.now_ms
        ]

    def list_seconds(self, pair: Pair) -> list[Candle]:
        """The seconds of the last ten minutes, which are kept nowhere else."""
        course = self._courses.get(pair)
        return course.cascade.closed(Interval.SECOND) if course else []

    def _take_trade(self, trade: Trade) -> bool:
        pair, time_ms, trade_id, price, quantity = trade
        course = self._courses.get(pair) or self.obtain(pair)
        level = course.level
        if not (level.low < price < level.high and quantity >= 0) and not self._believes(
            level, trade
        ):
            return False
        if course.cascade.add(time_ms, trade_id, price, quantity):
            return True
        if time_ms >= self.now_ms + AHEAD_MS:
            self.flags.add(pair, time_ms, Reason.AHEAD)
        elif time_ms < self.now_ms - AHEAD_MS:
            self.flags.add(pair, time_ms, Reason.LATE)
        return False  # or its second was given whole: nothing is lost

    def _believes(self, level: Level, trade: Trade) -> bool:
        """A trade away from the level is only taken when the level is too old."""
        fault = level.doubt(trade.price, trade.price, trade.time_ms)
        if fault is None:
            fault = Reason.NOT_SOUND  # the quantity
        self.flags.add(trade.pair, trade.time_ms, fault)
        if fault is not Reason.LEVEL_CHANGED or not trade.quantity >= 0:
            return False
        level.set(trade.price, trade.time_ms)
        return True
