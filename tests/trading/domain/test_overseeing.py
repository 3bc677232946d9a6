"""Everybody at one moment: the same figures as each account has of itself."""

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.trading.domain.commands import SetHedge
from plimsoll.trading.domain.instruments import MILLION, MONEY
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.overseeing import (
    CROSS,
    Glance,
    Stance,
    by_account,
    concentration,
    see,
    weigh,
)
from plimsoll.trading.service.accounts import look_at
from tests.trading.desk import ANNA, BERT, BTC, BUY, INDEX, SELL, Desk


def stances(desk: Desk) -> dict[int, Stance]:
    sight = see(desk.venue)
    return {who: weigh(sight, who, held) for who, held in by_account(sight).items()}


def check_against_accounts(desk: Desk) -> None:
    """Position for position, and the cross part as a whole."""
    found = stances(desk)
    for who in (ANNA, BERT):
        account = look_at(desk.venue, desk.account(who))
        seen = found[who].positions if who in found else ()
        assert {
            (each.holding.symbol, each.holding.leg): (
                each.holding.quantity, each.mark, each.notional, each.profit, each.ratio_ppm,
                each.holding.isolated, each.holding.leverage,
            )
            for each in seen
        } == {
            (each.instrument.symbol, each.leg): (
                each.quantity, each.mark, each.notional, each.profit, each.ratio_ppm,
                each.isolated, each.leverage,
            )
            for each in account.positions
        }  # fmt: skip
        for backing in found[who].backings if who in found else ():
            if backing.matter == CROSS:
                assert backing.balance == account.standing.balance
                assert backing.maintenance == account.standing.maintenance


def test_a_position_is_weighed_as_its_owner_sees_it() -> None:
    desk = Desk()
    desk.quote([(INDEX - 10, 2_000)], [(INDEX + 10, 2_000)])
    desk.place(ANNA, BUY, 300)
    desk.isolate(BERT)
    desk.place(BERT, SELL, 200)
    check_against_accounts(desk)
    desk.walk(INDEX + INDEX // 50)
    check_against_accounts(desk)
    found = stances(desk)
    anna, bert = found[ANNA], found[BERT]
    assert anna.long > 0
    assert anna.short == bert.long == 0
    assert [each.matter for each in anna.backings] == [CROSS]
    assert [each.matter for each in bert.backings] == [BTC]
    backing = anna.backings[0]
    assert anna.leverage_ppm == backing.notional * MILLION // backing.balance
    assert anna.notional == backing.notional


def test_both_legs_of_a_hedged_symbol_stand_together() -> None:
    desk = Desk()
    desk.do(SetHedge, account=ANNA, hedge=True)
    desk.quote([(INDEX - 10, 2_000)], [(INDEX + 10, 2_000)])
    desk.place(ANNA, BUY, 300, leg=Leg.LONG)
    desk.place(ANNA, SELL, 100, leg=Leg.SHORT)
    check_against_accounts(desk)
    (anna,) = [each for who, each in stances(desk).items() if who == ANNA]
    assert (anna.long, anna.short) == (3 * anna.short, anna.short)


def test_the_house_is_nobody_and_the_limit_counts_every_contract_once() -> None:
    desk = Desk()
    desk.quote([(INDEX - 10, 2_000)], [(INDEX + 10, 2_000)])
    desk.place(ANNA, BUY, 300)
    desk.place(BERT, SELL, 100)
    sight = see(desk.venue)
    assert {each.account for each in sight.holdings} == {ANNA, BERT}
    assert sight.accounts == 2
    market = desk.venue.markets[BTC]
    assert sight.venue_notional == market.open_interest * market.mark * market.instrument.unit
    assert market.open_interest == 300  # Anna's; the house is short 200 of them, Bert 100


def test_a_copy_does_not_move_with_the_venue() -> None:
    desk = Desk()
    desk.quote([(INDEX - 10, 2_000)], [(INDEX + 10, 2_000)])
    desk.place(ANNA, BUY, 300)
    sight = see(desk.venue)
    before = weigh(sight, ANNA, by_account(sight)[ANNA])
    desk.walk(INDEX + INDEX // 50)
    desk.place(ANNA, SELL, 300)
    assert weigh(sight, ANNA, by_account(sight)[ANNA]) == before
    assert see(desk.venue).holdings == []


def test_who_has_nothing_left_has_all_the_leverage_that_there_is() -> None:
    desk = Desk()
    desk.quote([(INDEX - 10, 2_000)], [(INDEX + 10, 2_000)])
    desk.place(ANNA, BUY, 300)
    sight = see(desk.venue)
    broke = {ANNA: sight.holders[ANNA]._replace(wallet=-MONEY)}
    stance = weigh(sight._replace(holders=broke), ANNA, sight.holdings)
    assert stance.leverage_ppm == 1_000 * MILLION
    assert stance.ratio_ppm == 10**12


def test_concentration_of_one_and_of_many() -> None:
    assert concentration([]) == concentration([0, 0]) == (0, 0)
    assert concentration([5]) == (MILLION, MILLION)
    assert concentration([1, 1, 1, 1, 0]) == (250_000, 250_000)
    assert concentration([3, 1]) == (750_000, 625_000)


@given(st.lists(st.integers(1, 10**18), min_size=1, max_size=30))
def test_concentration_lies_between_equal_shares_and_one(notionals: list[int]) -> None:
    largest, hhi = concentration(notionals)
    assert MILLION // len(notionals) - 1 <= hhi <= largest <= MILLION


def test_a_copy_in_pieces_fits_until_the_next_command() -> None:
    desk = Desk()
    desk.quote([(INDEX - 10, 2_000)], [(INDEX + 10, 2_000)])
    desk.place(ANNA, BUY, 300)
    glance = Glance(desk.venue)
    assert glance.go_on() is None
    assert glance.fits(desk.venue)
    assert not glance.fits(Desk().venue), "one that was restored"
    assert glance.go_on() == see(desk.venue)
    desk.place(BERT, SELL, 200)
    assert not glance.fits(desk.venue)
