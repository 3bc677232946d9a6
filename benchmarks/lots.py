"""Matching disposals with lots: milliseconds by method and shape, and how they grow.

    python -m benchmarks.lots [--sizes 10000 100000 1000000] [--rounds 5] [--profile]

Shapes: purchases and sales of one asset in turn, of twenty assets, and half the transactions
purchases followed by as many small sales. Prices and quantities are random, values exact. Facts are
read into movements once, before the clock of matching starts; that reading is printed apart. The
quantities are checked afterwards. Each figure is the best of the rounds, in milliseconds of the
processor, so that a busy machine counts less, and without the collection of cycles, as the service
calculates: nothing here makes any.
"""

import argparse
import cProfile
import gc
import pstats
import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.ledger.domain.transactions import Kind, Role
from plimsoll.tax.domain.facts import Fact, FactLeg
from plimsoll.tax.domain.lots import Method
from plimsoll.tax.domain.matching import ALWAYS, match
from plimsoll.tax.domain.movements import Acquired, Disposed, Movement
from plimsoll.tax.domain.reading import read
from plimsoll.tax.domain.rules import us

ACCOUNT: Final = WalletId(UUID(int=1))
START: Final = datetime(2025, 1, 1, tzinfo=UTC)
CENT: Final = Decimal("0.01")
SATOSHI: Final = Decimal("1e-8")
MANY: Final = 100_000
"""Above it each figure is of one round."""
LONGEST_MS: Final = 60_000
"""A size that would take longer is left out."""


def trade(number: int, *, asset: int, buys: bool, quantity: Decimal, price: Decimal) -> Fact:
    value = (quantity * price).quantize(CENT)
    sign = 1 if buys else -1
    coin = FactLeg(ACCOUNT, AssetId(f"coin-{asset}"), sign * quantity, Role.PRINCIPAL, value)
    money = FactLeg(None, us.COUNTRY.currency, -sign * value, Role.PRINCIPAL, value, is_money=True)
    fee = FactLeg(None, us.COUNTRY.currency, -CENT, Role.FEE, CENT, is_money=True)
    kind = Kind.BUY if buys else Kind.SELL
    at = START + timedelta(minutes=5 * number)
    return Fact(TransactionId(UUID(int=number + 1)), number, kind, at, (coin, money, fee))


def in_turn(transactions: int, *, assets: int) -> list[Fact]:
    """Two of three are purchases; a sale takes a part of what is there."""
    chance, held, facts = random.Random(7), [Decimal(0)] * assets, []
    for number in range(transactions):
        asset = chance.randrange(assets)
        price = Decimal(chance.randrange(10_000, 90_000)) / 100
        buys = chance.random() < 0.5 or held[asset] < 1
        if buys:
            quantity = Decimal(chance.randrange(1, 10**9)) * SATOSHI
        else:
            quantity = (held[asset] * chance.randrange(1, 30) / 100).quantize(SATOSHI)
        held[asset] += quantity if buys else -quantity
        facts.append(trade(number, asset=asset, buys=buys, quantity=quantity, price=price))
    return facts


def buys_then_sells(transactions: int) -> list[Fact]:
    chance, half = random.Random(11), transactions // 2
    return [
        trade(
            number,
            asset=0,
            buys=number < half,
            quantity=Decimal(1) if number < half else Decimal(chance.randrange(1, 50)) / 100,
            price=Decimal(chance.randrange(10_000, 90_000)) / 100,
        )
        for number in range(transactions)
    ]


SHAPES: Final[dict[str, Callable[[int], list[Fact]]]] = {
    "one asset": lambda transactions: in_turn(transactions, assets=1),
    "twenty assets": lambda transactions: in_turn(transactions, assets=20),
    "buys, then small sells": buys_then_sells,
}


def best_ms(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
        gc.enable()
    return min(times) * 1000


def matching(movements: list[Movement], method: Method, rounds: int) -> float:
    election = replace(us.ELECTION, methods=((ALWAYS, method),))
    result = match(movements, us.COUNTRY, election)
    came = sum(each.quantity for each in movements if isinstance(each, Acquired))
    went = sum(each.quantity for each in movements if isinstance(each, Disposed))
    assert not result.shortfalls
    assert sum(each.quantity for each in result.slices) == went
    assert sum(lot.quantity for lot in result.lots) == came - went
    return best_ms(lambda: match(movements, us.COUNTRY, election), rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args()
    if args.profile:
        facts = in_turn(args.sizes[0], assets=1)
        movements = read(facts, us.COUNTRY).movements
        with cProfile.Profile() as profile:
            read(facts, us.COUNTRY)
            match(movements, us.COUNTRY, us.ELECTION)
        pstats.Stats(profile).sort_stats("tottime").print_stats(15)
        return
    print(f"{'shape':24}{'':6}{'facts':>11}{'ms':>9}{'growth':>8}")
    for shape, make in SHAPES.items():
        before: dict[str, float] = {}
        for size in args.sizes:
            rounds = args.rounds if size <= MANY else 1
            facts = make(size)
            taken = {"read": best_ms(lambda f=facts: read(f, us.COUNTRY), rounds)}  # type: ignore[misc]
            movements = read(facts, us.COUNTRY).movements
            del facts
            for method in Method:
                taken[method] = matching(movements, method, rounds)
            for name, took in taken.items():
                growth = f"{took / before[name]:.1f}" if name in before else ""
                print(f"{shape:24}{name:6}{size:11,}{took:9.1f}{growth:>8}", flush=True)
            before = taken
            if 10 * max(taken.values()) > LONGEST_MS:
                break


if __name__ == "__main__":
    main()
