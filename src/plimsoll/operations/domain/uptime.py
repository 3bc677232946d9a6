"""KPI arithmetic over stored minutes: percentiles, error rate, uptime, trend and target.

Every process stores one rollup per minute of its own; whoever asks merges them, in any order and
grouping, to the same answer. Latencies are counted in fixed buckets whose edges grow by 2^(1/16),
so percentiles are taken of merged counts and never averaged; a percentile is within 2.2 % of the
exact nearest-rank one (2^(1/32) − 1, the middle of a bucket against its edge) from 0.01 ms to 10
minutes. Faster is told as the lowest edge, slower as the highest.

A minute is a whole number of minutes since 1970-01-01T00:00Z. Readiness is kept per ten seconds:
each process marks the slots in which every probe of its own found it ready; a minute held when the
processes together cover all six. A process that is down marks nothing, so a gap is not ready.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

LOWEST_MS: Final = 0.01
HIGHEST_MS: Final = 600_000.0
PER_OCTAVE: Final = 16
RELATIVE_ERROR: Final = 2 ** (1 / (2 * PER_OCTAVE)) - 1

SLOTS: Final = 6
ALL_SLOTS: Final = (1 << SLOTS) - 1

_LAST: Final = math.ceil(math.log2(HIGHEST_MS / LOWEST_MS) * PER_OCTAVE)


def bucket_of(latency_ms: float) -> int:
    """0 up to the lowest edge, then 1, 2, … in steps of 2^(1/16); the last has no upper edge."""
    if latency_ms <= LOWEST_MS:
        return 0
    if latency_ms >= HIGHEST_MS:
        return _LAST + 1
    return min(1 + math.floor(math.log2(latency_ms / LOWEST_MS) * PER_OCTAVE), _LAST)


def _middle_ms(bucket: int) -> float:
    """What stands for a bucket: the geometric middle of its edges."""
    if bucket == 0:
        return LOWEST_MS
    if bucket > _LAST:
        return HIGHEST_MS
    return LOWEST_MS * math.exp2((bucket - 0.5) / PER_OCTAVE)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts by bucket, those that are not zero, lowest first; equal contents compare equal."""

    counts: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, latencies_ms: Iterable[float]) -> "Histogram":
        return cls(tuple(sorted(Counter(map(bucket_of, latencies_ms)).items())))

    @property
    def total(self) -> int:
        return sum(count for _, count in self.counts)

    def percentile_ms(self, percent: int) -> float | None:
        """The latency that `percent` of the requests did not exceed (nearest rank, 1 to 100);
        None without requests.
        """
        assert 0 < percent <= 100  # noqa: PLR2004 - what per cent means
        rank = -(-self.total * percent // 100)
        for bucket, count in self.counts:
            rank -= count
            if rank <= 0:
                return _middle_ms(bucket)
        return None


def merge_histograms(histograms: Iterable[Histogram]) -> Histogram:
    merged = defaultdict[int, int](int)
    for histogram in histograms:
        for bucket, count in histogram.counts:
            merged[bucket] += count
    return Histogram(tuple(sorted(merged.items())))


@dataclass(frozen=True, slots=True)
class Rollup:
    """One minute of one process, or of several merged. `errors` are answers of 5xx and timeouts
    among `requests`; refusals that the caller caused are in neither. `ready` has a bit per slot.
    """

    minute: int
    latency: Histogram = Histogram()
    requests: int = 0
    errors: int = 0
    ready: int = 0

    @property
    def held(self) -> bool:
        return self.ready == ALL_SLOTS


def merge(rollups: Iterable[Rollup]) -> list[Rollup]:
    """One rollup per minute, oldest first: counts add up, readiness of any process covers."""
    minutes = dict[int, list[Rollup]]()
    for rollup in rollups:
        minutes.setdefault(rollup.minute, []).append(rollup)
    return [_together(minute, parts) for minute, parts in sorted(minutes.items())]


def _together(minute: int, parts: list[Rollup]) -> Rollup:
    ready = 0
    for part in parts:
        ready |= part.ready
    return Rollup(
        minute,
        merge_histograms(part.latency for part in parts),
        sum(part.requests for part in parts),
        sum(part.errors for part in parts),
        ready,
    )


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes from `since` up to, and without, `until`; only whole minutes that are over."""

    since: int
    until: int

    @property
    def minutes(self) -> int:
        return max(self.until - self.since, 0)

    def before(self) -> "Window":
        """As long, and just before."""
        return Window(self.since - self.minutes, self.since)

    def not_before(self, born: int) -> "Window":
        """Without the minutes before the service existed: those are no downtime."""
        return replace(self, since=min(max(self.since, born), self.until))


@dataclass(frozen=True, slots=True)
class Figures:
    """What a window comes to. Shares are 0 to 1; None where there was nothing to divide by."""

    window: Window
    latency: Histogram
    requests: int
    errors: int
    held_minutes: int

    @property
    def error_rate(self) -> float | None:
        return self.errors / self.requests if self.requests else None

    @property
    def uptime(self) -> float | None:
        """Minutes in which readiness held, of all in the window; one without a rollup did not."""
        return self.held_minutes / self.window.minutes if self.window.minutes else None


def measure(rollups: Iterable[Rollup], window: Window) -> Figures:
    """The figures of a window from the rollups of any number of processes; others are ignored."""
    inside = merge(one for one in rollups if window.since <= one.minute < window.until)
    return Figures(
        window,
        merge_histograms(one.latency for one in inside),
        sum(one.requests for one in inside),
        sum(one.errors for one in inside),
        sum(one.held for one in inside),
    )


class Better(StrEnum):
    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"


class Trend(StrEnum):
    """`rose` and `fell` are of what is neither better nor worse for it."""

    BETTER = "better"
    WORSE = "worse"
    ROSE = "rose"
    FELL = "fell"
    STEADY = "steady"
    UNKNOWN = "unknown"


Number = float | Decimal
"""A Decimal where the KPI is an amount of money."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a KPI means. A change within `relative` of the value before, or within `absolute`, is
    steady; `target` is met when reached exactly.
    """

    name: str
    unit: str
    better: Better
    text: str
    target: float | None = None
    relative: float = 0.0
    absolute: float = 0.0


@dataclass(frozen=True, slots=True)
class Kpi:
    """A KPI in a window. `met` None: there is no value or no target."""

    definition: Definition
    window: Window
    value: Number | None
    before: Number | None
    trend: Trend
    met: bool | None


def judge(
    definition: Definition, window: Window, *, value: Number | None, before: Number | None
) -> Kpi:
    """Set a value beside its target and the value of the window before."""
    met = None
    if value is not None and definition.target is not None:
        lower = definition.better is Better.LOWER
        met = value <= definition.target if lower else value >= definition.target
    trend = _trend(definition, value=value, before=before)
    return Kpi(definition, window, value, before, trend, met)


def _trend(definition: Definition, *, value: Number | None, before: Number | None) -> Trend:
    if value is None or before is None:
        return Trend.UNKNOWN
    change, size = float(value) - float(before), abs(float(before))
    if abs(change) <= max(definition.absolute, definition.relative * size):
        return Trend.STEADY
    rose = change > 0
    if definition.better is Better.NEITHER:
        return Trend.ROSE if rose else Trend.FELL
    return Trend.BETTER if rose == (definition.better is Better.HIGHER) else Trend.WORSE


def _latency(name: str, percent: int, target: float | None) -> Definition:
    return Definition(
        name,
        "ms",
        Better.LOWER,
        f"{percent} of 100 requests were answered within it, measured at the server, over all "
        "processes; within 2.2 %",
        target,
        relative=0.05,  # one bucket further is 4.4 %, and no trend
    )


LATENCIES: Final = (
    (50, _latency("latency_ms_p50", 50, None)),
    (95, _latency("latency_ms_p95", 95, None)),
    (99, _latency("latency_ms_p99", 99, 300.0)),
)
ERROR_RATE: Final = Definition(
    "error_rate",
    "share",
    Better.LOWER,
    "answers of 5xx and timeouts, of all valid requests; 4xx are in neither",
    target=0.001,
    absolute=0.0001,
)
UPTIME: Final = Definition(
    "uptime",
    "share",
    Better.HIGHER,
    "minutes in which readiness held in every ten seconds, of all minutes of the window; a minute "
    "in which no process ran did not",
    target=0.999,
    absolute=0.0001,
)


def system_kpis(now: Figures, before: Figures) -> list[Kpi]:
    """Latency, error rate and uptime of a window, beside the one before it."""
    kpis = [
        judge(
            definition,
            now.window,
            value=now.latency.percentile_ms(percent),
            before=before.latency.percentile_ms(percent),
        )
        for percent, definition in LATENCIES
    ]
    rates = judge(ERROR_RATE, now.window, value=now.error_rate, before=before.error_rate)
    uptime = judge(UPTIME, now.window, value=now.uptime, before=before.uptime)
    return [*kpis, rates, uptime]
