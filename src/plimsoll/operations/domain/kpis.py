"""What the minutes of all processes come to: KPIs of the system, of trading, and of security.

A process stores what it did in a minute (`Minute`). Minutes of all processes make a `Stretch`, and
stretches make a longer one: an hour is kept as one, so that a month is some seven hundred rows.
Counts and histograms add up. A gauge (what is open, how many accounts) is what was last known.

Money is in hundred-millionths of the settlement asset until it becomes a KPI.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from plimsoll.operations.domain.uptime import (
    Better,
    Definition,
    Figures,
    Histogram,
    Kpi,
    Number,
    Rollup,
    Window,
    judge,
    merge,
    merge_histograms,
    system_kpis,
)

MONEY: Final = Decimal(10) ** 8
HOUR: Final = 60
NO_LATENCY: Final = Histogram()


class Count(StrEnum):
    """What happened, how often, or how much of it."""

    ORDERS = "orders"
    ENDED = "orders-ended"
    ENDED_FILLED = "orders-ended-filled"
    FILLS = "fills"
    VOLUME = "volume"
    LIQUIDATIONS = "liquidations"
    AUTH_FAILURES = "auth-failures"
    RATE_LIMIT_HITS = "rate-limit-hits"
    KEY_USES = "key-uses"
    ANOMALIES = "anomalies"


class Gauge(StrEnum):
    """How something stands."""

    EXPOSURE = "exposure"
    ACTIVE_KEYS = "active-keys"
    RATIO_BELOW_25 = "ratio-below-25"
    RATIO_BELOW_50 = "ratio-below-50"
    RATIO_BELOW_80 = "ratio-below-80"
    RATIO_BELOW_100 = "ratio-below-100"
    RATIO_DUE = "ratio-due"


RATIO_BANDS: Final = (
    (250_000, Gauge.RATIO_BELOW_25),
    (500_000, Gauge.RATIO_BELOW_50),
    (800_000, Gauge.RATIO_BELOW_80),
    (1_000_000, Gauge.RATIO_BELOW_100),
)
"""Accounts by margin ratio, in millionths, without the upper edge; `RATIO_DUE` is the rest."""


def band_of(ratio_ppm: int | None) -> Gauge:
    """None: nothing is left of the margin."""
    if ratio_ppm is not None:
        for edge, band in RATIO_BANDS:
            if ratio_ppm < edge:
                return band
    return Gauge.RATIO_DUE


@dataclass(frozen=True, slots=True)
class Facts:
    """Besides requests and readiness. `lag`: of the engine, in ms; by the name of the enum's value,
    so that rows of another version can be read.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    gauges: Mapping[str, int] = field(default_factory=dict)
    lag: Histogram = NO_LATENCY


def join_facts(facts: Sequence[Facts]) -> Facts:
    """`facts` in the order of time."""
    counts = Counter[str]()
    gauges = dict[str, int]()
    for each in facts:
        counts.update(each.counts)
        gauges.update(each.gauges)
    return Facts(dict(counts), gauges, merge_histograms(each.lag for each in facts))


