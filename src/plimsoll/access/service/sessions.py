"""Signing in with the password, staying signed in, and signing out.

Checking a password costs time and memory, so it happens outside of any transaction; the transaction
that follows holds the user's row and looks again that the password that was checked is still the
one.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from plimsoll.access.domain import lockout
from plimsoll.access.domain.audit import Event, Happening
from plimsoll.access.domain.places import place_of
from plimsoll.access.domain.secrets import (
    SECRET_BYTES,
    hash_secret,
    looks_like_secret,
    write_secret,
)
from plimsoll.access.domain.sessions import Origin, SignedIn
from plimsoll.access.domain.users import User
from plimsoll.access.service import second_factors
from plimsoll.access.service.access import Access
from plimsoll.access.storage import audit, places, revocations, sessions, users
from plimsoll.kernel.errors import Unauthenticated
from plimsoll.kernel.identifiers import SessionId, UserId, new_id
from plimsoll.plumbing.database import Unit
from plimsoll.plumbing.telemetry import AUTH_FAILURES

log = structlog.get_logger(__name__)


class BadCredentials(Unauthenticated):
    """The e-mail address and password do not open an account.

    Which of them is wrong is not said.
    """

    code = "bad-credentials"
    title = "E-mail address or password is wrong"


class BadRefreshToken(Unauthenticated):
    """A refresh token that is not ours, or whose session has ended."""

    code = "bad-refresh-token"
    title = "The refresh token is not valid"


class RefreshTokenReused(BadRefreshToken):
    """A refresh token that was exchanged before: someone has a copy, so its session is ended."""

    code = "refresh-token-reused"
    title = "The refresh token was used before; sign in again"


class RefreshSuperseded(BadRefreshToken):
    """Another request is exchanging the same refresh token right now, and gets the answer."""

    code = "refresh-superseded"
    title = "Another request is exchanging this refresh token"


def hash_email(email: str) -> bytes:
    return hashlib.sha256(email.encode()).digest()


async def login(
    access: Access,
    *,
    email: str,
    password: str,
    code: str | None,
    origin: Origin,
    with_cookie: bool,
) -> SignedIn:
    """Open a session for a normalised `email`.

    Takes equally long whether or not it has an account. With an active second factor `code` is
    needed too: SecondFactorNeeded tells that the password alone was right.
    """
    proved_at: datetime | None = None

    async def prove(user: User) -> None:
        nonlocal proved_at
        if await second_factors.prove(access, user.id, code):
            proved_at = access.clock.now()

    user, stored = await check_credentials(
        access, email=email, password=password, address=origin.address, then=prove
    )
    renewed = None
    if access.hashing.is_outdated(stored):
        renewed = await access.hashing.hash(password)

    async def work(unit: Unit) -> SignedIn:
        if not await users.hold_credentials(unit, user.id, password_hash=stored):
            raise BadCredentials("check both and try again")
        if renewed is not None:
            await users.set_password_hash(unit, user.id, renewed)
        await users.forget_failures(unit, hash_email(email))
        made = await start(
            access, unit, user.id, origin=origin, with_cookie=with_cookie, proved_at=proved_at
        )
        now = access.clock.now()
        await audit.append(
            unit,
            Happening(
                Event.LOGIN,
                now,
                user_id=user.id,
                subject=str(made.session_id),
                address=origin.address,
                facts={"cookie": with_cookie, "second_factor": proved_at is not None},
            ),
        )
        if (place := place_of(origin.address)) is not None:
            await places.note_sign_in(unit, user.id, place, at=now)
        return made

    return await access.database.transact(work)


async def check_credentials(
    access: Access,
    *,
    email: str,
    password: str,
    address: str | None,
    then: Callable[[User], Awaitable[None]] | None = None,
) -> tuple[User, str]:
    """The user whom the password opens, and the hash it was checked against.

    Counts the failure otherwise. `then` asks for a second factor, and what it refuses counts too.
    """
    email_hash = hash_email(email)
    async with access.turns.take(email_hash):
        async with access.database.read() as unit:
            found = await users.read_credentials(unit, email, email_hash=email_hash)
        _refuse_locked(access, found.locked_until)
        user = found.user if found.user and found.user.disabled_at is None else None
        stored = found.password_hash if user else None
        if await access.hashing.verify(password, stored):
            assert user is not None
            assert stored is not None
            if then is not None:
                await _ask_too(access, user, then, address)
            return user, stored
        await _count_failure(access, found.user, email_hash=email_hash, address=address)
    AUTH_FAILURES.labels("bad-credentials").inc()
    raise BadCredentials("check both and try again")


async def check_code(
    access: Access, user: User, prove: Callable[[User], Awaitable[None]], *, address: str | None
) -> None:
    """Have `prove` judge a code of the user, who is signed in. A wrong one counts as a failed
    sign-in.

    Raises SecondFactorWrong, SecondFactorUsed and AccountLocked.
    """
    email_hash = hash_email(user.email)
    async with access.turns.take(email_hash):
        async with access.database.read() as unit:
            found = await users.read_credentials(unit, user.email, email_hash=email_hash)
        _refuse_locked(access, found.locked_until)
        await _ask_too(access, user, prove, address)


async def _ask_too(
    access: Access, user: User, prove: Callable[[User], Awaitable[None]], address: str | None
) -> None:
    try:
        await prove(user)
    except Unauthenticated as error:
        AUTH_FAILURES.labels(error.code).inc()
        if not isinstance(error, second_factors.SecondFactorNeeded):
            await _count_failure(access, user, email_hash=hash_email(user.email), address=address)
        raise


def _refuse_locked(access: Access, locked_until: datetime | None) -> None:
    try:
        lockout.refuse_locked(locked_until, now=access.clock.now())
    except lockout.AccountLocked:
        AUTH_FAILURES.labels("account-locked").inc()
        raise


async def _count_failure(
    access: Access, user: User | None, *, email_hash: bytes, address: str | None
) -> None:
    """Remember the failure in a transaction of its own.

    The request that failed has nothing to commit.
    """
    now = access.clock.now()

    async def work(unit: Unit) -> None:
        failures = await users.count_failure(
            unit, email_hash, at=now, forgotten_before=now - lockout.FORGOTTEN_AFTER
        )
        wait = lockout.lock_after(failures)
        if wait:
            await users.lock(unit, email_hash, now + wait)
        place = place_of(address)
        if user is not None and place is not None:
            await places.note_refusal(unit, user.id, place, at=now)
        await audit.append(
            unit,
            Happening(
                Event.ACCOUNT_LOCKED if wait else Event.LOGIN_FAILED,
                now,
                user_id=user.id if user else None,
                subject=email_hash.hex(),
                address=address,
                facts={"failures": failures, "locked_s": int(wait.total_seconds())},
            ),
        )

    await access.database.transact(work)


async def start(
    access: Access,
    unit: Unit,
    user_id: UserId,
    *,
    origin: Origin,
    with_cookie: bool,
    proved_at: datetime | None,
) -> SignedIn:
    """A new session of the user, with its cookie or its first refresh token. `proved_at`: when the
    second factor was shown for it; None if there was none.

    The user's row is held, as it is while a second factor is confirmed: so there is no session
    beside one that it was not shown for. Raises SecondFactorNeeded when it was confirmed meanwhile.
    """
    if proved_at is None:
        await second_factors.refuse_active(unit, user_id)
    now = access.clock.now()
    session_id = SessionId(new_id())
    secret = write_secret(secrets.token_bytes(SECRET_BYTES))
    expires_at = now + timedelta(days=access.settings.refresh_token_days)
    await sessions.insert(
        unit,
        sessions.NewSession(session_id, user_id, now, expires_at, origin, proved_at=proved_at),
        cookie_hash=hash_secret(secret) if with_cookie else None,
    )
    if not with_cookie:
        await sessions.insert_refresh_token(unit, hash_secret(secret), session_id)
    return _signed_in(
        access, user_id, session_id, secret=secret, with_cookie=with_cookie, ends=expires_at
    )


def _signed_in(
    access: Access,
    user_id: UserId,
    session_id: SessionId,
    *,
    secret: str,
    with_cookie: bool,
    ends: datetime,
) -> SignedIn:
    return SignedIn(
        user_id=user_id,
        session_id=session_id,
        access_token=access.tokens.for_session(
            user_id, session_id, now_s=access.clock.now().timestamp()
        ),
        expires_in_s=int(access.tokens.lifetime_s),
        refresh_token=None if with_cookie else secret,
        cookie=secret if with_cookie else None,
        session_expires_at=ends,
    )


async def refresh(access: Access, *, token: str, origin: Origin) -> SignedIn:
    """Exchange a refresh token for a new pair; of any number of exchanges of one token one
    succeeds.

    A token that was exchanged before ends its session. An exchange that began while another was
    under way is no such reuse: it is refused, and nothing else happens.
    """
    if not looks_like_secret(token):
        raise _refuse(BadRefreshToken("not a refresh token of this service"))
    token_hash = hash_secret(token)
    if token_hash in access.refreshing:
        raise _refuse(RefreshSuperseded("use the answer of the other request"))
    access.refreshing.add(token_hash)
    try:
        return await _exchange(access, token_hash, origin)
    except BadRefreshToken as error:
        raise _refuse(error) from None
    finally:
        access.refreshing.discard(token_hash)


def _refuse(error: BadRefreshToken) -> BadRefreshToken:
    AUTH_FAILURES.labels(error.code).inc()
    return error


async def _exchange(access: Access, token_hash: bytes, origin: Origin) -> SignedIn:
    async with access.database.read() as unit:
        found = await sessions.find_refresh_token(unit, token_hash)
    if found is None:
        raise BadRefreshToken("sign in again")
    if found.used:
        await _end_family(access, found, origin.address)
        raise RefreshTokenReused("its session has been ended")
    successor = write_secret(secrets.token_bytes(SECRET_BYTES))

    async def work(unit: Unit) -> sessions.LiveSession:
        now = access.clock.now()
        if not await sessions.use_refresh_token(unit, token_hash, at=now):
            raise RefreshSuperseded("use the answer of the other request")
        live = await sessions.find_live(unit, found.session_id, now=now)
        if live is None:
            raise BadRefreshToken("sign in again")
        await sessions.insert_refresh_token(unit, hash_secret(successor), live.id)
        await sessions.note_origin(unit, live.id, origin, at=now)
        return live

    live = await access.database.transact(work)
    return _signed_in(
        access, live.user_id, live.id, secret=successor, with_cookie=False, ends=live.expires_at
    )


async def _end_family(access: Access, token: sessions.RefreshToken, address: str | None) -> None:
    await _end(access, token.session_id, Event.REFRESH_REUSED, token.user_id, address)
    log.warning("refresh_token_reused", user=str(token.user_id), session=str(token.session_id))


async def logout(
    access: Access, *, user_id: UserId, session_id: SessionId, address: str | None
) -> None:
    """End the session, its tokens and its cookie."""
    await _end(access, session_id, Event.LOGOUT, user_id, address)


async def _end(
    access: Access, session_id: SessionId, event: Event, user_id: UserId, address: str | None
) -> None:
    now = access.clock.now()

    async def work(unit: Unit) -> None:
        if await sessions.end(unit, session_id, at=now):
            await revocations.append(unit, session_id)
            await audit.append(
                unit,
                Happening(event, now, user_id=user_id, subject=str(session_id), address=address),
            )

    await access.database.transact(work)
    access.verifier.forget(session_id)
