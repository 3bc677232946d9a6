"""The recent candles of what is asked for, in memory and already written.

A window holds the newest closed candles of one pair and interval, each encoded once as it stands in
an answer. It is loaded by the first question and kept up to date from then on, so a question that
lies within touches no storage. All windows together are bounded in bytes; the one that nobody asked
for the longest goes first.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Final

import msgspec

from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.storage.candles import Columns

LENGTH: Final = 1_500
"""Candles that a window holds: a day of minutes fits."""
SLACK: Final = 250
"""How many more there may be before the oldest are cut off."""
MOST_BYTES: Final = 64_000_000
ROW_OVERHEAD: Final = 33 + 32 + 16
"""Of a text, its time and the places that point at both."""

ROW: Final = (
    b'{"time_ms":%b,"open":"%b","high":"%b","low":"%b","close":"%b","volume":"%b",'
    b'"trades":%b,"state":"%b"}'
)

COLUMNS: Final = ("time_ms", "open", "high", "low", "close", "volume", "trades", "state")

Key = tuple[Pair, Interval]


class _Row(msgspec.Struct):
    time_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int
    state: str


_DECODER: Final = msgspec.json.Decoder(list[_Row], strict=False)


STATES: Final = {
    (forming, synthetic, amended): (
        b"synthetic"
        if synthetic
        else b"forming"
        if forming
        else b"amended"
        if amended
        else b"closed"
    )
    for forming, synthetic, amended in product((False, True), repeat=3)
}


def state_of(candle: Candle) -> str:
    """One word for how final a candle is."""
    return STATES[candle[8:]].decode()


def encode_stored(found: Columns) -> list[bytes]:
    """As `encode`, of what the store says."""
    if not found.open_time_ms:
        return []
    times, opens, highs, lows, closes, volumes, trades, forming, amended = found
    columns = [
        _numbers(times),
        *map(decimals, (opens, highs, lows, closes, volumes)),
        _numbers(trades),
        [STATES[forms, False, amends] for forms, amends in zip(forming, amended, strict=True)],
    ]
    return [ROW % row for row in zip(*columns, strict=True)]


def to_columns(candles: Sequence[Candle]) -> list[list[bytes]]:
    """COLUMNS as text; values as the shortest decimal without an exponent."""
    if not candles:
        return [[] for _ in COLUMNS]
    _, times, *values, trades, forming, synthetic, amended = zip(*candles, strict=True)
    states = [STATES[marks] for marks in zip(forming, synthetic, amended, strict=True)]
    return [_numbers(times), *map(decimals, values), _numbers(trades), states]


def encode(candles: Sequence[Candle]) -> list[bytes]:
    """Each candle as JSON."""
    return [ROW % row for row in zip(*to_columns(candles), strict=True)]


def decode(rows: Iterable[bytes], interval: Interval) -> list[Candle]:
    """What `encode` wrote, exactly."""
    return [
        Candle(
            interval,
            row.time_ms,
            row.open,
            row.high,
            row.low,
            row.close,
            row.volume,
            row.trades,
            forming=row.state == "forming",
            synthetic=row.state == "synthetic",
            amended=row.state == "amended",
        )
        for row in _DECODER.decode(b"[%b]" % b",".join(rows))
    ]


def decimals(values: Sequence[float]) -> list[bytes]:
    """Finite floats as text that reads back as the same float: no exponent, no `.0`.

    All at once, because the encoder writes a list of floats ten times faster than Python one.
    """
    text = msgspec.json.encode(values)[1:-1].replace(b".0,", b",").removesuffix(b".0")
    parts = text.split(b",")
    return [_plain(part) if b"e" in part else part for part in parts] if b"e" in text else parts


def _plain(text: bytes) -> bytes:
    """`1e-8` as `0.00000001`: the digits stay, the point moves."""
    digits, _, exponent = text.partition(b"e")
    sign, digits = (b"-", digits[1:]) if digits.startswith(b"-") else (b"", digits)
    whole, _, fraction = digits.partition(b".")
    point = len(whole) + int(exponent)
    digits = whole + fraction
    if point <= 0:
        return sign + b"0." + b"0" * -point + digits.rstrip(b"0")
    return sign + digits.ljust(point, b"0")[:point] + (b"." + digits[point:]).rstrip(b"0.")


def _numbers(values: Sequence[int]) -> list[bytes]:
    return msgspec.json.encode(values)[1:-1].split(b",")


class Window:
    """`whole`: nothing older is stored."""

    __slots__ = ("interval", "rows", "size", "times", "whole")

    def __init__(self, interval: Interval, candles: Sequence[Candle]) -> None:
        """From the newest candles that are stored, as many as there are up to LENGTH."""
        self.interval = interval
        self.times = [candle.open_time_ms for candle in candles]
        self.rows = encode(candles)
        self.whole = len(candles) < LENGTH
        self.size = sum(map(len, self.rows)) + ROW_OVERHEAD * len(self.rows)

    def put(self, candle: Candle) -> None:
        """A candle that closed, was amended, or came late."""
        [row] = encode([candle])
        at = bisect_left(self.times, candle.open_time_ms)
        if at < len(self.times) and self.times[at] == candle.open_time_ms:
            self.size += len(row) - len(self.rows[at])
            self.rows[at] = row
            return
        if at == 0 and not self.whole:
            return  # older than what is here
        self.times.insert(at, candle.open_time_ms)
        self.rows.insert(at, row)
        self.size += len(row) + ROW_OVERHEAD
        if len(self.rows) > LENGTH + SLACK:
            self.size -= sum(map(len, self.rows[:SLACK])) + ROW_OVERHEAD * SLACK
            del self.times[:SLACK], self.rows[:SLACK]
            self.whole = False

    def find(self, *, from_ms: int, to_ms: int, limit: int) -> "Found | None":
        """The newest `limit` rows of from_ms … to_ms − 1; None when older ones belong to it that
        are not here.
        """
        end = bisect_left(self.times, to_ms)
        first = bisect_left(self.times, from_ms)
        start = max(first, end - limit)
        outside = not self.whole and from_ms < self.times[0]
        if outside and end < limit:
            return None
        first_ms = self.times[start] if start < end else None
        return Found(self.rows[start:end], first_ms, more=start > first or outside)


class Found:
    """Rows and when the first of them opens. `more`: the range has older ones."""

    __slots__ = ("first_ms", "more", "rows")

    def __init__(self, rows: list[bytes], first_ms: int | None, *, more: bool) -> None:
        self.rows, self.first_ms, self.more = rows, first_ms, more


class Windows:
    """All windows; the one used last is at the end."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._windows: dict[Key, Window] = {}
        self._size = 0
        self._most_bytes = most_bytes

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def size(self) -> int:
        """Bytes, all together."""
        return self._size

    def find(self, key: Key) -> Window | None:
        window = self._windows.pop(key, None)
        if window is not None:
            self._windows[key] = window
        return window

    def add(self, key: Key, window: Window) -> None:
        self.forget(key)
        self._windows[key] = window
        self._size += window.size
        self._fit()

    def note(self, pair: Pair, candle: Candle) -> None:
        """A stored candle that is new or changed."""
        window = self._windows.get((pair, candle.interval))
        if window is not None:
            before = window.size
            window.put(candle)
            self._size += window.size - before
            self._fit()

    def forget(self, key: Key) -> None:
        window = self._windows.pop(key, None)
        if window is not None:
            self._size -= window.size

    def _fit(self) -> None:
        while self._size > self._most_bytes and len(self._windows) > 1:
            self.forget(next(iter(self._windows)))
