"""Laws of matching for all ledgers: nothing is lost, and what must not matter does not."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.kernel.money import ZERO
from plimsoll.tax.domain.allocation import Allocation
from plimsoll.tax.domain.facts import Fact
from plimsoll.tax.domain.lots import Method
from plimsoll.tax.domain.matching import ALWAYS, Election, Scope, match
from plimsoll.tax.domain.movements import Acquired, Disposed
from plimsoll.tax.domain.reading import read
from plimsoll.tax.domain.results import Matched
from plimsoll.tax.domain.rules import generic, us
from tests.tax.ledgers import fact, matched, transaction

START = datetime(2024, 12, 28, 12, tzinfo=UTC)
DUST = Decimal("1e-15")
"""What roundings to 1e-18 may add up to in these ledgers."""


class Step(NamedTuple):
    """A line of a random ledger."""

    kind: str
    hours: int
    asset: str
    account: str
    target: str
    quantity: Decimal
    value: Decimal
    fee: Decimal


QUANTITIES = st.integers(1, 5000).map(lambda n: Decimal(n) / 100)
STEPS = st.builds(
    Step,
    kind=st.sampled_from(["buy", "buy", "sell", "transfer", "staking", "swap", "gift_out"]),
    hours=st.integers(0, 30),
    asset=st.sampled_from(["A", "B"]),
    account=st.sampled_from(["X", "Y"]),
    target=st.sampled_from(["X", "Y", "Z"]),
    quantity=QUANTITIES,
    value=st.integers(0, 10**6).map(lambda n: Decimal(n) / 100),
    fee=st.integers(0, 100).map(lambda n: Decimal(n) / 100),
)


def ledger(steps: Sequence[Step]) -> list[Fact]:
    """The steps as facts, hours apart; balances may well go below zero."""
    facts, at = [], START
    for number, step in enumerate(steps, 1):
        at += timedelta(hours=step.hours)
        kind, _, asset, account, target, quantity, value, fee = step
        coin, other = f"{asset} {quantity} {value}", "B" if asset == "A" else "A"
        fees = [f"- usd -{fee} {fee} fee"] if fee else []
        match kind:
            case "buy":
                legs = [f"{account} {coin}", f"- usd -{value} {value}", *fees]
            case "sell":
                legs = [f"{account} {asset} -{quantity} {value}", f"- usd {value} {value}", *fees]
            case "swap":
                went = f"{account} {asset} -{quantity} {value}"
                legs = [went, f"{account} {other} {quantity} {value}", *fees]
            case "transfer":
                legs = [f"{account} {asset} -{quantity} -", f"{target} {asset} {quantity} -"]
            case "gift_out":
                legs = [f"{account} {asset} -{quantity} {value}"]
            case _:
                legs = [f"{account} {coin}"]
        if not (kind in {"buy", "sell"} and not value):
            facts.append(fact(kind, at, *legs, seq=number))
    return facts


LEDGERS = st.lists(STEPS, max_size=40).map(ledger)
SCOPES = st.sampled_from([((ALWAYS, Scope.OWNER),), ((ALWAYS, Scope.ACCOUNT),), us.ELECTION.scopes])
ELECTIONS = st.builds(
    Election,
    methods=st.tuples(
        st.sampled_from(Method).map(lambda method: (ALWAYS, method)),
        st.sampled_from(Method).map(lambda method: (date(2025, 1, 5), method)),
    ),
    scopes=SCOPES,
    allocation=st.builds(Allocation, method=st.sampled_from(Method)),
)


def gain(result: Matched) -> Decimal:
    return sum((each.gain for each in result.slices), ZERO)


@settings(max_examples=80, deadline=None)
@given(facts=LEDGERS, election=ELECTIONS)
def test_nothing_is_lost_between_lots_slices_and_disposals(
    facts: list[Fact], election: Election
) -> None:
    movements = read(facts, us.COUNTRY).movements

    result = match(movements, us.COUNTRY, election)

    came = [each for each in movements if isinstance(each, Acquired)]
    out_of_lots = [each for each in result.slices if each.acquired is not None]
    assert sum(each.cost for each in came) == (
        sum(each.cost for each in out_of_lots) + sum(lot.cost for lot in result.lots)
    )
    appeared = sum(each.quantity for each in result.shortfalls)
    assert sum(each.quantity for each in came) + appeared == (
        sum(each.quantity for each in result.slices) + sum(lot.quantity for lot in result.lots)
    )
    for movement in movements:
        if isinstance(movement, Disposed):
            parts = [each for each in result.slices if each.disposed.ref == movement.ref]
            assert sum(each.quantity for each in parts) == movement.quantity
            if movement.taxed:
                assert sum(each.proceeds for each in parts) == movement.proceeds
            else:
                assert not sum(each.gain for each in parts)
    assert all(lot.quantity > 0 and lot.cost >= 0 for lot in result.lots)


@settings(max_examples=40, deadline=None)
@given(facts=LEDGERS, method=st.sampled_from(Method), data=st.data())
def test_the_order_of_rows_within_a_moment_changes_no_total(
    facts: list[Fact], method: Method, data: st.DataObject
) -> None:
    """Purchases and sales; what a transfer takes along does depend on what came before it."""
    trades = [each for each in facts if each.kind in {"buy", "sell", "staking"}]
    shuffled = [
        each._replace(seq=seq)
        for each, seq in zip(
            trades, data.draw(st.permutations([each.seq for each in trades])), strict=True
        )
    ]
    election = replace(generic.ELECTION, methods=((ALWAYS, method),))

    result = matched(trades, generic.COUNTRY, election)
    again = matched(shuffled, generic.COUNTRY, election)

    assert abs(gain(result) - gain(again)) <= DUST
    assert [(lot.ref, lot.quantity) for lot in result.lots] == [
        (lot.ref, lot.quantity) for lot in again.lots
    ]


@settings(max_examples=40, deadline=None)
@given(facts=LEDGERS, election=ELECTIONS)
def test_a_purchase_split_in_two_changes_no_total(facts: list[Fact], election: Election) -> None:
    """Halves of one moment, each with half of the value and of the fee."""
    halves = []
    for each in facts:
        if each.kind != "buy":
            halves.append(each._replace(seq=10 * each.seq))
            continue
        half = tuple(
            leg._replace(quantity=leg.quantity / 2, value=(leg.value or ZERO) / 2)
            for leg in each.legs
        )
        halves += [
            each._replace(
                seq=10 * each.seq + part, legs=half, id=transaction(1000 * each.seq + part)
            )
            for part in (0, 1)
        ]
    scattered = [each._replace(id=transaction(1000 * each.seq)) for each in facts]

    result = matched(scattered, us.COUNTRY, election)
    split = matched(halves, us.COUNTRY, election)

    assert abs(gain(result) - gain(split)) <= DUST


@settings(max_examples=40, deadline=None)
@given(facts=LEDGERS, method=st.sampled_from(Method))
def test_own_transfers_change_nothing_while_pools_are_the_owners(
    facts: list[Fact], method: Method
) -> None:
    election = Election(methods=((ALWAYS, method),), scopes=((ALWAYS, Scope.OWNER),))
    without = [each for each in facts if each.kind != "transfer"]

    result = matched(facts, us.COUNTRY, election)

    assert result.slices == matched(without, us.COUNTRY, election).slices


@settings(max_examples=40, deadline=None)
@given(facts=LEDGERS)
def test_once_all_is_sold_the_methods_agree(facts: list[Fact]) -> None:
    facts = [each for each in facts if each.kind != "gift_out"]
    of_owner = Election(scopes=((ALWAYS, Scope.OWNER),))
    end = START + timedelta(days=900)
    last = [
        fact("sell", end, f"X {lot.asset} -{lot.quantity} 7", "- usd 7 7", seq=10**6 + number)
        for number, lot in enumerate(matched(facts, generic.COUNTRY, of_owner).lots)
    ]
    results = [
        matched([*facts, *last], generic.COUNTRY, replace(of_owner, methods=((ALWAYS, method),)))
        for method in Method
    ]

    assert not any(result.lots for result in results)
    assert len({gain(result) for result in results}) == 1


@pytest.mark.parametrize("method", Method)
def test_many_transfers_there_and_back_leave_the_lots_as_they_were(method: Method) -> None:
    buys = [
        fact("buy", START + timedelta(hours=n), f"X A 1 {n}", f"- usd -{n} {n}", seq=n)
        for n in range(1, 11)
    ]
    moves = [
        fact(
            "transfer",
            START + timedelta(days=1, minutes=n),
            f"{'XY'[n % 2]} A -7 -",
            f"{'YX'[n % 2]} A 7 -",
            seq=100 + n,
        )
        for n in range(200)
    ]
    election = replace(generic.ELECTION, methods=((ALWAYS, method),))

    result = matched([*buys, *moves], generic.COUNTRY, election)

    assert [lot.cost for lot in result.lots] == list(range(1, 11))
    assert {lot.quantity for lot in result.lots} == {1}
