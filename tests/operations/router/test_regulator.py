"""What those who oversee see of everybody."""

import io
from decimal import Decimal
from typing import Any

import httpx2
import polars as pl
import pytest
from fastapi import FastAPI

from plimsoll.access.domain.principals import Role
from tests.conftest import Person, SignUp
from tests.ledger.calls import ok, pages
from tests.operations.desk import compliance_of, promote, trade
from tests.trading.floor import BTC, SPOT, Floor

LISTS = ("exposure", "positions", "liquidations", "users", "audit")


@pytest.fixture
async def floor(app: FastAPI, client: httpx2.AsyncClient) -> Floor:
    floor = Floor(app)
    await floor.open()
    return floor


@pytest.fixture
async def regulator(app: FastAPI, client: httpx2.AsyncClient, sign_up: SignUp) -> Person:
    return await promote(app, await sign_up(), Role.REGULATOR)


@pytest.fixture
async def open_desk(floor: Floor, ada: Person, ben: Person) -> Floor:
    """Ada is long 0.3 BTC in cross mode, Ben short 0.1, isolated at 5 times."""
    await floor.fund(ada)
    await floor.fund(ben)
    await trade(ada, "buy", "0.3")
    await ok(ben, "PUT", "/account/leverage", json={"symbol": BTC, "leverage": 5})
    await ok(ben, "PUT", "/account/margin-mode", json={"symbol": BTC, "mode": "isolated"})
    await trade(ben, "sell", "0.1")
    return floor


async def see(regulator: Person, path: str, **query: str) -> Any:
    return await ok(regulator, "GET", f"/regulator/{path}", params=query)


async def test_the_desk_in_one_look(
    app: FastAPI, open_desk: Floor, regulator: Person, ada: Person, ben: Person
) -> None:
    await app.state.oversight.fold()
    seen = await see(regulator, "overview")
    assert seen["seq"] == open_desk.exchange.engine.seq
    assert {(each["role"], each["people"]) for each in seen["people"]} == {
        ("user", 2), ("regulator", 1),
    }  # fmt: skip
    exposure = seen["exposure"]
    mark = Decimal((await see(regulator, "positions"))["data"][0]["mark_price"])
    assert Decimal(exposure["long"]) == mark * Decimal("0.3")
    assert Decimal(exposure["short"]) == mark * Decimal("0.1")
    assert Decimal(exposure["net"]) == mark * Decimal("0.2")
    assert Decimal(exposure["venue_notional"]) == mark * Decimal("0.3")
    assert exposure["concentration"] == {"largest_share": "0.75", "hhi": "0.625"}
    assert (exposure["people"], seen["accounts"], seen["in_danger"]) == (2, 2, 0)
    assert exposure["threshold"] == "10000000"
    assert Decimal(seen["volume_24h"]) == Decimal("0.3") * 60006 + Decimal("0.1") * 59994
    assert (seen["liquidations_24h"], seen["insurance_fund"]) == (0, "1000000")
    assert seen["active_cases"] == {"low": 0, "medium": 0, "high": 0}
    assert seen["limits"]["account_notional"]["limit"] == "0"
    assert seen["limits"]["account_notional"]["share"] is None
    assert seen["trading"] == {"venue": "active", "markets": [], "engine": "running"}


async def test_limits_and_how_much_of_them_is_used(
    app: FastAPI, open_desk: Floor, regulator: Person, sign_up: SignUp
) -> None:
    operator = await promote(app, await sign_up(), Role.OPERATOR)
    limits = {"account_notional": "40000", "venue_notional": "90000", "orders_per_second": 9}
    await ok(operator, "PUT", "/trading/limits", json=limits | {"reason": "a drill"})
    await open_desk.open("60000")
    halt = {"symbol": SPOT, "state": "halted", "reason": "a drill"}
    await ok(operator, "POST", "/trading/state", json=halt)
    seen = await see(regulator, "overview")
    used = {name: seen["limits"][name] for name in ("account_notional", "venue_notional")}
    for name, share in (("account_notional", 0.45), ("venue_notional", 0.2)):
        assert float(used[name]["share"]) == pytest.approx(share, rel=0.01)
    assert seen["limits"]["orders_per_second"] == 9
    assert seen["exposure"]["threshold"] == "90000"
    assert seen["trading"]["markets"] == [{"symbol": SPOT, "state": "halted"}]
    assert (await see(operator, "overview"))["seq"] == seen["seq"]


