"""What a person prefers, for every slice that shows or tells them something."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from plimsoll.access.domain.preferences import DEFAULTS, Preferences
from plimsoll.access.service.access import Access
from plimsoll.access.storage import preferences
from plimsoll.kernel.errors import Conflict, FieldFault, Invalid
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import ReadUnit, Unit


class UnknownTimeZone(Invalid):
    """No zone of this name is in the zone database of this machine."""

    code = "unknown-time-zone"
    title = "There is no such time zone"


class PreferencesChanged(Conflict):
    """They were set by somebody else, or on another page, since they were read."""

    code = "preferences-changed"
    title = "The preferences were changed meanwhile"


async def read(unit: ReadUnit, user_id: UserId) -> Preferences:
    """Those of one person; the defaults where they never set any."""
    return await preferences.find(unit, user_id) or DEFAULTS


async def read_all(unit: ReadUnit, people: Sequence[UserId]) -> dict[UserId, Preferences]:
    """The same of several people, in one round trip."""
    found = await preferences.list_of(unit, people)
    return {user_id: found.get(user_id, DEFAULTS) for user_id in people}


async def put(
    access: Access, user_id: UserId, wanted: Preferences, *, version: int | None
) -> Preferences:
    """Set them as a whole; `version` is what they were read with, None replaces whatever there is.

    Raises UnknownTimeZone, PreferencesChanged.
    """
    check_zone(wanted.time_zone)
    wanted = replace(wanted, changed_at=access.clock.now())

    async def work(unit: Unit) -> Preferences:
        made = await preferences.put(unit, user_id, wanted, version=version)
        if made is None:
            raise PreferencesChanged("read them again")
        return replace(wanted, version=made)

    return await access.database.transact(work)


def check_zone(name: str) -> None:
    """Raises UnknownTimeZone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise _unknown(name) from error
    except KeyError as error:
        raise _unknown(name) from error


def _unknown(name: str) -> UnknownTimeZone:
    return UnknownTimeZone(
        f"{name[:60]!r} is not a zone, as Europe/Vienna is",
        faults=(FieldFault("#/time_zone", "unknown-time-zone", "use an IANA name"),),
    )
