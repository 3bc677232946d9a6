"""The audit log on a real table: whatever is done to it behind our back is found, at its place."""

import json
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.access.domain.audit import (
    GENESIS,
    Event,
    Fact,
    Fault,
    Happening,
    Row,
    canonical,
    chain_hash,
)
from plimsoll.access.service import audit
from plimsoll.access.storage import audit as stored
from plimsoll.kernel.clock import SystemClock
from plimsoll.kernel.identifiers import new_id
from plimsoll.plumbing.database import Database, Unit
from tests.access.desk import Desk, sign_up

ROWS = 60


async def fill(database: Database) -> None:
    clock = SystemClock()
    async with database.write() as unit:
        for number in range(ROWS):
            await stored.append(
                unit,
                Happening(
                    list(Event)[number % len(Event)],
                    clock.now(),
                    user_id=new_id(),
                    subject=f"thing {number}",
                    address="192.0.2.1",
                    facts={"number": number, "text": "ä\n\"'", "none": None, "yes": True},
                ),
            )


async def behind_our_back(unit: Unit, sql: str, *args: object) -> None:
    await unit.execute("set local session_replication_role = replica")
    assert not (await unit.execute(sql, *args)).endswith(" 0")


async def test_an_untouched_log_is_intact(database: Database) -> None:
    await fill(database)
    verdict = await audit.verify(database)
    assert verdict.intact
    assert verdict.rows == verdict.head.sequence == ROWS


async def test_an_empty_log_is_intact(database: Database) -> None:
    assert (await audit.verify(database)).intact


CHANGES = (
    "at = at + interval '1 microsecond'",
    "event = event || 'x'",
    "user_id = gen_random_uuid()",
    "user_id = null",
    "subject = subject || ' '",
    "subject = null",
    "address = '192.0.2.2'",
    "facts = facts || '{\"number\": -1}'",
    "facts = facts - 'none'",
    "facts = '{}'",
    "facts = '[]'",
    "facts = facts || '{\"number\": 1.0}'",
    "hash = sha256(hash)",
)


RESTORE = """
    update audit_log set (at, event, user_id, subject, address, facts, hash)
        = (select at, event, user_id, subject, address, facts, hash from kept)
    where sequence = $1
"""


async def test_any_changed_field_is_found_at_its_row(database: Database) -> None:
    await fill(database)
    dice = random.Random(1)  # noqa: S311 - the same places in every run
    for trial in range(5 * len(CHANGES)):
        change, place = CHANGES[trial % len(CHANGES)], dice.randint(1, ROWS)
        async with database.write() as unit:
            await unit.execute("drop table if exists kept")
            await unit.execute("create table kept as table audit_log with no data")
            await unit.execute(
                "insert into kept select * from audit_log where sequence = $1", place
            )
            await behind_our_back(
                unit,
                f"update audit_log set {change} where sequence = $1",  # noqa: S608
                place,
            )

        verdict = await audit.verify(database)

        assert (verdict.broken_at, verdict.fault) == (place, Fault.CHANGED), change
        async with database.write() as unit:
            await behind_our_back(unit, RESTORE, place)
    assert (await audit.verify(database)).intact


async def test_a_removed_row_is_found(database: Database) -> None:
    await fill(database)
    # From the end, so that each is the first that is missing.
    for place in (ROWS - 1, 41, 40, 7, 1):
        async with database.write() as unit:
            await behind_our_back(unit, "delete from audit_log where sequence = $1", place)

        verdict = await audit.verify(database)

        assert (verdict.broken_at, verdict.fault) == (place, Fault.MISSING)


async def test_two_rows_that_changed_places_are_found(database: Database) -> None:
    await fill(database)
    async with database.write() as unit:
        for old, new in ((17, -1), (40, 17), (-1, 40)):
            await behind_our_back(
                unit, "update audit_log set sequence = $2 where sequence = $1", old, new
            )

    assert (await audit.verify(database)).broken_at == 17


async def test_a_log_that_was_cut_off_is_found(database: Database) -> None:
    await fill(database)
    for kept in (ROWS - 1, 30, 1, 0):
        async with database.write() as unit:
            await behind_our_back(unit, "delete from audit_log where sequence > $1", kept)

        verdict = await audit.verify(database)

        assert (verdict.broken_at, verdict.fault) == (kept + 1, Fault.CUT_OFF)


Dice = random.Random
Tampering = Callable[[Unit, Dice, int], Awaitable[int]]
"""What somebody does to the row at a place, or from there on; the first row that is no longer as it
was written.
"""
COPY_ROW = """
    insert into audit_log
    select $2, at, event, user_id, subject, address, facts, hash from audit_log where sequence = $1
"""


async def change(unit: Unit, dice: Dice, place: int) -> int:
    await unit.execute(
        f"update audit_log set {dice.choice(CHANGES)} where sequence = $1",  # noqa: S608
        place,
    )
    return place


async def remove(unit: Unit, dice: Dice, place: int) -> int:
    last = dice.choice((place, dice.randint(place, ROWS)))
    await unit.execute("delete from audit_log where sequence between $1 and $2", place, last)
    return place


async def cut(unit: Unit, _: Dice, place: int) -> int:
    await unit.execute("delete from audit_log where sequence >= $1", place)
    return place


