from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.trading.domain.accounts import Position
from plimsoll.trading.domain.fills import Realised, apply_fill, fee
from plimsoll.trading.domain.orders import Side

BUY, SELL = Side.BUY, Side.SELL
UNIT = 10_000
"""Of a tick of 0.1 and a step of 0.001: 1 BTC is 1,000 steps, 50,000 USDT are 500,000 ticks."""
USDT = 10**8


def facts(position: Position) -> tuple[int, int, int]:
    return position.quantity, position.cost, position.isolated


def test_a_long_is_opened_and_added_to_at_its_cost() -> None:
    position = Position()

    apply_fill(position, BUY, quantity=1_000, price=500_000, unit=UNIT)
    realised = apply_fill(position, BUY, quantity=500, price=510_000, unit=UNIT)

    assert facts(position) == (1_500, 75_500 * USDT, 0)
    assert realised == Realised(profit=0, closed=0, opened=500, released=0)


def test_a_part_of_an_isolated_long_is_closed_and_its_margin_released_in_proportion() -> None:
    """The worked lifecycle: 1 BTC at 50,000 with 2,494.95 aside; 0.4 sold at 50,600."""
    position = Position(1_000, 50_000 * USDT, 249_495 * USDT // 100)

    realised = apply_fill(position, SELL, quantity=400, price=506_000, unit=UNIT)

    assert realised == Realised(240 * USDT, closed=400, opened=0, released=99_798 * USDT // 100)
    assert facts(position) == (600, 30_000 * USDT, 149_697 * USDT // 100)


def test_a_short_gains_when_it_is_bought_back_lower() -> None:
    position = Position()
    apply_fill(position, SELL, quantity=2_000, price=30_000, unit=UNIT)

    realised = apply_fill(position, BUY, quantity=2_000, price=29_000, unit=UNIT)

    assert realised == Realised(200 * USDT, closed=2_000, opened=0, released=0)
    assert facts(position) == (0, 0, 0)


def test_a_flip_closes_everything_and_opens_the_rest_at_its_own_price() -> None:
    position = Position(1_000, 50_000 * USDT, 2_500 * USDT)

    realised = apply_fill(position, SELL, quantity=1_500, price=490_000, unit=UNIT)

    assert realised == Realised(-1_000 * USDT, closed=1_000, opened=500, released=2_500 * USDT)
    assert facts(position) == (-500, -24_500 * USDT, 0)


def test_a_profit_that_is_no_whole_number_is_rounded_down_and_the_rest_stays_in_the_cost() -> None:
    long, short = Position(3, 100, 10), Position(-3, -100, 10)

    gained = apply_fill(long, SELL, quantity=1, price=34, unit=1)
    lost = apply_fill(short, BUY, quantity=1, price=34, unit=1)

    # 34 − 33⅓ and 33⅓ − 34
    assert (gained.profit, facts(long)) == (0, (2, 66, 7))
    assert (lost.profit, facts(short)) == (-1, (-2, -67, 7))


def test_a_fee_is_rounded_up_and_a_rebate_down() -> None:
    assert fee(price=500_000, quantity=1_000, unit=UNIT, ppm=500) == 25 * USDT
    assert fee(price=506_000, quantity=400, unit=UNIT, ppm=500) == 1_012 * USDT // 100
    assert fee(price=1, quantity=1, unit=1, ppm=1) == 1
    assert fee(price=1, quantity=1, unit=1, ppm=0) == 0
    assert fee(price=1, quantity=3, unit=1, ppm=-400_000) == -1
    assert fee(price=1, quantity=1, unit=1, ppm=-999_999) == 0


FILLS = st.lists(
    st.tuples(
        st.permutations(range(5)), st.integers(1, 20), st.integers(1, 10**6), st.integers(0, 99)
    ),
    max_size=60,
)


@given(count=st.integers(2, 5), unit=st.sampled_from([1, 7, UNIT]), fills=FILLS)
def test_nothing_is_lost_between_positions_that_trade_with_each_other(
    count: int, unit: int, fills: list[tuple[list[int], int, int, int]]
) -> None:
    """Σ cost = Σ realised profit after every fill, in whole numbers."""
    positions = [Position() for _ in range(count)]
    profits, aside, released = 0, 0, 0
    for order, quantity, price, put in fills:
        buyer, seller = [positions[each] for each in order if each < count][:2]
        for position, side in ((buyer, BUY), (seller, SELL)):
            realised = apply_fill(position, side, quantity=quantity, price=price, unit=unit)
            assert realised.closed + realised.opened == quantity
            profits += realised.profit
            released += realised.released
            if realised.opened:
                position.isolated += put
                aside += put

        assert sum(each.cost for each in positions) == profits
        assert sum(each.isolated for each in positions) == aside - released
        assert sum(each.quantity for each in positions) == 0
        for each in positions:
            assert each.isolated >= 0
            assert each.cost * each.quantity > 0 or facts(each) == (0, 0, 0)


@given(
    held=st.integers(1, 1_000),
    extra=st.integers(0, 10**9),
    share=st.integers(1, 1_000),
    price=st.integers(1, 10**6),
    side=st.sampled_from(Side),
)
def test_the_profit_is_the_exact_one_rounded_down(
    held: int, extra: int, share: int, price: int, side: Side
) -> None:
    closed = min(share, held)
    position = Position(-side * held, -side * (held + extra))
    exact = -side * (closed * price - Fraction(held + extra) * closed / held)

    realised = apply_fill(position, side, quantity=closed, price=price, unit=1)

    assert realised.profit <= exact < realised.profit + 1


@given(
    held=st.integers(1, 100),
    average=st.integers(1, 1_000),
    more=st.integers(1, 100),
    price=st.integers(1, 1_000),
    side=st.sampled_from(Side),
)
def test_a_flip_is_a_close_and_an_opening(
    held: int, average: int, more: int, price: int, side: Side
) -> None:
    flipped = Position(-side * held, -side * held * average, 17)
    stepwise = Position(-side * held, -side * held * average, 17)

    at_once = apply_fill(flipped, side, quantity=held + more, price=price, unit=3)
    closing = apply_fill(stepwise, side, quantity=held, price=price, unit=3)
    apply_fill(stepwise, side, quantity=more, price=price, unit=3)

    assert facts(flipped) == facts(stepwise)
    assert (at_once.profit, at_once.released) == (closing.profit, closing.released) != (0, 0)
