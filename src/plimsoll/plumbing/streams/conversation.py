"""One WebSocket from its handshake to its end: what the client says, and what it is answered.

Whatever comes, it is answered with a named error or ends the connection with a code; a message is
read only after the one before it was answered, so a client that floods is slowed down by its own
socket and then sent away.
"""

from typing import Final
from urllib.parse import parse_qsl

import structlog
from msgspec import UNSET, UnsetType
from starlette.responses import Response
from starlette.types import Scope
from starlette.websockets import WebSocket, WebSocketDisconnect

from plimsoll.kernel.errors import PlimsollError
from plimsoll.kernel.identifiers import new_id
from plimsoll.plumbing import problems
from plimsoll.plumbing.limits import Charge, Limit, LocalLimiter, refused_by
from plimsoll.plumbing.proxies import counted_as
from plimsoll.plumbing.streams.door import Close
from plimsoll.plumbing.streams.hub import Hub
from plimsoll.plumbing.streams.listeners import Listener
from plimsoll.plumbing.streams.messages import (
    OPERATIONS,
    Ask,
    Auth,
    Authenticated,
    CredentialInAddress,
    NotText,
    Ping,
    Pong,
    Refusal,
    Resync,
    Subscribe,
    Subscribed,
    Subscriptions,
    UnknownOperation,
    Unsubscribe,
    Unsubscribed,
    read,
    read_head,
)
from plimsoll.plumbing.streams.outlets import outlet_of
from plimsoll.plumbing.streams.topics import Caller, Topic

log = structlog.get_logger(__name__)

MESSAGES: Final = (Charge("", Limit("stream-messages", per_minute=600, burst=100)),)
"""What a message spends; each connection counts for itself."""

CREDENTIALS: Final = frozenset(
    {"token", "access_token", "auth", "authorization", "api_key", "apikey", "key", "jwt", "bearer"}
)
"""Names a credential goes by in addresses elsewhere."""


def refuse_credential_in_address(scope: Scope) -> None:
    """Raises CredentialInAddress."""
    query = scope["query_string"].decode("latin-1")
    for name, _ in parse_qsl(query, keep_blank_values=True):
        if name.lower() in CREDENTIALS:
            raise CredentialInAddress("sign in by cookie, header or a first message")


def counted_for(scope: Scope, caller: Caller | None) -> str:
    """Whom a connection is counted for."""
    if caller is not None:
        return f"user {caller.user}"
    client = scope.get("client")
    return f"address {counted_as(client[0] if client else '')}"


async def serve(hub: Hub, websocket: WebSocket) -> None:
    """Answer until the client leaves or is sent away."""
    try:
        refuse_credential_in_address(websocket.scope)
        caller = await hub.door.enter(websocket.scope)
        key = counted_for(websocket.scope, caller)
        listener = hub.join(outlet_of(websocket.scope), key=key, caller=caller)
    except PlimsollError as error:
        await _refuse(websocket, error)
        return
    try:
        await websocket.accept()
        await Conversation(hub, listener, websocket.scope).go_on(websocket)
    except WebSocketDisconnect:
        pass
    except Exception:
        log.exception("stream_failed")
        hub.end(listener, Close.FAILED)
    finally:
        hub.leave(listener)


async def _refuse(websocket: WebSocket, error: PlimsollError) -> None:
    """An answer to the handshake that is a problem like any other."""
    request_id = new_id().hex
    status = problems.status_of(error)
    log.info("stream_refused", code=error.code, request_id=request_id)
    body = problems.describe(
        status,
        error.code,
        error.title,
        request_id=request_id,
        detail=error.detail,
        facts=error.facts,
    )
    await websocket.send_denial_response(
        Response(body, status_code=status, media_type=problems.MEDIA_TYPE)
    )


class Conversation:
    """What one client asks, one message after the other."""

    def __init__(self, hub: Hub, listener: Listener, scope: Scope) -> None:
        self._hub = hub
        self._listener = listener
        self._scope = scope
        self._limiter = LocalLimiter(hub.clock, max_places=1)

    async def go_on(self, websocket: WebSocket) -> None:
        """Until the connection ends."""
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if refused_by(self._limiter.spend_now(MESSAGES)):
                self._hub.end(self._listener, Close.TOO_MANY_MESSAGES)
                return
            self._listener.active_s = self._hub.clock.monotonic()
            await self.answer(message.get("text"))

    async def answer(self, text: str | None) -> None:
        """Do what a message asks for, or say why not."""
        message_id: str | UnsetType = UNSET
        try:
            if text is None:
                raise NotText("this was a binary message")
            head = read_head(text)
            message_id = UNSET if head.id is None else head.id
            await self._do(self._read(text, head.op, head.channel), message_id)
        except PlimsollError as error:
            wait = error.retry_after_s
            self._listener.say(
                Refusal(
                    error.code,
                    error.detail or error.title,
                    id=message_id,
                    retry_after_ms=UNSET if wait is None else int(wait * 1000),
                )
            )

    def _read(self, text: str, op: str, channel: str) -> Ask:
        if op == "subscribe":
            request: type[Subscribe] = self._hub.get_channel(channel).request
            return read(text, request)
        model = OPERATIONS.get(op)
        if model is None:
            raise UnknownOperation(f"there are subscribe, {', '.join(OPERATIONS)}")
        return read(text, model)

    async def _do(self, asked: Ask, message_id: str | UnsetType) -> None:
        hub, listener = self._hub, self._listener
        match asked:
            case Subscribe():

                def confirm(topic: Topic) -> None:
                    listener.say(Subscribed(topic.sub, id=message_id))

                await hub.subscribe(listener, asked, confirm)
            case Unsubscribe(sub=subs):
                for sub in [subs] if isinstance(subs, str) else subs:
                    hub.unsubscribe(listener, sub)
                    listener.say(Unsubscribed(sub, id=message_id))
            case Resync(sub=sub):
                hub.resync(listener, sub, asked.id)
            case Ping():
                listener.say(Pong(hub.now_ms(), id=message_id))
            case Auth(token=token):
                caller = await hub.door.sign_in(self._scope, token)
                hub.sign_in(listener, caller)
                ends_s = caller.expires_at_s
                ends_ms = int(ends_s * 1000) if ends_s < LATEST_S else None
                listener.say(Authenticated(caller.user, ends_ms, id=message_id))
            case _:
                listener.say(Subscriptions(list(listener.subs), id=message_id))


LATEST_S: Final = 253_402_300_800.0
"""The year 10000: what ends later does not end."""
