"""JSON shapes of KPIs."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from plimsoll.operations.domain.kpis import RATIO_BANDS, Period, Report
from plimsoll.operations.domain.uptime import Better, Kpi, Number, Trend
from plimsoll.operations.service.kpis import decimal_of
from plimsoll.plumbing.shapes import Figure, Moment, View


class KpiView(View):
    """`before` is the value of the window before, `trend` what became of it. `met` is null without
    a value or a target. `better`: whether less or more of it is. `unit`: `ms`, `count`, `usdt`, or
    `share`, which is 0 to 1.
    """

    value: Figure | None
    unit: str
    target: Figure | None
    met: bool | None
    trend: Trend
    before: Figure | None
    better: Better
    definition: str

    @classmethod
    def of(cls, kpi: Kpi) -> "KpiView":
        meant = kpi.definition
        return cls(
            value=_shown(kpi.value),
            unit=meant.unit,
            target=_shown(meant.target),
            met=kpi.met,
            trend=kpi.trend,
            before=_shown(kpi.before),
            better=meant.better,
            definition=meant.text,
        )


def _shown(value: Number | None) -> Decimal | None:
    return decimal_of(value)


class WindowView(View):
    """Whole minutes from `begins_at` until before `ends_at`. Of its `minutes`, `minutes_known` are
    those in which any process was there.
    """

    window: Period
    begins_at: Moment
    ends_at: Moment
    minutes: int
    minutes_known: int


def _window(report: Report) -> dict[str, Any]:
    return {
        "window": report.period,
        "begins_at": _moment(report.window.since),
        "ends_at": _moment(report.window.until),
        "minutes": report.window.minutes,
        "minutes_known": report.known,
    }


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def _kpis(report: Report) -> dict[str, Any]:
    return {name: KpiView.of(kpi) for name, kpi in report.kpis.items()}


class LatencyView(View):
    p50: KpiView
    p95: KpiView
    p99: KpiView


class SystemKpisView(WindowView):
    """The window begins with the first whole minute of the service at the earliest."""

    latency_ms: LatencyView
    error_rate: KpiView
    uptime: KpiView

    @classmethod
    def of(cls, report: Report) -> "SystemKpisView":
        kpis = _kpis(report)
        latency = LatencyView(**{f"p{each}": kpis[f"latency_ms_p{each}"] for each in (50, 95, 99)})
        return cls(
            **_window(report),
            latency_ms=latency,
            error_rate=kpis["error_rate"],
            uptime=kpis["uptime"],
        )


class RatioBandView(View):
    """Accounts with a position whose margin ratio is `at_least` and less than `below`; null: there
    is no such edge.
    """

    at_least: Figure
    below: Figure | None
    accounts: int


class TradingKpisView(WindowView):
    """`margin_ratios` is empty where nothing is known in the window."""

    orders: KpiView
    fills: KpiView
    fill_ratio: KpiView
    volume: KpiView
    open_exposure: KpiView
    liquidations: KpiView
    accounts_near_liquidation: KpiView
    engine_lag_ms_p99: KpiView
    margin_ratios: list[RatioBandView]

    @classmethod
    def of(cls, report: Report) -> "TradingKpisView":
        edges = [Decimal(0), *(Decimal(edge) / 1_000_000 for edge, _ in RATIO_BANDS)]
        bands = [
            RatioBandView(at_least=low, below=high, accounts=accounts)
            for low, high, accounts in zip(edges, [*edges[1:], None], report.ratios, strict=False)
        ]
        return cls(**_window(report), **_kpis(report), margin_ratios=bands)


class SecurityKpisView(WindowView):
    auth_failures: KpiView
    rate_limit_hits: KpiView
    key_uses: KpiView
    active_keys: KpiView
    anomalies: KpiView

    @classmethod
    def of(cls, report: Report) -> "SecurityKpisView":
        return cls(**_window(report), **_kpis(report))
