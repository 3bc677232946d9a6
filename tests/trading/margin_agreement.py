"""Random positions, margined by the engine and by the oracle; every disagreement is printed.

python -m tests.trading.margin_agreement [POSITIONS] [SEED]
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from plimsoll.trading.domain import margin
from plimsoll.trading.domain.accounts import Position
from plimsoll.trading.domain.brackets import maintenance
from plimsoll.trading.domain.fills import apply_fill
from plimsoll.trading.domain.instruments import MILLION, MONEY, Instrument, InstrumentKind
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.domain.orders import Side
from tests.trading import margin_oracle as oracle

PERPETUALS: Final = [each for each in DEFAULT_INSTRUMENTS if each.kind is InstrumentKind.PERPETUAL]


@dataclass(frozen=True)
class Difference:
    what: str
    engine: object
    oracle: object


@dataclass(frozen=True)
class World:
    """An instrument in both languages."""

    instrument: Instrument
    tick: Fraction
    step: Fraction
    tiers: list[oracle.Tier]

    @classmethod
    def of(cls, instrument: Instrument) -> "World":
        tiers = [
            oracle.Tier(
                Fraction(each.floor, MONEY),
                Fraction(each.maintenance_ppm, MILLION),
                Fraction(each.deduction, MONEY),
            )
            for each in instrument.brackets
        ]
        return cls(instrument, Fraction(instrument.tick), Fraction(instrument.step), tiers)

    def leg(self, quantity: int, cost: int) -> oracle.Leg:
        size = abs(quantity) * self.step
        entry = Fraction(cost, MONEY) / (quantity * self.step) if quantity else Fraction(0)
        return oracle.Leg(1 if quantity > 0 else -1, size, entry)


WORLDS: Final = [World.of(each) for each in PERPETUALS]


def disagreements(positions: int, seed: int) -> Iterator[tuple[int, Difference]]:
    """Of so many positions: an eighth hedged, the rest made by one to six fills."""
    chance = random.Random(seed)  # noqa: S311 -- a repeatable walk
    for number in range(positions):
        world = chance.choice(WORLDS)
        check = hedged if number % 8 == 0 else one_way
        for difference in check(world, chance):
            yield number, difference


def _price(world: World, chance: random.Random) -> int:
    """About right for a coin from a tenth of a cent to a hundred thousand dollars."""
    return int(10 ** chance.uniform(3, 6))


def _quantity(world: World, price: int, chance: random.Random) -> int:
    """Steps for a notional from some dollars to beyond the last bracket."""
    notional = 10 ** chance.uniform(1, 9.4) * MONEY
    return max(1, int(notional / (price * world.instrument.unit)))


def _fills(world: World, chance: random.Random) -> tuple[Position, oracle.Averaged, int, int, int]:
    """A position and its double, with the profit realised, the reductions and the last price."""
    position, double = Position(), oracle.Averaged()
    profit = reductions = 0
    price = _price(world, chance)
    most = _quantity(world, price, chance)
    for _ in range(chance.randint(1, 6)):
        price = max(1, int(price * chance.uniform(0.8, 1.2)))
        quantity = chance.randint(1, most)
        side = chance.choice([Side.BUY, Side.SELL])
        done = apply_fill(
            position, side, quantity=quantity, price=price, unit=world.instrument.unit
        )
        double.fill(side * quantity * world.step, price * world.tick)
        profit += done.profit
        reductions += done.closed > 0
    return position, double, profit, reductions, price


def one_way(world: World, chance: random.Random) -> Iterator[Difference]:
    unit, brackets = world.instrument.unit, world.instrument.brackets
    position, double, profit, reductions, price = _fills(world, chance)
    slack = Fraction(reductions, MONEY)
    entry_cost = double.quantity * double.entry
    if abs(Fraction(position.cost, MONEY) - entry_cost) > slack:
        yield Difference("cost after fills", position.cost, entry_cost)
    if abs(Fraction(profit, MONEY) - double.realised) > slack:
        yield Difference("realised profit", profit, double.realised)
    if not position.quantity:
        return
    quantity, cost = position.quantity, position.cost
    leg = world.leg(quantity, cost)
    leverage = chance.randint(1, 150)
    mark = max(1, int(price * chance.uniform(0.7, 1.4)))
    notional = margin.notional_of(quantity, price=mark, unit=unit)
    initial = margin.initial_margin(notional, leverage)
    money = int(initial * chance.choice([1, chance.uniform(0, 2), chance.uniform(-1, 30)]))
    wallet, value = Fraction(money, MONEY), leg.size * mark * world.tick
    kept = oracle.rounded_up(oracle.maintenance(world.tiers, value))
    balance = money + margin.unrealised(quantity, cost=cost, mark=mark, unit=unit)
    expected: dict[str, tuple[object, object]] = {
        "notional": (notional, value * MONEY),
        "initial margin": (initial, oracle.rounded_up(value / leverage) * MONEY),
        "maintenance": (maintenance(brackets, notional), kept * MONEY),
        "balance": (balance, (wallet + leg.profit(mark * world.tick)) * MONEY),
        "due": (
            margin.is_due(maintenance=maintenance(brackets, notional), balance=balance),
            oracle.is_liquidated(world.tiers, [leg], wallet, mark * world.tick),
        ),
        "due price": (
            margin.due_price(brackets, quantity, cost=cost, margin=money, unit=unit),
            oracle.first_tick(world.tiers, leg, wallet, world.tick),
        ),
        "liquidation price": (
            margin.liquidation_price(brackets, quantity, cost=cost, margin=money, unit=unit),
            oracle.shown_tick(world.tiers, leg, wallet, world.tick),
        ),
    }
    for fee_ppm in (0, 500):
        expected[f"bankruptcy price with {fee_ppm}"] = (
            margin.bankruptcy_price(
                quantity, cost=cost, margin=money, unit=unit, exit_fee_ppm=fee_ppm
            ),
            oracle.bankruptcy(leg, wallet, world.tick, Fraction(fee_ppm, MILLION)),
        )
    yield from _differences(expected)


def hedged(world: World, chance: random.Random) -> Iterator[Difference]:
    unit, brackets = world.instrument.unit, world.instrument.brackets
    price = _price(world, chance)
    long = _quantity(world, price, chance)
    ratio = chance.choice([0, 1, chance.uniform(0.9, 1.1), 10 ** chance.uniform(-2, 2)])
    short = int(long * ratio)
    entries = [max(1, int(price * chance.uniform(0.8, 1.2))) for _ in range(2)]
    costs = long * entries[0] * unit, -short * entries[1] * unit
    legs = [world.leg(long, costs[0])] + ([world.leg(-short, costs[1])] if short else [])
    notional = (long + short) * price * unit
    money = int(notional * chance.choice([chance.uniform(0, 0.3), chance.uniform(-0.1, 1)]))
    found = margin.safe_range(
        brackets, margin.Hedged(long, short, sum(costs)), margin=money, unit=unit
    )
    seen: tuple[int, int] | None = None
    if found:
        seen = found.below or 0, found.above or oracle.FAR + 1
    safe = oracle.shown_range(world.tiers, legs, Fraction(money, MONEY), world.tick)
    kept = sum(
        (oracle.maintenance(world.tiers, leg.size * price * world.tick) for leg in legs),
        Fraction(0),
    )
    yield from _differences(
        {
            "safe range": (seen, safe),
            "maintenance of both": (
                margin.hedged_maintenance(
                    brackets, long=long * price * unit, short=short * price * unit
                ),
                oracle.rounded_up(kept) * MONEY,
            ),
        }
    )


def _differences(expected: dict[str, tuple[object, object]]) -> Iterator[Difference]:
    for what, (ours, theirs) in expected.items():
        if ours != theirs:
            yield Difference(what, ours, theirs)


def main(positions: int, seed: int) -> int:
    wrong = 0
    for number, difference in disagreements(positions, seed):
        wrong += 1
        sys.stdout.write(f"position {number} of seed {seed}: {difference}\n")
    sys.stdout.write(f"{positions:,} positions of seed {seed}: {wrong} disagreements\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    sys.exit(main(*(given + [100_000, 1][len(given) :])))
