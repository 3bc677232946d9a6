"""The sessions that somebody has open, and ending them from another one."""

from uuid import UUID

from plimsoll.access.domain.audit import Event, Happening
from plimsoll.access.domain.sessions import OpenSession
from plimsoll.access.service.access import Access
from plimsoll.access.storage import audit, revocations, sessions
from plimsoll.kernel.errors import NotFound
from plimsoll.kernel.identifiers import SessionId, UserId
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.paging import Cut, PageRequest


class NoSuchSession(NotFound):
    """No session that holds has this id, or it is someone else's."""

    code = "no-such-session"
    title = "No such session"


async def list_of(
    access: Access, unit: ReadUnit, owner: UserId, page: PageRequest
) -> Cut[OpenSession]:
    """The owner's sessions that hold, newest first."""
    after = page.after(UUID)
    before = after[0] if after else None
    assert before is None or isinstance(before, UUID)
    rows = await sessions.list_open(
        unit, owner, now=access.clock.now(), before=before, limit=page.limit + 1
    )
    return page.cut(rows, lambda each: (str(each.id),))


async def end_one(
    access: Access, owner: UserId, session_id: SessionId, *, address: str | None
) -> None:
    """End a session of the owner, wherever it is used."""
    now = access.clock.now()

    async def work(unit: Unit) -> None:
        if not await sessions.end_own(unit, session_id, owner=owner, at=now):
            raise NoSuchSession("no session of yours that holds has this id")
        await revocations.append(unit, session_id)
        await audit.append(
            unit,
            Happening(
                Event.SESSION_ENDED, now, user_id=owner, subject=str(session_id), address=address
            ),
        )

    await access.database.transact(work)
    access.verifier.forget(session_id)


async def end_others(
    access: Access, owner: UserId, *, but: SessionId | None, address: str | None
) -> int:
    """Sign the owner out everywhere, or everywhere `but` in one session; how many ended."""
    now = access.clock.now()

    async def work(unit: Unit) -> int:
        ended = await sessions.end_others(unit, owner, but=but, at=now)
        await revocations.append(unit, owner)
        await audit.append(
            unit,
            Happening(
                Event.SESSIONS_ENDED,
                now,
                user_id=owner,
                address=address,
                facts={"ended": ended, "kept": str(but) if but else None},
            ),
        )
        return ended

    ended = await access.database.transact(work)
    access.verifier.forget(owner)
    return ended
