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
from typing import Any, Final

import msgspec
import structlog
from prometheus_client import Counter, Gauge, Histogram

from plimsoll.kernel.clock import rfc3339

REQUEST_LATENCY: Final = Histogram(
    "api_request_latency_seconds",
    "Time from the first byte of a request to the last byte of its answer.",
    ["method", "route"],
    buckets=(
        0.0005,
        0.001,
        0.0025,
        0.005,
        0.01,
        0.025,
        0.05,
        0.1,
        0.25,
        0.5,
        1.0,
        2.5,
        5.0,
        10.0,
    ),
)
REQUESTS: Final = Counter("api_requests", "Requests answered.", ["method", "route", "status"])
ERRORS: Final = Counter("api_error", "Answers that were an error.", ["route", "code"])
AUTH_FAILURES: Final = Counter("auth_failures", "Credentials refused.", ["reason"])
RATE_LIMIT_HITS: Final = Counter("rate_limit_hits", "Requests over a limit.", ["policy"])
IN_FLIGHT: Final = Gauge("api_requests_in_flight", "Requests being worked on.")


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
        logger_factory=structlog.BytesLoggerFactory(file=sys.stderr.buffer),
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
