"""Someone else's collector of traces on loopback: it decodes what it is sent, and misbehaves."""

import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Mood(StrEnum):
    WELL = "well"
    BUSY = "busy"
    """503, every time."""
    STUCK = "stuck"
    """Reads the request and says nothing."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A span as it arrived."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, str | int]
    failed: bool


@dataclass(slots=True)
class Collector:
    """`text` is everything it was told, as one text."""

    spans: list[Seen] = field(default_factory=list)
    mood: Mood = Mood.WELL
    asked: int = 0
    text: str = ""
    _server: ThreadingHTTPServer | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1/traces"

    def named(self, name: str) -> list[Seen]:
        return [span for span in list(self.spans) if span.name == name]

    def wait_for(self, name: str, within_s: float = 10.0) -> list[Seen]:
        """Blocks; the spans of this name once there are any."""
        until_s = time.monotonic() + within_s
        while not (found := self.named(name)):
            assert time.monotonic() < until_s, (
                f"no {name} among {[each.name for each in self.spans]}"
            )
            time.sleep(0.02)
        return found

    def __enter__(self) -> Self:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(collector.take(body))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def take(self, body: bytes) -> int:
        """The status of the answer."""
        self.asked += 1
        if self.mood is Mood.BUSY:
            return 503
        if self.mood is Mood.STUCK:
            self._over.wait(30)
            return 503
        message = ExportTraceServiceRequest.FromString(body)
        self.text += str(message)
        for resource in message.resource_spans:
            for scope in resource.scope_spans:
                self.spans += [_seen(span) for span in scope.spans]
        return 200


def _seen(span: Any) -> Seen:
    attributes = {
        each.key: each.value.string_value or each.value.int_value for each in span.attributes
    }
    return Seen(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        attributes,
        span.status.code == 2,
    )
