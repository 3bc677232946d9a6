"""Trades as people look back on them, and the margin what-if."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.margin import LeverageTooHigh, simulate
from plimsoll.trading.domain.orders import Side
from plimsoll.trading.domain.trades import (
    Direction,
    NoBracketsForSymbol,
    NotionalTooLarge,
    PaperFacts,
    Trade,
    TradeKind,
    WhatIf,
    find_perpetual,
    get_perpetual,
    in_coins,
    paper_trade,
    what_if,
)

LISTED = {each.symbol: each for each in DEFAULT_INSTRUMENTS}
BTC, DOGE = LISTED["BTC-PERP"], LISTED["DOGE-PERP"]
LONG, SHORT = Direction.LONG, Direction.SHORT


def ask(
    side: Direction, size: str, price: str, leverage: int, *, instrument: Instrument = BTC
) -> WhatIf:
    return what_if(instrument, side, size=Decimal(size), price=Decimal(price), leverage=leverage)


@pytest.mark.parametrize(
    ("leverage", "long", "short", "bankrupt_long", "bankrupt_short"),
    [  # roots 25100.40/74701.20, 45180.72/54780.88, 47690.76/52290.84, 49196.79/50796.81, …
        (2, "25100.5", "74701.1", "25000", "75000"),
        (10, "45180.8", "54780.8", "45000", "55000"),
        (20, "47690.8", "52290.8", "47500", "52500"),
        (50, "49196.8", "50796.8", "49000", "51000"),
        (100, "49698.8", "50298.8", "49500", "50500"),
    ],
)
def test_the_published_prices_on_the_tick_that_comes_earlier(
    leverage: int, long: str, short: str, bankrupt_long: str, bankrupt_short: str
) -> None:
    for side, ends, gone in ((LONG, long, bankrupt_long), (SHORT, short, bankrupt_short)):
        found = ask(side, "0.1", "50000", leverage)
        assert (found.liquidation_price, found.bankruptcy_price) == (Decimal(ends), Decimal(gone))
        assert found.maintenance == 20, "whatever the leverage"
        assert found.required == found.max_loss == Decimal(5000) / leverage
        assert (found.bracket.floor, found.bracket.maintenance_ppm) == (0, 4_000)


def test_a_long_position_without_borrowed_money_is_never_liquidated() -> None:
    found = ask(LONG, "0.1", "50000", 1)
    assert (found.liquidation_price, found.bankruptcy_price) == (None, None)


def test_what_lies_between_ticks_and_steps_is_computed_exactly() -> None:
    found = ask(LONG, "0.00015", "50000.05", 10)
    assert found.required == Decimal("0.75000075")
    assert found.maintenance == Decimal("0.03000003")
    # 50000.05 × 0.9 ÷ 0.996 = 45180.768…
    assert found.liquidation_price == Decimal("45180.8")
    assert found.bankruptcy_price == Decimal("45000.1"), "45000.045, where something is left"


def test_the_smallest_amounts_keep_their_digits() -> None:
    tiny = "0.000000000000000001"
    found = ask(SHORT, tiny, tiny, 3, instrument=DOGE)
    assert found.required == Decimal("0.00000001"), "rounded up, never to nothing"
    assert found.liquidation_price == found.bankruptcy_price == DOGE.tick


def test_leverage_above_the_bracket_names_the_most() -> None:
    ask(LONG, "70", "50000", 50)
    with pytest.raises(LeverageTooHigh) as refused:
        ask(LONG, "70", "50000", 51)
    assert refused.value.facts == {"leverage": 51, "most": 50}


def test_a_position_beyond_the_last_bracket_names_its_end() -> None:
    ask(LONG, "36000", "50000", 1)
    with pytest.raises(NotionalTooLarge) as refused:
        ask(LONG, "36000", "50000.00001", 1)
    assert refused.value.facts == {"notional": "1800000000.36", "most": "1800000000"}
    with pytest.raises(NotionalTooLarge):
        ask(LONG, "9" * 20, "9" * 20, 1)


@given(
    instrument=st.sampled_from([BTC, DOGE, LISTED["ETH-PERP"]]),
    side=st.sampled_from(Direction),
    quantity=st.integers(1, 20_000),
    price=st.integers(1_000, 1_000_000),
    leverage=st.integers(1, 20),
)
def test_on_the_grid_it_is_what_the_machine_computes(
    instrument: Instrument, side: Direction, quantity: int, price: int, leverage: int
) -> None:
    try:
        real = simulate(instrument, side.side, quantity=quantity, price=price, leverage=leverage)
    except LeverageTooHigh:
        return
    found = what_if(
        instrument,
        side,
        size=quantity * instrument.step,
        price=price * instrument.tick,
        leverage=leverage,
    )
    assert found.required == in_coins(real.initial)
    assert found.maintenance == in_coins(real.maintenance)
    assert found.bracket == real.bracket
    assert found.liquidation_price == _price(real.liquidation_price, instrument)
    assert found.bankruptcy_price == _price(real.bankruptcy_price, instrument)


def _price(ticks: int | None, instrument: Instrument) -> Decimal | None:
    return None if ticks is None else ticks * instrument.tick


def amounts(most: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(min_value=0, max_value=most, places=18, allow_nan=False).filter(bool)


@given(
    side=st.sampled_from(Direction),
    size=amounts(100),
    price=amounts(100_000),
    leverage=st.integers(1, 20),
)
def test_off_the_grid_it_is_the_formula_in_fractions(
    side: Direction, size: Decimal, price: Decimal, leverage: int
) -> None:
    found = what_if(BTC, side, size=size, price=price, leverage=leverage)
    quantity, entry, sign = Fraction(size), Fraction(price), int(side.side)
    margin = quantity * entry / leverage
    assert found.required == Decimal(ceil(margin * 10**8)).scaleb(-8)
    for bracket in BTC.brackets:
        rate, deduction = Fraction(bracket.maintenance_ppm, 10**6), Fraction(bracket.deduction)
        kept = quantity * entry * rate - deduction / 10**8
        if quantity * entry * 10**8 < bracket.cap:
            assert found.maintenance == Decimal(ceil(kept * 10**8)).scaleb(-8)
            assert found.bracket == bracket
            break
    root = Fraction(0)
    for bracket in BTC.brackets:
        rate, deduction = Fraction(bracket.maintenance_ppm, 10**6), Fraction(bracket.deduction)
        root = (margin + deduction / 10**8 - sign * quantity * entry) / (
            quantity * rate - sign * quantity
        )
        if quantity * root * 10**8 < bracket.cap:
            break
    ticks = root * 10
    expected = max(1, ceil(ticks) if side is LONG else floor(ticks)) if ticks > 0 else None
    if abs(ticks - round(ticks)) > Fraction(1, 10**6):  # where rounding up 1e-8 decides nothing
        assert found.liquidation_price == (expected and expected * BTC.tick)


@pytest.mark.parametrize(
    "symbol",
    ["BTC", "btc", "BTC-PERP", "BTCPERP", "BTCUSDT", "BTC/USDT", "BTC_USDT", "BTC-USDT",
     "BTC/USDT:USDT", "BTCUSDT-PERP", "BTC-USDT-PERP", "BTCUSDT_PERP"],
)  # fmt: skip
def test_other_venues_names_of_a_perpetual(symbol: str) -> None:
    assert find_perpetual(LISTED, symbol) is BTC


@pytest.mark.parametrize(
    "symbol", ["", "BTCUSD", "BTCUSD_PERP", "XBT", "USDT", "PERP", "BTC:USDT", "BTC-260327", "-BTC"]
)
def test_names_that_are_none_of_ours(symbol: str) -> None:
    assert find_perpetual(LISTED, symbol) is None
    with pytest.raises(NoBracketsForSymbol) as refused:
        get_perpetual(LISTED, symbol)
    assert refused.value.faults[0].pointer == "#/symbol"


def test_a_fill_in_coins() -> None:
    facts = PaperFacts(7 << 20, in_coins(125_000_000), in_coins(-1), maker=False)
    trade = paper_trade(
        BTC, Side.SELL, fill_id=9, price=500_001, quantity=12, at_ms=1_500, facts=facts
    )
    assert trade == Trade(
        kind=TradeKind.PAPER,
        id=9,
        symbol="BTC-PERP",
        side=Side.SELL,
        size=Decimal("0.012"),
        price=Decimal("50000.1"),
        executed_at=datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC),
        paper=PaperFacts(7 << 20, Decimal("1.25"), Decimal("-0.00000001"), maker=False),
    )
    assert trade.simulated
