"""Who is calling: the dependencies that every route declares one of.

A route says in its signature who may call it (`caller: Reader`), and `undeclared_routes` finds
those that say nothing; the application does not start with any. A guard verifies the caller, spends
from their rate limit and checks the scope, in this order, and leaves the principal and the rate
decision on the ASGI scope.

A caller that was verified before is recognised by the exact bytes of the header: one look into a
dictionary.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar

from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.models import HTTPBearer
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection, Request
from starlette.types import Scope as AsgiScope

from plimsoll.access.domain.principals import Principal, Scope
from plimsoll.access.domain.sessions import Origin, cut_agent
from plimsoll.access.domain.signing import (
    SignatureAhead,
    SignatureMalformed,
    SignatureReplayed,
    SignatureStale,
    SignatureWrong,
)
from plimsoll.access.domain.tolls import ORDINARY, Toll
from plimsoll.access.domain.usage import Refusal
from plimsoll.access.service import approvals
from plimsoll.access.service.access import Access
from plimsoll.access.service.keys import AddressNotAllowed
from plimsoll.access.service.presenting import CrossSiteRequest, find_grant, take_signature
from plimsoll.access.service.tolling import cost_of
from plimsoll.access.service.verification import BadSession, Grant
from plimsoll.kernel.errors import Forbidden, Invalid, PlimsollError, Unauthenticated
from plimsoll.plumbing.database import DatabaseUnavailable
from plimsoll.plumbing.limits import Charge, TooManyRequests, refusal, refused_by
from plimsoll.plumbing.proxies import counted_as
from plimsoll.plumbing.telemetry import AUTH_FAILURES, RATE_LIMIT_DECISIONS, RATE_LIMIT_HITS
from plimsoll.settings import Sensitive

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])

COOKIE: Final = "plimsoll"
SECURE_COOKIE: Final = "__Host-plimsoll"
LET_IN: Final = RATE_LIMIT_DECISIONS.labels("allowed")
TURNED_AWAY: Final = RATE_LIMIT_DECISIONS.labels("refused")
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


class EnrolFirst(Forbidden):
    """The role needs a second factor, and whoever came has none yet."""

    code = "second-factor-required"
    title = "Set up a second factor first"


REFUSALS: Final[tuple[type[PlimsollError], ...]] = (
    SignInFirst,
    ScopeMissing,
    EnrolFirst,
    CrossSiteRequest,
    AddressNotAllowed,
    SignatureMalformed,
    SignatureWrong,
    SignatureStale,
    SignatureAhead,
    SignatureReplayed,
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


def origin_of(scope: AsgiScope) -> Origin:
    """The address, and what the program calls itself."""
    agent = next((value for name, value in scope["headers"] if name == b"user-agent"), None)
    return Origin(address_of(scope), cut_agent(agent))


def cookie_name(access: Access) -> str:
    return SECURE_COOKIE if access.settings.secure_cookies else COOKIE


SESSION_REFUSALS: Final = (*REFUSALS, PasswordSessionRequired, Invalid, DatabaseUnavailable)
"""The same of a route for people who signed in with their password."""


async def identify(scope: AsgiScope) -> Principal | None:
    """Who is calling, or None when nothing was presented; spends from no limit.

    For a caller known from before nothing is awaited. Raises a 401 for a bad credential and a 403
    for a good one used from the wrong place.
    """
    grant = await _grant(scope, scope["app"].state.access)
    return grant.principal if grant else None


async def admit(scope: AsgiScope, *needed: Scope, enrolling: bool = False) -> Principal:
    """What the guards do, for handlers too hot for a dependency; mark those `@hand_guarded`.

    A caller who was let in before in the same request pays once. `enrolling` lets in who has yet to
    set up the second factor that their role needs.
    """
    principal: Principal | None = scope.get("plimsoll.principal")
    if principal is None:
        access: Access = scope["app"].state.access
        grant = await _grant_or_charge(scope, access)
        if grant is None:
            await _charge_address(scope, access)
            raise SignInFirst("send `Authorization: Bearer` with an access token or an API key")
        principal = await _enter(scope, access, grant)
    if principal.must_enrol and not enrolling:
        raise _forbid(scope, principal, EnrolFirst("set up a second factor, then all is yours"))
    for name in needed:
        if name not in principal.scopes:
            error = ScopeMissing(f"it needs the scope {name}", facts={"scope": name})
            raise _forbid(scope, principal, error)
    return principal


def _forbid(scope: AsgiScope, principal: Principal, error: Forbidden) -> Forbidden:
    """`error`, counted."""
    AUTH_FAILURES.labels(error.code).inc()
    if principal.key_id is not None:
        access_of(scope).key_uses.refuse(principal.key_id, Refusal.FORBIDDEN)
    return error


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
    _note_use(scope, access, principal)
    toll = _toll_of(scope, access)
    charges = grant.charges[toll.route_class]
    cost = cost_of(toll, scope)
    try:
        await _spend(
            scope, access, charges if cost == 1 else [each.times(cost) for each in charges]
        )
    except TooManyRequests:
        if principal.key_id is not None:
            access.key_uses.refuse(principal.key_id, Refusal.LIMITED)
        raise
    if grant.signing_secret is not None:
        await take_signature(scope, access)
    return principal


def _note_use(scope: AsgiScope, access: Access, principal: Principal) -> None:
    if principal.key_id is not None:
        access.key_uses.note(principal.key_id, address_of(scope))
    elif principal.session_id is not None:
        access.session_uses.note(principal.session_id)


async def _grant_or_charge(scope: AsgiScope, access: Access) -> Grant | None:
    """The caller's grant; guessing at credentials is paid for like any other anonymous request."""
    try:
        return await _grant(scope, access)
    except (Unauthenticated, Forbidden) as error:
        AUTH_FAILURES.labels(error.code).inc()
        await _charge_address(scope, access)
        raise


