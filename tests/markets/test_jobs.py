"""Backfills and imports as background jobs: done to the end, after a restart too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from plimsoll.kernel.clock import SystemClock
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import JobId
from plimsoll.markets import jobs as markets_jobs
from plimsoll.markets.domain.candles import MINUTE_MS, Candle, Interval
from plimsoll.markets.domain.feeds import FeedKind, FeedMismatch, News
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.backfills import (
    Backfills,
    EmptyStretch,
    ImportFolderMissing,
    NoHistory,
    start_import,
)
from plimsoll.markets.service.candles import Candles
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs import storage
from plimsoll.plumbing.jobs.job import EVERYTHING, Job, JobState
from plimsoll.plumbing.jobs.runner import Jobs, JobTerms
from tests.markets.candle_desk import BTC, ETH, NOW_MS, minutes, opened, stored

START_MS = NOW_MS - 3_000 * MINUTE_MS
PAST = minutes(-3_000, -1)
QUICK = JobTerms(poll_s=0.02, beat_s=0.05, lease_s=30.0, first_pause_s=0.02, longest_pause_s=0.1)


class SourceAway(Unavailable):
    code = "source-away"
    title = "The source is away"


@dataclass
class Archivist:
    """A source that has the minutes of one pair, 500 to a page."""

    name: str = "archivist"
    pushes: bool = True
    silence_s: float = 60.0
    listed: bool = True
    asked: list[int] = field(default_factory=list)
    away_at: set[int] = field(default_factory=set)
    """Pages, counted over all, at which it does not answer."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Not set: pages from the third on are waited for."""

    def offers(self, pair: Pair, interval: Interval) -> bool:
        return self.listed and (pair, interval) == (BTC, Interval.MINUTE)

    async def list_candles(
        self, pair: Pair, interval: Interval, *, from_ms: int, to_ms: int
    ) -> list[Candle]:
        assert self.offers(pair, interval)
        self.asked.append(from_ms)
        if len(self.asked) in self.away_at:
            raise SourceAway
        if len(self.asked) > 2:
            await self.gate.wait()
        return [each for each in PAST if from_ms <= each.open_time_ms < to_ms][:500]

    async def next_news(self) -> News | None:
        return None

    def now_ms(self) -> int:
        return NOW_MS

    def state(self) -> str | None:
        return None

    async def aclose(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Process:
    """What one process has: candles, a source, and jobs that bring the one to the other."""

    candles: Candles
    source: Archivist
    jobs: Jobs
    backfills: Backfills
    database: Database

    async def backfill(self, *, from_ms: int = START_MS, to_ms: int = NOW_MS) -> JobId:
        return await self.backfills.start_backfill(
            self.database, BTC, Interval.MINUTE, from_ms=from_ms, to_ms=to_ms
        )

    async def ended(self, job_id: JobId) -> Job:
        async with asyncio.timeout(20):
            async with self.database.read() as unit:
                job = await storage.find(unit, job_id, EVERYTHING)
            assert job
            async for step in self.jobs.follow(job):
                job = step or job
            return job


@asynccontextmanager
async def process(
    database: Database, folder: Path, *, kind: FeedKind = FeedKind.LIVE
) -> AsyncIterator[Process]:
    jobs = Jobs(database, SystemClock(), at_once=2, terms=QUICK)
    source = Archivist()
    source.gate.set()
    async with opened(stored(database, folder / "archive")) as candles:
        backfills = Backfills(jobs, lambda: [source], kind=kind, folder=folder / "imports")
        markets_jobs.register(jobs, candles, backfills)
        jobs.open()
        try:
            yield Process(candles, source, jobs, backfills, database)
        finally:
            await jobs.close()


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> AsyncIterator[Process]:
    async with process(database, tmp_path) as desk:
        yield desk


async def read(candles: Candles, pair: Pair = BTC) -> list[Candle]:
    """What is there; the last minute is open for the moment that late trades have."""
    found = await candles.list_candles(pair, Interval.MINUTE, limit=5_000)
    return [each._replace(forming=False) for each in found if each.open_time_ms >= START_MS]


async def test_a_backfill_brings_what_the_source_has(desk: Process) -> None:
    job = await desk.ended(await desk.backfill())
    assert (job.state, job.percent) == (JobState.DONE, 100)
    assert job.result == (
        '{"link":"/api/v1/markets/bitcoin/tether/candles?interval=1m'
        f'&from={START_MS}&to={NOW_MS}","facts":{{"candles":3000,"source":"archivist"}}}}'
    )
    assert await read(desk.candles) == PAST
    hours = await desk.candles.list_candles(BTC, Interval.HOUR, to_ms=NOW_MS)
    assert len(hours) >= 50


async def test_a_source_that_is_away_for_a_while_is_asked_again_from_where_it_was(
    desk: Process,
) -> None:
    desk.source.away_at = {2, 3, 5}
    job = await desk.ended(await desk.backfill())
    assert job.state is JobState.DONE
    assert await read(desk.candles) == PAST
    pages = [(asked - START_MS) // MINUTE_MS for asked in desk.source.asked]
    assert pages == [0, 500, 500, 500, 1000, 1000, 1500, 2000, 2500]


async def test_after_a_restart_a_backfill_goes_on_where_it_was(
    database: Database, tmp_path: Path
) -> None:
    async with process(database, tmp_path) as first:
        first.source.gate.clear()
        job_id = await first.backfill()
        async with asyncio.timeout(10):
            while len(first.source.asked) < 3:  # noqa: ASYNC110 - a list sets no event
                await asyncio.sleep(0.01)
    async with process(database, tmp_path) as second:
        second.source.listed = False  # it has not read yet what it lists
        asyncio.get_running_loop().call_later(0.2, setattr, second.source, "listed", True)
        job = await second.ended(job_id)
        assert job.state is JobState.DONE
        assert second.source.asked[0] == START_MS + 1_000 * MINUTE_MS
        assert await read(second.candles) == PAST
        assert job.result
        assert '"candles":3000' in job.result


async def test_of_one_pair_and_interval_one_backfill_runs(desk: Process) -> None:
    desk.source.gate.clear()
    first = await desk.backfill()
    assert await desk.backfill(from_ms=START_MS + 5 * MINUTE_MS) == first
    desk.source.gate.set()
    await desk.ended(first)
    assert await desk.backfill() != first


async def test_what_cannot_be_brought_is_refused(desk: Process) -> None:
    for pair, interval, source in (
        (ETH, Interval.MINUTE, None),
        (BTC, Interval.SECOND, None),
        (BTC, Interval.MINUTE, "binance"),
    ):
        with pytest.raises(NoHistory):
            await desk.backfills.start_backfill(
                desk.database, pair, interval, from_ms=START_MS, to_ms=NOW_MS, source=source
            )
    for from_ms, to_ms in ((NOW_MS, NOW_MS), (NOW_MS, START_MS), (NOW_MS + 10, NOW_MS + 20)):
        with pytest.raises(EmptyStretch):
            await desk.backfill(from_ms=from_ms, to_ms=to_ms)


def write_archive(folder: Path, symbol: str = "BTCUSDT") -> None:
    folder.mkdir(parents=True)
    rows = [
        f"{each.open_time_ms},{each.open},{each.high},{each.low},{each.close},{each.volume},"
        f"{each.open_time_ms + MINUTE_MS - 1}"
        for each in PAST
    ]
    (folder / f"{symbol}-1m.csv").write_text("\n".join(rows))


async def test_archive_files_are_imported(desk: Process, tmp_path: Path) -> None:
    write_archive(tmp_path / "imports" / "2026")
    write_archive(tmp_path / "imports" / "other", "ETHUSDT")
    for name, pair in (("2026", BTC), ("other", ETH)):
        job = await desk.ended(await desk.backfills.start_import(desk.database, name))
        assert job.state is JobState.DONE, job.problem
        assert job.result
        assert '"candles":3000,"series":1' in job.result
        assert [each.close for each in await read(desk.candles, pair)] == [
            each.close for each in PAST
        ]


async def test_only_folders_below_imports_are_read_over_http(desk: Process, tmp_path: Path) -> None:
    write_archive(tmp_path / "private")
    (tmp_path / "imports").mkdir()
    (tmp_path / "imports" / "way-out").symlink_to(tmp_path / "private")
    for name in ("none", "../private", str(tmp_path / "private"), "way-out"):
        with pytest.raises(ImportFolderMissing):
            await desk.backfills.start_import(desk.database, name)
    # whoever runs the machine names any
    job = await desk.ended(await start_import(desk.jobs, desk.database, tmp_path / "private"))
    assert job.state is JobState.DONE


async def test_a_folder_without_archive_files_fails_with_a_name(
    desk: Process, tmp_path: Path
) -> None:
    (tmp_path / "imports").mkdir()
    job = await desk.ended(await desk.backfills.start_import(desk.database, ""))
    assert job.problem
    assert (job.state, job.problem.code) == (JobState.FAILED, "nothing-to-import")
    job = await desk.ended(await start_import(desk.jobs, desk.database, tmp_path / "gone"))
    assert job.problem
    assert job.problem.code == "import-folder-missing"


async def test_recorded_candles_do_not_meet_invented_ones(
    database: Database, tmp_path: Path
) -> None:
    write_archive(tmp_path / "imports")
    async with process(database, tmp_path, kind=FeedKind.SIMULATED) as desk:
        with pytest.raises(FeedMismatch):
            await desk.backfills.start_import(desk.database, "")
        job = await desk.ended(await start_import(desk.jobs, database, tmp_path / "imports"))
        assert job.problem
        assert job.problem.code == "feed-mismatch"
        assert await read(desk.candles) == []
