"""Recorded trades through the service, into PostgreSQL and back: the venue's own minutes."""

from itertools import groupby
from pathlib import Path
from typing import Protocol

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import HOUR_MS, Candle, Interval, merge
from plimsoll.markets.domain.feeds import News, Trade
from plimsoll.markets.domain.prices import Pair
from plimsoll.plumbing.database import Database
from tests.markets.candle_desk import opened, stored

XRP = Pair(AssetId("ripple"), AssetId("ethereum"))


class Recordings(Protocol):
    def rows(self, name: str) -> list[dict[str, str]]: ...


def printed(candle: Candle) -> tuple[str, ...]:
    """As the venue prints it: 8 decimals."""
    return (str(candle.open_time_ms), *(f"{value:.8f}" for value in candle[2:7]))


async def test_the_trades_of_two_days_are_stored_as_their_minutes_exactly(
    recordings: Recordings, database: Database, tmp_path: Path
) -> None:
    """As fast as possible, an hour in one piece of news; the process restarts in the middle, at
    the end of an hour.
    """
    expected = [tuple(row.values())[:6] for row in recordings.rows("klines/XRPETH-1m.csv")]
    trades = [
        Trade(XRP, int(row["time"]), int(row["id"]), float(row["price"]), float(row["quantity"]))
        for row in recordings.rows("trades/XRPETH-trades.csv")
    ]
    hours = [
        (hour, list(said)) for hour, said in groupby(trades, lambda each: each.time_ms // HOUR_MS)
    ]
    store = stored(database, tmp_path)
    for part in (hours[:20], hours[20:]):
        async with opened(store, part[0][0] * HOUR_MS) as candles:
            for hour, said in part:
                candles.take(News(trades=said), (hour + 1) * HOUR_MS)
            candles.advance((part[-1][0] + 1) * HOUR_MS + 2_000)
            assert candles.list_quality_flags() == []
    async with opened(store, trades[-1].time_ms + HOUR_MS) as candles:
        minutes = await candles.list_candles(XRP, Interval.MINUTE, limit=5_000)
        assert [printed(candle) for candle in minutes] == expected
        assert len(minutes) == 2_469
        stored_hours = await candles.list_candles(XRP, Interval.HOUR)
        assert stored_hours == list(merge(minutes, Interval.HOUR))
