"""A person's own data over HTTP: handed out whole, and gone for good."""

import asyncio
import base64
import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.access.domain.totp import hotp, step_at
from plimsoll.access.service import audit
from plimsoll.kernel.clock import SystemClock
from plimsoll.kernel.identifiers import UserId
from plimsoll.operations.service import people
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.context import JobContext
from plimsoll.plumbing.jobs.job import JobKind, JobResult
from plimsoll.trading.service import verifying
from tests.conftest import PASSWORD, Person
from tests.journeys.tax_story import WISH, finish

Tables = dict[str, list[str]]

STAYS: Final = {
    "users": "an id without a person, that others name",
    "erasures": "that it was done",
    "audit_log": "the chain would break",
    "journal": "what came after could not be proved",
    "trading_accounts": "made of the journal",
    "revocations": "for a day: other processes hear of it by this",
    "minute_rollups": "counts of everybody",
}
"""Tables that may name an erased person by id, and why."""


async def everything(database: Database) -> Tables:
    """Every row of every table, as text."""
    async with database.read() as unit:
        names = await unit.fetch(
            "select table_name::text from information_schema.tables where table_schema = 'public'"
            " and table_type = 'BASE TABLE' and table_name not like 'candles%'"
        )
        return {
            name: [row[0] for row in await unit.fetch(f'select t::text from "{name}" t')]  # noqa: S608
            for (name,) in names
        }


def mentions(tables: Tables, *words: str) -> set[str]:
    return {name for name, rows in tables.items() if any(w in row for w in words for row in rows)}


@pytest.fixture
def database(app: FastAPI, client: httpx2.AsyncClient) -> Database:
    found: Database = app.state.database
    return found


async def post(person: Person, path: str, body: object) -> Any:
    answer = await person.http.post(path, json=body)
    assert answer.status_code in {200, 201, 202}, answer.text
    return answer.json()


TRACES: Final = (
    """
    insert into alert_conditions (id, user_id, kind, subject, comparison, threshold, hysteresis,
        cooldown_s, repeat, quiet_hours, channels, note, phase, created_at)
    values ($2, $1, 'price', 'btc/usd', 'above', 1e15, 0, 0, 'once', 'ignore', '{}', $3, 'armed',
        now())
    """,
    """
    insert into alert_events (condition_id, number, user_id, kind, subject, value, title, sentence,
        source, simulated, at)
    values ($2, 1, $1, 'price', 'btc/usd', 1, $3, '', 'simulated', true, now())
    """,
    """
    insert into alert_channels (id, user_id, kind, name, state, place, target, created_at,
        changed_at)
    values ($2, $1, 'webhook', $3, 'off', 'example.org', 'sealed', now(), now())
    """,
    """
    insert into alert_notifications (id, user_id, subject_kind, subject_of, title, body, at)
    values ($2, $1, 'pair', 'btc/usd', $3, '', now())
    """,
    """
    insert into alert_deliveries (user_id, notification_id, channel_id, state, due_at, gives_up_at,
        error, created_at)
    values ($1, $2, $2, 'dead', now(), now(), $3, now())
    """,
    """
    insert into second_factors (user_id, sealed_secret, created_at)
    values ($1, decode(replace($2::uuid::text, '-', ''), 'hex') || convert_to($3, 'UTF8'), now())
    """,
    """
    insert into recovery_codes (user_id, hash)
    select $1, sha256(convert_to($2::uuid::text || $3, 'UTF8'))
    """,
    """
    insert into tax_gifts (user_id, transaction_id, donor_cost, changed_at)
    select $1, $2, length($3), now()
    """,
    """
    insert into rejected_transfers (user_id, withdrawal_id, deposit_id, rejected_at)
    select $1, min(id::text)::uuid, max(id::text)::uuid, now() from transactions
    where user_id = $1 and $2::uuid::text || $3 is not null
    """,
)
"""What takes long to come to by itself: $1 a person, $2 an id, $3 a text of theirs."""


async def leave_traces(database: Database, person: Person) -> None:
    async with database.write() as unit:
        id_ = uuid4()
        for sql in TRACES:
            text: object = f"words of {person.email}"
            await unit.execute(sql, person.id, id_, text)


async def live(person: Person) -> None:
    """Something of everything a person may have."""
    await post(person, "/holdings", {"coin_id": "bitcoin", "quantity": "2", "price": "50000"})
    wallet = await post(person, "/wallets", {"name": f"{person.email}'s own"})
    staked = {"coin_id": "ethereum", "quantity": "1", "value": "9", "wallet_id": wallet["id"]}
    made = await post(person, "/transactions", {"kind": "staking", "legs": [staked]})
    await post(person, f"/transactions/{made['id']}/void", {})
    await post(person, "/auth/keys", {"name": f"bot of {person.email}", "scopes": ["read"]})
    trade = {"symbol": "BTC-PERP", "side": "long", "size": "1", "price": "60000", "leverage": 3}
    await post(person, "/trades/", trade | {"note": f"note of {person.email}"})
    await finish(person, await person.http.post("/tax/runs", json=WISH))
    await post(person, "/account/deposit", {"amount": "1000"})
    mark = float((await person.http.get("/market/price/BTC-PERP")).json()["mark"])
    order = {"symbol": "BTC-PERP", "side": "buy", "type": "limit", "quantity": "0.001"}
    placed = await post(person, "/orders", order | {"price": f"{mark * 0.96:.1f}"})
    cancelled = await person.http.post(f"/orders/{placed['id']}/cancel")
    assert cancelled.status_code == 200, cancelled.text