async def test_exposure_by_symbol_and_by_person(
    open_desk: Floor, regulator: Person, ada: Person, ben: Person
) -> None:
    by_symbol = await see(regulator, "exposure")
    (row,) = by_symbol["data"]
    assert (row["symbol"], row["user_id"], row["positions"]) == (BTC, None, 2)
    assert Decimal(row["net"]) == Decimal(row["long"]) - Decimal(row["short"])
    assert (row["share"], by_symbol["concentration"]["hhi"]) == ("1", "1")
    by_user = await see(regulator, "exposure", by="user")
    assert [(each["user_id"], each["share"]) for each in by_user["data"]] == [
        (ada.id, "0.75"), (ben.id, "0.25"),
    ]  # fmt: skip
    assert by_user["notional"] == by_symbol["notional"] == row["notional"]
    assert by_user["concentration"] == {"largest_share": "0.75", "hhi": "0.625"}
    assert by_user["seq"] == by_symbol["seq"]
    paged = await ok(regulator, "GET", "/regulator/exposure", params={"by": "user", "limit": "1"})
    rest = await see(regulator, "exposure", by="user", limit="1", cursor=paged["next_cursor"])
    assert [paged["data"][0]["user_id"], rest["data"][0]["user_id"]] == [ada.id, ben.id]
    assert rest["next_cursor"] is None
    one = await see(regulator, "exposure", by="user", user_id=ben.id)
    assert [each["user_id"] for each in one["data"]] == [ben.id]
    assert (await see(regulator, "exposure", symbol="ETH-PERP"))["data"] == []


async def test_positions_of_everybody(
    open_desk: Floor, regulator: Person, ada: Person, ben: Person
) -> None:
    rows = await pages(regulator, "/regulator/positions", 1)
    assert [(each["user_id"], each["quantity"], each["entry_price"]) for each in rows] == [
        (ada.id, "0.3", "60006"), (ben.id, "-0.1", "59994"),
    ]  # fmt: skip
    for person, row in ((ada, rows[0]), (ben, rows[1])):
        (own,) = (await ok(person, "GET", "/positions"))["data"]
        assert row["mark_price"] == own["mark_price"]
        assert Decimal(row["margin_ratio"]) == Decimal(own["margin_ratio"])
    assert rows[0]["isolated_margin"] is None
    assert Decimal(rows[1]["isolated_margin"]) > 1000
    of_ben = await see(regulator, "positions", user_id=ben.id)
    assert of_ben["data"] == rows[1:]
    assert (await see(regulator, "positions", in_danger="true"))["data"] == []
    await open_desk.index("66500")  # Ben's margin is nearly gone, if the mark follows
    await open_desk.open("66500")
    ratios = {
        each["user_id"]: each["margin_ratio"]
        for each in (await see(regulator, "positions"))["data"]
    }
    danger = (await see(regulator, "positions", in_danger="true"))["data"]
    assert {each["user_id"] for each in danger} == {
        who for who, ratio in ratios.items() if Decimal(ratio) >= Decimal("0.8")
    }
    answer = await regulator.http.get("/regulator/positions", params={"format": "parquet"})
    table = pl.read_parquet(io.BytesIO(answer.content))
    assert table["user_id"].to_list() == list(ratios)


