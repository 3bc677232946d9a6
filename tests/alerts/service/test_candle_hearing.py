"""What follows from candles is told when they close, and only once it is settled."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from plimsoll.alerts.domain.conditions import Subject, SubjectKind, Value
from plimsoll.alerts.domain.subjects import Aim, read
from plimsoll.alerts.service.candle_hearing import (
    ChangeHearing,
    IndicatorHearing,
    RankHearing,
    RatingHearing,
)
from plimsoll.alerts.service.hearing import Hearing, OriginOf, Wanted
from plimsoll.insights.service.insights import Insights
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.candles import Interval
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.domain.prices import Price, Tick
from plimsoll.markets.domain.volatility import Window
from plimsoll.markets.service.candles import Candles
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import Database
from tests.alerts.desk import ADA, CATALOGUE, until
from tests.fakes.clock import START, ManualClock
from tests.markets.candle_desk import BTC, ETH, NOW_MS, minute, minutes, opened, say, stored


@dataclass
class Ear:
    heard: list[tuple[Subject, Value | None]] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)

    def tell(self, values: Sequence[tuple[Subject, Value | None]], origin_of: OriginOf) -> None:
        self.heard += values
        self.sources |= {origin_of(subject).source for subject, value in values if value}

    @property
    def values(self) -> list[Value | None]:
        return [value for _, value in self.heard]


@dataclass
class World:
    prices: Prices
    candles: Candles
    insights: Insights
    ear: Ear

    def follow(self, hearing: Hearing, kind: SubjectKind, of: str) -> Subject:
        aim = read(kind, of, CATALOGUE)
        subject = subject_of(aim)
        hearing.follow(subject, aim, Wanted(ADA, START))
        return subject


def subject_of(aim: Aim) -> Subject:
    return Subject(aim.kind, aim.text)


@asynccontextmanager
async def world(database: Database, folder: Path) -> AsyncIterator[World]:
    prices = Prices(
        catalogue=CATALOGUE,
        board=PriceBoard(stale_after_s=60),
        clock=ManualClock(),
        feed_kind=FeedKind.LIVE,
    )
    async with opened(stored(database, folder)) as candles:
        insights = Insights(candles)
        candles.listeners.append(insights.notice)
        try:
            yield World(prices, candles, insights, Ear())
        finally:
            await insights.aclose()


async def test_an_indicator_is_told_when_its_candle_closes(
    database: Database, tmp_path: Path
) -> None:
    async with world(database, tmp_path) as at:
        await at.candles.import_candles(BTC, Interval.MINUTE, minutes(-4, -1))
        hearing = IndicatorHearing(at.prices, at.candles, at.ear.tell)
        at.candles.listeners.append(hearing.notice)
        subject = at.follow(hearing, SubjectKind.INDICATOR, "btc/usdt 1m sma(3)")
        gap = at.follow(hearing, SubjectKind.INDICATOR, "btc/usdt 1m close : sma(3)")
        await until(lambda: hearing._lines[gap].live.find_last() is not None)  # type: ignore[union-attr]
        at.ear.heard.clear()

        say(at.candles, minute(0, 2.0), at=1)
        at.candles.advance(NOW_MS + 62_000)

        expected = (Decimal("1.05") + Decimal("1.06") + 2) / 3
        heard = dict(at.ear.heard)
        value, distance = heard[subject], heard[gap]
        assert isinstance(value, Decimal)
        assert isinstance(distance, Decimal)
        assert abs(value - expected) < Decimal("1e-9")
        assert abs(distance - (2 - expected)) < Decimal("1e-9")
        assert at.ear.sources == {"the last closed candle of 1m"}

        hearing.leave(subject)
        hearing.leave(gap)
        at.ear.heard.clear()
        say(at.candles, minute(1, 3.0), at=2)
        at.candles.advance(NOW_MS + 122_000)
        assert at.ear.heard == []
        await hearing.aclose()


async def test_an_indicator_that_still_shows_its_beginning_is_not_known(
    database: Database, tmp_path: Path
) -> None:
    async with world(database, tmp_path) as at:
        await at.candles.import_candles(BTC, Interval.MINUTE, minutes(-30, -1))
        hearing = IndicatorHearing(at.prices, at.candles, at.ear.tell)
        at.candles.listeners.append(hearing.notice)
        at.follow(hearing, SubjectKind.INDICATOR, "btc/usdt 1m rsi(14)")
        await until(lambda: bool(at.ear.heard))
        assert at.ear.values == [None]
        await hearing.aclose()


async def test_a_rating_is_told_as_number_and_word_in_the_order_of_candles(
    database: Database, tmp_path: Path
) -> None:
    async with world(database, tmp_path) as at:
        await at.candles.import_candles(BTC, Interval.MINUTE, minutes(-2_500, -1))
        hearing = RatingHearing(at.prices, at.insights, at.ear.tell)
        at.candles.listeners.append(hearing.notice)
        subject = at.follow(hearing, SubjectKind.RATING, "btc/usdt 1m")
        hearing.look(subject)
        await until(lambda: len(at.ear.heard) == 2)
        number, word = at.ear.values
        rated = await at.insights.ratings.find(BTC, Interval.MINUTE)
        assert rated.rating.word is not None
        assert word == rated.rating.word.value
        assert number == Decimal(f"{rated.rating.value:.12g}")
        await hearing.aclose()


async def test_a_change_is_from_the_close_of_so_long_ago(
    database: Database, tmp_path: Path
) -> None:
    async with world(database, tmp_path) as at:
        past = [minute(number, 1.0 if number < -5 else 1.25) for number in range(-20, 0)]
        await at.candles.import_candles(BTC, Interval.MINUTE, past)
        hearing = ChangeHearing(at.prices, at.candles, at.ear.tell)
        at.candles.listeners.append(hearing.notice)
        at.prices.board.put(BTC, Price(Decimal("1.5"), "test", at.prices.clock.now()), 1000.0)
        subject = at.follow(hearing, SubjectKind.CHANGE, "btc/usdt 5m")
        await until(lambda: bool(at.ear.heard))
        assert at.ear.values == [Decimal("0.5")]

        say(at.candles, minute(0, 1.3), at=1)
        tick = Tick(BTC, Price(Decimal("1.0"), "test", at.prices.clock.now()))
        at.prices.board.put(BTC, tick.price, 1000.0)
        hearing.hear([tick])
        assert at.ear.values[-1] == Decimal("-0.2")
        assert at.ear.sources == {"test"}

        say(at.candles, minute(30, 1.3), at=31)
        hearing.hear([tick])
        assert at.ear.values[-1] is None, "a hole lies where it was"
        hearing.leave(subject)
        await hearing.aclose()


async def test_ranks_are_told_when_a_candle_has_changed_them(
    database: Database, tmp_path: Path
) -> None:
    async with world(database, tmp_path) as at:
        hearing = RankHearing(at.prices, at.candles, at.ear.tell)
        calm = at.follow(hearing, SubjectKind.VOLATILITY_RANK, "btc/usdt 1h")
        wild = at.follow(hearing, SubjectKind.VOLATILITY_RANK, "eth/usdt 1h")
        hearing.beat()
        assert at.ear.values == [None, None]
        for number in range(60):
            say(at.candles, minute(number, 1 + number % 2 / 100), at=number + 1)
            say(at.candles, minute(number, 1 + number % 2 / 10), pair=ETH, at=number + 1)
        hearing.beat()
        assert dict(at.ear.heard) == {calm: Decimal(2), wild: Decimal(1)}
        count = len(at.ear.heard)
        hearing.beat()
        assert len(at.ear.heard) == count
        hearing.leave(calm)
        hearing.leave(wild)
        assert at.candles.volatility.find(BTC, Window.HOUR) is not None
        await asyncio.sleep(0)
