import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.trading.domain.book import Book
from plimsoll.trading.domain.orders import Order, Side
from tests.trading.naive_book import NaiveBook
from tests.trading.ordering import limit

BUY, SELL = Side.BUY, Side.SELL


def book_of(*orders: Order) -> Book:
    book = Book()
    for order in orders:
        book.add(order)
    return book


def test_an_empty_book_has_no_price() -> None:
    book = Book()

    assert (book.best_bid(), book.best_ask()) == (0, 0)
    assert book.depth(5) == ((), ())
    assert not book.crosses(BUY, 1_000_000)
    assert not book.crossed()


def test_the_highest_bid_and_the_lowest_ask_are_best() -> None:
    book = book_of(limit(BUY, 1, 98), limit(BUY, 1, 99), limit(SELL, 1, 103), limit(SELL, 1, 101))

    assert (book.best_bid(), book.best_ask()) == (99, 101)


def test_depth_sums_what_remains_at_each_price_from_the_best() -> None:
    part = limit(BUY, 10, 99)
    book = book_of(part, limit(BUY, 5, 99), limit(BUY, 7, 97), limit(BUY, 2, 98))
    book.fill(part, 4)

    assert book.depth(2) == (((99, 11), (98, 2)), ())
    assert book.depth(0) == ((), ())


def test_a_price_at_which_nobody_waits_any_more_is_gone() -> None:
    best, middle, worst = limit(SELL, 1, 101), limit(SELL, 1, 102), limit(SELL, 1, 103)
    book = book_of(best, middle, worst)

    book.remove(middle)
    book.fill(best, 1)

    assert book.depth(9).asks == ((103, 1),)
    assert best not in book
    assert worst in book


def test_what_is_not_in_the_book_cannot_be_removed() -> None:
    book = book_of(limit(BUY, 1, 99))

    with pytest.raises(KeyError):
        book.remove(limit(BUY, 1, 99))
    with pytest.raises(KeyError):
        book.remove(limit(BUY, 1, 98))


def test_a_fill_counts_at_the_makers_price() -> None:
    order = limit(SELL, 10, 101)
    book = book_of(order)

    book.fill(order, 3)
    book.fill(order, 4)

    assert (order.filled, order.cost) == (7, 707)
    assert book.depth(1).asks == ((101, 3),)


def test_a_shrunk_order_keeps_its_place() -> None:
    first, second = limit(BUY, 10, 99), limit(BUY, 5, 99)
    book = book_of(first, second)

    book.shrink(first, 4)

    assert list(book.orders()) == [first, second]
    assert book.ahead(second) == 4
    assert book.depth(1).bids == ((99, 9),)


def test_an_order_taken_out_and_put_back_is_last() -> None:
    first, second = limit(BUY, 10, 99), limit(BUY, 5, 99)
    book = book_of(first, second)

    book.remove(first)
    book.add(first)

    assert list(book.orders()) == [second, first]


def test_ahead_counts_what_remains_of_those_before_at_the_price() -> None:
    first, second, third = limit(SELL, 10, 101), limit(SELL, 5, 101), limit(SELL, 1, 101)
    book = book_of(limit(SELL, 50, 100), first, second, third)
    book.fill(first, 3)

    assert [book.ahead(each) for each in (first, second, third)] == [0, 7, 12]
    with pytest.raises(KeyError):
        book.ahead(limit(SELL, 1, 101))


def test_an_order_crosses_from_the_best_price_of_the_other_side_on() -> None:
    book = book_of(limit(BUY, 1, 99), limit(SELL, 1, 101))

    assert [book.crosses(BUY, price) for price in (100, 101, 102)] == [False, True, True]
    assert [book.crosses(SELL, price) for price in (100, 99, 98)] == [False, True, True]


def test_a_crossed_book_is_recognised() -> None:
    assert book_of(limit(BUY, 1, 101), limit(SELL, 1, 101)).crossed()
    assert not book_of(limit(BUY, 1, 100), limit(SELL, 1, 101)).crossed()


def test_the_impact_price_is_exact_within_the_last_level() -> None:
    book = book_of(limit(SELL, 10, 100), limit(SELL, 10, 200), limit(BUY, 8, 50))

    # 1,000 at 100, then 500 of the level at 200: 12.5 steps for 1,500.
    numerator, denominator = book.impact(BUY, 1_500) or (0, 1)
    assert numerator * 25 == denominator * 3_000
    numerator, denominator = book.impact(SELL, 400) or (0, 1)
    assert numerator == denominator * 50
    assert book.impact(BUY, 3_001) is None
    assert book.impact(SELL, 401) is None


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 50)), min_size=1),
    st.integers(1, 2_000),
)
def test_the_impact_price_is_what_a_market_order_would_pay(
    levels: list[tuple[int, int]], quantity: int
) -> None:
    book = book_of(*(limit(SELL, size, price) for price, size in levels))
    steps = min(quantity, sum(size for _, size in levels))
    paid = sum(sorted(price for price, size in levels for _ in range(size))[:steps])

    impact = book.impact(BUY, paid)

    assert impact is not None
    numerator, denominator = impact
    assert numerator * steps == denominator * paid


STEPS = st.tuples(
    st.sampled_from(["add", "add", "remove", "fill", "shrink"]),
    st.sampled_from([(BUY, price) for price in range(1, 7)] + [(SELL, p) for p in range(7, 13)]),
    st.integers(1, 9),
    st.integers(0, 1_000),
)


@given(st.lists(STEPS, max_size=60))
def test_the_book_is_what_its_orders_say(
    steps: list[tuple[str, tuple[Side, int], int, int]],
) -> None:
    book, naive = Book(), NaiveBook()
    for what, (side, price), quantity, choice in steps:
        if what == "add" or not naive.orders:
            order = limit(side, quantity, price)
            book.add(order)
            naive.orders.append(order)
            continue
        order = naive.orders[choice % len(naive.orders)]
        if what == "remove":
            book.remove(order)
            naive.orders.remove(order)
        elif what == "fill":
            book.fill(order, min(quantity, order.remaining))
            if not order.remaining:
                naive.orders.remove(order)
        else:
            book.shrink(order, max(order.filled + 1, order.quantity - quantity))

        assert list(book.orders()) == naive.side(BUY) + naive.side(SELL)
        assert list(book.depth(99).bids) == naive.depth(BUY)
        assert list(book.depth(99).asks) == naive.depth(SELL)
        assert not book.crossed()
