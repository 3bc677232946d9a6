"""The digest of a body, taken before anything else looks at the body.

For requests whose signature covers what they carry: the door has to know the digest before the
request is let in. The body of such a request is read whole, within the bound of all bodies, and
handed on as it was. Where a route reads its body in pieces because it may be large, the caller
declares the digest, and the pieces are checked as they pass: the last one is handed on only when
all of them together are what was declared.
"""

import hashlib
from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_DIGEST: Final = "plimsoll.body_digest"
"""Where it is left on the scope: a SHA-256, in bytes."""


class Digests:
    """Takes the digest for requests that have the header `asked_by`, and for no others.

    `streamed` are methods and paths of routes that read their body in pieces: there the digest is
    what the header `declared_by` says (64 hex digits), and `mismatch` makes what is raised to the
    reader of a body that has another.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        asked_by: bytes,
        declared_by: bytes,
        streamed: frozenset[tuple[str, str]],
        longest: int,
        mismatch: Callable[[], Exception],
    ) -> None:
        self._app = app
        self._asked_by = asked_by
        self._declared_by = declared_by
        self._streamed = streamed
        self._longest = longest
        self._mismatch = mismatch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and any(
            name == self._asked_by for name, _ in scope["headers"]
        )
        if asked:
            if (scope["method"], scope["path"]) in self._streamed:
                receive = self._check(scope, receive)
            else:
                receive = await self._read(scope, receive)
        await self._app(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive) -> Receive:
        """Read the body and leave its digest; of one that is too long, or is cut off, leave none:
        whoever reads it again is told the same.
        """
        taken: list[Message] = []
        digest, length = hashlib.sha256(), 0
        while True:
            message = await receive()
            taken.append(message)
            if message["type"] != "http.request":
                break
            piece: bytes = message.get("body", b"")
            length += len(piece)
            if length > self._longest:
                break
            digest.update(piece)
            if not message.get("more_body"):
                scope[BODY_DIGEST] = digest.digest()
                break
        return _again(taken, receive)

    def _check(self, scope: Scope, receive: Receive) -> Receive:
        declared = _declared(scope, self._declared_by)
        if declared is None:
            return receive
        scope[BODY_DIGEST] = declared
        digest, over = hashlib.sha256(), False

        async def receive_checked() -> Message:
            nonlocal over
            message = await receive()
            if message["type"] == "http.request" and not over:
                digest.update(message.get("body", b""))
                over = not message.get("more_body")
                if over and digest.digest() != declared:
                    raise self._mismatch()
            return message

        return receive_checked


def _declared(scope: Scope, header: bytes) -> bytes | None:
    """The one digest that the headers declare."""
    values = [value for name, value in scope["headers"] if name == header]
    try:
        digest = bytes.fromhex(values[0].decode("ascii")) if len(values) == 1 else b""
    except ValueError:
        return None
    return digest if len(digest) == hashlib.sha256().digest_size else None


def _again(taken: list[Message], receive: Receive) -> Receive:
    """`receive`, beginning with the messages that were taken."""
    waiting = taken[::-1]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again
