"""KPIs over HTTP: for those who oversee, with window, target, trend and definition."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.access.domain.principals import Role
from plimsoll.access.service import accounts
from plimsoll.app import create_app
from plimsoll.operations.service.recording import Recorder
from tests.conftest import Person, SignUp, easy, running
from tests.fakes.clock import ManualClock

GROUPS = ("system", "trading", "security")


async def make_overseer(sign_up: SignUp, app: FastAPI, role: Role) -> Person:
    person = await sign_up()
    state = app.state
    await accounts.set_role(state.database, state.clock, email=person.email, role=role)
    await state.access.verifier.catch_up()
    return person


@pytest.fixture
async def regulator(sign_up: SignUp, app: FastAPI) -> Person:
    return await make_overseer(sign_up, app, Role.REGULATOR)


@pytest.mark.parametrize("group", GROUPS)
async def test_people_do_not_see_how_the_service_does(
    client: httpx2.AsyncClient, ada: Person, group: str
) -> None:
    assert (await client.get(f"/kpi/{group}")).status_code == 401
    refused = await ada.http.get(f"/kpi/{group}")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")


@pytest.mark.parametrize("window", ["2h", "", "1H", "5m\u0000"])
async def test_a_window_that_there_is_not_is_refused(regulator: Person, window: str) -> None:
    answer = await regulator.http.get("/kpi/system", params={"window": window})
    assert answer.status_code == 422


async def test_a_service_that_has_just_begun_knows_nothing_yet(regulator: Person) -> None:
    found = (await regulator.http.get("/kpi/system", params={"window": "30d"})).json()
    assert (found["window"], found["minutes"], found["minutes_known"]) == ("30d", 0, 0)
    assert found["uptime"]["value"] is None
    assert found["uptime"]["target"] == "0.999"
    assert found["latency_ms"]["p99"]["met"] is None


@pytest.mark.parametrize("group", GROUPS)
async def test_every_kpi_says_what_it_means(regulator: Person, group: str) -> None:
    found = (await regulator.http.get(f"/kpi/{group}", params={"window": "5m"})).json()
    latency = found.pop("latency_ms", {})
    kpis = [*latency.values(), *(each for each in found.values() if isinstance(each, dict))]
    assert len(kpis) >= 5
    for kpi in kpis:
        assert set(kpi) == {
            "value", "unit", "target", "met", "trend", "before", "better", "definition",
        }  # fmt: skip
        assert len(kpi["definition"]) > 20


class Pair:
    """Two processes on one database, whose clocks are one."""

    def __init__(self, apps: list[FastAPI], clients: list[httpx2.AsyncClient]) -> None:
        self.apps = apps
        self.clients = clients

    async def tick(self) -> None:
        for app in self.apps:
            recorder: Recorder = app.state.recorder
            await recorder.tick()

    async def pass_minutes(self, clock: ManualClock, minutes: int) -> None:
        for _ in range(minutes * 6):
            await self.tick()
            clock.advance(10)


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def pair(tmp_path: Path, database_url: str, clock: ManualClock) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        apps, clients = list[FastAPI](), list[httpx2.AsyncClient]()
        for _ in range(2):
            app = create_app(easy(tmp_path), database_url, clock=clock)
            clients.append(await stack.enter_async_context(running(app)))
            apps.append(app)
        yield Pair(apps, clients)


async def test_two_processes_give_the_same_answer(pair: Pair, clock: ManualClock) -> None:
    one, other = pair.clients
    who = {"email": "eve@example.org", "password": "correct horse battery"}
    assert (await one.post("/auth/register", json=who)).status_code == 201
    state = pair.apps[0].state
    await accounts.set_role(state.database, clock, email=who["email"], role=Role.OPERATOR)
    token = (await one.post("/auth/login", json=who)).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    account = {"asset": "usdt", "amount": "10000", "wallet": "margin"}
    assert (await one.post("/account/deposit", json=account, headers=headers)).status_code < 300
    order = {"symbol": "BTC-PERP", "side": "buy", "type": "market", "quantity": "0.01"}
    placed = await one.post("/orders", json=order, headers=headers)
    assert placed.status_code == 201, placed.text
    await pair.pass_minutes(clock, 1)  # the first minute is no whole one
    await pair.tick()
    for client in pair.clients:
        for _ in range(5):
            assert (await client.get("/assets?limit=1")).status_code == 200
        assert (await client.get("/kpi/system")).status_code == 401
    await pair.pass_minutes(clock, 4)

    for window in ("5m", "1h", "24h", "7d", "30d"):
        for group in GROUPS:
            asked = [
                await client.get(f"/kpi/{group}", params={"window": window}, headers=headers)
                for client in (one, other)
            ]
            assert [answer.status_code for answer in asked] == [200, 200]
            assert asked[0].json() == asked[1].json()
    trading = (await one.get("/kpi/trading", headers=headers)).json()
    assert (trading["orders"]["value"], trading["fill_ratio"]["value"]) == ("1", "1")
    assert int(trading["fills"]["value"]) >= 1
    assert Decimal(trading["volume"]["value"]) > 100
    assert Decimal(trading["open_exposure"]["value"]) > 100
    assert sum(band["accounts"] for band in trading["margin_ratios"]) == 1
    assert Decimal(trading["engine_lag_ms_p99"]["value"]) > 0
    security = (await other.get("/kpi/security", headers=headers)).json()
    assert security["rate_limit_hits"]["value"] == "0"
    system = (await other.get("/kpi/system", headers=headers)).json()
    assert (system["uptime"]["value"], system["uptime"]["met"]) == ("1", True)
    assert system["error_rate"]["value"] == "0"
    assert Decimal(system["latency_ms"]["p50"]["value"]) > 0
