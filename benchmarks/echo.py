"""The limit: an ASGI application that reads the request and answers, and does nothing else.

What uvicorn, the loopback and the load generator cost together; no service on this machine can be
faster.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

HEADERS: Final = [(b"content-type", b"application/json"), (b"content-length", b"15")]


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": b'{"price":"1.0"}'})
