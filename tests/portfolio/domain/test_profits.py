"""Where a profit came from."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.holdings import NotEnoughHeld, fold
from plimsoll.ledger.domain.transactions import Kind, Role, Transaction, check
from plimsoll.portfolio.domain.explained import Figure
from plimsoll.portfolio.domain.flows import list_flows
from plimsoll.portfolio.domain.profits import Split, split
from plimsoll.portfolio.domain.returns import Course, course_of, on_average_investment
from plimsoll.portfolio.domain.series import DailyPrices, PriceOf, recompute
from tests.ledger.entries import (
    BNB,
    BTC,
    COLD,
    ETH,
    EUR,
    MAIN,
    OUTSIDE,
    USD,
    buy,
    entry,
    fee,
    leg,
    sell,
    transfer,
)
from tests.portfolio.domain.courses import at, on, prices

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "performance.json").read_text("utf-8")
)


def course_from(
    transactions: Sequence[Transaction], price_of: PriceOf, *, first: date, last: date
) -> Course:
    series = recompute((), date.min, transactions=transactions, price_of=price_of, until=last)
    flows = list_flows(transactions, series, price_of).by_day()
    return course_of(series, flows, first=first, last=last)


def told(*transactions: Transaction, price_of: PriceOf, first: int = 0, last: int = 9) -> Split:
    course = course_from(transactions, price_of, first=on(first), last=on(last))
    return split(course, transactions, price_of)


def values(found: Split) -> dict[str, Decimal | None]:
    names = ("profit", "realised", "unrealised", "income", "fees", "rest")
    figures: Mapping[str, Figure] = {name: getattr(found, name) for name in names}
    return {name: figure.value for name, figure in figures.items() if figure.value}


@pytest.mark.parametrize("case", VECTORS["profit"], ids=lambda case: case["id"])
def test_published_profits(case: dict[str, Any]) -> None:
    record: dict[str, Callable[..., Transaction]] = {"buy": buy, "sell": sell}
    trades = [
        record[each["kind"]](
            each["quantity"],
            value=each["value"],
            paid_fee=each["fee"],
            at=datetime.combine(date.fromisoformat(each["day"]), time(12), UTC),
        )
        for each in case["trades"]
    ]
    first = date.fromisoformat(case["trades"][0]["day"])
    until, price = date.fromisoformat(case["until"]), Decimal(case["price"])
    known = DailyPrices(USD, {BTC: {first: price}})
    course = course_from(trades, known, first=first, last=until)
    found = split(course, trades, known)
    held = fold(trades).holdings[MAIN, BTC]

    assert found.rest.value == 0
    assert found.profit.value is not None
    assert found.fees.value is not None
    if "net" in case:
        assert found.profit.value == Decimal(case["net"])
        assert found.profit.value + found.fees.value == Decimal(case["gross"])
    if "realised" in case:
        assert round(found.realised.value or ZERO, 2) == Decimal(case["realised"])
        assert round(found.unrealised.value or ZERO, 2) == Decimal(case["unrealised"])
    if "average_without_fees" in case:
        assert held.average_cost_without_fees == Decimal(case["average_without_fees"])
    if "invested" in case:
        assert held.cost - held.fees == Decimal(case["invested"])
    if "gross_on_average_investment_percent" in case:
        invested = accumulate(Decimal(each["value"]) for each in case["trades"])
        days = (date.fromisoformat(each["day"]) for each in case["trades"])
        gross = Decimal(case["gross"])
        figure = on_average_investment(gross, list(zip(days, invested, strict=True)), until)
        assert figure.value is not None
        expected = Decimal(case["gross_on_average_investment_percent"])
        assert round(figure.value * 100, 3) == expected


def test_bought_sold_and_earned() -> None:
    known = prices(bitcoin={0: "100", 1: "120", 3: "150"})
    found = told(
        buy("2", value="200", paid_fee="4", at=at(0)),
        entry(Kind.STAKING, leg("0.5", value="60"), at=at(1)),
        sell("1", value="150", paid_fee="3", at=at(3)),
        price_of=known,
    )
    # 264 for 2.5, so 105.6 a coin; 147 − 105.6 realised; 1.5 · 150 − 158.4 not yet
    assert values(found) == {
        "profit": 168,
        "realised": Decimal("41.4"),
        "unrealised": Decimal("66.6"),
        "income": 60,
        "fees": 7,
    }
    assert found.realised.inputs == {"proceeds": 147, "cost": Decimal("105.6")}


def test_a_period_counts_only_what_happened_in_it() -> None:
    known = prices(bitcoin={0: "100", 4: "130", 6: "160"})
    bought = buy("2", value="200", at=at(0))
    sold = sell("1", value="150", at=at(5))
    later = sell("1", value="999", at=at(8))
    found = told(bought, sold, later, price_of=known, first=5, last=6)
    assert values(found) == {"profit": 50, "realised": 50}
    quiet = told(bought, price_of=known, first=3, last=6)
    assert values(quiet) == {"profit": 120, "unrealised": 120}


def test_coins_that_come_and_go_alone_bring_no_profit_of_another_time() -> None:
    known = prices(bitcoin={0: "100", 2: "110", 3: "120"})
    found = told(
        entry(Kind.OPENING_LOT, leg("2", value="10"), at=at(0)),
        entry(Kind.GIFT_OUT, leg("-1"), at=at(2)),
        price_of=known,
    )
    assert values(found) == {"profit": 30, "unrealised": 30}


def test_what_is_lost_is_realised_and_so_is_a_fee_with_nothing_to_belong_to() -> None:
    known = prices(bitcoin={0: "100"})
    found = told(
        buy("2", value="200", at=at(0)),
        entry(Kind.STOLEN, leg("-1"), at=at(1)),
        entry(Kind.TRANSFER, *transfer("0.5").legs, fee("2"), at=at(2)),
        entry(Kind.WITHDRAWAL, leg("-0.1"), fee("1"), at=at(3)),
        price_of=known,
    )
    assert values(found) == {"profit": -103, "realised": -103, "fees": 3}


def test_the_rest_is_what_the_exchange_rate_did_to_costs() -> None:
    known = prices(bitcoin={0: "100"}, eur={0: "1", 1: "1.5"})
    found = told(buy("1", value="100", at=at(0), currency=EUR), price_of=known)
    assert values(found) == {"unrealised": -50, "rest": 50}


def test_what_has_no_price_is_named() -> None:
    bought = buy("1", value="100", asset="dust", at=at(0))
    found = told(bought, price_of=prices())
    assert (values(found), found.unvalued) == ({}, ("dust",))


def test_what_has_no_price_moves_no_part() -> None:
    """Only the 0.1 bitcoin got for it is measured: in for 12, worth 10."""
    found = told(
        buy("10", value="50", asset="dust", at=at(0)),
        entry(Kind.STAKING, leg("1", "dust", value="5"), at=at(1)),
        entry(Kind.DEPOSIT, leg("1", "dust", value="3"), at=at(2)),
        entry(Kind.SWAP, leg("-2", "dust", value="12"), leg("0.1", BTC, value="12"), at=at(3)),
        price_of=prices(bitcoin={0: "100"}),
    )
    assert values(found) == {"profit": -2, "unrealised": -2}


def _swap(given_up: str, got: str, quantity: Decimal, value: Decimal) -> Transaction:
    legs = [leg(-quantity, given_up, value=value), leg(quantity * 2, got, value=value)]
    if given_up != BNB:
        legs.append(fee("0.01", BNB, value=value / 100, wallet=MAIN))
    legs.append(fee(quantity / 10, got, value=value / 20, wallet=MAIN, role=Role.WITHHELD_FEE))
    return entry(Kind.SWAP, *legs)


def _one(draw: st.DrawFn) -> Transaction:
    asset = draw(st.sampled_from((BTC, ETH, BNB)))
    other = draw(st.sampled_from([each for each in (BTC, ETH, BNB) if each != asset]))
    quantity = draw(st.decimals("0.1", 3, places=2))
    value = draw(st.decimals(1, 500, places=2))
    paid = draw(st.sampled_from(("0", "1.37")))
    outside = [fee(paid)] if Decimal(paid) else []
    alone = draw(
        st.sampled_from((Kind.DEPOSIT, Kind.STAKING, Kind.WAGES, Kind.GIFT_IN, Kind.ADJUSTMENT))
    )
    gone = draw(
        st.sampled_from((Kind.WITHDRAWAL, Kind.LOST, Kind.GIFT_OUT, Kind.FUNDING, Kind.ADJUSTMENT))
    )
    burnt = fee("0.02", BNB, value="3", wallet=MAIN)
    return draw(
        st.sampled_from(
            [
                buy(quantity, value=value, paid_fee=paid, asset=asset),
                sell(quantity, value=value, paid_fee=paid, asset=asset),
                _swap(asset, other, quantity, value),
                entry(alone, leg(quantity, asset, value=value), *outside),
                entry(gone, leg(-quantity, asset), *outside, burnt),
                transfer(quantity, *outside, burnt, asset=asset),
                transfer(quantity, asset=asset, source=COLD, target=MAIN),
                entry(Kind.FEE_ONLY, burnt),
                entry(
                    Kind.SPEND,
                    leg(-quantity, asset, value=value),
                    leg(value, USD, value=value, wallet=OUTSIDE),
                ),
            ]
        )
    )


@st.composite
def ledgers(draw: st.DrawFn) -> list[Transaction]:
    """Whatever the ledger allows, in one currency, an hour apart or more."""
    legal = [
        buy("5", value=str(100 * number), asset=asset, at=at(0, hour=number))
        for number, asset in enumerate((BTC, ETH, BNB), 1)
    ]
    moments = sorted(draw(st.lists(st.integers(10, 200), max_size=12, unique=True)))
    for moment in moments:
        drawn = _one(draw)
        each = entry(drawn.kind, *drawn.legs, at=at(moment // 24, hour=moment % 24))
        check(each)
        try:
            fold([*legal, each])
        except NotEnoughHeld:
            continue
        legal.append(each)
    return legal


@settings(deadline=None, max_examples=60)
@given(ledgers(), st.integers(0, 9), st.integers(0, 9))
def test_the_parts_make_the_profit_to_the_last_digit_that_is_rounded(
    ledger: list[Transaction], one: int, other: int
) -> None:
    known = prices(
        bitcoin={0: "100", 2: "140.5", 5: "90"},
        ethereum={0: "30", 1: "33.33", 6: "12"},
        binancecoin={0: "60", 4: "75"},
    )
    found = told(*ledger, price_of=known, first=min(one, other), last=max(one, other))
    assert found.rest.value is not None
    assert abs(found.rest.value) < Decimal("1e-15")
    parts = (found.realised, found.unrealised, found.income, found.rest)
    assert sum((each.value or ZERO for each in parts), ZERO) == found.profit.value
