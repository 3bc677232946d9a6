"""Index, mark and premium: worked numbers, and what no book and no trade can do to them."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.trading.domain.book import Book
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.mark import (
    HOUR_MS,
    LONGEST_STAND_MS,
    PREMIUM,
    RATE,
    MarkState,
    close_premium,
    combine_index,
    impact_notional,
    next_stamp,
    note_premium,
    premium_of,
    round_half_even,
    set_index,
)
from plimsoll.trading.domain.orders import Order, OrderType, Side, TimeInForce
from plimsoll.trading.domain.venue import Market

VECTORS: Final = json.loads(
    (Path(__file__).parents[2] / "vectors" / "funding.json").read_text("utf-8")
)
BTC: Final = DEFAULT_INSTRUMENTS[0]
START: Final = 1_767_225_600_000
"""A midnight, UTC."""

Row = dict[str, Any]
Levels = list[tuple[int, int]]


def ticks(price: str) -> int:
    return int(Decimal(price) * 10)


def book_of(bids: Levels, asks: Levels) -> Book:
    book = Book()
    numbers = iter(range(1, 1_000))
    for side, levels in ((Side.BUY, bids), (Side.SELL, asks)):
        for price, quantity in levels:
            book.add(
                Order(
                    next(numbers), 9, BTC.symbol, side, OrderType.LIMIT, quantity, price,
                    TimeInForce.GTC,
                )
            )  # fmt: skip
    return book


def market_of(bids: Levels, asks: Levels, *, last_rate: int = 0) -> Market:
    return Market(BTC, book_of(bids, asks), marking=MarkState(last_rate=last_rate))


@pytest.mark.parametrize("row", VECTORS["index"], ids=lambda row: row["name"])
def test_the_index_leaves_out_who_is_far_off(row: Row) -> None:
    sources = [(Decimal(price), Decimal(weight)) for price, weight in row["sources"]]
    assert combine_index(sources) == Decimal(row["index"])


@pytest.mark.parametrize("row", VECTORS["mark"], ids=lambda row: row["name"])
def test_the_mark_is_the_median_of_three(row: Row) -> None:
    index, basis = ticks(row["index"]), ticks(row["basis"])
    market = market_of(
        [(index + basis - 10, 1)],
        [(index + basis + 10, 1)],
        last_rate=int(Decimal(row["rate"]) * RATE),
    )
    market.last = ticks(row["last"])
    at_ms = START + (8 - int(row["hours"])) * HOUR_MS
    market.marking.stamp_ms = START + 8 * HOUR_MS

    mark = set_index(market, index, at_ms)

    assert mark == market.mark == ticks(row["mark"])
    assert market.index == index


def test_points_of_the_basis_are_one_a_second_and_leave_after_thirty() -> None:
    market = market_of([(500_050, 1)], [(500_070, 1)])
    set_index(market, 500_000, START)
    set_index(market, 500_020, START + 900)
    assert market.marking.basis == [(START // 1000, 80)]

    set_index(market, 500_020, START + 29_000)
    assert len(market.marking.basis) == 2
    set_index(market, 500_020, START + 30_000)
    assert [second for second, _ in market.marking.basis] == [
        START // 1000 + 29,
        START // 1000 + 30,
    ]
    assert market.marking.basis_sum == sum(each for _, each in market.marking.basis)


def test_a_book_with_one_side_says_nothing() -> None:
    market = market_of([(520_000, 1)], [])
    assert set_index(market, 500_000, START) == 500_000
    assert market.marking.basis == []


@given(
    st.integers(1_000, 10**7),
    st.integers(1, 10**8),
    st.integers(1, 10**8),
    st.integers(0, 10**8),
    st.integers(-2_000_000, 2_000_000),
)
def test_no_book_and_no_trade_leads_the_mark_out_of_the_band(
    index: int, bid: int, ask: int, last: int, rate: int
) -> None:
    market = market_of([(bid, 1)], [(ask, 1)], last_rate=rate)
    market.last = last
    mark = set_index(market, index, START + 1)
    assert abs(mark - index) <= index * BTC.band_ppm // 10**6


@given(
    st.integers(100_000, 10**6),
    st.integers(-20_000, 20_000),
    st.integers(0, 2 * 10**6),
    st.integers(-2_000_000, 2_000_000),
    st.integers(0, 8 * HOUR_MS - 1),
)
def test_rounding_the_three_is_rounding_their_median(
    index: int, basis: int, last: int, rate: int, passed: int
) -> None:
    bid, ask = index + basis // 4 - 1, index + basis // 4 + 2
    market = market_of([(bid, 1)], [(ask, 1)], last_rate=rate)
    market.last = last
    left = Fraction(8 * HOUR_MS - passed, 8 * HOUR_MS)
    first = index * (1 + Fraction(rate, RATE) * left)
    second = Fraction(bid + ask, 2)
    exact = round(sorted((first, second, Fraction(last or index)))[1])
    band = index * BTC.band_ppm // 10**6

    mark = set_index(market, index, START + passed)

    assert mark == max(index - band, min(exact, index + band))


@pytest.mark.parametrize("row", VECTORS["impact"], ids=lambda row: row["leverage"])
def test_the_impact_notional_is_200_coins_at_the_highest_leverage(row: Row) -> None:
    bracket = BTC.brackets[0]
    assert 200 * int(row["leverage"]) == int(row["notional"])
    if bracket.leverage == int(row["leverage"]):
        assert impact_notional(BTC) == int(row["notional"]) * MONEY


@pytest.mark.parametrize("row", VECTORS["premium"], ids=lambda row: row["name"])
def test_the_premium_is_what_the_book_gives_for_the_impact_notional(row: Row) -> None:
    bids, asks = (
        [(ticks(price), int(Decimal(size) * 1000)) for price, size in row[side]]
        for side in ("bids", "asks")
    )
    premium = premium_of(book_of(bids, asks), BTC, ticks(row["index"]))
    assert Decimal(premium) / PREMIUM == Decimal(row["premium"])


def test_a_premium_counts_for_as_long_as_it_stood() -> None:
    marking = MarkState()
    note_premium(marking, 100, START)
    note_premium(marking, -40, START + 2_000)
    close_premium(marking, START + 7_000)
    assert (marking.premium_sum, marking.premium_ms) == (100 * 2_000 - 40 * 5_000, 7_000)


def test_a_premium_that_nobody_renews_counts_for_a_minute() -> None:
    marking = MarkState()
    note_premium(marking, 100, START)
    close_premium(marking, START + HOUR_MS)
    close_premium(marking, START + 2 * HOUR_MS)
    assert (marking.premium_sum, marking.premium_ms) == (100 * LONGEST_STAND_MS, LONGEST_STAND_MS)


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**15))
def test_half_goes_to_the_even(top: int, bottom: int) -> None:
    assert round_half_even(top, bottom) == round(Fraction(top, bottom))


def test_stamps_are_on_the_grid_of_the_day() -> None:
    assert next_stamp(START, 8) == START + 8 * HOUR_MS
    assert next_stamp(START + 8 * HOUR_MS - 1, 8) == START + 8 * HOUR_MS
    assert next_stamp(START + 9 * HOUR_MS, 4) == START + 12 * HOUR_MS
