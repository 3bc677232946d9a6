"""The door of live connections, and their routes: WebSocket, server-sent events, description."""

from importlib.metadata import version

import msgspec
from fastapi import APIRouter, Request, Response, WebSocket
from starlette.types import Scope

from plimsoll.access import guards
from plimsoll.access.domain.principals import Principal
from plimsoll.access.guards import Anyone, hand_guarded
from plimsoll.access.service.presenting import refuse_cross_site
from plimsoll.kernel.errors import Unauthenticated
from plimsoll.plumbing.origins import is_named
from plimsoll.plumbing.streams import conversation
from plimsoll.plumbing.streams.description import describe
from plimsoll.plumbing.streams.events import EventStream
from plimsoll.plumbing.streams.hub import Hub
from plimsoll.plumbing.streams.topics import Caller

router = APIRouter(tags=["live"])


class AccessDoor:
    """Callers as access knows them. Pages of other sites are refused even without a cookie, but for
    origins that were named: what is public is public, but the connections are this service's own.
    """

    async def enter(self, scope: Scope) -> Caller | None:
        origins = guards.access_of(scope).settings.cors_origins
        if origins and is_named(origins, scope):  # it may call with a token, never with our cookie
            own = [header for header in scope["headers"] if header[0] != b"cookie"]
            scope = {**scope, "headers": own}
        else:
            refuse_cross_site(scope, silent_is_fine=True)
        principal = await guards.admit_anyone(scope)
        return _caller(scope, principal) if principal else None

    async def sign_in(self, scope: Scope, token: str) -> Caller:
        shown = {**scope, "headers": [(b"authorization", f"Bearer {token}".encode())]}
        shown.pop("plimsoll.principal", None)
        return _caller(shown, await guards.admit(shown))

    async def confirm(self, caller: Caller) -> None:
        principal = await guards.identify(caller.credential)
        if principal is None or principal.user_id.hex != caller.user:
            raise Unauthenticated("sign in again")


def _caller(scope: Scope, principal: Principal) -> Caller:
    return Caller(principal.user_id.hex, principal, principal.expires_at_s, scope)


@router.websocket("/ws")
@hand_guarded  # by the hub's door: a refusal has to answer the handshake
async def converse(websocket: WebSocket) -> None:
    hub: Hub = websocket.app.state.hub
    await conversation.serve(hub, websocket)


@router.get("/stream", include_in_schema=False)
@hand_guarded  # as above
async def stream(request: Request) -> Response:
    """A channel as server-sent events, for `curl -N`."""
    return EventStream(request.app.state.hub)


@router.get("/asyncapi.json", include_in_schema=False)
async def read_asyncapi(request: Request, _: Anyone) -> Response:
    """The description of the live protocol (AsyncAPI 3)."""
    document = describe(request.app.state.hub, version("plimsoll"))
    return Response(msgspec.json.encode(document), media_type="application/json")
