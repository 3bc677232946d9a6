"""Candles in PostgreSQL. Written by COPY through a stage, or by one statement for the forming ones.

A closed candle is never overwritten by a forming one, and a row that would not change is left
alone, so writing the same twice costs no new version of a row.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Self

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.partitions import FAMILIES, Family
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.storage.partitions import make_partitions
from plimsoll.plumbing.database import ReadUnit, Unit

PairCandle = tuple[Pair, Candle]

COLUMNS: Final = {
    "interval": "text",
    "open_time_ms": "bigint",
    "open": "float8",
    "high": "float8",
    "low": "float8",
    "close": "float8",
    "volume": "float8",
    "trades": "integer",
    "forming": "boolean",
    "amended": "boolean",
    "pair_id": "integer",
}


class Columns(NamedTuple):
    """Candles of one pair and interval in the order of time, each of their values as a list."""

    open_time_ms: list[int]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float]
    trades: list[int]
    forming: list[bool]
    amended: list[bool]

    @classmethod
    def of(cls, candles: Sequence[Candle]) -> Self:
        """None of them synthetic."""
        if not candles:
            return cls([], [], [], [], [], [], [], [], [])
        _, *columns = map(list, zip(*candles, strict=True))
        del columns[SYNTHETIC]
        return cls(*columns)

    def candles(self, interval: Interval) -> list[Candle]:
        """The same as candles."""
        return [
            Candle(
                interval, at_ms, first, high, low, last, volume, trades, forming, amended=amended
            )
            for at_ms, first, high, low, last, volume, trades, forming, amended in zip(
                *self, strict=True
            )
        ]


SYNTHETIC: Final = 8
"""The place of what Columns leave out."""

ADD_PAIRS: Final = """
    insert into pairs (base, quote)
    select distinct base, quote from unnest($1::text[], $2::text[]) as given (base, quote)
    where not exists (
        select from pairs where pairs.base = given.base and pairs.quote = given.quote
    )
    order by base, quote
    on conflict do nothing
"""

LIST_PAIRS: Final = """
    select id, base, quote from pairs
    where (base, quote) in (select * from unnest($1::text[], $2::text[]))
