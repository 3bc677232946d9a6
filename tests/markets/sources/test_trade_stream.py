"""What both venues have in common: whatever happens to the stream, the candles are right in the
end.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from structlog.testing import capture_logs

from plimsoll.kernel.clock import to_ms
from plimsoll.markets.domain.candles import Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.sources import trade_stream
from plimsoll.plumbing.outbound import SourceRateLimited, SourceRestricted
from tests.fakes.coinbase import FakeCoinbase
from tests.fakes.kraken import FakeKraken
from tests.fakes.venue import FakeVenue, Refusal, RunningClock
from tests.markets.sources.streams import (
    BTC,
    ETH,
    IMPATIENT,
    Desk,
    count_faults,
    following,
    uncounted,
    until,
)

PRODUCTS = {BTC: ("BTC/USD", "BTC-USD"), ETH: ("ETH/USD", "ETH-USD")}
FAST = 200.0
"""A minute of the world in 0.3 s."""

MakeVenue = Callable[..., FakeVenue]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in IMPATIENT.items():
        monkeypatch.setattr(trade_stream, name, value)


@pytest.fixture(params=["kraken", "coinbase"])
async def make_venue(request: pytest.FixtureRequest) -> AsyncIterator[MakeVenue]:
    made = list[FakeVenue]()

    def make(*, speed: float = 1.0) -> FakeVenue:
        clock = RunningClock(speed=speed)
        kind, at = (FakeKraken, 0) if request.param == "kraken" else (FakeCoinbase, 1)
        made.append(kind(clock, [names[at] for names in PRODUCTS.values()]))
        return made[-1]

    yield make
    for venue in made:
        await venue.kill()


def spelled(venue: FakeVenue, pair: Pair) -> str:
    return PRODUCTS[pair][0 if isinstance(venue, FakeKraken) else 1]


async def play(venue: FakeVenue, seconds: float, *, minutes: int = 0) -> None:
    """Trades of both pairs, ether a little less often; for longer where a machine that stood still
    has left fewer than so many minutes with a trade of bitcoin since the beginning.
    """
    ends = venue.clock.monotonic() + seconds
    while venue.clock.monotonic() < ends or len(venue.minutes(spelled(venue, BTC))) < minutes:
        await venue.trade(spelled(venue, BTC))
        if len(venue.deals[spelled(venue, BTC)]) % 3 == 0:
            await venue.trade(spelled(venue, ETH))
        await asyncio.sleep(0.02)


def has_heard_of_all(venue: FakeVenue, desk: Desk, pair: Pair) -> bool:
    """Whether nothing can turn out to be missing any more that is not in `missing`."""
    return desk.stream._lines[pair]._last_id == venue.deals[spelled(venue, pair)][-1].id


async def settle(venue: FakeVenue, desk: Desk) -> None:
    """Until everything that was traded is over, known and repaired. What was lost last shows only
    by another trade.
    """
    for pair in PRODUCTS:
        await venue.trade(spelled(venue, pair))
    await until(lambda: all(has_heard_of_all(venue, desk, pair) for pair in PRODUCTS))
    last_ms = max(max(venue.minutes(spelled(venue, pair))) for pair in PRODUCTS)

    def settled() -> bool:
        desk.look()
        return desk.stream.now_ms() > last_ms + 75_000 and not desk.stream.missing

    await until(settled)
    await until(lambda: not desk.stream._found)
    desk.look()


async def settle_only(venue: FakeVenue, desk: Desk) -> None:
    """As `settle`, of bitcoin, and of what was traded so far."""
    await until(lambda: has_heard_of_all(venue, desk, BTC))
    last_ms = max(venue.minutes(spelled(venue, BTC)))
    await until(lambda: desk.stream.now_ms() > last_ms + 75_000 and BTC not in desk.stream.missing)


def hole_end(desk: Desk) -> int:
    hole = desk.stream.missing.get(BTC)
    return hole.to_ms if hole else 0


async def until_missing(desk: Desk, at_ms: int) -> None:
    """Wait until a moment is known to be missing."""
    await until(lambda: hole_end(desk) > at_ms)


def assert_truth(venue: FakeVenue, desk: Desk) -> None:
    for pair in PRODUCTS:
        truth = uncounted(venue.minutes(spelled(venue, pair)))
        first_ms = min(desk.minutes(pair))
        assert desk.minutes(pair) == {at: one for at, one in truth.items() if at >= first_ms}


async def test_prices_and_trades_are_told_as_they_happen(make_venue: MakeVenue) -> None:
    async with make_venue() as venue, following(venue) as desk:
        await until(lambda: venue.subscriptions)
        await asyncio.sleep(0.1)
        deals = [await venue.trade(spelled(venue, BTC)) for _ in range(3)]
        await until(lambda: len(desk.trades) == 3)

        assert [(trade.pair, trade.id, trade.price, trade.quantity) for trade in desk.trades] == [
            (BTC, deal.id, deal.cents / 100, deal.mills / 1000) for deal in deals
        ]
        await until(lambda: str(desk.price()) == f"{deals[-1].price}0000000000000000")
        stream = desk.stream
        assert (stream.pushes, stream.silence_s) == (True, 15.0)
        assert desk.ticks[-1].price.source == stream.name


@pytest.mark.parametrize(
    ("lost", "repeated", "reordered"), [(0.1, 0, 0), (0, 0.5, 0), (0.05, 0.2, 0.2)]
)
async def test_what_is_lost_repeated_or_reordered_does_not_show_in_the_candles(
    make_venue: MakeVenue, lost: float, repeated: float, reordered: float
) -> None:
    async with make_venue(speed=FAST) as venue, following(venue) as desk:
        await until(lambda: venue.subscriptions)
        venue.lost, venue.repeated, venue.reordered = lost, repeated, reordered
        await play(venue, 1.5, minutes=6)
        venue.lost = venue.repeated = venue.reordered = 0
        await play(venue, 0.2)
        await settle(venue, desk)
        assert len(desk.closed[BTC]) >= 5
        assert_truth(venue, desk)
        assert len({(trade.pair, trade.id) for trade in desk.trades}) == len(desk.trades)


async def test_killed_and_restarted_20_times_the_candles_are_those_of_an_undisturbed_run(
    make_venue: MakeVenue,
) -> None:
    async with make_venue(speed=FAST) as venue, following(venue) as desk:
        await until(lambda: venue.subscriptions)
        with capture_logs():
            for _ in range(20):
                await play(venue, 0.12)
                await venue.kill()
                await play(venue, 0.06)
                await venue.start()
            await play(venue, 0.3, minutes=11)
            await settle(venue, desk)
        assert venue.connected > 15
        assert len(desk.closed[BTC]) >= 10
        assert_truth(venue, desk)


@pytest.mark.parametrize("away_s", [0.3, 3.5])
async def test_a_hole_is_known_until_it_is_filled(make_venue: MakeVenue, away_s: float) -> None:
    """In 3.5 s the cascade has let go of the minutes that were missed."""
    async with make_venue(speed=FAST) as venue, following(venue) as desk:
        await until(lambda: venue.subscriptions)
        await play(venue, 0.3)
        await settle(venue, desk)
        cut_ms = to_ms(venue.clock.now())
        await venue.kill()
        for _ in range(60):  # more than any snapshot tells
            await venue.trade(spelled(venue, BTC))
        await play(venue, 0.5)
        venue.refusals["OHLC"].extend(Refusal(503, {}) for _ in range(40))
        venue.refusals["candles"].extend(Refusal(503, {}) for _ in range(40))
        await venue.start()
        with capture_logs():
            await until(lambda: BTC in desk.stream.missing)
            hole = desk.stream.missing[BTC]
            assert hole.from_ms <= cut_ms < hole.to_ms
            await asyncio.sleep(away_s)
            assert BTC in desk.stream.missing, "nothing was there to fill it"
            venue.refusals.clear()
            await settle(venue, desk)
        assert_truth(venue, desk)


async def test_prices_far_away_are_doubted_until_the_venues_own_candles_have_told_them(
    make_venue: MakeVenue,
) -> None:
    async with make_venue(speed=FAST) as venue, following(venue) as desk:
        await until(lambda: venue.subscriptions)
        await venue.trade(spelled(venue, BTC), 10_000)
        await settle_only(venue, desk)
        for name in ("OHLC", "candles"):
            venue.refusals[name].extend(Refusal(503, {}) for _ in range(100))
        with capture_logs():
            for _ in range(2):
                deal = await venue.trade(spelled(venue, BTC), 10_000_000)
                await until_missing(desk, to_ms(deal.at))
                await asyncio.sleep(0.4)  # the next one is in another minute
            venue.refusals.clear()
            await settle_only(venue, desk)
        await venue.trade(spelled(venue, BTC), 10_000_000)
        await until(lambda: len(desk.trades) == 4)
        assert BTC not in desk.stream.missing


async def test_silence_is_a_cut_and_the_last_price_stays(make_venue: MakeVenue) -> None:
    async with make_venue() as venue, following(venue, idle_s=0.3) as desk:
        await until(lambda: venue.subscriptions)
        deal = await venue.trade(spelled(venue, BTC))
        await until(lambda: desk.price() is not None)
        venue.silent = True
        await until(lambda: any(error.code == "source-timeout" for error in desk.errors))
        assert f"{desk.price():.2f}" == deal.price
        venue.silent = False
        await until(lambda: venue.connected > 1)
        deal = await venue.trade(spelled(venue, BTC))
        await until(lambda: f"{desk.price():.2f}" == deal.price)


@pytest.mark.parametrize(
    "waste",
    [
        b"\x00\xff",
        "",
        "{",
        "[]",
        "null",
        "3",
        '{"type":"match"}',
        '{"channel":"trade","data":[{}]}',
        '{"channel":"ticker","data":7}',
        '{"channel":5}',
        '{"type":"ticker","product_id":"BTC-USD","price":{},"time":"now"}',
        '{"type":"error","message":"no"}',
        '{"method":"subscribe","success":false,"error":"no"}',
        "[" * 10_000,
    ],
)
async def test_waste_is_left_out_and_ends_nothing(
    make_venue: MakeVenue, waste: str | bytes
) -> None:
    async with make_venue() as venue, following(venue) as desk:
        await until(lambda: venue.subscriptions)
        await venue.trade(spelled(venue, BTC))
        await until(lambda: desk.trades)
        await venue.say(waste)
        await venue.trade(spelled(venue, BTC))
        await until(lambda: len(desk.trades) == 2)
        assert not [error for error in desk.errors if error.code != "source-unreachable"]


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Refusal(451, {}), SourceRestricted),
        (Refusal(403, {}), SourceRestricted),
        (Refusal(429, {"Retry-After": "0"}), SourceRateLimited),
    ],
)
async def test_a_stream_that_is_refused_is_asked_again(
    make_venue: MakeVenue, refusal: Refusal, kind: type[Exception]
) -> None:
    async with make_venue() as venue:
        venue.refusals["stream"].append(refusal)
        async with following(venue) as desk:
            await until(lambda: venue.subscriptions)
            assert [type(error) for error in desk.errors] == [kind]


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(451, {}),
        Refusal(500, {}, b"<html>"),
        Refusal(200, {}, b'{"error":["EService:Busy"]}'),
        Refusal(200, {}, b'[{"id"'),
        Refusal(200, {}, b"[]"),
        Refusal(404, {}, b"\xff"),
    ],
)
async def test_a_listing_that_is_refused_is_asked_for_again(
    make_venue: MakeVenue, refusal: Refusal
) -> None:
    async with make_venue() as venue:
        for name in ("AssetPairs", "products"):
            venue.refusals[name].append(refusal)
        async with following(venue) as desk:
            assert not desk.stream.offers(BTC, Interval.MINUTE)
            await until(lambda: venue.subscriptions)
            assert len(desk.errors) == 1
            assert desk.stream.offers(BTC, Interval.MINUTE)


async def test_trades_that_cannot_be_right_are_counted_and_left_out(make_venue: MakeVenue) -> None:
    async with make_venue() as venue, following(venue) as desk:
        await until(lambda: venue.subscriptions)
        deal = await venue.trade(spelled(venue, BTC))
        await until(lambda: len(desk.trades) == 1)
        before = count_faults(desk.stream.name)
        [good] = [m for m in venue.deal_messages(spelled(venue, BTC), deal) if "trade_id" in m]
        number, price = deal.id + 1, deal.price.rstrip("0").rstrip(".")
        year = str(deal.at.year)
        for wrong in (
            good.replace(f'"trade_id": {deal.id}', f'"trade_id": {deal.id + 10**9}'),
            good.replace(f'"trade_id": {deal.id}', f'"trade_id": {number}').replace(year, "2031"),
            good.replace(f'"trade_id": {deal.id}', f'"trade_id": {number}').replace(year, "2021"),
            good.replace(f'"trade_id": {deal.id}', '"trade_id": -5'),
            good.replace(price, "-1", 1) if price in good else good.replace(deal.price, "-1", 1),
            good.replace("BTC", "NON"),
        ):
            assert wrong != good
            await venue.say(wrong)
        await venue.trade(spelled(venue, BTC))
        await until(lambda: len(desk.trades) == 2)
        assert desk.trades[-1].id == number
        after = count_faults(desk.stream.name)
        more = {name: count - before.get(name, 0) for name, count in after.items()}
        assert more["stray"] == 2
        assert more["ahead"] == 1
        assert more["unknown-symbol"] == 1
        assert BTC in desk.stream.missing
