from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.trading.domain.house import HouseStyle, quotes

PLAIN = HouseStyle(levels=3, quantity=100, noise_ppm=0)


def test_levels_lie_around_the_index_and_grow() -> None:
    made = quotes(PLAIN, index_price=500_000, inventory=0, seed=1)
    assert made.bids == ((499_950, 100), (499_900, 125), (499_850, 150))
    assert made.asks == ((500_050, 100), (500_100, 125), (500_150, 150))


def test_a_maker_that_is_long_quotes_lower() -> None:
    made = quotes(PLAIN, index_price=500_000, inventory=50_000, seed=1)
    assert (made.bids[0][0], made.asks[0][0]) == (499_875, 499_975)


def test_a_maker_that_has_enough_quotes_only_what_reduces() -> None:
    assert quotes(PLAIN, index_price=500_000, inventory=100_000, seed=1).bids == ()
    assert quotes(PLAIN, index_price=500_000, inventory=-100_000, seed=1).asks == ()


styles = st.builds(
    HouseStyle,
    half_spread_ppm=st.integers(0, 50_000),
    gap_ppm=st.integers(0, 50_000),
    levels=st.integers(0, 30),
    quantity=st.integers(1, 10**9),
    growth_ppm=st.integers(0, 10**6),
    noise_ppm=st.integers(0, 10**6),
    skew_ppm=st.integers(0, 50_000),
    most_inventory=st.integers(1, 10**9),
)


@given(
    style=styles,
    index_price=st.integers(1, 10**9),
    inventory=st.integers(-(10**10), 10**10),
    seed=st.integers(),
)
def test_quotes_are_never_crossed_and_always_the_same(
    style: HouseStyle, index_price: int, inventory: int, seed: int
) -> None:
    made = quotes(style, index_price=index_price, inventory=inventory, seed=seed)
    assert made == quotes(style, index_price=index_price, inventory=inventory, seed=seed)
    assert all(price > 0 and quantity > 0 for price, quantity in made.bids + made.asks)
    assert all(better[0] > worse[0] for better, worse in pairwise(made.bids))
    assert all(better[0] < worse[0] for better, worse in pairwise(made.asks))
    if made.bids and made.asks:
        assert made.bids[0][0] < made.asks[0][0]
