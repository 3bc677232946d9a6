"""A path of a proxy's under which the service stands: `https://example.org/desk/…`.

The proxy may take the prefix off or leave it on; both work. Within the service paths have none:
it is taken off at the door, and put in front of every Location that leaves. Only the page and the
description of the API know it, for they name addresses themselves.
"""

from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class RootPath:
    """In front of everything, when there is a prefix at all."""

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        """`prefix` begins with a slash and does not end with one."""
        self._app = app
        self._prefix = prefix
        self._raw_prefix = prefix.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        self._take_off(scope)

        async def send_with_location(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, self._located(scope, value) if name == b"location" else value)
                    for name, value in message["headers"]
                ]
            await send(message)

        await self._app(scope, receive, send_with_location)

    def _take_off(self, scope: Scope) -> None:
        path: str = scope["path"]
        if path != self._prefix and not path.startswith(f"{self._prefix}/"):
            return
        scope["path"] = path[len(self._prefix) :] or "/"
        raw: bytes = scope.get("raw_path") or b""
        if raw.startswith(self._raw_prefix):
            scope["raw_path"] = raw[len(self._raw_prefix) :] or b"/"
        else:  # the prefix was written in another way, as `%64esk`
            scope["raw_path"] = quote(scope["path"]).encode()

    def _located(self, scope: Scope, value: bytes) -> bytes:
        """Ours with the prefix: a path, or an address that the framework made of the Host."""
        host = next((each for name, each in scope["headers"] if name == b"host"), b"")
        own, path = b"", value
        scheme, found, rest = value.partition(b"://")
        if found:
            if not host or not rest.startswith(host + b"/"):
                return value
            own, path = scheme + found + host, rest[len(host) :]
        return own + self._raw_prefix + path if path.startswith(b"/") else value
