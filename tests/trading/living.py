"""A random world whose read models are in the database, as the writer leaves them."""

import itertools

from plimsoll.plumbing.database import Database
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.engine.rows import Projector, Rows
from plimsoll.trading.storage import journal
from tests.trading.worlds import World

JOURNAL = """
    insert into journal (seq, epoch, at_ms, kind, command, events, chain, fees)
    select seq, 1, at_ms, 'any', '[]', '[]', sha256('any'), 0
    from unnest($1::bigint[], $2::bigint[]) as rows(seq, at_ms)
"""


async def live(database: Database, *, seed: int, commands: int) -> tuple[Machine, list[Applied]]:
    """The machine after it, and everything that happened."""
    world = World(seed)
    machine, projector, rows = world.machine, Projector(), Rows()
    happened: list[Applied] = []
    for command in itertools.islice(world.commands(), commands):
        applied = Applied(command, machine.apply(command), "")
        happened.append(applied)
        projector.add(rows, applied, settle=machine.venue.settle, fees=machine.venue.fees)
    async with database.write() as unit:
        await journal.write_models(unit, rows.tables())
        await unit.execute(
            JOURNAL, [each.seq for each in happened], [each.at_ms for each in happened]
        )
    return machine, happened
