"""Nobody reaches what is somebody else's: every route that takes an id, tried by everybody else.

The routes are read from the OpenAPI document, so a new one is walked the day it appears, and a
new kind of id fails here until `OBJECTS` says how to make one.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from plimsoll.alerts.domain.channels import Channel, ChannelId, ChannelKind, ChannelState
from plimsoll.alerts.service.sending import seal_name
from plimsoll.alerts.storage import channels, deliveries
from plimsoll.alerts.storage.channels import Sealed
from plimsoll.app import create_app
from plimsoll.kernel.identifiers import ImportId, UserId, new_id
from plimsoll.ledger.storage import imports
from plimsoll.ledger.storage.imports import NewImport
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.job import JobKind
from plimsoll.plumbing.jobs.runner import Jobs
from plimsoll.plumbing.webhooks import Secret
from plimsoll.settings import Settings
from tests.conftest import PASSWORD, Person
from tests.journeys.tax_story import WISH, finish

NOT_OWNED: Final = {
    "coin_id": "an asset of the catalogue: the same for everybody",
    "base": "an asset of the catalogue",
    "quote": "an asset of the catalogue",
    "symbol": "an instrument: the same for everybody",
    "jurisdiction": "rules of tax: the same for everybody",
    "year": "a year",
}
"""Path parameters that are nobody's, and why."""

NOT_COMPARED: Final = {
    "journal": "prices of the exchange move",
    "engine_lease": "and are counted",
    "alert_watch": "whose turn it is to watch is renewed every second",
    "audit_log": "being refused is an event",
    "audit_head": "moves with the log",
    "feed": "the simulated market goes on",
    "latest_prices": "and has other prices every second",
    "pairs": "and pairs that nobody had before",
    "conduct_progress": "compliance counts what happens on the exchange",
    "api_keys": "`last_used_at` moves when a key is tried; what else it holds is compared apart",
    "key_uses": "and the trial is counted",
    "sessions": "`last_seen_at` moves; what else it holds is compared apart",
    "signature_memory": "one row of nobody's, which moves on with the time when it is tidied",
    "minute_rollups": "every minute the requests of the one before are counted",
}
"""Tables that may change while nothing of the owner's does, and why."""

PUBLIC: Final = frozenset(
    {
        ("POST", "/api/v1/auth/register"),
        ("GET", "/api/v1/instruments"),
        ("GET", "/api/v1/instruments/{symbol}"),
        ("GET", "/api/v1/instruments/{symbol}/book"),
        ("GET", "/api/v1/instruments/{symbol}/trades"),
        ("GET", "/api/v1/instruments/{symbol}/funding"),
        ("GET", "/api/v1/market/price/{symbol}"),
        ("POST", "/api/v1/trades/simulate-margin"),
        ("POST", "/api/v1/auth/login"),
        ("POST", "/api/v1/auth/refresh"),
        ("POST", "/api/v1/auth/token"),
        ("GET", "/api/v1/meta"),
        ("GET", "/api/v1/tax/jurisdictions"),
        ("POST", "/api/v1/demo/session"),
        ("GET", "/api/v1/prices/{coin_id}"),
        ("GET", "/api/v1/prices/{base}/{quote}/current"),
        ("GET", "/api/v1/prices/{base}/{quote}/history"),
        ("GET", "/api/v1/assets"),
        ("GET", "/api/v1/markets"),
        ("GET", "/api/v1/markets/sources"),
        ("GET", "/api/v1/markets/volatility"),
        ("GET", "/api/v1/markets/{base}/{quote}"),
        ("GET", "/api/v1/markets/{base}/{quote}/candles"),
        ("GET", "/api/v1/markets/{base}/{quote}/indicators"),
        ("GET", "/api/v1/markets/{base}/{quote}/rating"),
        ("GET", "/api/v1/markets/{base}/{quote}/ratings"),
        ("GET", "/api/v1/indicators"),
        ("GET", "/api/v1/udf/config"),
        ("GET", "/api/v1/udf/history"),
        ("GET", "/api/v1/udf/search"),
        ("GET", "/api/v1/udf/symbols"),
        ("GET", "/api/v1/udf/time"),
        ("GET", "/health"),
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
        ("GET", "/metrics"),
    }
)
"""What anybody may call; from afar `/metrics` still wants the scope `admin`."""