async def test_liquidations_of_everybody(open_desk: Floor, regulator: Person, ben: Person) -> None:
    for price in range(61_000, 76_000, 1_000):
        await open_desk.open(str(price))
    rows = await pages(regulator, "/regulator/liquidations", 1)
    own = await pages(ben, "/liquidations", 10)
    assert [each["id"] for each in rows] == [each["id"] for each in own]
    started = rows[-1]
    assert (started["user_id"], started["event"], started["symbol"]) == (ben.id, "started", BTC)
    assert started["maintenance_margin"] == own[-1]["maintenance_margin"]
    for query, wanted in (
        ({"user_id": ben.id}, len(rows)),
        ({"event": "started"}, 1),
        ({"symbol": SPOT}, 0),
        ({"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}, 0),
        ({"from": "2020-01-01T00:00:00Z"}, len(rows)),
    ):
        assert len((await see(regulator, "liquidations", **query))["data"]) == wanted, query
    assert (await see(regulator, "overview"))["liquidations_24h"] == 1


async def test_everybody_with_what_they_use_of_their_limit(
    app: FastAPI, open_desk: Floor, regulator: Person, ada: Person, ben: Person
) -> None:
    await trade(ada, "buy", "0.5")
    await compliance_of(app).scan()
    rows = {each["user_id"]: each for each in await pages(regulator, "/regulator/users", 1)}
    assert set(rows) == {ada.id, ben.id, regulator.id}
    mine = rows[ada.id]
    assert (mine["tier"], mine["enabled"], mine["leverage_limit"]) == ("beginner", True, 5)
    assert 4.5 < float(mine["leverage"]) < 5
    assert mine["active_cases"] == 1
    assert mine["last_sign_in"] is not None
    assert (rows[regulator.id]["notional"], rows[regulator.id]["leverage"]) == ("0", "0")
    for query, wanted in (
        ({"role": "regulator"}, {regulator.id}),
        ({"tier": "advanced"}, set()),
        ({"enabled": "false"}, set()),
        ({"user_id": ben.id}, {ben.id}),
    ):
        found = await see(regulator, "users", **query)
        assert {each["user_id"] for each in found["data"]} == wanted, query


async def test_the_audit_log(regulator: Person, ada: Person, ben: Person) -> None:
    rows = await pages(regulator, "/regulator/audit", 2)
    sequences = [each["sequence"] for each in rows]
    assert sequences == sorted(sequences, reverse=True)
    assert sequences[-1] == 1
    assert all(len(each["hash"]) == 64 for each in rows)
    mine = await see(regulator, "audit", event="login", user_id=ada.id)
    (entry,) = mine["data"]
    assert (entry["event"], entry["user_id"]) == ("login", ada.id)
    later = await see(regulator, "audit", **{"from": entry["at"], "event": "login"})
    assert entry in later["data"]
    earlier = await see(regulator, "audit", to=entry["at"])
    assert entry not in earlier["data"]
    assert (await see(regulator, "audit", subject="nothing"))["data"] == []
    table = await regulator.http.get("/regulator/audit", params={"format": "csv"})
    assert len(table.text.splitlines()) == len(rows) + 1


async def test_it_is_for_those_who_oversee(
    client: httpx2.AsyncClient, ada: Person, open_desk: Floor
) -> None:
    for name in ("overview", *LISTS):
        answer = await ada.http.get(f"/regulator/{name}")
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing"), name
        assert (await client.get(f"/regulator/{name}")).status_code == 401, name


async def test_lists_are_asked_for_rightly(open_desk: Floor, regulator: Person) -> None:
    for name in LISTS:
        path = f"/regulator/{name}"
        for query in ({"cursor": "nonsense"}, {"cursor": "W10"}, {"limit": "0"}):
            answer = await regulator.http.get(path, params=query)
            assert answer.status_code == 422, (name, query)
        empty = {"user_id": "0199f000-0000-7000-8000-000000000000", "format": "csv"}
        table = await regulator.http.get(path, params=empty)
        assert len(table.text.splitlines()) == 1, name
    for name in ("exposure", "positions", "liquidations"):
        answer = await regulator.http.get(f"/regulator/{name}", params={"symbol": "NONE"})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown-symbol"), name
