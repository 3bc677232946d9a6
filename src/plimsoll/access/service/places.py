"""Sign-ins for whoever watches over them, in the order in which they were committed."""

from typing import Final

from plimsoll.access.domain.places import KnownSignIn
from plimsoll.access.storage import places
from plimsoll.plumbing.database import ReadUnit

AT_ONCE: Final = 1_000


async def list_sign_ins(unit: ReadUnit, *, after: int, limit: int = AT_ONCE) -> list[KnownSignIn]:
    """Sign-ins with a number above `after`, oldest first; each is listed for ninety days.

    Numbers appear in their order, so whoever remembers the last one misses none.
    """
    return await places.list_sign_ins(unit, after=after, limit=limit)