@dataclass(frozen=True, slots=True)
class Minute:
    """Of one process."""

    rollup: Rollup
    facts: Facts = Facts()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some minutes of all processes: in `known` of them any process was there, in `held` readiness
    held.
    """

    latency: Histogram = NO_LATENCY
    requests: int = 0
    errors: int = 0
    known: int = 0
    held: int = 0
    facts: Facts = Facts()


def sum_minutes(minutes: Iterable[Minute]) -> Stretch:
    """Whole minutes of all processes, each process and minute once."""
    ordered = sorted(minutes, key=lambda each: each.rollup.minute)
    rollups = merge(each.rollup for each in ordered)
    return Stretch(
        merge_histograms(one.latency for one in rollups),
        sum(one.requests for one in rollups),
        sum(one.errors for one in rollups),
        len(rollups),
        sum(one.held for one in rollups),
        join_facts([each.facts for each in ordered]),
    )


def join(stretches: Sequence[Stretch]) -> Stretch:
    """Stretches that share no minute, in the order of time."""
    return Stretch(
        merge_histograms(one.latency for one in stretches),
        sum(one.requests for one in stretches),
        sum(one.errors for one in stretches),
        sum(one.known for one in stretches),
        sum(one.held for one in stretches),
        join_facts([one.facts for one in stretches]),
    )


def figures_of(stretch: Stretch, window: Window) -> Figures:
    return Figures(window, stretch.latency, stretch.requests, stretch.errors, stretch.held)


class Period(StrEnum):
    """How far a window goes back. From a day on it begins with a whole hour."""

    FIVE_MINUTES = "5m"
    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"


_MINUTES: Final = {
    Period.FIVE_MINUTES: 5,
    Period.HOUR: HOUR,
    Period.DAY: 24 * HOUR,
    Period.WEEK: 7 * 24 * HOUR,
    Period.MONTH: 30 * 24 * HOUR,
}


def windows(period: Period, *, until: int) -> tuple[Window, Window]:
    """The window up to the minute `until`, and the one before. From a day on both begin with a
    whole hour, so the window is up to an hour longer than its name and the one before it is not.
    """
    length = _MINUTES[period]
    since = until - length
    if length > HOUR:
        since -= since % HOUR
    return Window(since, until), Window(since - length, since)


@dataclass(frozen=True, slots=True)
class Report:
    """KPIs of one window by name; `known`: minutes in which any process was there. `ratios`:
    accounts with a position in each band of the margin ratio, as last known.
    """

    period: Period
    window: Window
    known: int
    kpis: Mapping[str, Kpi]
    ratios: tuple[int, ...] = ()


def _count(name: str, text: str, better: Better = Better.NEITHER) -> Definition:
    return Definition(name, "count", better, text, relative=0.05)


ORDERS: Final = _count("orders", "orders of people that the exchange accepted")
FILLS: Final = _count("fills", "matches on the exchange, each counted once, whoever took part")
FILL_RATIO: Final = Definition(
    "fill_ratio",
    "share",
    Better.NEITHER,
    "orders of people that ended with something filled, of all orders of people that ended",
    absolute=0.01,
)
VOLUME: Final = Definition(
    "volume",
    "usdt",
    Better.NEITHER,
    "price times quantity of every match, each counted once",
    relative=0.05,
)
EXPOSURE: Final = Definition(
    "open_exposure",
    "usdt",
    Better.NEITHER,
    "notional of all positions of people at their marks, long and short added, as last known in "
    "the window; looked at once a minute",
    relative=0.05,
)
LIQUIDATIONS: Final = _count("liquidations", "liquidations that began", Better.LOWER)
NEAR: Final = Definition(
    "accounts_near_liquidation",
    "count",
    Better.LOWER,
    "accounts with a position whose margin ratio is 0.8 or more, as last known in the window; at 1 "
    "a liquidation begins",
)
LAG: Final = Definition(
    "engine_lag_ms_p99",
    "ms",
    Better.LOWER,
    "99 of 100 batches of commands were durable within it, from the moment the oldest of them was "
    "asked for; within 2.2 %",
    target=50.0,
    relative=0.05,
)
AUTH_FAILURES: Final = _count("auth_failures", "credentials that were refused", Better.LOWER)
HITS: Final = _count("rate_limit_hits", "requests refused for being too many", Better.LOWER)
KEY_USES: Final = _count("key_uses", "HTTP requests that were made with an API key")
ACTIVE_KEYS: Final = _count(
    "active_keys",
    "API keys used within the last 24 hours and neither revoked nor expired, as last known in the "
    "window; looked at once a minute",
)
ANOMALIES: Final = _count("anomalies", "compliance cases that were opened", Better.LOWER)


def system_report(period: Period, now: Figures, before: Figures, *, known: int) -> Report:
    kpis = {kpi.definition.name: kpi for kpi in system_kpis(now, before)}
    return Report(period, now.window, known, kpis)


def trading_report(period: Period, window: Window, now: Stretch, before: Stretch) -> Report:
    def read(stretch: Stretch) -> dict[Definition, Number | None]:
        facts = stretch.facts
        ended = _sum(facts, Count.ENDED)
        return {
            ORDERS: _sum(facts, Count.ORDERS),
            FILLS: _sum(facts, Count.FILLS),
            FILL_RATIO: _sum(facts, Count.ENDED_FILLED) / ended if ended else None,
            VOLUME: _sum(facts, Count.VOLUME) / MONEY,
            EXPOSURE: _money(facts.gauges.get(Gauge.EXPOSURE)),
            LIQUIDATIONS: _sum(facts, Count.LIQUIDATIONS),
            NEAR: _near(facts),
            LAG: facts.lag.percentile_ms(99),
        }

    kpis = _judge_all(window, read(now), read(before) if before.known else None)
    gauges = now.facts.gauges
    bands = (*(band for _, band in RATIO_BANDS), Gauge.RATIO_DUE)
    return Report(period, window, now.known, kpis, tuple(gauges.get(band, 0) for band in bands))


def security_report(period: Period, window: Window, now: Stretch, before: Stretch) -> Report:
    def read(stretch: Stretch) -> dict[Definition, Number | None]:
        facts = stretch.facts
        return {
            AUTH_FAILURES: _sum(facts, Count.AUTH_FAILURES),
            HITS: _sum(facts, Count.RATE_LIMIT_HITS),
            KEY_USES: _sum(facts, Count.KEY_USES),
            ACTIVE_KEYS: facts.gauges.get(Gauge.ACTIVE_KEYS),
            ANOMALIES: _sum(facts, Count.ANOMALIES),
        }

    kpis = _judge_all(window, read(now), read(before) if before.known else None)
    return Report(period, window, now.known, kpis)


def _judge_all(
    window: Window,
    now: Mapping[Definition, Number | None],
    before: Mapping[Definition, Number | None] | None,
) -> dict[str, Kpi]:
    return {
        definition.name: judge(
            definition, window, value=value, before=before[definition] if before else None
        )
        for definition, value in now.items()
    }


def _sum(facts: Facts, count: Count) -> int:
    return facts.counts.get(count, 0)


def _money(units: int | None) -> Decimal | None:
    return None if units is None else units / MONEY


def _near(facts: Facts) -> int | None:
    if Gauge.RATIO_DUE not in facts.gauges:
        return None
    return facts.gauges.get(Gauge.RATIO_BELOW_100, 0) + facts.gauges[Gauge.RATIO_DUE]
