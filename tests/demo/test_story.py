"""One seed, one story: whatever the day it is told on."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from plimsoll.demo.files import coinbase_history, kraken_ledgers
from plimsoll.demo.incidents import COINS, STRETCHES, WITHIN, find_bets
from plimsoll.demo.story import USDT, Entry, Place, tell
from plimsoll.demo.telling import Telling
from plimsoll.kernel.clock import to_ms
from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.markets.domain.candles import Candle, Interval

DAY = date(2026, 3, 1)


def telling(seed: int = 7, day: date = DAY) -> Telling:
    return Telling(seed, day, datetime(day.year, day.month, day.day, 2, 30, 20, tzinfo=UTC))


@pytest.fixture(scope="module")
def once() -> Telling:
    return telling()


def facts(told: list[Entry]) -> list[object]:
    return [(each.kind, each.legs, each.note) for each in told]


def test_the_same_seed_tells_the_same_whatever_the_day(once: Telling) -> None:
    other = telling(day=date(2025, 11, 17))

    first = tell(once.market, until=once.until)
    second = tell(other.market, until=other.until)

    assert facts(first) == facts(second)
    shift = once.until - other.until
    assert [each.at - shift for each in first] == [each.at for each in second]


def test_another_seed_tells_another(once: Telling) -> None:
    other = telling(seed=8)
    assert facts(tell(once.market, until=once.until)) != facts(
        tell(other.market, until=other.until)
    )


def test_the_files_are_the_same_but_for_their_dates(once: Telling) -> None:
    again = telling()
    for write in (kraken_ledgers, coinbase_history):
        assert write(once.market, once.until) == write(again.market, again.until)


@pytest.mark.parametrize("seed", [1, 7, 42])
def test_nothing_written_by_hand_takes_out_more_than_is_there(seed: int) -> None:
    held: defaultdict[tuple[Place, AssetId], Decimal] = defaultdict(Decimal)
    story = telling(seed)
    for entry in tell(story.market, until=story.until):
        for leg in entry.legs:
            if leg.place is not Place.OUTSIDE:
                held[leg.place, leg.asset] += leg.quantity
        assert all(quantity >= 0 for quantity in held.values()), entry


@pytest.mark.parametrize("seed", [1, 5, 7, 42])
def test_two_bets_of_each_stretch_are_lost_within_a_day(seed: int) -> None:
    story = telling(seed)
    hours = [story.until - timedelta(hours=each) for each in range(12 * 24, -1, -1)]
    bets = find_bets(story.market, hours)

    assert len(bets) == 2 * len(STRETCHES)
    for pair, (first, last) in zip((bets[:2], bets[2:]), STRETCHES, strict=True):
        moments = [hour for bet in pair for hour in (bet.made, bet.lost)]
        assert first <= min(moments)
        assert max(moments) <= last
        assert max(moments) - min(moments) <= WITHIN
        assert len({bet.symbol for bet in pair}) == 2
    for bet in bets:
        made, lost = (
            story.market.at(COINS[bet.symbol], at) / story.market.at(USDT, at)
            for at in (hours[bet.made], hours[bet.lost])
        )
        assert Decimal("0.953") < lost / made <= Decimal("0.963")


def test_it_has_what_a_ledger_can_have(once: Telling) -> None:
    told = tell(once.market, until=once.until)
    kinds = {each.kind for each in told}

    assert kinds >= {
        Kind.BUY,
        Kind.SELL,
        Kind.SWAP,
        Kind.STAKING,
        Kind.AIRDROP,
        Kind.TRANSFER,
        Kind.COLLATERAL_MOVE,
        Kind.FUNDING,
        Kind.MARGIN_GAIN,
        Kind.MARGIN_LOSS,
    }
    assert once.until - told[0].at > timedelta(days=728)
    assert told[-1].at < once.until


def test_the_past_ends_where_the_market_goes_on(once: Telling) -> None:
    past = once.past
    candles = sorted(past.candles(AssetId("bitcoin")), key=lambda each: each.open_time_ms)
    by_interval: defaultdict[Interval, list[Candle]] = defaultdict(list)
    for each in candles:
        by_interval[each.interval].append(each)

    days, minutes = by_interval[Interval.DAY], by_interval[Interval.MINUTE]
    assert len(days) == 730
    assert all(each.sound for each in candles)
    assert minutes[-1].open_time_ms == to_ms(once.now) // 60_000 * 60_000 - 60_000
    assert all(one.close == two.open for one, two in pairwise(days))
    assert all(one.close == two.open for one, two in pairwise(minutes))
    four = by_interval[Interval.HOURS_4]
    assert four[-1].open_time_ms == to_ms(once.until) - 4 * 3_600_000
    assert [each.close for each in four if each.open_time_ms % 86_400_000 == 72_000_000] == [
        each.close for each in days if each.open_time_ms >= four[0].open_time_ms
    ]
    assert len({(each.interval, each.open_time_ms) for each in candles}) == len(candles)


def test_a_story_that_ended_days_ago_has_no_hole_until_now(once: Telling) -> None:
    ended = Telling(7, DAY, datetime(2026, 3, 5, 13, 7, tzinfo=UTC))
    by_interval: defaultdict[Interval, list[Candle]] = defaultdict(list)
    for each in ended.past.candles(AssetId("bitcoin")):
        by_interval[each.interval].append(each)

    for interval in (Interval.HOUR, Interval.HOURS_4, Interval.DAY):
        found = sorted(by_interval[interval], key=lambda each: each.open_time_ms)
        last = interval.bucket_start(to_ms(ended.now))
        assert interval.next_start(found[-1].open_time_ms) == last
        for one, two in pairwise(found):
            assert interval.next_start(one.open_time_ms) == two.open_time_ms
            assert one.close == two.open
    days = by_interval[Interval.DAY]
    assert tell(ended.market, until=ended.until) == tell(once.market, until=once.until)
    assert len(days) == 734
