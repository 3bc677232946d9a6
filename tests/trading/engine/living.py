"""A random world lived through a writer: its commands in batches, at the world's own time."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from itertools import islice
from typing import Any

from plimsoll.kernel.clock import from_ms
from plimsoll.plumbing.database import Database
from plimsoll.trading.domain.events import LiquidationStarted, WalletChanged, WalletReason
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.refusals import OutOfRange
from plimsoll.trading.engine.applied import Applied, Draft
from plimsoll.trading.engine.writer import Engine
from tests.trading.engine.writing import SELDOM
from tests.trading.worlds import World


class WorldClock:
    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> datetime:
        return from_ms(self._world.at_ms)

    def monotonic(self) -> float:
        return self._world.at_ms / 1000


RARE = ("paid", "liquidated")


def _rare(batch: Sequence[Applied]) -> Iterator[str]:
    for event in (event for applied in batch for event in applied.events):
        if isinstance(event, WalletChanged) and event.reason is WalletReason.FUNDING:
            yield "paid"
        elif isinstance(event, LiquidationStarted):
            yield "liquidated"


def _positional(made: Any) -> Draft:
    return lambda seq, at_ms: made(seq=seq, at_ms=at_ms)


@asynccontextmanager
async def living(
    database: Database,
    seed: int,
    commands: int,
    *,
    at_once: int = 20,
    snapshot_every: int = SELDOM,
) -> AsyncIterator[Engine]:
    """An engine after the first `commands` of a world, and more until funding was paid and somebody
    was liquidated.
    """
    world = World(seed)
    engine = Engine(database, WorldClock(world), snapshot_every=snapshot_every)
    seen: set[str] = set()
    engine.listeners.append(lambda batch: seen.update(_rare(batch)))
    await engine.open()
    world.machine = Machine(engine._present.venue)
    batch: list[Draft] = []
    for number, made in enumerate(islice(world.drafts(), 20 * commands)):
        if number >= commands and len(seen) == len(RARE):
            break
        batch.append(_positional(made))
        if len(batch) == at_once or not world.begun:
            with suppress(OutOfRange):
                await engine.submit_all(batch)
            batch = []
    try:
        yield engine
    finally:
        await engine.close()
