"""The outermost layer, pure ASGI: everything that holds for every request, in one pass.

It gives the request an id, resolves the caller's address, refuses a Host it was not told of (DNS
rebinding), adds the security headers, turns what nobody caught into a 500 problem, and writes
one log line and the metrics.
"""

import os
import re
import time
from ipaddress import ip_address
from itertools import count
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plimsoll.plumbing import limits, problems, telemetry
from plimsoll.settings import Settings

log = structlog.get_logger("plimsoll.request")

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
SECURITY_HEADERS: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
NO_STORE: Final = (b"cache-control", b"no-store")
HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")


class Edge:
    """Wraps the whole application; writes the rate decision that a guard left on the scope."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: Settings,
        bounded: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        """`bounded`: methods and paths of routes that read their body in pieces and say themselves
        when it is too large.
        """
        self._app = app
        self._bounded = bounded
        self._hosts = frozenset(host.lower().encode() for host in settings.allowed_hosts)
        self._any_host = b"*" in self._hosts
        self._known_hosts: set[bytes] = set()
        self._proxies = frozenset(settings.trusted_proxies)
        self._longest_body = settings.max_body_bytes
        self._headers = SECURITY_HEADERS + ((HSTS,) if settings.secure_cookies else ())
        self._headers_no_store = (*self._headers, NO_STORE)
        self._series: dict[tuple[str, str, int], _Series] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        host = given = length = None
        for name, value in scope["headers"]:
            if name == b"host":
                host = value if host is None else b""  # of two nobody knows which one counts
            elif name == b"x-request-id":
                given = value
            elif name == b"content-length":
                length = value
        if self._proxies:
            scope["client"] = _client_behind(self._proxies, scope)
        app = self._app if self._host_is_allowed(host or b"") else _refuse_host
        if scope["type"] == "websocket":
            await app(scope, receive, send)
        else:
            bounds_itself = (scope["method"], scope["path"]) in self._bounded
            bound = BEYOND_ALL if bounds_itself else self._longest_body
            if length is not None and not _is_at_most(bound, length):
                app = _refuse_body
            good = given is not None and REQUEST_ID.fullmatch(given) is not None
            scope["plimsoll.request_id"] = given.decode() if good and given else _new_request_id()
            await self._serve(app, scope, receive, send)

    async def _serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request_id: str = scope["plimsoll.request_id"]
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                named = any(name == b"cache-control" for name, _ in headers)
                message["headers"] = [
                    *headers,
                    *(self._headers if named else self._headers_no_store),
                    (b"x-request-id", request_id.encode()),
                ]
                if (decision := scope.get("plimsoll.limit")) is not None:
                    message["headers"] += limits.headers(decision)
            await send(message)

        telemetry.IN_FLIGHT.inc()
        try:
            await app(scope, receive, send_with_headers)
        except Exception:
            # The last resort: our mistake, told without a stack to the caller and with one to the
            # log. An answer that has begun can only be cut off.
            log.exception("request_failed", request_id=request_id, path=scope["path"][:200])
            if status:
                raise
            await _send_problem(
                scope, send_with_headers, 500, "internal-error", "Something went wrong here"
            )
        finally:
            telemetry.IN_FLIGHT.dec()
            self._record(scope, status, time.perf_counter() - started, request_id)

    def _record(self, scope: Scope, status: int, took_s: float, request_id: str) -> None:
        route = problems.route_template(scope)
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        key = (method, route, status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series(*key)
        series.latency.observe(took_s)
        series.requests.inc()
        code = scope.get("plimsoll.problem")
        if code is not None:
            telemetry.ERRORS.labels(route, code).inc()
        principal = scope.get("plimsoll.principal")
        telemetry.REQUEST_LOG.write(
            {
                "method": method,
                "route": route,
                "status": status,
                "code": code,
                "took_ms": round(took_s * 1000, 3),
                "request_id": request_id,
                "principal": principal.user_id if principal else None,
            }
        )

    def _host_is_allowed(self, host: bytes) -> bool:
        if self._any_host or host in self._known_hosts:
            return True
        name = host.rsplit(b":", 1)[0] if not host.endswith(b"]") else host
        if name.lower() not in self._hosts:
            return False
        if len(self._known_hosts) < 1000:  # noqa: PLR2004 - every port is another spelling
            self._known_hosts.add(host)
        return True


REQUEST_NUMBERS: Final = count()
PROCESS: Final = os.urandom(8).hex()


def _new_request_id() -> str:
    """Unique over processes and restarts, without asking the kernel for chance each time."""
    return f"{PROCESS}{next(REQUEST_NUMBERS):016x}"


METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Series:
    """The metric children of one (method, route, status), looked up once."""

    __slots__ = ("latency", "requests")

    def __init__(self, method: str, route: str, status: int) -> None:
        self.latency = telemetry.REQUEST_LATENCY.labels(method, route)
        self.requests = telemetry.REQUESTS.labels(method, route, str(status))


def _client_behind(proxies: frozenset[str], scope: Scope) -> tuple[str, int] | None:
    """The rightmost address of X-Forwarded-For that is not a trusted proxy, if a proxy speaks."""
    peer: tuple[str, int] | None = scope.get("client")
    if peer is None or peer[0] not in proxies:
        return peer
    forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    for address in reversed([part.strip() for part in forwarded.decode("latin-1").split(",")]):
        if address and address not in proxies:
            return (address, 0) if _is_address(address) else peer
    return peer


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


LONGEST_LENGTH: Final = 18
"""Digits of a Content-Length that are worth reading."""
BEYOND_ALL: Final = 10**LONGEST_LENGTH - 1


def _is_at_most(bound: int, length: bytes) -> bool:
    return not length.isdigit() or (len(length) <= LONGEST_LENGTH and int(length) <= bound)


async def _refuse_body(scope: Scope, _: Receive, send: Send) -> None:
    """Told before it is read. A body that does not say its length is counted by the framework."""
    await _send_problem(scope, send, 413, "body-too-large", "Content Too Large")


async def _refuse_host(scope: Scope, _: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await _send_problem(scope, send, 400, "host-not-allowed", "This Host is not served here")


async def _send_problem(scope: Scope, send: Send, status: int, code: str, title: str) -> None:
    scope["plimsoll.problem"] = code
    body = problems.describe(status, code, title, request_id=scope["plimsoll.request_id"])
    headers = [
        (b"content-type", problems.MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
