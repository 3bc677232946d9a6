"""Recorded trades give the candles that the venue itself made of them."""

from typing import Protocol

import pytest

from plimsoll.markets.domain.candles import Candle, Interval, merge
from plimsoll.markets.domain.cascade import Cascade


class Recordings(Protocol):
    def rows(self, name: str) -> list[dict[str, str]]: ...


def printed(candle: Candle) -> tuple[str, ...]:
    """As the venue prints it: 8 decimals."""
    return (str(candle.open_time_ms), *(f"{value:.8f}" for value in candle[2:7]))


@pytest.mark.parametrize("told_s", [1, 30])
def test_the_trades_of_two_days_give_their_minutes_exactly(
    recordings: Recordings, told_s: int
) -> None:
    """However rarely the clock is told."""
    trades = list(recordings.rows("trades/XRPETH-trades.csv"))
    expected = [tuple(row.values())[:6] for row in recordings.rows("klines/XRPETH-1m.csv")]
    cascade, told, now_ms = Cascade(retain_ms=7_200_000), list[Candle](), int(trades[0]["time"])
    cascade.advance(now_ms)

    for row in trades:
        while int(row["time"]) >= now_ms + told_s * 1000:
            now_ms += told_s * 1000
            told += cascade.advance(now_ms)
        assert cascade.add(
            int(row["time"]), int(row["id"]), float(row["price"]), float(row["quantity"])
        )
    told += cascade.advance(now_ms + 7_200_000)

    minutes = [candle for candle in told if candle.interval is Interval.MINUTE]
    assert len(expected) == 2_469
    assert [printed(candle) for candle in minutes] == expected
    hours = [candle for candle in told if candle.interval is Interval.HOUR]
    assert hours == list(merge(minutes, Interval.HOUR))
