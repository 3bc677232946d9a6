"""Cases over HTTP: who reads them, who works on them, and what the audit log has of it."""

import io
import json
from typing import Any
from uuid import uuid4

import httpx2
import polars as pl
import pytest
from fastapi import FastAPI

from plimsoll.access.domain.principals import Role
from plimsoll.access.service import audit
from tests.conftest import Person, SignUp
from tests.ledger.calls import ok, pages
from tests.operations.desk import compliance_of, promote, trade
from tests.trading.floor import BTC, Floor

WHY = {"reason": "looked into it"}


@pytest.fixture
async def floor(app: FastAPI, client: httpx2.AsyncClient) -> Floor:
    floor = Floor(app)
    await floor.open()
    return floor


@pytest.fixture
async def operator(app: FastAPI, client: httpx2.AsyncClient, sign_up: SignUp) -> Person:
    return await promote(app, await sign_up(), Role.OPERATOR)


@pytest.fixture
async def regulator(app: FastAPI, client: httpx2.AsyncClient, sign_up: SignUp) -> Person:
    return await promote(app, await sign_up(), Role.REGULATOR)


@pytest.fixture
async def case_id(app: FastAPI, floor: Floor, ada: Person) -> str:
    """Ada is near her limit."""
    await floor.fund(ada)
    await ok(ada, "PUT", "/account/leverage", json={"symbol": BTC, "leverage": 5})
    await trade(ada, "buy", "0.78")
    scanned = await compliance_of(app).scan()
    assert scanned is not None
    ((found, _),) = scanned.changes
    return str(found)


async def refusal(person: Person, method: str, path: str, body: Any = None) -> tuple[int, str]:
    answer = await person.http.request(method, path, json=body)
    return answer.status_code, answer.json()["code"]


async def test_a_case_is_taken_and_resolved_with_a_reason(
    app: FastAPI, operator: Person, ada: Person, case_id: str
) -> None:
    (listed,) = (await ok(operator, "GET", "/cases"))["data"]
    assert (listed["id"], listed["state"], listed["severity"]) == (case_id, "open", "low")
    assert (listed["user_id"], listed["matter"], listed["owner"]) == (ada.id, "cross", None)
    path = f"/cases/{case_id}"
    taken = await ok(operator, "POST", f"{path}/acknowledge", json=WHY | {"version": 1})
    assert (taken["state"], taken["owner"], taken["version"]) == ("acknowledged", operator.id, 2)
    done = await ok(operator, "POST", f"{path}/resolve", json={"reason": "a hedge elsewhere"})
    assert done == await ok(operator, "GET", path)
    assert [(each["kind"], each["by"], each["reason"]) for each in done["history"]][1:] == [
        ("acknowledged", operator.id, "looked into it"),
        ("resolved", operator.id, "a hedge elsewhere"),
    ]
    first = done["history"][0]
    assert (first["kind"], first["by"]) == ("opened", None)
    assert first["reason"].startswith("leverage: 0.9")
    (evidence,) = done["evidence"]
    assert evidence["value"] == done["value"]
    assert evidence["numbers"]["limit"] == "5"
    assert done["age_s"] >= 0
    assert await notes(app) == [
        ("case-acknowledged", operator.id, case_id, "looked into it", 2),
        ("case-resolved", operator.id, case_id, "a hedge elsewhere", 3),
    ]


async def notes(app: FastAPI) -> list[tuple[Any, ...]]:
    """What the audit log has of what people did to cases; and it is as it was written."""
    assert (await audit.verify(app.state.database)).intact
    async with app.state.database.read() as unit:
        rows = await unit.fetch(
            """
            select event, user_id::text, subject, facts::text from audit_log
            where event like 'case-%' order by sequence
            """
        )
    found = [(*row[:3], json.loads(row["facts"])) for row in rows]
    return [(*head, facts["reason"], facts["version"]) for *head, facts in found]


async def test_a_case_is_given_to_another_operator(
    app: FastAPI, operator: Person, ben: Person, case_id: str
) -> None:
    path = f"/cases/{case_id}/assign"
    assert await refusal(operator, "POST", path, WHY | {"owner": ben.id}) == (
        422, "owner-not-operator",
    )  # fmt: skip
    await promote(app, ben, Role.OPERATOR)
    given = await ok(operator, "POST", path, json=WHY | {"owner": ben.id})
    assert (given["owner"], given["state"]) == (ben.id, "open")
    assert given["history"][-1]["kind"] == "assigned"
    mine = await ok(operator, "GET", "/cases", params={"owner": ben.id})
    assert [each["id"] for each in mine["data"]] == [case_id]
    assert [each[0] for each in await notes(app)] == ["case-assigned"]


