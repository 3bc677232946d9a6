"""Every answer of every route carries the security headers, whatever its status."""

import asyncio
import re
from typing import Final

import pytest
from fastapi.routing import iter_route_contexts

from plimsoll.plumbing.edge import SECURITY_HEADERS
from plimsoll.plumbing.refusals import LONGEST_HEAD, LONGEST_TARGET, MOST_HEADERS
from plimsoll.plumbing.wire import LONGEST_UNFINISHED_HEAD
from tests.plumbing.raw_http import Answer, ask, request
from tests.safety.conftest import LONGEST_BODY, Desk

ALWAYS: Final = {name.decode(): value.decode() for name, value in SECURITY_HEADERS}
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
LEFT_OUT: Final = frozenset({"/api/v1/stream", "/api/v1/ws", "/planted/failure"})
"""Live connections, and a mistake of ours: they are asked apart."""
JSON: Final = "Content-Type: application/json"


def test_the_headers_are_those_that_a_page_of_ours_needs_and_no_other() -> None:
    assert set(ALWAYS) == {
        "content-security-policy",
        "x-content-type-options",
        "referrer-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "permissions-policy",
    }
    policy = dict(part.split(" ", 1) for part in ALWAYS["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in ALWAYS["content-security-policy"]
    features = ALWAYS["permissions-policy"].split(", ")
    assert {"camera=()", "microphone=()", "geolocation=()", "usb=()", "payment=()"} <= set(features)
    assert all(feature.endswith("=()") for feature in features)


async def test_every_answer_of_every_route_has_them(desk: Desk) -> None:
    statuses = set[int]()
    paths = {str(context.path) for context in iter_route_contexts(desk.app.routes)} - LEFT_OUT
    assert len(paths) > 100
    # Those that may end the session come last.
    for path in sorted(paths, key=lambda path: ("/auth" in path or "/me" in path, path)):
        url = "http://localhost" + re.sub(r"\{[^}]+\}", "bitcoin", path)
        asked: list[tuple[str, dict[str, str]]] = [(method, {}) for method in METHODS]
        for method, headers in (*asked, ("GET", desk.headers), ("POST", desk.headers)):
            answer = await desk.client.request(method, url, headers=headers)
            statuses.add(answer.status_code)
            where = f"{method} {path} {answer.status_code}"
            assert answer.status_code < 500, where
            for name, value in ALWAYS.items():
                assert answer.headers.get_list(name) == [value], where
            assert answer.headers.get("cache-control"), where
            assert len(answer.headers.get_list("x-request-id")) == 1, where
            if answer.status_code >= 400 and method != "HEAD":
                assert answer.headers["content-type"] == "application/problem+json", where
    assert {200, 401, 404, 405, 422} <= statuses


REFUSED: Final = {
    "an error of ours": (request("GET /planted/failure"), 500),
    "no such route": (request("GET /nowhere"), 404),
    "no such method": (request("PUT /health"), 405),
    "a host of somebody else": (request("GET /health", host="evil.test"), 400),
    "a body that says it is too large": (
        request("POST /api/v1/auth/login", JSON, f"Content-Length: {LONGEST_BODY + 1}"),
        413,
    ),
    "a body that comes in pieces and is too large": (
        request("POST /api/v1/auth/login", JSON, "Transfer-Encoding: chunked")
        + (b"2000\r\n" + b" " * 0x2000 + b"\r\n") * 8,
        413,
    ),
    "a long target": (request(f"GET /api/v1/assets?search={'a' * LONGEST_TARGET}"), 414),
    "a packed body": (
        request("POST /api/v1/auth/login", JSON, "Content-Encoding: gzip", body=b"\x1f\x8b"),
        415,
    ),
    "a form": (
        request(
            "POST /api/v1/auth/login",
            "Content-Type: application/x-www-form-urlencoded",
            body=b"a=b",
        ),
        422,
    ),
    "too many headers": (request("GET /health", *["X-A: b"] * (MOST_HEADERS + 1)), 431),
    "long headers": (request("GET /health", *[f"X-{n}: {'a' * 4000}" for n in range(9)]), 431),
    "one long header": (request("GET /health", f"X-Long: {'a' * LONGEST_HEAD}"), 431),
    "a head without an end": (
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * LONGEST_UNFINISHED_HEAD,
        431,
    ),
    "no HTTP": (b"hello\r\n\r\n", 400),
    "two lengths": (
        request("POST /api/v1/auth/login", JSON, "Content-Length: 1", "Content-Length: 2"),
        400,
    ),
}
LIMITS: Final = {
    413: {LONGEST_BODY},
    414: {LONGEST_TARGET},
    431: {LONGEST_HEAD, LONGEST_UNFINISHED_HEAD},
}


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_refused_is_refused_with_them(desk: Desk, sent: bytes, status: int) -> None:
    answer = await ask(desk.port, sent)
    assert answer.status == status
    assert_safe(answer)
    assert answer.json()["status"] == status
    if status in LIMITS:
        assert answer.json()["limit"] in LIMITS[status]
    assert answer.json()["request_id"] == answer.header("x-request-id")


def assert_safe(answer: Answer) -> None:
    for name, value in ALWAYS.items():
        assert [given for key, given in answer.headers if key == name] == [value]
    assert answer.header("cache-control") == "no-store"
    assert answer.header("content-type") == "application/problem+json"
    assert answer.header("server") is None


async def test_a_handshake_that_is_refused_has_them(desk: Desk) -> None:
    upgrade = (
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    answer = await ask(desk.port, request("GET /api/v1/ws", *upgrade, "Origin: https://evil.test"))
    assert answer.status == 403
    for name, value in ALWAYS.items():
        assert answer.header(name) == value


async def test_a_head_that_does_not_come_to_its_end_is_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plimsoll.plumbing.wire.HEAD_WITHIN_S", 0.2)
    for said, status in ((b"GET /health HTTP/1.1\r\nHost: loc", b"HTTP/1.1 408 "), (b"", b"")):
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
        writer.write(said)
        answer = await asyncio.wait_for(reader.read(), 5)
        assert answer[:13] == status
        writer.close()
    # A connection that has asked before may be silent for a while, and take its time for a body.
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    for _ in range(2):
        writer.write(request("POST /api/v1/auth/login", JSON, "Content-Length: 2"))
        await asyncio.sleep(0.4)
        writer.write(b"{}")
        assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 422 ")
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        await asyncio.sleep(0.4)
        await asyncio.wait_for(reader.read(65_536), 5)
    writer.close()
