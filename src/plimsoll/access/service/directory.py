"""People and the audit log for those who oversee: everybody's, in pages."""

from uuid import UUID

from plimsoll.access.domain.audit import Row
from plimsoll.access.domain.principals import Role
from plimsoll.access.storage import directory as storage
from plimsoll.access.storage import users
from plimsoll.access.storage.directory import Entries, Listed, People, PeopleCount
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit
from plimsoll.plumbing.paging import Cut, PageRequest

__all__ = ["Entries", "Listed", "People", "PeopleCount"]

LATEST = 2**63 - 1

count_people = storage.count_people


async def list_people(unit: ReadUnit, page: PageRequest, which: People) -> Cut[Listed]:
    """In the order in which they came."""
    key = page.after(UUID)
    after = key[0] if key else None
    assert after is None or isinstance(after, UUID)
    rows = await storage.list_people(unit, which, after=after, limit=page.limit + 1)
    return page.cut(rows, lambda row: (str(row.id),))


async def list_entries(unit: ReadUnit, page: PageRequest, which: Entries) -> Cut[Row]:
    """Of the audit log, the latest first."""
    key = page.after(int)
    before = key[0] if key else LATEST
    assert isinstance(before, int)
    rows = await storage.list_entries(unit, which, before=before, limit=page.limit + 1)
    return page.cut(rows, lambda row: (row.sequence,))


async def is_operator(unit: ReadUnit, user_id: UserId) -> bool:
    """Whether this is an operator who is not shut out."""
    user = await users.find(unit, user_id)
    return user is not None and user.role is Role.OPERATOR and user.disabled_at is None