UNDOCUMENTED: Final = frozenset(
    {
        "/docs",
        "/docs/{name}",
        "/openapi.json",
        "/api/v1/asyncapi.json",
        "/api/v1/trades",
        "/api/v1/stream",
        "/api/v1/ws",
    }
)
"""Public routes that the document does not name; `name` is a file that everybody may read."""


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    name: str
    ids: tuple[str, ...]
    """Path parameters that name an owned object."""
    body: dict[str, Any] | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    async def call(
        self, http: httpx2.AsyncClient, objects: dict[str, str], credential: str | None
    ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        path = self.path.format(**(dict.fromkeys(NOT_OWNED, "bitcoin") | objects))
        url = f"http://localhost{path}"
        query = QUERIES.get(self.name, {})
        return await http.request(self.method, url, params=query, headers=headers, json=self.body)


UNITS: Final = {"transaction_id": str(uuid4()), "coin_id": "bitcoin", "quantity": "1"}
BODIES: Final[dict[str, dict[str, Any]]] = {
    "amend_order": {"quantity": "0.002"},
    "change_alert": {"note": "n"},
    "snooze_alert": {"seconds": 60},
    "put_treatment": {"treatment": "free"},
    "put_picks": {"units": [UNITS]},
    "put_gift": {"donor_cost": "1"},
    "confirm_channel": {"code": "12345678"},
    "change_channel": {"name": "other"},
    "replace_channel_secret": {"overlap_s": 60},
}
"""What the owner may send; nothing, where it is not said."""
QUERIES: Final = {"read_picks": {"jurisdiction": "us"}}
"""What has to be asked with."""
OPERATORS_ONLY: Final = frozenset(
    {
        "acknowledge_case",
        "approve",
        "assign_case",
        "disable_person",
        "enable_person",
        "read_approval",
        "read_case",
        "resolve_case",
        "refuse",
        "set_trading_tier",
        "sign_person_out",
    }
)
"""They name a person, or what operators do, and nobody but those who run the desk may at all."""


def operations() -> Iterator[Operation]:
    document = create_app(Settings(), "").openapi()
    for path, methods in document["paths"].items():
        for method, facts in methods.items():
            named = [each["name"] for each in facts.get("parameters", ()) if each["in"] == "path"]
            yield Operation(
                method.upper(),
                path,
                facts["operationId"],
                tuple(name for name in named if name not in NOT_OWNED),
                BODIES.get(facts["operationId"], {}) if "requestBody" in facts else None,
            )


OPERATIONS: Final = tuple(operations())
OWNED: Final = tuple(each for each in OPERATIONS if each.ids and each.name not in OPERATORS_ONLY)

ENDED: Final = JobKind("test.of-no-process", dict[str, str])
READY: Final = {
    "confirm_channel": """
        update alert_channels set kind = 'email', state = 'unconfirmed',
            code_until = now() + interval '1 hour',
            code_hash = sha256(uuid_send(id) || '12345678'::bytea)
    """,
    "undo_import": "update imports set state = 'committed'",
}
"""What has to be so before the owner may."""

Make = Callable[[Person, FastAPI], Awaitable[str]]


async def make_holding(owner: Person, _: FastAPI) -> str:
    purchase = {"coin_id": "bitcoin", "quantity": "2", "price": "50000"}
    made = await owner.http.post("/holdings", json=purchase)
    return str(made.json()["id"])


async def make_transaction(owner: Person, _: FastAPI) -> str:
    income = {"kind": "staking", "legs": [{"coin_id": "ethereum", "quantity": "1", "value": "9"}]}
    made = await owner.http.post("/transactions", json=income)
    return str(made.json()["id"])


async def make_key(owner: Person, _: FastAPI) -> str:
    made = await owner.http.post("/auth/keys", json={"name": "bot", "scopes": ["read"]})
    return str(made.json()["id"])


async def make_session(owner: Person, _: FastAPI) -> str:
    """Another one than that which asks."""
    login = {"email": owner.email, "password": PASSWORD}
    assert (await owner.http.post("/auth/login", json=login)).status_code == 200
    listed = (await owner.http.get("/auth/sessions")).json()["data"]
    return str(next(each["id"] for each in listed if not each["current"]))


async def make_channel(owner: Person, app: FastAPI) -> str:
    """One that leads nowhere: what is sent there is refused before it leaves."""
    sealer, now = app.state.access.sealer, app.state.clock.now()
    user_id, channel_id = UserId(UUID(owner.id)), ChannelId(new_id())
    name = seal_name(channel_id)
    url = sealer.seal(b"https://127.0.0.1/", of=name)
    secret = sealer.seal(Secret(bytes(32)).reveal().encode(), of=name)
    kind, on = ChannelKind.WEBHOOK, ChannelState.ON
    channel = Channel(channel_id, user_id, kind, "bot", on, None, "…", None, now, now)
    async with app.state.database.write() as unit:
        await channels.insert(unit, channel, Sealed(url, secret), None)
    return str(channel_id)


async def make_delivery(owner: Person, app: FastAPI) -> str:
    """Of a test that nobody took."""
    channel_id = await make_channel(owner, app)
    async with app.state.database.write() as unit:
        delivery_id = await deliveries.plan_test(
            unit,
            UserId(UUID(owner.id)),
            ChannelId(UUID(channel_id)),
            at=app.state.clock.now(),
            title="t",
            body="b",
        )
        await unit.execute("update alert_deliveries set state = 'dead' where id = $1", delivery_id)
    return str(delivery_id)


async def make_job(owner: Person, app: FastAPI) -> str:
    """One that was cancelled: its events come to an end, and it can be cancelled again."""
    jobs: Jobs = app.state.jobs
    made = await jobs.start(app.state.database, ENDED, {}, owner=UserId(UUID(owner.id)))
    cancelled = await owner.http.delete(f"/jobs/{made}")
    assert cancelled.json()["state"] == "cancelled", cancelled.text
    return str(made)


async def make_order(owner: Person, _: FastAPI) -> str:
    """Far away from the market, so that it rests."""
    await owner.http.post("/account/deposit", json={"amount": "1000"})
    mark = float((await owner.http.get("/market/price/BTC-PERP")).json()["mark"])
    order = {"symbol": "BTC-PERP", "side": "buy", "type": "limit", "quantity": "0.001"}
    made = await owner.http.post("/orders", json=order | {"price": f"{mark * 0.96:.1f}"})
    return str(made.json()["id"])


async def make_trade(owner: Person, _: FastAPI) -> str:
    trade = {"symbol": "BTC-PERP", "side": "long", "size": "1", "price": "60000", "leverage": 3}
    made = await owner.http.post("/trades/", json=trade)
    return str(made.json()["id"])


async def make_import(owner: Person, app: FastAPI) -> str:
    """One that was read: by nobody, to be quick."""
    new = NewImport(ImportId(new_id()), UserId(UUID(owner.id)), "file", new_id().bytes, 9, None)
    jobs: Jobs = app.state.jobs
    async with app.state.database.write() as unit:
        job_id = await jobs.start(unit, ENDED, {}, owner=new.user_id)
        await imports.add(unit, new, job_id)
        await unit.execute("update imports set state = 'preview' where id = $1", new.id)
    cancelled = await owner.http.delete(f"/jobs/{job_id}")
    assert cancelled.status_code == 200, cancelled.text
    return str(new.id)


async def make_end(owner: Person, kind: str, quantity: str, wallet_id: str | None) -> str:
    leg = {"coin_id": "solana", "quantity": quantity, "value": "9", "wallet_id": wallet_id}
    entry = {"kind": kind, "legs": [leg], "occurred_at": "2024-05-02T00:00:00Z"}
    return str((await owner.http.post("/transactions", json=entry)).json()["id"])


async def make_withdrawal(owner: Person, _: FastAPI) -> str:
    bought = {"coin_id": "solana", "quantity": "2", "price": "9"}
    await owner.http.post("/holdings", json=bought | {"occurred_at": "2024-05-01T00:00:00Z"})
    return await make_end(owner, "withdrawal", "-2", None)


async def make_deposit(owner: Person, _: FastAPI) -> str:
    """What the withdrawal may have been."""
    wallet = await owner.http.post("/wallets", json={"name": f"where it arrived {new_id().hex}"})
    return await make_end(owner, "deposit", "2", wallet.json()["id"])


async def make_issue(owner: Person, _: FastAPI) -> str:
    """That nobody has said whether these two are one transfer."""
    return str((await owner.http.get("/data-quality")).json()["data"][0]["id"])


async def make_account(owner: Person, _: FastAPI) -> str:
    await owner.http.post("/account/deposit", json={"amount": "1000"})
    return owner.id


async def make_tax_run(owner: Person, _: FastAPI) -> str:
    job = await finish(owner, await owner.http.post("/tax/runs", json=WISH))
    return str(job["result"]["facts"]["run_id"])


async def name_tax_file(_: Person, __: FastAPI) -> str:
    return "audit.json"


async def make_alert(owner: Person, _: FastAPI) -> str:
    """One that never fires."""
    subject = {"kind": "price", "of": "btc/usd"}
    alert = {"subject": subject, "comparison": "above", "threshold": "1000000000000"}
    return str((await owner.http.post("/alerts", json=alert)).json()["id"])


OBJECTS: Final[dict[str, Make]] = {
    "alert_id": make_alert,
    "run_id": make_tax_run,
    "file_name": name_tax_file,
    "holding_id": make_holding,
    "transaction_id": make_transaction,
    "key_id": make_key,
    "session_id": make_session,
    "channel_id": make_channel,
    "delivery_id": make_delivery,
    "job_id": make_job,
    "order_id": make_order,
    "trade_id": make_trade,
    "import_id": make_import,
    "withdrawal_id": make_withdrawal,
    "deposit_id": make_deposit,
    "issue_id": make_issue,
    "user_id": make_account,
}
"""How the owner comes to one object of each kind, by the name of its path parameter."""
NEEDED: Final = {"issue_id": ("withdrawal_id", "deposit_id")}
"""Kinds that there has to be one of before."""


Shared = tuple[FastAPI, httpx2.AsyncClient]


@pytest.fixture(scope="module")
def app(shared_client: Shared) -> FastAPI:
    """One for all operations."""
    return shared_client[0]


@pytest.fixture(scope="module")
def client(shared_client: Shared) -> httpx2.AsyncClient:
    return shared_client[1]


@pytest.fixture
def database(app: FastAPI) -> Database:
    found: Database = app.state.database
    return found


@dataclass(frozen=True, slots=True)
class Scene:
    """An owner with objects, and everybody else."""

    owner: Person
    other: Person
    objects: dict[str, str]
    powerless_keys: tuple[str, str]
    """Of the owner, with none of the scopes that routes need: those of imports, and all others."""
    revoked_key: str


SetScene = Callable[[Collection[str]], Awaitable[Scene]]


@pytest.fixture
def set_scene(ada: Person, ben: Person, app: FastAPI) -> SetScene:
    """Sets it with one object of each of the kinds, and of those that they need."""

    async def set_scene(kinds: Collection[str]) -> Scene:
        wanted = {*kinds, *(each for kind in kinds for each in NEEDED.get(kind, ()))}
        objects = {name: await OBJECTS[name](ada, app) for name in OBJECTS if name in wanted}
        await make_holding(ben, app)  # who owns something himself is not refused for want of it
        powerless = [
            (await ada.http.post("/auth/keys", json={"name": "a", "scopes": scopes})).json()
            for scopes in (["trade"], ["import"])
        ]
        revoked = await ada.http.post("/auth/keys", json={"name": "b", "scopes": ["read", "trade"]})
        gone = await ada.http.delete(f"/auth/keys/{revoked.json()['id']}")
        assert gone.status_code == 204
        first, second = (each["api_key"] for each in powerless)
        return Scene(ada, ben, objects, (first, second), revoked.json()["api_key"])

    return set_scene


UNDER_WAY: Final = """
    select id from jobs where state in ('queued', 'running')
    union all select id from alert_deliveries
        where state = 'waiting' and due_at < now() + interval '3 seconds'
"""


async def calm_state_of(database: Database) -> dict[str, str]:
    """`state_of`, when nothing is left to do of what tests before began."""
    for _ in range(3_000):
        if not await database.once(UNDER_WAY):
            return await state_of(database)
        await asyncio.sleep(0.02)
    raise AssertionError("a job does not end")


async def state_of(database: Database) -> dict[str, str]:
    """Every table as a hash of its rows."""
    async with database.read() as unit:
        tables = await unit.fetch(
            "select table_name::text from information_schema.tables where table_schema = 'public'"
            " and table_name not like '%candles%'"  # they close whoever asks
        )
        state = {}
        for (table,) in tables:
            if table not in NOT_COMPARED:
                rows = await unit.fetch(f'select t::text from "{table}" t order by 1')  # noqa: S608
                state[table] = hashlib.sha256(repr(rows).encode()).hexdigest()
        keys = await unit.fetch(
            "select id, name, scopes, revoked_at, expires_at, rotated_to from api_keys order by id"
        )
        sessions = await unit.fetch("select id, user_id, ended_at from sessions order by id")
        return state | {"api_keys": repr(keys), "sessions": repr(sessions)}


def test_every_kind_of_id_has_an_object_to_try() -> None:
    unknown = {name for each in OWNED for name in each.ids} - set(OBJECTS)
    assert unknown == set(), "say in OBJECTS how to make one, or in NOT_OWNED why nobody owns it"
    assert {name for each in OWNED for name in each.ids} == set(OBJECTS), "an object too many"


def test_the_document_names_every_route_but_those_around_the_documentation() -> None:
    app = create_app(Settings(), "")
    routes = {str(context.path) for context in iter_route_contexts(app.routes)}
    assert routes - set(app.openapi()["paths"]) == UNDOCUMENTED


@pytest.mark.parametrize("operation", OWNED, ids=str)
async def test_an_object_is_for_its_owner_only(
    operation: Operation, set_scene: SetScene, client: httpx2.AsyncClient, database: Database
) -> None:
    scene = await set_scene(operation.ids)
    before = await calm_state_of(database)

    async def attempt(
        credential: str | None, objects: dict[str, str] = scene.objects
    ) -> tuple[int, str]:
        answer = await operation.call(client, objects, credential)
        return answer.status_code, answer.json()["code"]

    invented = {name: str(uuid4()) for name in scene.objects}
    stranger = await attempt(scene.other.token)
    assert stranger[0] == 404
    assert stranger == await attempt(scene.other.token, invented), "existence is not told"
    assert await attempt(None) == (401, "unauthenticated")
    powerless = scene.powerless_keys["import_id" not in operation.ids]
    assert (await attempt(powerless))[0] == 403
    assert (await attempt(scene.revoked_key))[0] == 401
    assert await state_of(database) == before

    # and the walk can fail: with the owner's own token the same request is let in
    if operation.name in READY:
        await database.once(READY[operation.name])
    mine = await operation.call(client, scene.objects, scene.owner.token)
    assert mine.status_code < 300, mine.text


async def test_a_transaction_does_not_reach_into_somebody_elses_wallet(
    ada: Person, ben: Person, database: Database, app: FastAPI
) -> None:
    wallet = (await ada.http.post("/wallets", json={"name": "cold"})).json()["id"]
    await make_holding(ada, app)
    await make_holding(ben, app)
    before = await calm_state_of(database)
    purchase = {"coin_id": "bitcoin", "quantity": "1", "price": "1", "wallet_id": wallet}
    leg = {"coin_id": "bitcoin", "quantity": "-1"}
    transfer = {
        "kind": "transfer",
        "legs": [leg, {"coin_id": "bitcoin", "quantity": "1", "wallet_id": wallet}],
    }
    for path, body in (("/holdings", purchase), ("/transactions", transfer)):
        refused = await ben.http.post(path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (404, "wallet-not-found")
    for path in ("/holdings", "/transactions"):
        seen = await ben.http.get(path, params={"wallet_id": wallet})
        assert seen.json()["data"] == []
    assert await state_of(database) == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_without_a_credential_only_what_is_public_answers(
    operation: Operation, client: httpx2.AsyncClient, app: FastAPI
) -> None:
    objects = {name: str(uuid4()) for each in OPERATIONS for name in each.ids}
    answer = await operation.call(client, objects, None)
    public = (operation.method, operation.path) in PUBLIC
    assert (answer.status_code != 401) is public, answer.text
    if not public:
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_what_is_listed_is_the_callers_own(set_scene: SetScene) -> None:
    scene = await set_scene(OBJECTS)
    lists = (
        "/holdings",
        "/transactions",
        "/wallets",
        "/alert-channels",
        "/alert-deliveries",
        "/auth/keys",
        "/auth/sessions",
        "/portfolio/history",
        "/jobs",
        "/imports",
        "/data-quality",
        "/alerts",
        "/tax/runs",
        "/orders",
        "/trades/recent",
    )
    for path in lists:
        mine = {row["id"] for row in (await scene.owner.http.get(path)).json()["data"]}
        theirs = {row["id"] for row in (await scene.other.http.get(path)).json()["data"]}
        assert mine, path
        assert not mine & theirs, path