"""

STAGE: Final = f"""
    create temporary table candle_stage (
        {", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())}
    )
"""
"""Of its own columns: a table made like `candles` would lock every partition."""

_KEEP: Final = f"""
    insert into candles ({", ".join(COLUMNS)})
    select {", ".join(COLUMNS)} from %s
    order by interval, pair_id, open_time_ms
    on conflict (interval, pair_id, open_time_ms) do update set
        open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        volume = excluded.volume, trades = excluded.trades, forming = excluded.forming,
        amended = excluded.amended
    where (candles.forming or not excluded.forming) and
        (candles.open, candles.high, candles.low, candles.close, candles.volume, candles.trades,
         candles.forming, candles.amended)
        is distinct from
        (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume,
         excluded.trades, excluded.forming, excluded.amended)
"""  # noqa: S608 - constants of this module

KEEP_STAGED: Final = _KEEP % "candle_stage"

KEEP_GIVEN: Final = _KEEP % (
    f"unnest({', '.join(f'${at}::{kind}[]' for at, kind in enumerate(COLUMNS.values(), 1))})"
    f" as given ({', '.join(COLUMNS)})"
)

LATEST: Final = """
    select open_time_ms, open, high, low, close, volume, trades, forming,
        false as synthetic, amended
    from candles
    where interval = $1 and pair_id = (select id from pairs where base = $2 and quote = $3)
    and open_time_ms >= $4 and open_time_ms < $5
    order by open_time_ms desc limit $6
"""

LATEST_COLUMNS: Final = f"""
    select {", ".join(f"array_agg({name})" for name in list(COLUMNS)[1:-1])}, (
        select count(*) from sealed_months
        where interval = $1 and month_ms >= $7 and month_ms < $5
    )
    from ({LATEST}) as newest
"""  # noqa: S608 - constants of this module

LIST_ALL_PAIRS: Final = "select id, base, quote from pairs"

LIST_CLOSES: Final = """
    select open_time_ms, array_agg(pair_id) as ids, array_agg(close) as closes
    from candles
    where interval = $1 and open_time_ms >= $2 and open_time_ms < $3 and not forming
    group by open_time_ms order by open_time_ms
"""


async def save_candles(unit: Unit, candles: Iterable[PairCandle], now_ms: int) -> int:
    """Keep any number of candles of any pairs and intervals but seconds; the number that changed
    something.

    Of several for one bucket the last one counts. Partitions that are missing are made. The caller
    cuts what is too much for one transaction.
    """
    rows = await _rows(unit, candles)
    if not rows:
        return 0
    await make_partitions(unit, _times(rows), now_ms)
    await unit.execute(STAGE)
    await unit.copy_records("candle_stage", list(COLUMNS), rows)
    status = await unit.execute(KEEP_STAGED)
    await unit.execute("drop table candle_stage")
    return int(status.rpartition(" ")[2])


async def save_forming(unit: Unit, candles: Iterable[PairCandle]) -> int:
    """Keep candles in one statement; the number that changed something.

    For thousands, not for millions; their partitions are there (`make_ahead`).
    """
    rows = await _rows(unit, candles)
    status = await unit.execute(KEEP_GIVEN, *zip(*rows, strict=True)) if rows else "0"
    return int(status.rpartition(" ")[2])


async def list_latest(
    unit: ReadUnit, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int, limit: int
) -> list[Candle]:
    """The newest candles that open in from_ms … to_ms − 1, in the order of time."""
    rows = await unit.fetch(LATEST, interval.value, *pair, from_ms, to_ms, limit)
    return [Candle(interval, *row) for row in reversed(rows)]


async def list_latest_columns(
    unit: ReadUnit, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int, limit: int
) -> tuple[Columns, int]:
    """As `list_latest`, by columns, with the number of sealed months that the question reaches
    into as of the same moment. One round trip, and no object for each row: who answers many at once
    spends most of the time on collecting those.
    """
    month_ms = Interval.MONTH.bucket_start(from_ms)
    [row] = await unit.fetch(LATEST_COLUMNS, interval.value, *pair, from_ms, to_ms, limit, month_ms)
    *columns, months = row
    columns = [column or [] for column in columns]
    for column in columns:
        column.reverse()
    return Columns(*columns), months


async def list_closes(
    unit: ReadUnit, interval: Interval, *, from_ms: int, to_ms: int
) -> list[tuple[int, dict[Pair, float]]]:
    """The closes of all pairs, by open time; the caller asks for a few hours at a time."""
    rows = await unit.fetch(LIST_CLOSES, interval.value, from_ms, to_ms)
    pairs = {number: pair for pair, number in _by_pair(await unit.fetch(LIST_ALL_PAIRS)).items()}
    return [
        (
            row["open_time_ms"],
            dict(zip(map(pairs.__getitem__, row["ids"]), row["closes"], strict=True)),
        )
        for row in rows
    ]


async def _rows(unit: Unit, candles: Iterable[PairCandle]) -> list[tuple[object, ...]]:
    """One row for each bucket, in the order of COLUMNS."""
    given = {(pair, candle.interval, candle.open_time_ms): candle for pair, candle in candles}
    ids = await _pair_ids(unit, {pair for pair, _, _ in given})
    assert not any(candle.synthetic for candle in given.values()), "what is filled is not kept"
    return [
        (
            candle.interval.value,
            *candle[1:9],
            candle.amended,
            ids[pair],
        )
        for (pair, _, _), candle in given.items()
    ]


async def _pair_ids(unit: Unit, pairs: Iterable[Pair]) -> dict[Pair, int]:
    """The numbers of these pairs; new pairs get one."""
    bases, quotes = zip(*pairs, strict=True) if pairs else ((), ())
    found = await unit.fetch(LIST_PAIRS, bases, quotes)
    if len(found) < len(bases):
        await unit.execute(ADD_PAIRS, bases, quotes)
        found = await unit.fetch(LIST_PAIRS, bases, quotes)
    return _by_pair(found)


def _by_pair(rows: Iterable[Mapping[str, Any]]) -> dict[Pair, int]:
    return {Pair(AssetId(row["base"]), AssetId(row["quote"])): row["id"] for row in rows}


def _times(rows: Sequence[tuple[object, ...]]) -> dict[Family, set[int]]:
    times = dict[Family, set[int]]()
    for interval, open_time_ms, *_ in rows:
        assert isinstance(open_time_ms, int)
        times.setdefault(FAMILIES[Interval(str(interval))], set()).add(open_time_ms)
    return times
