"""Stored candles of many pairs at once: what a start goes on from, and what ranges are made of.

Each question is one statement for all pairs. A pair is a short walk down the index, whatever else
is stored, so a thousand pairs are a few hundredths of a second.
"""

from collections.abc import Sequence
from typing import Final

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.storage.candles import PairCandle
from plimsoll.plumbing.database import ReadUnit

_VALUES: Final = "open_time_ms, open, high, low, close, volume, trades, forming, false, amended"

LIST_PAIRS: Final = "select base, quote from pairs order by id"

LIST_PARTS: Final = f"""
    select base, quote, part.* from pairs cross join lateral (
        select {_VALUES} from candles
        where interval = $1 and pair_id = pairs.id and open_time_ms >= $2 and open_time_ms < $3
        and not forming order by open_time_ms
    ) as part
"""  # noqa: S608 - constants of this module

LIST_NEWEST: Final = f"""
    select base, quote, newest.* from pairs cross join lateral (
        select {_VALUES} from candles
        where interval = $1 and pair_id = pairs.id and open_time_ms < $2
        order by open_time_ms desc limit 1
    ) as newest
"""  # noqa: S608 - constants of this module

FIND_FIRST: Final = """
    select open_time_ms from candles
    where interval = $1 and pair_id = (select id from pairs where base = $2 and quote = $3)
    and open_time_ms >= $4
    order by open_time_ms limit 1
"""

LIST_RANGES: Final = """
    select base, quote, ranges.* from unnest($2::text[], $3::text[]) as wanted (base, quote)
    join pairs using (base, quote) cross join lateral (
        select array_agg(open), array_agg(high), array_agg(low), array_agg(close) from candles
        where interval = $1 and pair_id = pairs.id and open_time_ms >= $4 and open_time_ms < $5
        and not forming
    ) as ranges (opens, highs, lows, closes)
    where opens is not null
"""

Ranges = tuple[list[float], list[float], list[float], list[float]]
"""Opens, highs, lows and closes of a pair, in no order."""


async def list_pairs(unit: ReadUnit) -> list[Pair]:
    """Every pair that ever had a candle."""
    return [Pair(AssetId(base), AssetId(quote)) for base, quote in await unit.fetch(LIST_PAIRS)]


async def list_parts(
    unit: ReadUnit, interval: Interval, *, from_ms: int, to_ms: int
) -> list[PairCandle]:
    """The closed candles of all pairs that open in from_ms … to_ms − 1, by pair in the order of
    time.
    """
    rows = await unit.fetch(LIST_PARTS, interval.value, from_ms, to_ms)
    return [_read(interval, *row) for row in rows]


async def list_newest(unit: ReadUnit, interval: Interval, *, to_ms: int) -> list[PairCandle]:
    """The last candle of each pair that opens before `to_ms`, forming or not."""
    rows = await unit.fetch(LIST_NEWEST, interval.value, to_ms)
    return [_read(interval, *row) for row in rows]


async def find_first(unit: ReadUnit, pair: Pair, interval: Interval, *, from_ms: int) -> int | None:
    """When the first candle opens from then on, of those that are not in files only."""
    at_ms: int | None = await unit.fetchval(FIND_FIRST, interval.value, *pair, from_ms)
    return at_ms


async def list_ranges(
    unit: ReadUnit, interval: Interval, pairs: Sequence[Pair], *, from_ms: int, to_ms: int
) -> dict[Pair, Ranges]:
    """What the closed candles of these pairs ranged over; a pair without any is left out."""
    rows = await unit.fetch(
        LIST_RANGES,
        interval.value,
        [pair.base for pair in pairs],
        [pair.quote for pair in pairs],
        from_ms,
        to_ms,
    )
    return {
        Pair(AssetId(base), AssetId(quote)): (opens, highs, lows, closes)
        for base, quote, opens, highs, lows, closes in rows
    }


def _read(interval: Interval, base: str, quote: str, *values: object) -> PairCandle:
    return Pair(AssetId(base), AssetId(quote)), Candle(interval, *values)  # type: ignore[arg-type]
