"""The same as server-sent events, for `curl` and whatever cannot speak WebSocket: read-only, one
channel for each response.

Data frames are unnamed events with their `seq` as id; what the server says otherwise (`subscribed`,
`heartbeat`, `resync`, `shutdown`) is named by its `op`. `Last-Event-ID` says where to go on in a
channel that never drops anything; every other begins with a snapshot.
"""

import asyncio
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from plimsoll.plumbing.streams.conversation import counted_for, refuse_credential_in_address
from plimsoll.plumbing.streams.hub import RETRY_MS, Hub
from plimsoll.plumbing.streams.messages import BadMessage, Subscribe, Subscribed
from plimsoll.plumbing.streams.outlets import QueueOutlet

LONGEST_SEQ: Final = 18
HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # or a proxy in front keeps events back
)


class EventStream(Response):
    """An answer that goes on until one side ends it. Refusals are raised before it begins."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hub = self._hub
        refuse_credential_in_address(scope)
        caller = await hub.door.enter(scope)
        asked = request_of(hub, Request(scope))
        outlet = QueueOutlet()
        listener = hub.join(outlet, key=counted_for(scope, caller), caller=caller)
        try:
            await hub.subscribe(listener, asked, lambda topic: listener.say(Subscribed(topic.sub)))
            await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
            async with asyncio.TaskGroup() as tasks:
                pump = tasks.create_task(_pump(outlet, send))
                gone = tasks.create_task(_wait_until_gone(receive))
                await asyncio.wait({pump, gone}, return_when=asyncio.FIRST_COMPLETED)
                pump.cancel()
                gone.cancel()
        finally:
            hub.leave(listener)


def request_of(hub: Hub, request: Request) -> Subscribe:
    """The query as a `subscribe`; symbols have commas between them."""
    query: dict[str, object] = dict(request.query_params)
    channel = hub.get_channel(str(query.get("channel", "")))
    if "symbols" in query:
        query["symbols"] = [name for name in str(query["symbols"]).split(",") if name]
    last = request.headers.get("last-event-id", "")
    if last.isascii() and last.isdigit() and len(last) <= LONGEST_SEQ:
        query.setdefault("since_seq", int(last))
    try:
        asked = msgspec.convert(query, type=channel.request, strict=False)
    except msgspec.ValidationError as error:
        raise BadMessage(str(error)[:200]) from None
    assert isinstance(asked, Subscribe)
    return asked


async def _pump(outlet: QueueOutlet, send: Send) -> None:
    body = b"retry: %d\n\n" % RETRY_MS
    while True:
        await send({"type": "http.response.body", "body": body, "more_body": True})
        body = await outlet.take()
        if not body:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
