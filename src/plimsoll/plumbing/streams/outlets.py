"""How frames leave: written to a socket at once, or queued for a response that streams.

An outlet never waits. It says how much lies before the client (`backlog`), and the hub decides what
is still worth sending; so one slow client costs the others nothing, and no client needs a task of
its own to be written to.

ASGI has no such thing: its `send` waits while the client is slow, and makes a new WebSocket frame
for every client. `LiveProtocol` is uvicorn's own protocol and leaves an outlet on the scope.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from starlette.types import Scope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from plimsoll.plumbing.streams.messages import LONGEST_MESSAGE
from plimsoll.plumbing.streams.topics import Framed

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

EXTENSION: Final = "plimsoll.outlet"
KERNEL_BUFFER: Final = 262_144
"""Bytes the kernel may hold for a client. Left to itself it holds megabytes: half a minute of
prices that nobody wants any more.
"""
ABORT_AFTER_S: Final = 5.0
"""How long a client has to take the reason for its end."""
NOT_UTF8: Final = 1007
"""How a connection ends that said text which is none (RFC 6455 §8.1)."""

_TEXT: Final = 0x81
_SHORT: Final = 126
_MIDDLE: Final = 65_536


class Wire(Protocol):
    """The form of what is sent."""

    def pack(self, frames: Sequence[Framed]) -> bytes:
        """Data frames of one flush."""
        ...

    def pack_word(self, op: str, text: bytes) -> bytes:
        """Anything else the server says."""
        ...


class MessageWire:
    """WebSocket messages (RFC 6455 §5.2: text, whole, unmasked): a list of data frames, or one
    object.
    """

    def pack(self, frames: Sequence[Framed]) -> bytes:
        return as_message(b"[%b]" % b",".join([frame.text for frame in frames]))

    def pack_word(self, op: str, text: bytes) -> bytes:
        _ = op
        return as_message(text)


class EventWire:
    """Server-sent events: each data frame an unnamed event with its `seq` as id; all else named."""

    def pack(self, frames: Sequence[Framed]) -> bytes:
        return b"".join([b"id: %d\ndata: %b\n\n" % frame for frame in frames])

    def pack_word(self, op: str, text: bytes) -> bytes:
        return b"event: %b\ndata: %b\n\n" % (op.encode(), text)


MESSAGES: Final = MessageWire()
EVENTS: Final = EventWire()


def as_message(text: bytes) -> bytes:
    """`text` as one WebSocket message."""
    size = len(text)
    if size < _SHORT:
        return bytes((_TEXT, size)) + text
    if size < _MIDDLE:
        return bytes((_TEXT, _SHORT)) + size.to_bytes(2, "big") + text
    return bytes((_TEXT, _SHORT + 1)) + size.to_bytes(8, "big") + text


class Outlet(Protocol):
    """Where one client's frames go."""

    @property
    def wire(self) -> Wire: ...

    @property
    def backlog(self) -> int:
        """Bytes that were written and have not left yet."""
        ...

    def write(self, packet: bytes) -> None:
        """Send it when there is room; nothing happens once the connection has ended."""
        ...

    def end(self, code: int, reason: str) -> None:
        """Say why and end the connection."""
        ...


class SocketOutlet:
    """Straight to the transport of a WebSocket."""

    wire: Wire = MESSAGES

    def __init__(self, protocol: "LiveProtocol") -> None:
        self._protocol = protocol

    @property
    def _open(self) -> bool:
        protocol = self._protocol
        return (
            protocol.handshake_complete
            and not protocol.close_sent
            and not protocol.disconnected
            and not protocol.transport.is_closing()
        )

    @property
    def backlog(self) -> int:
        return self._protocol.transport.get_write_buffer_size() if self._open else 0

    def write(self, packet: bytes) -> None:
        if self._open:
            self._protocol.transport.write(packet)

    def end(self, code: int, reason: str) -> None:
        """A client that reads nothing would keep the connection for ever, so it is cut off soon."""
        if not self._open:
            return
        protocol, transport, loop = self._protocol, self._protocol.transport, self._protocol.loop
        protocol.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        protocol.conn.send_close(code, reason)
        transport.write(b"".join(protocol.conn.data_to_send()))
        protocol.close_sent = True
        if protocol.read_paused:  # or the client's own farewell is never read
            protocol.read_paused = False
            transport.resume_reading()
        protocol.close_timer = loop.call_later(ABORT_AFTER_S, transport.close)
        loop.call_later(ABORT_AFTER_S, transport.abort)


class LiveProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, with an outlet for the hub."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code != 101:  # noqa: PLR2004 - Switching Protocols
            return
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
        extensions = cast("dict[str, object]", self.scope["extensions"])
        extensions[EXTENSION] = SocketOutlet(self)

    async def send(self, message: "ASGISendEvent") -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            # Refused, and told why. The parent logs that as an error of ours: anybody could fill
            # the log with those.
            self.handshake_complete = True

    def handle_ping(self) -> None:
        """A client that takes no pongs gets no more of them (RFC 6455 §5.5.3 asks for the last one
        only): they would pile up here as fast as it can send.
        """
        pongs = b"".join(self.conn.data_to_send())
        unread = self.transport.get_write_buffer_size()
        if unread < KERNEL_BUFFER or self.conn.close_sent is not None:
            self.transport.write(pongs)

    def handle_cont(self, event: Frame) -> None:
        """Pieces without content are not kept: no bound of bytes would ever count them."""
        if event.data or event.fin:
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """What is not UTF-8 ends the connection; the parent would log a stack of it."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            text = b"".join(self.frames)
            try:
                text.decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.send_close(NOT_UTF8)
                self.handle_parser_exception()
                return
            self.frames = [text]
        super().send_receive_event_to_app()


def outlet_of(scope: Scope) -> SocketOutlet:
    """The outlet that the server left; without it there is no live connection."""
    outlet = scope["extensions"].get(EXTENSION)
    assert isinstance(outlet, SocketOutlet), "the server runs without LiveProtocol"
    return outlet


class QueueOutlet:
    """What a streaming response takes from."""

    wire: Wire = EVENTS

    def __init__(self) -> None:
        self.backlog = 0
        self.ended = False
        self._packets: deque[bytes] = deque()
        self._news = asyncio.Event()

    def write(self, packet: bytes) -> None:
        if not self.ended:
            self._packets.append(packet)
            self.backlog += len(packet)
            self._news.set()

    def end(self, code: int, reason: str) -> None:
        _ = code, reason  # an event stream has no close codes; what there is to say was said
        self.ended = True
        self._news.set()

    async def take(self) -> bytes:
        """All that was written since the last time; empty when it has ended."""
        while not self._packets and not self.ended:
            self._news.clear()
            await self._news.wait()
        taken = b"".join(self._packets)
        self._packets.clear()
        self.backlog = 0
        return taken


def server_options() -> dict[str, Any]:
    """What uvicorn needs to know for live connections.

    Compression is off: it would have to be done for each client apart, at a hundred times the cost
    of sending. A client that does not answer a ping has gone.
    """
    return {
        "ws": LiveProtocol,
        "ws_max_size": LONGEST_MESSAGE,
        "ws_ping_interval": 20.0,
        "ws_ping_timeout": 20.0,
        "ws_per_message_deflate": False,
    }
