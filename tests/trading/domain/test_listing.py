"""The instruments that ship, and what keeps a broken one out."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import pytest

from plimsoll.trading.domain.brackets import NoBrackets
from plimsoll.trading.domain.instruments import MONEY, Fees, InstrumentKind
from plimsoll.trading.domain.listing import (
    BTC_BRACKETS,
    DEFAULT_INSTRUMENTS,
    InstrumentRefused,
    check_instrument,
    unit_of,
)

BY_SYMBOL: Final = {each.symbol: each for each in DEFAULT_INSTRUMENTS}
BTC: Final = BY_SYMBOL["BTC-PERP"]


@pytest.mark.parametrize("symbol", BY_SYMBOL)
def test_every_instrument_that_ships_is_valid(symbol: str) -> None:
    check_instrument(BY_SYMBOL[symbol])


def test_no_symbol_ships_twice() -> None:
    assert len(BY_SYMBOL) == len(DEFAULT_INSTRUMENTS)
    assert {"BTC-PERP", "ETH-PERP", "SOL-PERP", "XRP-PERP", "DOGE-PERP", "BTC-USDT"} <= {*BY_SYMBOL}


def test_a_largest_order_is_about_what_its_last_bracket_holds_at_most() -> None:
    """At a price of 60,000, which is a million times the unit and more."""
    assert BTC.most_quantity * 600_000 * BTC.unit <= BTC.brackets[-1].cap


def test_the_unit_is_the_money_of_a_tick_times_a_step() -> None:
    assert unit_of(Decimal("0.1"), Decimal("0.001")) == MONEY // 10_000
    assert unit_of(Decimal("0.0001"), Decimal("0.0001")) == 1


@pytest.mark.parametrize(
    ("tick", "step"), [("0.0001", "0.00001"), ("0", "1"), ("1", "-1"), ("100", "0.000000001")]
)
def test_a_grid_that_is_not_exact_is_refused(tick: str, step: str) -> None:
    with pytest.raises(InstrumentRefused):
        unit_of(Decimal(tick), Decimal(step))


@pytest.mark.parametrize(
    "change",
    [
        {"unit": 1},
        {"kind": InstrumentKind.SPOT},
        {"funding_interval_h": 0},
        {"funding_interval_h": 5},
        {"fees": ()},
        {"fees": (Fees(600, 500),)},
        {"fees": (Fees(-600, 500),)},
        {"band_ppm": 0},
        {"band_ppm": 1_000_000},
        {"minimum_notional": 0},
        {"most_quantity": 0},
        {"most_orders": 0},
        {"liquidation_fee_ppm": -1},
    ],
    ids=str,
)
def test_an_instrument_that_could_not_run_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InstrumentRefused):
        check_instrument(replace(BTC, **change))


def test_a_perpetual_without_brackets_is_refused() -> None:
    with pytest.raises(NoBrackets):
        check_instrument(replace(BTC, brackets=()))
    assert BTC.brackets == BTC_BRACKETS
