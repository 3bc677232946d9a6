"""Who may call what: every operation and every live channel, asked by everybody.

What should be follows from the guard that a route declares, and from whose object its path names;
what is, is measured. Both make one table, docs/routes-and-roles.md, written anew by

    ROUTES_AND_ROLES=write .venv/bin/python -m pytest tests/journeys/test_routes_and_roles.py -n 0
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from plimsoll.access.domain.principals import Scope
from plimsoll.app import create_app
from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.operations.domain.cases import (
    Closing,
    Evidence,
    Finding,
    Rule,
    Severity,
    Subject,
    Terms,
    Zone,
    advance,
)
from plimsoll.operations.storage import cases
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from plimsoll.settings import Sensitive
from tests.conftest import Person, cloned, easy, running
from tests.journeys.everyone import OWN, Door, Everyone, Let, Who, doors, gather, sign_up
from tests.journeys.examples import NOBODY, Example
from tests.journeys.test_awkward_values import EXAMPLES
from tests.journeys.test_other_user import (
    BODIES,
    NEEDED,
    OBJECTS,
    OPERATIONS,
    OWNED,
    READY,
    Operation,
    calm_state_of,
)
from tests.plumbing.raw_http import listening
from tests.plumbing.streams.desk import Ear, ask

pytestmark = [pytest.mark.xdist_group("routes-and-roles"), pytest.mark.timeout(300)]

PAGE: Final = Path(__file__).parents[2] / "docs" / "routes-and-roles.md"
INTRODUCTION: Final = """# Who may call what

Every operation and every live channel, asked by everybody; written by the test that asks them
(`tests/journeys/test_routes_and_roles.py`) and compared with the answers at each run.

The *user* owns the object that a path names, and the keys are theirs. `in`: the request is
answered, or refused for what it asks and not for who asks. `404`: somebody else's object is as
unknown as none. Private live channels are about the caller's own. *Guard* is what the route
declares: `stranger` looks at no credential, `anyone` takes all but a bad one, `password` wants a
session and no key, the others want these scopes.
"""

SEEN_BY_OVERSEERS: Final = frozenset({"read_account", "list_entries"})
"""Of these, those who oversee see everybody's."""
ENDS_THE_SESSION: Final = ("logout", "end_sessions")
CHANNELS: Final[dict[str, dict[str, Any]]] = {
    "prices": {"symbols": ["btc/usd"]},
    "sources": {},
    "volatility": {},
    "candles": {"symbols": ["btc/usd"]},
    "indicators": {"symbols": ["btc/usd"], "names": "rsi(14)"},
    "book": {"symbols": ["BTC-PERP"]},
    "trades": {"symbols": ["BTC-PERP"]},
    "mark": {"symbols": ["BTC-PERP"]},
    "funding": {"symbols": ["BTC-PERP"]},
    "orders": {},
    "fills": {},
    "liquidations": {},
    "positions": {},
    "account": {},
    "alerts": {},
}
"""What to ask for on each."""
PRIVATE: Final = frozenset({"orders", "fills", "liquidations", "positions", "account", "alerts"})
NAMES: Final = {
    "jurisdiction": "us",
    "year": "2025",
    "coin_id": "bitcoin",
    "base": "btc",
    "quote": "usd",
    "symbol": "BTC-PERP",
}
"""What a path names that nobody owns."""
WISHES: Final = BODIES | {"answer_import": {"skip": [3]}}
"""Bodies that name nothing that is not there, where the example does."""
NAMED: Final = {each.name: each for each in OPERATIONS}
GIVEN_BACK: Final = {"remove_valuation": "save_valuation"}
"""What is asked by name and not by id, and what makes it again."""
ABOUT_SOMEBODY: Final = frozenset(
    {"disable_person", "enable_person", "sign_person_out", "set_trading_tier"}
)
"""Done to a person of its own each time, or the others would be sent away."""
NOT_KNOWN: Final = frozenset(
    {"unauthenticated", "bad-api-key", "bad-session", "bad-token", "expired-token"}
)
ABOUT_ITSELF: Final = frozenset({"no-position", "no-demo"})
NOT_ALLOWED: Final = frozenset(
    {"scope-missing", "password-session-required", "second-factor-required"}
)


