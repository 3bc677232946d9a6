"""WebSockets to other people's servers: bounded, watched, and back again after every cut.

One `OutboundSocket` is one stream of messages, over one connection after another. It connects when
somebody receives, raises a named error when it cannot or when the connection ends, and the next
`receive` connects anew after a pause that grows with failures in a row and is spread by full
jitter. A connection that says nothing for `idle_s` is taken for dead. One that has to be left soon
(`renew`, or its age) is replaced before it is left: what it still said comes first, then what the
new one says. `connections` grows exactly between the two, so a reader knows where something may be
missing.

Messages wait in a bounded queue; when it is full the socket is not read, and the other side feels
it. No redirect is followed, no compression offered, no proxy taken from the environment. Names of
sources appear in errors, logs and metrics; addresses and contents never do.
"""

import asyncio
import logging
import random
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import httpx2
import structlog
from prometheus_client import Counter
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from plimsoll.kernel.clock import Clock
from plimsoll.plumbing.budget import retry_after_s
from plimsoll.plumbing.outbound import (
    SourceRateLimited,
    SourceRestricted,
    SourceTimeout,
    SourceUnavailable,
    SourceUnreachable,
)
from plimsoll.plumbing.socket_lines import CLOSE_TIMEOUT_S, Line

CONNECTIONS: Final = Counter(
    "outbound_socket_connections", "WebSocket connections made to a source.", ["source"]
)
ENDS: Final = Counter(
    "outbound_socket_ends",
    "WebSocket connections that ended or were refused, by the code of the error, or renewed.",
    ["source", "reason"],
)

LIBRARY_QUEUE: Final = 256
"""Frames that may wait below our queue while we are full; a burst does not toggle the reading."""
EARLIEST_ROTATION: Final = 0.9
"""A planned renewal comes after this part of `rotate_after_s` at the earliest."""
USER_AGENT: Final = f"plimsoll/{version('plimsoll')}"

_LIMITED: Final = frozenset({418, 429})
_RESTRICTED: Final = frozenset({403, 451})
_MINUTE_S: Final = 60.0

