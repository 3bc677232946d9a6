"""What is about the desk itself: KPIs, and doubts about the data."""

import asyncio
from decimal import Decimal
from typing import Final

import structlog

from plimsoll.alerts.domain.alerts import Origin
from plimsoll.alerts.domain.conditions import Subject, Value
from plimsoll.alerts.domain.subjects import FLAGS, SOURCES, Aim
from plimsoll.alerts.service.hearing import Tell, Wanted
from plimsoll.alerts.service.world import ReadKpis
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import PlimsollError
from plimsoll.markets.domain.failover import SourceState
from plimsoll.markets.service.overview import Markets
from plimsoll.markets.service.prices import Prices

log = structlog.get_logger(__name__)

KPIS_EVERY_S: Final = 60.0
_SOUND: Final = frozenset({SourceState.LIVE, SourceState.STARTING})


class KpiHearing:
    """Reads them once a minute, while somebody watches one."""

    def __init__(self, clock: Clock, read: ReadKpis, tell: Tell) -> None:
        self._clock = clock
        self._read = read
        self._tell = tell
        self._names: dict[Subject, str] = {}
        self._due_s = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    def follow(self, subject: Subject, aim: Aim, wanted: Wanted) -> None:
        _ = wanted
        self._names[subject] = aim.name

    def leave(self, subject: Subject) -> None:
        del self._names[subject]

    def look(self, subject: Subject) -> None:
        _ = subject
        self._due_s = float("-inf")
        self.beat()

    def beat(self) -> None:
        now_s = self._clock.monotonic()
        if not self._names or now_s < self._due_s:
            return
        if self._reading is None or self._reading.done():
            self._due_s = now_s + KPIS_EVERY_S
            self._reading = asyncio.create_task(self._hear(), name="alert-kpis")

    async def aclose(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _hear(self) -> None:
        try:
            known = await self._read()
        except PlimsollError as error:
            log.warning("alert_kpis_wait", code=error.code)
            return
        self._tell(
            [(subject, known.get(name)) for subject, name in self._names.items()], _kpi_origin
        )


def _kpi_origin(_: Subject) -> Origin:
    return Origin("the KPIs", simulated=False)


class QualityHearing:
    """Counts doubts about prices, and sources that are not well, once a second."""

    def __init__(self, prices: Prices, markets: Markets, tell: Tell) -> None:
        self._simulated = prices.simulated
        self._markets = markets
        self._tell = tell
        self._aims: dict[Subject, Aim] = {}
        self._known: dict[Subject, int] = {}

    def follow(self, subject: Subject, aim: Aim, wanted: Wanted) -> None:
        _ = wanted
        self._aims[subject] = aim

    def leave(self, subject: Subject) -> None:
        del self._aims[subject]
        self._known.pop(subject, None)

    def look(self, subject: Subject) -> None:
        self._known.pop(subject, None)
        self.beat()

    def beat(self) -> None:
        if not self._aims:
            return
        flags = self._markets.list_flags()
        unwell = sum(each.state not in _SOUND for each in self._markets.list_sources())
        values = list[tuple[Subject, Value | None]]()
        for subject, aim in self._aims.items():
            if aim.name == SOURCES:
                count = unwell
            else:
                count = sum(aim.name == FLAGS or flag.pair == aim.pair for flag in flags)
            if self._known.get(subject) != count:
                self._known[subject] = count
                values.append((subject, Decimal(count)))
        if values:
            self._tell(values, self._origin)

    def _origin(self, _: Subject) -> Origin:
        return Origin("the sources of prices", self._simulated)
