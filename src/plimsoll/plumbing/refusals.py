"""What the edge refuses before anything looks at it, as problems with the limit that was met:
`limit` in bytes, `fields` a number of headers.
"""

from typing import Final

from starlette.types import Receive, Scope, Send

from plimsoll.plumbing import problems
from plimsoll.plumbing.crowd import CODE, RETRY_AFTER, TITLE

MOST_HEADERS: Final = 100
LONGEST_HEAD: Final = 32_768
"""Bytes of all names and values of a request's headers."""
LONGEST_TARGET: Final = 8_192
"""Bytes of path and query."""


class Refusal:
    """An application that answers one problem; of a WebSocket it refuses the handshake."""

    def __init__(
        self, status: int, code: str, title: str, *headers: tuple[bytes, bytes], **facts: int
    ) -> None:
        self._problem = (status, code, title)
        self._headers = headers
        self._facts = facts

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        await send_problem(scope, send, *self._problem, *self._headers, facts=self._facts)


def refuse_body(**facts: int) -> Refusal:
    """Told before it is read. A body that does not say its length is counted by the framework."""
    return Refusal(413, "body-too-large", "Content Too Large", **facts)


async def send_problem(
    scope: Scope,
    send: Send,
    status: int,
    code: str,
    title: str,
    *more: tuple[bytes, bytes],
    facts: dict[str, int] | None = None,
) -> None:
    scope["plimsoll.problem"] = code
    request_id = scope["plimsoll.request_id"]
    body = problems.describe(status, code, title, request_id=request_id, facts=facts)
    headers = [
        (b"content-type", problems.MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


HOST_NOT_ALLOWED: Final = Refusal(400, "host-not-allowed", "This Host is not served here")
HEAD_TOO_LARGE: Final = Refusal(
    431,
    "head-too-large",
    "Request Header Fields Too Large",
    limit=LONGEST_HEAD,
    fields=MOST_HEADERS,
)
TARGET_TOO_LONG: Final = Refusal(414, "target-too-long", "URI Too Long", limit=LONGEST_TARGET)
PACKED_BODY: Final = Refusal(
    415, "packed-body", "Send the body as it is, unpacked", (b"accept-encoding", b"identity")
)
BEYOND_ANY_BODY: Final = refuse_body()
"""Of a route that counts itself and says its own limit, told of more bytes than a number has."""
OVERLOADED: Final = Refusal(503, CODE, TITLE, RETRY_AFTER)
"""Told at once, so that what was let in is answered in time."""
