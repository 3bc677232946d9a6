"""What holds for every request, whatever it asks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Request

from plimsoll.access.guards import hand_guarded
from plimsoll.app import create_app
from plimsoll.settings import Settings
from tests.conftest import running
from tests.plumbing.conftest import Desk
from tests.plumbing.raw_http import ask, request

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
ALWAYS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
ROOT = "http://localhost"

EVERY_KIND_OF_ANSWER = [
    ("GET", "/health/live", 200),
    ("GET", "/docs", 200),
    ("GET", "/docs/swagger-ui.css", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/metrics", 200),
    ("POST", "/", 405),
    ("GET", "/api/v1/prices/bitcoin", 200),
    ("GET", "/api/v1/portfolio/summary", 401),
    ("POST", "/api/v1/holdings", 401),
    ("GET", "/api/v1/prices/no-such-coin", 404),
    ("GET", "/nowhere", 404),
    ("GET", "/docs/../../etc/passwd", 404),
    ("PUT", "/api/v1/holdings", 405),
    ("POST", "/api/v1/auth/login", 422),
    ("GET", "/planted/failure", 500),
]


@pytest.mark.parametrize(("method", "path", "status"), EVERY_KIND_OF_ANSWER)
async def test_every_answer_has_the_security_headers(
    desk: Desk, method: str, path: str, status: int
) -> None:
    answer = await desk.client.request(method, ROOT + path)
    assert answer.status_code == status, answer.text
    assert ALWAYS.items() <= dict(answer.headers).items()
    assert answer.headers["x-request-id"]
    assert "server" not in answer.headers
    assert "strict-transport-security" not in answer.headers
    if not path.startswith("/docs/"):
        assert answer.headers["cache-control"] == "no-store"


async def test_each_header_is_there_once(desk: Desk) -> None:
    for line in ("GET /health/live", "GET /nowhere", "GET /planted/failure", "GET /docs/start.js"):
        answer = await ask(desk.port, request(line))
        names = [name for name, _ in answer.headers]
        assert len(names) == len(set(names)), names
        assert "server" not in names


@asynccontextmanager
async def quiet(tmp_path: Path, **given: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """An application that is not open: only what needs nothing behind it answers."""
    app = create_app(Settings(data_dir=tmp_path, **given), "postgresql:///nowhere")
    plant_whence(app)
    transport = httpx2.ASGITransport(app, client=("10.0.0.1", 4711))
    async with httpx2.AsyncClient(transport=transport, base_url=ROOT) as client:
        yield client


def plant_whence(app: FastAPI) -> None:
    @app.get("/planted/whence")
    @hand_guarded
    async def read_whence(request: Request) -> str:
        assert request.client is not None
        return f"{request.client.host} {request.url.scheme}"


async def test_with_secure_cookies_browsers_are_told_to_stay_on_tls(tmp_path: Path) -> None:
    async with quiet(tmp_path, secure_cookies=True) as client:
        for path in ("/health/live", "/nowhere"):
            answer = await client.get(path)
            assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8000", "LocalHost"],
)
async def test_the_hosts_it_was_told_of_are_served(desk: Desk, host: str) -> None:
    assert (await ask(desk.port, request("GET /health/live", host=host))).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "localhost.evil.test",
        "evil.test:8000",
        "127.0.0.1.evil.test",
        "127.0.0.2",
        "localhost@evil.test",
        "localhost:8000:evil.test",
        "[::1",
        "[::2]",
        "",
        "localhost, evil.test",
        "*",
    ],
)
async def test_any_other_host_is_refused(desk: Desk, host: str) -> None:
    for path in ("/health/live", "/docs", "/api/v1/prices/bitcoin"):
        answer = await ask(desk.port, request(f"GET {path}", host=host))
        assert answer.status == 400
        assert answer.header("content-type") == "application/problem+json"
        assert answer.json()["code"] == "host-not-allowed"
        assert ALWAYS.items() <= dict(answer.headers).items()
        assert answer.header("x-request-id") == answer.json()["request_id"]


async def test_a_request_without_a_host_is_refused(desk: Desk) -> None:
    for head in (b"GET /health/live HTTP/1.1\r\n\r\n", b"GET /health/live HTTP/1.0\r\n\r\n"):
        assert (await ask(desk.port, head)).status == 400


async def test_two_hosts_are_not_a_way_around(desk: Desk) -> None:
    for first, second in (("evil.test", "localhost"), ("localhost", "evil.test")):
        answer = await ask(desk.port, request("GET /health/live", f"Host: {second}", host=first))
        assert answer.status == 400, (first, second)


async def test_a_host_can_be_added(tmp_path: Path) -> None:
    async with quiet(tmp_path, allowed_hosts=("desk.example.org",)) as client:
        assert (await client.get("http://desk.example.org/health/live")).status_code == 200
        assert (await client.get("http://localhost/health/live")).status_code == 400


@pytest.mark.parametrize("given", ["a1b2c3d4", "01HZX-9.z_", "x" * 64])
async def test_a_well_formed_request_id_is_taken(desk: Desk, given: str) -> None:
    for path in ("/health/live", "/nowhere", "/planted/failure"):
        answer = await desk.client.get(ROOT + path, headers={"x-request-id": given})
        assert answer.headers["x-request-id"] == given
        if answer.status_code >= 400:
            assert answer.json()["request_id"] == given


@pytest.mark.parametrize(
    "given",
    ["short", "x" * 65, "has space", "semi;colon", "", '{"json":1}', "ünïcode-id", "a\x1b[31mred"],
)
async def test_any_other_request_id_is_replaced(desk: Desk, given: str) -> None:
    line = b"X-Request-Id: " + given.encode()
    answer = await ask(
        desk.port, b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n" + line + b"\r\n\r\n"
    )
    if answer.body and answer.header("x-request-id"):
        assert answer.header("x-request-id") != given
        assert answer.json()["request_id"] == answer.header("x-request-id")
    else:
        assert answer.status == 400  # the parser itself refuses control characters


async def test_request_ids_that_are_made_differ(desk: Desk) -> None:
    made = {
        (await desk.client.get(f"{ROOT}/health/live")).headers["x-request-id"] for _ in range(50)
    }
    assert len(made) == 50


SPOOFED = {
    "x-forwarded-for": "6.6.6.6",
    "x-real-ip": "6.6.6.6",
    "forwarded": "for=6.6.6.6;proto=https",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "evil.test",
    "x-forwarded-port": "443",
}


async def test_by_default_no_header_changes_who_is_calling(tmp_path: Path, desk: Desk) -> None:
    async with quiet(tmp_path) as client:
        answer = await client.get("/planted/whence", headers=SPOOFED)
        assert answer.json() == "10.0.0.1 http"
    plant_whence(desk.app)
    lines = [f"{name}: {value}" for name, value in SPOOFED.items()]
    answer_of_socket = await ask(desk.port, request("GET /planted/whence", *lines))
    assert answer_of_socket.json() == "127.0.0.1 http"


@pytest.mark.parametrize(
    ("forwarded", "caller"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["6.6.6.6, 203.0.113.7"], "203.0.113.7"),
        (["6.6.6.6, 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        (["6.6.6.6", "203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7", "10.0.0.2"], "203.0.113.7"),
        ([" 203.0.113.7 ,, "], "203.0.113.7"),
        (["2001:db8::7"], "2001:db8::7"),
        ([], "10.0.0.1"),
        ([""], "10.0.0.1"),
        (["10.0.0.2"], "10.0.0.1"),
        (["6.6.6.6, nonsense"], "10.0.0.1"),
    ],
)
async def test_of_a_trusted_proxy_the_rightmost_untrusted_address_is_believed(
    tmp_path: Path, forwarded: list[str], caller: str
) -> None:
    async with quiet(tmp_path, trusted_proxies=("10.0.0.1", "10.0.0.2")) as client:
        headers = [("x-forwarded-for", value) for value in forwarded]
        answer = await client.get("/planted/whence", headers=headers)
        assert answer.json() == f"{caller} http"


async def test_whoever_is_not_a_trusted_proxy_is_not_believed(tmp_path: Path) -> None:
    async with quiet(tmp_path, trusted_proxies=("10.9.9.9",)) as client:
        answer = await client.get("/planted/whence", headers=SPOOFED)
        assert answer.json() == "10.0.0.1 http"


async def test_a_spoofed_address_has_no_allowance_of_its_own(
    settings: Settings, database_url: str
) -> None:
    strict = settings.model_copy(update={"address_requests_per_minute": 1})
    async with running(create_app(strict, database_url)) as client:
        answers = []
        for number in range(101):
            spoofed = {"x-forwarded-for": f"6.6.6.{number}", "x-real-ip": f"6.6.6.{number}"}
            answers.append(await client.get(f"{ROOT}/docs", headers=spoofed))
        assert [answer.status_code for answer in answers] == [200] * 100 + [429]
        answer = answers[-1]
        assert answer.json()["code"] == "too-many-requests"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert answer.headers["ratelimit-policy"] == '"address";q=1;w=60;burst=100'
        assert answer.headers["ratelimit"].startswith('"address";r=0;t=')
        assert answer.headers.get_list("retry-after") == [answer.headers["retry-after"]]
        assert ALWAYS.items() <= dict(answer.headers).items()
