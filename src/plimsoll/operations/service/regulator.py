"""What those who oversee see of everybody: people, positions, limits, and who is in danger.

Live figures are of one look at the exchange; each answer says after which command (`seq`). Lists of
them are ordered by what does not change while somebody turns pages, but for exposure by person,
which is in order of size.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from fastapi import Depends
from starlette.requests import HTTPConnection

from plimsoll.access.service import directory
from plimsoll.access.service.directory import Listed, People, PeopleCount
from plimsoll.operations.domain.cases import Severity
from plimsoll.operations.service.compliance import Compliance
from plimsoll.operations.storage import cases
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.paging import Cut, PageRequest
from plimsoll.trading.domain.overseeing import Concentration, Stance, Weighed, concentration
from plimsoll.trading.service.oversight import Day, EngineState, Oversight, Picture

DANGER_PPM: Final = 800_000
"""A margin ratio from which somebody is in danger of liquidation; at 1,000,000 it begins."""


class By(StrEnum):
    SYMBOL = "symbol"
    USER = "user"


class Exposed(NamedTuple):
    """Open notional of people, of a symbol or of one of them; money in hundred-millionths, both
    sides above zero. `positions` counts them.
    """

    symbol: str | None
    user_id: UUID | None
    account: int
    long: int
    short: int
    positions: int

    @property
    def notional(self) -> int:
        return self.long + self.short


@dataclass(frozen=True, slots=True)
class Exposure:
    """A page of it, and what all of it comes to."""

    cut: Cut[Exposed]
    picture: Picture
    total: int
    threshold: int
    spread: Concentration


class PositionRow(NamedTuple):
    user_id: UUID | None
    weighed: Weighed


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody, what they have open (None: nothing) and how many cases are not resolved."""

    person: Listed
    leverage_cap: int
    stance: Stance | None
    cases: int


@dataclass(frozen=True, slots=True)
class Overview:
    picture: Picture
    people: Sequence[PeopleCount]
    cases: Mapping[Severity, int]
    day: Day
    threshold: int
    engine_state: EngineState

    @property
    def in_danger(self) -> int:
        return sum(each.ratio_ppm >= DANGER_PPM for each in self.picture.stances.values())

    @property
    def long(self) -> int:
        return sum(each.long for each in self.picture.stances.values())

    @property
    def short(self) -> int:
        return sum(each.short for each in self.picture.stances.values())

    @property
    def spread(self) -> Concentration:
        return concentration(each.notional for each in self.picture.stances.values())

    @property
    def largest(self) -> int:
        """The notional of who has most."""
        return max((each.notional for each in self.picture.stances.values()), default=0)


class Regulator:
    """Every look raises EngineAway where another process runs the exchange."""

    def __init__(self, database: Database, oversight: Oversight, compliance: Compliance) -> None:
        self._database = database
        self._oversight = oversight
        self._compliance = compliance

    async def overview(self) -> Overview:
        picture = await self._oversight.look()
        async with self._database.read() as unit:
            return Overview(
                picture,
                await directory.count_people(unit),
                await cases.count_active(unit),
                await self._oversight.read_day(unit),
                self._compliance.threshold_of(picture.sight),
                self._oversight.engine_state,
            )

    async def exposure(
        self, page: PageRequest, by: By, *, symbol: str | None, user_id: UUID | None
    ) -> Exposure:
        """By symbol in order of its name, by person the largest first. Raises UnknownSymbol."""
        if symbol is not None:
            self._oversight.get_instrument(symbol)
        picture = await self._oversight.look()
        chosen = _choose(picture, symbol=symbol, user_id=user_id)
        if by is By.SYMBOL:
            rows = _by_symbol(chosen)
            after = page.after(str)
            found = [each for each in rows if after is None or (each.symbol,) > after]
            cut = page.cut(found[: page.limit + 1], lambda each: (each.symbol,))
        else:
            rows = _by_user(chosen)
            place = page.after(int, int)
            found = [each for each in rows if place is None or _rank(each) > place]
            cut = page.cut(found[: page.limit + 1], _rank)
        return Exposure(
            cut,
            picture,
            sum(each.notional for each in rows),
            self._compliance.threshold_of(picture.sight),
            concentration(each.notional for each in rows),
        )

    async def positions(
        self, page: PageRequest, *, symbol: str | None, user_id: UUID | None, in_danger: bool
    ) -> tuple[Picture, Cut[PositionRow]]:
        """In the order in which people came to trade. Raises UnknownSymbol."""
        if symbol is not None:
            self._oversight.get_instrument(symbol)
        picture = await self._oversight.look()
        after = page.after(int, str, str)
        rows = (
            row
            for row in _choose(picture, symbol=symbol, user_id=user_id)
            if (after is None or _place(row) > after)
            and (not in_danger or row.weighed.ratio_ppm >= DANGER_PPM)
        )
        return picture, page.cut(list(islice(rows, page.limit + 1)), _place)

    async def users(self, page: PageRequest, which: People) -> tuple[Picture, Cut[PersonRow]]:
        """In the order in which they came."""
        picture = await self._oversight.look()
        async with self._database.read() as unit:
            cut = await directory.list_people(unit, page, which)
            counts = await cases.count_active_of(unit, [each.id for each in cut.rows])
        rows = [
            PersonRow(
                each,
                self._oversight.leverage_cap(each.tier),
                picture.find(each.id),
                counts.get(each.id, 0),
            )
            for each in cut.rows
        ]
        return picture, Cut(rows, cut.next_cursor)


def _choose(picture: Picture, *, symbol: str | None, user_id: UUID | None) -> Iterable[PositionRow]:
    """By account, symbol and leg."""
    if user_id is not None:
        number = picture.accounts.get(user_id)
        numbers = [number] if number is not None else []
    else:
        numbers = sorted(picture.stances)
    for number in numbers:
        owner = picture.users.get(number)
        positions = picture.stances[number].positions
        if len(positions) > 1:
            positions = sorted(positions, key=lambda each: each.holding[1:3])
        for each in positions:
            if symbol is None or each.holding.symbol == symbol:
                yield PositionRow(owner, each)


def _place(row: PositionRow) -> tuple[int, str, str]:
    holding = row.weighed.holding
    return holding.account, holding.symbol, holding.leg.value


def _rank(row: Exposed) -> tuple[int, int]:
    return -row.notional, row.account


def _by_symbol(rows: Iterable[PositionRow]) -> list[Exposed]:
    found: dict[str, Exposed] = {}
    for row in rows:
        symbol = row.weighed.holding.symbol
        found[symbol] = _add(found.get(symbol) or Exposed(symbol, None, 0, 0, 0, 0), row.weighed)
    return [found[symbol] for symbol in sorted(found)]


def _by_user(rows: Iterable[PositionRow]) -> list[Exposed]:
    found: dict[int, Exposed] = {}
    for row in rows:
        number = row.weighed.holding.account
        known = found.get(number) or Exposed(None, row.user_id, number, 0, 0, 0)
        found[number] = _add(known, row.weighed)
    return sorted(found.values(), key=_rank)


def _add(known: Exposed, weighed: Weighed) -> Exposed:
    long = weighed.notional if weighed.holding.quantity > 0 else 0
    return known._replace(
        long=known.long + long,
        short=known.short + weighed.notional - long,
        positions=known.positions + 1,
    )


async def _regulator_of(connection: HTTPConnection) -> Regulator:
    regulator = connection.app.state.regulator
    assert isinstance(regulator, Regulator)
    return regulator


RegulatorDep = Annotated[Regulator, Depends(_regulator_of)]
"""What is seen of everybody, for a handler."""
