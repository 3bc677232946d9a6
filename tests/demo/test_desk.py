"""A demo over HTTP: signed in at once, every kind of doubt, books that balance, begun anew."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.access.service import audit
from plimsoll.demo.desk import Demo
from plimsoll.kernel.clock import to_ms
from plimsoll.ledger.domain.issues import IssueKind
from plimsoll.markets.domain.candles import DAY_MS
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from plimsoll.trading.service.verifying import verify
from tests.conftest import cloned
from tests.demo.telling import SAME_ORIGIN, told

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.timeout(180)]
Shared = tuple[FastAPI, httpx2.AsyncClient]


@pytest.fixture(scope="module")
async def shared(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shared]:
    async with (
        cloned(postgres.dsn, template) as dsn,
        told(tmp_path_factory.mktemp("demo"), dsn) as made,
    ):
        yield made


@pytest.fixture(scope="module")
async def http(shared: Shared) -> httpx2.AsyncClient:
    """Signed in by the cookie."""
    client = shared[1]
    client.headers.update(SAME_ORIGIN)
    opened = await client.post("/demo/session")
    assert opened.status_code == 200, opened.text
    return client


def day_of(shared: Shared) -> date:
    """The UTC day at whose beginning the story ended."""
    demo: Demo = shared[0].state.demo
    return demo.telling.day


async def get(http: httpx2.AsyncClient, path: str) -> Any:
    answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def finished_runs(http: httpx2.AsyncClient) -> dict[int, Any]:
    for _ in range(600):
        found = (await get(http, "/tax/runs"))["data"]
        if len(found) == 2:
            return {each["year"]: await get(http, f"/tax/runs/{each['id']}") for each in found}
        await asyncio.sleep(0.1)
    raise AssertionError("the reports were not made")


async def figures(http: httpx2.AsyncClient) -> dict[str, Any]:
    """What the same seed has to give again: nothing of it hangs on a live price."""
    summary = await get(http, "/portfolio/summary")
    holdings = await get(http, "/holdings?limit=200")
    runs = await finished_runs(http)
    return {
        "cost": summary["cost"],
        "realised": summary["realised_profit"],
        "holdings": sorted(
            (each["coin_id"], each["quantity"], each["cost"], each["realised_profit"])
            for each in holdings["data"]
        ),
        "tax": {
            year: [(each["code"], each["amount"]) for each in run["figures"]]
            for year, run in runs.items()
        },
    }


async def test_meta_says_that_it_is_a_demo(http: httpx2.AsyncClient) -> None:
    meta = await get(http, "/meta")
    assert meta["demo"] is True
    assert (meta["feed"], meta["simulated"]) == ("simulated", True)


async def test_only_its_own_page_is_signed_in(shared: Shared) -> None:
    transport = httpx2.ASGITransport(shared[0])
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as other:
        for headers in ({}, {"origin": "https://elsewhere.example"}):
            refused = await other.post("/demo/session", headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "cross-site-request")
            assert "set-cookie" not in refused.headers


async def test_there_is_one_doubt_of_each_kind(http: httpx2.AsyncClient) -> None:
    found = (await get(http, "/data-quality?limit=100"))["data"]
    assert sorted(each["kind"] for each in found) == sorted(IssueKind)


async def test_the_desk_is_in_use(http: httpx2.AsyncClient) -> None:
    account = await get(http, "/account/me")
    assert account["positions"]
    assert (await get(http, "/orders"))["data"]
    assert (await get(http, "/alerts"))["data"]
    states = {each["state"] for each in (await get(http, "/imports"))["data"]}
    assert states == {"committed", "preview"}
    for path in ("/fills", "/funding"):
        assert (await get(http, path))["data"], path


async def test_the_operator_has_cases_in_every_state(
    http: httpx2.AsyncClient, shared: Shared
) -> None:
    await shared[0].state.compliance.scan()  # as half a minute after the start
    me = (await get(http, "/auth/me"))["id"]
    found = (await get(http, "/cases?limit=100"))["data"]
    by_state = defaultdict[str, set[tuple[str, int]]](set)
    for each in found:
        assert each["user_id"] == me
        if each["rule"] != "leverage":
            by_state[each["state"]].add((each["rule"], each["number"]))
    assert by_state == {
        "open": {("liquidations", 2)},
        "acknowledged": {("order-to-trade", 1)},
        "resolved": {("liquidations", 1)},
    }
    leverage = [each for each in found if each["rule"] == "leverage"]
    assert len(leverage) == 4
    assert {(each["state"], each["owner"]) for each in leverage} == {("resolved", None)}

    resolved = next(each for each in found if (each["rule"], each["number"]) == ("liquidations", 1))
    history = (await get(http, f"/cases/{resolved['id']}"))["history"]
    assert [each["kind"] for each in history] == ["opened", "acknowledged", "resolved"]
    assert [each["by"] for each in history] == [None, me, me]
    assert all(each["reason"] for each in history)
    moments = [each["at"] for each in history]
    assert moments == sorted(moments)
    today = day_of(shared).isoformat()
    assert all(each["changed_at"] < today for each in found)  # told by the story, not by the start


async def test_four_small_positions_were_liquidated_and_nobody_else_paid(
    http: httpx2.AsyncClient,
) -> None:
    found = (await get(http, "/regulator/liquidations"))["data"]
    assert [each["event"] for each in found] == ["started"] * 4  # the market took them all
    for each in found:
        assert 0 < Decimal(each["margin"]) <= Decimal(each["maintenance_margin"])
    assert len((await get(http, "/liquidations"))["data"]) == 4
    account = await get(http, "/account/me")
    assert Decimal(account["margin_balance"]) > 15_000
    assert {each["symbol"] for each in found} & {
        each["symbol"] for each in account["positions"]
    } == set()


async def test_today_goes_on_from_yesterday(http: httpx2.AsyncClient, shared: Shared) -> None:
    """Today is the day of the story's end; midnight may have passed since it was told."""
    day = day_of(shared)
    next_ms = to_ms(datetime.combine(day + timedelta(days=1), time(), UTC))
    for pair in ("btc/usd", "sui/usd"):
        found = await get(http, f"/markets/{pair}/candles?interval=1d&limit=2&to={next_ms}")
        yesterday, today = found["candles"]
        assert today["time_ms"] == next_ms - DAY_MS
        assert today["open"] == yesterday["close"]
        assert today["state"] == "forming" or datetime.now(UTC).date() > day


