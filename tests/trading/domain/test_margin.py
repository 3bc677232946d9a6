"""Margin and liquidation prices: the worked numbers of the venues, and laws for all positions."""

import json
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plimsoll.trading.domain import margin
from plimsoll.trading.domain.brackets import maintenance, maintenance_parts
from plimsoll.trading.domain.instruments import MILLION, MONEY, Bracket
from plimsoll.trading.domain.listing import BTC_BRACKETS, DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.orders import Side

FOLDER: Final = Path(__file__).parents[2] / "vectors"
MARGIN: Final = json.loads((FOLDER / "margin.json").read_text("utf-8"))
LIQUIDATION: Final = json.loads((FOLDER / "liquidation.json").read_text("utf-8"))

Row = dict[str, Any]

# A grid fine enough to read off the digits of published prices: coins in 1e-3, prices in 1e-18,
# money in 1e-21, so that the unit is 1.
STEPS, TICKS, FINE = 10**3, 10**18, 10**21
SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
BTC: Final = DEFAULT_INSTRUMENTS[0]


def whole(amount: str, scale: int) -> int:
    scaled = Decimal(amount) * scale
    assert scaled == int(scaled)
    return int(scaled)


def shown(ticks: int | None, like: str) -> Decimal:
    """A price of the fine grid with as many digits as the published one."""
    assert ticks is not None
    return (Decimal(ticks) / TICKS).quantize(Decimal(like), ROUND_HALF_EVEN)


def fine(brackets: tuple[Bracket, ...]) -> tuple[Bracket, ...]:
    factor = FINE // MONEY
    return tuple(
        Bracket(
            each.floor * factor,
            each.cap * factor,
            each.maintenance_ppm,
            each.leverage,
            each.deduction * factor,
        )
        for each in brackets
    )


def price_of(
    brackets: tuple[Bracket, ...], *, quantity: str, entry: str, money: Decimal
) -> int | None:
    steps = whole(quantity, STEPS)
    cost = steps * whole(entry, TICKS)
    return margin.liquidation_price(
        brackets, steps, cost=cost, margin=whole(str(money), FINE), unit=1
    )


@pytest.mark.parametrize("row", MARGIN["initial"], ids=lambda row: row["source"])
def test_initial_margins_of_the_reference(row: Row) -> None:
    notional = Decimal(row["price"]) * Decimal(row["quantity"]) * MONEY
    needed = Decimal(margin.initial_margin(int(notional), row["leverage"])) / MONEY
    assert needed == Decimal(row["margin"])
    assert str(needed).startswith(row["shown"])


@pytest.mark.parametrize("row", MARGIN["open_loss"], ids=lambda row: row["side"])
def test_open_losses_of_the_reference(row: Row) -> None:
    loss = margin.open_loss(
        SIDES[row["side"]],
        quantity=whole(row["quantity"], 1_000),
        price=whole(row["price"], 100),
        mark=whole(row["mark"], 100),
        unit=MONEY // 100_000,
    )
    assert Decimal(loss) / MONEY == Decimal(row["loss"])


@pytest.mark.parametrize("row", MARGIN["held"], ids=lambda row: row["name"])
def test_a_position_and_its_orders_hold_the_worse_side(row: Row) -> None:
    held = margin.held_margin(
        whole(row["position"], MONEY),
        bids=whole(row["bids"], MONEY),
        asks=whole(row["asks"], MONEY),
        bid_loss=0,
        ask_loss=0,
        leverage=row["leverage"],
    )
    assert held == whole(row["margin"], MONEY)


def test_an_open_loss_is_held_with_its_side() -> None:
    sides = {"bids": 100, "asks": 100, "leverage": 10}
    assert margin.held_margin(0, bid_loss=3, ask_loss=0, **sides) == 13
    assert margin.held_margin(50, bid_loss=3, ask_loss=4, **sides) == 18
    assert margin.held_margin(-50, bid_loss=0, ask_loss=4, **sides) == 19
    assert margin.held_margin_hedged(50, 20, bid_loss=3, ask_loss=4, **sides) == 34