Send = Callable[[bytes], Awaitable[None]]
"""Send a text message; raises SourceUnreachable when the connection is gone."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SocketTerms:
    """`idle_s`: so long without a message and the connection is cut. `rotate_after_s`: it is
    renewed at this age, or up to a tenth earlier. `max_bytes`: of one message. The pause before the
    n-th try in a row is between nothing and `first_pause_s` × 2ⁿ⁻¹, at most `longest_pause_s`.
    """

    idle_s: float
    rotate_after_s: float | None = None
    max_bytes: int = 5_000_000
    open_timeout_s: float = 10.0
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0


class _Connect(connect):
    """Without redirects: hosts come from the settings, never from an answer."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class OutboundSocket:
    """A stream of messages of one source; received by one task at a time."""

    def __init__(
        self,
        name: str,
        urls: Sequence[str],
        clock: Clock,
        terms: SocketTerms,
        on_open: Callable[[Send], Awaitable[None]],
    ) -> None:
        """Where one of `urls` does not serve this place, the next one is tried. `on_open`
        subscribes, on every new connection, and raises nothing but what `Send` raises.
        """
        assert urls, "a socket needs somewhere to connect to"
        self.name = name
        self.connections = 0
        """Grows by one when what is received next comes over another connection."""
        self._urls = deque(urls)
        self._clock = clock
        self._terms = terms
        self._on_open = on_open
        self._line: Line | None = None
        self._successor: Line | None = None
        self._renewal: asyncio.Task[None] | None = None
        self._rotation: asyncio.TimerHandle | None = None
        self._rung = asyncio.Event()
        self._tls: ssl.SSLContext | None = None
        self._failures = 0
        self._not_before_s = float("-inf")
        # Below WARNING the library writes addresses and contents.
        logging.getLogger("websockets.client").setLevel(logging.WARNING)

    async def receive(self) -> bytes:
        """The next message; connects first when there is no connection, after its pause.

        Raises SourceUnavailable in one of its forms when it cannot connect, is cut or falls silent;
        the next call connects again.
        """
        while True:
            line = self._line or await self._connect()
            self._rung.clear()
            message = self.receive_ready()
            if message is not None:
                return message
            if self._line is line:
                if line.end and not self._renewal:
                    raise self._ended(line, line.end)
                await self._rung.wait()

    def receive_ready(self) -> bytes | None:
        """A message that is here already; None when one would have to wait for it."""
        line, successor = self._line, self._successor
        if line and successor and (successor.messages or successor.end or line.end):
            line = self._succeed(line, successor)
        return line.take() if line and line.messages else None

    async def send(self, data: bytes) -> None:
        """Send a text message. Raises SourceUnavailable when there is no connection."""
        if self._line is None:
            raise SourceUnreachable.of(self.name, "is not connected")
        await self._line.send(data)

    def renew(self) -> None:
        """Open another connection, then leave this one; nothing when that is under way already."""
        if self._line and not self._renewal and not self._successor:
            self._renewal = asyncio.create_task(self._replace(), name=f"{self.name}-renewal")

    async def aclose(self) -> None:
        if self._rotation:
            self._rotation.cancel()
        if self._renewal:
            self._renewal.cancel()
            await asyncio.wait((self._renewal,))
        lines = [line for line in (self._line, self._successor) if line]
        self._line = self._successor = None
        await asyncio.gather(*(line.aclose() for line in lines))

    async def _connect(self) -> Line:
        await asyncio.sleep(self._pause_s())
        try:
            line = await self._open()
        except SourceUnavailable:
            self._failures += 1
            raise
        self._line = line
        self.connections += 1
        self._rotate_later(self._terms.rotate_after_s)
        return line

    def _pause_s(self) -> float:
        """Until the next try: spread between nothing and a bound that grows, or as was asked."""
        jitter_s = 0.0
        if self._failures:
            bound_s = self._terms.first_pause_s * 2.0 ** min(self._failures - 1, 20)
            jitter_s = random.uniform(0, min(bound_s, self._terms.longest_pause_s))  # noqa: S311 - spreads callers
        return max(jitter_s, self._not_before_s - self._clock.monotonic())

    async def _open(self) -> Line:
        """A connection that is subscribed, at the first address that serves this place."""
        refusal: SourceUnavailable | None = None
        for _ in range(len(self._urls)):
            try:
                return await self._open_at(self._urls[0])
            except SourceUnavailable as error:
                ENDS.labels(self.name, error.code).inc()
                self._urls.rotate(-1)
                refusal = error
                if not isinstance(error, SourceRestricted):
                    break
        assert refusal is not None
        wait_s = refusal.retry_after_s
        if wait_s is None and isinstance(refusal, SourceRestricted):
            wait_s = self._terms.longest_pause_s  # it will not move there soon
        if wait_s is not None:
            self._not_before_s = self._clock.monotonic() + wait_s
        raise refusal

    async def _open_at(self, url: str) -> Line:
        terms, name = self._terms, self.name
        try:
            connection = await _Connect(
                url,
                compression=None,
                proxy=None,
                open_timeout=terms.open_timeout_s,
                ping_interval=None,  # the watchdog notices what is dead
                close_timeout=CLOSE_TIMEOUT_S,
                max_size=terms.max_bytes,
                max_queue=LIBRARY_QUEUE,
                user_agent_header=USER_AGENT,
                ssl=self._trust() if url.startswith("wss:") else None,
            )
        except InvalidStatus as error:
            raise self._refusal(error) from error
        except TimeoutError as error:
            text = f"did not open a socket within {terms.open_timeout_s} s"
            raise SourceTimeout.of(name, text) from error
        except (OSError, EOFError, WebSocketException) as error:
            text = f"did not open a socket ({type(error).__name__})"
            raise SourceUnreachable.of(name, text) from error
        line = Line(name, connection, self._rung, idle_s=terms.idle_s, max_bytes=terms.max_bytes)
        try:
            await self._on_open(line.send)
        except BaseException:
            line.abort()
            raise
        CONNECTIONS.labels(name).inc()
        log.info("socket_opened", source=name)
        return line

    def _trust(self) -> ssl.SSLContext:
        """The certificates that our HTTP trusts; made once, for that takes milliseconds."""
        if self._tls is None:
            self._tls = httpx2.create_ssl_context(trust_env=False)
        return self._tls

    def _refusal(self, error: InvalidStatus) -> SourceUnavailable:
        status = error.response.status_code
        asked = error.response.headers.get("Retry-After", "")
        wait_s = retry_after_s(asked, self._clock.now())
        if status in _RESTRICTED:
            return SourceRestricted.of(self.name, "does not serve this place", status=status)
        if status in _LIMITED:
            wait_s = _MINUTE_S if wait_s is None else wait_s
            return SourceRateLimited.of(self.name, "limits us", status=status, retry_after_s=wait_s)
        text = f"answered {status} instead of a socket"
        return SourceUnreachable.of(self.name, text, status=status, retry_after_s=wait_s)

    def _ended(self, line: Line, end: SourceUnavailable) -> SourceUnavailable:
        """Leave a connection that is over; one that held for long is no failure in a row."""
        self._failures = 1 if line.age_s > self._terms.longest_pause_s else self._failures + 1
        self._line = None
        self._rotate_later(None)
        line.abort()
        ENDS.labels(self.name, end.code).inc()
        return end

    async def _replace(self) -> None:
        try:
            self._successor = await self._open()
        except SourceUnavailable as error:
            log.warning("socket_not_renewed", source=self.name, reason=error.code)
            self._rotate_later(max(self._terms.longest_pause_s, error.retry_after_s or 0.0))
        finally:
            self._renewal = None
            self._rung.set()

    def _succeed(self, line: Line, successor: Line) -> Line:
        """The connection to take messages from: the old one until all it said is taken."""
        if successor.end and not successor.messages and not line.end:
            ENDS.labels(self.name, successor.end.code).inc()
            self._successor = None
            successor.abort()
            self._rotate_later(self._terms.longest_pause_s)
            return line
        line.mute()
        if line.messages:
            return line
        line.abort()
        ENDS.labels(self.name, "renewed").inc()
        self._line, self._successor = successor, None
        self.connections += 1
        self._rotate_later(self._terms.rotate_after_s)
        return successor

    def _rotate_later(self, after_s: float | None) -> None:
        """Renew after so long, or a tenth earlier, so that many sockets do not do it together."""
        if self._rotation:
            self._rotation.cancel()
        self._rotation = None
        if after_s is not None:
            delay_s = after_s * random.uniform(EARLIEST_ROTATION, 1)  # noqa: S311 - spreads callers
            self._rotation = asyncio.get_running_loop().call_later(delay_s, self.renew)