def let(status: int, code: str) -> Let:
    """To have no position is an answer about the caller's own account, and that a desk is no demo
    one about the desk.
    """
    if status == 401 and code in NOT_KNOWN:
        return Let.UNKNOWN
    if status == 403 and code in NOT_ALLOWED:
        return Let.FORBIDDEN
    return Let.NOT_FOUND if status == 404 and code not in ABOUT_ITSELF else Let.IN


def expected(operation: Operation, door: Door, who: Who) -> Let:
    """By the guard, and by whose object it is."""
    at_the_door = door.lets(who)
    if at_the_door is not Let.IN or operation not in OWNED or who in OWN:
        return at_the_door
    sees_it = operation.name in SEEN_BY_OVERSEERS and who in {Who.OPERATOR, Who.REGULATOR}
    return Let.IN if sees_it else Let.NOT_FOUND


def expected_on(channel: str, who: Who) -> Let:
    """Private channels are about the caller's own, and need the scope `read`."""
    private = Door(open_to_all=False, scopes=(Scope.READ,))
    return (private if channel in PRIVATE else Door()).lets(who)


async def open_case(app: FastAPI, person: Person) -> str:
    """As if a rule had found something about them."""
    state = app.state
    now = state.clock.now()
    finding = Finding(
        Rule.NEW_PLACE,
        Subject(UserId(UUID(person.id)), f"place {new_id().hex}"),
        Zone.BREACHED,
        Severity.LOW,
        Evidence(now, Decimal(1)),
        Terms(Closing.BY_PERSON, timedelta(0)),
        "a test",
    )
    async with state.database.write() as unit:
        ((case_id, _),) = await cases.save(unit, [], advance([], [finding], now))
    return str(case_id)


async def ask_for_approval(operator: Person) -> str:
    """Something that needs a second operator, who has not looked at it yet."""
    wish = {"account_notional": "0", "venue_notional": "0", "orders_per_second": 50}
    reason = {"reason": new_id().hex}
    asked = await operator.http.put("/trading/limits", json=wish | reason)
    assert asked.json()["code"] == "second-operator-needed", asked.text
    return str(asked.json()["approval_id"])


@dataclass(slots=True)
class World:
    """A running desk with everybody in it."""

    app: FastAPI
    client: httpx2.AsyncClient
    everyone: Everyone
    stack: AsyncExitStack

    async def objects(self, operation: Operation) -> dict[str, str]:
        """One of each kind that it needs, of the owner where they have one."""
        if operation.name in ABOUT_SOMEBODY:
            return {"user_id": (await sign_up(self.app, self.client, self.stack)).id}
        owner = self.everyone.people[Who.USER]
        made = {}
        for name in operation.ids:
            for each in (*NEEDED.get(name, ()), name):
                if each == "case_id":
                    made[each] = await open_case(self.app, owner)
                elif each == "approval_id":
                    made[each] = await ask_for_approval(self.everyone.colleague)
                else:
                    made[each] = await OBJECTS[each](owner, self.app)
        if operation.name in READY:
            await self.app.state.database.once(READY[operation.name])
        return made

    async def ask(self, who: Who, operation: Operation, objects: dict[str, str]) -> httpx2.Response:
        example = EXAMPLES.get(operation.name, Example(operation.method, ""))
        body = WISHES.get(operation.name, example.body)
        if isinstance(body, dict) and body.get("user_id") == NOBODY:
            body = body | {"user_id": self.everyone.people[Who.USER].id}
        query = {name: text for name, text in (example.query or {}).items() if text}
        if NOBODY in query.values():
            query = {name: text for name, text in query.items() if text != NOBODY}
        path = f"http://localhost{operation.path.format(**(NAMES | objects))}"
        answer = await self.everyone.call(who, operation.method, path, query or None, body)
        assert answer.status_code < 500, f"{who} {operation}: {answer.text}"
        return answer

    async def measure(self, operation: Operation, door: Door) -> dict[Who, Let]:
        """Those first who are not let in; what is taken away is then an object of its own each
        time.
        """
        shared = await self.objects(operation)
        cells = {}
        for who in sorted(Who, key=lambda who: expected(operation, door, who) is Let.IN):
            is_in = expected(operation, door, who) is Let.IN
            if is_in and operation.name in ENDS_THE_SESSION and who in self.everyone.people:
                await self.everyone.sign_in_again(who)
            takes_away = is_in and operation.method == "DELETE"
            objects = await self.objects(operation) if takes_away else shared
            if is_in and operation.name in GIVEN_BACK:
                await self.ask(who, NAMED[GIVEN_BACK[operation.name]], {})
            answer = await self.ask(who, operation, objects)
            # A route for strangers has no credential to refuse but the one in its body.
            code = code_of(answer)
            told = code if door.looks or code in ABOUT_ITSELF else ""
            cells[who] = let(answer.status_code, told)
        return cells