async def leave(person: Person, **other: str) -> httpx2.Response:
    body = {"password": PASSWORD, "reason": "moving on"} | other
    return await person.http.request("DELETE", "/me", json=body)


def lists_of(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert file.testzip() is None
        return {name: json.loads(file.read(name)) for name in file.namelist()}


async def test_everything_of_a_person_is_handed_out_and_nothing_of_another(
    ada: Person, ben: Person, database: Database
) -> None:
    for each in (ada, ben):
        await live(each)
        await leave_traces(database, each)
    answer = await ada.http.get("/me/data")
    assert answer.headers["content-type"] == "application/zip"
    lists = lists_of(answer)
    assert lists["account.json"][0]["email"] == ada.email
    bought = next(each for each in lists["legs.json"] if each["asset_id"] == "bitcoin")
    assert bought["quantity"] == "2.000000000000000000"
    assert lists["recorded_trades.json"][0]["note"] == f"note of {ada.email}"
    assert {each["status"] for each in lists["orders.json"]} == {"cancelled"}
    assert lists["tax_runs.json"][0]["jurisdiction"] == WISH["jurisdiction"]
    assert {"registered", "login"} <= {each["event"] for each in lists["audit_log.json"]}
    rows = lists.pop("about.json")["rows"]
    assert {f"{name}.json": count for name, count in rows.items()} == {
        name: len(found) for name, found in lists.items()
    }
    text = json.dumps(lists)
    assert ben.email not in text
    assert ben.id not in text
    for secret in ("argon2", "secret_hash", "sealed_secret", "cookie_hash"):
        assert secret not in text


async def test_a_list_is_made_of_every_table_that_names_a_person(database: Database) -> None:
    """A table that comes later is looked at here: handed out, or said why not."""
    handed_out = " ".join(section.sql for section in people.sections())
    async with database.read() as unit:
        names = await unit.fetch(
            "select distinct table_name::text from information_schema.columns"
            " where table_schema = 'public' and column_name = any($1)",
            ["user_id", "owner_id", "principal_id", "asked_by"],
        )
    missing = {name for (name,) in names if f"from {name} " not in handed_out}
    assert missing == {
        "ledger_heads",  # a count
        "valuation_heads",  # a count
        "checkpoints",  # holdings as they were, computed
        "idempotency_keys",  # of a week, without what was asked
        "recovery_codes",  # hashes
        "erasures",  # of those who are gone
        "cases",  # of the operator, about people
        "conduct_hours",  # counts behind cases
        "conduct_trades",
    }


async def test_whoever_leaves_is_gone_and_nobody_else_has_changed(
    ada: Person, ben: Person, client: httpx2.AsyncClient, database: Database
) -> None:
    for each in (ada, ben):
        await live(each)
        await leave_traces(database, each)
    held = (await ben.http.get("/holdings")).json()
    copied = lists_of(await ben.http.get("/me/data"))
    before = await everything(database)
    assert len(mentions(before, ada.id, ada.email)) > 15

    answer = await leave(ada)
    assert answer.status_code == 200, answer.text
    gone = answer.json()["removed"]
    assert gone["transactions"] == 3
    assert gone["api_keys"] == gone["recorded_trades"] == gone["tax_runs"] == 1

    after = await everything(database)
    assert mentions(after, ada.id) <= set(STAYS), "a table was forgotten"
    assert mentions(after, ada.email, f"bot of {ada.email}") == set()
    assert (await ada.http.get("/holdings")).status_code == 401
    signed_in = await client.post("/auth/login", json={"email": ada.email, "password": PASSWORD})
    assert (signed_in.status_code, signed_in.json()["code"]) == (401, "bad-credentials")

    assert (await ben.http.get("/holdings")).json() == held
    now = lists_of(await ben.http.get("/me/data"))
    for moving in ("about.json", "sessions.json"):
        assert now.pop(moving)
        assert copied.pop(moving)
    assert now == copied
    checks = await verifying.verify(database, from_start=True)
    assert [each for each in checks if each.fault] == []
    assert (await audit.verify(database)).intact

    again = {"email": ada.email, "password": PASSWORD}
    assert (await client.post("/auth/register", json=again)).status_code == 201
    fresh = await client.post("/auth/login", json=again)
    token = {"Authorization": f"Bearer {fresh.json()['access_token']}"}
    assert (await client.get("/holdings", headers=token)).json()["data"] == []


async def test_it_takes_the_password_once_more(ada: Person) -> None:
    refused = await leave(ada, password="something else entirely")
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong-password")
    assert (await ada.http.get("/holdings")).status_code == 200


async def test_where_there_is_a_second_factor_it_takes_a_code_that_is_fresh(
    ada: Person, database: Database
) -> None:
    enrolled = await post(ada, "/auth/totp", {"password": PASSWORD})
    secret = base64.b32decode(enrolled["secret"])
    step = step_at(SystemClock().now())
    shown = await post(ada, "/auth/totp/confirm", {"code": hotp(secret, step)})
    async with database.write() as unit:
        await unit.execute("update sessions set proved_at = now() - interval '11 minutes'")

    refused = await leave(ada)
    assert (refused.status_code, refused.json()["code"]) == (403, "fresh-code-needed")
    refused = await leave(ada, code=hotp(secret, step))
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong-code"), "used before"
    assert (await ada.http.get("/auth/me")).status_code == 200
    assert (await leave(ada, code=shown["recovery_codes"][0])).status_code == 200


async def test_an_api_key_neither_copies_nor_erases(
    ada: Person, client: httpx2.AsyncClient
) -> None:
    made = await ada.http.post("/auth/keys", json={"name": "bot", "scopes": ["read", "trade"]})
    bearer = {"Authorization": f"Bearer {made.json()['api_key']}"}
    body = {"password": PASSWORD, "reason": "mischief"}
    for method, path, sent in (("GET", "/me/data", None), ("DELETE", "/me", body)):
        refused = await client.request(method, path, headers=bearer, json=sent)
        assert (refused.status_code, refused.json()["code"]) == (403, "password-session-required")


async def test_positions_and_orders_are_closed_first(ada: Person) -> None:
    await post(ada, "/account/deposit", {"amount": "1000"})
    order = {"symbol": "BTC-PERP", "side": "buy", "type": "market", "quantity": "0.001"}
    await post(ada, "/orders", order)
    refused = await leave(ada)
    assert (refused.status_code, refused.json()["code"]) == (409, "still-trading")
    assert refused.json()["positions"] == 1
    assert (await ada.http.get("/auth/me")).status_code == 200
    await post(ada, "/orders", order | {"side": "sell"})
    assert (await leave(ada)).status_code == 200


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


async def test_a_job_that_runs_meanwhile_writes_nothing_afterwards(
    ada: Person, app: FastAPI, database: Database
) -> None:
    kind, begun = JobKind("test.late", Nothing), asyncio.Event()

    async def work(_: JobContext, __: Nothing) -> JobResult:
        begun.set()
        gone = "select from users where erased_at is not null"
        while not await database.once(gone):  # noqa: ASYNC110 - the database has no event for it
            await asyncio.sleep(0.01)
        async with database.write() as unit:
            await unit.execute(TRACES[0], ada.id, uuid4(), ada.email)
        return JobResult(link="/api/v1/holdings")

    app.state.jobs.register(kind, work)
    owner = UserId(UUID(ada.id))
    await app.state.jobs.start(database, kind, Nothing(), owner=owner)
    await begun.wait()
    assert (await leave(ada)).status_code == 200
    await asyncio.sleep(0.3)
    assert mentions(await everything(database), ada.email) == set()


async def test_a_copy_is_made_one_at_a_time(
    ada: Person, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    write = app.state.copies._write

    async def wait(*words: Any) -> None:
        begun.set()
        await go_on.wait()
        await write(*words)

    monkeypatch.setattr(app.state.copies, "_write", wait)
    first = asyncio.create_task(ada.http.get("/me/data"))
    await begun.wait()
    second = await ada.http.get("/me/data")
    assert (second.status_code, second.json()["code"]) == (429, "copy-under-way")
    assert second.headers["retry-after"] == "5"
    go_on.set()
    assert "account.json" in lists_of(await first)


async def test_nothing_append_only_is_deleted_but_by_an_erasure(
    ada: Person, ben: Person, database: Database
) -> None:
    await live(ada)
    await live(ben)
    named = "select set_config('plimsoll.erasing', $1, true)"

    async def attempt(*, name: str | None, ask: bool, whose: str) -> str:
        try:
            async with database.write() as unit:
                if ask:
                    await unit.execute(
                        "insert into erasures (user_id, asked_at, transaction)"
                        " values ($1, now(), pg_current_xact_id())",
                        ada.id,
                    )
                if name:
                    await unit.execute(named, name)
                await unit.execute("delete from recorded_trades where user_id = $1", whose)
                raise RollBackError
        except RollBackError:
            return "deleted"
        except Exception as error:  # noqa: BLE001 - whatever it says
            return str(error)

    append_only, another = "is append-only", "a row of somebody else"
    assert append_only in await attempt(name=None, ask=False, whose=ada.id)
    assert append_only in await attempt(name=ada.id, ask=False, whose=ada.id)
    assert append_only in await attempt(name=None, ask=True, whose=ada.id)
    assert another in await attempt(name=ada.id, ask=True, whose=ben.id)
    assert await attempt(name=ada.id, ask=True, whose=ada.id) == "deleted"


class RollBackError(Exception):
    pass
