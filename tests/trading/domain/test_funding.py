"""Funding: worked rates and payments, and stories of who pays whom, once."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.trading.domain.commands import Deposit, PassTime, SetIndex, Withdraw
from plimsoll.trading.domain.events import (
    Event,
    FundingSettled,
    MarkSet,
    WalletChanged,
    WalletReason,
)
from plimsoll.trading.domain.funding import payment, rate_of
from plimsoll.trading.domain.instruments import MONEY, Instrument
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.mark import HOUR_MS, PREMIUM, RATE
from tests.trading.desk import ANNA, BERT, BTC, BUY, INDEX, SELL, UNIT, Desk, of

VECTORS: Final = json.loads(
    (Path(__file__).parents[2] / "vectors" / "funding.json").read_text("utf-8")
)
INTERVAL_MS: Final = 8 * HOUR_MS
Row = dict[str, Any]


def instrument(hours: int = 8, interest: str = "0.0001") -> Instrument:
    fields = {"funding_interval_h": hours, "interest": int(Decimal(interest) * RATE)}
    return Instrument(**{**_fields(DEFAULT_INSTRUMENTS[0]), **fields})


def _fields(source: Instrument) -> dict[str, Any]:
    return {name: getattr(source, name) for name in Instrument.__slots__}


def paid(events: list[Event]) -> dict[int, int]:
    """What funding did to the wallets."""
    changes = [each for each in of(WalletChanged, events) if each.reason is WalletReason.FUNDING]
    assert len({each.account for each in changes}) == len(changes)
    return {each.account: each.change for each in changes}


@pytest.fixture
def desk() -> Desk:
    """Anna is long 1 BTC and Bert short, both in at 50,000."""
    desk = Desk()
    desk.place(ANNA, BUY, 1_000, INDEX)
    desk.place(BERT, SELL, 1_000, INDEX)
    return desk


def at_stamp(desk: Desk, *, late_ms: int = 0) -> list[Event]:
    """The first command of the next stamp."""
    desk.at_ms = desk.venue.markets[BTC].marking.stamp_ms + late_ms
    return desk.do(PassTime)


@pytest.mark.parametrize("row", VECTORS["rate"], ids=str)
def test_the_rate_of_an_average_premium(row: Row) -> None:
    rate = rate_of(
        instrument(int(row["hours"]), row["interest"]),
        premium_sum=int(Decimal(row["premium"]) * PREMIUM) * 60_000,
        premium_ms=60_000,
    )
    assert Decimal(rate) / RATE == Decimal(row["rate"])


@pytest.mark.parametrize("row", VECTORS["payment"], ids=str)
def test_payers_are_rounded_up_and_receivers_down(row: Row) -> None:
    amount = payment(
        int(Decimal(row["quantity"]) * 1_000),
        mark=int(Decimal(row["mark"]) * 10),
        unit=UNIT,
        rate=int(Decimal(row["rate"]) * RATE),
    )
    assert Decimal(amount) / MONEY == Decimal(row["payment"])


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**7))
def test_no_rate_is_beyond_the_cap(premium: int, stood: int) -> None:
    listed = instrument()
    rate = rate_of(listed, premium_sum=premium * stood, premium_ms=stood)
    assert abs(rate) <= listed.funding_cap


def test_the_long_pays_the_short_at_the_mark_of_the_stamp(desk: Desk) -> None:
    desk.walk(INDEX + 5_000)

    events = at_stamp(desk)

    (settled,) = of(FundingSettled, events)
    assert (settled.rate, settled.mark) == (10_000, INDEX + 5_000)
    assert settled.stamp_ms == desk.at_ms
    assert paid(events) == {ANNA: -505 * MONEY // 100, BERT: 505 * MONEY // 100}


def test_a_stamp_is_settled_once(desk: Desk) -> None:
    assert paid(at_stamp(desk))
    assert of(FundingSettled, desk.do(PassTime)) == []
    desk.at_ms += 1
    assert of(FundingSettled, desk.do(SetIndex, symbol=BTC, index_price=INDEX)) == []


def test_the_stamp_is_settled_before_the_index_that_comes_with_it(desk: Desk) -> None:
    desk.at_ms = desk.venue.markets[BTC].marking.stamp_ms
    events = desk.index(INDEX * 2)
    settled, marked = of(FundingSettled, events)[0], of(MarkSet, events)[0]
    assert events.index(settled) < events.index(marked)
    assert settled.mark == INDEX


def test_who_came_after_the_stamp_was_settled_does_not_pay(desk: Desk) -> None:
    """In the same millisecond: the order of the commands counts."""
    marking = desk.venue.markets[BTC].marking
    desk.at_ms = marking.stamp_ms
    desk.do(PassTime)
    desk.place(ANNA, BUY, 500, INDEX)
    desk.place(BERT, SELL, 500, INDEX)
    assert paid(desk.do(PassTime)) == {}
    desk.index(INDEX)
    assert paid(at_stamp(desk))[ANNA] == -750 * MONEY // 100


def test_after_a_silence_only_the_interval_that_was_watched_is_settled(desk: Desk) -> None:
    desk.index(INDEX)
    first = desk.venue.markets[BTC].marking.stamp_ms
    events = at_stamp(desk, late_ms=10 * INTERVAL_MS + 5)
    assert [each.stamp_ms for each in of(FundingSettled, events)] == [first]
    assert desk.venue.markets[BTC].marking.stamp_ms == first + 11 * INTERVAL_MS

    (unwatched,) = of(FundingSettled, at_stamp(desk))
    assert unwatched.rate == 0


def test_an_isolated_position_pays_with_its_own_money() -> None:
    desk = Desk()
    desk.isolate(ANNA)
    desk.place(ANNA, BUY, 1_000, INDEX)
    desk.place(BERT, SELL, 1_000, INDEX)
    before, wallet = desk.position(ANNA).isolated, desk.wallet(ANNA)
    at_stamp(desk)
    assert desk.position(ANNA).isolated == before - 5 * MONEY
    assert desk.wallet(ANNA) == wallet - 5 * MONEY


def test_who_has_no_money_left_pays_with_profit(desk: Desk) -> None:
    """Bert gets all of it, nobody else pays, and Anna is worth what she owes less."""
    desk.walk(INDEX + 20_000)
    free = desk.wallet(ANNA)
    desk.do(Withdraw, account=ANNA, asset="tether", amount=free // 2)
    account, position = desk.account(ANNA), desk.position(ANNA)
    desk.venue.deposited -= account.wallet  # as if losses had taken it
    account.wallet = 0
    cost, fund = position.cost, desk.venue.insurance

    events = at_stamp(desk)

    assert paid(events)[BERT] == 520 * MONEY // 100
    assert (account.wallet, position.cost) == (0, cost + 520 * MONEY // 100)
    assert desk.venue.insurance == fund


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1), st.integers(-(10**6), 10**6))
def test_what_is_paid_covers_what_is_received(sizes: list[int], rate: int) -> None:
    sizes = [*sizes, -sum(sizes)]
    total = sum(payment(each, mark=499_999, unit=7, rate=rate) for each in sizes)
    assert 0 <= total < len(sizes)


def test_funding_can_be_received_into_what_is_put_aside() -> None:
    desk = Desk()
    desk.do(Deposit, account=BERT, asset="tether", amount=MONEY)
    desk.isolate(BERT)
    desk.place(ANNA, BUY, 1_000, INDEX)
    desk.place(BERT, SELL, 1_000, INDEX)
    before = desk.position(BERT).isolated
    at_stamp(desk)
    assert desk.position(BERT).isolated == before + 5 * MONEY
