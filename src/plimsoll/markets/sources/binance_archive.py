"""Candles from files of Binance's public archive, for the store instead of for a replay."""

from collections.abc import Iterator
from typing import Final

import structlog

from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.sources.klines import Series, read_series

log = structlog.get_logger(__name__)

STORED: Final = frozenset(Interval) - {Interval.SECOND}


def read_candles(series: Series) -> Iterator[Candle]:
    """Every good candle in the order of time, with one file open at a time; nothing of trades or
    of an interval that is not stored.
    """
    if series.interval not in STORED:
        log.warning("import_left_out", files=len(series.files), reason="interval not stored")
        return
    for row in read_series(series):
        if isinstance(row.what, Candle):
            yield row.what
