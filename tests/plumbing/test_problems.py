"""Every error as problem+json: what it says, and what it never says."""

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from plimsoll.kernel.errors import (
    Conflict,
    FieldFault,
    Forbidden,
    Invalid,
    NotFound,
    PlimsollError,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from plimsoll.plumbing import problems
from tests.plumbing.conftest import Desk
from tests.plumbing.raw_http import ask, request

ROOT = "http://localhost"
KINDS = [
    (Invalid, 422),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (TooMany, 429),
    (Unavailable, 503),
]


class NoShip(NotFound):
    """A concrete error, two steps below its kind."""

    code = "no-ship"
    title = "There is no such ship"


class NoBoat(NoShip):
    code = "no-boat"


async def answer_to(error: PlimsollError) -> httpx2.Response:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def refuse() -> None:
        raise error

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=ROOT) as http:
        return await http.get("/")


@pytest.mark.parametrize(("kind", "status"), KINDS)
async def test_each_kind_has_its_status(kind: type[PlimsollError], status: int) -> None:
    answer = await answer_to(kind("because"))
    assert answer.status_code == status == problems.status_of(kind())
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": f"urn:plimsoll:problem:{kind.code}",
        "title": kind.title,
        "status": status,
        "code": kind.code,
        "request_id": "",
        "detail": "because",
    }


def test_every_kind_is_mapped() -> None:
    assert {kind for kind, _ in KINDS} == set(PlimsollError.__subclasses__())


async def test_a_concrete_error_has_its_own_code_and_the_status_of_its_kind() -> None:
    answer = await answer_to(NoBoat("not in this harbour"))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (404, "no-boat")
    assert problem["title"] == "There is no such ship"


async def test_facts_and_places_are_told_but_facts_never_hide_what_is_standard() -> None:
    answer = await answer_to(
        Conflict(
            "too heavy",
            facts={"limit": "5", "status": 200, "code": "ok", "count": 7, "last": None},
            faults=(FieldFault("#/load", "too-heavy", "at most 5"),),
        )
    )
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (409, "conflict")
    assert (problem["limit"], problem["count"], problem["last"]) == ("5", 7, None)
    assert problem["errors"] == [{"pointer": "#/load", "code": "too-heavy", "message": "at most 5"}]


@pytest.mark.parametrize(("after_s", "header"), [(0.0, "1"), (0.2, "1"), (1.0, "1"), (1.1, "2")])
async def test_when_to_come_back_is_in_whole_seconds_and_never_at_once(
    after_s: float, header: str
) -> None:
    answer = await answer_to(TooMany("slow down", retry_after_s=after_s))
    assert answer.headers["retry-after"] == header


async def test_who_is_not_known_is_told_how_to_be() -> None:
    answer = await answer_to(Unauthenticated("sign in"))
    assert answer.headers["www-authenticate"] == 'Bearer realm="plimsoll"'


def test_what_a_route_may_refuse_is_declared_by_status() -> None:
    declared = problems.problems(NoShip, NotFound, Conflict)
    assert set(declared) == {404, 409}
    assert declared[404]["model"] is problems.Problem
    assert "`no-ship`" in declared[404]["description"]
    assert "`not-found`" in declared[404]["description"]


def is_problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"urn:plimsoll:problem:{code}"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["title"]
    return problem


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/nowhere", "/api/v2/holdings", "/docs/none"])
async def test_a_path_that_is_not_there(desk: Desk, path: str) -> None:
    is_problem(await desk.client.get(ROOT + path), 404, "not-found")


async def test_a_method_that_is_not_there_names_those_that_are(desk: Desk) -> None:
    for method in ("PUT", "PATCH", "TRACE"):
        answer = await desk.client.request(method, "/holdings")
        is_problem(answer, 405, "method-not-allowed")
        assert answer.headers["allow"]