@pytest.mark.parametrize("row", LIQUIDATION["binance"], ids=lambda row: row["case"])
def test_liquidation_prices_of_the_reference(row: Row) -> None:
    rate, deduction = whole(row["rate"], MILLION), whole(row["deduction"], FINE)
    table = (Bracket(0, 10**40, rate, 1, deduction),)
    money = (
        Decimal(row["wallet"]) + Decimal(row["others_profit"]) - Decimal(row["others_maintenance"])
    )
    found = price_of(table, quantity=row["quantity"], entry=row["entry"], money=money)
    assert shown(found, row["price"]) == Decimal(row["price"])
    assert shown(found, row["root"]) == Decimal(row["root"])


@pytest.mark.parametrize("row", LIQUIDATION["lifecycle"], ids=lambda row: row["step"])
def test_the_worked_lifecycles(row: Row) -> None:
    quantity, cost = whole(row["quantity"], STEPS), whole(row["entry"], TICKS)
    cost *= quantity
    mark, money = whole(row["mark"], TICKS), Decimal(row["isolated"])
    table = fine(BTC_BRACKETS)
    found = price_of(table, quantity=row["quantity"], entry=row["entry"], money=money)
    gained = margin.unrealised(quantity, cost=cost, mark=mark, unit=1)
    kept = maintenance(table, margin.notional_of(quantity, price=mark, unit=1))
    bankrupt = margin.bankruptcy_price(quantity, cost=cost, margin=int(money * FINE), unit=1)
    assert shown(found, row["price"]) == Decimal(row["price"])
    assert Decimal(gained) / FINE == Decimal(row["unrealised"])
    assert Decimal(kept) / FINE == Decimal(row["maintenance"])
    assert shown(bankrupt, "0.000001") == Decimal(row["bankruptcy"])


@pytest.mark.parametrize(
    "row", LIQUIDATION["leverages"]["rows"], ids=lambda row: f"{row['leverage']}x"
)
@pytest.mark.parametrize("side", [Side.BUY, Side.SELL], ids=["long", "short"])
def test_prices_by_leverage(row: Row, side: Side) -> None:
    size, entry = LIQUIDATION["leverages"]["size"], LIQUIDATION["leverages"]["entry"]
    name = "long" if side > 0 else "short"
    money = Decimal(size) * Decimal(entry) / row["leverage"]
    signed = size if side > 0 else f"-{size}"
    found = price_of(fine(BTC_BRACKETS), quantity=signed, entry=entry, money=money)
    assert shown(found, row[name]) == Decimal(row[name])
    told = margin.simulate(BTC, side, quantity=100, price=500_000, leverage=row["leverage"])
    assert Decimal(told.maintenance) / MONEY == Decimal(row["maintenance"])
    assert told.initial == money * MONEY
    assert told.bankruptcy_price == int(row[f"bankrupt_{name}"]) * 10


def test_a_shown_price_is_the_tick_that_liquidates_earlier() -> None:
    """The root of a 20x long at 50,000 is 47,690.7631: shown is .8, due it is at .7."""
    told = margin.simulate(BTC, Side.BUY, quantity=1_000, price=500_000, leverage=20)
    assert told.liquidation_price == 476_908
    told = margin.simulate(BTC, Side.SELL, quantity=1_000, price=500_000, leverage=20)
    assert told.liquidation_price == 522_908  # root 52,290.837


@pytest.mark.parametrize(("side", "due"), [(1, 476_907), (-1, 522_909)])
def test_the_venue_acts_at_the_first_tick_that_is_due(side: int, due: int) -> None:
    cost, margin_of_it = side * 50_000 * MONEY, 2_500 * MONEY
    found = margin.due_price(
        BTC.brackets, side * 1_000, cost=cost, margin=margin_of_it, unit=BTC.unit
    )
    assert found == due


@pytest.mark.parametrize("side", [1, -1])
def test_a_root_on_a_tick_is_shown_and_due_there(side: int) -> None:
    """1 at 100 with half of its worth to keep: 80 for a long one is 20 at 40, 50 for a short one
    is 50 at 100.
    """
    table = (Bracket(0, 10**6, 500_000, 1, 0),)
    cost, money, root = side * 100 * MONEY, *((80, 40) if side > 0 else (50, 100))
    for price in (margin.liquidation_price, margin.due_price):
        assert price(table, side, cost=cost, margin=money * MONEY, unit=MONEY) == root


