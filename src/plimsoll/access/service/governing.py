"""What operators do about a person: each with a reason, in the audit log, and holding at once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from plimsoll.access.domain.audit import Event, Fact, Happening
from plimsoll.access.domain.principals import Tier
from plimsoll.access.domain.users import User
from plimsoll.access.service.access import Access
from plimsoll.access.service.accounts import NoSuchUser
from plimsoll.access.storage import audit, revocations, users
from plimsoll.access.storage import sessions as stored_sessions
from plimsoll.kernel.errors import Forbidden
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import Unit


class OwnAccount(Forbidden):
    """An operator's own access is for others to change."""

    code = "own-account"
    title = "Another operator has to do this"


@dataclass(frozen=True, slots=True)
class Acting:
    """An operator who does something about a person: from where, and why."""

    user_id: UserId
    address: str | None
    reason: str


async def give_tier(access: Access, user_id: UserId, tier: Tier, acting: Acting) -> User:
    """Set the experience tier of a user; holds here at once. Raises NoSuchUser."""

    async def change(unit: Unit, user: User) -> User:
        await users.set_tier(unit, user.id, tier)
        return replace(user, tier=tier)

    def facts(user: User) -> dict[str, Fact]:
        return {"old": user.tier, "new": tier}

    return await _govern(access, user_id, acting, change, Event.TIER_SET, facts)


async def shut_out(access: Access, user_id: UserId, acting: Acting) -> User:
    """Password, sessions and API keys of a user stop working. Raises NoSuchUser, OwnAccount."""
    now = access.clock.now()
    _refuse_oneself(user_id, acting)

    async def change(unit: Unit, user: User) -> User:
        at = user.disabled_at or now
        await users.set_disabled(unit, user.id, at)
        await stored_sessions.end_all(unit, user.id, at=now)
        return replace(user, disabled_at=at)

    return await _govern(access, user_id, acting, change, Event.DISABLED)


async def let_in(access: Access, user_id: UserId, acting: Acting) -> User:
    """Undo it; sessions that were ended stay ended. Raises NoSuchUser, OwnAccount."""
    _refuse_oneself(user_id, acting)

    async def change(unit: Unit, user: User) -> User:
        await users.set_disabled(unit, user.id, None)
        return replace(user, disabled_at=None)

    return await _govern(access, user_id, acting, change, Event.ENABLED)


async def sign_out(access: Access, user_id: UserId, acting: Acting) -> User:
    """End every session of a user. Raises NoSuchUser, OwnAccount."""
    now = access.clock.now()
    _refuse_oneself(user_id, acting)

    async def change(unit: Unit, user: User) -> User:
        await stored_sessions.end_all(unit, user.id, at=now)
        return user

    return await _govern(access, user_id, acting, change, Event.SIGNED_OUT)


def _refuse_oneself(user_id: UserId, acting: Acting) -> None:
    if user_id == acting.user_id:
        raise OwnAccount("nobody could undo it if the last operator did")


async def _govern(
    access: Access,
    user_id: UserId,
    acting: Acting,
    change: Callable[[Unit, User], Awaitable[User]],
    event: Event,
    facts: Callable[[User], dict[str, Fact]] = lambda _: {},
) -> User:
    async def work(unit: Unit) -> User:
        user = await users.find(unit, user_id)
        if user is None:
            raise NoSuchUser("no account has this id")
        changed = await change(unit, user)
        await revocations.append(unit, user.id)
        told = facts(user) | {"reason": acting.reason}
        now = access.clock.now()
        await audit.append(
            unit, Happening(event, now, acting.user_id, str(user.id), acting.address, told)
        )
        return changed

    user = await access.database.transact(work)
    access.verifier.forget(user.id)
    return user
