"""Heads of the audit log that were noted down: whoever owns only the database is found out."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from plimsoll.access.domain.audit import GENESIS, Fault, Head, chain_hash
from plimsoll.access.service import audit
from plimsoll.access.service.heads import HeadNotOurs, Heads
from plimsoll.access.storage import audit as stored
from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings
from tests.access.service.test_audit import ROWS, fill


@pytest.fixture
def heads(settings: Settings) -> Heads:
    return Heads.of(settings)


async def write_history_anew(database: Database, since: int) -> None:
    """A whole chain, with its recorded head, that says something else from row `since` on."""
    async with database.write() as unit:
        await unit.execute("set local session_replication_role = replica")
        rows = await stored.read_after(unit, 0, limit=10_000)
        head = Head(0, GENESIS)
        for row in rows:
            new = replace(row, address="198.51.100.1") if row.sequence >= since else row
            new = replace(new, hash=chain_hash(head.hash, new))
            await unit.execute(
                "update audit_log set address = $2, hash = $3 where sequence = $1",
                new.sequence,
                new.address,
                new.hash,
            )
            head = Head(new.sequence, new.hash)
        await unit.execute("update audit_head set hash = $1", head.hash)


async def test_a_head_is_noted_once_for_what_there_is(database: Database, heads: Heads) -> None:
    clock = SystemClock()
    assert await heads.note(database, clock) is None, "nothing has happened yet"
    await fill(database)

    noted = await heads.note(database, clock)

    assert noted is not None
    assert (noted.sequence, noted.hash) == (ROWS, (await audit.read_head(database)).hash)
    assert await heads.note(database, clock) is None
    assert heads.read_all() == [noted]
    assert (await audit.verify(database, [noted])).intact
    assert [path.name for path in heads.directory.iterdir()] == [f"{ROWS:020}.json"]


async def test_history_that_was_written_anew_is_whole_and_still_found(
    database: Database, heads: Heads
) -> None:
    await fill(database)
    clock = SystemClock()
    await heads.note(database, clock)
    await fill(database)
    await heads.note(database, clock)
    for since, first in ((2 * ROWS, ROWS + 1), (ROWS + 1, ROWS + 1), (ROWS, 1), (5, 1)):
        await write_history_anew(database, since)
        assert (await audit.verify(database)).intact, "the chain alone shows nothing"

        verdict = await audit.verify(database, heads.read_all())

        assert (verdict.broken_at, verdict.fault) == (first, Fault.REWRITTEN), since


async def test_an_end_that_was_cut_off_together_with_the_recorded_head_is_found(
    database: Database, heads: Heads
) -> None:
    await fill(database)
    await heads.note(database, SystemClock())
    async with database.write() as unit:
        await unit.execute("set local session_replication_role = replica")
        await unit.execute("delete from audit_log where sequence > 40")
        await unit.execute(
            "update audit_head set (sequence, hash) ="
            " (select sequence, hash from audit_log where sequence = 40)"
        )
    assert (await audit.verify(database)).intact

    verdict = await audit.verify(database, heads.read_all())

    assert (verdict.broken_at, verdict.fault) == (41, Fault.CUT_OFF)


@pytest.mark.parametrize(
    "forgery",
    [
        {"sequence": 7},
        {"hash": "00" * 32},
        {"at": "2026-01-01T00:00:00Z"},
        {"kid": "0" * 32},
        {"kid": "../../audit"},
        {"signature": "00" * 64},
        {"signature": ""},
        {"signature": "no hexadecimal"},
        {"hash": 5},
        {"more": 1},
    ],
    ids=str,
)
async def test_a_head_that_was_changed_is_not_believed(
    database: Database, heads: Heads, forgery: dict[str, object]
) -> None:
    await fill(database)
    await heads.note(database, SystemClock())
    (path,) = heads.directory.glob("*.json")
    path.write_text(json.dumps(json.loads(path.read_bytes()) | forgery))
    with pytest.raises(HeadNotOurs):
        heads.read_all()


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", "{" * 10_000])
def test_a_file_that_is_no_head_is_named(heads: Heads, text: str) -> None:
    heads.directory.mkdir()
    (heads.directory / "1.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(HeadNotOurs, match=r"1\.json is not a head"):
        heads.read_all()


async def test_a_head_of_another_desk_is_not_believed(
    database: Database, heads: Heads, tmp_path: Path
) -> None:
    await fill(database)
    other = Heads.of(Settings(data_dir=tmp_path / "other"))
    await other.note(database, SystemClock())
    with pytest.raises(HeadNotOurs, match="a key that is not here"):
        heads.read_all(other.directory)


async def test_anybody_can_verify_a_head_with_the_public_key(
    database: Database, heads: Heads
) -> None:
    """As `docs/security.md` says it, with nothing of ours."""
    await fill(database)
    await heads.note(database, SystemClock())
    (path,) = heads.directory.glob("*.json")
    said = json.loads(path.read_bytes())
    kid, _, pem = heads.list_public_keys().partition("\n")
    key = serialization.load_pem_public_key(pem.encode())
    assert isinstance(key, Ed25519PublicKey)
    lines = ["plimsoll-audit-head-v1", str(said["sequence"]), said["hash"], said["at"], kid]
    key.verify(bytes.fromhex(said["signature"]), "\n".join(lines).encode())
    with pytest.raises(InvalidSignature):
        key.verify(bytes.fromhex(said["signature"]), "\n".join(reversed(lines)).encode())


def test_the_key_is_for_its_owner_only_and_not_one_of_those_for_tokens(
    heads: Heads, settings: Settings
) -> None:
    (path,) = (settings.data_dir / "keys" / "audit").glob("*.pem")
    assert path.stat().st_mode & 0o077 == 0
    assert not list((settings.data_dir / "keys").glob("*.pem"))
    assert heads.list_public_keys().startswith(path.stem)


def test_heads_can_be_kept_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    heads = Heads.of(Settings(data_dir=tmp_path / "desk", audit_heads_dir=elsewhere))
    assert heads.directory == elsewhere
