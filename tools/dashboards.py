"""Write the Grafana dashboards: three classic ones, each row a few panels of a few expressions.

The data source is a variable, so that they can be imported anywhere. `python -m tools.dashboards`
writes them; a test compares them with what it would write.
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path("deploy/grafana")
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
WIDE: Final = 24
HIGH: Final = 8
ROUTES: Final = 'route!~"/health.*|/metrics|/api/v1/stream|/api/v1/jobs/{job_id}/events"'
WITHIN: Final = 'instance=~"$instance"'


@dataclass(frozen=True, slots=True)
class Panel:
    """`lines`: an expression by its legend. A panel with `now` shows the last value only."""

    title: str
    lines: dict[str, str]
    unit: str = "short"
    text: str = ""
    now: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    uid: str
    title: str
    rows: list[tuple[Panel, ...]] = field(default_factory=list)


def rate(metric: str, by: str = "", where: str = "") -> str:
    """In a second, over five minutes."""
    wanted = ", ".join(filter(None, (WITHIN, where)))
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}{{{wanted}}}[5m]))"


def quantile(share: float, metric: str, where: str = "") -> str:
    return f"histogram_quantile({share}, {rate(f'{metric}_bucket', 'le', where)})"


def gauge(metric: str, how: str = "max", by: str = "", where: str = "") -> str:
    wanted = ", ".join(filter(None, (WITHIN, where)))
    grouped = f" by ({by})" if by else ""
    return f"{how}{grouped} ({metric}{{{wanted}}})"


def quantiles(metric: str, where: str = "") -> dict[str, str]:
    return {
        "p50": quantile(0.5, metric, where),
        "p95": quantile(0.95, metric, where),
        "p99": quantile(0.99, metric, where),
    }


SERVICE: Final = Board(
    "plimsoll-service",
    "Plimsoll: service",
    [
        (
            Panel("Ready", {"": gauge("service_ready", "min")}, now=True),
            Panel(
                "Errors of an hour",
                {"": "plimsoll:error_ratio:rate1h"},
                "percentunit",
                "Answers of 5xx of all valid requests; the target is 0.1 %.",
                now=True,
            ),
            Panel("Age of prices", {"": gauge("price_age_seconds")}, "s", now=True),
            Panel("Disk used", {"": "max(plimsoll:data_disk_used:ratio)"}, "percentunit", now=True),
        ),
        (
            Panel("Requests", {"{{status}}": rate("api_requests_total", "status")}, "reqps"),
            Panel("Latency", quantiles("api_request_latency_seconds", ROUTES), "s"),
        ),
        (
            Panel("Errors by code", {"{{code}}": rate("api_error_total", "code")}, "reqps"),
            Panel(
                "Slowest routes (p99)",
                {
                    "{{route}}": "topk(10, histogram_quantile(0.99, "
                    + rate("api_request_latency_seconds_bucket", "le, route", ROUTES)
                    + "))"
                },
                "s",
            ),
        ),
        (
            Panel(
                "Connections to PostgreSQL",
                {
                    "{{pool}} lent": gauge("db_pool_in_use", "sum", "pool"),
                    "{{pool}} at most": gauge("db_pool_max_size", "sum", "pool"),
                },
            ),
            Panel(
                "Waiting for a connection (p99)", {"": quantile(0.99, "db_pool_wait_seconds")}, "s"
            ),
            Panel("Refused by PostgreSQL", {"{{code}}": rate("db_errors_total", "code")}),
        ),
        (
            Panel("Event loop is late (p99)", {"": quantile(0.99, "event_loop_lag_seconds")}, "s"),
            Panel(
                "Memory",
                {"{{instance}}": gauge("process_resident_memory_bytes", "max", "instance")},
                "bytes",
            ),
            Panel(
                "Processor",
                {"{{instance}}": rate("process_cpu_seconds_total", "instance")},
                "percentunit",
            ),
        ),
        (
            Panel(
                "Unfinished jobs",
                {"{{kind}} {{state}}": gauge("jobs_unfinished", by="kind, state")},
            ),
            Panel("Jobs ended", {"{{kind}} {{state}}": rate("jobs_ended_total", "kind, state")}),
            Panel(
                "Calls to others",
                {"{{source}} {{outcome}}": rate("outbound_requests_total", "source, outcome")},
                "reqps",
            ),
        ),
        (
            Panel("Live connections", {"": gauge("stream_connections", "sum")}),
            Panel("Frames sent", {"": rate("stream_frames_total")}),
            Panel("Clients that read too slowly", {"": rate("stream_lagged_total")}),
        ),
    ],
)

TRADING: Final = Board(
    "plimsoll-trading",
    "Plimsoll: trading",
    [
        (
            Panel("Engine runs", {"": gauge("engine_state", where='state="running"')}, now=True),
            Panel("Halted", {"": gauge("trading_halted")}, now=True),
            Panel(
                "Imbalance",
                {"": gauge("ledger_imbalance")},
                text="Assets whose double entry does not add up; must be 0.",
                now=True,
            ),
            Panel("Open exposure (usdt)", {"": gauge("trading_open_exposure_usdt")}, now=True),
        ),
        (
            Panel("Commands", {"{{kind}}": rate("engine_commands_total", "kind")}, "ops"),
            Panel("Refusals", {"{{code}}": rate("engine_refusals_total", "code")}, "ops"),
        ),
        (
            Panel("Durable after", quantiles("engine_commit_seconds"), "s"),
            Panel("Commands of a batch", quantiles("engine_batch_size")),
            Panel("Commands that wait", {"": gauge("engine_queue_waiting")}),
        ),
        (
            Panel("Liquidations", {"{{kind}}": rate("liquidation_events_total", "kind")}, "ops"),
            Panel("Lease and order", {"epoch": gauge("engine_epoch"), "seq": gauge("engine_seq")}),
            Panel("Made again from the journal", {"": rate("engine_rebuilds_total")}),
        ),
        (
            Panel("Sources heard", {"{{source}}": gauge("market_source_live", by="source")}),
            Panel("News of sources", {"{{source}}": rate("market_news_total", "source")}),
            Panel("Doubts about prices", {"{{kind}}": rate("market_data_flags_total", "kind")}),
        ),
    ],
)

SECURITY: Final = Board(
    "plimsoll-security",
    "Plimsoll: security",
    [
        (
            Panel(
                "Credentials refused in an hour",
                {"": f"sum(increase(auth_failures_total{{{WITHIN}}}[1h]))"},
                now=True,
            ),
            Panel(
                "Requests over a limit in an hour",
                {"": f"sum(increase(rate_limit_hits_total{{{WITHIN}}}[1h]))"},
                now=True,
            ),
        ),
        (
            Panel("Credentials refused", {"{{reason}}": rate("auth_failures_total", "reason")}),
            Panel("Over a limit", {"{{policy}}": rate("rate_limit_hits_total", "policy")}),
        ),
        (
            Panel(
                "Refused requests",
                {"{{status}}": rate("api_requests_total", "status", 'status=~"4.."')},
                "reqps",
            ),
            Panel(
                "Signing in",
                {"{{status}}": rate("api_requests_total", "status", 'route="/api/v1/auth/login"')},
                "reqps",
            ),
        ),
        (
            Panel("Live connections ended", {"{{reason}}": rate("stream_closed_total", "reason")}),
            Panel("Breakers", {"{{source}}": gauge("circuit_state", by="source")}),
        ),
    ],
)
BOARDS: Final = (SERVICE, TRADING, SECURITY)


def render(board: Board) -> str:
    panels = list[dict[str, Any]]()
    top = 0
    for row in board.rows:
        width = WIDE // len(row)
        for index, panel in enumerate(row):
            place = {
                "x": index * width,
                "y": top,
                "w": width,
                "h": HIGH // 2 if panel.now else HIGH,
            }
            panels.append(_panel(panel, len(panels) + 1, place))
        top += HIGH
    document = {
        "uid": board.uid,
        "title": board.title,
        "tags": ["plimsoll"],
        "timezone": "utc",
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": VARIABLES},
        "panels": panels,
    }
    return json.dumps(document, indent=2) + "\n"


VARIABLES: Final = [
    {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
    {
        "name": "instance",
        "label": "Process",
        "type": "query",
        "datasource": SOURCE,
        "query": "label_values(api_requests_in_flight, instance)",
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    },
]


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    targets = [
        {
            "refId": chr(ord("A") + index),
            "datasource": SOURCE,
            "expr": expr,
            "legendFormat": legend or "__auto",
            "instant": panel.now,
        }
        for index, (legend, expr) in enumerate(panel.lines.items())
    ]
    return {
        "id": number,
        "type": "stat" if panel.now else "timeseries",
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": targets,
    }


def path_of(board: Board) -> Path:
    return FOLDER / f"{board.uid.removeprefix('plimsoll-')}.json"


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for board in BOARDS:
        path_of(board).write_text(render(board), "utf-8")
        print(path_of(board))
    return 0


if __name__ == "__main__":
    sys.exit(main())
