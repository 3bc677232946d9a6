"""What open orders and accounts of the exchange take, and how long a snapshot of them holds it up.

    python -m benchmarks.exchange_memory [--orders 10000] [--accounts 1000]

Each line is a process of its own, and its figure the resident set before and after. Orders rest on
one market at up to 5,000 prices, each with a client id; accounts have money and a position. Ten
times as many should be ten times as much. A snapshot is copied on the loop (`held up`) and packed
beside it; a million client ids that were used before are in the last line.
"""

import argparse
import gc
import subprocess
import sys
import time
from typing import Any, Final

from benchmarks.machine import AT_MS, MIDDLE, SYMBOL
from benchmarks.memory import resident_mb
from plimsoll.trading.domain.commands import (
    Deposit,
    ListInstrument,
    OpenAccount,
    PlaceOrder,
    SetIndex,
)
from plimsoll.trading.domain.events import Refused
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.orders import OrderType, Side
from plimsoll.trading.engine import keeping
from plimsoll.trading.storage import snapshots

MAKERS: Final = range(10**6, 10**6 + 1_000)
"""Whose orders rest; they are there before anything is measured."""


def do(machine: Machine, kind: Any, **fields: Any) -> None:
    events = machine.apply(kind(seq=machine.venue.seq + 1, at_ms=AT_MS, **fields))
    assert not (events and isinstance(events[0], Refused)), events


def open_accounts(machine: Machine, numbers: range) -> None:
    for who in numbers:
        do(machine, OpenAccount, account=who, leverage_cap=20)
        do(machine, Deposit, account=who, asset="tether", amount=10**6 * MONEY)


def begin() -> Machine:
    machine = Machine()
    instrument = next(each for each in DEFAULT_INSTRUMENTS if each.symbol == SYMBOL)
    do(machine, ListInstrument, instrument=instrument)
    open_accounts(machine, MAKERS)
    do(machine, SetIndex, symbol=SYMBOL, index_price=MIDDLE)
    return machine


def place(machine: Machine, who: int, side: Side, price: int, client_id: str | None = None) -> None:
    do(
        machine,
        PlaceOrder,
        account=who,
        symbol=SYMBOL,
        side=side,
        type=OrderType.LIMIT,
        quantity=10,
        price=price,
        client_id=client_id,
    )


def fill(machine: Machine, *, orders: int, accounts: int) -> None:
    """Accounts in pairs that have traded with each other; orders of the makers, below the mark."""
    first, second = range(2, 2 + accounts // 2), range(2 + accounts // 2, 2 + accounts)
    open_accounts(machine, range(2, 2 + accounts))
    for long, short in zip(first, second, strict=False):
        place(machine, long, Side.BUY, MIDDLE)
        place(machine, short, Side.SELL, MIDDLE)
    for number in range(orders):
        who = MAKERS[number % len(MAKERS)]
        place(machine, who, Side.BUY, MIDDLE - 100 - number % 5_000, f"order-{number:09}")


def measure(*, orders: int, accounts: int, client_ids: int) -> None:
    machine = begin()
    venue = machine.venue
    gc.collect()
    before_mb = resident_mb()
    fill(machine, orders=orders, accounts=accounts)
    for number in range(client_ids):
        venue.client_ids[MAKERS[number % len(MAKERS)], f"bot-order-{number:010}"] = number << 20
    grown_mb = resident_mb() - before_mb
    began = time.perf_counter()
    snapshot = keeping.copy(venue)
    held_ms = (time.perf_counter() - began) * 1000
    began = time.perf_counter()
    packed = snapshots.pack(snapshot)
    packed_ms = (time.perf_counter() - began) * 1000
    positions = sum(
        len(exposure.positions)
        for account in venue.accounts.values()
        for exposure in account.exposures.values()
    )
    assert (len(venue.orders), positions) == (orders, accounts)
    print(
        f"{orders:>8,} orders {accounts:>7,} accounts {client_ids:>9,} client ids: "
        f"{grown_mb:7.1f} MB   snapshot: held up "
        f"{held_ms:6.1f} ms, packed in {packed_ms:6.1f} ms, {len(packed.state) / 1e6:.1f} MB",
        flush=True,
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=10_000)
    options.add_argument("--accounts", type=int, default=1_000)
    options.add_argument("--client-ids", type=int, default=0)
    options.add_argument("--alone", action="store_true", help="these, in this process")
    chosen = options.parse_args()
    if chosen.alone:
        measure(orders=chosen.orders, accounts=chosen.accounts, client_ids=chosen.client_ids)
        return
    orders, accounts = chosen.orders, chosen.accounts
    for line in (
        (orders, 0, 0),
        (orders * 10, 0, 0),
        (0, accounts, 0),
        (0, accounts * 10, 0),
        (orders, accounts, 1_000_000),
    ):
        words = [
            f"--{name}={number}"
            for name, number in zip(("orders", "accounts", "client-ids"), line, strict=True)
        ]
        subprocess.run(  # noqa: S603 -- ourselves
            [sys.executable, "-m", "benchmarks.exchange_memory", "--alone", *words], check=True
        )


if __name__ == "__main__":
    main()
