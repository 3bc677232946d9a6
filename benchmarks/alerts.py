"""A batch of values against the alert conditions, beside asking every condition.

    python -m benchmarks.alerts [--subjects 1000] [--conditions 10000] [--batches 300]

Every batch has a new price of every subject, each a small step of its walk. Thresholds lie around
the beginning, so that some are reached in every batch. The index and the plain way see the same
batches in turn and have to tell the same. Milliseconds of processor time for one batch: what waits
for a core is not counted. The first batch gives every crossing its side; the last line is a fall by
a third of everything at once. "service" is the same prices as ticks that the price board has taken,
through the service's own classes, each step put aside for the writing, which is not timed.
"""

import argparse
import gc
import random
import statistics
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from plimsoll.alerts.domain.alerts import Alert, Terms
from plimsoll.alerts.domain.conditions import (
    Comparison,
    Condition,
    ConditionId,
    Event,
    Standing,
    Subject,
    SubjectKind,
    observe,
)
from plimsoll.alerts.domain.watching import Watch
from plimsoll.alerts.service.hearing import Tell
from plimsoll.alerts.service.price_hearing import PriceHearing
from plimsoll.alerts.service.watching import Watching
from plimsoll.kernel.clock import SystemClock
from plimsoll.kernel.identifiers import AssetId, UserId
from plimsoll.markets.domain.assets import Asset, AssetKind, Catalogue
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.domain.prices import Pair, Price, Tick
from plimsoll.markets.service.prices import Prices

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
NAIVE_BATCHES: Final = 20
CENT: Final = Decimal("0.01")

Batch = list[tuple[Subject, Decimal]]


def conditions(subjects: int, count: int, chance: random.Random) -> list[Condition]:
    """Three in ten below, three above, the rest cross; most are a few percent away."""
    return [
        Condition(
            ConditionId(UUID(int=number)),
            Subject(SubjectKind.PRICE, f"coin-{number % subjects}/usd"),
            comparison,
            round(Decimal(100 * (1 + side * (0.002 + chance.expovariate(20)))), 2),
            Decimal("0.5"),
            timedelta(minutes=chance.choice((0, 1, 15))),
        )
        for number in range(1, count + 1)
        for comparison, side in [
            chance.choice(
                [(Comparison.BELOW, -1)] * 3
                + [(Comparison.ABOVE, 1)] * 3
                + [(Comparison.CROSSES, 1), (Comparison.CROSSES, -1)] * 2
            )
        ]
    ]


def walks(subjects: int, count: int, chance: random.Random) -> list[Batch]:
    """Steps of about five parts in ten thousand. Every subject is made anew, as a feed would."""
    prices = [100.0] * subjects
    batches = list[Batch]()
    for _ in range(count):
        prices = [price * (1 + chance.gauss(0, 0.0005)) for price in prices]
        batches.append(
            [
                (Subject(SubjectKind.PRICE, f"coin-{number}/usd"), round(Decimal(price), 8))
                for number, price in enumerate(prices)
            ]
        )
    return batches


class Everything:
    def __init__(self, made: list[Condition]) -> None:
        self.of: dict[Subject, list[tuple[Condition, Standing]]] = {}
        for condition in made:
            self.of.setdefault(condition.subject, []).append((condition, Standing()))

    def take(self, batch: Batch, at: datetime) -> list[Event]:
        events = list[Event]()
        for subject, value in batch:
            held = self.of[subject]
            for index, (condition, before) in enumerate(held):
                after, event = observe(before, condition, value, at)
                held[index] = condition, after
                if event:
                    events.append(event)
        return events


