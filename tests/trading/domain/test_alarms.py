"""Alarms find those whose price is reached, as a look at everybody would."""

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.trading.domain.alarms import Alarms
from plimsoll.trading.domain.orders import Leg

LEGS = st.sampled_from((Leg.NET, Leg.LONG, Leg.SHORT))
PRICES = st.integers(1, 30)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 6), LEGS, PRICES, st.booleans()),
        st.tuples(st.just("drop"), st.integers(1, 6), LEGS, PRICES, st.booleans()),
        st.tuples(st.just("ring"), st.just(0), LEGS, PRICES, st.booleans()),
    ),
    max_size=300,
)


@given(MOVES)
def test_a_mark_finds_all_it_reaches_and_nobody_else(
    moves: list[tuple[str, int, Leg, int, bool]],
) -> None:
    alarms = Alarms()
    naive: dict[tuple[int, Leg], tuple[int, bool]] = {}
    for what, who, leg, price, long in moves:
        if what == "put":
            alarms.put(who, leg, price=price, long=long)
            naive[who, leg] = price, long
        elif what == "drop":
            alarms.drop(who, leg)
            naive.pop((who, leg), None)
        else:
            reached = [
                key
                for key, (at, is_long) in naive.items()
                if (price <= at if is_long else price >= at)
            ]
            assert sorted(alarms.ring(price)) == sorted(who for who, _ in reached)
            for key in reached:
                del naive[key]
        assert len(alarms.prices) == len(naive)


def test_prices_set_again_and_again_take_no_room() -> None:
    alarms = Alarms()
    for price in range(1, 10_000):
        alarms.put(7, Leg.NET, price=price, long=True)
    assert len(alarms.falling) <= 2 * 1 + 65
    assert alarms.ring(9_999) == [7]
    assert alarms.ring(1) == []
