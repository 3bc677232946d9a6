"""What happens to the caller's own account, told as a log: nothing is left out, and its numbers are
those of the journal.

A frame has all that one command did, under the command's own number. So whoever has heard up to
number N asks with `since_seq` N and gets what came after, from memory or from the journal, after a
restart as before it, and the very same bytes.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final

from plimsoll.access.domain.principals import Principal, Scope
from plimsoll.access.guards import ScopeMissing, SignInFirst
from plimsoll.plumbing.database import ReadUnit
from plimsoll.plumbing.streams.messages import BadMessage, Subscribe
from plimsoll.plumbing.streams.topics import Caller, Log, Page, Topic
from plimsoll.trading.domain.events import Event
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.live.openings import Openings
from plimsoll.trading.service.broadcasting import Broadcasting, applied_of, own_events
from plimsoll.trading.storage import replays
from plimsoll.trading.storage.replays import Story

PAGE: Final = 100
"""Commands read at once for whoever comes back."""


def owner_of(caller: Caller | None) -> Principal:
    """Who asks for their own; raises SignInFirst and ScopeMissing."""
    if caller is None:
        raise SignInFirst("sign in first: this channel is about the caller's own account")
    principal = caller.principal
    assert isinstance(principal, Principal)
    if Scope.READ not in principal.scopes:
        raise ScopeMissing(f"it needs the scope {Scope.READ}", facts={"scope": Scope.READ})
    return principal


def refuse_symbols(request: Subscribe) -> None:
    """The account as a whole is told; raises BadMessage."""
    if request.symbols:
        raise BadMessage(f"the channel {request.channel} takes no symbols")


class AccountLog(Log):
    """One story of one account. What comes while it is being loaded is told after that."""

    keeps = True

    def __init__(self, story: Story, broadcasting: Broadcasting, principal: Principal) -> None:
        super().__init__(story.value, "", principal.user_id.hex, seq=0)
        self.broadcasting = broadcasting
        self.person = broadcasting.follow_person(principal)
        self._story = story
        self._held: list[tuple[Applied, Sequence[Event]]] | None = []

    async def load(self) -> None:
        await self.broadcasting.find_account(self.person)
        await self.broadcasting.begin(self._begin)
        async with self.broadcasting.exchange.database.read() as unit:
            await self.begin(unit)
        held, self._held = self._held or [], None
        for applied, events in held:
            self.hear(applied, events)

    def close(self) -> None:
        self.person.hearers.pop(self, None)
        self.broadcasting.leave_person(self.person)

    def hear(self, applied: Applied, events: Sequence[Event]) -> None:
        if applied.seq <= self.seq:
            return
        if self._held is not None:
            self._held.append((applied, events))
            return
        body = self.tell(applied, events)
        if body is not None:
            self.append(body, applied.seq)

    async def read_on(self, seq: int) -> Page:
        account, until = self.person.account, self.seq
        if account is None:
            return Page([], until)
        async with self.broadcasting.exchange.database.read() as unit:
            rows = await replays.list_commands(
                unit, self._story, account, after=seq, until=until, limit=PAGE
            )
            bodies = await self.retell(unit, account, [applied_of(row) for row in rows])
        return Page(bodies, until if len(rows) < PAGE else rows[-1].seq)

    def _begin(self, venue: Venue) -> None:
        self.seq = venue.seq
        self.look(venue)
        self.person.hearers[self] = None

    def look(self, venue: Venue) -> None:
        """What is needed of the venue to begin from here."""

    async def begin(self, unit: ReadUnit) -> None:
        """What is needed of the database to begin at `seq`."""

    @abstractmethod
    def tell(self, applied: Applied, events: Sequence[Event]) -> bytes | None:
        """What a command did; None: nothing that belongs here."""

    async def retell(
        self, unit: ReadUnit, account: int, later: Sequence[Applied]
    ) -> list[tuple[int, bytes]]:
        """Numbers and bodies of what these commands did."""
        _ = unit
        told = [(each.seq, self.tell(each, own_events(each, account))) for each in later]
        return [(seq, body) for seq, body in told if body is not None]


class LogChannel:
    """A channel of which everybody gets their own log; a subclass says which."""

    request = Subscribe
    story: Story
    log: type[AccountLog]

    def __init__(self, broadcasting: Broadcasting) -> None:
        self._broadcasting = broadcasting
        self._openings: Openings[AccountLog] = Openings()

    @property
    def name(self) -> str:
        return self.story.value

    async def open(self, request: Subscribe, caller: Caller | None) -> Sequence[AccountLog]:
        """Raises SignInFirst, ScopeMissing, BadMessage, EngineAway."""
        principal = owner_of(caller)
        refuse_symbols(request)
        return await self._openings.obtain(
            [
                (
                    f"{self.name}:{principal.user_id.hex}",
                    lambda: self.log(self.story, self._broadcasting, principal),
                )
            ]
        )

    def collect(self) -> None:
        """Nothing to do: what happens is told."""

    def release(self, topic: Topic) -> None:
        self._openings.release(topic)