async def test_a_body_that_is_not_json(desk: Desk) -> None:
    headers = desk.headers | {"content-type": "application/json"}
    for path in ("/wallets", "/holdings"):
        answer = await desk.client.post(path, content=b'{"name": "canary-word', headers=headers)
        problem = is_problem(answer, 422, "invalid-json")
        assert problem["errors"][0]["pointer"] == "#"
        assert "canary-word" not in answer.text


async def test_each_wrong_place_of_a_body_has_a_pointer(desk: Desk) -> None:
    body = {
        "kind": "trade",
        "legs": [
            {"coin_id": "bitcoin", "quantity": "1", "role": "principal"},
            {"coin_id": "usd", "quantity": "canary-word", "role": "principal"},
        ],
        "a/b~c": "canary-word",
    }
    answer = await desk.client.post("/transactions", json=body, headers=desk.headers)
    problem = is_problem(answer, 422, "invalid")
    found = {fault["pointer"]: fault["code"] for fault in problem["errors"]}
    assert found["#/legs/1/quantity"] == "not-an-amount"
    assert found["#/a~1b~0c"] == "extra-forbidden"
    assert "canary-word" not in answer.text
    assert {name for fault in problem["errors"] for name in fault} == {"pointer", "code", "message"}


async def test_what_is_missing_is_pointed_at(desk: Desk) -> None:
    answer = await desk.client.post("/holdings", json={}, headers=desk.headers)
    problem = is_problem(answer, 422, "invalid")
    missing = {fault["pointer"] for fault in problem["errors"] if fault["code"] == "missing"}
    assert {"#/coin_id", "#/quantity", "#/price"} <= missing
    without = await desk.client.post("/holdings", headers=desk.headers)
    assert is_problem(without, 422, "invalid")["errors"][0]["pointer"] == "#"


async def test_wrong_places_of_a_query_and_a_path_are_named(desk: Desk) -> None:
    answer = await desk.client.get(
        "/holdings", params={"limit": "canary-word", "wallet_id": "x"}, headers=desk.headers
    )
    problem = is_problem(answer, 422, "invalid")
    assert {fault["pointer"] for fault in problem["errors"]} == {"query:limit", "query:wallet_id"}
    assert "canary-word" not in answer.text

    answer = await desk.client.get("/holdings/canary-word", headers=desk.headers)
    problem = is_problem(answer, 422, "invalid")
    assert [fault["pointer"] for fault in problem["errors"]] == ["path:holding_id"]
    assert "canary-word" not in answer.text


async def test_a_password_that_is_refused_is_not_told_again(desk: Desk) -> None:
    account = {"email": "not an address", "password": "canary-word"}
    for path in ("/auth/register", "/auth/login"):
        answer = await desk.client.post(path, json=account)
        assert 400 <= answer.status_code < 500
        assert "canary-word" not in answer.text


async def test_a_thousand_wrong_places_are_not_all_told(desk: Desk) -> None:
    body = {f"unknown {number}": 1 for number in range(1000)}
    answer = await desk.client.post("/wallets", json=body, headers=desk.headers)
    assert len(is_problem(answer, 422, "invalid")["errors"]) == 100


async def test_a_mistake_of_ours_is_told_without_a_stack_and_logged_with_one(desk: Desk) -> None:
    with capture_logs() as logged:
        answer = await desk.client.get(f"{ROOT}/planted/failure", params={"secret": "canary-word"})
    problem = is_problem(answer, 500, "internal-error")
    assert set(problem) == {"type", "title", "status", "code", "request_id"}
    for word in ("canary-word", "Traceback", "RuntimeError", "select", "secret_table", ".py"):
        assert word not in answer.text

    (line,) = [entry for entry in logged if entry["event"] == "request_failed"]
    assert line["exc_info"]
    assert line["request_id"] == problem["request_id"]


async def test_a_mistake_of_ours_does_not_end_the_connection(desk: Desk) -> None:
    with capture_logs():
        answer = await ask(desk.port, request("GET /planted/failure"))
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.json()["code"] == "internal-error"
    assert answer.header("connection") is None
