"""The outermost layer, pure ASGI: everything that holds for every request, in one pass.

It gives the request an id, resolves the caller's address, refuses a Host it was not told of (DNS
rebinding), a head or a body that is too large and a body that is packed, and whatever comes while
too much waits already; lets pages of named origins in, adds the security headers, turns what nobody
caught into a 500 problem, and writes one log line and the metrics.
"""

import os
import re
import time
from itertools import count
from typing import Final, Protocol

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plimsoll.plumbing import limits, problems, telemetry
from plimsoll.plumbing.crowd import PROBES, Crowd
from plimsoll.plumbing.origins import Origins
from plimsoll.plumbing.proxies import Proxies
from plimsoll.plumbing.refusals import (
    BEYOND_ANY_BODY,
    HEAD_TOO_LARGE,
    HOST_NOT_ALLOWED,
    LONGEST_HEAD,
    LONGEST_TARGET,
    MOST_HEADERS,
    OVERLOADED,
    PACKED_BODY,
    TARGET_TOO_LONG,
    refuse_body,
    send_problem,
)
from plimsoll.plumbing.tracing import Tracing
from plimsoll.settings import Settings

log = structlog.get_logger("plimsoll.request")

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
PERMISSIONS_POLICY: Final = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "publickey-credentials-get",
        "usb",
        "xr-spatial-tracking",
    )
)
SECURITY_HEADERS: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", PERMISSIONS_POLICY.encode()),
)
NO_STORE: Final = (b"cache-control", b"no-store")
HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
SECURE_SCHEMES: Final = frozenset({"https", "wss"})
REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")
NOTED: Final = frozenset(
    {
        b"host",
        b"x-request-id",
        b"content-length",
        b"content-encoding",
        b"origin",
        b"transfer-encoding",
    }
)


class Note(Protocol):
    """Who counts requests besides the metrics."""

    def __call__(self, took_s: float, verdict: telemetry.Verdict, *, by_key: bool) -> None: ...


