"""A person's trades: recorded by hand or filled on the paper exchange, newest first.

The latest are in memory, for they are asked for again and again. Memory follows the database: it is
filled from there when somebody first asks, told what was committed after the commit, and when it is
not certain whether something was, it forgets the person and asks again. So it is never empty after
a restart, never ahead of what is stored, and never a reason why a request fails.
"""

import asyncio
import re
from bisect import insort
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import structlog
from fastapi import Depends
from starlette.requests import HTTPConnection

from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import Database, ReadUnit, Unit
from plimsoll.plumbing.shapes import InTheFuture, check_moment
from plimsoll.trading.domain.events import AccountOpened, Filled
from plimsoll.trading.domain.instruments import Instrument
from plimsoll.trading.domain.trades import (
    PaperFacts,
    Trade,
    TradeNotFound,
    in_coins,
    paper_trade,
)
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.storage import accounts
from plimsoll.trading.storage import trades as storage
from plimsoll.trading.storage.trades import START, Position

log = structlog.get_logger(__name__)

Instruments = Callable[[], Mapping[str, Instrument]]
"""What is listed now, by symbol."""

MOST_SHOWN: Final = 100
KEPT: Final = MOST_SHOWN + 1
"""One more than a page shows tells whether there is another page."""
PEOPLE: Final = 500
"""Whoever asked longest ago is forgotten first; a full list is 90 kB, so all are 45 MB."""
AHEAD: Final = timedelta(minutes=5)
"""How far ahead of ours the clock of another venue may be."""

_FILL_ID: Final = re.compile(r"\d{1,18}", re.ASCII)


def check_executed_at(at: datetime, *, now: datetime) -> None:
    """Refuse moments at which no trade can have happened."""
    if at > now + AHEAD:
        raise InTheFuture(f"{rfc3339(at)} has not come yet", facts={"now": rfc3339(now)})
    check_moment(min(at, now), now=now)


class Trades:
    """What routers and the engine's listeners ask; one for the process."""

    def __init__(
        self, database: Database, instruments: Instruments, *, people: int = PEOPLE
    ) -> None:
        self._database = database
        self._instruments = instruments
        self._recent = Recent(self._load, people=people)
        self._owners: dict[int, UserId] = {}
        """Of the accounts of those who ever looked, and of those opened since."""

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        return self._instruments()

    async def record(self, unit: Unit, user_id: UserId, trade: Trade) -> Trade:
        """Write a trade within the caller's transaction; `keeping` takes it into memory after."""
        recorded_at = await storage.insert_trade(unit, user_id, trade)
        return replace(trade, recorded_at=recorded_at)

    @contextmanager
    def keeping(self, user_id: UserId, made: Sequence[Trade]) -> Iterator[None]:
        """Around a transaction that fills `made`: what is in it is remembered when that has ended
        well. When it has not, nobody here knows what is stored.
        """
        try:
            yield
        except BaseException:
            self._recent.forget(user_id)
            raise
        self._recent.keep(user_id, made)

    def notice(self, batch: Sequence[Applied]) -> None:
        """A listener of the engine: paper fills that are durable now."""
        for applied in batch:
            for event in applied.events:
                if type(event) is Filled:
                    owner = self._owners.get(event.account)
                    if owner is not None:
                        self._recent.keep(owner, map(self._paper_trade, [event], [applied.at_ms]))
                elif type(event) is AccountOpened and applied.actor is not None:
                    self._owners[event.account] = UserId(applied.actor)

    def _paper_trade(self, fill: Filled, at_ms: int) -> Trade:
        return paper_trade(
            self.instruments[fill.symbol],
            fill.side,
            fill_id=fill.fill,
            price=fill.price,
            quantity=fill.quantity,
            at_ms=at_ms,
            facts=PaperFacts(fill.order, in_coins(fill.fee), in_coins(fill.profit), fill.maker),
        )

    def forget_all(self) -> None:
        """When the engine was made anew, perhaps after another process wrote: what is stored
        counts.
        """
        self._recent.forget_all()

    async def list_trades(
        self, user_id: UserId, *, after: Position | None, limit: int
    ) -> list[Trade]:
        """The newest `limit` of them, at most KEPT, from memory; or what comes after a position,
        from the database.
        """
        if after is None:
            return (await self._recent.of(user_id))[:limit]
        return await self._read(user_id, after, limit)

    async def get_trade(self, unit: ReadUnit, user_id: UserId, trade_id: str) -> Trade:
        """A trade of the person's own, by the id that the list shows."""
        found = None
        if _FILL_ID.fullmatch(trade_id):
            found = await storage.find_fill(unit, user_id, self.instruments, int(trade_id))
        elif (recorded_id := _uuid(trade_id)) is not None:
            found = await storage.find_recorded(unit, user_id, recorded_id)
        if found is None:
            raise TradeNotFound("Trade not found")
        return found

    async def _load(self, user_id: UserId) -> list[Trade]:
        async with self._database.read() as unit:
            account = await accounts.find(unit, user_id)
            if account is not None:  # before the list: what is filled meanwhile is told
                self._owners[account] = user_id
        return await self._read(user_id, START, KEPT)

    async def _read(self, user_id: UserId, after: Position, limit: int) -> list[Trade]:
        async with self._database.read() as unit:
            return await storage.list_trades(
                unit, user_id, self.instruments, after=after, limit=limit
            )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def position_after(shown: Iterable[Trade], before: Position | None) -> Position:
    """Where the list goes on after a page that began at `before`; None: at the newest."""
    reached = before or START
    for trade in shown:
        if isinstance(trade.id, UUID):
            reached = reached._replace(executed_at=trade.executed_at, recorded_id=trade.id)
        else:
            reached = reached._replace(fill_id=trade.id)
    return reached