async def test_its_journal_and_its_audit_log_can_be_verified(shared: Shared) -> None:
    state = shared[0].state
    checks = await verify(state.database, from_start=True)
    assert [each for each in checks if each.fault] == []
    assert (await audit.verify(state.database, [])).intact


async def test_wiped_it_is_empty_and_told_again_it_is_the_same(
    http: httpx2.AsyncClient, shared: Shared
) -> None:
    before = await figures(http)
    old = (await get(http, "/auth/me"))["id"]

    plain = {"content-type": "text/plain"}  # what a page of another site can send
    sneaked = await http.post("/demo/wipe", content=b'{"again": true}', headers=plain)
    assert sneaked.status_code in {415, 422}
    assert await figures(http) == before

    wiped = await http.post("/demo/wipe")
    assert wiped.status_code == 200, wiped.text
    me = await get(http, "/auth/me")
    assert me["email"] == "demo@plimsoll.example"
    assert me["role"] == "operator"
    for path in ("/holdings", "/transactions", "/imports", "/tax/runs", "/alerts", "/wallets"):
        assert (await get(http, path))["data"] == [], path
    for path in ("/orders?status=all", "/data-quality", "/notifications", "/jobs"):
        assert (await get(http, path))["data"] == [], path
    assert (await get(http, "/account/me"))["positions"] == []
    async with shared[0].state.database.read() as unit:
        left = await unit.fetchval("select count(*) from transactions where user_id = $1", old)
    assert left == 0
    assert (await http.post("/demo/wipe")).status_code == 200  # of what is empty already

    again = await http.post("/demo/wipe", json={"again": True})
    assert again.status_code == 200, again.text
    assert await figures(http) == before
    assert (await get(http, "/account/me"))["positions"]
