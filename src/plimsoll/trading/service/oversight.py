"""The exchange for those who oversee it: everybody's positions, and how people trade.

Positions come from the machine itself, in one look with the number of the command they are of.
They are copied in pieces between which others have their turn, and weighed so too; the result is
kept for as long as the machine stands still.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends
from starlette.requests import HTTPConnection

from plimsoll.access.domain.principals import Tier
from plimsoll.kernel.clock import to_ms
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.paging import Cut, PageRequest
from plimsoll.trading.domain import overseeing
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.overseeing import Glance, Sight, Stance
from plimsoll.trading.domain.units import money_of
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.states import EngineAway, EngineState
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.storage import oversight as storage
from plimsoll.trading.storage.oversight import Folded, LiquidatedRow, Sought, Step
from plimsoll.trading.storage.oversight import MessagesRow as Messages

__all__ = [
    "EngineAway",
    "EngineState",
    "LiquidatedRow",
    "Messages",
    "Sought",
    "Step",
]

ATTEMPTS: Final = 5
"""At a copy of everybody in pieces."""
AT_ONCE: Final = 200
"""Accounts that are weighed before others have their turn; some milliseconds."""
DAY_MS: Final = 24 * storage.HOUR_MS
FOLDED_AT_ONCE: Final = 20_000
"""Commands in one transaction."""


@dataclass(frozen=True)
class Picture:
    """Everybody at one moment. `users`: whose accounts they are."""

    sight: Sight
    stances: Mapping[int, Stance]
    users: Mapping[int, UUID]

    @cached_property
    def accounts(self) -> Mapping[UUID, int]:
        """By person, of those with a position."""
        return {self.users[number]: number for number in self.stances if number in self.users}

    def find(self, user_id: UUID) -> Stance | None:
        number = self.accounts.get(user_id)
        return self.stances[number] if number is not None else None


@dataclass(frozen=True, slots=True)
class Traded:
    """What somebody traded on a symbol: money in coins of the settlement asset."""

    symbol: str
    user_id: UUID
    fills: int
    notional: Decimal
    own: Decimal
    round_trips: Decimal


@dataclass(frozen=True, slots=True)
class Conduct:
    """Of a day. `moments`: when who was liquidated, in milliseconds since 1970."""

    traded: Sequence[Traded]
    messages: Sequence[Messages]
    moments: Sequence[tuple[UUID, Sequence[int]]]


@dataclass(frozen=True, slots=True)
class Least:
    """What conduct is worth looking at."""

    fills: int
    share: Decimal
    messages: int
    liquidations: int


@dataclass(frozen=True, slots=True)
class Day:
    """Liquidations that began in the last 24 hours, and what people traded in this hour and the 23
    before it, in coins of the settlement asset.
    """

    liquidations: int
    volume: Decimal


class Oversight:
    """For one exchange; changes nothing of it."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._picture: Picture | None = None
        self._users: dict[int, UUID] = {}
        self._known = 0
        self._looking = asyncio.Lock()
        exchange.engine.on_restored.append(self._forget)

    @property
    def engine_state(self) -> EngineState:
        return self._exchange.engine.state

    def leverage_cap(self, tier: Tier) -> int:
        return self._exchange.leverage_caps[tier]

    def find_instrument(self, symbol: str) -> Instrument | None:
        return self._exchange.instruments.get(symbol)

    def get_instrument(self, symbol: str) -> Instrument:
        """Raises UnknownSymbol."""
        return self._exchange.get_instrument(symbol)

    def _forget(self) -> None:
        """Another process may have written since."""
        self._picture = None
        self._users.clear()
        self._known = 0

    # everybody now

    async def look(self) -> Picture:
        """Raises EngineAway where another process runs the exchange."""
        async with self._looking:
            sight = await self._see()
            known = self._picture
            if known is not None and known.sight is sight:
                return known
            await asyncio.sleep(0)
            groups = overseeing.by_account(sight)
            await asyncio.sleep(0)
            if any(number not in self._users for number in groups):
                await self._learn_owners()
            stances: dict[int, Stance] = {}
            for done, (number, holdings) in enumerate(groups.items()):
                stances[number] = overseeing.weigh(sight, number, holdings)
                if done % AT_ONCE == AT_ONCE - 1:
                    await asyncio.sleep(0)
            self._picture = Picture(sight, stances, dict(self._users))
            return self._picture

    async def _see(self) -> Sight:
        """In pieces between which others have their turn; at once where somebody has traded in
        the midst of each attempt.
        """
        for _ in range(ATTEMPTS):
            found = await self._exchange.read(self._begin)
            while isinstance(found, Glance):
                await asyncio.sleep(0)
                found = await self._exchange.read(partial(_go_on, found))
            if found is not None:
                return found
        return await self._exchange.read(overseeing.see)

    def _begin(self, venue: Venue) -> Sight | Glance | None:
        known = self._picture
        if known is not None and known.sight.seq == venue.seq:
            return known.sight
        return Glance(venue)

    async def _learn_owners(self) -> None:
        async with self._exchange.database.read() as unit:
            rows = await storage.list_owners(unit, after=self._known)
        for number, user_id in rows:
            self._known = max(self._known, number)
            if user_id is not None:
                self._users[number] = user_id

    # how people trade

    async def fold(self) -> None:
        """Count what was done since the last fold, whichever process did that; after a crash the
        next one goes on where the last one that committed has ended.
        """
        while not await self._exchange.database.transact(self._fold_some):
            pass

    async def _fold_some(self, unit: Unit) -> bool:
        """Whether that was all."""
        now_ms = to_ms(self._exchange.clock.now())
        done = await storage.lock_folded(unit)
        if done is None:
            await storage.begin_folding(unit, await self._begin_at(unit, now_ms - DAY_MS))
            return False
        ends = await storage.read_ends(unit)
        until = Folded(min(ends.seq, done.seq + FOLDED_AT_ONCE), ends.fill)
        if until.seq < ends.seq:
            fill = await storage.find_fill_of(unit, seq=until.seq, last=ends.fill)
            until = until._replace(fill=max(fill, done.fill))
        await storage.fold(unit, done, until, now_ms=now_ms)
        return until.seq == ends.seq

    async def _begin_at(self, unit: ReadUnit, since_ms: int) -> Folded:
        ends = await storage.read_ends(unit)
        return Folded(
            await storage.find_command(unit, since_ms=since_ms, last=ends.seq),
            await storage.find_fill(unit, since_ms=since_ms, last=ends.fill),
        )

    async def read_conduct(self, unit: ReadUnit, least: Least) -> Conduct:
        """What was folded of this hour and the 23 before it; liquidations of 24 hours. Where the
        exchange does not run, symbols are not known: who runs it looks at those.
        """
        now_ms = to_ms(self._exchange.clock.now())
        after_ms = now_ms - DAY_MS
        rows = await storage.list_traded(
            unit, after_ms=after_ms, least_fills=least.fills, least_share=least.share
        )
        return Conduct(
            [self._traded(row) for row in rows if row.symbol in self._exchange.instruments],
            await storage.list_messages(unit, after_ms=after_ms, least=least.messages),
            await storage.list_liquidated(unit, after_ms=after_ms, least=least.liquidations),
        )

    def _traded(self, row: storage.TradedRow) -> Traded:
        coin = money_of(self._exchange.get_instrument(row.symbol).unit)
        return Traded(
            row.symbol,
            row.user_id,
            row.fills,
            row.traded * coin,
            row.own * coin,
            row.round_trips * coin,
        )

    async def read_day(self, unit: ReadUnit) -> Day:
        after_ms = to_ms(self._exchange.clock.now()) - DAY_MS
        volume = sum(
            (
                row.traded * money_of(self._exchange.get_instrument(row.symbol).unit)
                for row in await storage.list_volume(unit, after_ms=after_ms)
                if row.symbol in self._exchange.instruments
            ),
            Decimal(0),
        )
        return Day(await storage.count_liquidations(unit, after_ms=after_ms), volume)

    async def list_liquidations(self, page: PageRequest, sought: Sought) -> Cut[LiquidatedRow]:
        """Everybody's, the latest first."""
        after = page.after(int, int)
        place = after or (2**63 - 1, 0)
        async with self._exchange.database.read() as unit:
            rows = await storage.list_liquidations(
                unit,
                sought,
                after=place,  # type: ignore[arg-type]  # as read
                limit=page.limit + 1,
            )
        return page.cut(rows, lambda row: (row.seq, row.number))


def _go_on(glance: Glance, venue: Venue) -> Sight | Glance | None:
    """The sight when it is whole, else the glance; None when it is of no one moment any more."""
    return (glance.go_on() or glance) if glance.fits(venue) else None


async def _oversight_of(connection: HTTPConnection) -> Oversight:
    oversight = connection.app.state.oversight
    assert isinstance(oversight, Oversight)
    return oversight


OversightDep = Annotated[Oversight, Depends(_oversight_of)]
"""The oversight of this process's exchange, for a handler."""
