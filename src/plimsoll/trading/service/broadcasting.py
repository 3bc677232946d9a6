"""What the exchange did, told to those who follow it: after the commit, in the journal's order.

There are two ways to follow. Who *hears* is told of each command that did something to an account
or in a market, once and in order. Who *looks* is told that something may have changed, at most
twenty times a second, and takes what is true then from the durable venue; how often it changed
meanwhile makes no difference, and neither does how many people listen to what was taken.

While nobody follows anything, a batch costs one comparison.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol
from uuid import UUID

import structlog

from plimsoll.access.domain.principals import Principal
from plimsoll.kernel.errors import PlimsollError
from plimsoll.trading.domain.accounts import Account
from plimsoll.trading.domain.commands import OpenAccount
from plimsoll.trading.domain.events import EVENTS, Event, MarkSet, OrderAmended, OrderTriggered
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.service.accounts import AccountLook, look_at
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.storage import replays
from plimsoll.trading.storage.encoding import decode_command, decode_events
from plimsoll.trading.storage.journal import JournalRow

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 0.05
AT_ONCE: Final = 20
"""How many look between two batches of the writer, which waits for them."""
AWAY_S: Final = 1.0
NOBODYS: Final = Account(0, leverage_cap=1)
"""What is shown of an account that was never opened: nothing."""
PAGE: Final = 500
"""Commands told late at once."""

_ACCOUNT_AT: Final = {
    kind: kind._fields.index("account") for kind in EVENTS.values() if "account" in kind._fields
}
_SYMBOL_AT: Final = {
    kind: kind._fields.index("symbol") for kind in EVENTS.values() if "symbol" in kind._fields
}
_OF_SOME_BOOK: Final = frozenset({OrderAmended, OrderTriggered})
"""What may change a book and does not say which."""


class Hearer(Protocol):
    """Is told what one command did: those of its events that are about what is followed."""

    def hear(self, applied: Applied, events: Sequence[Event]) -> None: ...


class Looker(Protocol):
    """Takes values from the durable venue, changes nothing of it, keeps nothing of it."""

    def look(self, venue: Venue) -> None: ...


class Viewer(Protocol):
    """Is shown how an account stands."""

    def show(self, look: AccountLook) -> None: ...


@dataclass(slots=True, eq=False)
class Person:
    """Somebody who is followed, with a trading account or before there is one. `marks`: the symbols
    whose marks change how the account stands.
    """

    user_id: UUID
    account: int | None = None
    hearers: dict[Hearer, None] = field(default_factory=dict)
    viewers: dict[Viewer, None] = field(default_factory=dict)
    marks: frozenset[str] = frozenset()
    followers: int = 0

    def look(self, venue: Venue) -> None:
        account = venue.accounts.get(self.account) if self.account is not None else None
        if account is None:
            account = NOBODYS
        self.marks = frozenset(
            each.symbol
            for each in account.exposures.values()
            if each.positions or each.bids or each.asks
        )
        seen = look_at(venue, account)
        for viewer in self.viewers:
            viewer.show(seen)


@dataclass(slots=True, eq=False)
class MarketFollowers:
    hearers: dict[Hearer, None] = field(default_factory=dict)
    lookers: dict[Looker, None] = field(default_factory=dict)


class Broadcasting:
    """Everybody who follows the exchange; used from one event loop."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._people: dict[UUID, Person] = {}
        self._accounts: dict[int, Person] = {}
        self._markets: dict[str, MarketFollowers] = {}
        self._seq: int | None = None
        """Of the last command that was told; None: nobody asked yet."""
        self._newest = 0
        """Of the last command that is durable, while what was missed before it is being told."""
        self._behind = False
        self._dirty: dict[Looker, None] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._refreshing = False
        exchange.engine.listeners.append(self.notice)
        exchange.engine.on_restored.append(self._restored)

    @property
    def simulated(self) -> bool:
        """Whether the prices of the world are invented; also while nothing feeds the markets."""
        feeding = self.exchange.feeding
        return feeding is None or feeding.prices.simulated

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # who follows

    def follow_person(self, principal: Principal) -> Person:
        """As `follow`, of who is calling."""
        return self.follow(principal.user_id)

    def follow(self, user_id: UUID) -> Person:
        """To be given back with `leave_person`; `find_account` comes next."""
        person = self._people.get(user_id)
        if person is None:
            person = self._people[user_id] = Person(user_id)
        person.followers += 1
        return person

    async def find_account(self, person: Person) -> None:
        """Whoever has none yet is followed from its opening on, because the journal says whose it
        is.
        """
        if person.account is None:
            found = await self.exchange.find_account(person.user_id)
            if found is not None:
                self._attach(person, found)

    def leave_person(self, person: Person) -> None:
        person.followers -= 1
        if person.followers:
            return
        del self._people[person.user_id]
        self._dirty.pop(person, None)
        if person.account is not None:
            del self._accounts[person.account]

    def follow_market(self, symbol: str) -> MarketFollowers:
        """Who follows a market; `leave_market` when one of them has left."""
        return self._markets.setdefault(symbol, MarketFollowers())

    def leave_market(self, symbol: str) -> None:
        market = self._markets.get(symbol)
        if market is not None and not market.hearers and not market.lookers:
            del self._markets[symbol]

    async def begin(self, look: Callable[[Venue], None]) -> None:
        """Let `look` see the durable venue: all commands up to its number were told before, and all
        later ones will be told to whoever follows from within it. Where something was missed and is
        told late, earlier ones may come as well: who hears leaves them out. Raises EngineAway.
        """

        def see(venue: Venue) -> None:
            if self._seq is None:
                self._seq = venue.seq
            look(venue)

        await self.exchange.read(see)

    def refresh(self, lookers: Iterable[Looker]) -> None:
        """These look again soon."""
        self._dirty |= dict.fromkeys(lookers)
        if self._dirty and not self._refreshing:
            self._refreshing = True
            self._start(self._refresh())

    # telling

    def notice(self, batch: Sequence[Applied]) -> None:
        """A batch is durable."""
        if self._behind:
            self._newest = batch[-1].seq
            return
        self._seq = batch[-1].seq
        if self._people or self._markets:
            self._tell_all(batch)

    def _tell_all(self, batch: Sequence[Applied]) -> None:
        touched: dict[Looker, None] = {}
        for applied in batch:
            self._tell(applied, touched)
        self.refresh(touched)

    def _tell(self, applied: Applied, touched: dict[Looker, None]) -> None:
        self._recognise(applied)
        of_people: dict[Person, list[Event]] = {}
        of_markets: dict[str, list[Event]] = {}
        for event in applied.events:
            person = self._accounts.get(_field(event, _ACCOUNT_AT))
            if person is not None:
                of_people.setdefault(person, []).append(event)
            symbol = _field(event, _SYMBOL_AT)
            if symbol in self._markets:
                of_markets.setdefault(symbol, []).append(event)
            touched |= self._who_looks(type(event), symbol)
        for person, events in of_people.items():
            _hear(person.hearers, applied, events)
            if person.viewers:
                touched[person] = None
        for symbol, events in of_markets.items():
            market = self._markets[symbol]
            _hear(market.hearers, applied, events)
            touched |= market.lookers

    def _who_looks(self, kind: type[Event], symbol: str | None) -> Iterable[tuple[Looker, None]]:
        """Beside those that an event names."""
        if kind is MarkSet:
            return [(each, None) for each in self._people.values() if symbol in each.marks]
        if kind in _OF_SOME_BOOK:
            return [(each, None) for market in self._markets.values() for each in market.lookers]
        return ()

    def _recognise(self, applied: Applied) -> None:
        """Somebody who was waited for has an account now."""
        command = applied.command
        if not isinstance(command, OpenAccount) or applied.actor is None:
            return
        person = self._people.get(applied.actor)
        if person is not None and person.account is None and applied.refusal is None:
            self._attach(person, command.account)

    def _attach(self, person: Person, account: int) -> None:
        person.account = account
        self._accounts[account] = person

    # what was missed

    def _restored(self) -> None:
        """The machine was made anew. What this process wrote was told; what another one wrote in
        the meantime is in the journal.
        """
        self._newest = self.exchange.engine.seq
        if self._seq is None or not (self._people or self._markets):
            self._seq = None
        elif self._newest > self._seq and not self._behind:
            self._behind = True
            self._start(self._tell_missed(self._seq))

    async def _tell_missed(self, after: int) -> None:
        while after < self._newest:
            try:
                async with self.exchange.database.read() as unit:
                    rows = await replays.list_all_commands(
                        unit, after=after, until=self._newest, limit=PAGE
                    )
            except PlimsollError as error:
                log.warning("broadcast_waits", code=error.code)
                await asyncio.sleep(AWAY_S)
                continue
            self._tell_all([applied_of(row) for row in rows])
            after = rows[-1].seq
            await asyncio.sleep(0)
        self._seq, self._behind = after, False

    # looking

    async def _refresh(self) -> None:
        """Until nobody has to look any more."""
        try:
            while self._dirty:
                looking, self._dirty = list(self._dirty), {}
                for first in range(0, len(looking), AT_ONCE):
                    some = looking[first : first + AT_ONCE]
                    try:
                        await self.exchange.read(partial(_look, some))
                    except PlimsollError as error:
                        log.info("broadcast_waits", code=error.code)
                        self._dirty |= dict.fromkeys(looking[first:])
                        await asyncio.sleep(AWAY_S)
                        break
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            self._refreshing = False

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name="broadcasting")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def applied_of(row: JournalRow) -> Applied:
    """A command of the journal and what it did, as it was told when it was applied."""
    command = decode_command(row.kind, row.command, seq=row.seq, at_ms=row.at_ms)
    return Applied(command, decode_events(row.events), row.chain, row.actor)


def own_events(applied: Applied, account: int) -> list[Event]:
    """What a command did to one account."""
    return [each for each in applied.events if _field(each, _ACCOUNT_AT) == account]


def _field(event: Event, places: Mapping[type[Event], int]) -> Any:
    at = places.get(type(event))
    return None if at is None else event[at]


def _hear(hearers: Iterable[Hearer], applied: Applied, events: Sequence[Event]) -> None:
    for hearer in hearers:
        try:
            hearer.hear(applied, events)
        except Exception:
            log.exception("broadcast_failed", seq=applied.seq)


def _look(lookers: Sequence[Looker], venue: Venue) -> None:
    for looker in lookers:
        try:
            looker.look(venue)
        except Exception:
            log.exception("look_failed")
