"""What the sources said, kept in files and played back.

Kept is what counted: of each pair the prices, trades and candles of the source that it had its
price from at that moment. So a recording is one course of events, whatever failed over when, and
played back it makes the same candles. One line of JSON is one News as it was said: the moment it
was received (ms), the source, and its ticks, trades and candles with every digit. A file is
`news-MOMENT.jsonl`, one for each hour that was recorded and one more for each start; it is packed
with gzip when it is closed. Lines wait in memory for up to a second and are written by a thread, so
nobody waits for a disk; when the disk cannot follow, or fails, lines are left out and that is said,
and the prices go on.

A line that a crash tore, or that is damaged, is left out and counted when it is played back. Each
News comes as it came then, however fast, so the same candles are made of it.
"""

import asyncio
import gzip
import math
import shutil
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import structlog

from plimsoll.kernel.clock import Clock, from_ms, rfc3339
from plimsoll.markets.domain.candles import HOUR_MS, Candle
from plimsoll.markets.domain.feeds import News, NothingToReplay, Trade
from plimsoll.markets.domain.prices import Pair, Tick
from plimsoll.markets.sources.timeline import Timeline

log = structlog.get_logger(__name__)

NAME: Final = "news"
SUFFIX: Final = ".jsonl"
PACKED: Final = ".jsonl.gz"
WRITE_EVERY_S: Final = 1.0
MOST_WAITING_BYTES: Final = 64_000_000
"""Lines that may wait for the disk; what comes on top of them is left out."""
BROKEN: Final = (OSError, EOFError, zlib.error)
"""What reading a damaged file raises."""


class _Line(msgspec.Struct, omit_defaults=True):
    at_ms: int
    source: str
    ticks: list[Tick] = []
    trades: list[Trade] = []
    candles: list[tuple[Pair, Candle]] = []

    @property
    def sound(self) -> bool:
        return (
            all(trade.price > 0 and trade.quantity >= 0 for trade in self.trades)
            and all(tick.price.value > 0 and tick.price.at.tzinfo for tick in self.ticks)
            and all(
                candle.sound
                and candle.interval.bucket_start(candle.open_time_ms) == candle.open_time_ms
                for _, candle in self.candles
            )
        )


_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(_Line)


class Recorder:
    """Keeps in `folder` what counted: of several sources, what each said while it was the one."""

    def __init__(self, folder: Path) -> None:
        self._pen = _Pen(folder)
        self._waiting: list[tuple[int, bytes]] = []
        self._waiting_bytes = 0
        self._left_out = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="recorder")
        self._writing: asyncio.Task[None] | None = None

    def keep(self, at_ms: int, source: str, news: News) -> None:
        """`source` said this at this moment; written within a second. Called in the loop."""
        if self._writing is None:
            self._writing = asyncio.create_task(self._keep_writing(), name="recorder")
        line = _Line(at_ms, source, [*news.ticks], [*news.trades], [*news.candles])
        data = _encoder.encode(line)
        if self._waiting_bytes + len(data) > MOST_WAITING_BYTES:
            self._left_out += 1
            return
        self._waiting.append((at_ms, data))
        self._waiting_bytes += len(data)

    async def aclose(self) -> None:
        """Write what waits and pack the file."""
        if self._writing:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
        await self._write()
        await self._in_thread(self._pen.put_down)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], None]) -> None:
        """One thread: what was begun before a cancellation is finished before what comes next."""
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY_S)
            await self._write()

    async def _write(self) -> None:
        lines, self._waiting, self._waiting_bytes = self._waiting, [], 0
        left_out, self._left_out = self._left_out, 0
        try:
            await self._in_thread(partial(self._pen.write, lines))
        except OSError as error:
            left_out += len(lines)
            log.warning("recording_failed", reason=str(error))
        if left_out:
            log.warning("recording_has_a_hole", news=left_out)


