"""What this process does in each minute, counted in memory and stored once a minute.

A request costs one to two microseconds here. Every ten seconds readiness is judged; when a minute
has turned, what was counted is set aside and stored, one transaction for all that waits. While the
database is away minutes wait, for two hours at most. A process that is killed loses the running
minute; one that is stopped in order stores it.

What a request does in the milliseconds before the turn is noticed counts for the minute before.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

import structlog

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import new_id
from plimsoll.operations.domain.cases import Change, Kind
from plimsoll.operations.domain.kpis import Count, Facts, Minute
from plimsoll.operations.domain.uptime import SLOTS, Histogram, Rollup, bucket_of
from plimsoll.operations.service.gauges import READY
from plimsoll.operations.service.health import Readiness
from plimsoll.operations.service.kpis import Kpis
from plimsoll.operations.storage import rollups as storage
from plimsoll.operations.storage.cases import CaseId
from plimsoll.plumbing.database import Database, Unit
from plimsoll.plumbing.telemetry import AUTH_FAILURES, RATE_LIMIT_HITS, Verdict, total_of
from plimsoll.trading.service.figures import Traded

log = structlog.get_logger(__name__)

SLOT_S: Final = 60 // SLOTS
WITHIN_S: Final = 0.2
"""How far into a slot it is judged. A sleep may end a little early; one that aims at the boundary
would judge the old slot again, end in the new one, and sleep past it.
"""
MOST_WAITING: Final = 120
"""Minutes that wait for the database."""

Gather = Callable[[], Awaitable[Mapping[str, int]]]
"""Gauges as they stand; those of what is away are left out."""

Judge = Callable[[], Awaitable[Readiness]]


class Tally:
    """Requests of the running minute. Used in the event loop only."""

    __slots__ = ("by_key", "errors", "latency", "requests")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.latency: dict[int, int] = {}
        self.requests = 0
        self.errors = 0
        self.by_key = 0

    def note(self, took_s: float, verdict: Verdict, *, by_key: bool) -> None:
        """A request was answered."""
        if by_key:
            self.by_key += 1
        if verdict is Verdict.APART:
            return
        bucket = bucket_of(took_s * 1000)
        latency = self.latency
        latency[bucket] = latency.get(bucket, 0) + 1
        self.requests += 1
        if verdict is Verdict.FAILED:
            self.errors += 1


class Recorder:
    """One for each process. `on_minute` is told every KPI of the last minutes after each minute."""

    def __init__(
        self, database: Database, clock: Clock, *, tally: Tally, judge: Judge, kpis: Kpis
    ) -> None:
        self.on_minute: list[Callable[[Mapping[str, Decimal | None]], None]] = []
        self.gather: list[Gather] = []
        """Asked once a minute for how things stand."""
        self.traded = Traded()
        """In the running minute, where the engine runs in this process."""
        self._cases = 0
        self._database = database
        self._clock = clock
        self._tally = tally
        self._judge = judge
        self._kpis = kpis
        self._lags: dict[int, int] = {}
        self._process = new_id()
        self._minute, self._slot = self._now()
        self._ready = 0
        self._metrics = _metrics()
        self._waiting: deque[tuple[UUID, Minute]] = deque(maxlen=MOST_WAITING)
        self._storing = asyncio.Lock()

    # counting

    def note_lag(self, lag_s: float) -> None:
        """A batch of the engine was durable so long after its oldest command was asked for."""
        bucket = bucket_of(lag_s * 1000)
        self._lags[bucket] = self._lags.get(bucket, 0) + 1

    def note_case(self) -> None:
        """A compliance case was opened."""
        self._cases += 1

    async def hear_cases(self, _: Unit, changes: Sequence[tuple[CaseId, Change]]) -> None:
        """The same, of a scan that tells what is new, worse or open again."""
        for each in changes:
            if each[1].kind is Kind.OPENED:
                self.note_case()

    # keeping

    async def run(self) -> None:
        """Until cancelled; what goes wrong once is logged."""
        while True:
            await asyncio.sleep(until_next_slot(self._clock.now().timestamp()))
            try:
                await self.tick()
            except Unavailable as error:
                log.warning("minutes_wait_for_database", code=error.code)
            except Exception:
                log.exception("minute_not_recorded")

    async def tick(self) -> None:
        """Judge readiness for the ten seconds that have begun, and store what is over. Raises
        Unavailable while the database is away.
        """
        minute, self._slot = self._now()
        turned = minute != self._minute
        if turned:
            self._turn(minute, await self._gather())
        readiness = await self._judge()
        READY.set(readiness.ready)
        if readiness.ready:
            self._ready |= 1 << self._slot
        if self._waiting:
            await self._store()
            await self._kpis.make_hours()
            if turned and self.on_minute:
                values = await self._kpis.values()
                for told in self.on_minute:
                    told(values)

    async def close(self) -> None:
        """Store what was counted of the running minute, if the database is there."""
        self._turn(self._now()[0], {})
        try:
            await self._store()
        except Unavailable as error:
            log.warning("minutes_lost", code=error.code, minutes=len(self._waiting))

    def _now(self) -> tuple[int, int]:
        second = int(self._clock.now().timestamp())
        return second // 60, second % 60 // SLOT_S

    async def _gather(self) -> dict[str, int]:
        gauges = dict[str, int]()
        for gather in self.gather:
            try:
                gauges |= await gather()
            except Unavailable as error:
                log.info("gauges_not_gathered", code=error.code)
        return gauges

    def _turn(self, minute: int, gauges: Mapping[str, int]) -> None:
        """Set aside what was counted, and begin anew. Under another name when the clock was set
        back: the minutes of this one are told.
        """
        metrics = _metrics()
        tally, traded, lags = self._tally, self.traded, self._lags
        counts = {
            Count.ORDERS.value: traded.orders,
            Count.ENDED.value: traded.ended,
            Count.ENDED_FILLED.value: traded.ended_filled,
            Count.FILLS.value: traded.fills,
            Count.VOLUME.value: traded.volume,
            Count.LIQUIDATIONS.value: traded.liquidations,
            Count.KEY_USES.value: tally.by_key,
            Count.ANOMALIES.value: self._cases,
            **(metrics - self._metrics),
        }
        latency = Histogram(tuple(sorted(tally.latency.items())))
        rollup = Rollup(self._minute, latency, tally.requests, tally.errors, self._ready)
        happened = {name: count for name, count in counts.items() if count}
        facts = Facts(happened, dict(gauges), Histogram(tuple(sorted(lags.items()))))
        self._waiting.append((self._process, Minute(rollup, facts)))
        if minute < self._minute:
            self._process = new_id()
        self._metrics, self._lags, self._ready = metrics, {}, 0
        self.traded, self._cases = Traded(), 0
        self._minute = minute
        tally.clear()

    async def _store(self) -> None:
        async with self._storing:  # the end may come while a slot is being stored
            minutes: Sequence[tuple[UUID, Minute]] = tuple(self._waiting)
            if not minutes:
                return
            await self._database.transact(lambda unit: storage.add(unit, minutes))
            for _ in minutes:
                self._waiting.popleft()


def until_next_slot(now_s: float) -> float:
    """Seconds to sleep, from this moment on."""
    return SLOT_S - (now_s - WITHIN_S) % SLOT_S


def _metrics() -> Counter[str]:
    """Of this process since it began."""
    return Counter(
        {
            Count.AUTH_FAILURES.value: total_of(AUTH_FAILURES),
            Count.RATE_LIMIT_HITS.value: total_of(RATE_LIMIT_HITS),
        }
    )
