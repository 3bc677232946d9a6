"""Candles from files of Binance's public archive, for the store instead of for a replay.

The files are those that `klines.py` finds: one pair and interval each, CSV or zip, times in
milliseconds or, from 2025 on, microseconds. A row that cannot be right is counted and left out: not
on the grid of its interval, not sound, or not later than the row before.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.sources.klines import (
    BROKEN,
    INTERVAL_MS,
    LONGEST_NUMBER,
    Series,
    open_lines,
    read_stamp,
    split_rows,
)

log = structlog.get_logger(__name__)

OPEN_TIME: Final = 0
VALUES: Final = slice(1, 6)
TRADES: Final = 8
"""The number of trades, in files that have all twelve columns."""
MOST_TRADES: Final = 2**31 - 1

INTERVALS: Final = {
    interval.length_ms or INTERVAL_MS["M"]: interval
    for interval in Interval
    if interval is not Interval.SECOND
}
"""What is stored, by the length that a series has."""


def read_candles(series: Series) -> Iterator[Candle]:
    """Every good candle in the order of time, with one file open at a time; nothing of an interval
    that is not stored. Logs what was left out of each file.
    """
    interval = INTERVALS.get(series.interval_ms)
    if interval is None:
        log.warning("import_left_out", files=len(series.files), reason="interval not stored")
        return
    last_ms = -1
    for path in series.files:
        faults = Counter[str]()
        for candle in _read_file(path, interval, faults):
            if candle.open_time_ms <= last_ms:
                faults["out_of_order"] += 1
                continue
            last_ms = candle.open_time_ms
            yield candle
        if faults:
            log.warning("import_rows_left_out", file=path.name, **faults)


def _read_file(path: Path, interval: Interval, faults: Counter[str]) -> Iterator[Candle]:
    """The rows of one file, up to where it turns out to be broken."""
    try:
        with open_lines(path) as lines:
            for row in split_rows(lines, faults):
                candle = _read_candle(row, interval)
                if candle is None:
                    faults["not_a_number"] += 1
                elif interval.bucket_start(candle.open_time_ms) != candle.open_time_ms:
                    faults["off_the_grid"] += 1
                elif not candle.sound:
                    faults["not_sound"] += 1
                else:
                    yield candle
    except BROKEN as error:
        log.warning("import_file_broken", file=path.name, reason=str(error))


def _read_candle(row: list[str], interval: Interval) -> Candle | None:
    open_time_ms = read_stamp(row[OPEN_TIME])
    trades = _read_trades(row[TRADES]) if len(row) > TRADES else 0
    try:
        first, high, low, last, volume = (_read_value(text) for text in row[VALUES])
    except ValueError:
        return None
    if open_time_ms is None or trades is None:
        return None
    return Candle(interval, open_time_ms, first, high, low, last, volume, trades)


def _read_value(text: str) -> float:
    """Raises ValueError."""
    if len(text) > LONGEST_NUMBER:
        raise ValueError("no number is that long")
    return float(text)


def _read_trades(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_TRADES))):
        return None
    return min(int(text), MOST_TRADES)
