"""Accounts, sessions and API keys over HTTP."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from plimsoll.access import schemas
from plimsoll.access.domain.emails import NotAnEmail, normalise_email
from plimsoll.access.domain.keys import NotANetwork, parse_networks
from plimsoll.access.domain.lockout import AccountLocked
from plimsoll.access.domain.passwords import WeakPassword
from plimsoll.access.domain.sessions import SignedIn as Opened
from plimsoll.access.guards import (
    REFUSALS,
    CrossSiteRequest,
    PasswordSessionRequired,
    SessionHolder,
    SignedIn,
    SigningIn,
    Stranger,
    access_of,
    address_of,
    cookie_name,
    refuse_cross_site,
)
from plimsoll.access.service import accounts, keys, sessions
from plimsoll.access.service.hashing import Busy
from plimsoll.access.service.verification import BadKey
from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import KeyId
from plimsoll.plumbing.database import DatabaseUnavailable, Reading
from plimsoll.plumbing.limits import TooManyRequests
from plimsoll.plumbing.paging import BadCursor, Page, Paging
from plimsoll.plumbing.problems import problems

router = APIRouter(prefix="/auth", tags=["access"])

SESSION_REFUSALS = (*REFUSALS, PasswordSessionRequired, Invalid, DatabaseUnavailable)
PUBLIC_REFUSALS = (TooManyRequests, Invalid, DatabaseUnavailable)


@router.post(
    "/register",
    status_code=HTTPStatus.CREATED,
    responses=problems(
        accounts.EmailTaken,
        accounts.RegistrationClosed,
        NotAnEmail,
        WeakPassword,
        Busy,
        *PUBLIC_REFUSALS,
    ),
)
async def register(
    request: Request, body: schemas.Registration, _caller: Stranger
) -> schemas.UserView:
    """Open an account.

    Passwords have 12 to 128 characters, of any kind, and are not among the common ones.
    """
    user = await accounts.register(
        access_of(request.scope),
        email=normalise_email(body.email),
        password=body.password,
        address=address_of(request.scope),
    )
    return schemas.UserView.of(user)


@router.post(
    "/login",
    responses=problems(
        sessions.BadCredentials, AccountLocked, CrossSiteRequest, NotAnEmail, Busy, *PUBLIC_REFUSALS
    ),
)
async def login(
    request: Request, response: Response, body: schemas.Login, _caller: SigningIn
) -> schemas.TokenPairView | schemas.CookieView:
    """Sign in: tokens for programs, or with `cookie` a session for this service's page.

    After a few failures the account refuses for a while, doubling up to 15 minutes, whether it
    exists or not.
    """
    if body.cookie:
        refuse_cross_site(request.scope, silent_is_fine=True)
    signed_in = await sessions.login(
        access_of(request.scope),
        email=normalise_email(body.email),
        password=body.password,
        address=address_of(request.scope),
        with_cookie=body.cookie,
    )
    return _answer(request, response, signed_in)


@router.post("/refresh", responses=problems(sessions.BadRefreshToken, *PUBLIC_REFUSALS))
async def refresh(
    request: Request, body: schemas.RefreshRequest, _caller: Stranger
) -> schemas.TokenPairView:
    """Exchange a refresh token for a new pair, once: presenting it again ends the session."""
    signed_in = await sessions.refresh(
        access_of(request.scope), token=body.refresh_token, address=address_of(request.scope)
    )
    return schemas.TokenPairView.of(signed_in)


@router.post("/token", responses=problems(BadKey, keys.AddressNotAllowed, *PUBLIC_REFUSALS))
async def exchange_key(
    request: Request, body: schemas.KeyExchange, _caller: Stranger
) -> schemas.TokenView:
    """An access token with the scopes of an API key. There is no refresh token: the key is that."""
    token, lifetime_s = await keys.exchange(
        access_of(request.scope), text=body.api_key, address=address_of(request.scope)
    )
    return schemas.TokenView(access_token=token, expires_in=lifetime_s)


@router.post("/logout", status_code=HTTPStatus.NO_CONTENT, responses=problems(*SESSION_REFUSALS))
async def logout(request: Request, response: Response, caller: SessionHolder) -> None:
    """End this session: its access, refresh token and cookie stop working at once."""
    assert caller.session_id is not None
    access = access_of(request.scope)
    await sessions.logout(
        access,
        user_id=caller.user_id,
        session_id=caller.session_id,
        address=address_of(request.scope),
    )
    if cookie_name(access) in request.cookies:
        response.delete_cookie(cookie_name(access), **_cookie_attributes(request))


@router.get("/me", responses=problems(*REFUSALS, DatabaseUnavailable))
async def read_me(caller: SignedIn, unit: Reading) -> schemas.MeView:
    """The caller, and what the credential they came with may do."""
    return schemas.MeView.of_caller(await accounts.get(unit, caller.user_id), caller)


@router.post(
    "/password",
    responses=problems(
        accounts.WrongPassword, AccountLocked, WeakPassword, Busy, *SESSION_REFUSALS
    ),
)
async def change_password(
    request: Request, response: Response, body: schemas.PasswordChange, caller: SessionHolder
) -> schemas.TokenPairView | schemas.CookieView:
    """Set a new password.

    Every session of the user ends; the answer is a new one. API keys stay.
    """
    signed_in = await accounts.change_password(
        access_of(request.scope),
        caller,
        current=body.current_password,
        new=body.new_password,
        address=address_of(request.scope),
        cookie="authorization" not in request.headers,
    )
    return _answer(request, response, signed_in)


@router.post(
    "/keys",
    status_code=HTTPStatus.CREATED,
    responses=problems(
        keys.ScopeNotYours,
        keys.TooManyKeys,
        keys.ExpiryOutOfRange,
        NotANetwork,
        *SESSION_REFUSALS,
    ),
)
async def make_key(
    request: Request, body: schemas.NewKey, caller: SessionHolder
) -> schemas.NewKeyView:
    """Make an API key. The answer shows it; nothing else ever will."""
    key, text = await keys.make(
        access_of(request.scope),
        caller,
        name=body.name,
        scopes=frozenset(body.scopes),
        networks=parse_networks(body.networks),
        expires_at=body.expires_at,
        address=address_of(request.scope),
    )
    return schemas.NewKeyView.of_new(key, text)


@router.get("/keys", responses=problems(BadCursor, *SESSION_REFUSALS))
async def list_keys(caller: SessionHolder, unit: Reading, page: Paging) -> Page[schemas.KeyView]:
    """Your API keys that are not revoked, newest first."""
    cut = await keys.list_of(unit, caller.user_id, page)
    return Page(data=[schemas.KeyView.of(key) for key in cut.rows], next_cursor=cut.next_cursor)


@router.delete(
    "/keys/{key_id}",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems(keys.NoSuchKey, *SESSION_REFUSALS),
)
async def revoke_key(
    request: Request, caller: SessionHolder, key_id: Annotated[UUID, Path()]
) -> None:
    """Revoke an API key; access tokens made from it stop working too."""
    await keys.revoke(
        access_of(request.scope),
        caller.user_id,
        KeyId(key_id),
        address=address_of(request.scope),
    )


def _answer(
    request: Request, response: Response, signed_in: Opened
) -> schemas.TokenPairView | schemas.CookieView:
    if signed_in.cookie is None:
        return schemas.TokenPairView.of(signed_in)
    access = access_of(request.scope)
    lifetime = signed_in.session_expires_at - access.clock.now()
    response.set_cookie(
        cookie_name(access),
        signed_in.cookie,
        max_age=int(lifetime.total_seconds()),
        **_cookie_attributes(request),
    )
    return schemas.CookieView(expires_at=signed_in.session_expires_at)


def _cookie_attributes(request: Request) -> dict[str, Any]:
    return {
        "path": "/",
        "httponly": True,
        "samesite": "strict",
        "secure": access_of(request.scope).settings.secure_cookies,
    }
