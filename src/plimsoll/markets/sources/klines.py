"""Recorded candles and trades as files, in the layout of Binance's public archive.

A file is `SYMBOL-INTERVAL[-DATE].csv` or `SYMBOL-trades[-DATE].csv`, or a zip of that name with one
CSV inside, with or without a header. The columns of candles are `open_time, open, high, low, close,
volume, close_time` and perhaps more; those of trades `id, price, quantity, time, is_buyer_maker`,
in the archive with the amount before the time. Times are milliseconds, or microseconds in
recordings from 2025 on. A row that cannot be right is counted and left out, never repaired: no
number, no price, not on the grid of its interval, not sound, or not later than the row before.
Which pair a symbol means is looked up in `replay_symbols.csv`, never guessed from its letters.
"""

import csv
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from importlib import resources
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import structlog

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.feeds import Trade
from plimsoll.markets.domain.prices import Pair, to_price

log = structlog.get_logger(__name__)

OPEN_TIME: Final = 0
VALUES: Final = slice(1, 6)
CLOSE: Final = 4
CLOSE_TIME: Final = 6
TRADES: Final = 8
"""The number of trades, in files that have all twelve columns."""
CANDLE_COLUMNS: Final = 7
TRADE_COLUMNS: Final = 5
FIRST_HEADERS: Final = frozenset({"open_time", "id"})
MOST_TRADES: Final = 2**31 - 1
LAST_ID: Final = 2**63 - 1
FIRST_MICROSECONDS: Final = 10**14
"""As milliseconds this is the year 5138, as microseconds 1973: larger stamps are microseconds."""
EARLIEST_MS: Final = 1_230_940_800_000
LATEST_MS: Final = 4_102_444_800_000
"""2009-01-03, the first block, and 2100-01-01: one wild stamp must not outlaw all later rows."""
LONGEST_NUMBER: Final = 40

BROKEN: Final = (OSError, EOFError, csv.Error, zipfile.BadZipFile, zlib.error, RuntimeError)
"""What reading a damaged file raises; RuntimeError is an encrypted or unknown kind of zip."""

_NAME: Final = re.compile(
    r"(?P<symbol>[A-Z0-9]+)-(?P<kind>trades|\d{1,2}(?:s|mo|m|h|d|w|M))"
    r"(?:-\d{4}-\d\d(?:-\d\d)?)?\.(?:csv|zip)"
)
_INTERVALS: Final = {interval.value: interval for interval in Interval} | {"1mo": Interval.MONTH}


class Recorded(NamedTuple):
    """A row, with its price exactly as it was written: a candle's close or what a trade was made
    at. `at_ms` is when the candle was over or the trade happened.
    """

    at_ms: int
    pair: Pair
    price: Decimal
    what: Candle | Trade


@dataclass(frozen=True, slots=True)
class Series:
    """The files of one pair and interval, or of its trades, in the order of their dates."""

    pair: Pair
    interval: Interval | None
    """None: single trades."""
    files: tuple[Path, ...]


def load_symbols() -> dict[str, Pair]:
    """The reviewed meaning of the archive's symbols."""
    text = resources.files("plimsoll.markets.sources").joinpath("replay_symbols.csv")
    return {
        row["symbol"]: Pair(AssetId(row["base"]), AssetId(row["quote"]))
        for row in csv.DictReader(text.read_text("utf-8").splitlines())
    }


def find_series(folder: Path) -> list[Series]:
    """What in `folder` can be read; every file that cannot is logged with the reason."""
    symbols, found = load_symbols(), dict[tuple[Pair, Interval | None], list[Path]]()
    for path in sorted(path for path in folder.iterdir() if path.suffix in {".csv", ".zip"}):
        name = _NAME.fullmatch(path.name)
        reason = None
        if name is None:
            named = "not named SYMBOL-INTERVAL[-DATE]"
            reason = "a derivative" if "-perp" in path.name else named
        elif name["symbol"] not in symbols:
            reason = "symbol not reviewed"
        elif name["kind"] != "trades" and name["kind"] not in _INTERVALS:
            reason = "interval not known here"
        else:
            key = (symbols[name["symbol"]], _INTERVALS.get(name["kind"]))
            found.setdefault(key, []).append(path)
        if reason:
            log.warning("recorded_file_left_out", file=path.name, reason=reason)
    return [Series(pair, interval, tuple(paths)) for (pair, interval), paths in found.items()]


