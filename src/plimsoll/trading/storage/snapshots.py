"""Snapshots of the venue: everything as it was after one command, to begin from at a start."""

import asyncio
import zlib
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.trading.domain.restoring import Snapshot

KEPT: Final = 3

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Snapshot)


class SnapshotDamaged(Exception):
    """What was read is not what was written."""


class StoredSnapshot(NamedTuple):
    """`chain`: the rolling hash after its last command."""

    snapshot: Snapshot
    chain: str


class Packed(NamedTuple):
    """A snapshot as it is kept, and the hash of its text."""

    state: bytes
    digest: str


def pack(snapshot: Snapshot) -> Packed:
    text = _ENCODER.encode(snapshot)
    return Packed(zlib.compress(text, 1), _digest(text))


def unpack(packed: Packed) -> Snapshot:
    """Raises SnapshotDamaged."""
    try:
        text = zlib.decompress(packed.state)
        if _digest(text) != packed.digest:
            raise SnapshotDamaged("it has another hash than when it was written")
        return _DECODER.decode(text)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise SnapshotDamaged(str(error)) from error


def _digest(text: bytes) -> str:
    return blake2b(text, digest_size=32).hexdigest()


async def save(unit: Unit, packed: Packed, *, seq: int, at_ms: int, chain: str) -> None:
    """Beside earlier ones, of which the latest are kept."""
    await unit.execute(
        """
        insert into engine_snapshots (seq, at_ms, chain, digest, state)
        values ($1, $2, decode($3, 'hex'), $4, $5) on conflict (seq) do nothing
        """,
        seq, at_ms, chain, packed.digest, packed.state,
    )  # fmt: skip
    await unit.execute(
        """
        delete from engine_snapshots where seq <
            (select min(seq) from (select seq from engine_snapshots order by seq desc limit $1) s)
        """,
        KEPT,
    )


async def find_latest(unit: ReadUnit, *, until: int) -> StoredSnapshot | None:
    """Raises SnapshotDamaged."""
    row = await unit.fetchrow(
        """
        select encode(chain, 'hex') as chain, digest, state from engine_snapshots
        where seq <= $1 order by seq desc limit 1
        """,
        until,
    )
    if row is None:
        return None
    snapshot = await asyncio.to_thread(unpack, Packed(row["state"], row["digest"]))
    return StoredSnapshot(snapshot, row["chain"])


async def list_seqs(unit: ReadUnit) -> list[int]:
    rows = await unit.fetch("select seq from engine_snapshots order by seq")
    return [row["seq"] for row in rows]
