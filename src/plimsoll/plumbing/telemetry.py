"""What the service says about itself: JSON logs and Prometheus metrics.

One line per request, never a secret. Labels are route templates and closed sets only, so that
the number of series stays bounded whatever callers do.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any, BinaryIO, Final, cast

import msgspec
import structlog
from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from plimsoll.kernel.clock import rfc3339

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each, of no use

REQUEST_LATENCY: Final = Histogram(
    "api_request_latency_seconds",
    "Time from the first byte of a request to the last byte of its answer.",
    ["method", "route"],
    # Few, for each is a series of every route; the KPIs count finer. 0.3 is the target of p99.
    buckets=(0.001, 0.005, 0.025, 0.1, 0.3, 1.0, 5.0),
)
REQUESTS: Final = Counter("api_requests", "Requests answered.", ["method", "route", "status"])
ERRORS: Final = Counter("api_error", "Answers that were an error.", ["route", "code"])
AUTH_FAILURES: Final = Counter("auth_failures", "Credentials refused.", ["reason"])
RATE_LIMIT_HITS: Final = Counter("rate_limit_hits", "Requests over a limit.", ["policy"])
RATE_LIMIT_DECISIONS: Final = Counter(
    "rate_limit_decisions", "Requests that limits let in or refused.", ["decision"]
)
RATE_LIMIT_FALLBACKS: Final = Counter(
    "rate_limit_fallbacks", "Times that shared limits could not be asked.", ["reason"]
)
RATE_LIMIT_FALLBACK_ACTIVE: Final = Gauge(
    "rate_limit_fallback_active", "1 while this process counts limits that should be shared alone."
)
IN_FLIGHT: Final = Gauge("api_requests_in_flight", "Requests being worked on.")
OVERLOADED: Final = Counter("requests_turned_away", "Requests refused before they were looked at.")
LINES_LOST: Final = Counter("log_lines_lost", "Lines that the log did not take.")
TOO_SLOW: Final = Counter(
    "connections_too_slow", "Connections ended: what did not come, or was not read.", ["part"]
)
for _part in ("head", "body", "answer"):
    TOO_SLOW.labels(_part)  # from 0 on, so that the first one is an increase

DB_POOL_SIZE: Final = Gauge("db_pool_size", "Open connections to PostgreSQL.", ["pool"])
DB_POOL_MOST: Final = Gauge("db_pool_max_size", "Connections there may be.", ["pool"])
DB_POOL_IN_USE: Final = Gauge("db_pool_in_use", "Connections that are lent.", ["pool"])
DB_WAIT: Final = Histogram(
    "db_pool_wait_seconds",
    "How long a connection was waited for.",
    ["pool"],
    buckets=(0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0),
)
DB_ERRORS: Final = Counter("db_errors", "What PostgreSQL or the way to it refused.", ["code"])


class Verdict(Enum):
    """What a request says about the service: 4xx are the caller's, probes are nobody's work, and
    a stream lasts as long as somebody listens; those stand apart.
    """

    APART = "apart"
    GOOD = "good"
    FAILED = "failed"


def total_of(counter: Counter) -> int:
    """The sum over all labels, of this process since it began."""
    return round(
        sum(
            sample.value
            for family in counter.collect()
            for sample in family.samples
            if sample.name.endswith("_total")
        )
    )


class RequestLog:
    """Writes the line of each request; lines of a few hundredths of a second leave together.

    It is on every request's way and a system call for each line is a tenth of a short answer. A
    process that is killed may lose the last of them; what has to be kept is in the audit log.
    """

    def __init__(self) -> None:
        self.enabled = True
        self._lines: list[bytes] = []

    def write(self, facts: dict[str, Any]) -> None:
        """`facts` with the time. Called in the event loop."""
        if not self.enabled:
            return
        facts["event"] = "request"
        facts["level"] = "info"
        facts["timestamp"] = rfc3339(datetime.now(UTC))
        if not self._lines:
            asyncio.get_running_loop().call_later(GATHER_S, self.flush)
        self._lines.append(msgspec.json.encode(facts))

    def flush(self) -> None:
        """What happens to the stream never concerns a request."""
        lines, self._lines = self._lines, []
        if lines:
            stream = sys.stderr.buffer
            with contextlib.suppress(OSError, ValueError):
                stream.write(b"\n".join([*lines, b""]))
                stream.flush()


class Unfailing:
    """A stream whose failures are nobody's: with the disk of the log full, or its reader gone,
    lines are lost and counted. Else whoever logs would fail of it, and most do so while they
    handle a failure.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, line: bytes) -> int:
        try:
            self._stream.write(line)
        except (OSError, ValueError):
            LINES_LOST.inc()
        return len(line)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


GATHER_S: Final = 0.02
REQUEST_LOG: Final = RequestLog()


def _encode(event: Any, default: Callable[[Any], Any] | None = None) -> bytes:
    return msgspec.json.encode(event, enc_hook=default or str)


def configure_logging(level: str) -> None:
    """JSON lines on standard error, for our events and for those of libraries."""
    threshold = getattr(logging, level.upper())
    REQUEST_LOG.enabled = threshold <= logging.INFO
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_encode),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory(
            file=cast("BinaryIO", Unfailing(sys.stderr.buffer))
        ),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(
                    serializer=lambda event, **_: _encode(event).decode()
                ),
            ],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)
