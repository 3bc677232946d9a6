"""Routes asked for far more often than others, answered before the framework looks at them.

A hot route answers what it can answer at once and leaves everything else to the ordinary route of
the same path: unusual parameters, a body it cannot read, what needs more than one round trip. Both
give the same answer; the ordinary route is the one that is documented.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing import problems

LONGEST_BODY: Final = 8_192
"""Bytes; longer bodies take the ordinary way, with its limits."""

JSON: Final = (b"content-type", b"application/json")

Quick = Callable[[Scope, Receive], Awaitable[bytes | None]]
"""The body of the answer, or None: not for me. Raises what the ordinary route would raise."""


@dataclass(frozen=True, slots=True)
class HotRoute:
    """`template` is the ordinary route's, for logs and metrics; so is `operation`, its name, for
    what it costs.
    """

    template: str
    operation: str
    quick: Quick
    status: int = 200


class HotRoutes:
    """In front of the framework: `exact` by method and path, `prefixes` by how a GET begins."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        exact: Mapping[tuple[str, str], HotRoute],
        prefixes: Sequence[tuple[str, HotRoute]],
    ) -> None:
        self._app = app
        self._exact = dict(exact)
        self._prefixes = tuple(prefixes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._find(scope) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["plimsoll.operation"] = route.operation
        try:
            body = await route.quick(scope, receive)
        except PlimsollError as error:
            scope["plimsoll.route"] = route.template
            response = problems.respond(Request(scope), error)
            await response(scope, receive, send)
            return
        if body is None:
            del scope["plimsoll.operation"]  # many paths begin like those of a hot route
            await self._app(scope, _again(scope, receive), send)
            return
        scope["plimsoll.route"] = route.template
        length = (b"content-length", str(len(body)).encode())
        await send(
            {"type": "http.response.start", "status": route.status, "headers": [length, JSON]}
        )
        await send({"type": "http.response.body", "body": body})

    def _find(self, scope: Scope) -> HotRoute | None:
        path, method = scope["path"], scope["method"]
        route = self._exact.get((method, path))
        if route is None and method == "GET":
            for prefix, candidate in self._prefixes:
                if path.startswith(prefix):
                    return candidate
        return route


async def read_small_json(scope: Scope, receive: Receive) -> bytes | None:
    """The body, if it is a small JSON text that came in one piece; None is for the ordinary way.

    What was read is put aside on the scope, so that the ordinary route can read it again.
    """
    length = kind = None
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = value
        elif name == b"content-type":
            kind = value
        elif name in (b"idempotency-key", b"content-encoding"):
            return None
    if kind != b"application/json" or length is None or not length.isdigit():
        return None
    if len(length) > 4 or int(length) > LONGEST_BODY:  # noqa: PLR2004 - digits of LONGEST_BODY
        return None
    message = await receive()
    scope["plimsoll.received"] = message
    if message["type"] != "http.request" or message.get("more_body"):
        return None
    body: bytes = message.get("body", b"")
    return body


def _again(scope: Scope, receive: Receive) -> Receive:
    """`receive`, beginning with the message that a hot route has already taken."""
    first: Message | None = scope.pop("plimsoll.received", None)
    if first is None:
        return receive

    async def receive_again() -> Message:
        nonlocal first
        if first is not None:
            message, first = first, None
            return message
        return await receive()

    return receive_again
