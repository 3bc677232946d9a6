"""How bytes leave, how many may come before a request is one, and how slowly.

uvicorn writes the head and then the body, and each write goes to the kernel at once and wakes the
client: two system calls and two packets for a short answer. Here what is written within one turn of
the event loop leaves together, at the end of that turn.

The parser keeps what it has of a head until the head is whole, however long that gets and takes. So
a head is bounded here, in bytes and in time, and what is no HTTP gets a problem as everything else
does.

A body that does not come, and an answer that nobody reads, hold a request and a connection for as
long as the other end likes. So both have to go on at a pace, looked at every few seconds while they
last; a short body that came with its head, and an answer that left at once, are never looked at.
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from plimsoll.plumbing import crowd, problems
from plimsoll.plumbing.crowd import PROBE_TARGETS, Crowd
from plimsoll.plumbing.edge import NO_STORE, SECURITY_HEADERS, new_request_id
from plimsoll.plumbing.telemetry import OVERLOADED, TOO_SLOW

LONGEST_UNFINISHED_HEAD: Final = 65_536
"""Bytes; of a head that came whole the edge says what is too much, which is less."""
HEAD_WITHIN_S: Final = 30.0
"""From the connection, or from the first byte of a later request, to the end of the head."""
LOOK_EVERY_S: Final = 30.0
"""Between two looks at a body that is coming, or at an answer that is leaving."""
SLOWEST: Final = 30_720
"""Bytes that have to come or to leave between two looks: a kilobyte a second."""

UNUSUAL: Final = frozenset({b"origin", b"expect"})
ALWAYS: Final = b"".join(
    b"%b: %b\r\n" % header
    for header in ((b"content-type", problems.MEDIA_TYPE.encode()), *SECURITY_HEADERS, NO_STORE)
)
"""Header lines of every problem."""


class GatheringTransport:
    """Gathers the writes of one turn of the loop; everything else is the transport's own."""

    __slots__ = ("_loop", "_parts", "_timer", "_transport", "_written", "patient")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._written = 0
        self.patient = False
        """Somebody else looks after who does not read."""
        self._timer: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)

    def get_write_buffer_size(self) -> int:
        """What has not left yet, gathered or handed on."""
        return sum(map(len, self._parts)) + self._transport.get_write_buffer_size()

    def flush(self) -> None:
        if self._parts:
            parts, self._parts = self._parts, []
            packet = parts[0] if len(parts) == 1 else b"".join(parts)
            self._written += len(packet)
            self._transport.write(packet)
            if self._timer is None and self._transport.get_write_buffer_size():
                self._look_later()

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def _look_later(self) -> None:
        left = self._written - self._transport.get_write_buffer_size()
        self._timer = self._loop.call_later(LOOK_EVERY_S, self._look, left)

    def _look(self, left_before: int) -> None:
        """Closed or not: a connection that was closed stays until its last byte has left."""
        self._timer = None
        waits = self._transport.get_write_buffer_size()
        if not waits or self.patient:
            return
        if self._written - waits - left_before < SLOWEST:
            TOO_SLOW.labels("answer").inc()
            self._transport.abort()
        else:
            self._look_later()


