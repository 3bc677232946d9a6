"""Accounts and signing in over HTTP."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response

from plimsoll.access.domain.emails import NotAnEmail, normalise_email
from plimsoll.access.domain.lockout import AccountLocked
from plimsoll.access.domain.passwords import WeakPassword
from plimsoll.access.domain.sessions import SignedIn as Opened
from plimsoll.access.domain.totp import SecondFactorUsed, SecondFactorWrong
from plimsoll.access.guards import (
    REFUSALS,
    SESSION_REFUSALS,
    Enrolling,
    Known,
    SessionHolder,
    SigningIn,
    Stranger,
    access_of,
    address_of,
    cookie_name,
    origin_of,
)
from plimsoll.access.schemas import authentication as schemas
from plimsoll.access.service import accounts, enrolment, keys, sessions
from plimsoll.access.service.enrolment import FreshCodeNeeded, WrongCode
from plimsoll.access.service.hashing import Busy
from plimsoll.access.service.presenting import CrossSiteRequest, refuse_cross_site
from plimsoll.access.service.second_factors import SecondFactorNeeded
from plimsoll.access.service.verification import BadKey
from plimsoll.kernel.errors import Invalid
from plimsoll.plumbing.database import DatabaseUnavailable, Reading
from plimsoll.plumbing.limits import TooManyRequests
from plimsoll.plumbing.problems import problems

router = APIRouter(prefix="/auth", tags=["access"])

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
    request: Request, body: schemas.Registration, _caller: SigningIn
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
        sessions.BadCredentials,
        SecondFactorNeeded,
        SecondFactorWrong,
        SecondFactorUsed,
        AccountLocked,
        CrossSiteRequest,
        NotAnEmail,
        Busy,
        *PUBLIC_REFUSALS,
    ),
)
async def login(
    request: Request, response: Response, body: schemas.Login, _caller: SigningIn
) -> schemas.TokenPairView | schemas.CookieView:
    """Sign in: tokens for programs, or with `cookie` a session for this service's page.

    With a second factor the password alone is answered with `second-factor-needed`, and `code` is
    a code of the authenticator app or a recovery code. After a few failures the account refuses for
    a while, doubling up to 15 minutes, whether it exists or not.
    """
    if body.cookie:
        refuse_cross_site(request.scope, silent_is_fine=True)
    signed_in = await sessions.login(
        access_of(request.scope),
        email=normalise_email(body.email),
        password=body.password,
        code=body.code,
        origin=origin_of(request.scope),
        with_cookie=body.cookie,
    )
    return _answer(request, response, signed_in)


@router.post("/refresh", responses=problems(sessions.BadRefreshToken, *PUBLIC_REFUSALS))
async def refresh(
    request: Request, body: schemas.RefreshRequest, _caller: Stranger
) -> schemas.TokenPairView:
    """Exchange a refresh token for a new pair, once: presenting it again ends the session."""
    signed_in = await sessions.refresh(
        access_of(request.scope), token=body.refresh_token, origin=origin_of(request.scope)
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
async def logout(request: Request, response: Response, caller: Enrolling) -> None:
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
async def read_me(caller: Known, unit: Reading) -> schemas.MeView:
    """The caller, and what the credential they came with may do."""
    return schemas.MeView.of_caller(await accounts.get(unit, caller.user_id), caller)


@router.post(
    "/password",
    responses=problems(
        accounts.WrongPassword,
        AccountLocked,
        FreshCodeNeeded,
        WrongCode,
        WeakPassword,
        Busy,
        *SESSION_REFUSALS,
    ),
)
async def change_password(
    request: Request, response: Response, body: schemas.PasswordChange, caller: SessionHolder
) -> schemas.TokenPairView | schemas.CookieView:
    """Set a new password.

    Every session of the user ends; the answer is a new one. API keys stay. With a second factor
    that was not shown within ten minutes `code` is needed too.
    """
    access = access_of(request.scope)
    origin = origin_of(request.scope)
    address = origin.address
    proved_at = await enrolment.require_fresh(access, caller, code=body.code, address=address)
    signed_in = await accounts.change_password(
        access,
        caller,
        current=body.current_password,
        new=body.new_password,
        origin=origin,
        proved_at=proved_at,
        cookie="authorization" not in request.headers,
    )
    return _answer(request, response, signed_in)


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
