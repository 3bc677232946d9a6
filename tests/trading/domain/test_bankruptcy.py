"""Bankruptcy prices of several positions, and how much has to be closed."""

from hypothesis import assume, given
from hypothesis import strategies as st

from plimsoll.trading.domain import margin
from plimsoll.trading.domain.bankruptcy import Open, bankruptcy_prices, reduction
from plimsoll.trading.domain.brackets import find_bracket, maintenance
from plimsoll.trading.domain.instruments import MILLION, MONEY
from plimsoll.trading.domain.listing import BTC_BRACKETS

UNIT = 10_000

SIGNED = st.integers(1, 10**5).flatmap(lambda size: st.sampled_from((size, -size)))
PRICES = st.integers(10, 10**6)
OPENS = st.builds(
    lambda quantity, entry, mark: Open(quantity, quantity * entry * UNIT, mark, UNIT),
    SIGNED,
    PRICES,
    PRICES,
)


@given(OPENS, st.integers(0, 10**14))
def test_one_position_has_the_same_one_at_every_mark(position: Open, money: int) -> None:
    balance = money + position.profit
    kept = maintenance(BTC_BRACKETS, position.notional)
    assume(margin.is_due(maintenance=kept, balance=balance))

    (price,) = bankruptcy_prices(balance, [position])

    known = margin.bankruptcy_price(position.quantity, cost=position.cost, margin=money, unit=UNIT)
    assert price == (known or 1)


@given(st.lists(OPENS, min_size=1, max_size=5), st.integers(0, 10**14))
def test_all_closed_at_these_prices_leave_next_to_nothing(
    positions: list[Open], money: int
) -> None:
    balance = money + sum(each.profit for each in positions)
    assume(balance <= sum(maintenance(BTC_BRACKETS, each.notional) for each in positions))

    prices = bankruptcy_prices(balance, positions)

    left = money + sum(
        each.quantity * price * UNIT - each.cost
        for each, price in zip(positions, prices, strict=True)
    )
    assert all(price >= 1 for price in prices)
    assert 0 <= left < sum(abs(each.quantity) * UNIT for each in positions)


@given(st.lists(OPENS, min_size=1, max_size=5), st.integers(0, 10**14))
def test_who_lacks_money_is_closed_between_mark_and_entry(
    positions: list[Open], money: int
) -> None:
    balance = money + sum(each.profit for each in positions)
    assume(balance <= 0)
    for each, price in zip(positions, bankruptcy_prices(balance, positions), strict=True):
        entry = each.cost // (each.quantity * UNIT)
        low, high = min(entry, each.mark), max(entry, each.mark)
        if each.profit >= 0:
            assert price == each.mark
        else:
            assert low <= price <= high


@given(SIGNED, PRICES, st.integers(0, 10**15), st.integers(0, 10**12))
def test_a_reduction_complies_in_the_highest_bracket_that_can(
    quantity: int, mark: int, balance: int, others: int
) -> None:
    value, ppm = mark * UNIT, 12_000
    steps = reduction(
        BTC_BRACKETS, quantity, value=value, balance=balance, others=others, fee_ppm=ppm
    )
    assert 0 < steps <= abs(quantity)
    keep = abs(quantity) - steps
    if keep:
        fee = -(-steps * value * ppm // MILLION)
        assert balance - fee > others + maintenance(BTC_BRACKETS, keep * value)
        bracket = find_bracket(BTC_BRACKETS, keep * value)
        assert bracket is not find_bracket(BTC_BRACKETS, abs(quantity) * value)
        assert (keep + 1) * value >= bracket.cap


def test_a_large_position_goes_down_one_bracket_when_that_is_enough() -> None:
    value = 50_000 * MONEY // 1_000
    # 20 BTC, 1,000,000: keeps 6,500 − 1,500 = 5,000; below 800,000 it keeps 3,700.
    assert maintenance(BTC_BRACKETS, 20_000 * value) == 5_000 * MONEY
    steps = reduction(
        BTC_BRACKETS, 20_000, value=value, balance=4_900 * MONEY, others=0, fee_ppm=1_000
    )
    assert steps == 4_001


def test_when_no_bracket_is_enough_all_of_it_goes() -> None:
    value = 50_000 * MONEY // 1_000
    assert reduction(BTC_BRACKETS, -20_000, value=value, balance=0, others=0, fee_ppm=0) == 20_000
