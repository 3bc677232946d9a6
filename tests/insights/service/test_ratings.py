import asyncio

import pytest

from plimsoll.insights.domain.confluence import confluence
from plimsoll.insights.domain.rating import WARM_UP, rate
from plimsoll.insights.service.history import END_OF_TIME_MS, PAGE
from plimsoll.insights.service.ratings import MOST_KEPT, Ratings
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.candles import Interval
from plimsoll.markets.domain.prices import Pair
from tests.insights.shelf import BTC_USD, Shelf, candles_of
from tests.insights.walks import Shape, walk

MARKET = walk(Shape(seed=31, length=WARM_UP + 50))
FIRST_PAGE = (0, END_OF_TIME_MS, PAGE)
CANDLES = candles_of(MARKET, Interval.HOUR)


async def test_a_rating_is_that_of_the_last_closed_candle() -> None:
    shelf = Shelf(CANDLES[:-1])
    shelf.forming = [CANDLES[-1]._replace(forming=True)]
    rated = await Ratings(shelf).find(BTC_USD, Interval.HOUR)

    past = MARKET.first(len(MARKET) - 1)
    assert rated.time_ms == past.time_ms[-1]
    assert [v.vote for v in rated.rating.votes] == [v.vote for v in rate(past).votes]
    assert rated.confluence.sides == confluence(past).sides
    assert rated.settled


async def test_it_is_computed_once_until_a_candle_closes() -> None:
    shelf = Shelf(CANDLES[:-1])
    ratings = Ratings(shelf)
    before = await ratings.find(BTC_USD, Interval.HOUR)

    ratings.notice(BTC_USD, CANDLES[-1]._replace(interval=Interval.DAY))
    assert await ratings.find(BTC_USD, Interval.HOUR) is before

    shelf.candles.append(CANDLES[-1])
    ratings.notice(BTC_USD, CANDLES[-1])
    assert (await ratings.find(BTC_USD, Interval.HOUR)).time_ms == CANDLES[-1].open_time_ms
    assert shelf.asked.count(FIRST_PAGE) == 2


async def test_who_asks_at_the_same_time_waits_for_one_answer() -> None:
    shelf = Shelf(CANDLES)
    ratings = Ratings(shelf)
    found = await asyncio.gather(*(ratings.find(BTC_USD, Interval.HOUR) for _ in range(20)))
    assert shelf.asked.count(FIRST_PAGE) == 1
    assert all(rated is found[0] for rated in found)


async def test_few_candles_have_a_rating_of_those_who_can_vote() -> None:
    rated = await Ratings(Shelf(CANDLES[:60])).find(BTC_USD, Interval.HOUR)
    unknown = [vote.name for vote in rated.rating.votes if vote.vote is None]
    assert unknown == ["sma(100)", "sma(200)", "ema(100)", "ema(200)"]
    assert rated.rating.coverage == pytest.approx(22 / 26)
    assert (rated.segment_bars, rated.settled) == (60, False)


async def test_over_every_interval_even_where_there_is_no_candle() -> None:
    found = await Ratings(Shelf(CANDLES)).list_all(BTC_USD)
    assert [rated.interval for rated in found] == list(Interval)
    for rated in found:
        is_hour = rated.interval is Interval.HOUR
        assert (rated.time_ms is not None, rated.rating.word is not None) == (is_hour, is_hour)
        assert rated.rating.coverage == (1.0 if is_hour else 0.0)


async def test_a_failure_is_told_and_not_kept() -> None:
    shelf = Shelf(CANDLES)
    ratings = Ratings(shelf)
    shelf.away = True
    with pytest.raises(Unavailable):
        await ratings.find(BTC_USD, Interval.HOUR)

    shelf.away = False
    assert (await ratings.find(BTC_USD, Interval.HOUR)).settled


async def test_only_so_many_are_kept() -> None:
    ratings = Ratings(Shelf())
    for number in range(MOST_KEPT + 10):
        await ratings.find(Pair(AssetId(f"coin{number}"), AssetId("usd")), Interval.DAY)
    assert len(ratings._kept) == MOST_KEPT
    assert (Pair(AssetId("coin9"), AssetId("usd")), Interval.DAY) not in ratings._kept