def test_a_simulation_refuses_a_leverage_beyond_its_bracket() -> None:
    margin.simulate(BTC, Side.BUY, quantity=5_999, price=500_000, leverage=150)
    for leverage in (0, -1, 101):
        with pytest.raises(margin.LeverageTooHigh) as refused:
            margin.simulate(BTC, Side.BUY, quantity=6_000, price=500_000, leverage=leverage)
        assert refused.value.facts == {"leverage": leverage, "highest": 100}


def test_a_long_position_that_is_fully_paid_is_never_liquidated() -> None:
    told = margin.simulate(BTC, Side.BUY, quantity=1_000, price=500_000, leverage=1)
    assert (told.liquidation_price, told.bankruptcy_price) == (None, None)


def test_the_highest_leverage_is_the_lower_of_bracket_and_tier() -> None:
    assert margin.highest_leverage(BTC_BRACKETS, notional=MONEY, tier_cap=20) == 20
    assert margin.highest_leverage(BTC_BRACKETS, notional=300_000_000 * MONEY, tier_cap=20) == 5
    assert margin.highest_leverage(BTC_BRACKETS, notional=10**18, tier_cap=20) == 0


def test_the_margin_ratio() -> None:
    assert margin.margin_ratio_ppm(maintenance=25, balance=100) == 250_000
    assert margin.margin_ratio_ppm(maintenance=0, balance=0) == 0
    assert margin.margin_ratio_ppm(maintenance=1, balance=0) is None


# Small numbers on a coarse grid, where every edge is met often: roots that are whole ticks,
# brackets of a few steps, maintenance of less than one unit.


@st.composite
def tiny_tables(draw: st.DrawFn) -> tuple[Bracket, ...]:
    """Continuous tables, the floors a few hundred and the rates anything; leverage is not asked."""
    floors = [0, *sorted(draw(st.sets(st.integers(1, 60), max_size=4)))]
    rates = sorted(draw(st.sets(st.integers(1, 19), min_size=len(floors), max_size=len(floors))))
    table = list[Bracket]()
    deduction = last = 0
    for floor, rate, cap in zip(floors, rates, [*floors[1:], 100], strict=True):
        deduction += floor * (rate - last)
        last = rate
        table.append(Bracket(floor * 20, cap * 20, rate * 50_000, 1, deduction))
    return tuple(table)


sizes = st.integers(1, 12)
units = st.sampled_from([1, 1, 3, 10])


@settings(max_examples=600)
@given(
    tiny_tables(), sizes, st.sampled_from([1, -1]), st.integers(1, 60), st.integers(-50, 900), units
)
def test_at_its_price_it_is_due_and_one_tick_safer_it_is_not(
    table: tuple[Bracket, ...], size: int, side: int, entry: int, money: int, unit: int
) -> None:
    quantity, cost = side * size, side * size * entry * unit

    def due(price: int) -> bool:
        kept = maintenance(table, size * price * unit)
        balance = money + margin.unrealised(quantity, cost=cost, mark=price, unit=unit)
        ratio = margin.margin_ratio_ppm(maintenance=kept, balance=balance)
        answer = margin.is_due(maintenance=kept, balance=balance)
        assert answer is (ratio is None or ratio >= MILLION)
        return answer

    found = margin.due_price(table, quantity, cost=cost, margin=money, unit=unit)
    shown = margin.liquidation_price(table, quantity, cost=cost, margin=money, unit=unit)
    if found is None:
        assert side > 0
        assert not due(1)
        assert shown is None
        return
    assert due(found)
    assert found + side < 1 or not due(found + side)
    assert shown in {found, max(1, found + side)}
    exact = (money + quantity * found * unit - cost) * MILLION
    owed = maintenance_parts(table, size * found * unit)
    assert (shown == found) is (exact >= owed or (found == 1 and side < 0))


