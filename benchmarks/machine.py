"""Operations of the trading machine a second, with margin checks and events.

    python -m benchmarks.machine [--operations 60000] [--rounds 5] [--profile]

One core, one market, a hundred accounts of which each has orders and a position, a maker of the
house with ten levels on each side. The mix is of 100 operations 45 orders that rest, 45 that are
cancelled and 10 that cross (each fills one to three makers). All commands are made before the clock
starts; the venue is checked afterwards: a fast wrong answer is no answer. The figure is the median
of the rounds.
"""

import argparse
import cProfile
import gc
import pstats
import random
import statistics
import time
from collections.abc import Sequence
from itertools import count
from typing import Final

from plimsoll.trading.domain.commands import (
    CancelOrder,
    Command,
    Deposit,
    ListInstrument,
    OpenAccount,
    PlaceOrder,
    Quote,
    SetIndex,
)
from plimsoll.trading.domain.digest import START, chain
from plimsoll.trading.domain.events import Refused
from plimsoll.trading.domain.house import HouseStyle, quotes
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.invariants import check
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.orders import IDS_PER_COMMAND, OrderType, Side, TimeInForce

AT_MS: Final = 1_767_225_600_000
PEOPLE: Final = range(2, 102)
MIDDLE: Final = 600_000
SYMBOL: Final = "BTC-PERP"


def beginning(numbers: "count[int]") -> list[Command]:
    instrument = next(each for each in DEFAULT_INSTRUMENTS if each.symbol == SYMBOL)
    commands: list[Command] = [
        ListInstrument(next(numbers), AT_MS, instrument),
        OpenAccount(next(numbers), AT_MS, 1, 125, house=True),
        Deposit(next(numbers), AT_MS, 1, "tether", 10**9 * MONEY),
    ]
    for who in PEOPLE:
        commands.append(OpenAccount(next(numbers), AT_MS, who, 20))
        commands.append(Deposit(next(numbers), AT_MS, who, "tether", 10**6 * MONEY))
    commands.append(SetIndex(next(numbers), AT_MS, SYMBOL, MIDDLE))
    made = quotes(HouseStyle(quantity=10**6), index_price=MIDDLE, inventory=0, seed=1)
    commands.append(Quote(next(numbers), AT_MS, 1, SYMBOL, made.bids, made.asks))
    return commands


def mix(numbers: "count[int]", operations: int, seed: int) -> list[Command]:
    """Resting orders lie within 0.4 % of the middle; a cancel takes one that may have been filled
    meanwhile only rarely, because it is far from the best price.
    """
    chance = random.Random(seed)
    commands: list[Command] = []
    resting: list[tuple[int, int]] = []
    while len(commands) < operations:
        seq, who, side = next(numbers), chance.choice(PEOPLE), chance.choice(tuple(Side))
        drawn = chance.random()
        if drawn < 0.10:
            commands.append(
                PlaceOrder(seq, AT_MS, who, SYMBOL, side, OrderType.MARKET, chance.randrange(1, 40))
            )
        elif drawn < 0.55 or not resting:
            price = MIDDLE - side * chance.randrange(70, 2_400)
            resting.append((who, seq * IDS_PER_COMMAND))
            commands.append(
                PlaceOrder(
                    seq, AT_MS, who, SYMBOL, side, OrderType.LIMIT, chance.randrange(1, 40), price,
                    TimeInForce.GTC,
                )
            )  # fmt: skip
        else:
            index = chance.randrange(len(resting))
            resting[index], resting[-1] = resting[-1], resting[index]
            commands.append(CancelOrder(seq, AT_MS, *resting.pop()))
    return commands


def run(machine: Machine, commands: Sequence[Command]) -> tuple[float, int, int]:
    """Seconds, events, refusals."""
    apply, events, refused = machine.apply, 0, 0
    gc.collect()
    gc.freeze()
    start = time.perf_counter()
    for command in commands:
        happened = apply(command)
        events += len(happened)
        if type(happened[0]) is Refused:
            refused += 1
    return time.perf_counter() - start, events, refused


def kinds(machine: Machine, numbers: "count[int]") -> None:
    """Each operation alone, microseconds: what the mix is made of."""
    rest = [
        PlaceOrder(next(numbers), AT_MS, who, SYMBOL, Side.BUY, OrderType.LIMIT, 5, MIDDLE - 900)
        for who in PEOPLE
        for _ in range(50)
    ]
    cancel = [
        CancelOrder(next(numbers), AT_MS, each.account, each.seq * IDS_PER_COMMAND) for each in rest
    ]
    cross = [
        PlaceOrder(next(numbers), AT_MS, who, SYMBOL, side, OrderType.MARKET, 5)
        for _ in range(25)
        for side in Side
        for who in PEOPLE
    ]
    for name, commands in (("rest", rest), ("cancel", cancel), ("cross", cross)):
        seconds, events, refused = run(machine, commands)
        each = seconds / len(commands) * 1e6
        print(
            f"  {name:8}{each:8.2f} µs   {events / len(commands):5.2f} events   {refused} refused"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    numbers = count(1)
    machine = Machine()
    run(machine, beginning(numbers))
    if asked.profile:
        commands = mix(numbers, asked.operations, 1)
        with cProfile.Profile() as profile:
            run(machine, commands)
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)
        return
    rates: list[float] = []
    for turn in range(asked.rounds):
        seconds, events, refused = run(machine, commands := mix(numbers, asked.operations, turn))
        rates.append(len(commands) / seconds)
        print(f"  round {turn + 1}: {rates[-1]:10,.0f}/s, {events} events, {refused} refused")
    print(f"machine: {statistics.median(rates):,.0f} operations/s, one core")
    kinds(machine, numbers)
    sample = [machine.apply(each) for each in mix(numbers, 5_000, 99)]
    start, state = time.perf_counter(), START
    for events_of_one in sample:
        state = chain(state, events_of_one)
    print(f"  rolling hash: {(time.perf_counter() - start) / len(sample) * 1e6:.2f} µs a command")
    faults = check(machine.venue)
    assert not faults, faults


if __name__ == "__main__":
    main()
