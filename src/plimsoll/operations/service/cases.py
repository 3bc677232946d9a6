"""What people do about cases: look, take, hand over, close; every act with its reason, in the
audit log in the same transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends
from starlette.requests import HTTPConnection

from plimsoll.access.domain.audit import Event, Fact, Happening
from plimsoll.access.service import audit, directory
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Conflict, Invalid, NotFound
from plimsoll.kernel.identifiers import UserId
from plimsoll.operations.domain.cases import Case, Change, Kind, acknowledge, assign, resolve
from plimsoll.operations.storage import cases as storage
from plimsoll.operations.storage.cases import CaseRow, Sought, StoredCase
from plimsoll.plumbing.database import Database, ReadUnit, Unit
from plimsoll.plumbing.paging import Cut, PageRequest

_EVENTS: Final = {
    Kind.ACKNOWLEDGED: Event.CASE_ACKNOWLEDGED,
    Kind.ASSIGNED: Event.CASE_ASSIGNED,
    Kind.RESOLVED: Event.CASE_RESOLVED,
}


class NoSuchCase(NotFound):
    code = "case-not-found"
    title = "There is no such case"


class CaseChanged(Conflict):
    """Somebody else, or its rule, was quicker."""

    code = "case-changed"
    title = "The case has changed since it was read"


class OwnerNotOperator(Invalid):
    code = "owner-not-operator"
    title = "Only an operator can own a case"


@dataclass(frozen=True, slots=True)
class Acting:
    """Who does it, from where and why; `version` of the case that they have seen, if they say."""

    user_id: UserId
    address: str | None
    reason: str
    version: int | None = None


class Cases:
    """Each act raises NoSuchCase, CaseChanged, and CaseNotInState where it is not possible."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @property
    def now(self) -> datetime:
        return self._clock.now()

    async def list_cases(self, unit: ReadUnit, page: PageRequest, sought: Sought) -> Cut[CaseRow]:
        """The latest first."""
        key = page.after(UUID)
        before = key[0] if key else None
        assert before is None or isinstance(before, UUID)
        rows = await storage.list_cases(unit, sought, before=before, limit=page.limit + 1)
        return page.cut(rows, lambda row: (str(row.id),))

    async def get(self, unit: ReadUnit, case_id: UUID) -> StoredCase:
        found = await storage.find(unit, case_id)
        if found is None:
            raise _unknown()
        return found

    async def acknowledge(self, case_id: UUID, acting: Acting) -> StoredCase:
        """The caller becomes its owner."""

        def decide(case: Case, now: datetime) -> Change:
            return acknowledge(case, by=acting.user_id, reason=acting.reason, now=now)

        return await self._act(case_id, acting, decide)

    async def assign(self, case_id: UUID, acting: Acting, *, owner: UserId) -> StoredCase:
        """Raises OwnerNotOperator too."""

        def decide(case: Case, now: datetime) -> Change:
            return assign(case, owner=owner, by=acting.user_id, reason=acting.reason, now=now)

        return await self._act(case_id, acting, decide, owner=owner)

    async def resolve(self, case_id: UUID, acting: Acting) -> StoredCase:
        def decide(case: Case, now: datetime) -> Change:
            return resolve(case, by=acting.user_id, reason=acting.reason, now=now)

        return await self._act(case_id, acting, decide)

    async def _act(
        self,
        case_id: UUID,
        acting: Acting,
        decide: Callable[[Case, datetime], Change],
        *,
        owner: UserId | None = None,
    ) -> StoredCase:
        async def work(unit: Unit) -> StoredCase:
            stored = await storage.lock(unit, case_id)
            if stored is None:
                raise _unknown()
            if acting.version not in {None, stored.version}:
                raise CaseChanged("look at it again", facts={"version": stored.version})
            if owner is not None and not await directory.is_operator(unit, owner):
                raise OwnerNotOperator("no operator has this id", facts={"owner": str(owner)})
            change = decide(stored.case, self._clock.now())
            await storage.save(unit, [stored], [change])
            after = await storage.find(unit, case_id)
            assert after is not None
            await audit.append(unit, _happening(after, change, acting))
            return after

        return await self._database.transact(work)


def _happening(stored: StoredCase, change: Change, acting: Acting) -> Happening:
    facts: dict[str, Fact] = {
        "rule": stored.case.rule.value,
        "version": stored.version,
        "owner": str(stored.case.owner) if stored.case.owner else None,
        "reason": acting.reason,
    }
    return Happening(
        _EVENTS[change.kind],
        change.at,
        user_id=acting.user_id,
        subject=str(stored.id),
        address=acting.address,
        facts=facts,
    )


def _unknown() -> NoSuchCase:
    return NoSuchCase("no case has this id")


async def _cases_of(connection: HTTPConnection) -> Cases:
    cases = connection.app.state.cases
    assert isinstance(cases, Cases)
    return cases


CasesDep = Annotated[Cases, Depends(_cases_of)]
"""The cases, for a handler."""
