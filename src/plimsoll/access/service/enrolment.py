"""The second factor of one's own account: set up, shown again, taken off.

An authenticator app and ten recovery codes. What weakens an account wants both factors; what makes
something that outlives the session (an API key, a password, recovery codes) wants a code that was
shown within ten minutes: at the sign-in, or with the request.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from plimsoll.access.domain import totp
from plimsoll.access.domain.audit import Event, Fact, Happening
from plimsoll.access.domain.principals import Principal
from plimsoll.access.domain.totp import SecondFactorUsed, SecondFactorWrong
from plimsoll.access.domain.users import User
from plimsoll.access.service import second_factors, sessions
from plimsoll.access.service.access import Access
from plimsoll.access.service.accounts import WrongPassword, find_by_email, get
from plimsoll.access.storage import audit, revocations, users
from plimsoll.access.storage import second_factors as storage
from plimsoll.access.storage import sessions as stored_sessions
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Conflict, Forbidden
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import Database, ReadUnit, Unit

ISSUER: Final = "Plimsoll"
FRESH_FOR: Final = timedelta(minutes=10)
NOTHING_MORE: Final[Mapping[str, Fact]] = {}


class SecondFactorActive(Conflict):
    """There is a second factor; it is taken off before another one is set up."""

    code = "second-factor-active"
    title = "There is a second factor already"


class NoSecondFactor(Conflict):
    """Nothing is there that could be confirmed, or taken off."""

    code = "no-second-factor"
    title = "There is no second factor"


class FreshCodeNeeded(Forbidden):
    """The second factor was not shown within the last ten minutes."""

    code = "fresh-code-needed"
    title = "Send a code of the second factor with this"


class WrongCode(Forbidden):
    """The code of the second factor, asked for once more, was not right."""

    code = "wrong-code"
    title = "The code is not right"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the authenticator app needs; shown once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """How things are with the second factor: none, pending (not confirmed), or active."""

    pending: bool
    active_since: datetime | None
    recovery_codes: int


async def read(unit: ReadUnit, user_id: UserId) -> Standing:
    factor = await storage.find(unit, user_id)
    left = await storage.count_recovery_codes(unit, user_id)
    if factor is None:
        return Standing(pending=False, active_since=None, recovery_codes=left)
    return Standing(not factor.is_active, factor.confirmed_at, left)


async def enrol(
    access: Access, caller: Principal, *, password: str, address: str | None
) -> Enrolment:
    """A new secret for the app; it counts once `confirm` has seen a code of it.

    Asks for the password, or whoever finds an open page could lock its owner out.
    """
    user = await _own(access, caller)
    await _check_password(access, user, password=password, address=address)
    secret = secrets.token_bytes(totp.SECRET_BYTES)
    sealed = access.sealer.seal(secret, of=second_factors.sealed_for(user.id))
    now = access.clock.now()

    async def work(unit: Unit) -> None:
        if not await storage.put_pending(unit, user.id, sealed_secret=sealed, at=now):
            raise SecondFactorActive("take it off first")
        await _record(unit, Event.SECOND_FACTOR_ENROLLED, user.id, now, address)

    await access.database.transact(work)
    uri = totp.enrolment_uri(secret, issuer=ISSUER, account=user.email)
    return Enrolment(totp.secret_text(secret), uri)


async def confirm(
    access: Access, caller: Principal, *, code: str, address: str | None
) -> tuple[str, ...]:
    """Make the pending secret count, now that the app shows its codes; the recovery codes.

    Ends the other sessions, which the second factor was never shown for: somebody who only has
    the password may be in one, and where a role needs the second factor would be let in by it.
    A wrong code counts as a failed sign-in, or a session alone could guess its way to the codes.
    """
    user_id = caller.user_id
    async with access.database.read() as unit:
        factor = await storage.find(unit, user_id)
    if factor is None:
        raise NoSecondFactor("set one up first")
    if factor.is_active:
        raise SecondFactorActive("it was confirmed before")
    step = 0

    async def prove(_: User) -> None:
        nonlocal step
        step = second_factors.take_step(access, user_id, factor, code)

    await _check_code(access, await _own(access, caller), prove, address=address)
    codes, now = _write_codes(), access.clock.now()

    async def work(unit: Unit) -> None:
        await users.hold(unit, user_id)
        if not await storage.confirm(
            unit, user_id, sealed_secret=factor.sealed_secret, at=now, step=step
        ):
            raise NoSecondFactor("another request has changed it")
        await _store_codes(unit, user_id, codes)
        if caller.session_id is not None:
            await stored_sessions.note_proof(unit, caller.session_id, at=now)
        ended = await stored_sessions.end_others(unit, user_id, but=caller.session_id, at=now)
        await revocations.append(unit, user_id)
        await _record(unit, Event.SECOND_FACTOR_SET, user_id, now, address, {"ended": ended})

    await access.database.transact(work)
    access.verifier.forget(user_id)
    return codes


async def take_off(
    access: Access, caller: Principal, *, password: str, code: str, address: str | None
) -> None:
    """Go on without a second factor. Asks for both, a recovery code will do."""
    user = await _own(access, caller)
    await require_active(access, user.id)
    await _check_password(access, user, password=password, address=address)
    await _spend(access, user, code, address=address)
    await _remove(access.database, access.clock, user, address=address)
    access.verifier.forget(user.id)


async def renew_recovery_codes(
    access: Access, caller: Principal, *, code: str | None, address: str | None
) -> tuple[str, ...]:
    """Ten new recovery codes; those of before work no more."""
    await require_active(access, caller.user_id)
    await require_fresh(access, caller, code=code, address=address)
    codes, now = _write_codes(), access.clock.now()

    async def work(unit: Unit) -> None:
        await _store_codes(unit, caller.user_id, codes)
        await _record(unit, Event.RECOVERY_CODES_MADE, caller.user_id, now, address)

    await access.database.transact(work)
    return codes


async def require_active(access: Access, user_id: UserId) -> None:
    """Raise NoSecondFactor without an active one."""
    async with access.database.read() as unit:
        factor = await storage.find(unit, user_id)
    if factor is None or not factor.is_active:
        raise NoSecondFactor("none is active")


async def require_fresh(
    access: Access, caller: Principal, *, code: str | None, address: str | None
) -> datetime | None:
    """Go on if the account has no second factor, or it was shown in this session within
    `FRESH_FOR`, or `code` shows it now. When it was shown, None if there is none.

    Raises FreshCodeNeeded, WrongCode and AccountLocked.
    """
    async with access.database.read() as unit:
        found = await storage.find_proof(unit, caller.user_id, caller.session_id)
    if found is None:
        return None
    _, proved_at = found
    now = access.clock.now()
    if code is None:
        if proved_at is None or now - proved_at > FRESH_FOR:
            raise FreshCodeNeeded("six digits of the authenticator app, or a recovery code")
        return proved_at
    await _spend(access, await _own(access, caller), code, address=address)
    session_id = caller.session_id
    if session_id is not None:
        async with access.database.write() as unit:
            await stored_sessions.note_proof(unit, session_id, at=now)
    return now


async def active_since(database: Database, *, email: str) -> datetime | None:
    """When somebody's second factor was confirmed; None without one."""
    async with database.read() as unit:
        user = await find_by_email(unit, email)
        return (await read(unit, user.id)).active_since