@dataclass(slots=True)
class Loading:
    """A first question under way, and what was committed since it began."""

    task: "asyncio.Task[list[Trade]]"
    missed: list[Trade] = field(default_factory=list)


class Recent:
    """Each person's latest trades in memory, newest first, KEPT of them.

    A list with less than that is all there is; so one that happened long ago goes where it belongs,
    or nowhere when the list is full of newer ones.
    """

    def __init__(
        self, load: Callable[[UserId], Awaitable[list[Trade]]], *, people: int = PEOPLE
    ) -> None:
        self._load = load
        self._people = people
        self._kept: OrderedDict[UserId, list[Trade]] = OrderedDict()
        self._loading: dict[UserId, Loading] = {}

    def follows(self, user_id: UserId) -> bool:
        return user_id in self._kept or user_id in self._loading

    async def of(self, user_id: UserId) -> list[Trade]:
        """The list; read from the database when it is not here, once for all who wait for it."""
        kept = self._kept.get(user_id)
        if kept is not None:
            self._kept.move_to_end(user_id)
            return kept
        loading = self._loading.get(user_id)
        if loading is None:
            task = asyncio.create_task(self._fill(user_id), name="recent-trades")
            loading = self._loading[user_id] = Loading(task)
        return await asyncio.shield(loading.task)

    async def _fill(self, user_id: UserId) -> list[Trade]:
        loading = self._loading[user_id]
        try:
            found = await self._load(user_id)
            for trade in loading.missed:
                _insert(found, trade)
            if self._loading.get(user_id) is loading:  # not forgotten meanwhile
                self._kept[user_id] = found
                while len(self._kept) > self._people:
                    self._kept.popitem(last=False)
            return found
        finally:
            if self._loading.get(user_id) is loading:
                del self._loading[user_id]

    def keep(self, user_id: UserId, trades: Iterable[Trade]) -> None:
        """What has just been committed; nothing is even looked at when the person is not followed.
        Never raises: the request it belongs to is done.
        """
        if not self.follows(user_id):
            return
        try:
            for trade in trades:
                if user_id in self._loading:
                    self._loading[user_id].missed.append(trade)
                elif user_id in self._kept:
                    _insert(self._kept[user_id], trade)
        except Exception:
            log.exception("trade_not_remembered")
            self.forget(user_id)

    def forget(self, user_id: UserId) -> None:
        """The next question goes to the database, also when one is under way."""
        self._kept.pop(user_id, None)
        self._loading.pop(user_id, None)

    def forget_all(self) -> None:
        self._kept.clear()
        self._loading.clear()


def _insert(trades: list[Trade], trade: Trade) -> None:
    """Into its place, once; then the oldest beyond KEPT goes."""
    if any(each.kind is trade.kind and each.id == trade.id for each in trades):
        return
    trades.reverse()
    insort(trades, trade, key=lambda each: each.place)
    trades.reverse()
    del trades[KEPT:]


async def _trades_of(connection: HTTPConnection) -> Trades:
    trades = connection.app.state.trades
    assert isinstance(trades, Trades)
    return trades


TradesDep = Annotated[Trades, Depends(_trades_of)]
"""The trades of this process, for a handler."""
