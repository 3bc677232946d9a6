"""The machine again, from the last snapshot and what the journal says since; and the snapshot.

Every command is applied anew, and the rolling hash must come out as it was written: a start on a
journal that does not replay to itself is refused, because nobody could say what is true then.
"""

import asyncio
from typing import Final, NamedTuple

from plimsoll.plumbing.database import Database
from plimsoll.trading.domain import restoring
from plimsoll.trading.domain.digest import START, chain
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.restoring import Snapshot
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.storage import journal, snapshots
from plimsoll.trading.storage.encoding import decode_command

TURN: Final = 500
"""Commands after which everybody else has a turn: about 15 ms."""


class JournalDiffers(Exception):
    """What was written cannot be what happened: damage, or a program that computes otherwise."""


class Restored(NamedTuple):
    """`replayed`: how many commands came after the snapshot, which was of `snapshot_seq`."""

    venue: Venue
    chain: str
    snapshot_seq: int
    replayed: int


class Begun(NamedTuple):
    """A machine, and the rolling hash until then."""

    machine: Machine
    chain: str


async def restore(database: Database, *, until: int, from_snapshot: bool = True) -> Restored:
    """The venue after command `until`. Raises JournalDiffers."""
    machine, hashed = Machine(), START
    if from_snapshot:
        machine, hashed = await begin(database, until=until)
    begun = machine.venue.seq
    async for rows in journal.read_commands(database, after=begun, until=until):
        for number, row in enumerate(rows):
            hashed = replay(machine, row, hashed).chain
            if number % TURN == 0:
                await asyncio.sleep(0)
    if machine.venue.seq != until:
        raise JournalDiffers(f"the journal ends at {machine.venue.seq} instead of {until}")
    return Restored(machine.venue, hashed, begun, until - begun)


async def begin(database: Database, *, until: int) -> Begun:
    """With the last snapshot, or with nothing when there is none; raises JournalDiffers."""
    try:
        async with database.read() as unit:
            stored = await snapshots.find_latest(unit, until=until)
    except snapshots.SnapshotDamaged as error:
        raise JournalDiffers(f"the last snapshot is damaged: {error}") from error
    if stored is None:
        return Begun(Machine(), START)
    return Begun(Machine(restoring.venue_of(stored.snapshot)), stored.chain)


def replay(machine: Machine, row: journal.CommandRow, before: str) -> Applied:
    """Apply one row; `before`: the rolling hash until then. Raises JournalDiffers."""
    if row.seq != machine.venue.seq + 1:
        raise JournalDiffers(f"command {machine.venue.seq + 1} is missing")
    try:
        command = decode_command(row.kind, row.command, seq=row.seq, at_ms=row.at_ms)
        events = machine.apply(command)
    except Exception as error:  # whatever a damaged row makes of the machine
        raise JournalDiffers(f"command {row.seq} cannot be done: {error!r}") from error
    hashed = chain(before, events)
    if bytes.fromhex(hashed) != row.chain:
        raise JournalDiffers(f"command {row.seq} has another hash than when it was written")
    return Applied(command, events, hashed)


async def save(database: Database, snapshot: Snapshot, hashed: str) -> None:
    """Store a snapshot; `hashed`: the rolling hash after its last command."""
    packed = await asyncio.to_thread(snapshots.pack, snapshot)
    async with database.write() as unit:
        await snapshots.save(unit, packed, seq=snapshot.seq, at_ms=snapshot.at_ms, chain=hashed)
