"""Recorded candles as files, in the layout of Binance's public archive.

A file is `SYMBOL-INTERVAL[-DATE].csv`, or a zip of that name with one CSV inside; its columns are
`open_time, open, high, low, close, volume, close_time` and perhaps more, with or without a header.
Times are milliseconds, or microseconds in recordings from 2025 on. Only closes are read. A row that
cannot be right is counted and left out, never repaired. Which pair a symbol means is looked up in
`replay_symbols.csv`, never guessed from its letters.
"""

import csv
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.prices import Pair, to_price

log = structlog.get_logger(__name__)

COLUMNS: Final = 7
CLOSE: Final = 4
CLOSE_TIME: Final = 6
FIRST_MICROSECONDS: Final = 10**14
"""As milliseconds this is the year 5138, as microseconds 1973: larger stamps are microseconds."""
EARLIEST_MS: Final = 1_230_940_800_000
LATEST_MS: Final = 4_102_444_800_000
"""2009-01-03, the first block, and 2100-01-01: one wild stamp must not outlaw all later rows."""
LONGEST_NUMBER: Final = 40

BROKEN: Final = (OSError, EOFError, csv.Error, zipfile.BadZipFile, zlib.error, RuntimeError)
"""What reading a damaged file raises; RuntimeError is an encrypted or unknown kind of zip."""

INTERVAL_MS: Final = {
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "mo": 2_678_400_000,
    "M": 2_678_400_000,
}

_NAME: Final = re.compile(
    r"(?P<symbol>[A-Z0-9]+)-(?P<count>\d{1,2})(?P<unit>s|mo|m|h|d|w|M)(?:-\d{4}-\d\d(?:-\d\d)?)?\.(?:csv|zip)"
)


class Close(NamedTuple):
    """What a candle says when it is over. Ordered by time, then by pair."""

    at_ms: int
    pair: Pair
    value: Decimal


@dataclass(frozen=True, slots=True)
class Series:
    """The files of one pair and interval, in the order of their dates."""

    pair: Pair
    interval_ms: int
    files: tuple[Path, ...]


def load_symbols() -> dict[str, Pair]:
    """The reviewed meaning of the archive's symbols."""
    text = resources.files("plimsoll.markets.sources").joinpath("replay_symbols.csv")
    return {
        row["symbol"]: Pair(AssetId(row["base"]), AssetId(row["quote"]))
        for row in csv.DictReader(text.read_text("utf-8").splitlines())
    }


def find_series(folder: Path) -> list[Series]:
    """What in `folder` can be replayed; every file that cannot is logged with the reason."""
    symbols, found = load_symbols(), dict[tuple[Pair, int], list[Path]]()
    for path in sorted(path for path in folder.iterdir() if path.suffix in {".csv", ".zip"}):
        name = _NAME.fullmatch(path.name)
        if name is None:
            reason = "a derivative" if "-perp" in path.name else "not named SYMBOL-INTERVAL[-DATE]"
            log.warning("replay_file_left_out", file=path.name, reason=reason)
        elif name["symbol"] not in symbols:
            log.warning("replay_file_left_out", file=path.name, reason="symbol not reviewed")
        else:
            interval_ms = int(name["count"]) * INTERVAL_MS[name["unit"]]
            found.setdefault((symbols[name["symbol"]], interval_ms), []).append(path)
    return [Series(pair, interval_ms, tuple(paths)) for (pair, interval_ms), paths in found.items()]


def read_series(series: Series) -> Iterator[Close]:
    """Every good row in the order of time, with one file open at a time; logs what was left out of
    each file.
    """
    last_ms = 0
    for path in series.files:
        faults = Counter[str]()
        for at_ms, value in _read_file(path, faults):
            if at_ms <= last_ms:
                faults["out_of_order"] += 1
                continue
            last_ms = at_ms
            yield Close(at_ms, series.pair, value)
        if faults:
            log.warning("replay_rows_left_out", file=path.name, **faults)


def _read_file(path: Path, faults: Counter[str]) -> Iterator[tuple[int, Decimal]]:
    """The rows of one file, up to where it turns out to be broken."""
    try:
        with open_lines(path) as lines:
            for row in split_rows(lines, faults):
                at_ms, value = read_stamp(row[CLOSE_TIME]), _number(row[CLOSE])
                if at_ms is None or value is None:
                    faults["not_a_number"] += 1
                    continue
                price = to_price(value)
                if price is None:
                    faults["not_a_price"] += 1
                    continue
                yield at_ms, price
    except BROKEN as error:
        log.warning("replay_file_broken", file=path.name, reason=str(error))


@contextmanager
def open_lines(path: Path) -> Iterator[Iterable[str]]:
    """The text of a CSV file, or of the one inside of a zip; raises one of BROKEN."""
    if path.suffix == ".csv":
        with path.open(encoding="ascii", errors="replace", newline="") as lines:
            yield lines
        return
    with zipfile.ZipFile(path) as archive:
        inside = [name for name in archive.namelist() if name.endswith(".csv")]
        if len(inside) != 1:
            raise zipfile.BadZipFile(f"{len(inside)} CSV files inside, not one")
        if archive.testzip():  # before any row is believed: damage can look like rows
            raise zipfile.BadZipFile("the checksum does not fit")
        with archive.open(inside[0]) as member:
            yield io.TextIOWrapper(member, encoding="ascii", errors="replace", newline="")


def split_rows(lines: Iterable[str], faults: Counter[str]) -> Iterator[list[str]]:
    """The rows below the header, if there is one, that have as many columns as the first."""
    rows = csv.reader(lines)
    first = next(rows, None)
    if first is None:
        return
    width = max(len(first), COLUMNS)
    for row in rows if first[0].strip() == "open_time" else chain((first,), rows):
        if len(row) != width:
            faults["wrong_columns"] += 1
        else:
            yield row


def read_stamp(text: str) -> int | None:
    """Milliseconds, from either unit; None when it cannot be a time of a recording."""
    if not (text.isascii() and text.isdecimal() and len(text) < LONGEST_NUMBER):
        return None
    stamp = int(text)
    stamp = stamp // 1000 if stamp >= FIRST_MICROSECONDS else stamp
    return stamp if EARLIEST_MS <= stamp < LATEST_MS else None


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text) if len(text) < LONGEST_NUMBER else None
    except InvalidOperation:
        return None