def code_of(answer: httpx2.Response) -> str:
    if answer.headers.get("content-type") != "application/problem+json":
        return ""
    return str(answer.json()["code"])


async def measure_channels(world: World) -> dict[str, dict[Who, Let]]:
    """What becomes of a subscription to each channel."""
    cells: dict[str, dict[Who, Let]] = {name: {} for name in CHANNELS}
    async with listening(world.app) as port:
        url = f"ws://127.0.0.1:{port}/api/v1/ws"
        for who in Who:
            request = httpx2.Request("GET", url.replace("ws:", "http:"))
            headers = world.everyone.headers(who, request)
            try:
                async with connect(url, additional_headers=headers, proxy=None) as socket:
                    for name, asked in CHANNELS.items():
                        cells[name][who] = await subscribe(Ear(socket), name, asked)
            except InvalidStatus as refusal:
                problem = json.loads(refusal.response.body or b"")
                outcome = let(refusal.response.status_code, problem["code"])
                cells |= {name: row | {who: outcome} for name, row in cells.items()}
        await world.app.state.hub.close()
    return cells


async def subscribe(ear: Ear, channel: str, asked: dict[str, Any]) -> Let:
    await ask(ear.socket, "subscribe", channel=channel, id=channel, **asked)
    while True:
        said = await ear.next()
        if said.get("id") == channel:
            break
    if said["op"] == "subscribed":
        return Let.IN
    assert said["code"] in NOT_KNOWN | NOT_ALLOWED, said
    return Let.UNKNOWN if said["code"] in NOT_KNOWN else Let.FORBIDDEN


