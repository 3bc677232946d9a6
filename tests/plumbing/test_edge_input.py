"""What callers send that they should not: refused by name, and never a failure of ours."""

import pytest

from tests.plumbing.conftest import LONGEST_BODY, Desk
from tests.plumbing.raw_http import ask, request

JSON = "Content-Type: application/json"


async def test_a_body_over_the_limit_is_refused_before_it_is_read(desk: Desk) -> None:
    head = request(
        "POST /api/v1/auth/register", JSON, f"Content-Length: {LONGEST_BODY + 1}", length=False
    )
    answer = await ask(desk.port, head)  # no body follows, and none is waited for
    assert (answer.status, answer.json()["code"]) == (413, "body-too-large")
    assert answer.json()["limit"] == LONGEST_BODY
    assert answer.header("x-content-type-options") == "nosniff"


@pytest.mark.parametrize("path", ["/api/v1/auth/register", "/api/v1/holdings", "/api/v1/wallets"])
async def test_a_chunked_body_over_the_limit_is_refused(desk: Desk, path: str) -> None:
    head = request(f"POST {path}", JSON, desk.authorization, "Transfer-Encoding: chunked")
    chunk = b"%x\r\n" % 8192 + b" " * 8192 + b"\r\n"
    answer = await ask(desk.port, head + chunk * (LONGEST_BODY // 8192 + 2) + b"0\r\n\r\n")
    assert (answer.status, answer.json()["code"]) == (413, "body-too-large")
    assert answer.json()["limit"] == LONGEST_BODY


async def test_a_body_at_the_limit_is_read(desk: Desk) -> None:
    body = b'{"name": "padded"}'.ljust(LONGEST_BODY)
    answer = await ask(
        desk.port, request("POST /api/v1/wallets", JSON, desk.authorization, body=body)
    )
    assert answer.status == 201


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "",
        None,
    ],
)
@pytest.mark.parametrize("path", ["/wallets", "/holdings", "/auth/login", "/auth/register"])
async def test_a_body_has_to_say_that_it_is_json(desk: Desk, path: str, kind: str | None) -> None:
    headers = desk.headers | ({"content-type": kind} if kind is not None else {})
    answer = await desk.client.post(path, content=b'{"name": "sneaked in"}', headers=headers)
    assert answer.status_code in {415, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    listed = await desk.client.get("/wallets", params={"limit": 1000}, headers=desk.headers)
    assert "sneaked in" not in listed.text


BUY = b'{"coin_id":"bitcoin","quantity":"1","price":"1",'
ACCOUNT = b'{"password": "correct horse battery", '
NASTY = {
    "nothing": b"",
    "deep lists": b"[" * 90_000,
    "deep lists, closed": b"[" * 40_000 + b"]" * 40_000,
    "deep objects": b'{"a":' * 15_000,
    "half": b'{"name": "x',
    "bare NaN": b"NaN",
    "NaN": b'{"coin_id":"bitcoin","quantity":NaN,"price":"1"}',
    "Infinity": b'{"coin_id":"bitcoin","quantity":"1","price":-Infinity}',
    "1e999": b'{"coin_id":"bitcoin","quantity":"1","price":1e999}',
    "long integer": b'{"coin_id":"bitcoin","quantity":' + b"9" * 6_000 + b',"price":"1"}',
    "long integer as text": b'{"coin_id":"bitcoin","quantity":"' + b"9" * 6_000 + b'","price":"1"}',
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "overlong UTF-8": b'{"coin_id":"\xc0\xaf","quantity":"1","price":"1"}',
    "UTF-16": '{"name": 1}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"name": 1}',
    "zero byte": b'{"name": "a\\u0000b", "coin_id":"bitcoin","quantity":"1","price":"1"}',
    "zero byte in a note": BUY + b'"note":"a\\u0000b"}',
    "zero byte in a coin": b'{"coin_id":"a\\u0000b","quantity":"1","price":"1"}',
    "zero byte in a name": b'{"name": "a\\u0000b"}',
    "zero byte in an account": ACCOUNT + b'"email":"a\\u0000b@example.org"}',
    "half a pair": BUY + b'"note":"\\ud800"}',
    "half a pair in a coin": b'{"coin_id":"\\ud800","quantity":"1","price":"1"}',
    "half a pair in a name": b'{"name": "\\udfff"}',
    "half a pair in an account": ACCOUNT + b'"email":"\\ud800@example.org"}',
    "a number": b"5",
    "a text": b'"text"',
    "null": b"null",
    "a list": b"[{}]",
    "one member twice": b'{"name": "a", "name": ["b"]}',
    "year 10000": BUY + b'"occurred_at":"99999-01-01T00:00:00Z"}',
    "year 1": BUY + b'"occurred_at":"0001-01-01T00:00:00+14:00"}',
    "year 9999": BUY + b'"occurred_at":"9999-12-31T23:59:59-14:00"}',
    "moment as a number": BUY + b'"occurred_at":1e300}',
}


@pytest.mark.parametrize("body", NASTY.values(), ids=NASTY.keys())
async def test_no_body_is_answered_with_a_failure_of_ours(desk: Desk, body: bytes) -> None:
    for path in ("/holdings", "/wallets", "/transactions", "/auth/register", "/auth/login"):
        headers = desk.headers | {"content-type": "application/json"}
        answer = await desk.client.post(path, content=body, headers=headers)
        assert 400 <= answer.status_code < 500, (path, answer.status_code, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


NASTY_TARGETS = [
    "/api/v1/assets?search=%00",
    "/api/v1/assets?search=%FF%FE",
    "/api/v1/assets?search=" + "a" * 5_000,
    "/api/v1/prices/%00",
    "/api/v1/prices/%FF?vs=%00",
    "/api/v1/prices/bitcoin?vs=%00",
    "/api/v1/prices/..%2f..%2fetc",
    "/api/v1/prices/a%00b/c/current",
    "/api/v1/holdings?coin_id=%00",
    "/api/v1/holdings/%00",
    "/api/v1/holdings?wallet_id=%FF",
    "/api/v1/holdings?limit=" + "9" * 6_000,
    "/api/v1/transactions?from=99999-01-01T00:00:00Z",
    "/api/v1/transactions?from=0001-01-01T00:00:00%2B14:00",
    "/api/v1/transactions?to=9999-12-31T23:59:59-14:00",
    "/api/v1/transactions?coin_id=%00",
    "/api/v1/portfolio/summary?currency=%00",
    "/api/v1/portfolio/history?cursor=%00",
    "/docs/%00",
    "/docs/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/%0d%0aset-cookie:%20a=b",
    "//evil.test/%2f..",
    "/" + "a" * 20_000,
]


@pytest.mark.parametrize("target", NASTY_TARGETS, ids=range(len(NASTY_TARGETS)))
async def test_no_address_is_answered_with_a_failure_of_ours(desk: Desk, target: str) -> None:
    answer = await ask(desk.port, request(f"GET {target}", desk.authorization))
    assert answer.status < 500, answer.body
    assert answer.header("set-cookie") is None


async def test_many_headers_and_long_ones_are_no_failure(desk: Desk) -> None:
    many = [f"X-Header-{number}: {number}" for number in range(500)]
    answer = await ask(desk.port, request("GET /health/live", *many))
    assert answer.status < 500
    answer = await ask(desk.port, request("GET /health/live", "X-Long: " + "a" * 60_000))
    assert answer.status < 500


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer \xff\xfe",
        "Authorization: Bearer " + "a" * 20_000,
        "Authorization: Bearer",
        "Authorization: Basic Zm9vOmJhcg==",
        "Authorization: ",
        "Cookie: plimsoll=\xff",
        "Cookie: plimsoll=" + "a" * 20_000,
        "Cookie: ;;;==;",
    ],
)
async def test_a_broken_credential_is_unauthenticated(desk: Desk, line: str) -> None:
    for path in ("GET /api/v1/portfolio/summary", "GET /api/v1/wallets"):
        answer = await ask(desk.port, request(path, line))
        assert answer.status == 401
        assert answer.header("www-authenticate") == 'Bearer realm="plimsoll"'