class Edge:
    """Wraps the whole application; writes the ruling on limits that a guard left on the scope."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: Settings,
        bounded: frozenset[tuple[str, str]] = frozenset(),
        note: Note | None = None,
        tracing: Tracing | None = None,
        apart: frozenset[str] = frozenset(),
        crowd: Crowd | None = None,
    ) -> None:
        """`bounded`: methods and paths of routes that read their body in pieces and say themselves
        when it is too large. `note` is told of every request, those of the routes `apart` as such.
        """
        self._app = app
        self._bounded = bounded
        self._hosts = frozenset(host.lower().encode() for host in settings.allowed_hosts)
        self._any_host = b"*" in self._hosts
        self._known_hosts: set[bytes] = set()
        self._proxies = Proxies(settings.trusted_proxies)
        self._origins = Origins(settings.cors_origins)
        self._longest_body = settings.max_body_bytes
        self._body_too_large = refuse_body(limit=settings.max_body_bytes)
        self.crowd = crowd or Crowd(settings.requests_at_once)
        self._headers = SECURITY_HEADERS + ((HSTS,) if settings.secure_cookies else ())
        self._headers_no_store = (*self._headers, NO_STORE)
        self._headers_tls = (*SECURITY_HEADERS, HSTS)
        self._headers_tls_no_store = (*self._headers_tls, NO_STORE)
        self._series: dict[tuple[str, str, int], _Series] = {}
        self._note = note
        self._tracing = tracing
        self._apart = apart

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        noted, size = dict[bytes, bytes](), 0
        for name, value in scope["headers"]:
            size += len(name) + len(value)
            if name in NOTED:
                # Of two hosts nobody knows which one counts.
                noted[name] = b"" if name == b"host" and name in noted else value
        if self._proxies:
            self._proxies.resolve(scope)
        if scope["type"] == "websocket":
            app = self._refusal(scope, noted, size) or self._app
            await app(scope, receive, self._with_headers(scope, send))
            return
        given = noted.get(b"x-request-id")
        good = given is not None and REQUEST_ID.fullmatch(given) is not None
        scope["plimsoll.request_id"] = given.decode() if good and given else new_request_id()
        origin = noted.get(b"origin")
        if self._origins:
            scope["plimsoll.origin"] = origin
        app = self._refusal(scope, noted, size) or self._app
        turn = _Turn(self.crowd, receive)
        if self.crowd.full and scope["path"] not in PROBES:
            app, turn.over = OVERLOADED, True
        if self._origins and (allowed := self._origins.preflight(scope, origin)) is not None:
            app = _Preflight(allowed)
        turn.take(noted)
        await self._serve(app, scope, turn, send)

    def _refusal(self, scope: Scope, noted: dict[bytes, bytes], size: int) -> "ASGIApp | None":
        """What answers a request that is refused before anything looks at it."""
        if not self._host_is_allowed(noted.get(b"host", b"")):
            return HOST_NOT_ALLOWED
        if size > LONGEST_HEAD or len(scope["headers"]) > MOST_HEADERS:
            return HEAD_TOO_LARGE
        if len(scope["query_string"]) + len(scope.get("raw_path") or b"") > LONGEST_TARGET:
            return TARGET_TOO_LONG
        if noted.get(b"content-encoding", b"identity").lower() != b"identity":
            return PACKED_BODY
        length = noted.get(b"content-length")
        if length is not None and scope["type"] == "http":
            bounds_itself = (scope["method"], scope["path"]) in self._bounded
            bound = BEYOND_ALL if bounds_itself else self._longest_body
            if not _is_at_most(bound, length):
                return BEYOND_ANY_BODY if bounds_itself else self._body_too_large
        return None

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        """A handshake that is refused is an answer like any other."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "websocket.http.response.start":
                message["headers"] = [*message["headers"], *self._headers_of(scope, message)]
            await send(message)

        return send_with_headers

    def _headers_of(self, scope: Scope, message: Message) -> tuple[tuple[bytes, bytes], ...]:
        named = any(name == b"cache-control" for name, _ in message["headers"])
        if scope["scheme"] in SECURE_SCHEMES:
            return self._headers_tls if named else self._headers_tls_no_store
        return self._headers if named else self._headers_no_store

    async def _serve(self, app: ASGIApp, scope: Scope, turn: "_Turn", send: Send) -> None:
        started = time.perf_counter()
        request_id: str = scope["plimsoll.request_id"]
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                turn.end()
                message["headers"] = [
                    *message["headers"],
                    *self._headers_of(scope, message),
                    (b"x-request-id", request_id.encode()),
                ]
                if self._origins:
                    message["headers"] += self._origins.headers_for(scope["plimsoll.origin"])
                if (ruling := scope.get("plimsoll.limits")) is not None:
                    message["headers"] += limits.headers(ruling)
            await send(message)

        telemetry.IN_FLIGHT.inc()
        span = self._tracing.begin(scope) if self._tracing is not None else None
        try:
            await app(scope, turn.receive, send_with_headers)
        except Exception:
            # The last resort: our mistake, told without a stack to the caller and with one to the
            # log. An answer that has begun can only be cut off.
            log.exception("request_failed", request_id=request_id, path=scope["path"][:200])
            if status:
                raise
            await send_problem(
                scope, send_with_headers, 500, "internal-error", "Something went wrong here"
            )
        finally:
            turn.end()
            telemetry.IN_FLIGHT.dec()
            route = problems.route_template(scope)
            method = scope["method"] if scope["method"] in METHODS else "OTHER"
            self._record(scope, (method, route, status), time.perf_counter() - started)
            if span is not None:
                span.end(method=method, route=route, status=status)

    def _record(self, scope: Scope, key: tuple[str, str, int], took_s: float) -> None:
        method, route, status = key
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series(*key, apart=route in self._apart)
        series.latency.observe(took_s)
        series.requests.inc()
        code = scope.get("plimsoll.problem")
        if code is not None:
            telemetry.ERRORS.labels(route, code).inc()
        principal = scope.get("plimsoll.principal")
        if self._note is not None:
            by_key = principal is not None and principal.key_id is not None
            self._note(took_s, series.verdict, by_key=by_key)
        facts = {
            "method": method,
            "route": route,
            "status": status,
            "code": code,
            "took_ms": round(took_s * 1000, 3),
            "request_id": scope["plimsoll.request_id"],
            "principal": principal.user_id if principal else None,
        }
        if self._tracing is not None:
            facts["trace_id"] = scope["plimsoll.trace_id"]
        telemetry.REQUEST_LOG.write(facts)

    def _host_is_allowed(self, host: bytes) -> bool:
        if self._any_host or host in self._known_hosts:
            return True
        name = host.rsplit(b":", 1)[0] if not host.endswith(b"]") else host
        if name.lower() not in self._hosts:
            return False
        if len(self._known_hosts) < 1000:  # noqa: PLR2004 - every port is another spelling
            self._known_hosts.add(host)
        return True