@pytest.fixture(scope="module")
async def world(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    settings = easy(tmp_path_factory.mktemp("desk")).model_copy(
        update={"second_operator": (Sensitive.TRADING_LIMITS,)}
    )
    async with AsyncExitStack() as stack:
        app = create_app(settings, await stack.enter_async_context(cloned(postgres.dsn, template)))
        client = await stack.enter_async_context(running(app))
        yield World(app, client, await gather(app, client, stack), stack)


def table_of(rows: dict[str, tuple[Door, dict[Who, Let]]]) -> str:
    lines = [
        "| | guard | " + " | ".join(who.value for who in Who) + " |",
        "|---|---|" + "---|" * len(Who),
    ]
    for name, (door, cells) in rows.items():
        lines.append(f"| `{name}` | {door} | " + " | ".join(cells[who].value for who in Who) + " |")
    return "\n".join(lines)


async def test_everybody_is_let_in_where_the_guard_says_and_nowhere_else(world: World) -> None:
    declared = doors(world.app)
    rows = {}
    surprises = []
    for operation in sorted(OPERATIONS, key=lambda each: each.name in ENDS_THE_SESSION):
        door = declared[operation.name]
        cells = await world.measure(operation, door)
        rows[str(operation)] = (door, cells)
        surprises += [
            f"{operation}: {who} was {found}, not {expected(operation, door, who)}"
            for who, found in cells.items()
            if found is not expected(operation, door, who)
        ]
    live = await measure_channels(world)
    private = Door(open_to_all=False, scopes=(Scope.READ,))
    on_air = {
        f"live: {name}": (private if name in PRIVATE else Door(), cells)
        for name, cells in live.items()
    }
    surprises += [
        f"{name}: {who} was {found}, not {expected_on(name, who)}"
        for name, cells in live.items()
        for who, found in cells.items()
        if found is not expected_on(name, who)
    ]
    assert not surprises, "\n".join(surprises)
    ordered = {str(each): rows[str(each)] for each in OPERATIONS}
    page = f"{INTRODUCTION}\n{table_of(ordered | on_air)}\n"
    if os.environ.get("ROUTES_AND_ROLES") == "write":
        PAGE.write_text(page, "utf-8")
    assert PAGE.read_text("utf-8") == page, "ROUTES_AND_ROLES=write writes it anew"


def test_every_channel_is_asked(world: World) -> None:
    assert set(world.app.state.hub.channels) == set(CHANNELS)


OWN_ACCOUNT: Final = frozenset(
    {"api_keys", "sessions", "user_preferences", "login_places", "login_failures"}
)
"""Tables that hold what a regulator keeps for themselves."""
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


async def one_of_each(world: World) -> dict[str, str]:
    """An object of somebody new of every kind, by the name of its path parameter; everybody is
    signed in.
    """
    for who in world.everyone.people:
        await world.everyone.sign_in_again(who)
    owner = await sign_up(world.app, world.client, world.stack)
    made = {name: await make(owner, world.app) for name, make in OBJECTS.items()}
    asked = await ask_for_approval(world.everyone.colleague)
    return made | {"case_id": await open_case(world.app, owner), "approval_id": asked}


async def test_a_regulator_changes_nothing(world: World) -> None:
    declared = doors(world.app)
    objects = await one_of_each(world)
    database: Database = world.app.state.database
    # Nobody takes what was sent to the channels of this world; it would be tried for hours.
    await database.once("update alert_deliveries set state = 'dead' where state = 'waiting'")
    before = await calm_state_of(database)
    theirs = [each for each in OPERATIONS if declared[each.name].password]

    asked = [each for each in OPERATIONS if each not in theirs and declared[each.name].looks]
    for operation in asked:
        await world.ask(Who.REGULATOR, operation, objects)
    documented = {(each.method, each.path) for each in OPERATIONS}
    for path in {each.path for each in OPERATIONS}:
        for method in METHODS:
            if (method, path) not in documented:
                url = f"http://localhost{path.format(**(NAMES | objects))}"
                answer = await world.everyone.call(Who.REGULATOR, method, url, None, {})
                assert answer.status_code in {403, 404, 405, 422}, f"{method} {path}: {answer.text}"

    assert changes(before, await calm_state_of(database)) == set()

    for operation in theirs:
        if operation.name not in ENDS_THE_SESSION:
            await world.ask(Who.REGULATOR, operation, objects)
    assert changes(before, await calm_state_of(database)) <= OWN_ACCOUNT


def changes(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Tables that are not as they were."""
    return {name for name in before | after if before.get(name) != after.get(name)}


async def test_a_regulator_reads_what_an_operator_reads(world: World) -> None:
    declared = doors(world.app)
    objects = await one_of_each(world)
    reads = [each for each in OPERATIONS if declared[each.name].scopes == (Scope.OVERSEE,)]
    assert len(reads) > 10
    for operation in reads:
        assert operation.method == "GET", "who oversees reads"
        seen = [(await world.ask(who, operation, objects)) for who in (Who.OPERATOR, Who.REGULATOR)]
        assert [each.status_code for each in seen] == [200, 200], operation
        shapes = [each.json().keys() for each in seen]
        assert shapes[0] == shapes[1], operation
