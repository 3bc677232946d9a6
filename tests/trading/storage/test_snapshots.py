"""Snapshots as they are kept: the same again, or not at all."""

import zlib
from itertools import islice

import pytest

from plimsoll.plumbing.database import Database
from plimsoll.trading.domain.restoring import take
from plimsoll.trading.storage import snapshots
from plimsoll.trading.storage.snapshots import KEPT, Packed, SnapshotDamaged, pack, unpack
from tests.trading.worlds import World

CHAIN = "ab" * 32


def packed(seed: int = 6, commands: int = 500) -> Packed:
    world = World(seed)
    for command in islice(world.commands(), commands):
        world.machine.apply(command)
    return pack(take(world.machine.venue))


@pytest.mark.parametrize("seed", [2, 6, 10])
def test_what_is_unpacked_is_what_was_packed(seed: int) -> None:
    once = packed(seed)
    assert pack(unpack(once)) == once


def changed(whole: Packed, how: str) -> Packed:
    text = zlib.decompress(whole.state)
    assert b'"tether"' in text
    return {
        "cut off": whole._replace(state=whole.state[:-20]),
        "another first byte": whole._replace(state=b"y" + whole.state[1:]),
        "another asset": whole._replace(
            state=zlib.compress(text.replace(b'"tether"', b'"bether"', 1))
        ),
        "another digest": whole._replace(digest="0" * 64),
        "no snapshot": Packed(zlib.compress(b"[]"), snapshots._digest(b"[]")),
    }[how]


@pytest.mark.parametrize(
    "how", ["cut off", "another first byte", "another asset", "another digest", "no snapshot"]
)
def test_what_was_changed_is_not_unpacked(how: str) -> None:
    with pytest.raises(SnapshotDamaged):
        unpack(changed(packed(), how))


async def test_the_latest_are_kept_and_the_one_before_a_command_is_found(
    database: Database,
) -> None:
    state = packed()
    for seq in range(10, 10 + 2 * KEPT):
        async with database.write() as unit:
            await snapshots.save(unit, state, seq=seq, at_ms=seq, chain=CHAIN)
            await snapshots.save(unit, state, seq=seq, at_ms=seq, chain=CHAIN)
    async with database.read() as unit:
        seqs = [row["seq"] for row in await unit.fetch("select seq from engine_snapshots")]
        assert sorted(seqs) == [10 + KEPT + number for number in range(KEPT)]
        found = await snapshots.find_latest(unit, until=14)
        assert found is not None
        assert (pack(found.snapshot), found.chain) == (state, CHAIN)
        assert await snapshots.find_latest(unit, until=9) is None
