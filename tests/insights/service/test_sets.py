"""A live set tells what the bulk computation over the same candles would, whatever happens."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.insights.domain.catalogue import CATALOGUE, ask, parse
from plimsoll.insights.domain.definitions import Request
from plimsoll.insights.domain.series import compute
from plimsoll.insights.service import sets as module
from plimsoll.insights.service.history import to_bars
from plimsoll.insights.service.sets import LiveSet, LiveSets, Told, TooManySets
from plimsoll.markets.domain.candles import Candle, Interval
from tests.insights.shelf import BTC_USD, Shelf, candles_of
from tests.insights.walks import Shape, shapes, walk

HOUR = Interval.HOUR
CANDLES = candles_of(walk(Shape(seed=41, length=200)), HOUR)
EVERYTHING = [ask(name) for name in CATALOGUE]
SMALL = parse("sma(3),rsi(2),vwap,obv,pivots,fibonacci(2)")


class Market:
    """Candles as the markets tell them: first stored, then told."""

    def __init__(self, stored: Sequence[Candle], requests: Sequence[Request]) -> None:
        self.shelf = Shelf(stored)
        self.sets = LiveSets(self.shelf)
        self.changes: list[int | None] = []
        self.live = self.sets.open(BTC_USD, HOUR, requests, self.changes.append)

    async def settle(self) -> LiveSet:
        while self.sets._opening:
            await self.sets.settle(self.live)
        return self.live

    def close(self, candle: Candle) -> None:
        kept = [each for each in self.shelf.candles if each.open_time_ms != candle.open_time_ms]
        self.shelf.candles = sorted([*kept, candle], key=lambda each: each.open_time_ms)
        self.shelf.forming = [
            each for each in self.shelf.forming if each.open_time_ms > candle.open_time_ms
        ]
        self.sets.notice(BTC_USD, candle)

    def form(self, *candles: Candle) -> None:
        self.shelf.forming = [candle._replace(forming=True) for candle in candles]
        self.sets.touch(BTC_USD)

    def agrees(self, forming: Candle | None = None) -> None:
        """The last closed candle and the forming one have the values of the bulk computation."""
        closed = self.shelf.candles
        assert same(self.live.find_last(), closed, self.live.requests)
        if forming:
            assert same(self.live.find_forming(), [*closed, forming], self.live.requests)
        else:
            assert self.live.find_forming() is None


def same(told: Told | None, candles: Sequence[Candle], requests: Sequence[Request]) -> bool:
    assert told
    bars = to_bars(candles, HOUR)
    assert told.time_ms == bars.time_ms[-1]
    assert 0 < told.segment_bars <= len(bars) - bars.starts[-1]
    read = to_bars(candles[-told.segment_bars :], HOUR)
    for request, value in zip(requests, told.values, strict=True):
        row = value if isinstance(value, tuple) else (value,)
        known = read if request.definition.name == "obv" else bars  # it counts from the first read
        wanted = [float(column[-1]) for column in compute(request, known).columns.values()]
        np.testing.assert_allclose(row, wanted, rtol=1e-8, atol=1e-8, err_msg=str(request))
    return True


async def test_closed_and_forming_candles_have_the_values_of_the_bulk() -> None:
    market = Market(CANDLES[:150], EVERYTHING)
    await market.settle()
    market.agrees()
    for candle in CANDLES[150:170]:
        half_way = candle._replace(close=candle.low)
        market.form(half_way)
        market.agrees(half_way)
        market.close(candle)
        market.agrees()
    assert len(market.shelf.asked) == 1


@settings(max_examples=40, deadline=None)
@given(shape=shapes(longest=120), data=st.data())
async def test_amended_candles_holes_and_restarts_make_no_difference(
    shape: Shape, data: st.DataObject
) -> None:
    shape = Shape(**{**{f: getattr(shape, f) for f in Shape.__slots__}, "step_ms": 3_600_000})
    candles = candles_of(walk(shape), HOUR)
    known = data.draw(st.integers(0, len(candles)), label="stored before")
    market = Market(candles[:known], SMALL)
    for at in range(known, len(candles)):
        market.close(candles[at])
        if data.draw(st.booleans(), label="amend"):
            past = data.draw(st.integers(max(0, at - 5), at), label="which")
            was = market.shelf.candles[past]
            market.close(was._replace(close=was.high, amended=True))
        if data.draw(st.booleans(), label="let others run"):
            await asyncio.sleep(0)
    await market.settle()
    if candles:
        market.agrees()


async def test_what_closes_while_the_history_is_read_is_not_lost() -> None:
    market = Market(CANDLES[:100], SMALL)
    market.shelf.gate.clear()
    await asyncio.sleep(0)
    for candle in CANDLES[100:103]:
        market.close(candle)
    market.shelf.gate.set()
    await market.settle()
    market.agrees()
    assert [market.live.find_closed(candle.open_time_ms) for candle in CANDLES[100:103]].count(
        None
    ) == 0


async def test_what_is_amended_while_the_history_is_read_is_read_again() -> None:
    market = Market(CANDLES[:100], SMALL)
    market.shelf.gate.clear()
    await asyncio.sleep(0)
    market.close(CANDLES[99]._replace(close=CANDLES[99].low, amended=True))
    market.shelf.gate.set()
    await market.settle()
    market.agrees()
    assert len(market.shelf.asked) == 2


async def test_a_candle_that_is_over_but_not_closed_is_still_the_one_told() -> None:
    """Between the end of a candle and its close the next one is forming as well."""
    market = Market(CANDLES[:100], SMALL)
    await market.settle()
    over, new = CANDLES[100:102]
    market.form(over, new)
    market.agrees(over)

    market.close(over)
    market.agrees(new)


async def test_the_forming_candle_is_looked_at_once_however_often_it_is_told() -> None:
    market = Market(CANDLES[:100], SMALL)
    await market.settle()
    market.form(CANDLES[100])
    first = market.live.find_forming()
    assert first is market.live.find_forming()

    market.form(CANDLES[100]._replace(close=CANDLES[100].low))
    assert first is not market.live.find_forming()


async def test_changes_are_told_with_the_time_of_what_closed() -> None:
    market = Market(CANDLES[:100], SMALL)
    await market.settle()
    market.changes.clear()
    market.form(CANDLES[100])
    market.close(CANDLES[100])
    market.sets.notice(BTC_USD, CANDLES[101]._replace(interval=Interval.DAY))
    assert market.changes == [None, CANDLES[100].open_time_ms]


async def test_a_late_candle_of_the_past_is_read() -> None:
    market = Market([*CANDLES[:50], *CANDLES[51:100]], SMALL)
    await market.settle()
    market.close(CANDLES[50])
    await market.settle()
    market.agrees()


async def test_a_late_candle_is_not_lost_while_the_history_is_read() -> None:
    market = Market([*CANDLES[:50], *CANDLES[51:100]], SMALL)
    market.shelf.gate.clear()
    await asyncio.sleep(0)
    market.close(CANDLES[50])
    market.shelf.gate.set()
    await market.settle()
    market.agrees()


async def test_a_database_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0.01)
    monkeypatch.setattr(module, "PATIENCE_S", 0.03)
    market = Market(CANDLES[:100], SMALL)
    market.shelf.away = True
    await market.sets.settle(market.live)
    assert market.live.find_last() is None

    market.shelf.away = False
    market.close(CANDLES[100])
    await market.settle()
    market.agrees()


async def test_only_so_many_sets_are_open_and_closed_ones_are_forgotten() -> None:
    sets = LiveSets(Shelf(CANDLES), most=2)
    opened = [sets.open(BTC_USD, HOUR, SMALL, lambda _: None) for _ in range(2)]
    with pytest.raises(TooManySets):
        sets.open(BTC_USD, HOUR, SMALL, lambda _: None)

    sets.close(opened[0])
    last = sets.open(BTC_USD, HOUR, SMALL, lambda _: None)
    await sets.settle(last)
    assert last.find_last()

    for live in (opened[1], last):
        sets.close(live)
    assert (len(sets), sets._sets) == (0, {})
    await sets.aclose()


async def test_only_the_last_candles_are_remembered() -> None:
    market = Market(CANDLES[:10], SMALL)
    await market.settle()
    for candle in CANDLES[10:150]:
        market.close(candle)
    assert market.live.find_closed(CANDLES[49].open_time_ms) is None
    assert market.live.find_closed(CANDLES[50].open_time_ms)
