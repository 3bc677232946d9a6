"""What a running service says about itself: its log and its metrics, read as they come out."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any, Self

import asyncpg
import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from tests.conftest import PASSWORD
from tests.journeys.service import Service
from tests.plumbing.raw_http import ask, request

pytestmark = pytest.mark.xdist_group("telemetry")

CANARY = "kanarienvogel"
"""A word of every secret that is sent; it must not come out again."""

Line = dict[str, Any]


@pytest.fixture(scope="module")
async def service(
    postgres: EmbeddedPostgres, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service in a process of its own, which writes its log as it does in production."""
    admin = await asyncpg.connect(postgres.dsn)
    await admin.execute(f"create database telemetry template {template}")
    url = postgres.dsn.replace("///plimsoll", "///telemetry")
    service = Service(
        tmp_path_factory.mktemp("telemetry") / "desk",
        "--feed",
        "simulated",
        database_url=url,
        coingecko_demo_key=f"{CANARY}-demo",
    )
    with service:
        yield service
    await admin.close()


@pytest.fixture
async def http(service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    async with service.client() as client:
        yield client


async def mark(service: Service) -> tuple[int, int]:
    """Where in the log the line of a request of ours begins and ends: lines of requests are in
    their order, so what was answered before stands before it.
    """
    async with service.client() as http:
        answer = await http.get(f"{service.url}/health/live")
    sign = answer.headers["x-request-id"]
    async with asyncio.timeout(20):
        while True:
            log = service.log
            at = log.find(sign)
            if at >= 0 and "\n" in log[at:]:
                return log.rfind("\n", 0, at) + 1, log.index("\n", at) + 1
            await asyncio.sleep(0.01)


class Log:
    """What was logged since some moment."""

    def __init__(self, service: Service, since: int) -> None:
        self._service = service
        self._from = since

    @classmethod
    async def from_now(cls, service: Service) -> Self:
        _, end = await mark(service)
        return cls(service, end)

    async def lines(self) -> list[Line]:
        """Every line as JSON; fails on one that is none."""
        begin, _ = await mark(self._service)
        return [json.loads(line) for line in self._service.log[self._from : begin].splitlines()]

    async def requests(self) -> list[Line]:
        return [line for line in await self.lines() if line["event"] == "request"]


async def metrics(service: Service) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    async with service.client() as http:
        text = (await http.get(f"{service.url}/metrics")).text
    samples: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = tuple(sorted(sample.labels.items()))
            samples.setdefault(sample.name, {})[key] = sample.value
    return samples


async def test_a_request_is_one_line(service: Service, http: httpx2.AsyncClient) -> None:
    token = await service.sign_up("one-line@example.org")
    me = {"Authorization": f"Bearer {token}"}
    log = await Log.from_now(service)
    made = await http.post("/wallets", json={"name": "cold"}, headers=me)
    missing = await http.get(f"/holdings/{made.json()['id']}", headers=me)
    user = (await http.get("/auth/me", headers=me)).json()["id"]

    first, second, _ = await log.requests()
    assert first == {
        "event": "request",
        "level": "info",
        "timestamp": first["timestamp"],
        "method": "POST",
        "route": "/api/v1/wallets",
        "status": 201,
        "code": None,
        "took_ms": first["took_ms"],
        "request_id": made.headers["x-request-id"],
        "principal": user,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", first["timestamp"])
    assert 0 < first["took_ms"] < 10_000
    assert second["route"] == "/api/v1/holdings/{holding_id}"
    assert (second["status"], second["code"]) == (404, missing.json()["code"])


@pytest.mark.parametrize(
    ("target", "route"),
    [
        ("GET /api/v1/prices/bitcoin", "/api/v1/prices/{coin_id}"),
        ("GET /api/v1/prices/no-such-coin", "/api/v1/prices/{coin_id}"),
        ("GET /api/v1/prices/btc/usd/current", "/api/v1/prices/{base}/{quote}/current"),
        ("GET /api/v1/portfolio/summary", "/api/v1/portfolio/summary"),
        ("GET /docs/start.js", "/docs/{name}"),
        ("GET /health/live", "/health/live"),
        ("GET /nowhere/at/all", "unmatched"),
    ],
)
async def test_the_line_has_the_template_and_not_the_path(
    service: Service, target: str, route: str
) -> None:
    log = await Log.from_now(service)
    answer = await ask(service.port, request(target))
    (line,) = await log.requests()
    assert (line["route"], line["status"]) == (route, answer.status)
    assert line["principal"] is None


async def test_a_refused_host_is_logged_like_any_other(service: Service) -> None:
    log = await Log.from_now(service)
    answer = await ask(service.port, request("GET /health/live", host="evil.test"))
    (line,) = await log.requests()
    assert (line["status"], line["code"]) == (400, "host-not-allowed")
    assert line["request_id"] == answer.json()["request_id"]


async def test_no_secret_comes_out_again(service: Service, http: httpx2.AsyncClient) -> None:
    account = {"email": "canary@example.org", "password": f"{CANARY} {PASSWORD}"}
    answers = [await http.post("/auth/register", json=account)]
    signed_in = await http.post("/auth/login", json=account)
    tokens = signed_in.json()
    me = {"Authorization": f"Bearer {tokens['access_token']}"}
    key = (
        await http.post("/auth/keys", json={"name": "bot", "scopes": ["read"]}, headers=me)
    ).json()["api_key"]
    answers += [
        await http.post("/auth/login", json=account | {"password": f"{CANARY} wrong {PASSWORD}"}),
        await http.post("/auth/login", json={"email": [CANARY], "password": [CANARY]}),
        await http.post("/auth/register", json=account | {"email": CANARY}),
        await http.get("/auth/me", headers={"Authorization": f"Bearer {CANARY}"}),
        await http.get("/auth/me", headers={"Authorization": f"Basic {CANARY}"}),
        await http.get("/auth/me", headers={"Cookie": f"plimsoll={CANARY}"}),
        await http.get("/wallets", headers={"Authorization": f"Bearer {key}"}),
        await http.post("/wallets", json={"name": "x"}, headers={"Authorization": f"Bearer {key}"}),
        await http.get(f"/holdings/{CANARY}", headers=me, params={"password": CANARY}),
        await http.get(f"/{CANARY}", headers={"X-Request-Id": f"{CANARY} {CANARY}"}),
        await http.post("/auth/refresh", json={"refresh_token": CANARY}),
        await http.get(f"{service.url}/metrics"),
        await http.get(f"{service.url}/openapi.json"),
    ]
    refreshed = await http.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert refreshed.status_code == 200

    log = await Log.from_now(service)
    await log.lines()
    secrets = [CANARY, key, *(tokens[name] for name in ("access_token", "refresh_token"))]
    secrets += [refreshed.json()[name] for name in ("access_token", "refresh_token")]
    for secret in secrets:
        assert secret not in service.log
        for answer in answers:
            assert secret not in answer.text, answer.request.url


async def test_nothing_breaks_a_line(service: Service) -> None:
    log = await Log.from_now(service)
    nasty = "%0d%0a%7b%22event%22:%22forged%22%7d%1b%5b31m%00%e2%80%a8"
    for target in (f"GET /{nasty}", f"GET /api/v1/holdings/{nasty}", f"GET /docs/{nasty}"):
        await ask(service.port, request(target, f"Referer: {nasty}", "User-Agent: \x80\x9b[31m"))
    raw = b"GET /%ff%fe HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: a\xff\x80bcdefgh\r\n\r\n"
    await ask(service.port, raw)
    lines = await log.lines()
    assert len([line for line in lines if line["event"] == "request"]) == 4
    assert all(line["event"] != "forged" for line in lines)
    assert all(0x20 <= ord(char) < 0x7F for char in "".join(service.log.splitlines()))


async def test_a_request_that_is_no_http_is_one_line_of_json(service: Service) -> None:
    log = await Log.from_now(service)
    for nonsense in (b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET / \x1b[31m\r\n\r\n"):
        answer = await ask(service.port, nonsense)
        assert answer.status == 400
    await log.lines()


async def test_the_metrics_have_the_names_that_dashboards_know(
    service: Service, http: httpx2.AsyncClient
) -> None:
    await http.get("/prices/bitcoin")
    await http.get("/auth/me", headers={"Authorization": "Bearer wrong"})
    known = await metrics(service)
    assert {
        "api_request_latency_seconds_bucket",
        "api_request_latency_seconds_sum",
        "api_request_latency_seconds_count",
        "api_requests_total",
        "api_error_total",
        "auth_failures_total",
    } <= set(known)
    text = (await http.get(f"{service.url}/metrics")).text
    assert "# TYPE rate_limit_hits_total counter" in text
    price = (("method", "GET"), ("route", "/api/v1/prices/{coin_id}"), ("status", "200"))
    assert known["api_requests_total"][price] >= 1
    refused = (("code", "bad-token"), ("route", "/api/v1/auth/me"))
    assert [key for key in known["api_error_total"] if key[1] == refused[1]]


async def test_every_error_is_counted_once(service: Service) -> None:
    async def count(code: str) -> float:
        known = await metrics(service)
        return sum(
            value
            for labels, value in known.get("api_error_total", {}).items()
            if ("code", code) in labels
        )

    for code, method, path, host in (
        ("not-found", "GET", "/nowhere", "localhost"),
        ("unknown-asset", "GET", "/api/v1/prices/no-such-coin", "localhost"),
        ("method-not-allowed", "PUT", "/api/v1/holdings", "localhost"),
        ("unauthenticated", "GET", "/api/v1/portfolio/summary", "localhost"),
        ("host-not-allowed", "GET", "/health/live", "evil.test"),
    ):
        before = await count(code)
        answer = await ask(service.port, request(f"{method} {path}", host=host))
        assert answer.json()["code"] == code
        assert await count(code) == before + 1, code


async def test_callers_cannot_grow_the_metrics(service: Service, http: httpx2.AsyncClient) -> None:
    async def series() -> set[tuple[str, tuple[tuple[str, str], ...]]]:
        known = await metrics(service)
        return {
            (name, labels)
            for name, by_labels in known.items()
            for labels in by_labels
            if not any(value == "/metrics" for _, value in labels)
        }

    async def wander(number: int) -> None:
        await ask(service.port, request(f"GET /nowhere/{number}"))
        await ask(service.port, request(f"GET /api/v1/prices/no-coin-{number}"))
        await ask(service.port, request(f"GET /api/v1/holdings/{number}"))
        await ask(service.port, request(f"POST /api/v1/nowhere/{number}"))
        for method in ("PROPFIND", "MKCOL", "PURGE", "M-SEARCH"):
            await ask(service.port, request(f"{method} /somewhere/{number}"))
        await ask(service.port, request("GET /health/live", host=f"evil{number}.test"))

    await wander(0)
    before = await series()
    for number in range(1, 10):
        await wander(number)
    assert await series() == before
    assert ("method", "OTHER") in {label for _, labels in before for label in labels}


async def test_no_label_carries_an_id(service: Service, http: httpx2.AsyncClient) -> None:
    token = await service.sign_up("labels@example.org")
    me = {"Authorization": f"Bearer {token}"}
    user = (await http.get("/auth/me", headers=me)).json()["id"]
    wallet = (await http.post("/wallets", json={"name": "cold"}, headers=me)).json()["id"]
    await http.get(f"/holdings/{wallet}", headers=me)
    text = (await http.get(f"{service.url}/metrics")).text
    for secret in (user, wallet, "labels@example.org", "127.0.0.1"):
        assert secret not in text
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", text)