class Service:
    """A process that watches, without a database behind it."""

    def __init__(self, made: list[Condition], subjects: int) -> None:
        names = ["usd", *(f"coin-{number}" for number in range(subjects))]
        catalogue = Catalogue(Asset(AssetId(each), each, each, AssetKind.CRYPTO) for each in names)
        self.board = PriceBoard(stale_after_s=60)
        self.clock = SystemClock()
        prices = Prices(
            catalogue=catalogue, board=self.board, clock=self.clock, feed_kind=FeedKind.LIVE
        )

        def make(tell: Tell) -> dict[SubjectKind, PriceHearing]:
            self.hearing = PriceHearing(prices, tell)
            return {SubjectKind.PRICE: self.hearing}

        self.watching = Watching(None, self.clock, catalogue, make)  # type: ignore[arg-type]  # never asked
        for condition in made:
            alert = Alert(Terms(condition), UserId(condition.id), Standing(), 1, START, START)
            self.watching._enter(alert)  # noqa: SLF001 - what loading does
        self.watching.epoch = 1

    def put(self, batch: Batch) -> list[Tick]:
        ticks = list[Tick]()
        at, now_s = self.clock.now(), self.clock.monotonic()
        for subject, value in batch:
            base, _, quote = subject.of.partition("/")
            pair = Pair(AssetId(base), AssetId(quote))
            price = Price(value, "bench", at)
            self.board.put(pair, price, now_s)
            ticks.append(Tick(pair, price))
        return ticks

    def forget(self) -> None:
        self.watching._recorder.forget()  # noqa: SLF001 - they are written in the background


def timed_ms(began: float) -> float:
    return (time.process_time() - began) * 1e3


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--subjects", type=int, default=1_000)
    reader.add_argument("--conditions", type=int, default=10_000)
    reader.add_argument("--batches", type=int, default=300)
    asked = reader.parse_args()
    chance = random.Random(1)
    made = conditions(asked.subjects, asked.conditions, chance)
    batches = walks(asked.subjects, asked.batches, chance)
    watch, everything, service = Watch(), Everything(made), Service(made, asked.subjects)
    began = time.process_time()
    for condition in made:
        watch.put(condition, Standing())
    filled = timed_ms(began)
    gc.collect()
    gc.freeze()

    ours, plain, served, events, changes = list[float](), list[float](), list[float](), 0, 0
    for second, batch in enumerate(batches):
        at = START + timedelta(seconds=second)
        began = time.process_time()
        steps = watch.take(batch, at)
        ours.append(timed_ms(began))
        told = [step.event for step in steps if step.event]
        if second:
            events, changes = events + len(told), changes + len(steps)
        del steps  # not while the next batch is timed
        if second < NAIVE_BATCHES:
            began = time.process_time()
            expected = everything.take(batch, at)
            plain.append(timed_ms(began))
            assert sorted(each.id for each in told) == sorted(each.id for each in expected)
    for batch in batches:
        ticks = service.put(batch)
        began = time.process_time()
        service.hearing.hear(ticks)
        served.append(timed_ms(began))
        service.forget()
    fall = [(subject, value * 2 / 3) for subject, value in batches[-1]]
    began = time.process_time()
    steps = watch.take(fall, START + timedelta(days=1))
    fell = timed_ms(began)

    print(f"{asked.conditions:,} conditions on {asked.subjects:,} subjects, put in {filled:.0f} ms")
    print(f"{'':24}{'first':>9}{'median':>9}{'p99':>9}{'most':>9}   ms a batch")
    for name, taken in (("index", ours), ("service", served), ("asking everything", plain)):
        later = sorted(taken[1:])
        p99 = later[int(len(later) * 0.99)]
        print(f"{name:24}{taken[0]:9.2f}{statistics.median(later):9.2f}{p99:9.2f}{later[-1]:9.2f}")
    each = len(batches) - 1
    print(
        f"a later batch changed {changes / each:.1f} standings and made {events / each:.1f} events"
    )
    print(
        f"a fall by a third: {fell:.1f} ms for {len(steps):,} standings, "
        f"{fell / len(steps) * 1e3:.1f} µs each"
    )


if __name__ == "__main__":
    main()