async def remove_for(database: Database, clock: Clock, *, email: str) -> bool:
    """Take somebody's second factor off, for whoever runs the machine; False when there is none.

    For people who have lost the app and the recovery codes. Holds everywhere within a second.
    """
    async with database.read() as unit:
        user = await find_by_email(unit, email)
    return await _remove(database, clock, user, address=None)


async def _remove(database: Database, clock: Clock, user: User, *, address: str | None) -> bool:
    async def work(unit: Unit) -> bool:
        if not await storage.remove(unit, user.id):
            return False
        await revocations.append(unit, user.id)
        await _record(unit, Event.SECOND_FACTOR_REMOVED, user.id, clock.now(), address)
        return True

    return await database.transact(work)


async def _own(access: Access, caller: Principal) -> User:
    async with access.database.read() as unit:
        return await get(unit, caller.user_id)


async def _check_password(
    access: Access, user: User, *, password: str, address: str | None
) -> None:
    try:
        await sessions.check_credentials(
            access, email=user.email, password=password, address=address
        )
    except sessions.BadCredentials:
        raise WrongPassword("nothing was changed") from None


async def _spend(access: Access, user: User, code: str, *, address: str | None) -> None:
    """Use up a code of an active factor; where there is none, nothing is asked."""

    async def prove(user: User) -> None:
        await second_factors.prove(access, user.id, code)

    await _check_code(access, user, prove, address=address)


async def _check_code(
    access: Access, user: User, prove: Callable[[User], Awaitable[None]], *, address: str | None
) -> None:
    try:
        await sessions.check_code(access, user, prove, address=address)
    except (SecondFactorWrong, SecondFactorUsed) as error:
        raise _wrong(error) from None


def _wrong(error: SecondFactorWrong | SecondFactorUsed) -> WrongCode:
    """Whoever is signed in stays so: not a 401."""
    return WrongCode(error.detail, facts={"reason": error.code}, retry_after_s=error.retry_after_s)


def _write_codes() -> tuple[str, ...]:
    return totp.write_recovery_codes(secrets.token_bytes(totp.ENTROPY_BYTES))


async def _store_codes(unit: Unit, user_id: UserId, codes: tuple[str, ...]) -> None:
    hashes = [totp.hash_recovery_code(code) for code in codes]
    await storage.replace_recovery_codes(unit, user_id, [each for each in hashes if each])


async def _record(
    unit: Unit,
    event: Event,
    user_id: UserId,
    at: datetime,
    address: str | None,
    facts: Mapping[str, Fact] = NOTHING_MORE,
) -> None:
    await audit.append(unit, Happening(event, at, user_id=user_id, address=address, facts=facts))
