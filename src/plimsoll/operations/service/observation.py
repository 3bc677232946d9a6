"""Everything by which this process is watched, open for as long as it lives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from plimsoll.kernel.clock import Clock
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.operations.service import gauges
from plimsoll.operations.service.gauges import Stock
from plimsoll.operations.service.health import Health
from plimsoll.operations.service.kpis import Kpis
from plimsoll.operations.service.recording import Recorder, Tally
from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.figures import add_up


@dataclass(frozen=True, slots=True)
class Observed:
    """What is watched, and by which clock."""

    settings: Settings
    database: Database
    clock: Clock
    health: Health
    exchange: Exchange
    board: PriceBoard


@asynccontextmanager
async def observe(parts: Observed, tally: Tally) -> AsyncIterator[tuple[Kpis, Recorder]]:
    """Record minutes, take stock, and measure the event loop. `tally` is what the edge fills."""
    exchange = parts.exchange
    kpis = Kpis(parts.database, parts.clock, keep_days=parts.settings.rollup_days)
    judge = parts.health.readiness
    recorder = Recorder(parts.database, parts.clock, tally=tally, judge=judge, kpis=kpis)
    stock = Stock(parts.database, exchange, parts.clock, data_dir=parts.settings.data_dir)
    recorder.gather += [stock.look_at_engine, stock.look_at_database, stock.look_at_disk]
    exchange.engine.listeners.append(
        lambda batch: add_up(recorder.traded, batch, exchange.instruments)
    )
    exchange.engine.on_lag.append(recorder.note_lag)
    gauges.show_engine(exchange)
    gauges.show_prices(parts.board, parts.clock)
    tasks = [
        asyncio.create_task(recorder.run(), name="recorder"),
        asyncio.create_task(gauges.watch_loop(), name="loop-watch"),
    ]
    try:
        yield kpis, recorder
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await recorder.close()
