"""Where candles are kept, in one place for everyone above: PostgreSQL, and sealed months in files.

PostgreSQL is read for every question; sealed months that the question reaches into are read as
well, and what PostgreSQL has wins. So a month may be in both places while it moves, and a candle
that is amended or imported after its month was sealed is right at once, before the month is
sealed again.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

import structlog

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.clock import to_ms as as_ms
from plimsoll.markets.domain.candles import DAY_MS, Candle, Interval
from plimsoll.markets.domain.partitions import FAMILIES, Family, Partition
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.storage import candles as table
from plimsoll.markets.storage import overview, partitions, sealed
from plimsoll.markets.storage.archive import Archive
from plimsoll.markets.storage.candles import Columns, PairCandle
from plimsoll.markets.storage.overview import Ranges
from plimsoll.plumbing.database import Database

log = structlog.get_logger(__name__)

CHUNK: Final = 10_000
"""Candles written at once: far from the time limit of a statement, and short enough for those who
wait for the same loop.
"""
NEAR: Final = 3
"""The newest candles are first looked for in so many times the stretch that they would fill."""
LONGEST_MS: Final = 31 * DAY_MS
FAR_MS: Final = 253_402_300_800_000
"""The end of the calendar."""
KEEP_FILES: Final = timedelta(hours=1)


class CandleStore(Protocol):
    """What the markets ask of whatever keeps their candles."""

    async def save(self, candles: Iterable[PairCandle]) -> int:
        """Keep closed and amended candles; the number that changed something."""
        ...

    async def save_forming(self, candles: Iterable[PairCandle]) -> int:
        """Keep candles that still change, in one statement; the number that changed something."""
        ...

    async def list_latest(
        self, pair: Pair, interval: Interval, *, to_ms: int, limit: int, from_ms: int = 0
    ) -> list[Candle]:
        """The newest `limit` candles that open in from_ms … to_ms − 1, in the order of time."""
        ...

    async def list_columns(
        self, pair: Pair, interval: Interval, *, to_ms: int, limit: int, from_ms: int = 0
    ) -> Columns:
        """As `list_latest`, by columns."""
        ...

    async def list_closes(
        self, interval: Interval, *, from_ms: int, to_ms: int
    ) -> list[tuple[int, dict[Pair, float]]]:
        """The closes of all pairs by open time, of a recent stretch."""
        ...

    async def list_pairs(self) -> list[Pair]:
        """Every pair that ever had a candle."""
        ...

    async def list_parts(self, interval: Interval, *, from_ms: int, to_ms: int) -> list[PairCandle]:
        """The closed candles of all pairs, of a recent stretch, by pair in the order of time."""
        ...

    async def list_newest(self, interval: Interval, *, to_ms: int) -> list[PairCandle]:
        """The last candle of each pair that opens before `to_ms`, forming or not."""
        ...

    async def list_ranges(
        self, interval: Interval, pairs: Sequence[Pair], *, from_ms: int, to_ms: int
    ) -> dict[Pair, Ranges]:
        """What the closed candles of these pairs ranged over, of a recent stretch."""
        ...

    async def find_first(self, pair: Pair, interval: Interval, *, from_ms: int) -> int | None:
        """When the first candle may open from then on; None when there is none."""
        ...

    async def make_ahead(self, now_ms: int) -> object:
        """Make room for the candles of now and of the days to come."""
        ...

    async def retire(self, family: Family, *, end_ms: int) -> object:
        """Let go of what ended by then, once it is in files."""
        ...

    def close(self) -> None: ...


class StoredCandles:
    """The CandleStore of one database and one folder."""

    def __init__(self, database: Database, archive: Archive, clock: Clock) -> None:
        self._database = database
        self._archive = archive
        self._clock = clock

    def close(self) -> None:
        self._archive.close()

    async def save(self, candles: Iterable[PairCandle]) -> int:
        changed, rest = 0, iter(candles)
        while chunk := list(islice(rest, CHUNK)):
            async with self._database.write() as unit:
                changed += await table.save_candles(unit, chunk, self._now_ms())
        return changed

    async def save_forming(self, candles: Iterable[PairCandle]) -> int:
        async with self._database.write() as unit:
            return await table.save_forming(unit, candles)

    async def list_latest(
        self, pair: Pair, interval: Interval, *, to_ms: int, limit: int, from_ms: int = 0
    ) -> list[Candle]:
        found = await self.list_columns(pair, interval, to_ms=to_ms, limit=limit, from_ms=from_ms)
        return found.candles(interval)

    async def list_columns(
        self, pair: Pair, interval: Interval, *, to_ms: int, limit: int, from_ms: int = 0
    ) -> Columns:
        to_ms = min(to_ms, self._now_ms() + DAY_MS)  # nothing opens later
        near_ms = max(from_ms, to_ms - NEAR * limit * (interval.length_ms or LONGEST_MS))
        found = await self._list(pair, interval, from_ms=near_ms, to_ms=to_ms, limit=limit)
        if len(found.open_time_ms) == limit or near_ms == from_ms:
            return found
        return await self._list(pair, interval, from_ms=from_ms, to_ms=to_ms, limit=limit)

    async def list_closes(
        self, interval: Interval, *, from_ms: int, to_ms: int
    ) -> list[tuple[int, dict[Pair, float]]]:
        async with self._database.read() as unit:
            return await table.list_closes(unit, interval, from_ms=from_ms, to_ms=to_ms)

    async def list_pairs(self) -> list[Pair]:
        async with self._database.read() as unit:
            return await overview.list_pairs(unit)

    async def list_parts(self, interval: Interval, *, from_ms: int, to_ms: int) -> list[PairCandle]:
        async with self._database.read() as unit:
            return await overview.list_parts(unit, interval, from_ms=from_ms, to_ms=to_ms)

    async def list_newest(self, interval: Interval, *, to_ms: int) -> list[PairCandle]:
        async with self._database.read() as unit:
            return await overview.list_newest(unit, interval, to_ms=to_ms)

    async def list_ranges(
        self, interval: Interval, pairs: Sequence[Pair], *, from_ms: int, to_ms: int
    ) -> dict[Pair, Ranges]:
        async with self._database.read() as unit:
            return await overview.list_ranges(unit, interval, pairs, from_ms=from_ms, to_ms=to_ms)

    async def find_first(self, pair: Pair, interval: Interval, *, from_ms: int) -> int | None:
        async with self._database.read() as unit:
            found = await overview.find_first(unit, pair, interval, from_ms=from_ms)
            months = await sealed.list_sealed(
                unit, interval, from_ms=from_ms, to_ms=FAR_MS if found is None else found
            )
        if months:
            return max(from_ms, months[0].month_ms)
        return found

    async def make_ahead(self, now_ms: int) -> list[Partition]:
        """The partitions of the days to come; at start, and then every few hours."""
        async with self._database.write() as unit:
            return await partitions.make_ahead(unit, now_ms)

    async def retire(self, family: Family, *, end_ms: int) -> list[Partition]:
        """Drop what ended by then; months that are not in files whole are sealed first."""
        dropped = await self.drop(family, end_ms=end_ms)
        async with self._database.read() as unit:
            left = [
                each
                for each in await partitions.list_partitions(unit)
                if each.family is family and each.end_ms <= end_ms
            ]
        for month_ms in sorted({Interval.MONTH.bucket_start(each.start_ms) for each in left}):
            for interval, kept_in in FAMILIES.items():
                if kept_in is family:
                    await self.seal(interval, month_ms)
        return dropped + (await self.drop(family, end_ms=end_ms) if left else [])

    async def seal(self, interval: Interval, month_ms: int) -> int:
        """Write the candles of a month that is over to a file; their number.

        May be repeated at any time, and has no effect when it is interrupted: PostgreSQL keeps the
        rows until `drop` finds that the file has all of them.
        """
        assert FAMILIES[interval] is not Family.LONG, "what is never dropped is not sealed"
        with TemporaryDirectory(prefix="plimsoll-seal-") as scratch:
            csv = Path(scratch) / "month.csv"
            async with self._database.read() as unit:
                horizon = await sealed.find_horizon(unit)
                with csv.open("wb") as output:
                    exported = await sealed.export_month(unit, output, interval, month_ms)
                before = await sealed.list_sealed(
                    unit, interval, from_ms=month_ms, to_ms=month_ms + 1
                )
            if not exported:
                return 0
            file = await self._archive.write(
                interval, month_ms, csv, before[0].file if before else None
            )
        async with self._database.write() as unit:
            await sealed.save_sealed(unit, interval, month_ms, file, horizon)
        log.info("month_sealed", interval=interval.value, file=file.name, rows=file.rows)
        return file.rows

    async def drop(self, family: Family, *, end_ms: int) -> list[Partition]:
        """Drop what ended by then and is in files whole; those that were dropped."""
        async with self._database.read() as unit:
            there = await partitions.list_partitions(unit)
        dropped = list[Partition]()
        for each in there:
            if each.family is not family or each.end_ms > end_ms:
                continue
            async with self._database.write() as unit:
                if await sealed.drop_if_sealed(unit, each):
                    dropped.append(each)
                else:
                    log.info("partition_not_sealed", partition=each.name)
        async with self._database.read() as unit:
            keep = await sealed.list_files(unit)
        before_s = (self._clock.now() - KEEP_FILES).timestamp()
        await self._archive.tidy(keep, before_s=before_s)
        return dropped

    async def _list(
        self, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int, limit: int
    ) -> Columns:
        """From both places. PostgreSQL first: what leaves it afterwards is in the list of files."""
        async with self._database.read() as unit:
            found, reached = await table.list_latest_columns(
                unit, pair, interval, from_ms=from_ms, to_ms=to_ms, limit=limit
            )
            if not reached:
                return found
            months = await sealed.list_sealed(unit, interval, from_ms=from_ms, to_ms=to_ms)
        archived = await self._archive.list_latest(
            [month.file for month in months],
            pair,
            interval,
            from_ms=from_ms,
            to_ms=to_ms,
            limit=limit,
        )
        both = {candle.open_time_ms: candle for candle in (*archived, *found.candles(interval))}
        return Columns.of([both[at_ms] for at_ms in sorted(both)][-limit:])

    def _now_ms(self) -> int:
        return as_ms(self._clock.now())
