"""Sealed months of candles as Parquet files, written and read with DuckDB.

A file holds one interval of one calendar month, all pairs, sorted by pair and time, so that the
statistics inside of it lead a reader to the few row groups of its pair:

    FOLDER/1m/2026-10-DIGEST.parquet: base, quote, open_time_ms, open … volume, trades, amended

A file is written beside its place, made durable, then renamed, and never changed: sealing a month
again makes another file. DuckDB runs in a thread; nothing it does needs a network.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb

from plimsoll.kernel.errors import Unavailable
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.prices import Pair

MEMORY: Final = "512MB"
"""What sorting a month may take before it goes to disk."""

COLUMNS: Final = {
    "base": "varchar",
    "quote": "varchar",
    "open_time_ms": "bigint",
    "open": "double",
    "high": "double",
    "low": "double",
    "close": "double",
    "volume": "double",
    "trades": "integer",
    "amended": "boolean",
}

_LOAD: Final = (
    "create table fresh as select * from read_csv(?, header = false, columns = {columns})"
)

_KEEP: Final = """
    copy (
        select * from fresh
        union all by name
        select * from {old} as old where not exists (
            select 1 from fresh where fresh.base = old.base and fresh.quote = old.quote
            and fresh.open_time_ms = old.open_time_ms
        )
        order by base, quote, open_time_ms
    ) to '{path}' (format parquet, compression zstd)
"""

_READ: Final = """
    select open_time_ms, open, high, low, close, volume, trades, false, false, amended
    from read_parquet(?)
    where base = ? and quote = ? and open_time_ms >= ? and open_time_ms < ?
    order by open_time_ms desc limit ?
"""


class ArchiveDamaged(Unavailable):
    """A sealed month is gone or cannot be read."""

    code = "archive-damaged"
    title = "Stored candles cannot be read"


@dataclass(frozen=True, slots=True)
class SealedFile:
    """`name` is relative to the archive's folder."""

    name: str
    rows: int
    sha256: str


class Archive:
    """The folder of sealed months."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reader: duckdb.DuckDBPyConnection | None = None

    def close(self) -> None:
        if self._reader:
            self._reader.close()
            self._reader = None

    async def write(
        self, interval: Interval, month_ms: int, csv: Path, old: str | None = None
    ) -> SealedFile:
        """Seal what `csv` has (COLUMNS, no header) and what of the file `old` it does not have."""
        return await asyncio.to_thread(self._write, interval, month_ms, csv, old)

    async def list_latest(
        self,
        names: Sequence[str],
        pair: Pair,
        interval: Interval,
        *,
        from_ms: int,
        to_ms: int,
        limit: int,
    ) -> list[Candle]:
        """The newest candles of these files that open in from_ms … to_ms − 1, in the order of time.

        Raises ArchiveDamaged.
        """
        files = [str(self._folder / name) for name in names]
        reader = self._reader = self._reader or _connect()
        rows = await asyncio.to_thread(_read, reader, [files, *pair, from_ms, to_ms, limit])
        return [Candle(interval, *row) for row in reversed(rows)]

    async def tidy(self, keep: Collection[str], *, before_s: float) -> None:
        """Remove files that no month has any more and what a killed process left behind, unless
        they were touched after `before_s` (seconds since 1970): somebody may be reading them.
        """
        await asyncio.to_thread(self._tidy, keep, before_s)

    def _tidy(self, keep: Collection[str], before_s: float) -> None:
        for path in self._folder.glob("*/*"):
            if str(path.relative_to(self._folder)) in keep or path.stat().st_mtime > before_s:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _write(self, interval: Interval, month_ms: int, csv: Path, old: str | None) -> SealedFile:
        month = datetime.fromtimestamp(month_ms / 1000, tz=UTC).strftime("%Y-%m")
        folder = self._folder / interval.value.replace("M", "mo")  # some disks know no letter case
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix="sealing-") as scratch:
            made = Path(scratch) / "month.parquet"
            rows = self._sort(csv, self._folder / old if old else None, made)
            with made.open("rb+") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
            final = folder / f"{month}-{sha256[:16]}.parquet"
            made.replace(final)
        _make_durable(folder)
        return SealedFile(str(final.relative_to(self._folder)), rows, sha256)

    @staticmethod
    def _sort(csv: Path, old: Path | None, made: Path) -> int:
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
        before = "(select * from fresh limit 0)" if old is None else f"read_parquet('{_sql(old)}')"
        with closing(_connect(scratch=made.parent)) as duck:
            duck.execute(_LOAD.format(columns=f"{{{columns}}}"), [str(csv)])
            duck.execute(_KEEP.format(old=before, path=_sql(made)))
            counted = duck.execute("select count(*) from read_parquet(?)", [str(made)]).fetchone()
        assert counted
        return int(counted[0])


def _read(reader: duckdb.DuckDBPyConnection, question: list[Any]) -> list[tuple[Any, ...]]:
    try:
        with closing(reader.cursor()) as cursor:  # a connection belongs to one thread at a time
            return cursor.execute(_READ, question).fetchall()
    except duckdb.Error as error:
        raise ArchiveDamaged(str(error)) from error


def _connect(scratch: Path | None = None) -> duckdb.DuckDBPyConnection:
    """An empty database in memory that never loads code from elsewhere."""
    config: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "memory_limit": MEMORY,
        "threads": 2,
    }
    if scratch:
        config["temp_directory"] = str(scratch / "spill")
    return duckdb.connect(":memory:", config=config)


def _sql(path: Path) -> str:
    return str(path).replace("'", "''")


def _make_durable(folder: Path) -> None:
    """A rename lasts when the folder itself is on disk."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