async def _grant(scope: AsgiScope, access: Access) -> Grant | None:
    return await find_grant(
        scope, access, address=address_of(scope), cookie_name=cookie_name(access)
    )


async def _charge_address(scope: AsgiScope, access: Access) -> None:
    cost = cost_of(_toll_of(scope, access), scope)
    await _spend(scope, access, [Charge(_payer_at(scope), access.address_limit, cost=cost)])


def _payer_at(scope: AsgiScope) -> str:
    return f"at {counted_as(address_of(scope) or '')}"


def _toll_of(scope: AsgiScope, access: Access) -> Toll:
    """What the operation costs that the request is for, by the name that its route has."""
    name = scope.get("plimsoll.operation") or getattr(scope.get("route"), "name", None)
    return access.tolls.get(str(name), ORDINARY)


async def _spend(scope: AsgiScope, access: Access, charges: Sequence[Charge]) -> None:
    """Leaves the ruling on the scope, for the headers."""
    ruling = await access.limiter.spend(charges)
    scope["plimsoll.limits"] = ruling
    refused = refused_by(ruling)
    if refused is None:
        LET_IN.inc()
    else:
        TURNED_AWAY.inc()
        RATE_LIMIT_HITS.labels(refused.limit.name).inc()
        raise refusal(refused)


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
        await _spend(scope, access, [Charge(_payer_at(scope), limit)])


class _OfAnyone(Guard):
    """A public route that looks who is calling.

    A bad bearer is refused; a cookie that is no longer good counts as none, for browsers send it
    unasked and a page cannot take it back.
    """

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        return await admit_anyone(connection.scope)


class _OfKnown(SecurityBase, Guard):
    """A verified caller with a scope; also tells the API description that a bearer is needed."""

    def __init__(self, *needed: Scope, session_only: bool = False, enrolling: bool = False) -> None:
        self.model = HTTPBearer(description="An access token or an API key")
        self.scheme_name = "bearer"
        self._needed = needed
        self._session_only = session_only
        self._enrolling = enrolling

    async def __call__(self, connection: HTTPConnection) -> Principal:
        principal = await admit(connection.scope, *self._needed, enrolling=self._enrolling)
        if self._session_only and principal.session_id is None:
            error = PasswordSessionRequired("an API key cannot do this")
            raise _forbid(connection.scope, principal, error)
        return principal


Stranger = Annotated[None, Depends(_OfStrangers(signing_in=False))]
"""A public route that looks at no credential."""

SigningIn = Annotated[None, Depends(_OfStrangers(signing_in=True))]
"""The same, under the limit for what hashes a password: signing in and opening an account."""

Anyone = Annotated[Principal | None, Depends(_OfAnyone())]
"""A public route that answers more to those who are known."""

SignedIn = Annotated[Principal, Depends(_OfKnown())]
"""Known, whatever the scopes."""

Known = Annotated[Principal, Depends(_OfKnown(enrolling=True))]
"""The same, those too who have to set up a second factor first."""

SessionHolder = Annotated[Principal, Depends(_OfKnown(session_only=True))]
"""Signed in with the password; API keys are refused."""

Enrolling = Annotated[Principal, Depends(_OfKnown(session_only=True, enrolling=True))]
"""The same, for what somebody needs who has to set up a second factor first."""

Reader = Annotated[Principal, Depends(_OfKnown(Scope.READ))]
Trader = Annotated[Principal, Depends(_OfKnown(Scope.TRADE))]
Importer = Annotated[Principal, Depends(_OfKnown(Scope.IMPORT))]
Overseer = Annotated[Principal, Depends(_OfKnown(Scope.OVERSEE))]
"""Regulators and operators: reads what is everybody's."""

Operator = Annotated[Principal, Depends(_OfKnown(Scope.ADMIN))]


async def second_operator(
    request: Request, caller: Principal, action: Sensitive, *, key: str | None = None
) -> None:
    """Go on only if `action` needs no second operator, or another one has approved this request.

    Asked once the request is known to be well-formed, last before it is done.
    """
    scope = request.scope
    asked = approvals.ask_for(
        scope["method"], scope["path"], scope["query_string"], await request.body()
    )
    await approvals.claim(
        access_of(scope),
        action,
        asked,
        by=caller.user_id,
        key=key,
        address=address_of(scope),
    )


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
