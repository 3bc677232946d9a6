"""Who is calling: the dependencies that every route declares one of.

A route says in its signature who may call it (`caller: Reader`), and `undeclared_routes` finds
those that say nothing; the application does not start with any. A guard verifies the caller, spends
from their rate limit and checks the scope, in this order, and leaves the principal and the rate
decision on the ASGI scope.

A caller that was verified before is recognised by the exact bytes of the header: one look into a
dictionary.
"""

from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.models import HTTPBearer
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection, cookie_parser
from starlette.types import Scope as AsgiScope

from plimsoll.access.domain.keys import admits
from plimsoll.access.domain.principals import Principal, Scope
from plimsoll.access.domain.secrets import looks_like_secret
from plimsoll.access.service.access import Access
from plimsoll.access.service.keys import AddressNotAllowed
from plimsoll.access.service.verification import BadSession, Grant
from plimsoll.kernel.errors import Forbidden, PlimsollError, Unauthenticated
from plimsoll.plumbing.limits import Limit, TooManyRequests, refusal
from plimsoll.plumbing.telemetry import AUTH_FAILURES, RATE_LIMIT_HITS

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])

COOKIE: Final = "plimsoll"
SECURE_COOKIE: Final = "__Host-plimsoll"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
HAND_GUARDED: Final = "__plimsoll_hand_guarded__"


class SignInFirst(Unauthenticated):
    """The route needs to know who is calling, and nothing was presented."""

    code = "unauthenticated"
    title = "Sign in first"


class ScopeMissing(Forbidden):
    """The credential does not carry the scope of the route."""

    code = "scope-missing"
    title = "This credential may not do that"


class PasswordSessionRequired(Forbidden):
    """The route is for people who signed in with their password, not for API keys."""

    code = "password-session-required"
    title = "Sign in with the password for this"


class CrossSiteRequest(Forbidden):
    """A page of another site tried to act with the cookie of this one."""

    code = "cross-site-request"
    title = "Requests from other sites are refused"


REFUSALS: Final[tuple[type[PlimsollError], ...]] = (
    SignInFirst,
    ScopeMissing,
    CrossSiteRequest,
    AddressNotAllowed,
    TooManyRequests,
)
"""What any guarded route may answer: `responses=problems(*REFUSALS, …)`."""


def access_of(scope: AsgiScope) -> Access:
    access = scope["app"].state.access
    assert isinstance(access, Access)
    return access


def address_of(scope: AsgiScope) -> str | None:
    """Where the request comes from; the edge has already seen through proxies that are trusted."""
    client = scope.get("client")
    return client[0] if client else None


def cookie_name(access: Access) -> str:
    return SECURE_COOKIE if access.settings.secure_cookies else COOKIE


async def identify(scope: AsgiScope) -> Principal | None:
    """Who is calling, or None when nothing was presented; spends from no limit.

    For a caller known from before nothing is awaited. Raises a 401 for a bad credential and a 403
    for a good one used from the wrong place.
    """
    grant = await _grant(scope, scope["app"].state.access)
    return grant.principal if grant else None


async def admit(scope: AsgiScope, *needed: Scope) -> Principal:
    """What the guards do, for handlers too hot for a dependency; mark those `@hand_guarded`.

    A caller who was let in before in the same request pays once.
    """
    principal: Principal | None = scope.get("plimsoll.principal")
    if principal is None:
        access: Access = scope["app"].state.access
        grant = await _grant_or_charge(scope, access)
        if grant is None:
            await _charge_address(scope, access)
            raise SignInFirst("send `Authorization: Bearer` with an access token or an API key")
        principal = await _enter(scope, access, grant)
    for name in needed:
        if name not in principal.scopes:
            AUTH_FAILURES.labels(ScopeMissing.code).inc()
            raise ScopeMissing(f"it needs the scope {name}", facts={"scope": name})
    return principal


async def admit_anyone(scope: AsgiScope) -> Principal | None:
    """What `Anyone` does, for handlers too hot for a dependency."""
    access: Access = scope["app"].state.access
    try:
        grant = await _grant_or_charge(scope, access)
    except BadSession:
        return None
    if grant is None:
        await _charge_address(scope, access)
        return None
    return await _enter(scope, access, grant)


async def _enter(scope: AsgiScope, access: Access, grant: Grant) -> Principal:
    principal = grant.principal
    scope["plimsoll.principal"] = principal
    if principal.key_id is not None:
        access.key_uses.note(principal.key_id)
    await _spend(scope, access, grant.limit_key, grant.limit)
    return principal


async def _grant_or_charge(scope: AsgiScope, access: Access) -> Grant | None:
    """The caller's grant; guessing at credentials is paid for like any other anonymous request."""
    try:
        return await _grant(scope, access)
    except (Unauthenticated, Forbidden) as error:
        AUTH_FAILURES.labels(error.code).inc()
        await _charge_address(scope, access)
        raise


