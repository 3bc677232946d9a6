"""How long matching by owner takes, and how it grows: United Kingdom, Canada, France.

python -m benchmarks.pools [--sizes 10000 100000 1000000]
"""

import argparse
import gc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from time import process_time
from typing import Final
from uuid import UUID

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain import canada, france, uk
from plimsoll.tax.domain.movements import Acquired, Disposed, Movement, Ref
from plimsoll.tax.domain.results import Matched

START: Final = datetime(2018, 1, 1, tzinfo=UTC)
ACCOUNT: Final = WalletId(UUID(int=1))
RUNS: Final = 5
MANY: Final = 100_000
"""Above it each figure is of one run."""
LONGEST_S: Final = 60
"""A size that would take longer is left out."""
AFTER: Final = 30


def movement(number: int, *, minutes: int, asset: int, buys: bool, quantity: Decimal) -> Movement:
    ref, at = Ref(TransactionId(UUID(int=number)), 0), START + timedelta(minutes=minutes)
    coin, amount = AssetId(f"coin-{asset}"), quantity * (100 + number % 37)
    if buys:
        return Acquired(ref, Kind.BUY, at, at.date(), coin, ACCOUNT, quantity, amount, at.date())
    return Disposed(ref, Kind.SELL, at, at.date(), coin, ACCOUNT, quantity, amount)


def mixed(count: int, *, assets: int, minutes: int) -> list[Movement]:
    """Buys and sells at random, one every so many minutes."""
    random = Random(1)
    return [
        movement(
            number,
            minutes=number * minutes,
            asset=random.randrange(assets),
            buys=number < assets or random.random() < 0.55,
            quantity=Decimal(random.randrange(1, 10**8)) / 10**8,
        )
        for number in range(count)
    ]


def bought_then_sold(count: int) -> list[Movement]:
    half = count // 2
    return [
        movement(
            number,
            minutes=number * 300,
            asset=0,
            buys=number < half,
            quantity=Decimal("1.5") if number < half else Decimal("0.7"),
        )
        for number in range(count)
    ]


def one_day(count: int) -> list[Movement]:
    """The worst for the United Kingdom: all is sold on one day and bought back on thirty, so that
    each sale is a part of each purchase.
    """
    lost = Decimal(3)
    sold = [movement(n, minutes=0, asset=0, buys=False, quantity=lost) for n in range(count)]
    back = lost * count / AFTER
    return sold + [
        movement(count + day, minutes=day * 1440, asset=0, buys=True, quantity=back)
        for day in range(1, AFTER + 1)
    ]


def seconds(match: Callable[[list[Movement]], Matched], told: list[Movement]) -> float:
    """The best of some runs, in seconds of the processor and without the collection of cycles, as
    the service calculates: nothing here makes any.
    """
    taken = []
    for _ in range(RUNS if len(told) <= MANY else 1):
        gc.collect()
        gc.disable()
        began = process_time()
        match(told)
        taken.append(process_time() - began)
        gc.enable()
    return min(taken)


def with_values(told: list[Movement]) -> Callable[[list[Movement]], Matched]:
    values = {each.ref: Decimal(10**9) for each in told if isinstance(each, Disposed)}
    return lambda movements: france.match(movements, values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    sizes = parser.parse_args().sizes
    shapes: dict[str, Callable[[int], list[Movement]]] = {
        "1 asset, 5 a day": lambda count: mixed(count, assets=1, minutes=288),
        "1 asset, 100 a day": lambda count: mixed(count, assets=1, minutes=14),
        "20 assets": lambda count: mixed(count, assets=20, minutes=288),
        "buys, then small sells": bought_then_sold,
        "sold on one day": one_day,
    }
    print(f"{'shape':26}{'rules':10}{'movements':>11}{'ms':>9}{'growth':>8}")
    for name, made in shapes.items():
        before: dict[str, float] = {}
        for size in sizes:
            told = made(size)
            ways = {"uk": uk.match, "canada": canada.match, "france": with_values(told)}
            taken = {rules: seconds(match, told) for rules, match in ways.items()}
            for rules, took in taken.items():
                growth = f"{took / before[rules]:.1f}" if rules in before else ""
                print(f"{name:26}{rules:10}{size:11,}{took * 1000:9.0f}{growth:>8}", flush=True)
            before = taken
            if 10 * max(taken.values()) > LONGEST_S or name == "sold on one day":
                break


if __name__ == "__main__":
    main()
