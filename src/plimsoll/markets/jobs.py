"""Candles of the past, fetched from a source or read from files, in the background."""

import asyncio
from pathlib import Path
from typing import NamedTuple

from plimsoll.kernel.errors import Invalid, Unavailable
from plimsoll.markets.service.backfills import (
    BACKFILL,
    IMPORT,
    ArchiveImport,
    Backfill,
    Backfills,
    ImportFolderMissing,
    NoHistory,
)
from plimsoll.markets.service.candles import Candles
from plimsoll.plumbing.jobs.context import JobContext
from plimsoll.plumbing.jobs.job import JobResult
from plimsoll.plumbing.jobs.runner import Jobs


class NothingToImport(Invalid):
    """The folder has no archive file of a known pair."""

    code = "nothing-to-import"
    title = "No candles were found"


class HistoryAway(Unavailable):
    """The source does not say yet, or not any more, that it has such candles."""

    code = "history-away"
    title = "The source does not offer these candles now"


class Reached(NamedTuple):
    """Where a backfill is, and how many candles it took until there."""

    at_ms: int
    candles: int


def register(jobs: Jobs, candles: Candles, backfills: Backfills) -> None:
    """What this process does for jobs of the markets."""

    async def backfill(job: JobContext, args: Backfill) -> JobResult:
        """Fetch what a source has, page by page.

        Delivered at least once: a page that was taken before its checkpoint was written is fetched
        again, and changes nothing.
        """
        try:
            history = backfills.get_history(args.pair, args.interval, args.source)
        except NoHistory as error:  # after a restart a source first has to read what it lists
            raise HistoryAway(error.detail) from error
        to_ms = candles.now_ms if args.to_ms is None else args.to_ms
        total_ms = to_ms - args.from_ms
        at_ms, taken = job.resume(Reached) or Reached(args.from_ms, 0)
        await job.progress(at_ms - args.from_ms, total_ms, "fetch")
        async for step in candles.backfill(
            history, args.pair, args.interval, from_ms=at_ms, to_ms=to_ms
        ):
            taken += step.candles
            await job.checkpoint(Reached(step.reached_ms, taken))
            await job.progress(step.reached_ms - args.from_ms, total_ms, "fetch")
        return JobResult(
            f"/api/v1/markets/{args.base}/{args.quote}/candles"
            f"?interval={args.interval}&from={args.from_ms}&to={to_ms}",
            {"candles": taken, "source": args.source},
        )

    async def import_archive(job: JobContext, args: ArchiveImport) -> JobResult:
        """Read every archive file of a folder, series by series.

        Delivered at least once: after a restart it begins anew, and what is there already changes
        nothing.
        """
        backfills.refuse_invented()
        folder = Path(args.folder)
        if not await asyncio.to_thread(folder.is_dir):
            raise ImportFolderMissing(f"{folder} is not there any more")
        taken, series = 0, 0
        await job.progress(0, None, "look")
        async for step in candles.import_archive(folder):
            series = step.total
            if step.done > job.pace.done:
                taken += step.candles
            phase = f"{step.pair.base}/{step.pair.quote} {step.interval}"
            await job.progress(step.done, step.total, phase)
        if not series:
            raise NothingToImport(f"{folder} has no archive file of a known pair")
        return JobResult("/api/v1/markets", {"candles": taken, "series": series})

    jobs.register(BACKFILL, backfill)
    jobs.register(IMPORT, import_archive)
