"""Traces for a collector (OpenTelemetry over OTLP), when `PLIMSOLL_OTLP_URL` is set.

A span for each request, below it one for each wait for a connection, each statement and each call
to somebody else's API; a trace of its own for each batch of the engine. Nothing is told but names,
templates, statements without their values, and how it ended: no path, no query, no body.

The trace id of a caller is taken over; whether it is recorded this service decides by its own
ratio, so that nobody can make it record everything. No trace id is sent to anybody: those that are
called here are strangers.

Spans leave from a thread. While the collector is away or slow some thousand of them wait, and then
the latest are dropped; no request ever waits for it.
"""

import asyncio
import importlib
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import structlog

from plimsoll.settings import BadSettings, Settings

if TYPE_CHECKING:
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.trace import Span
    from starlette.types import Scope

EXPORT_S: Final = 5.0
"""For one batch of spans, tries included."""
CLOSE_S: Final = 2.0
EVERY_S: Final = 2.0
MOST_WAITING: Final = 4_096
LONGEST_STATEMENT: Final = 2_000


class TracingMissing(BadSettings):
    """A collector is named in the settings, and OpenTelemetry is not installed."""


def open_tracing(settings: Settings) -> "Tracing | None":
    """None without a collector. Raises TracingMissing."""
    if settings.otlp_url is None:
        return None
    try:
        return Tracing(settings.otlp_url, ratio=settings.otlp_sample_ratio)
    except ImportError:
        raise TracingMissing(
            "Plimsoll cannot start: PLIMSOLL_OTLP_URL is set, which needs: "
            "pip install 'plimsoll[otel]'"
        ) from None


class Tracing:
    """The spans of one application."""

    def __init__(self, url: str, *, ratio: float) -> None:
        """`url`: where the collector takes traces, as http://localhost:4318/v1/traces. Raises
        ImportError.
        """
        load = importlib.import_module
        self._trace = trace = load("opentelemetry.trace")
        self._context = load("opentelemetry.context")
        propagation = load("opentelemetry.trace.propagation.tracecontext")
        sampling = load("opentelemetry.sdk.trace.sampling")
        exporting = load("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        by_ratio = sampling.TraceIdRatioBased(ratio)
        # Else it says for each span that the collector is away.
        for name in ("opentelemetry.sdk", "opentelemetry.exporter"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._provider = load("opentelemetry.sdk.trace").TracerProvider(
            sampler=sampling.ParentBased(
                by_ratio, remote_parent_sampled=by_ratio, remote_parent_not_sampled=by_ratio
            ),
            resource=load("opentelemetry.sdk.resources").Resource.create(
                {"service.name": "plimsoll", "service.version": version("plimsoll")}
            ),
            shutdown_on_exit=False,  # a collector that hangs would keep the process
        )
        self._exporter = exporting.OTLPSpanExporter(endpoint=url, timeout=EXPORT_S)
        self._provider.add_span_processor(
            load("opentelemetry.sdk.trace.export").BatchSpanProcessor(
                self._exporter,
                max_queue_size=MOST_WAITING,
                schedule_delay_millis=EVERY_S * 1000,
            )
        )
        self._tracer = self._provider.get_tracer("plimsoll")
        self._propagator = propagation.TraceContextTextMapPropagator()
        self._kind = trace.SpanKind
        self._failed = trace.Status(trace.StatusCode.ERROR)

    async def aclose(self) -> None:
        """Send what waits, if the collector takes it soon."""
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, CLOSE_S)
        if closing.is_alive():
            self._exporter.shutdown()  # no try after the one that is under way

    # requests

    def begin(self, scope: "Scope") -> "RequestSpan":
        """The span of a request, current until its end. Leaves the trace id on the scope."""
        span = self._tracer.start_span(
            scope["method"], self._from_caller(scope), kind=self._kind.SERVER
        )
        token = self._context.attach(self._trace.set_span_in_context(span))
        trace_id = format(span.get_span_context().trace_id, "032x")
        scope["plimsoll.trace_id"] = trace_id
        logged = structlog.contextvars.bind_contextvars(trace_id=trace_id)
        return RequestSpan(self, span, token, logged)

    def _from_caller(self, scope: "Scope") -> "Context":
        """What the caller's traceparent says; nothing without one, or with two."""
        given = [value for name, value in scope["headers"] if name == b"traceparent"]
        carrier = {"traceparent": given[0].decode("latin-1")} if len(given) == 1 else {}
        empty = self._context.Context()
        context: Context = self._propagator.extract(carrier, context=empty)
        return context

    def end(self, ended: "RequestSpan", *, method: str, route: str, status: int) -> None:
        span = ended.span
        span.update_name(f"{method} {route}")
        span.set_attributes(
            {
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
            }
        )
        if status >= 500 or not status:  # noqa: PLR2004 - what went wrong here
            span.set_status(self._failed)
        span.end()
        self._context.detach(ended.token)
        structlog.contextvars.reset_contextvars(**ended.logged)

    # what is done on the way

    @contextmanager
    def span(self, name: str, **attributes: int) -> Iterator[None]:
        """A trace of its own."""
        context = self._context.Context()
        with self._tracer.start_as_current_span(name, context, attributes=attributes):
            yield

    def note_wait(self, pool: str, took_s: float) -> None:
        """A connection was waited for, until now."""
        if self._is_traced():
            self._note("db.acquire", took_s, {"db.pool": pool})

    def note_statement(self, said: Any) -> None:
        """A statement has ended; `said` is what the driver tells of it, its values included."""
        if not self._is_traced():
            return
        text = " ".join(said.query.split())[:LONGEST_STATEMENT]
        verb = text.partition(" ")[0].upper()
        attributes = {
            "db.system.name": "postgresql",
            "db.operation.name": verb,
            "db.query.text": text,
        }
        self._note(f"postgresql {verb}", said.elapsed, attributes, said.exception)

    def note_call(self, source: str, *, host: str, outcome: str, took_s: float) -> None:
        """A source was called; `outcome` as in the metrics."""
        if self._is_traced():
            attributes = {"server.address": host, "plimsoll.outcome": outcome}
            self._note(f"GET {source}", took_s, attributes)

    def _is_traced(self) -> bool:
        """Whether what is done now belongs to a span that is recorded; it may be over, for the
        driver tells of a statement a moment later.
        """
        sampled: bool = self._trace.get_current_span().get_span_context().trace_flags.sampled
        return sampled

    def _note(
        self,
        name: str,
        took_s: float,
        attributes: dict[str, str],
        error: BaseException | None = None,
    ) -> None:
        """A span that is over. An error is told by its class: its text may have values in it."""
        end_ns = time.time_ns()
        span = self._tracer.start_span(
            name,
            kind=self._kind.CLIENT,
            attributes=attributes,
            start_time=end_ns - int(took_s * 1e9),
        )
        if error is not None:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(self._failed)
        span.end(end_ns)


class RequestSpan:
    """A request under way."""

    __slots__ = ("_tracing", "logged", "span", "token")

    def __init__(
        self,
        tracing: Tracing,
        span: "Span",
        token: "Token[Context]",
        logged: "Mapping[str, Token[Any]]",
    ) -> None:
        self._tracing = tracing
        self.span = span
        self.token = token
        self.logged = logged

    def end(self, *, method: str, route: str, status: int) -> None:
        self._tracing.end(self, method=method, route=route, status=status)