class _Turn:
    """A request counts as waiting from when it is whole until its answer begins: neither a body
    that comes slowly nor an answer that lasts, as a stream of events, keeps others out.
    """

    __slots__ = ("_crowd", "_receive", "_waits", "over", "receive")

    def __init__(self, crowd: Crowd, receive: Receive) -> None:
        self._crowd = crowd
        self._receive = self.receive = receive
        self._waits = self.over = False

    def take(self, noted: dict[bytes, bytes]) -> None:
        """A refusal of the edge itself is `over`: it never waits."""
        if noted.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in noted:
            self.receive = self._receive_part
        elif not self.over:
            self._begin()

    async def _receive_part(self) -> Message:
        message = await self._receive()
        if not self._waits and not self.over and not message.get("more_body"):
            self._begin()
        return message

    def _begin(self) -> None:
        self._waits = True
        self._crowd.come()

    def end(self) -> None:
        self.over = True
        if self._waits:
            self._waits = False
            self._crowd.go()


REQUEST_NUMBERS: Final = count()
PROCESS: Final = os.urandom(8).hex()


def new_request_id() -> str:
    """Unique over processes and restarts, without asking the kernel for chance each time."""
    return f"{PROCESS}{next(REQUEST_NUMBERS):016x}"


METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Series:
    """The metric children of one (method, route, status), looked up once."""

    __slots__ = ("latency", "requests", "verdict")

    def __init__(self, method: str, route: str, status: int, *, apart: bool) -> None:
        self.latency = telemetry.REQUEST_LATENCY.labels(method, route)
        self.requests = telemetry.REQUESTS.labels(method, route, str(status))
        self.verdict = _verdict(status, apart=apart)


def _verdict(status: int, *, apart: bool) -> telemetry.Verdict:
    """Without a status the caller went before there was one."""
    if apart or not status or 400 <= status < 500:  # noqa: PLR2004 - the classes of HTTP
        return telemetry.Verdict.APART
    return telemetry.Verdict.FAILED if status >= 500 else telemetry.Verdict.GOOD  # noqa: PLR2004


LONGEST_LENGTH: Final = 18
"""Digits of a Content-Length that are worth reading."""
BEYOND_ALL: Final = 10**LONGEST_LENGTH - 1


def _is_at_most(bound: int, length: bytes) -> bool:
    return not length.isdigit() or (len(length) <= LONGEST_LENGTH and int(length) <= bound)


class _Preflight:
    """The answer to a browser that asks what a page may send."""

    def __init__(self, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        self._headers = headers

    async def __call__(self, _scope: Scope, _: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": 204, "headers": [*self._headers]}
        await send(start)
        await send({"type": "http.response.body", "body": b""})