def read_series(series: Series) -> Iterator[Recorded]:
    """Every good row in the order of time, with one file open at a time; logs what was left out of
    each file.
    """
    last = (-1, -1)
    for path in series.files:
        faults = Counter[str]()
        for row in _read_file(path, series, faults):
            place = _place(row)
            if place <= last:
                faults["out_of_order"] += 1
                continue
            last = place
            yield row
        if faults:
            log.warning("recorded_rows_left_out", file=path.name, **faults)


def _place(row: Recorded) -> tuple[int, int]:
    """Trades may share a millisecond, candles of one interval never share anything."""
    if isinstance(row.what, Trade):
        return row.at_ms, row.what.id
    return row.what.open_time_ms, 0


def _read_file(path: Path, series: Series, faults: Counter[str]) -> Iterator[Recorded]:
    """The rows of one file, up to where it turns out to be broken."""
    columns = TRADE_COLUMNS if series.interval is None else CANDLE_COLUMNS
    try:
        with _open_lines(path) as lines:
            for row in _split_rows(lines, columns, faults):
                if series.interval is None:
                    recorded = _read_trade(row, series.pair)
                else:
                    recorded = _read_candle(row, series.pair, series.interval)
                if isinstance(recorded, str):
                    faults[recorded] += 1
                else:
                    yield recorded
    except BROKEN as error:
        log.warning("recorded_file_broken", file=path.name, reason=str(error))


@contextmanager
def _open_lines(path: Path) -> Iterator[Iterable[str]]:
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


def _split_rows(lines: Iterable[str], columns: int, faults: Counter[str]) -> Iterator[list[str]]:
    """The rows below the header, if there is one, that have as many columns as the first."""
    rows = csv.reader(lines)
    first = next(rows, None)
    if first is None:
        return
    width = max(len(first), columns)
    for row in rows if first[0].strip() in FIRST_HEADERS else chain((first,), rows):
        if len(row) != width:
            faults["wrong_columns"] += 1
        else:
            yield row


def _read_candle(row: list[str], pair: Pair, interval: Interval) -> Recorded | str:
    """The candle of a row, or what is wrong with it."""
    open_ms, close_ms = _read_stamp(row[OPEN_TIME]), _read_stamp(row[CLOSE_TIME])
    trades = _read_count(row[TRADES], MOST_TRADES) if len(row) > TRADES else 0
    values = [_read_number(text, float) for text in row[VALUES]]
    close = _read_number(row[CLOSE], Decimal)
    if open_ms is None or close_ms is None or trades is None or close is None or None in values:
        return "not_a_number"
    price = to_price(close)
    if price is None:
        return "not_a_price"
    first, high, low, last, volume = (value for value in values if value is not None)
    candle = Candle(interval, open_ms, first, high, low, last, volume, trades)
    if interval.bucket_start(open_ms) != open_ms or not (
        open_ms <= close_ms < interval.next_start(open_ms)
    ):
        return "off_the_grid"
    return Recorded(close_ms, pair, price, candle) if candle.sound else "not_sound"


def _read_trade(row: list[str], pair: Pair) -> Recorded | str:
    """The trade of a row, or what is wrong with it."""
    at_ms = _read_stamp(row[3 if len(row) == TRADE_COLUMNS else 4])
    trade_id = _read_count(row[0], LAST_ID)
    price, quantity = _read_number(row[1], Decimal), _read_number(row[2], float)
    if at_ms is None or trade_id is None or price is None or quantity is None:
        return "not_a_number"
    price = to_price(price)
    if price is None:
        return "not_a_price"
    if not 0 <= quantity < float("inf"):
        return "not_sound"
    return Recorded(at_ms, pair, price, Trade(pair, at_ms, trade_id, float(price), quantity))


def _read_stamp(text: str) -> int | None:
    """Milliseconds, from either unit; None when it cannot be a time of a recording."""
    stamp = _read_count(text, 10**LONGEST_NUMBER)
    if stamp is None:
        return None
    stamp = stamp // 1000 if stamp >= FIRST_MICROSECONDS else stamp
    return stamp if EARLIEST_MS <= stamp < LATEST_MS else None


def _read_count(text: str, most: int) -> int | None:
    if not (text.isascii() and text.isdecimal() and len(text) < LONGEST_NUMBER):
        return None
    count = int(text)
    return count if count <= most else None


Number = TypeVar("Number", float, Decimal)


def _read_number(text: str, kind: Callable[[str], Number]) -> Number | None:
    try:
        return kind(text) if len(text) < LONGEST_NUMBER else None
    except (ValueError, InvalidOperation):
        return None
