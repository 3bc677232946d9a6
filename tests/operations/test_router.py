"""Health, metrics and the documentation, as those who run the service see them."""

import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Final

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from prometheus_client.parser import text_string_to_metric_families

from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from tests.conftest import Person

ROOT = "http://localhost"
Far = Callable[[], httpx2.AsyncClient]


@pytest.fixture
async def far(app: FastAPI, client: httpx2.AsyncClient) -> AsyncIterator[httpx2.AsyncClient]:
    """The same application, reached from another machine."""
    transport = httpx2.ASGITransport(app, client=("203.0.113.7", 4711))
    async with httpx2.AsyncClient(transport=transport, base_url=ROOT) as http:
        yield http


async def test_a_service_that_can_work_is_ready(client: httpx2.AsyncClient) -> None:
    for path in ("/health", "/health/ready"):
        answer = await client.get(ROOT + path)
        assert answer.status_code == 200
        assert answer.json() == {
            "status": "ready",
            "degraded": [],
            "feed": "simulated",
            "simulated": True,
        }
    live = await client.get(f"{ROOT}/health/live")
    assert (live.status_code, live.json()) == (200, {"status": "live"})


async def test_probes_are_under_no_limit_and_tell_no_version(client: httpx2.AsyncClient) -> None:
    for _ in range(150):
        assert (await client.get(f"{ROOT}/health/ready")).status_code == 200
    answer = await client.get(f"{ROOT}/health/ready")
    assert "ratelimit" not in answer.headers
    assert "version" not in answer.text


async def test_metrics_are_for_this_machine(client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"{ROOT}/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert {family.name for family in text_string_to_metric_families(answer.text)} >= {
        "api_request_latency_seconds",
        "api_requests",
        "api_error",
        "auth_failures",
        "rate_limit_hits",
    }


MOST_SERIES: Final = 3_000


async def test_requests_to_every_route_are_some_three_thousand_series(
    client: httpx2.AsyncClient, app: FastAPI
) -> None:
    await client.get("/assets")
    text = (await client.get(f"{ROOT}/metrics")).text
    assert "_created" not in text
    of_one = [line for line in text.splitlines() if 'method="GET",route="/api/v1/assets"' in line]
    routes = sum(len(each.methods or ()) for each in iter_route_contexts(app.routes))
    assert routes * len(of_one) < MOST_SERIES, (routes, of_one)


async def test_from_elsewhere_metrics_need_an_operator(
    far: httpx2.AsyncClient, ada: Person, app: FastAPI
) -> None:
    spoofed = {"x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1"}
    me = {"Authorization": f"Bearer {ada.token}"}
    for headers in ({}, spoofed, me):
        refused = await far.get("/metrics", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
        assert "api_requests" not in refused.text


async def test_an_operator_may_read_metrics_from_anywhere(
    far: httpx2.AsyncClient, ada: Person, app: FastAPI, client: httpx2.AsyncClient
) -> None:
    async with app.state.database.write() as unit:
        await unit.execute("update users set role = 'operator' where email = $1", ada.email)
    account = {"email": ada.email, "password": "correct horse battery"}
    signed_in = await client.post("/auth/login", json=account)
    me = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    answer = await far.get("/metrics", headers=me)
    assert answer.status_code == 200, answer.text


async def test_the_documentation_asks_nobody_else_for_anything(client: httpx2.AsyncClient) -> None:
    page = await client.get(f"{ROOT}/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.findall(r"(?:https?:)?//[a-z]", page.text)
    assert "<script>" not in page.text  # the policy would not run it
    assert " style=" not in page.text

    asked = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(asked) >= 4
    for name in asked:
        asset = await client.get(f"{ROOT}/{name}")
        assert asset.status_code == 200, name
        assert len(asset.content) > 100
        assert asset.headers["cache-control"] == "public, max-age=86400"
        assert asset.headers["x-content-type-options"] == "nosniff"
        outside = re.findall(rb"""(?:url\(|@import\s*)["']?(?:https?:)?//[^"')]+""", asset.content)
        assert not outside, (name, outside)
    start = await client.get(f"{ROOT}/docs/start.js")
    assert '"openapi.json"' in start.text
    assert start.headers["content-type"].startswith("text/javascript")


async def test_the_documentation_has_only_its_own_files(client: httpx2.AsyncClient) -> None:
    for name in ("none.js", "LICENSE", "%2e%2e%2fservice%2fhealth.py", "index.html"):
        answer = await client.get(f"{ROOT}/docs/{name}")
        assert answer.status_code in {404, 307}, name


async def test_the_api_describes_itself(client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"{ROOT}/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    described = answer.json()
    assert described["openapi"].startswith("3.1")
    routes = [
        (method, path, route)
        for path, methods in described["paths"].items()
        for method, route in methods.items()
    ]
    names = [route["operationId"] for _, _, route in routes]
    assert len(names) == len(set(names)) > 20
    known = set(described["components"]["schemas"])
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(described)))
    assert referred <= known
    assert not [name for name in known if "ValidationError" in name]
    for method, path, route in routes:
        assert route.get("summary"), path
        for status, refusal in route["responses"].items():
            if not status.startswith("2"):
                content = set(refusal.get("content", {}))
                assert content <= {"application/problem+json", "application/json"}, (method, path)


@pytest.mark.parametrize("path", ["/health/ready", "/health"])
async def test_without_its_database_it_is_not_ready_but_alive(
    client: httpx2.AsyncClient, app: FastAPI, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await app.state.database.close()
    answer = await client.get(ROOT + path)
    assert answer.status_code == 503
    assert answer.json()["status"] == "unready"
    assert (await client.get(f"{ROOT}/health/live")).status_code == 200


def test_a_server_is_not_needed_for_the_type(postgres: EmbeddedPostgres) -> None:
    assert postgres.alive
