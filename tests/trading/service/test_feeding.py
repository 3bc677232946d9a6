"""The feed of the exchange's markets: who is fed, when, and in which order."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings
from plimsoll.trading.domain.accounts import TradingState
from plimsoll.trading.domain.commands import CancelAll, Deposit, SetState
from plimsoll.trading.domain.events import Filled, LiquidationStarted, TakenOver
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.orders import OrderType, TriggerOn
from plimsoll.trading.domain.refusals import NoPrice, OutOfRange
from plimsoll.trading.engine.states import EngineAway
from plimsoll.trading.service.feeding import nearest_ticks, occupied
from tests.trading.market_desk import ANNA, BERT, BTC, BUY, DOGE, SELL, SPOT, MarketDesk

FED = ["set-index", "quote"]


@pytest.fixture
async def desk(database: Database, settings: Settings) -> AsyncIterator[MarketDesk]:
    """The world says 60,000 for a bitcoin; nobody has asked for it."""
    desk = MarketDesk(database, settings)
    await desk.open()
    desk.say("60000")
    yield desk
    await desk.exchange.close()


# -- waking


async def test_a_market_is_fed_before_whoever_asks_sees_it(desk: MarketDesk) -> None:
    before = desk.seq
    await desk.feeding.ready(BTC)
    assert await desk.kinds(before) == FED
    assert await desk.index() == 600_000
    bids, asks = await desk.depth()
    assert len(bids) == len(asks) == desk.settings.house_levels
    assert (bids[0][0], asks[0][0]) == (599_940, 600_060)
    assert desk.feeding.is_awake(BTC)


async def test_a_venue_that_errs_alone_does_not_move_the_index(desk: MarketDesk) -> None:
    desk.venues = {"one": "60000", "two": "60030", "three": "60060"}
    desk.say("60000")
    await desk.feeding.ready(BTC)
    assert await desk.index() == 600_300

    desk.venues["one"] = "40000"  # and it is the one whose price everything else shows
    desk.say("40000")
    desk.clock.advance(3)
    await desk.feeding.ready(BTC)
    assert await desk.index() == 600_450


@pytest.mark.parametrize("others", [{}, {"two": "40000"}, {"two": "60060"}])
async def test_fewer_than_three_venues_do_not_outvote_the_price_that_everything_shows(
    desk: MarketDesk, others: dict[str, str]
) -> None:
    desk.venues = {"one": "61000"} | others
    await desk.feeding.ready(BTC)
    assert await desk.index() == 600_000


async def test_a_fresh_market_is_not_fed_again(desk: MarketDesk) -> None:
    await desk.feeding.ready(BTC)
    before = desk.seq
    desk.say("61000")
    desk.clock.advance(2)
    await desk.feeding.ready(BTC)
    assert desk.seq == before
    desk.clock.advance(0.1)
    await desk.feeding.ready(BTC)
    assert await desk.index() == 610_000


async def test_all_who_wait_are_fed_at_once(desk: MarketDesk) -> None:
    before = desk.seq
    await asyncio.gather(*(desk.feeding.ready(BTC) for _ in range(50)))
    assert await desk.kinds(before) == FED


async def test_who_goes_away_ends_it_for_nobody_else(desk: MarketDesk) -> None:
    first, second = (asyncio.create_task(desk.feeding.ready(BTC)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert await desk.index() == 600_000


async def test_what_is_not_traded_wakes_nothing(desk: MarketDesk) -> None:
    before = desk.seq
    await desk.feeding.ready("NO-PERP")
    desk.feeding.wake("NO-PERP")
    await desk.rounds(1)
    assert desk.seq == before
    assert not desk.feeding.is_awake("NO-PERP")


async def test_without_a_price_the_machine_refuses(desk: MarketDesk) -> None:
    await desk.admit(ANNA)
    await desk.feeding.ready(DOGE)
    with pytest.raises(NoPrice):
        await desk.place(ANNA, BUY, 100, symbol=DOGE)
    assert desk.prices.interest.assets == {"dogecoin", "tether"}
    assert not desk.feeding.is_awake(DOGE)


async def test_an_exchange_that_is_away_is_told_of_by_the_command_after_it(
    desk: MarketDesk,
) -> None:
    await desk.exchange.close()
    await desk.feeding.ready(BTC)
    with pytest.raises(EngineAway):
        await desk.place(ANNA, BUY, 1)


# -- rounds


async def test_a_round_feeds_nobody_who_sleeps(desk: MarketDesk) -> None:
    before = desk.seq
    await desk.rounds(30)
    assert desk.seq == before


async def test_who_was_asked_for_is_fed_for_a_minute(desk: MarketDesk) -> None:
    await desk.feeding.ready(BTC)
    for second in range(59):
        desk.say(str(60_000 + second * 100))
        await desk.rounds(1)
        assert await desk.index() == 600_000 + second * 1_000
    before = desk.seq
    await desk.rounds(30)
    assert not desk.feeding.is_awake(BTC)
    assert desk.seq == before


async def test_who_has_a_position_or_an_order_is_fed_for_ever(desk: MarketDesk) -> None:
    for who in (ANNA, BERT):
        await desk.admit(who)
    for symbol in (BTC, SPOT):
        await desk.feeding.ready(symbol)
    await desk.place(ANNA, BUY, 10)
    await desk.rounds(200)
    assert await desk.exchange.read(occupied) == {BTC}
    assert desk.feeding.is_awake(BTC)
    assert not desk.feeding.is_awake(SPOT)
    await desk.place(ANNA, SELL, 10)
    resting = await desk.place(BERT, BUY, 10, 590_000)
    await desk.rounds(200)
    assert desk.feeding.is_awake(BTC)
    await desk.do(
        CancelAll,
        account=BERT,
    )
    assert resting.refusal is None
    await desk.rounds(100)
    assert not desk.feeding.is_awake(BTC)


async def test_after_a_restart_those_with_positions_are_fed_unasked(desk: MarketDesk) -> None:
    await desk.admit(ANNA)
    await desk.feeding.ready(BTC)
    await desk.place(ANNA, BUY, 10)
    await desk.reopen()
    desk.say("60100")
    await desk.rounds(1)
    assert await desk.index() == 601_000


async def test_a_feed_that_was_taken_away_feeds_nobody(desk: MarketDesk) -> None:
    await desk.feeding.ready(BTC)
    before = desk.seq
    desk.exchange.feeding = None
    desk.say("61000")
    await desk.rounds(3)
    assert desk.seq == before


async def test_an_index_that_stands_still_is_told_every_five_seconds(desk: MarketDesk) -> None:
    await desk.feeding.ready(BTC)
    before = desk.seq
    await desk.rounds(14)
    assert await desk.kinds(before) == ["set-index"] * 2


# -- the house


async def test_the_index_follows_every_tick_and_the_quotes_half_of_the_half_spread(
    desk: MarketDesk,
) -> None:
    await desk.feeding.ready(BTC)
    before, book = desk.seq, await desk.depth()
    desk.say("60002.9")
    await desk.rounds(1)
    assert await desk.kinds(before) == ["set-index"]
    assert await desk.depth() == book
    desk.say("60003")
    await desk.rounds(1)
    assert await desk.kinds(before) == ["set-index", "quote", "set-index"]
    assert await desk.depth() != book


async def test_quotes_that_were_hit_are_made_anew_and_lean(desk: MarketDesk) -> None:
    await desk.admit(ANNA, money=10_000_000)
    await desk.feeding.ready(BTC)
    before = await desk.depth()
    await desk.place(ANNA, BUY, 5_000)
    await desk.rounds(1)
    bids, asks = await desk.depth()
    assert len(asks) == desk.settings.house_levels
    assert bids[0][0] > before.bids[0][0]  # it is short now, and pays more to get back


async def test_quotes_that_nobody_touched_are_made_anew_after_half_a_minute(
    desk: MarketDesk,
) -> None:
    await desk.feeding.ready(BTC)
    book = await desk.depth()
    await desk.rounds(29)
    assert await desk.depth() == book
    await desk.rounds(1)
    assert await desk.depth() != book


async def test_the_house_quotes_spot_out_of_its_stock(desk: MarketDesk) -> None:
    await desk.admit(ANNA)
    await desk.do(
        Deposit,
        account=ANNA,
        asset="tether",
        amount=10**14,
        spot=True,
    )
    await desk.feeding.ready(SPOT)
    before = await desk.depth(SPOT)
    assert len(before.bids) == len(before.asks) == desk.settings.house_levels
    await desk.place(ANNA, BUY, 400_000, symbol=SPOT)
    await desk.rounds(1)
    after = await desk.depth(SPOT)
    assert after.bids[0][0] > before.bids[0][0]


async def test_without_levels_there_is_only_an_index(database: Database, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, house_levels=0)
    desk = MarketDesk(database, settings)
    await desk.open()
    desk.say("60000")
    await desk.feeding.ready(BTC)
    desk.say("30000")
    await desk.rounds(1)
    assert await desk.index() == 300_000
    assert await desk.depth() == ((), ())
    await desk.exchange.close()


async def test_after_a_restart_old_quotes_are_not_believed(desk: MarketDesk) -> None:
    await desk.feeding.ready(BTC)
    await desk.reopen()
    before = desk.seq
    await desk.feeding.ready(BTC)
    assert await desk.kinds(before) == ["quote", "set-index"]


# -- prices that are not to be had


async def test_at_a_stale_price_the_house_withdraws_and_nothing_moves(desk: MarketDesk) -> None:
    await desk.feeding.ready(BTC)
    desk.clock.advance(31)
    before = desk.seq
    await desk.feeding._round()
    await desk.feeding._round()
    assert await desk.kinds(before) == ["cancel-all"]
    assert await desk.depth() == ((), ())
    assert not desk.feeding.is_awake(BTC)
    desk.say("60500")
    await desk.rounds(1)
    assert await desk.index() == 605_000
    assert len((await desk.depth()).bids) == desk.settings.house_levels
    assert desk.feeding.is_awake(BTC)


async def test_in_a_halted_market_only_the_index_goes_on(desk: MarketDesk) -> None:
    await desk.feeding.ready(BTC)
    await desk.do(SetState, state=TradingState.HALTED, symbol=BTC)
    desk.say("60500")
    before = desk.seq
    await desk.rounds(1)
    assert await desk.kinds(before) == ["cancel-all", "set-index"]
    desk.say("40000")
    await desk.rounds(1)
    assert await desk.index() == 400_000
    await desk.do(SetState, state=TradingState.ACTIVE, symbol=BTC)
    await desk.rounds(1)
    assert len((await desk.depth()).bids) == desk.settings.house_levels


# -- an index that jumps


async def test_quotes_are_there_before_the_index_moves(desk: MarketDesk) -> None:
    """So that a stop is filled at the market of now, and not at the quotes of before."""
    await desk.admit(ANNA)
    await desk.feeding.ready(BTC)
    await desk.place(ANNA, BUY, 100)
    stop, watched = OrderType.STOP_MARKET, TriggerOn.MARK
    await desk.place(ANNA, SELL, 100, type=stop, trigger=watched, trigger_price=595_000)
    desk.say("59000")
    desk.clock.advance(1)
    await desk.feeding._round()
    async with desk.database.read() as unit:
        price = await unit.fetchval(
            "select price from fills where account = $1 and side = -1", ANNA
        )
    assert 589_900 <= price < 590_000


async def test_who_is_liquidated_by_a_jump_meets_the_market_where_it_is_now(
    desk: MarketDesk,
) -> None:
    """Far out of the price band, in one step: sold at the quotes around the new index, and not at
    prices on the way, which nobody offered.
    """
    await desk.admit(ANNA, money=9_850)
    await desk.feeding.ready(BTC)
    await desk.place(ANNA, BUY, 1_000, leverage=10)
    before = desk.seq
    done = await desk.feeding.set_price(BTC, 502_200, hold_s=60)
    assert await desk.kinds(before) == ["quote", "set-index", "pass-time"]
    events = [event for each in done for event in each.events]
    assert [each.account for each in events if isinstance(each, LiquidationStarted)] == [ANNA]
    assert not [each for each in events if isinstance(each, TakenOver)]
    sold = [each for each in events if isinstance(each, Filled) and each.account == ANNA]
    assert sum(each.quantity for each in sold) == 1_000
    assert all(501_500 < each.price < 502_200 for each in sold)
    assert await desk.market(lambda market: (market.index, market.mark)) == (502_200, 502_200)


async def test_beyond_the_bankruptcy_price_the_fund_takes_over(desk: MarketDesk) -> None:
    await desk.admit(ANNA, money=9_850)
    await desk.feeding.ready(BTC)
    await desk.place(ANNA, BUY, 1_000, leverage=10)
    done = await desk.feeding.set_price(BTC, 400_000, hold_s=60)
    events = [event for each in done for event in each.events]
    taken = [each for each in events if isinstance(each, TakenOver)]
    assert [(each.account, each.quantity) for each in taken] == [(ANNA, 1_000)]
    assert taken[0].price > 501_000
    assert await desk.market(lambda market: market.mark) == 400_000


async def test_where_nobody_is_it_goes_there_at_once(desk: MarketDesk) -> None:
    await desk.feeding.ready(BTC)
    before = desk.seq
    desk.say("30000")
    await desk.rounds(1)
    assert await desk.kinds(before) == ["quote", "set-index"]
    assert await desk.market(lambda market: (market.mark, market.index)) == (300_000, 300_000)
    assert (await desk.depth()).bids[0][0] == 299_970


# -- prices set by hand


async def test_a_price_that_was_set_stays_and_then_the_world_comes_back(desk: MarketDesk) -> None:
    await desk.feeding.ready(BTC)
    done = await desk.feeding.set_price(BTC, 500_000, hold_s=10)
    assert all(each.refusal is None for each in done)
    assert await desk.index() == 500_000
    await desk.rounds(9)
    assert await desk.index() == 500_000
    await desk.rounds(1)
    assert await desk.index() == 600_000


async def test_a_price_is_told_even_if_it_is_the_same(desk: MarketDesk) -> None:
    await desk.feeding.ready(BTC)
    before = desk.seq
    await desk.feeding.set_price(BTC, 600_000, hold_s=10)
    assert await desk.kinds(before) == ["set-index", "pass-time"]


async def test_a_price_that_cannot_be_is_not_kept(desk: MarketDesk) -> None:
    await desk.feeding.ready(BTC)
    done = await desk.feeding.set_price(BTC, 10**16, hold_s=1_000)
    assert {type(each.refusal) for each in done if each.refusal} == {OutOfRange}
    await desk.rounds(1)
    assert await desk.index() == 600_000


async def test_a_price_for_an_exchange_that_is_away_is_not_kept(desk: MarketDesk) -> None:
    await desk.feeding.ready(BTC)
    await desk.exchange.close()
    with pytest.raises(PlimsollError):
        await desk.feeding.set_price(BTC, 500_000, hold_s=1_000)
    instrument = desk.exchange.get_instrument(BTC)
    assert desk.feeding.index_of(instrument).price == 600_000


async def test_prices_set_at_the_same_time_come_one_after_the_other(desk: MarketDesk) -> None:
    await asyncio.gather(
        desk.feeding.ready(BTC),
        *(desk.feeding.set_price(BTC, 600_000 + at, hold_s=60) for at in range(5)),
    )
    held = desk.feeding.index_of(desk.exchange.get_instrument(BTC)).price
    assert await desk.index() == held


def test_a_price_is_taken_to_the_nearest_tick() -> None:
    (btc,) = (each for each in DEFAULT_INSTRUMENTS if each.symbol == BTC)
    for price, ticks in (("60000.04", 600_000), ("60000.05", 600_000), ("60000.15", 600_002)):
        assert nearest_ticks(btc, Decimal(price)) == ticks
    assert nearest_ticks(btc, Decimal("0.0000001")) == 1
