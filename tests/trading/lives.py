"""A writer and its database through a life of faults, and what must be true of them at any moment.

The writer takes commands in batches: applied in memory, appended to the journal in one transaction,
and only then answered and shown. It may stop between any two of these; the database may fail before
it has kept a batch, or after. Then another writer begins with the last snapshot, in the form in
which it is stored, and the journal after it. Whoever got no answer may ask again.

A life is a script of turns, so that one that failed can be lived again, and shorter (shrinking.py).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

import msgspec

from plimsoll.trading.domain.commands import AmendOrder, Command, PassTime, SetIndex
from plimsoll.trading.domain.digest import START, chain, state_digest
from plimsoll.trading.domain.events import Event, OrderAccepted, Refused
from plimsoll.trading.domain.invariants import check, overdue
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.orders import IDS_PER_COMMAND
from plimsoll.trading.domain.restoring import Snapshot, take, venue_of


class Fault(StrEnum):
    """What happens to a turn."""

    BEFORE_APPLY = "stopped before anything was applied"
    MID_BATCH = "stopped in the middle of the batch"
    AFTER_APPLY = "stopped after the batch, before its commit"
    LOST = "the commit failed and kept nothing"
    UNKNOWN = "the commit failed and had kept everything"
    FENCED = "another writer began before the commit"
    AFTER_COMMIT = "stopped after the commit, before anybody was answered"
    DURING_SNAPSHOT = "stopped before the snapshot was kept"


class Key(NamedTuple):
    """Which of the things somebody asked for, and for which time."""

    number: int
    attempt: int


class Target(NamedTuple):
    """An order, by what made it: its id is another one when the script is shorter."""

    key: Key
    offset: int


@dataclass(frozen=True, slots=True)
class Deed:
    """A command that somebody asks for; its number and, when that is later, its time are the
    writer's. `target`: the order that it is about, if any.
    """

    key: Key
    command: Command
    target: Target | None = None

    def again(self) -> "Deed":
        return replace(self, key=Key(self.key.number, self.key.attempt + 1))


@dataclass(frozen=True, slots=True)
class Turn:
    deeds: tuple[Deed, ...]
    fault: Fault | None = None
    snapshot: bool = False


class Row(NamedTuple):
    seq: int
    key: Key
    command: Command
    events: list[Event]
    chain: str


class Kept(NamedTuple):
    """A snapshot as it is stored."""

    seq: int
    state: bytes
    digest: str
    chain: str


class Stopped(Exception):
    """The writer is gone with all it had in memory."""


class Fenced(Stopped):
    """The batch was refused: somebody else is the writer."""


class Wrong(Exception):
    """Something that must hold does not."""


@dataclass(slots=True)
class Database:
    """`epoch`: of the one writer whose batches are taken."""

    rows: list[Row] = field(default_factory=list)
    kept: Kept | None = None
    epoch: int = 0

    def append(self, rows: Sequence[Row], epoch: int, fault: Fault | None) -> None:
        """All of them or none."""
        if epoch != self.epoch:
            raise Fenced
        if fault is Fault.LOST:
            raise Stopped
        self.rows += rows
        if fault is Fault.UNKNOWN:
            raise Stopped


def restored(database: Database) -> tuple[Machine, str]:
    """What a new writer begins with: the last snapshot and the journal after it."""
    machine, state, start = Machine(), START, 0
    if database.kept is not None:
        start, stored, digest, state = database.kept
        machine = Machine(venue_of(msgspec.json.decode(stored, type=Snapshot)))
        if state_digest(machine.venue) != digest:
            raise Wrong("a snapshot was not restored to what it was taken of")
    for row in database.rows[start:]:
        if machine.apply(row.command) != row.events:
            raise Wrong(f"command {row.seq} did something else when it was replayed")
        state = chain(state, row.events)
        if state != row.chain:
            raise Wrong(f"the journal is broken at {row.seq}")
    return machine, state


def all_is_well(machine: Machine) -> list[str]:
    return check(machine.venue)


@dataclass(slots=True)
class Life:
    """`answers`: what people were told, by what they asked for. `shown`: how much of the journal
    the world has seen; `follower` has done exactly that, from the beginning and without a break.
    `unanswered`: who was left without an answer by the last fault. `seqs`, `keys`: the numbers in
    memory. `owners`: the order of each client id in the journal.
    """

    checked: Callable[[Machine], list[str]] = all_is_well
    digest_every: int = 25
    database: Database = field(default_factory=Database)
    machine: Machine = field(default_factory=Machine)
    chain: str = START
    epoch: int = 0
    seqs: dict[Key, int] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    answers: dict[Key, list[Event]] = field(default_factory=dict)
    unanswered: list[Deed] = field(default_factory=list)
    shown: int = 0
    follower: Machine = field(default_factory=Machine)
    followed: str = START
    journaled: dict[Key, int] = field(default_factory=dict)
    owners: dict[tuple[int, str], int] = field(default_factory=dict)
    applied: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def live(self, turn: Turn) -> None:
        """One batch, and whatever happens to it; `Wrong` when something must not have."""
        self.unanswered = []
        try:
            self.write(turn)
            if turn.snapshot:
                self.store(turn.fault)
        except Stopped:
            self.faults[str(turn.fault)] += 1
            self.unanswered = [each for each in turn.deeds if each.key not in self.answers]
            self.recover()
        self.prove()

    def write(self, turn: Turn) -> None:
        """Applied, kept, answered and shown, in this order."""
        if turn.fault is Fault.BEFORE_APPLY:
            raise Stopped
        middle = (len(turn.deeds) + 1) // 2
        rows: list[Row] = []
        for number, deed in enumerate(turn.deeds):
            if turn.fault is Fault.MID_BATCH and number == middle:
                raise Stopped
            rows.append(self.apply(deed))
        if turn.fault in {Fault.AFTER_APPLY, Fault.MID_BATCH}:
            raise Stopped
        if turn.fault is Fault.FENCED:
            self.be_replaced()
        self.database.append(rows, self.epoch, turn.fault)
        if turn.fault is Fault.AFTER_COMMIT:
            raise Stopped
        self.answers.update((row.key, row.events) for row in rows)
        self.show()

    def apply(self, deed: Deed) -> Row:
        """In memory, checked at once, so that the command that broke something is the last one."""
        venue = self.machine.venue
        seq = venue.seq + 1
        command = deed.command._replace(seq=seq, at_ms=max(venue.at_ms, deed.command.at_ms))
        if deed.target is not None:
            made = self.seqs.get(deed.target.key, 0) * IDS_PER_COMMAND
            command = command._replace(order=made + deed.target.offset)  # type: ignore[call-arg]
        self.applied += 1
        wanted = self.applied % self.digest_every == 0 or isinstance(command, AmendOrder)
        before = state_digest(venue) if wanted else ""
        events = self.machine.apply(command)
        refused = isinstance(events[0], Refused) if events else False
        faults = self.checked(self.machine)
        if isinstance(command, SetIndex | PassTime) and not refused:
            faults += overdue(venue)
        if refused and before and before != state_digest(venue):
            faults.append("a refused command changed the state")
        if faults:
            raise Wrong("\n".join([*faults, *map(str, events)]))
        self.chain = chain(self.chain, events)
        self.seqs[deed.key], self.keys[seq] = seq, deed.key
        return Row(seq, deed.key, command, events, self.chain)

    def target(self, order: int) -> Target | None:
        """Of an order that is in memory now."""
        seq, offset = divmod(order, IDS_PER_COMMAND)
        key = self.keys.get(seq)
        return Target(key, offset) if key else None

    def store(self, fault: Fault | None) -> None:
        venue = self.machine.venue
        state = msgspec.json.encode(take(venue))
        if fault is Fault.DURING_SNAPSHOT:
            raise Stopped
        self.database.kept = Kept(venue.seq, state, state_digest(venue), self.chain)

    def be_replaced(self) -> None:
        """Another writer begins and lets time pass, while this one thinks that it is alone."""
        database = self.database
        database.epoch += 1
        machine, before = restored(database)
        seq, at_ms = machine.venue.seq + 1, machine.venue.at_ms
        events = machine.apply(PassTime(seq, at_ms))
        row = Row(seq, Key(-seq, 0), PassTime(seq, at_ms), events, chain(before, events))
        database.append([row], database.epoch, None)

    def recover(self) -> None:
        """A new writer takes over; what is in the journal and nobody has seen yet is shown."""
        self.database.epoch += 1
        self.epoch = self.database.epoch
        self.machine, self.chain = restored(self.database)
        self.seqs = {row.key: row.seq for row in self.database.rows}
        self.keys = {row.seq: row.key for row in self.database.rows}
        self.show()
        if state_digest(self.follower.venue) != state_digest(self.machine.venue):
            raise Wrong("what was restored is not what was shown")
        if faults := self.checked(self.machine):
            raise Wrong("\n".join(["after a restart:", *faults]))

    def show(self) -> None:
        """What is in the journal and was not seen yet."""
        for row in self.database.rows[self.shown :]:
            if self.follower.apply(row.command) != row.events:
                raise Wrong(f"command {row.seq} did something else the second time")
            self.followed = chain(self.followed, row.events)
            self.shown += 1

    def prove(self) -> None:
        """After a batch: what was answered and shown is what the journal has, each once, and memory
        is no further than that.
        """
        rows = self.database.rows
        for row in rows[len(self.journaled) :]:
            if row.key in self.journaled:
                raise Wrong(f"{row.key} is in the journal twice")
            self.journaled[row.key] = row.seq
            self._prove_client_id(row)
        for key, events in self.answers.items():
            seq = self.journaled.get(key)
            if seq is None or rows[seq - 1].events is not events:
                raise Wrong(f"what {key} was answered is not in the journal")
        self.answers.clear()
        seq = self.machine.venue.seq
        if not seq == self.shown == len(rows) == self.follower.venue.seq:
            raise Wrong(f"{seq} applied, {len(rows)} kept, {self.shown} shown")
        if not self.chain == self.followed == (rows[-1].chain if rows else START):
            raise Wrong("what was applied, kept and shown has different hashes")

    def _prove_client_id(self, row: Row) -> None:
        """One order for a client id, whoever asks how often: who asks again hears of the first."""
        for event in row.events:
            if isinstance(event, OrderAccepted) and event.client_id is not None:
                if self.owners.setdefault((event.account, event.client_id), event.order) != (
                    event.order
                ):
                    raise Wrong(f"{event.client_id} of {event.account} has two orders")
            elif isinstance(event, Refused) and event.code == "duplicate-client-id":
                command = row.command
                owner = self.owners[command.account, command.client_id]  # type: ignore[union-attr,index]
                if dict(event.facts)["order"] != owner:
                    raise Wrong(f"{command} was told of another order than {owner}")
