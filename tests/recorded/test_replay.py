"""A replay of recorded trades gives the candles that the venue itself made of them."""

import math
from pathlib import Path
from typing import Protocol

import pytest

from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.cascade import Cascade
from plimsoll.markets.sources.replay import ReplaySource
from tests.fakes.clock import ManualClock


class Recordings(Protocol):
    @property
    def folder(self) -> Path: ...

    def rows(self, name: str) -> list[dict[str, str]]: ...


@pytest.fixture
def trades(recordings: Recordings, tmp_path: Path) -> Path:
    """A folder with the trades of one pair only."""
    name = "XRPETH-trades.csv"
    (tmp_path / name).symlink_to(recordings.folder / "trades" / name)
    return tmp_path


async def test_replayed_trades_give_the_minutes_of_the_venue(
    recordings: Recordings, trades: Path
) -> None:
    source = ReplaySource(trades, ManualClock(), speed=math.inf)
    cascade, closed = Cascade(), list[Candle]()
    while (news := await source.next_news()) is not None:
        closed += cascade.advance(source.now_ms())
        for trade in news.trades:
            assert cascade.add(*trade[1:])
    closed += cascade.advance(source.now_ms() + 3_600_000)

    minutes = {
        candle.open_time_ms: tuple(f"{value:.8f}" for value in candle[2:7])
        for candle in closed
        if candle.interval is Interval.MINUTE
    }
    expected = {
        int(row["open_time"]): tuple(
            row[name] for name in ("open", "high", "low", "close", "volume")
        )
        for row in recordings.rows("klines/XRPETH-1m.csv")
    }
    assert len(expected) == 2_469
    assert minutes == expected