@given(tiny_tables(), sizes, sizes, st.integers(1, 60), st.integers(1, 60), st.integers(-100, 900))
def test_the_safe_range_of_a_hedge_is_where_it_is_not_due(
    table: tuple[Bracket, ...], long: int, short: int, bought: int, sold: int, money: int
) -> None:
    def parts(notional: int) -> int:
        return maintenance_parts(table, notional)

    legs = margin.Hedged(long, short, long * bought - short * sold)
    found = margin.safe_range(table, legs, margin=money, unit=1)
    for price in range(1, 300):
        balance = money + (long - short) * price - legs.cost
        kept = margin.hedged_maintenance(table, long=long * price, short=short * price)
        inside = found is not None and (
            (found.below is None or found.below < price)
            and (found.above is None or price < found.above)
        )
        due = margin.is_due(maintenance=kept, balance=balance)
        if found is None or price not in (found.below, found.above):
            assert due is not inside, price
        elif due:
            exact = balance * MILLION - parts(long * price) - parts(short * price)
            assert exact >= 0 or found.below == found.above, price


def test_a_root_on_the_tick_itself_is_not_due_while_a_whole_unit_is_left() -> None:
    """Of a short: 22 − P − 5 % of P is 1, one more than nothing, at 20."""
    table = (Bracket(0, 10**6, 50_000, 1, 0),)
    assert margin.due_price(table, -1, cost=-10, margin=12, unit=1) == 21
    assert margin.liquidation_price(table, -1, cost=-10, margin=12, unit=1) == 20


def test_a_range_may_be_one_price_where_brackets_meet() -> None:
    """20 long and 15 short: what is left rises by 1.5 for a tick until the long one reaches its
    second bracket at 10, where 1 is left, and falls by 0.5 after it.
    """
    table = (Bracket(0, 200, 100_000, 1, 0), Bracket(200, 10**6, 200_000, 1, 20))
    legs = margin.Hedged(20, 15, 0)
    assert margin.safe_range(table, legs, margin=-14, unit=1) == margin.SafeRange(10, 11)
    assert margin.safe_range(table, legs, margin=-15, unit=1) is None


def test_the_nearer_end_of_a_safe_range_is_told() -> None:
    both = margin.SafeRange(100, 200)
    assert (both.nearest(120), both.nearest(180), both.nearest(90)) == (100, 200, 100)
    assert margin.SafeRange(None, 200).nearest(1) == 200
    assert margin.SafeRange(100, None).nearest(999) == 100
    assert margin.SafeRange(None, None).nearest(1) is None


@given(
    sizes,
    st.sampled_from([1, -1]),
    st.integers(1, 10_000),
    st.integers(0, 10**6),
    st.integers(1, 50),
    st.sampled_from([0, 500, 12_000]),
)
def test_at_the_bankruptcy_price_nothing_is_owed_and_one_tick_further_something_is(
    size: int, side: int, entry: int, money: int, unit: int, fee_ppm: int
) -> None:
    quantity, cost = side * size, side * size * entry * unit

    def left(price: int) -> int:
        fee = -(-size * price * unit * fee_ppm // MILLION)
        return money + margin.unrealised(quantity, cost=cost, mark=price, unit=unit) - fee

    found = margin.bankruptcy_price(
        quantity, cost=cost, margin=money, unit=unit, exit_fee_ppm=fee_ppm
    )
    if found is None:
        assert left(1) >= 0
        return
    assume(side > 0 or left(1) >= 0)
    assert left(found) >= 0
    assert found - side < 1 or left(found - side) < 0


@given(sizes, st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 150))
def test_a_pro_rata_partial_close_leaves_the_liquidation_price(
    size: int, entry: int, money: int, times: int
) -> None:
    """As long as both are in the same bracket."""
    table = (Bracket(0, 10**18, 4_000, 150, 0),)
    prices = {
        margin.liquidation_price(
            table, quantity * MONEY, cost=quantity * entry * MONEY, margin=quantity * money, unit=1
        )
        for quantity in (size, size * times)
    }
    assert len(prices) == 1