class GatheringProtocol(HttpToolsProtocol):
    """uvicorn's protocol on a gathering transport, with bounds on an unfinished head or body."""

    _head_bytes = 0
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None
    _in_body = False
    _body_bytes = 0
    _body_timer: asyncio.TimerHandle | None = None
    _refusing = False

    def __init__(self, config: Config, *given: Any, **named: Any) -> None:
        super().__init__(config, *given, **named)
        self._crowd: Crowd | None = getattr(config.app, "crowd", None)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        gathering = GatheringTransport(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", gathering))
        self._head_timer = self.loop.call_later(HEAD_WITHIN_S, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._stop_body_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_body:
            self._body_bytes += len(data)
            if self._body_timer is None:
                self._look_at_body_later()
            return
        if not self._in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > LONGEST_UNFINISHED_HEAD:
            too_large = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self._refuse(too_large, "head-too-large", limit=LONGEST_UNFINISHED_HEAD)
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_WITHIN_S, self._too_slow)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._in_body = True
        self._stop_timer()
        self._refusing = self._crowd is not None and self._crowd.full and self._may_refuse()
        if not self._refusing:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._refusing:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._stop_body_timer()
        if self._refusing:
            self._refusing = False
            self._turn_away()
        else:
            super().on_message_complete()

    def _may_refuse(self) -> bool:
        """What is unusual takes the ordinary way to the same refusal: a request behind another one
        on its connection, a handshake, a page of another origin, an answer without its body.
        """
        cycle: Any = self.cycle
        idle = cycle is None or cycle.response_complete
        if not idle or self.pipeline or self.parser.should_upgrade():
            return False
        if self.parser.get_method() == b"HEAD":
            return False
        names = {name for name, _ in self.headers}
        return self.url.partition(b"?")[0] not in PROBE_TARGETS and not names & UNUSUAL

    def _turn_away(self) -> None:
        """Answered, counted and forgotten: it costs a tenth of a request that is looked at."""
        OVERLOADED.inc()
        if self.transport.is_closing():
            return
        lasts = self.parser.should_keep_alive()
        status = HTTPStatus.SERVICE_UNAVAILABLE
        self._write_problem(status, crowd.CODE, crowd.TITLE, crowd.RETRY_AFTER, closes=not lasts)
        if lasts:
            self.on_response_complete()
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What the parser does not take: two lengths, a length and chunks, no HTTP at all."""
        _ = msg
        self._refuse(HTTPStatus.BAD_REQUEST, "malformed-request")

    def _too_slow(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        TOO_SLOW.labels("head").inc()
        if self._head_bytes:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "head-too-slow", within_s=HEAD_WITHIN_S)
        else:
            self.transport.close()  # it never said anything

    def handle_websocket_upgrade(self) -> None:
        """From here on the hub says what is too slow. Only a GET opens a WebSocket: of another
        handshake its parser says nothing at all.
        """
        self._in_body = False
        if self.parser.get_method() != b"GET":
            self._refuse(HTTPStatus.BAD_REQUEST, "malformed-request")
            return
        cast("GatheringTransport", self.transport).patient = True
        super().handle_websocket_upgrade()

    def _look_at_body_later(self) -> None:
        self._body_timer = self.loop.call_later(LOOK_EVERY_S, self._look_at_body, self._body_bytes)

    def _look_at_body(self, before: int) -> None:
        self._body_timer = None
        if self.transport.is_closing():
            return
        if self.flow.read_paused or self._body_bytes - before >= SLOWEST:
            self._look_at_body_later()  # it comes, or it is us who do not read
            return
        TOO_SLOW.labels("body").inc()
        cycle = self.cycle
        if cycle.response_started:
            self.transport.close()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "body-too-slow")
        cycle.disconnected = True  # whoever waits for the rest is told that there is none
        cycle.message_event.set()

    def _refuse(self, status: HTTPStatus, code: str, **facts: float) -> None:
        self._stop_timer()
        if self.transport.is_closing():
            return
        self._write_problem(status, code, status.phrase, closes=True, **facts)
        self.transport.close()

    def _write_problem(
        self,
        status: HTTPStatus,
        code: str,
        title: str,
        *more: tuple[bytes, bytes],
        closes: bool,
        **facts: float,
    ) -> None:
        request_id = new_request_id()
        body = problems.describe(status, code, title, request_id=request_id, facts=facts)
        headers = (
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", request_id.encode()),
            *more,
            *(((b"connection", b"close"),) if closes else ()),
        )
        lines = [b"%b: %b\r\n" % header for header in headers]
        first = f"HTTP/1.1 {int(status)} {status.phrase}\r\n".encode()
        self.transport.write(b"".join((first, *lines, ALWAYS, b"\r\n", body)))

    def _stop_body_timer(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
