"""Whole accounts: what they have, keep and hold, what is free, and what an order needs."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.trading.domain.accounts import Account, Exposure, MarginMode, Position
from plimsoll.trading.domain.book import Book
from plimsoll.trading.domain.instruments import MONEY, Bracket
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS, unit_of
from plimsoll.trading.domain.orders import Leg, Side
from plimsoll.trading.domain.standing import (
    held_by,
    largest_notional,
    liquidation_price,
    maintenance_of,
    order_margin,
    required,
    resulting_notional,
    standing,
)
from plimsoll.trading.domain.venue import Market

INSTRUMENTS: Final = {each.symbol: each for each in DEFAULT_INSTRUMENTS}
BTC, ETH = "BTC-PERP", "ETH-PERP"


def markets(**marks: str) -> dict[str, Market]:
    """By coin, at these marks in whole settlement coins."""
    found = dict[str, Market]()
    for name, mark in marks.items():
        instrument = INSTRUMENTS[f"{name}-PERP"]
        ticks = Decimal(mark) / instrument.tick
        found[instrument.symbol] = Market(instrument, Book(), mark=int(ticks))
    return found


def position(symbol: str, coins: str, entry: str, isolated: str = "0") -> Position:
    """`coins` below zero when short."""
    instrument = INSTRUMENTS[symbol]
    quantity = int(Decimal(coins) / instrument.step)
    cost = int(Decimal(coins) * Decimal(entry) * MONEY)
    return Position(quantity, cost, int(Decimal(isolated) * MONEY))


def account(wallet: int, *exposures: Exposure, hedge: bool = False) -> Account:
    return Account(
        1,
        20,
        wallet=wallet * MONEY,
        exposures={each.symbol: each for each in exposures},
        hedge=hedge,
    )


def test_an_empty_account_is_free_and_not_due() -> None:
    found = standing(account(1_000), {})
    assert (found.available, found.maintenance, found.held) == (1_000 * MONEY, 0, 0)
    assert not found.is_due
    assert found.ratio_ppm == 0


def test_a_cross_position_stands_with_the_wallet() -> None:
    held = Exposure(BTC, 20, positions={Leg.NET: position(BTC, "1", "50000")})
    found = standing(account(10_000, held), markets(BTC="49000"))
    assert found.balance == 9_000 * MONEY
    assert found.maintenance == 196 * MONEY
    assert found.held == 2_450 * MONEY
    assert found.available == 6_550 * MONEY
    assert found.ratio_ppm == 196 * 1_000_000 // 9_000


def test_an_isolated_position_stands_for_itself_but_its_orders_wait_for_the_wallet() -> None:
    held = Exposure(
        BTC,
        20,
        MarginMode.ISOLATED,
        {Leg.NET: position(BTC, "1", "50000", isolated="2500")},
        bids=10_000 * MONEY,
        bid_loss=7 * MONEY,
    )
    found = standing(account(9_975, held), markets(BTC="40000"))
    assert found.balance == 7_475 * MONEY
    assert found.maintenance == 0
    assert found.held == 507 * MONEY
    assert not found.is_due


def test_losses_of_one_position_take_what_another_could_have_used() -> None:
    held = Exposure(BTC, 20, positions={Leg.NET: position(BTC, "1", "50000")})
    other = Exposure(ETH, 20, positions={Leg.NET: position(ETH, "-10", "3000")})
    calm = account(4_000, held, other)
    found = standing(calm, markets(BTC="47000", ETH="3000"))
    assert found.balance == 1_000 * MONEY
    assert found.available == 0
    assert found.maintenance == (188 + 180) * MONEY
    assert not found.is_due
    assert standing(calm, markets(BTC="46000", ETH="3020")).is_due


def test_both_positions_of_a_hedged_symbol_are_kept_and_held() -> None:
    held = Exposure(
        BTC,
        10,
        positions={
            Leg.LONG: position(BTC, "2", "50000"),
            Leg.SHORT: position(BTC, "-1", "51000"),
        },
        bids=5_000 * MONEY,
        asks=3_000 * MONEY,
    )
    found = standing(account(20_000, held, hedge=True), markets(BTC="50500"))
    assert found.balance == (20_000 + 1_000 + 500) * MONEY
    assert found.maintenance == (404 + 202) * MONEY
    assert found.held == (15_150 + 800) * MONEY


def test_what_an_order_needs() -> None:
    flat = Exposure(BTC, 20)
    ask = {"value": 50 * MONEY, "notional": 10_000 * MONEY, "loss": 3 * MONEY}
    for hedge in (False, True):
        assert required(flat, Side.BUY, hedge=hedge, **ask) == 503 * MONEY
    short = Exposure(BTC, 20, positions={Leg.NET: position(BTC, "-1", "50000")})
    assert required(short, Side.BUY, hedge=False, **ask) == 0
    assert required(short, Side.SELL, hedge=False, **ask) == 503 * MONEY
    short.bids = 95_000 * MONEY  # with ten thousand more it would be 55,000 long
    assert required(short, Side.BUY, hedge=False, **ask) == 253 * MONEY


def test_the_resulting_notional_counts_all_orders_of_its_side() -> None:
    short = Exposure(BTC, 20, positions={Leg.NET: position(BTC, "-1", "50000")})
    short.bids, short.asks = 60_000 * MONEY, 5_000 * MONEY
    value = 50 * MONEY
    for side, notional, expected in (
        (Side.BUY, 0, 10_000),
        (Side.BUY, 7_000, 17_000),
        (Side.SELL, 0, 55_000),
        (Side.SELL, 1_000, 56_000),
    ):
        found = resulting_notional(short, side, value=value, hedge=False, notional=notional * MONEY)
        assert found == expected * MONEY
    assert largest_notional(short, value=value, hedge=False) == 55_000 * MONEY
    short.bids = 0
    assert resulting_notional(short, Side.BUY, value=value, hedge=False, notional=MONEY) == 0


def test_cross_liquidation_prices_of_the_worked_account() -> None:
    """The ETH and BTC positions of one account, with the rates and deductions of their day."""
    rows = json.loads(
        (Path(__file__).parents[2] / "vectors" / "liquidation.json").read_text("utf-8")
    )["binance"]
    held, marked = dict[str, Exposure](), dict[str, Market]()
    for symbol, row, mark in ((ETH, rows[2], "1335.18"), (BTC, rows[3], "31967.27")):
        rate, deduction = int(Decimal(row["rate"]) * 1_000_000), int(row["deduction"]) * MONEY
        tick = Decimal("0.01")
        instrument = replace(
            INSTRUMENTS[symbol],
            tick=tick,
            unit=unit_of(tick, Decimal("0.001")),
            brackets=(Bracket(0, 10**30, rate, 1, deduction),),
        )
        marked[symbol] = Market(instrument, Book(), mark=int(Decimal(mark) * 100))
        quantity = int(Decimal(row["quantity"]) * 1_000)
        cost = quantity * int(Decimal(row["entry"]) * 100) * instrument.unit
        held[symbol] = Exposure(symbol, 10, positions={Leg.NET: Position(quantity, cost)})
    both = Account(1, 20, wallet=153_544_301 * MONEY // 100, exposures=held)
    found = standing(both, marked)
    assert found.maintenance == 42_771_331_956_600  # 71,200.811444 + 356,512.508122
    assert found.balance == 103_089_555_638_000  # after losses of 56,354.56848 and 448,192.88514
    assert liquidation_price(both, ETH, Leg.NET, marked) == 115_326  # root 1,153.2565
    assert liquidation_price(both, BTC, Leg.NET, marked) == 2_631_690  # root 26,316.8933


def test_a_hedged_pair_shares_the_end_of_its_safe_range() -> None:
    pair = {Leg.LONG: position(BTC, "2", "50000"), Leg.SHORT: position(BTC, "-1", "51000")}
    held = account(20_000, Exposure(BTC, 10, positions=pair), hedge=True)
    at = markets(BTC="50500")
    price = liquidation_price(held, BTC, Leg.LONG, at)
    assert price is not None
    assert price == liquidation_price(held, BTC, Leg.SHORT, at)
    at[BTC].mark = price - 1
    assert standing(held, at).is_due
    at[BTC].mark = price + 1
    assert not standing(held, at).is_due


def test_a_balanced_pair_is_liquidated_by_maintenance_rising_with_the_price() -> None:
    pair = {Leg.LONG: position(BTC, "1", "50000"), Leg.SHORT: position(BTC, "-1", "50000")}
    held = account(1_000, Exposure(BTC, 10, positions=pair), hedge=True)
    at = markets(BTC="50000")
    assert liquidation_price(held, BTC, Leg.LONG, at) == 1_250_000  # 2 × 0.4 % of 125,000


money = st.integers(0, 10**6)


@st.composite
def accounts(draw: st.DrawFn) -> tuple[Account, dict[str, Market]]:
    """One to three symbols of every kind, near their marks, with a wallet that may be too small."""
    hedge = draw(st.booleans())
    marked = markets(BTC="50000", ETH="3000", DOGE="0.1")
    held = list[Exposure]()
    for symbol in draw(st.sets(st.sampled_from(sorted(marked)), min_size=1)):
        unit, mark = marked[symbol].instrument.unit, marked[symbol].mark
        mode = draw(st.sampled_from(MarginMode))
        exposure = Exposure(symbol, draw(st.integers(1, 20)), mode)
        for leg, sign in ((Leg.LONG, 1), (Leg.SHORT, -1)) if hedge else ((Leg.NET, 0),):
            notional = draw(st.integers(10, 10**6)) * MONEY
            side = sign or draw(st.sampled_from([1, -1]))
            quantity = max(1, notional // (mark * unit)) * side
            entry = mark * draw(st.integers(80, 120)) // 100
            aside = draw(money) * MONEY if mode is MarginMode.ISOLATED else 0
            exposure.positions[leg] = Position(quantity, quantity * entry * unit, aside)
        exposure.bids, exposure.asks = draw(money) * MONEY, draw(money) * MONEY
        exposure.bid_loss, exposure.ask_loss = draw(money), draw(money)
        held.append(exposure)
    put = sum(each.isolated for one in held for each in one.positions.values())
    someone = account(0, *held, hedge=hedge)
    someone.wallet = put + draw(st.integers(0, 10**6)) * MONEY
    return someone, marked


@given(accounts(), st.data())
def test_a_cross_account_is_due_beyond_its_liquidation_price_and_not_before_it(
    world: tuple[Account, dict[str, Market]], data: st.DataObject
) -> None:
    someone, marked = world
    exposure = data.draw(st.sampled_from(list(someone.exposures.values())))
    if exposure.mode is MarginMode.ISOLATED:
        return
    leg, position = next(iter(exposure.positions.items()))
    market = marked[exposure.symbol]
    before = standing(someone, marked)
    price = liquidation_price(someone, exposure.symbol, leg, marked)
    if price is None:
        assert not before.is_due
        return
    if someone.hedge and before.is_due:
        return
    safer = 1 if position.quantity > 0 else -1
    if someone.hedge:
        safer = 1 if price < market.mark else -1
    for market.mark, is_due in ((price - safer, True), (price + safer, False)):
        if market.mark > 0:
            assert standing(someone, marked).is_due is is_due


@given(accounts(), st.sampled_from(Side), money, money)
def test_required_is_what_more_is_held_afterwards(
    world: tuple[Account, dict[str, Market]], side: Side, more: int, loss: int
) -> None:
    someone, marked = world
    hedge = someone.hedge
    for exposure in someone.exposures.values():
        value = marked[exposure.symbol].mark * marked[exposure.symbol].instrument.unit
        before = held_by(exposure, value=value, hedge=hedge)
        needed = required(
            exposure, side, value=value, hedge=hedge, notional=more * MONEY, loss=loss
        )
        if side is Side.BUY:
            exposure.bids += more * MONEY
            exposure.bid_loss += loss
        else:
            exposure.asks += more * MONEY
            exposure.ask_loss += loss
        after = held_by(exposure, value=value, hedge=hedge)
        assert after - before <= needed <= max(0, after - before) + 1
        assert 0 <= order_margin(exposure, value=value, hedge=hedge) <= after


@given(accounts())
def test_the_standing_is_the_sum_of_its_parts(world: tuple[Account, dict[str, Market]]) -> None:
    someone, marked = world
    balance, kept, held = someone.wallet, 0, 0
    for exposure in someone.exposures.values():
        instrument = marked[exposure.symbol].instrument
        value = marked[exposure.symbol].mark * instrument.unit
        for each in exposure.positions.values():
            balance -= each.isolated
            if exposure.mode is MarginMode.CROSS:
                balance += each.quantity * value - each.cost
        if exposure.mode is MarginMode.CROSS:
            kept += maintenance_of(exposure, instrument.brackets, value=value)
            held += held_by(exposure, value=value, hedge=someone.hedge)
        else:
            held += order_margin(exposure, value=value, hedge=someone.hedge)
    found = standing(someone, marked)
    assert found == (balance, kept, held)
    assert found.available == max(0, balance - held)
