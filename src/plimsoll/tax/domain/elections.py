"""From what a person chose to what the matching takes, and in words for the report."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import AssetId
from plimsoll.tax.domain.calendars import year_bounds
from plimsoll.tax.domain.choices import Choices, Way
from plimsoll.tax.domain.countries import Country
from plimsoll.tax.domain.lots import Method
from plimsoll.tax.domain.matching import ALWAYS, Election, Scope

METHODS: Final[Mapping[Way, Method]] = {
    Way.FIFO: Method.FIFO,
    Way.LIFO: Method.LIFO,
    Way.HIFO: Method.HIFO,
    Way.LOFO: Method.LOFO,
    Way.SPECIFIC: Method.FIFO,
}
"""Ways that are queues of lots; named units go first in all of them."""


class MethodNotAllowed(Invalid):
    """The rules do not know this method, or not beside another one."""

    code = "method-not-allowed"
    title = "These tax rules do not allow that method"


class UnknownZone(Invalid):
    """No zone of that name is known here."""

    code = "unknown-zone"
    title = "That time zone is not known"


def ways_of(allowed: tuple[Way, ...], choices: Choices) -> tuple[tuple[int | None, Way], ...]:
    """The way of each year on, the oldest first; None is the beginning of time.

    An average has no lots to go on with, so who chooses it chooses it for all years.
    """
    for _, way in choices.methods:
        if way not in allowed:
            raise MethodNotAllowed(
                f"{way} is none of {', '.join(allowed)}", facts={"method": way.value}
            )
    steps = sorted(choices.methods, key=lambda step: step[0])
    if Way.AVERAGE in {way for _, way in steps}:
        if len({way for _, way in steps}) > 1:
            raise MethodNotAllowed("average is chosen for all years or for none")
        return ((None, Way.AVERAGE),)
    return ((None, allowed[0]), *steps)


def election_of(
    ways: tuple[tuple[int | None, Way], ...], base: Election, country: Country, choices: Choices
) -> Election:
    """The election that lots are matched by."""
    methods = tuple(
        (ALWAYS if year is None else year_bounds(year, country.year_start)[0], METHODS[way])
        for year, way in ways
    )
    return replace(
        base, methods=methods, shortfalls=choices.shortfalls, allocation=choices.allocation
    )


def country_of(country: Country, choices: Choices, *, any_currency: bool) -> Country:
    """The country with the person's zone, and where it is nobody's, their currency."""
    if choices.zone:
        country = replace(country, zone=zone_of(choices.zone))
    if any_currency and choices.currency:
        country = replace(country, currency=AssetId(choices.currency))
    return country


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder's name is an OSError
        raise UnknownZone(
            f"{name[:64]!r} is no name of a time zone, such as Europe/Paris"
        ) from None


def in_words(
    ways: tuple[tuple[int | None, Way], ...],
    choices: Choices,
    scopes: tuple[tuple[date, Scope], ...] = (),
) -> dict[str, str]:
    """What was chosen, for people who read the report."""
    parts = [way.value if year is None else f"{way} from {year}" for year, way in ways]
    words = {"method": ", ".join(parts), "shortfalls": choices.shortfalls.value}
    if scopes:
        words["pools"] = ", ".join(
            f"by {scope}" if since == ALWAYS else f"by {scope} from {since.isoformat()}"
            for since, scope in scopes
        )
    if len(scopes) > 1:
        allocation = choices.allocation
        named = f"{len(allocation.units)} assigned by name, the rest " if allocation.units else ""
        words["allocation"] = f"{named}{allocation.method.value}"
    if choices.treatments:
        words["treatments"] = f"{len(choices.treatments)} transactions treated as the person says"
    return words
