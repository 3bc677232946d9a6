"""Bringing candles of the past: what may be asked for, and the jobs that it becomes.

Both jobs are the system's: candles are everybody's. Both may be repeated and change nothing where
everything is there already.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from fastapi import Depends, Request

from plimsoll.kernel.clock import from_ms as moment
from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.kernel.identifiers import AssetId, JobId
from plimsoll.markets.domain.candles import Interval
from plimsoll.markets.domain.feeds import CandleHistory, FeedKind, FeedMismatch, MarketSource
from plimsoll.markets.domain.prices import Pair
from plimsoll.plumbing.database import Database, Unit
from plimsoll.plumbing.jobs.job import JobKind
from plimsoll.plumbing.jobs.runner import Jobs


@dataclass(frozen=True, slots=True)
class Backfill:
    """Candles of one pair and interval that open in from_ms … to_ms − 1, from one source.
    `to_ms` None: up to the moment at which it is done.
    """

    base: str
    quote: str
    interval: Interval
    from_ms: int
    to_ms: int | None
    source: str

    @property
    def pair(self) -> Pair:
        return Pair(AssetId(self.base), AssetId(self.quote))


@dataclass(frozen=True, slots=True)
class ArchiveImport:
    """Every archive file in a folder."""

    folder: str


BACKFILL: Final = JobKind("candles.backfill", Backfill, attempts=10)
"""A source may be away for a quarter of an hour."""
IMPORT: Final = JobKind("candles.import", ArchiveImport)


class NoHistory(Invalid):
    """No source has such candles, or not the one that was named."""

    code = "no-history"
    title = "No source has these candles"


class EmptyStretch(Invalid):
    """It ends before it begins, or lies ahead."""

    code = "empty-stretch"
    title = "There is nothing between these moments"


class ImportFolderMissing(Invalid):
    """No such folder, or not one that files may be imported from."""

    code = "import-folder-missing"
    title = "There is no such folder"


class Backfills:
    """What sources and files have of the past."""

    def __init__(
        self,
        jobs: Jobs,
        sources: Callable[[], Sequence[MarketSource]],
        *,
        kind: FeedKind,
        folder: Path,
    ) -> None:
        """`sources` as they are preferred; `folder` has what may be imported over HTTP."""
        self._jobs = jobs
        self._sources = sources
        self._kind = kind
        self._folder = folder

    async def start_backfill(
        self,
        where: Unit | Database,
        pair: Pair,
        interval: Interval,
        *,
        from_ms: int,
        to_ms: int,
        source: str | None = None,
    ) -> JobId:
        """At most one at a time for a pair and interval. Raises NoHistory, EmptyStretch."""
        from_ms = interval.bucket_start(max(from_ms, 0))
        if from_ms >= interval.bucket_start(to_ms):
            raise EmptyStretch(
                f"no candle of {interval} lies whole between "
                f"{rfc3339(moment(from_ms))} and {rfc3339(moment(to_ms))}",
                faults=(FieldFault("#/from", EmptyStretch.code, "has to come earlier"),),
            )
        history = self.get_history(pair, interval, source)
        wanted = Backfill(*pair, interval, from_ms, to_ms, history.name)
        key = f"{pair.base}/{pair.quote} {interval}"
        return await self._jobs.start(where, BACKFILL, wanted, owner=None, key=key)

    async def start_catching_up(self, where: Unit | Database, pair: Pair, *, from_ms: int) -> JobId:
        """Fetch the minutes from `from_ms` until now, whenever that is; at most one at a time for a
        pair. Raises NoHistory.
        """
        history = self.get_history(pair, Interval.MINUTE)
        wanted = Backfill(*pair, Interval.MINUTE, from_ms, None, history.name)
        key = f"{pair.base}/{pair.quote} {Interval.MINUTE} until now"
        return await self._jobs.start(where, BACKFILL, wanted, owner=None, key=key)

    async def start_import(self, where: Unit | Database, name: str) -> JobId:
        """Import the files of a folder below ours. Raises ImportFolderMissing, FeedMismatch."""
        self.refuse_invented()
        folder = (self._folder / name).resolve()
        if not folder.is_relative_to(self._folder.resolve()) or not folder.is_dir():
            raise ImportFolderMissing(
                f"put the files into {self._folder / 'NAME'} and say NAME, or nothing for all",
                faults=(FieldFault("#/folder", ImportFolderMissing.code, "is not there"),),
            )
        return await start_import(self._jobs, where, folder)

    def get_history(self, pair: Pair, interval: Interval, name: str | None = None) -> CandleHistory:
        """The source of that name, else the first that has such candles. Raises NoHistory."""
        sources = [each for each in self._sources() if isinstance(each, CandleHistory)]
        for source in sources:
            if name in {None, source.name} and source.offers(pair, interval):
                return source
        raise NoHistory(
            f"{name or 'no source'} has no {interval} of {pair.base}/{pair.quote}",
            facts={"sources": ", ".join(each.name for each in sources) or None},
        )

    def refuse_invented(self) -> None:
        """Recorded candles never meet invented ones. Raises FeedMismatch."""
        if self._kind is FeedKind.SIMULATED:
            raise FeedMismatch(
                "the prices here are simulated, and recorded candles would be mixed into them",
                facts={"stored": self._kind.value},
            )


async def start_import(jobs: Jobs, where: Unit | Database, folder: Path) -> JobId:
    """Import the files of any folder, for whoever runs the machine; one folder once at a time."""
    return await jobs.start(where, IMPORT, ArchiveImport(str(folder)), owner=None, key=str(folder))


async def backfills_of(request: Request) -> Backfills:
    backfills = request.app.state.backfills
    assert isinstance(backfills, Backfills)
    return backfills


BackfillsDep = Annotated[Backfills, Depends(backfills_of)]
"""The backfills of the application."""
