"""How the parts of this process stand, as Prometheus gauges: read when somebody asks for them, but
for what has to be asked of the database, which the recorder does once a minute.
"""

import asyncio
import shutil
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final

from prometheus_client import Gauge, Histogram

from plimsoll.access.service import key_counts
from plimsoll.kernel.clock import Clock
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.operations.domain import kpis
from plimsoll.operations.domain.kpis import band_of
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.backlog import list_backlog
from plimsoll.trading.domain.accounts import TradingState
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.figures import count_unbalanced, look_at_exposures

ENGINE_STATE: Final = Gauge("engine_state", "1 for the state the engine is in here.", ["state"])
ENGINE_EPOCH: Final = Gauge("engine_epoch", "Of the lease this process had last.")
ENGINE_SEQ: Final = Gauge("engine_seq", "Of the last command here.")
ENGINE_WAITING: Final = Gauge("engine_queue_waiting", "Commands that wait to be taken up.")
TRADING_HALTED: Final = Gauge("trading_halted", "1 while the exchange as a whole is halted.")
UNBALANCED: Final = Gauge(
    "ledger_imbalance", "Assets whose double entry does not add up to nothing; must be 0."
)
EXPOSURE: Final = Gauge("trading_open_exposure_usdt", "Notional of all positions of people.")
PRICE_AGE: Final = Gauge("price_age_seconds", "Since the last price was heard from any source.")
JOBS: Final = Gauge("jobs_unfinished", "Background jobs of all processes.", ["kind", "state"])
JOBS_OLDEST: Final = Gauge(
    "jobs_oldest_seconds",
    "How long the oldest has run, or has been waiting since its turn.",
    ["kind", "state"],
)
DISK_FREE: Final = Gauge("data_disk_free_bytes", "Where the data directory is.")
DISK_SIZE: Final = Gauge("data_disk_size_bytes", "The same, in all.")
READY: Final = Gauge("service_ready", "1 when readiness held at the last look.")
LOOP_LAG: Final = Histogram(
    "event_loop_lag_seconds",
    "How late the event loop was for something due.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
RUNNING: Final = "running"
LOOP_EVERY_S: Final = 0.5


def show_engine(exchange: Exchange) -> None:
    engine = exchange.engine
    for state in type(engine.state):
        ENGINE_STATE.labels(state.value).set_function(partial(_is_in, exchange, state.value))
    ENGINE_EPOCH.set_function(lambda: engine.epoch)
    ENGINE_SEQ.set_function(lambda: engine.seq)
    ENGINE_WAITING.set_function(lambda: engine.waiting)


def _is_in(exchange: Exchange, state: str) -> float:
    return float(exchange.engine.state == state)


def show_prices(board: PriceBoard, clock: Clock) -> None:
    PRICE_AGE.set_function(lambda: max(0.0, clock.monotonic() - board.last_received_s))


async def watch_loop() -> None:
    """Measure for as long as the process lives."""
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + LOOP_EVERY_S
        await asyncio.sleep(LOOP_EVERY_S)
        LOOP_LAG.observe(max(0.0, loop.time() - due_s))


class Stock:
    """Takes stock once a minute of what nobody tells by itself: gauges for the rollups, and some of
    the metrics.
    """

    def __init__(
        self, database: Database, exchange: Exchange, clock: Clock, *, data_dir: Path
    ) -> None:
        self._database = database
        self._exchange = exchange
        self._clock = clock
        self._data_dir = data_dir
        self._backlog: set[tuple[str, str]] = set()

    async def look_at_engine(self) -> Mapping[str, int]:
        """Where it runs; nothing elsewhere. Raises EngineAway while it is being made again."""
        if self._exchange.engine.state != RUNNING:
            return {}
        exposures = await look_at_exposures(self._exchange)
        halted = await self._exchange.read(lambda venue: venue.state is TradingState.HALTED)
        TRADING_HALTED.set(halted)
        EXPOSURE.set(float(exposures.notional / kpis.MONEY))
        bands = Counter(dict.fromkeys((each for _, each in kpis.RATIO_BANDS), 0))
        bands[kpis.Gauge.RATIO_DUE] = 0
        bands.update(map(band_of, exposures.ratios))
        return {
            kpis.Gauge.EXPOSURE.value: exposures.notional,
            **{band.value: count for band, count in bands.items()},
        }

    async def look_at_database(self) -> Mapping[str, int]:
        """Raises Unavailable."""
        async with self._database.read() as unit:
            keys = await key_counts.count_active(unit, self._clock.now())
            UNBALANCED.set(await count_unbalanced(unit))
            backlog = await list_backlog(unit)
        seen = set[tuple[str, str]]()
        for each in backlog:
            seen.add((each.kind, each.state))
            JOBS.labels(each.kind, each.state).set(each.jobs)
            JOBS_OLDEST.labels(each.kind, each.state).set(max(0.0, each.oldest_s))
        for gone in self._backlog - seen:
            JOBS.labels(*gone).set(0)
            JOBS_OLDEST.labels(*gone).set(0)
        self._backlog |= seen
        return {kpis.Gauge.ACTIVE_KEYS.value: keys}

    async def look_at_disk(self) -> Mapping[str, int]:
        usage = await asyncio.to_thread(shutil.disk_usage, self._data_dir)
        DISK_FREE.set(usage.free)
        DISK_SIZE.set(usage.total)
        return {}
