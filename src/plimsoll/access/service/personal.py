"""A person's account handed out and erased.

Erasing has two steps. First the person is shut out everywhere, which takes a second, and the wish
is written down; then one transaction removes what there is. Whatever dies in between, the second
step is done by whoever looks for unfinished ones next.

The row in `users` stays, as an id without a person: others name it.
"""

from datetime import datetime, timedelta
from typing import Final

from plimsoll.access.domain.audit import Event, Fact, Happening
from plimsoll.access.domain.principals import Principal
from plimsoll.access.service import sessions
from plimsoll.access.service.access import Access
from plimsoll.access.service.accounts import NoSuchUser, WrongPassword
from plimsoll.access.storage import audit, revocations, users
from plimsoll.access.storage import personal as storage
from plimsoll.access.storage import sessions as stored_sessions
from plimsoll.kernel.errors import Unauthenticated
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.personal import Section, remove

LATE: Final = timedelta(minutes=5)
"""An erasure that is not finished by then was left by a process that died."""
NO_PASSWORD: Final = "!"  # noqa: S105 - no password makes this hash


def export_of() -> tuple[Section, ...]:
    return storage.SECTIONS


async def confirm_password(
    access: Access, caller: Principal, *, password: str, address: str | None
) -> None:
    """Ask for the present password once more; a wrong one counts as a failed sign-in. Raises
    WrongPassword, AccountLocked.
    """
    async with access.database.read() as unit:
        user = await users.find(unit, caller.user_id)
    if user is None:
        raise Unauthenticated("the account is gone")
    try:
        await sessions.check_credentials(
            access, email=user.email, password=password, address=address
        )
    except sessions.BadCredentials:
        raise WrongPassword("nothing was changed") from None


async def ask_to_erase(
    unit: Unit,
    user_id: UserId,
    *,
    by: UserId | None,
    address: str | None,
    reason: str,
    now: datetime,
) -> None:
    """Shut the person out and write the wish down. Raises NoSuchUser; also of one who is erased."""
    if await storage.hold(unit, user_id) is None:
        raise NoSuchUser("no account has this id")
    await storage.ask(unit, user_id, by=by, at=now)
    await users.set_disabled(unit, user_id, now)
    await stored_sessions.end_all(unit, user_id, at=now)
    await revocations.append(unit, user_id)
    facts: dict[str, Fact] = {"reason": reason}
    happening = Happening(Event.ERASURE_ASKED, now, by, str(user_id), address, facts)
    await audit.append(unit, happening)


async def begin(unit: Unit, user_id: UserId) -> str | None:
    """Begin the second step in this transaction; the person's e-mail address, None when it is done
    or nobody wants it.
    """
    email = await storage.hold(unit, user_id)
    if email is None or not await storage.begin(unit, user_id):
        return None
    return email


async def erase_of(unit: Unit, user_id: UserId, *, email: str, now: datetime) -> dict[str, int]:
    """In the transaction that `begin` was called in."""
    counts = await remove(unit, storage.REMOVALS, user_id)
    await storage.make_anonymous(
        unit,
        user_id,
        email_hash=sessions.hash_email(email),
        password_hash=NO_PASSWORD,
        at=now,
    )
    return counts


async def finish(unit: Unit, user_id: UserId, *, rows: int, now: datetime) -> None:
    """Write down that nothing is left; the last of the transaction."""
    await storage.finish(unit, user_id, at=now)
    await revocations.append(unit, user_id)
    await audit.append(unit, Happening(Event.ERASED, now, None, str(user_id), None, {"rows": rows}))


async def list_left(unit: ReadUnit, *, now: datetime) -> list[UserId]:
    """Erasures that somebody has to finish."""
    return [UserId(each) for each in await storage.list_unfinished(unit, before=now - LATE)]


async def count_people(unit: ReadUnit) -> int:
    return await storage.count_people(unit)


async def count_audit_rows(unit: ReadUnit) -> int:
    """The sequence of the last one."""
    return (await audit.read_head(unit)).sequence


async def end_all_sessions(unit: Unit, *, now: datetime) -> None:
    """Of everybody: after a restore, when nobody knows any more who has signed out since."""
    await storage.end_all_sessions(unit, at=now)


async def forget_places_before(unit: Unit, at: datetime) -> None:
    """Networks that nobody has come from since."""
    await storage.forget_places_before(unit, at)


async def forget_keys_before(unit: Unit, at: datetime) -> None:
    """API keys that ended before, with the hours they were used in."""
    await storage.forget_keys_before(unit, at)
