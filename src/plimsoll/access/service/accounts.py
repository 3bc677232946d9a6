"""Accounts: made and changed by their owner, administered at the command line.

Nobody becomes an operator over HTTP, not even the first user: whoever reaches a fresh service first
need not be the one who runs it, but whoever can run its command line is.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from plimsoll.access.domain.audit import Event, Fact, Happening
from plimsoll.access.domain.emails import normalise_email
from plimsoll.access.domain.passwords import check_password
from plimsoll.access.domain.principals import Principal, Role, Tier
from plimsoll.access.domain.sessions import Origin, SignedIn
from plimsoll.access.domain.users import User
from plimsoll.access.service import sessions
from plimsoll.access.service.access import Access
from plimsoll.access.storage import audit, revocations, users
from plimsoll.access.storage import sessions as stored_sessions
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Conflict, Forbidden, NotFound, Unauthenticated
from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.plumbing.database import Database, ReadUnit, Unit


class EmailTaken(Conflict):
    """The e-mail address has an account."""

    code = "email-taken"
    title = "There is an account with this e-mail address"


class RegistrationClosed(Forbidden):
    """This installation takes no new accounts."""

    code = "registration-closed"
    title = "No new accounts are taken here"


class WrongPassword(Forbidden):
    """The present password, asked for once more, was not right."""

    code = "wrong-password"
    title = "The present password is wrong"


class NoSuchUser(NotFound):
    """No account has this e-mail address, or this id."""

    code = "no-such-user"
    title = "No such user"


async def register(access: Access, *, email: str, password: str, address: str | None) -> User:
    """Open an account with the rights of everybody."""
    if not access.settings.registration_open:
        raise RegistrationClosed("ask the operator")
    check_password(password, email=email)
    password_hash = await access.hashing.hash(password)
    user = User(UserId(new_id()), email, Role.USER, Tier.BEGINNER, access.clock.now(), None)

    async def work(unit: Unit) -> None:
        if not await users.insert(unit, user, password_hash=password_hash):
            raise EmailTaken("sign in, or use another address")
        await audit.append(
            unit, Happening(Event.REGISTERED, user.created_at, user_id=user.id, address=address)
        )

    await access.database.transact(work)
    return user


async def get(unit: ReadUnit, user_id: UserId) -> User:
    user = await users.find(unit, user_id)
    if user is None:
        raise Unauthenticated("the account is gone")
    return user


async def find_by_email(unit: ReadUnit, email: str) -> User:
    """For whoever runs the machine. Raises NoSuchUser."""
    user = await users.find_by_email(unit, normalise_email(email))
    if user is None:
        raise NoSuchUser(f"no account has the address {email}")
    return user


async def change_password(
    access: Access,
    caller: Principal,
    *,
    current: str,
    new: str,
    origin: Origin,
    cookie: bool,
    proved_at: datetime | None,
) -> SignedIn:
    """Set a new password, end every session of the user, and open one for the caller.

    API keys stay: they are revoked one by one. A wrong present password counts as a failed sign-in.
    `proved_at`: when the second factor was shown.
    """
    async with access.database.read() as unit:
        user = await get(unit, caller.user_id)
    check_password(new, email=user.email, pointer="#/new_password")
    try:
        _, stored = await sessions.check_credentials(
            access, email=user.email, password=current, address=origin.address
        )
    except sessions.BadCredentials:
        raise WrongPassword("nothing was changed") from None
    password_hash = await access.hashing.hash(new)

    async def work(unit: Unit) -> SignedIn:
        now = access.clock.now()
        if not await users.hold_credentials(unit, user.id, password_hash=stored):
            raise WrongPassword("it was changed by another request")
        await users.set_password_hash(unit, user.id, password_hash)
        await users.forget_failures(unit, sessions.hash_email(user.email))
        await stored_sessions.end_all(unit, user.id, at=now)
        made = await sessions.start(
            access, unit, user.id, origin=origin, with_cookie=cookie, proved_at=proved_at
        )
        await revocations.append(unit, user.id)
        await audit.append(
            unit, Happening(Event.PASSWORD_CHANGED, now, user_id=user.id, address=origin.address)
        )
        return made

    signed_in = await access.database.transact(work)
    access.verifier.forget(user.id)
    return signed_in


find_all = users.find_all
"""People by id, for other slices; who is not there is left out."""


async def set_role(database: Database, clock: Clock, *, email: str, role: Role) -> User:
    """Make a user an operator, or one of everybody again; holds everywhere within a second."""

    async def change(unit: Unit, user: User) -> User:
        await users.set_role(unit, user.id, role)
        return replace(user, role=role)

    return await _administer(
        database, clock, email, change, Event.ROLE_SET, lambda user: {"old": user.role, "new": role}
    )


async def set_tier(database: Database, clock: Clock, *, email: str, tier: Tier) -> User:
    """Set the experience tier of a user."""

    async def change(unit: Unit, user: User) -> User:
        await users.set_tier(unit, user.id, tier)
        return replace(user, tier=tier)

    return await _administer(
        database, clock, email, change, Event.TIER_SET, lambda user: {"old": user.tier, "new": tier}
    )


async def disable(database: Database, clock: Clock, *, email: str) -> User:
    """Shut a user out: password, sessions and API keys stop working within a second."""
    now = clock.now()

    async def change(unit: Unit, user: User) -> User:
        return await _set_disabled(unit, user, now)

    return await _administer(database, clock, email, change, Event.DISABLED)


async def enable(database: Database, clock: Clock, *, email: str) -> User:
    """Let a user in again. Sessions that were ended meanwhile stay ended; API keys work again."""

    async def change(unit: Unit, user: User) -> User:
        return await _set_disabled(unit, user, None)

    return await _administer(database, clock, email, change, Event.ENABLED)


async def _set_disabled(unit: Unit, user: User, at: datetime | None) -> User:
    await users.set_disabled(unit, user.id, at)
    if at is not None:
        await stored_sessions.end_all(unit, user.id, at=at)
    return replace(user, disabled_at=at)


async def _administer(
    database: Database,
    clock: Clock,
    email: str,
    change: Callable[[Unit, User], Awaitable[User]],
    event: Event,
    facts: Callable[[User], dict[str, Fact]] = lambda _: {},
) -> User:
    async def work(unit: Unit) -> User:
        user = await find_by_email(unit, email)
        changed = await change(unit, user)
        await revocations.append(unit, user.id)
        await audit.append(unit, Happening(event, clock.now(), user_id=user.id, facts=facts(user)))
        return changed

    return await database.transact(work)