async def swap(unit: Unit, dice: Dice, place: int) -> int:
    other = dice.choice([each for each in range(1, ROWS + 1) if each != place])
    for old, new in ((place, -1), (other, place), (-1, other)):
        await unit.execute("update audit_log set sequence = $2 where sequence = $1", old, new)
    return min(place, other)


async def insert(unit: Unit, dice: Dice, place: int) -> int:
    """What follows moves up, and the head with it."""
    up = "update audit_log set sequence = -sequence - 1 where sequence >= $1"
    await unit.execute(up, place)
    await unit.execute("update audit_log set sequence = -sequence where sequence < 0")
    await unit.execute(COPY_ROW, dice.choice([*range(1, place), ROWS]), place)
    await unit.execute("update audit_head set sequence = sequence + 1")
    return place


async def put_before(unit: Unit, _: Dice, place: int) -> int:
    await unit.execute(COPY_ROW, place, -place)
    return -place


async def put_behind(unit: Unit, _: Dice, place: int) -> int:
    await unit.execute(COPY_ROW, place, ROWS + 1 + place)
    return ROWS + 1


TAMPERINGS: tuple[Tampering, ...] = (change, remove, cut, swap, insert, put_before, put_behind)


class Undo(Exception):
    """Ends a transaction without a trace."""


async def test_of_a_thousand_tamperings_each_is_found_at_its_first_row(database: Database) -> None:
    await fill(database)
    dice = random.Random(2)  # noqa: S311 - the same in every run
    for trial in range(1000):
        with suppress(Undo):
            async with database.write() as unit:
                await unit.execute("set local session_replication_role = replica")
                tampering = dice.choice(TAMPERINGS)
                place = await tampering(unit, dice, dice.randint(1, ROWS))
                verdict = await audit.verify_within(unit, batch=dice.randint(1, ROWS + 5))
                assert not verdict.intact
                assert verdict.broken_at == place, (trial, tampering, verdict.fault)
                raise Undo
    assert (await audit.verify(database)).intact


async def test_a_row_that_was_sealed_anew_breaks_the_next_one(database: Database) -> None:
    """Whoever knows how hashes are made, but not those that follow."""
    await fill(database)
    async with database.write() as unit:
        (before, row) = await stored.read_after(unit, 29, limit=2)
        forged = replace(row, event="nothing-happened")
        forged = replace(forged, hash=chain_hash(before.hash, forged))
        await behind_our_back(
            unit,
            "update audit_log set event = $2, hash = $3 where sequence = $1",
            31,
            forged.event,
            forged.hash,
        )
    verdict = await audit.verify(database)
    assert (verdict.broken_at, verdict.fault) == (32, Fault.CHANGED)


FACTS = st.dictionaries(
    st.text(max_size=6).filter(lambda text: "\0" not in text),
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8).filter(lambda text: "\0" not in text),
    max_size=5,
)
TEXTS = st.none() | st.text(max_size=12)


@given(
    st.integers(1, 2**63 - 1),
    st.datetimes(timezones=st.just(UTC)),
    TEXTS,
    st.none() | st.uuids(),
    TEXTS,
    FACTS,
)
def test_the_quick_text_of_a_row_is_the_slow_one(
    sequence: int,
    at: datetime,
    subject: str | None,
    user_id: UUID | None,
    address: str | None,
    facts: dict[str, Fact],
) -> None:
    row = Row(sequence, at, "login", user_id, subject, address, facts, GENESIS)
    text = json.dumps(facts)
    record = (sequence, at, "login", user_id, subject, address, text, GENESIS)
    quick = audit.quick_canonical(record)
    # A number beyond 64 bits is left to the slow one; no other may be.
    assert quick == canonical(row) or any(
        isinstance(fact, int) and not -(2**63) <= fact < 2**64 for fact in facts.values()
    )


async def test_the_table_itself_refuses_changes(database: Database) -> None:
    await fill(database)
    for sql in (
        "update audit_log set address = '' where sequence = 1",
        "delete from audit_log where sequence = 1",
        "truncate audit_log",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            async with database.write() as unit:
                await unit.execute(sql)


async def test_what_happens_over_http_is_in_the_log(database: Database, desk: Desk) -> None:
    async with desk.client("192.0.2.9") as http:
        ada = await sign_up(http)
        await http.post(
            "/api/v1/auth/login", json={"email": ada.email, "password": "not the password"}
        )
        await http.post("/api/v1/auth/refresh", json={"refresh_token": ada.refresh_token})
        await http.post("/api/v1/auth/refresh", json={"refresh_token": ada.refresh_token})

    async with database.read() as unit:
        rows = await stored.read_after(unit, 0, limit=100)
    assert [row.event for row in rows] == ["registered", "login", "login-failed", "refresh-reused"]
    assert {row.address for row in rows} == {"192.0.2.9"}
    assert (await audit.verify(database)).intact


async def test_what_another_slice_has_done_is_added_to_the_chain(database: Database) -> None:
    await fill(database)
    at = SystemClock().now()
    done = Happening(Event.PRICE_SET, at, subject="BTC-PERP", facts={"reason": "a drill", "seq": 7})
    await audit.record(database, done)

    verdict = await audit.verify(database)
    assert (verdict.intact, verdict.rows) == (True, ROWS + 1)
    async with database.read() as unit:
        (row,) = await stored.read_after(unit, ROWS, limit=2)
    assert (row.event, row.subject, row.facts) == ("price-set", "BTC-PERP", done.facts)