class _Pen:
    """Writes lines into the file of their hour; used by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: BinaryIO | None = None
        self._path = folder
        self._hour = -1

    def write(self, lines: list[tuple[int, bytes]]) -> None:
        try:
            for at_ms, data in lines:
                self._open(at_ms).write(data + b"\n")
            if self._file:
                self._file.flush()
        except OSError:
            self.put_down()  # what stands there may be torn: nothing is written behind it
            raise

    def _open(self, at_ms: int) -> BinaryIO:
        hour = max(at_ms // HOUR_MS, self._hour)
        if self._file is None or hour != self._hour:
            self.put_down()
            self._folder.mkdir(parents=True, exist_ok=True)
            moment = from_ms(at_ms).astimezone(UTC).strftime("%Y%m%dT%H%M%S%f")
            self._path = self._folder / f"{NAME}-{moment}{SUFFIX}"
            self._file = self._path.open("xb")
            self._hour = hour
        return self._file

    def put_down(self) -> None:
        """Close the file and pack it; it stays as it is where that fails."""
        file, self._file = self._file, None
        if file is None:
            return
        packing = self._path.with_suffix(".packing")
        try:
            file.close()
            with self._path.open("rb") as plain, gzip.open(packing, "wb") as packed:
                shutil.copyfileobj(plain, packed)
            packing.replace(self._path.with_suffix(PACKED))
            self._path.unlink()
        except OSError as error:
            log.warning("recording_not_packed", file=self._path.name, reason=str(error))


def has_recordings(folder: Path) -> bool:
    return bool(_list_files(folder))


class RecordingReplay:
    """Plays back what a Recorder kept, at `speed` recorded seconds per real second; infinite: as
    fast as possible.
    """

    name: Final = "recording"
    pushes: Final = False
    silence_s: Final = math.inf
    """A recording has gaps, and nothing is wrong with it."""

    def __init__(self, folder: Path, clock: Clock, *, speed: float) -> None:
        """Raises NothingToReplay when `folder` has no usable line."""
        files = _list_files(folder) if folder.is_dir() else []
        self._lines: Iterator[_Line] = _read_lines(files)
        self._upcoming = next(self._lines, None)
        if self._upcoming is None:
            raise NothingToReplay(f"{folder} has no usable recording")
        starts_ms = self._upcoming.at_ms
        self._timeline = Timeline(clock, speed=speed, starts_ms=starts_ms)
        log.info("replay_opened", files=len(files), starts=rfc3339(from_ms(starts_ms)))

    def state(self) -> None:
        """A replay starts over each time."""
        return

    def now_ms(self) -> int:
        return self._timeline.now_ms()

    async def aclose(self) -> None:
        """Let go of the files."""
        self._upcoming, self._lines = None, iter(())

    async def next_news(self) -> News | None:
        if self._upcoming is None:
            return None
        await self._timeline.wait()
        line, self._upcoming = self._upcoming, next(self._lines, None)
        self._timeline.said(line.at_ms, self._upcoming.at_ms if self._upcoming else None)
        return News(line.ticks, line.trades, line.candles)


def _list_files(folder: Path) -> list[Path]:
    """The files in the order of time; of a file and its packed form the packed."""
    files = dict[str, Path]()
    for suffix in (SUFFIX, PACKED):
        files |= {path.name.removesuffix(suffix): path for path in folder.glob(f"{NAME}-*{suffix}")}
    return [files[stem] for stem in sorted(files)]


def _read_lines(paths: list[Path]) -> Iterator[_Line]:
    """Every good line with one file open at a time; logs what was left out of each file."""
    last_ms = 0
    for path in paths:
        faults = Counter[str]()
        for line in _read_file(path, faults):
            line.at_ms = last_ms = max(line.at_ms, last_ms)  # a clock may have been set back
            yield line
        if faults:
            log.warning("recorded_lines_left_out", file=path.name, **faults)


def _read_file(path: Path, faults: Counter[str]) -> Iterator[_Line]:
    try:
        with gzip.open(path) if path.name.endswith(PACKED) else path.open("rb") as file:
            for data in file:
                try:
                    line = _decoder.decode(data)
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    faults["damaged" if data.endswith(b"\n") else "torn"] += 1
                    continue
                if line.sound:
                    yield line
                else:
                    faults["not_sound"] += 1
    except BROKEN as error:
        log.warning("recorded_file_broken", file=path.name, reason=str(error))
