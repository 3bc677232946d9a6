"""Candles as tables: a line for each, or columns for a file."""

from array import array
from collections.abc import AsyncIterator, Sequence
from typing import Final

import numpy as np
from starlette.responses import StreamingResponse

from plimsoll.markets.domain.candles import Candle
from plimsoll.markets.service.window import COLUMNS, state_of, to_columns
from plimsoll.plumbing.tables import MEDIA_TYPES, Columns, Format, named

STATES: Final = ("closed", "amended", "synthetic")
VALUES: Final = ("open", "high", "low", "close", "volume")

Chunks = AsyncIterator[Sequence[Candle]]


def stream_csv(chunks: Chunks, name: str) -> StreamingResponse:
    """Rows as they are read, under a header; decimal text without an exponent."""

    async def lines() -> AsyncIterator[bytes]:
        yield ",".join(COLUMNS).encode() + b"\n"
        async for candles in chunks:
            if candles:
                rows = zip(*to_columns(candles), strict=True)
                yield b"\n".join(map(b",".join, rows)) + b"\n"

    return StreamingResponse(
        lines(), media_type=MEDIA_TYPES[Format.CSV], headers=named(name, Format.CSV)
    )


class Table:
    """Candles as columns, 60 bytes each until they are written."""

    def __init__(self) -> None:
        self.times = array("q")
        self.values = {name: array("d") for name in VALUES}
        self.trades = array("q")
        self.states = array("b")

    def add(self, candles: Sequence[Candle]) -> None:
        for at, name in enumerate(VALUES, 2):
            self.values[name].extend(candle[at] for candle in candles)  # type: ignore[misc]  # floats
        self.times.extend(candle.open_time_ms for candle in candles)
        self.trades.extend(candle.trades for candle in candles)
        self.states.extend(STATES.index(state_of(candle)) for candle in candles)

    def columns(self) -> Columns:
        return {
            "time_ms": np.frombuffer(self.times, np.int64),
            **{name: np.frombuffer(values, np.float64) for name, values in self.values.items()},
            "trades": np.frombuffer(self.trades, np.int64),
            "state": [STATES[state] for state in self.states],
        }


async def to_table(chunks: Chunks) -> Columns:
    """All candles of `chunks`."""
    table = Table()
    async for candles in chunks:
        table.add(candles)
    return table.columns()
