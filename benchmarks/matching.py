"""The book, the matching and the triggers beside their naive forms, in the same run.

    python -m benchmarks.matching [--orders 10000]

The naive forms are the oracles of the tests: one list of orders, searched from end to end; the one
of the triggers counts in fractions. A taker of ours settles the positions of both sides too. Each
figure is microseconds for one operation, the best of several rounds, on a book with that many open
orders and on one of a tenth; memory is what the orders, and the book around them, allocate.
"""

import argparse
import gc
import random
import time
import tracemalloc
from collections.abc import Callable
from typing import Final

from plimsoll.trading.domain.accounts import Position
from plimsoll.trading.domain.book import Book
from plimsoll.trading.domain.fills import apply_fill
from plimsoll.trading.domain.matching import execute, plan
from plimsoll.trading.domain.orders import Order, OrderType, Side, TimeInForce, TriggerOn
from plimsoll.trading.domain.triggers import Triggers
from tests.trading.naive_book import NaiveBook
from tests.trading.naive_triggers import NaiveTriggers

MIDDLE: Final = 600_000
LEVELS: Final = 2_000
"""On each side; most orders wait near the best."""
ROUNDS: Final = 5
NAIVE_COUNT: Final = 20


def order(number: int, side: Side, quantity: int, price: int) -> Order:
    return Order(
        number, 1 + number % 50, "BTC-PERP", side, OrderType.LIMIT, quantity, price, TimeInForce.GTC
    )


def offers(count: int, seed: int = 1) -> list[Order]:
    chance = random.Random(seed)
    made = []
    for number in range(1, count + 1):
        side = chance.choice((Side.BUY, Side.SELL))
        away = 1 + min(int(chance.expovariate(8 / LEVELS)), LEVELS - 1)
        made.append(order(number, side, chance.randint(1, 100), MIDDLE - side * away))
    return made


def book_of(waiting: list[Order]) -> Book:
    book = Book()
    for each in waiting:
        book.add(each)
    return book


def best_us(make: Callable[[], Callable[[], object]], count: int) -> float:
    """`make` prepares a round, which does `count` operations."""
    best = float("inf")
    for _ in range(ROUNDS):
        run = make()
        gc.collect()
        began = time.perf_counter()
        run()
        best = min(best, (time.perf_counter() - began) / count * 1e6)
    return best


def add_and_cancel(size: int) -> tuple[float, float]:
    new = offers(2_000, seed=2)
    for each in new:
        each.id += size

    def ours() -> Callable[[], object]:
        book = book_of(offers(size))

        def run() -> None:
            for each in new:
                book.add(each)
                book.remove(each)

        return run

    def naive() -> Callable[[], object]:
        book = NaiveBook(offers(size))

        def run() -> None:
            for each in new[:NAIVE_COUNT]:
                book.place(each, limit=each.price)
                book.orders.remove(each)

        return run

    return best_us(ours, len(new)), best_us(naive, NAIVE_COUNT)


def take(size: int, quantity: int) -> tuple[float, float, float]:
    """Market orders of a quantity: ours and the naive one for each taker, and ours for each match,
    positions of both sides included.
    """
    makers = [0]

    def taker(number: int) -> Order:
        side = Side.BUY if number % 2 else Side.SELL
        made = order(10**6 + number, side, quantity, 0)
        made.account = 999
        return made

    count = size // 20

    def ours() -> Callable[[], object]:
        book, takers = book_of(offers(size)), [taker(number) for number in range(count)]
        positions = {account: Position() for account in (999, *range(1, 51))}

        def run() -> None:
            makers[0] = 0
            for each in takers:
                limit = 10**9 if each.side is Side.BUY else 1
                outcome = plan(
                    book,
                    account=999,
                    side=each.side,
                    quantity=quantity,
                    limit=limit,
                    room=lambda _: 0,
                )
                execute(book, each, outcome)
                makers[0] += len(outcome.matches)
                for maker, price, steps, _, _ in outcome.matches:
                    for account, side in ((999, each.side), (maker.account, maker.side)):
                        apply_fill(
                            positions[account], side, quantity=steps, price=price, unit=10_000
                        )

        return run

    def naive() -> Callable[[], object]:
        book, takers = NaiveBook(offers(size)), [taker(number) for number in range(NAIVE_COUNT)]

        def run() -> None:
            for each in takers:
                book.take(each, limit=10**9 if each.side is Side.BUY else 1)

        return run

    mine = best_us(ours, count)
    return mine, best_us(naive, NAIVE_COUNT), mine * count / makers[0]


def stops(count: int) -> list[Order]:
    """Half of them trailing; the price of the walk reaches few."""
    chance = random.Random(3)
    made = []
    for number in range(1, count + 1):
        each = order(number, Side.SELL, 1, 0)
        each.trigger = TriggerOn.MARK
        if number % 2:
            each.type, each.callback_ppm = OrderType.TRAILING_STOP, chance.randint(30_000, 90_000)
        else:
            each.type = OrderType.STOP_MARKET
            each.trigger_price = MIDDLE - chance.randint(20_000, 60_000)
        made.append(each)
    return made


def move_the_mark(size: int) -> tuple[float, float]:
    chance = random.Random(4)
    walk, price = [], MIDDLE
    for _ in range(2_000):
        price += chance.randint(-200, 205)
        walk.append(price)

    def ours() -> Callable[[], object]:
        triggers = Triggers()
        triggers.reached(TriggerOn.MARK, MIDDLE)
        for each in stops(size):
            triggers.add(each)
        return lambda: [triggers.reached(TriggerOn.MARK, price) for price in walk]

    def naive() -> Callable[[], object]:
        triggers = NaiveTriggers()
        triggers.reached(TriggerOn.MARK, MIDDLE)
        for each in stops(size):
            triggers.add(each)
        return lambda: [triggers.reached(TriggerOn.MARK, price) for price in walk[:NAIVE_COUNT]]

    return best_us(ours, len(walk)), best_us(naive, NAIVE_COUNT)


def memory_mb(size: int) -> tuple[float, float]:
    """Of the orders alone, and of the book around them."""
    gc.collect()
    tracemalloc.start()
    waiting = offers(size)
    alone, _ = tracemalloc.get_traced_memory()
    book = book_of(waiting)
    both, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert book.best_bid()
    return alone / 2**20, (both - alone) / 2**20


def figures(size: int) -> None:
    print(f"\n{size:,} orders, microseconds\n{'':34}{'ours':>9}{'naive':>11}{'ratio':>8}")
    for name, (ours, naive) in (
        ("add and cancel", add_and_cancel(size)),
        ("a new mark, stops waiting", move_the_mark(size)),
    ):
        print(f"{name:34}{ours:9.2f}{naive:11.1f}{naive / ours:8.0f}")
    for quantity in (1, 50, 1_000):
        ours, naive, match = take(size, quantity)
        print(
            f"{f'take {quantity} steps at the market':34}{ours:9.2f}{naive:11.1f}"
            f"{naive / ours:8.0f}   {match:.2f} for each match"
        )
    alone, around = memory_mb(size)
    print(f"memory: orders {alone:.2f} MB, the book around them {around:.2f} MB")


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--orders", type=int, default=10_000)
    size = reader.parse_args().orders
    figures(size // 10)
    figures(size)


if __name__ == "__main__":
    main()