async def test_what_cannot_be_is_refused_by_name(
    app: FastAPI, operator: Person, case_id: str
) -> None:
    path = f"/cases/{case_id}"
    assert await refusal(operator, "POST", f"{path}/resolve", WHY) == (409, "case-not-in-state")
    assert await refusal(operator, "POST", f"{path}/acknowledge", WHY | {"version": 7}) == (
        409, "case-changed",
    )  # fmt: skip
    assert await refusal(operator, "POST", f"{path}/acknowledge", {"reason": " "}) == (
        422, "reason-missing",
    )  # fmt: skip
    assert await refusal(operator, "POST", f"{path}/acknowledge", {}) == (422, "invalid")
    await ok(operator, "POST", f"{path}/acknowledge", json=WHY)
    assert await refusal(operator, "POST", f"{path}/acknowledge", WHY | {"version": 1}) == (
        409, "case-changed",
    )  # fmt: skip
    await ok(operator, "POST", f"{path}/resolve", json=WHY)
    for act in ("resolve", "acknowledge"):
        assert await refusal(operator, "POST", f"{path}/{act}", WHY) == (409, "case-not-in-state")
    nobody = f"/cases/{uuid4()}"
    for method, where in (("GET", ""), ("POST", "/resolve"), ("POST", "/acknowledge")):
        assert await refusal(operator, method, nobody + where, WHY) == (404, "case-not-found")
    assert [each[0] for each in await notes(app)] == ["case-acknowledged", "case-resolved"]


async def test_a_regulator_reads_and_changes_nothing(
    regulator: Person, operator: Person, case_id: str
) -> None:
    path = f"/cases/{case_id}"
    before = await ok(regulator, "GET", path)
    for act in ("acknowledge", "resolve"):
        assert await refusal(regulator, "POST", f"{path}/{act}", WHY) == (403, "scope-missing")
    body = WHY | {"owner": operator.id}
    assert await refusal(regulator, "POST", f"{path}/assign", body) == (403, "scope-missing")
    after = await ok(regulator, "GET", path)
    assert after | {"age_s": 0} == before | {"age_s": 0}


async def test_nobody_else_reads_them(
    client: httpx2.AsyncClient, ada: Person, case_id: str
) -> None:
    """Not even whom they are about."""
    for path in ("/cases", f"/cases/{case_id}"):
        assert await refusal(ada, "GET", path) == (403, "scope-missing")
        assert (await client.get(path)).status_code == 401


async def test_lists_are_filtered_paged_and_tables(
    app: FastAPI, floor: Floor, regulator: Person, ben: Person, ada: Person, case_id: str
) -> None:
    await floor.fund(ben)
    await ok(ben, "PUT", "/account/leverage", json={"symbol": BTC, "leverage": 5})
    await trade(ben, "buy", "0.78")
    await compliance_of(app).scan()
    rows = await pages(regulator, "/cases", 1)
    assert [each["user_id"] for each in rows] == [ben.id, ada.id]
    for query, wanted in (
        ({"state": "open"}, 2),
        ({"state": "resolved"}, 0),
        ({"severity": "low"}, 2),
        ({"severity": "high"}, 0),
        ({"rule": "leverage"}, 2),
        ({"rule": "new-place"}, 0),
        ({"user_id": ada.id}, 1),
        ({"owner": ada.id}, 0),
    ):
        found = await ok(regulator, "GET", "/cases", params=query)
        assert len(found["data"]) == wanted, query
    for bad in ({"state": "shut"}, {"severity": "4"}, {"user_id": "x"}, {"cursor": "WzFd"}):
        assert (await regulator.http.get("/cases", params=bad)).status_code == 422, bad
    answer = await regulator.http.get("/cases", params={"format": "parquet"})
    table = pl.read_parquet(io.BytesIO(answer.content))
    assert table["user_id"].to_list() == [ben.id, ada.id]
    assert table["value"].to_list() == [each["value"] for each in rows]
