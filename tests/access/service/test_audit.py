"""The audit log on a real table: whatever is done to it behind our back is found, at its place."""

import random

import asyncpg
import pytest

from plimsoll.access.domain.audit import Event, Fault, Happening
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
