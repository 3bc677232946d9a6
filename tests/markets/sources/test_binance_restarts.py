"""What is left of twenty cuts once they are repaired: nothing."""

import asyncio
import random

import pytest

from plimsoll.markets.domain.candles import MINUTE_MS, SECOND_MS, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.sources import binance_repair
from plimsoll.plumbing.breaker import Patience
from tests.fakes.binance import FakeBinance, Trouble
from tests.fakes.binance_market import START_MS, WorldClock
from tests.markets.sources.following import Follower, until
from tests.markets.sources.test_binance import BNB, BTC, ETHBTC, MARKET, opened, until_true

SYMBOLS = {BTC: "BTCUSDT", BNB: "BNBUSDT", ETHBTC: "ETHBTC"}
CUTS = 20


async def until_connected(fake: FakeBinance, times: int) -> None:
    await until(lambda: fake.connections >= times)


async def test_after_twenty_kills_the_candles_are_those_of_an_undisturbed_run() -> None:
    """Killed and started again on the same port, at any moment of a minute; a pair followed by
    trades and pairs followed by klines.
    """
    clock, dice = WorldClock(speed=100), random.Random(3)  # noqa: S311 - moments, not secrets
    async with (
        FakeBinance(MARKET, clock) as steady,
        FakeBinance(MARKET, clock) as shaken,
        opened(steady) as calm_source,
        opened(shaken) as source,
        Follower(calm_source) as calm,
        Follower(source) as follower,
    ):
        await until(lambda: calm.trades and follower.trades)  # both follow from here on
        from_ms = Interval.MINUTE.next_start(source.now_ms())
        for cut in range(CUTS):
            await until_connected(shaken, cut + 1)
            await asyncio.sleep(dice.uniform(0.1, 0.4))
            if cut % 5 == 4:  # the hole itself is hard to fill as well
                shaken.answer("/api/v3/klines", Trouble(status=503), Trouble(cut=True))
                shaken.answer("/api/v3/historicalTrades", Trouble(status=500))
            await shaken.kill()
            await asyncio.sleep(dice.uniform(0.0, 0.15))
            await shaken.start()
        await asyncio.sleep(1.0)
        await until_connected(shaken, CUTS + 1)
        assert len(follower.errors) >= CUTS
        await until(lambda: not source.missing)
        to_ms = Interval.MINUTE.bucket_start(source.now_ms())
        await until(lambda: min(source.now_ms(), calm_source.now_ms()) > to_ms + MINUTE_MS)
        await until(lambda: not source.missing)

        span = {"from_ms": from_ms, "to_ms": to_ms}
        for pair, symbol in SYMBOLS.items():
            await until_true(calm, (pair, symbol), **span)
            await until_true(follower, (pair, symbol), **span)
            assert len(calm.closed(pair, Interval.MINUTE, **span)) >= 8
        assert not calm.errors

        # of the pair that is followed by trades, every second too, but for the rounding of sums
        seconds = follower.closed(BTC, Interval.SECOND, **span)
        truth = MARKET.truth("BTCUSDT", Interval.SECOND, **span)
        assert seconds.keys() == truth.keys()
        for start_ms, values in truth.items():
            assert seconds[start_ms] == pytest.approx(values, rel=1e-12)
        ids = [trade_id for _, trade_id in follower.trades]
        assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("refusal", [Trouble(status=400), Trouble(body=b"[]")])
async def test_trades_that_cannot_be_had_come_as_candles_of_a_second(refusal: Trouble) -> None:
    async with (
        FakeBinance(MARKET, WorldClock(speed=20)) as fake,
        opened(fake) as source,
        Follower(source) as follower,
    ):
        fake.answer("/api/v3/historicalTrades", *[refusal] * 9)
        await until(lambda: len(follower.trades) > 10)
        from_ms = Interval.SECOND.next_start(source.now_ms())
        await fake.kill()
        await asyncio.sleep(0.3)
        await fake.start()
        await until(lambda: fake.asked("/api/v3/historicalTrades"))
        to_ms = Interval.SECOND.bucket_start(source.now_ms())
        await until(lambda: source.now_ms() > to_ms + 10 * SECOND_MS and not source.missing)
        span = {"from_ms": from_ms, "to_ms": to_ms}
        truth = MARKET.truth("BTCUSDT", Interval.SECOND, **span)
        await until(lambda: follower.closed(BTC, Interval.SECOND, **span).keys() == truth.keys())

    assert any(query["interval"] == "1s" for query in fake.asked("/api/v3/klines"))


async def test_a_hole_stays_known_as_one_until_it_is_filled() -> None:
    async with (
        FakeBinance(MARKET, WorldClock(speed=100)) as fake,
        opened(fake) as source,
        Follower(source) as follower,
    ):
        await until(lambda: source.now_ms() > START_MS + MINUTE_MS + 20_000)
        await fake.kill()
        fake.answer("/api/v3/klines", *[Trouble(status=503)] * 2)
        before = len(fake.asked("/api/v3/klines"))
        span = {"from_ms": Interval.MINUTE.bucket_start(source.now_ms())}
        span["to_ms"] = span["from_ms"] + 2 * MINUTE_MS
        await asyncio.sleep(1.5)
        await fake.start()
        await until(lambda: len(fake.asked("/api/v3/klines")) >= before + 2)

        pairs: list[Pair] = source.missing
        assert BNB in pairs
        unseen = Interval.MINUTE.next_start(span["from_ms"])
        assert unseen not in follower.closed(BNB, Interval.MINUTE, **span)  # not invented

        await until(lambda: not source.missing, within_s=20)
        await until(
            lambda: (
                follower.closed(BNB, Interval.MINUTE, **span)
                == MARKET.truth("BNBUSDT", Interval.MINUTE, **span)
            )
        )


async def test_one_request_finds_out_whether_they_answer_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The circuit lets one through, and the refusal of the others must not end it."""
    monkeypatch.setattr(binance_repair, "LONGEST_PAUSE_S", 0.3)
    async with (
        FakeBinance(MARKET, WorldClock(speed=100)) as fake,
        opened(fake, patience=Patience(failures=1, cool_down_s=0.2, growth=1)) as source,
        Follower(source),
    ):
        await until(lambda: fake.subscribed)
        fake.answer("/api/v3/klines", *[Trouble(status=503)] * 3)
        await fake.kill()
        await asyncio.sleep(0.1)
        await fake.start()
        await until(lambda: source.missing)
        await until(lambda: not source.missing, within_s=5)


async def test_a_long_hole_takes_several_requests_and_the_budget_is_counted() -> None:
    """Twenty hours in minutes are 1,200 rows: two pages for each pair."""
    async with (
        FakeBinance(MARKET, WorldClock()) as fake,
        opened(fake, by_trades=()) as source,
        Follower(source) as follower,
    ):
        await until(lambda: fake.subscribed)
        await fake.kill()
        fake.clock._began -= 20 * 3_600
        await fake.start()
        await until(lambda: not source.missing and fake.asked("/api/v3/klines"))

    asked = fake.asked("/api/v3/klines")
    assert len(asked) == 6
    assert {query["limit"] for query in asked} == {"1000"}
    assert follower.errors
