"""Brackets: tables that are continuous and nothing else; the reference tables digit by digit."""

import json
from dataclasses import replace
from decimal import Decimal
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.trading.domain.brackets import (
    BracketDeductionRefused,
    BracketGap,
    BracketLeverageRefused,
    BracketRateRefused,
    BracketsRefused,
    NoBrackets,
    check_brackets,
    find_bracket,
    leverage_cap,
    maintenance,
    make_brackets,
    notional_cap,
)
from plimsoll.trading.domain.instruments import MILLION, MONEY, Bracket
from plimsoll.trading.domain.listing import BTC_BRACKETS, DOGE_BRACKETS

VECTORS: Final = json.loads(
    (Path(__file__).parents[2] / "vectors" / "margin.json").read_text("utf-8")
)

Table = tuple[Bracket, ...]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Any table that `make_brackets` can make: one to ten levels."""
    levels = draw(st.integers(1, 10))
    widths = draw(st.lists(st.integers(1, 10**7), min_size=levels, max_size=levels))
    leverages = sorted(
        draw(st.sets(st.integers(1, 150), min_size=levels, max_size=levels)), reverse=True
    )
    rates = list[int]()
    for leverage in leverages:
        lowest = rates[-1] + 1 if rates else 1
        rates.append(draw(st.integers(lowest, max(lowest, min(MILLION // leverage, 999_999)))))
    *floors, cap = accumulate(widths, initial=0)
    return make_brackets(zip(floors, rates, leverages, strict=True), cap=cap)


@pytest.mark.parametrize(
    ("symbol", "brackets"), [("BTC-PERP", BTC_BRACKETS), ("DOGE-PERP", DOGE_BRACKETS)]
)
def test_the_tables_of_the_reference_are_ours(symbol: str, brackets: Table) -> None:
    told: dict[str, Any] = VECTORS["deductions"][symbol]
    ours = [
        [Decimal(each.floor) / MONEY, Decimal(each.maintenance_ppm) / MILLION, each.leverage,
         Decimal(each.deduction) / MONEY]
        for each in brackets
    ]  # fmt: skip
    levels = [[Decimal(row[0]), Decimal(row[1]), row[2], Decimal(row[3])] for row in told["levels"]]
    assert ours == levels
    assert brackets[-1].cap == int(told["cap"]) * MONEY


@given(tables())
def test_maintenance_is_continuous_where_brackets_meet(table: Table) -> None:
    for lower, upper in pairwise(table):
        at = upper.floor
        below = at * lower.maintenance_ppm - lower.deduction * MILLION
        above = at * upper.maintenance_ppm - upper.deduction * MILLION
        assert below == above
        assert maintenance(table, at - 1) <= maintenance(table, at) <= maintenance(table, at + 1)


@given(tables(), st.integers(1, 10**17), st.integers(0, 10**12))
def test_maintenance_rises_and_stays_below_what_is_at_stake(
    table: Table, notional: int, more: int
) -> None:
    kept = maintenance(table, notional)
    assert 0 < kept <= notional
    assert kept <= maintenance(table, notional + more) <= kept + more


@given(tables(), st.data())
def test_opening_at_the_highest_leverage_covers_maintenance(
    table: Table, data: st.DataObject
) -> None:
    notional = data.draw(st.integers(1, table[-1].cap))
    leverage = leverage_cap(table, notional)
    assert maintenance(table, notional) <= -(-notional // leverage)
    assert notional <= notional_cap(table, leverage)


def test_a_bracket_holds_its_floor_and_not_its_cap() -> None:
    first, second = BTC_BRACKETS[:2]
    assert find_bracket(BTC_BRACKETS, second.floor - 1) is first
    assert find_bracket(BTC_BRACKETS, second.floor) is second
    assert maintenance(BTC_BRACKETS, 300_000 * MONEY) == 1_200 * MONEY


def test_maintenance_is_rounded_up() -> None:
    assert maintenance(BTC_BRACKETS, 0) == 0
    assert maintenance(BTC_BRACKETS, 1) == 1
    assert maintenance(BTC_BRACKETS, 250) == 1
    assert maintenance(BTC_BRACKETS, 251) == 2


def test_the_last_bracket_holds_its_cap_and_prices_may_carry_a_position_beyond() -> None:
    cap = BTC_BRACKETS[-1].cap
    assert leverage_cap(BTC_BRACKETS, cap) == 1
    assert leverage_cap(BTC_BRACKETS, cap + 1) == 0
    assert maintenance(BTC_BRACKETS, 2 * cap) == (1_800_000_000 - 421_482_000) * MONEY


def test_the_most_notional_of_a_leverage() -> None:
    assert notional_cap(BTC_BRACKETS, 20) == 100_000_000 * MONEY
    assert notional_cap(BTC_BRACKETS, 21) == 70_000_000 * MONEY
    assert notional_cap(BTC_BRACKETS, 151) == 0


def changed(index: int, **fields: int) -> list[Bracket]:
    table = list(BTC_BRACKETS[:3])
    table[index] = replace(table[index], **fields)
    return table


@pytest.mark.parametrize(
    ("table", "error"),
    [
        ([], NoBrackets),
        (BTC_BRACKETS[1:], BracketGap),
        (changed(1, floor=300_001 * MONEY), BracketGap),
        (changed(2, cap=800_000 * MONEY), BracketGap),
        (changed(0, deduction=1), BracketGap),
        (changed(1, deduction=300 * MONEY - 1), BracketDeductionRefused),
        (changed(1, deduction=0), BracketDeductionRefused),
        (changed(1, maintenance_ppm=4_000), BracketRateRefused),
        (changed(1, maintenance_ppm=10_001), BracketRateRefused),
        (changed(0, maintenance_ppm=0), BracketRateRefused),
        (changed(1, leverage=150), BracketLeverageRefused),
        (changed(2, leverage=0), BracketLeverageRefused),
        (changed(0, leverage=1_001), BracketLeverageRefused),
        ([Bracket(0, 100, MILLION, 1, 0)], BracketRateRefused),
    ],
)
def test_a_broken_table_is_refused_by_name(
    table: list[Bracket], error: type[BracketsRefused]
) -> None:
    with pytest.raises(error):
        check_brackets(table)


def test_a_floor_whose_step_is_no_whole_hundred_millionth_is_refused() -> None:
    table = [Bracket(0, 333, 4_000, 100, 0), Bracket(333, 999, 5_000, 50, 0)]
    with pytest.raises(BracketDeductionRefused, match="and a fraction"):
        check_brackets(table)