async def _grant(scope: AsgiScope, access: Access) -> Grant | None:
    authorization = cookie = None
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = value
        elif name == b"cookie":
            cookie = value
    verifier = access.verifier
    if authorization is not None:
        grant = verifier.recall_bearer(authorization) or await verifier.verify_bearer(authorization)
        if grant.networks and not admits(grant.networks, address_of(scope)):
            raise AddressNotAllowed("the key is bound to other addresses")
        return grant
    if cookie is None:
        return None
    known = verifier.recall_cookie(cookie)
    if known is None:
        secret = _session_secret(cookie, cookie_name(access))
        if secret is None:
            return None
        known = await verifier.verify_cookie(cookie, secret)
    # A WebSocket has no method, and no same-origin policy protects it: it is judged like a write.
    if scope.get("method") not in SAFE_METHODS:
        refuse_cross_site(scope)
    return known


def _session_secret(cookie: bytes, name: str) -> str | None:
    secret = cookie_parser(cookie.decode("latin-1")).get(name)
    if secret is not None and not looks_like_secret(secret):
        raise BadSession("sign in again")
    return secret


def refuse_cross_site(scope: AsgiScope, *, silent_is_fine: bool = False) -> None:
    """Refuse what comes from another site, and unless `silent_is_fine` what does not say."""
    headers = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site")
    origin = headers.get(b"origin")
    if site is not None:
        same = site == b"same-origin"
    elif origin is not None:
        same = origin.partition(b"://")[2] == headers.get(b"host")
    else:
        same = silent_is_fine
    if not same:
        raise CrossSiteRequest("with a cookie, write requests come from this service's own page")


async def _charge_address(scope: AsgiScope, access: Access) -> None:
    await _spend(scope, access, address_of(scope) or "", access.address_limit)


async def _spend(scope: AsgiScope, access: Access, key: str, limit: Limit) -> None:
    decision = await access.limiter.spend(key, limit)
    scope["plimsoll.limit"] = decision
    if not decision.allowed:
        RATE_LIMIT_HITS.labels(limit.name).inc()
        raise refusal(decision)


class Guard:
    """A dependency that decides who may call; what `undeclared_routes` looks for."""


class _OfStrangers(Guard):
    """Nobody's credential is looked at: signing in must work beside one that has expired."""

    def __init__(self, *, signing_in: bool) -> None:
        self._signing_in = signing_in

    async def __call__(self, connection: HTTPConnection) -> None:
        scope = connection.scope
        access = access_of(scope)
        limit = access.login_limit if self._signing_in else access.address_limit
        await _spend(scope, access, address_of(scope) or "", limit)


class _OfAnyone(Guard):
    """A public route that looks who is calling.

    A bad bearer is refused; a cookie that is no longer good counts as none, for browsers send it
    unasked and a page cannot take it back.
    """

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        return await admit_anyone(connection.scope)


class _OfKnown(SecurityBase, Guard):
    """A verified caller with a scope; also tells the API description that a bearer is needed."""

    def __init__(self, *needed: Scope, session_only: bool = False) -> None:
        self.model = HTTPBearer(description="An access token or an API key")
        self.scheme_name = "bearer"
        self._needed = needed
        self._session_only = session_only

    async def __call__(self, connection: HTTPConnection) -> Principal:
        principal = await admit(connection.scope, *self._needed)
        if self._session_only and principal.session_id is None:
            raise PasswordSessionRequired("an API key cannot do this")
        return principal


Stranger = Annotated[None, Depends(_OfStrangers(signing_in=False))]
"""A public route that looks at no credential."""

SigningIn = Annotated[None, Depends(_OfStrangers(signing_in=True))]
"""The same, under the limit for attempts to sign in."""

Anyone = Annotated[Principal | None, Depends(_OfAnyone())]
"""A public route that answers more to those who are known."""

SignedIn = Annotated[Principal, Depends(_OfKnown())]
"""Known, whatever the scopes."""

SessionHolder = Annotated[Principal, Depends(_OfKnown(session_only=True))]
"""Signed in with the password; API keys are refused."""

Reader = Annotated[Principal, Depends(_OfKnown(Scope.READ))]
Trader = Annotated[Principal, Depends(_OfKnown(Scope.TRADE))]
Importer = Annotated[Principal, Depends(_OfKnown(Scope.IMPORT))]
Operator = Annotated[Principal, Depends(_OfKnown(Scope.ADMIN))]


def hand_guarded(endpoint: Endpoint) -> Endpoint:
    """Declare that `endpoint` calls `admit` itself, before anything else."""
    setattr(endpoint, HAND_GUARDED, True)
    return endpoint


def undeclared_routes(app: FastAPI) -> list[str]:
    """API routes that do not say who may call them, as `GET /path`."""
    undeclared = []
    for context in iter_route_contexts(app.routes):
        if not isinstance(context.original_route, APIRoute | APIWebSocketRoute):
            continue
        if getattr(context.endpoint, HAND_GUARDED, False) or _has_guard(context.dependant):
            continue
        methods = ",".join(sorted(context.methods or ())) or "WEBSOCKET"
        undeclared.append(f"{methods} {context.path}")
    return undeclared


def _has_guard(dependant: Dependant) -> bool:
    dependency: object = dependant.call
    return isinstance(dependency, Guard) or any(map(_has_guard, dependant.dependencies))
