"""How the candles go on after a restart: from what the store has of the buckets that are open.

Of every interval the closed parts of its open buckets are read, for all pairs at once, and what was
over before the process came back but never closed is made from its parts. Nothing later than now is
believed: a replay starts over on a store that knows its future.
"""

from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from plimsoll.markets.domain.candles import HOUR_MS, MINUTE_MS, Interval
from plimsoll.markets.domain.cascade import PART_OF, RETAIN_MS
from plimsoll.markets.domain.volatility import Window
from plimsoll.markets.service.making import Making, PairCandle
from plimsoll.markets.storage.store import CandleStore

STORED: Final = tuple(interval for interval in Interval if interval is not Interval.SECOND)
CLOSES: Final = {
    Interval.MINUTE: (MINUTE_MS, Window.DAY.steps, 360),
    Interval.HOUR: (HOUR_MS, Window.MONTH.steps, 120),
}
"""What the volatility board is loaded with: the length of a step, how many, how many at once."""


class Resumed(NamedTuple):
    """`closed` are over by now and not in the store as closed; `overdue` were left behind forming,
    and are over: each has to be made anew from its parts.
    """

    closed: list[PairCandle]
    overdue: list[PairCandle]


async def resume(store: CandleStore, making: Making) -> Resumed:
    """Fill `making` as of its now; raises Unavailable."""
    now_ms, left = making.now_ms, list[PairCandle]()
    for interval in STORED:
        for pair, candle in await store.list_newest(interval, to_ms=interval.bucket_start(now_ms)):
            if interval is Interval.MINUTE:
                making.obtain(pair).level.set(candle.close, candle.open_time_ms)
            elif candle.forming:
                left.append((pair, candle))
    closed = await _load_parts(store, making)
    await load_closes(store, making)
    known = {(pair, *candle[:2]) for pair, candle in closed}
    return Resumed(closed, [each for each in left if (each[0], *each[1][:2]) not in known])


async def load_closes(store: CandleStore, making: Making) -> None:
    """The volatility board from the store."""
    board = making.volatility
    for interval, (step_ms, steps, at_once) in CLOSES.items():
        end_ms = interval.bucket_start(making.now_ms)
        for from_ms in range(end_ms - (steps + 1) * step_ms, end_ms, at_once * step_ms):
            to_ms = min(from_ms + at_once * step_ms, end_ms)
            moments = await store.list_closes(interval, from_ms=from_ms, to_ms=to_ms)
            for open_time_ms, closes in moments:
                board.push(step_ms, open_time_ms, closes)


async def _load_parts(store: CandleStore, making: Making) -> list[PairCandle]:
    """Seed the cascades; what closes by that and is not in the store as closed."""
    now_ms = making.now_ms
    stored = set[tuple[object, ...]]()
    for part in dict.fromkeys(PART_OF.values()):
        if part is Interval.SECOND:
            continue
        from_ms = min(
            whole.bucket_start(now_ms - RETAIN_MS) for whole, of in PART_OF.items() if of is part
        )
        found = await store.list_parts(part, from_ms=from_ms, to_ms=part.bucket_start(now_ms))
        for pair, group in groupby(found, key=itemgetter(0)):
            put = making.obtain(pair).cascade.put
            for _, candle in group:
                put(candle)
        stored.update((pair, *candle[:2]) for pair, candle in found)
    return [each for each in making.advance(now_ms) if (each[0], *each[1][:2]) not in stored]
