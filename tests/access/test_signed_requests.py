"""Requests that are signed with a key instead of carrying it."""

import asyncio
import time
from hashlib import sha256
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plimsoll.access.storage import signatures
from plimsoll.kernel.clock import to_ms
from plimsoll.plumbing.database import Database
from tests.access.desk import (
    Desk,
    HandClock,
    OpenDesk,
    Person,
    bearer,
    make_key,
    sign_up,
    signed,
)

AUTH = "/api/v1/auth"


@pytest.fixture
async def ada(http: httpx2.AsyncClient) -> Person:
    return await sign_up(http)


@pytest.fixture
async def key(http: httpx2.AsyncClient, ada: Person) -> Any:
    return await make_key(http, ada, "read", "import", kind="signed")


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_signed_request_is_let_in_and_its_secret_is_never_sent(
    http: httpx2.AsyncClient, ada: Person, key: Any
) -> None:
    assert key["api_key"] is None
    assert key["signing_secret"].startswith("plimsig_")

    answer = await http.get("/read", headers=signed(key, "GET", "/read"))

    assert (answer.status_code, answer.json()) == (200, ada.id)
    listed = (await http.get(f"{AUTH}/keys", headers=ada.headers)).json()["data"]
    assert listed[0]["kind"] == "signed"
    assert key["signing_secret"] not in str(listed)


async def test_the_secret_is_not_in_the_database(key: Any, database: Database) -> None:
    async with database.read() as unit:
        row = await unit.fetchrow("select secret_hash, sealed_secret from api_keys")
    assert row is not None
    assert row["secret_hash"] is None
    assert key["signing_secret"].encode() not in row["sealed_secret"]


async def test_what_was_signed_is_what_counts(http: httpx2.AsyncClient, key: Any) -> None:
    """Query, path, method and body: whatever of them is changed on the way is refused."""
    body = b'{"a": "b"}'
    json = {"content-type": "application/json"}
    good = signed(key, "POST", "/say?x=%41", body)
    for method, url, sent in (
        ("POST", "/say?x=A", body),
        ("POST", "/say?x=%41&y=1", body),
        ("POST", "/say", body),
        ("POST", "/say?x=%41", b'{"a": "c"}'),
        ("POST", "/say?x=%41", body + b" "),
        ("POST", "/trade?x=%41", body),
        ("GET", "/say?x=%41", body),
    ):
        changed = await http.request(method, url, content=sent, headers=good | json)
        assert changed.status_code in {401, 405}, url
    assert (await http.post("/say?x=%41", content=body, headers=good | json)).json() == {"a": "b"}


async def test_a_request_works_once(http: httpx2.AsyncClient, key: Any) -> None:
    headers = signed(key, "GET", "/read")
    assert (await http.get("/read", headers=headers)).status_code == 200
    assert code_of(await http.get("/read", headers=headers)) == (401, "signature-replayed")
    upper = headers | {"x-plimsoll-signature": headers["x-plimsoll-signature"].upper()}
    assert code_of(await http.get("/read", headers=upper)) == (401, "signature-replayed")


@pytest.mark.parametrize(("off_s", "code"), [(-6, "signature-stale"), (6, "signature-ahead")])
async def test_a_clock_may_be_five_seconds_off(
    http: httpx2.AsyncClient, key: Any, off_s: int, code: str
) -> None:
    now_ms = time.time_ns() // 1_000_000
    near = signed(key, "GET", "/read", at_ms=now_ms + off_s * 700)
    assert (await http.get("/read", headers=near)).status_code == 200
    far = signed(key, "GET", "/read", at_ms=now_ms + off_s * 1000)
    refused = await http.get("/read", headers=far)
    assert code_of(refused) == (401, code)
    assert abs(refused.json()["now_ms"] - now_ms) < 5_000


async def test_headers_are_all_there_once_and_alone(
    http: httpx2.AsyncClient, key: Any, ada: Person
) -> None:
    good = signed(key, "GET", "/read")
    for name in good:
        less = {other: value for other, value in good.items() if other != name}
        assert code_of(await http.get("/read", headers=less)) == (401, "signature-malformed")
        twice = [*good.items(), (name, good[name])]
        assert code_of(await http.get("/read", headers=twice)) == (401, "signature-malformed")
    both = await http.get("/read", headers=good | ada.headers)
    assert code_of(both) == (401, "signature-malformed")


async def test_a_key_is_either_sent_or_signs(http: httpx2.AsyncClient, ada: Person) -> None:
    signing = await make_key(http, ada, "read", kind="signed")
    sent = await make_key(http, ada, "read")
    assert sent["signing_secret"] is None
    as_bearer = await http.get("/read", headers=bearer(signing["signing_secret"]))
    assert as_bearer.status_code == 401
    exchanged = await http.post(f"{AUTH}/token", json={"api_key": signing["signing_secret"]})
    assert code_of(exchanged) == (401, "bad-api-key")
    pretending = signed(sent | {"signing_secret": sent["api_key"]}, "GET", "/read")
    assert code_of(await http.get("/read", headers=pretending)) == (401, "bad-api-key")


async def test_scopes_addresses_and_revocation_hold_for_signed_keys(desk: Desk) -> None:
    async with desk.client("192.0.2.7") as home, desk.client("198.51.100.1") as away:
        ada = await sign_up(home)
        key = await make_key(home, ada, "read", kind="signed", networks=["192.0.2.0/24"])

        missing = await home.post("/trade", headers=signed(key, "POST", "/trade"))
        assert code_of(missing) == (403, "scope-missing")
        elsewhere = await away.get("/read", headers=signed(key, "GET", "/read"))
        assert code_of(elsewhere) == (403, "address-not-allowed")
        assert (await home.get("/read", headers=signed(key, "GET", "/read"))).status_code == 200

        await home.delete(f"{AUTH}/keys/{key['id']}", headers=ada.headers)
        revoked = await home.get("/read", headers=signed(key, "GET", "/read"))
        assert code_of(revoked) == (401, "bad-api-key")


async def test_a_body_in_pieces_is_declared_and_checked_as_it_passes(
    http: httpx2.AsyncClient, key: Any
) -> None:
    body = b"date,asset\n" * 1_000

    async def pieces(text: bytes) -> Any:
        for start in range(0, len(text), 3_000):
            yield text[start : start + 3_000]

    def headers(text: bytes) -> dict[str, str]:
        declared = {"x-plimsoll-content-sha256": sha256(text).hexdigest()}
        return signed(key, "POST", "/pieces", text) | declared

    taken = await http.post("/pieces", content=pieces(body), headers=headers(body))
    assert (taken.status_code, taken.json()) == (200, len(body))
    other = body[:-1] + b"?"
    for text in (other, body + b"x", body[:-1]):
        refused = await http.post("/pieces", content=pieces(text), headers=headers(body))
        assert code_of(refused) == (401, "signature-wrong")
    silent = await http.post(
        "/pieces", content=pieces(body), headers=signed(key, "POST", "/pieces", body)
    )
    assert code_of(silent) == (401, "signature-malformed")


async def test_a_body_that_is_too_long_is_not_kept(open_desk: OpenDesk) -> None:
    desk = await open_desk(max_body_bytes=1_000)
    async with desk.client() as http:
        key = await make_key(http, await sign_up(http), "read", kind="signed")

        async def endless() -> Any:
            for _ in range(100):
                yield b"x" * 100

        refused = await http.post(
            "/say", content=endless(), headers=signed(key, "POST", "/say", b"x" * 10_000)
        )
        assert refused.status_code in {401, 413}


async def test_two_processes_take_a_signature_once(
    open_desk: OpenDesk, http: httpx2.AsyncClient, key: Any
) -> None:
    other = await open_desk()
    async with other.client() as elsewhere:
        for _ in range(20):
            headers = signed(key, "GET", "/read")
            answers = await asyncio.gather(
                *(each.get("/read", headers=headers) for each in (http, elsewhere) * 3)
            )
            taken = [answer.status_code for answer in answers]
            assert sorted(taken) == [200] + [401] * 5
            await asyncio.sleep(0.002)


async def test_a_process_that_begins_anew_remembers(
    open_desk: OpenDesk, http: httpx2.AsyncClient, key: Any
) -> None:
    headers = signed(key, "GET", "/read")
    assert (await http.get("/read", headers=headers)).status_code == 200
    async with (await open_desk()).client() as later:
        assert code_of(await later.get("/read", headers=headers)) == (401, "signature-replayed")


async def test_a_database_that_has_forgotten_takes_nothing_of_before(
    open_desk: OpenDesk, http: httpx2.AsyncClient, key: Any, database: Database
) -> None:
    """As after a crash of the server, which empties unlogged tables."""
    clock = HandClock()

    def signed_now() -> dict[str, str]:
        return signed(key, "GET", "/read", at_ms=to_ms(clock.now()))

    used = signed_now()
    assert (await http.get("/read", headers=used)).status_code == 200
    async with database.write() as unit:
        await unit.execute("truncate used_signatures, signature_memory")
    async with (await open_desk(clock, signature_window_s=1)).client() as elsewhere:
        assert code_of(await elsewhere.get("/read", headers=used)) == (401, "signature-stale")
        clock.move(seconds=1)  # the last moment that may have been taken before
        fresh = signed_now()
        assert code_of(await elsewhere.get("/read", headers=fresh)) == (401, "signature-stale")
        for _ in range(2):
            clock.move(milliseconds=1)
            later = signed_now()
            assert (await elsewhere.get("/read", headers=later)).status_code == 200


async def test_what_is_forgotten_is_refused(database: Database) -> None:
    assert await signatures.take(database, bytes(32), 1_000)
    async with database.write() as unit:
        await signatures.forget_before(unit, 2_000)
        assert await unit.fetchval("select count(*) from used_signatures") == 0
    assert not await signatures.take(database, bytes(32), 1_000)
    assert await signatures.take(database, bytes([1]) * 32, 2_000)


async def test_a_limit_holds_before_the_memory_is_used(
    open_desk: OpenDesk, database: Database
) -> None:
    desk = await open_desk(api_key_requests_per_minute=5)
    async with desk.client() as http:
        key = await make_key(http, await sign_up(http), "read", kind="signed")
        statuses, now_ms = [], time.time_ns() // 1_000_000
        for number in range(30):
            at = now_ms - number
            answer = await http.get("/read", headers=signed(key, "GET", "/read", at_ms=at))
            statuses.append(answer.status_code)
    assert set(statuses) == {200, 429}
    async with database.read() as unit:
        kept = await unit.fetchval("select count(*) from used_signatures")
    assert kept == statuses.count(200)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["x-plimsoll-key", "x-plimsoll-timestamp", "x-plimsoll-signature"]),
            st.binary(max_size=80).filter(lambda text: b"\n" not in text and b"\r" not in text),
        ),
        min_size=1,
        max_size=4,
    )
)
async def test_no_headers_fail_us(
    http: httpx2.AsyncClient, headers: list[tuple[str, bytes]]
) -> None:
    raw = [(name.encode(), value) for name, value in headers]
    assert (await http.get("/read", headers=raw)).status_code == 401


async def test_whoever_overhears_a_request_cannot_spend_what_its_key_has(
    open_desk: OpenDesk,
) -> None:
    desk = await open_desk(api_key_requests_per_minute=5, address_requests_per_minute=1)
    async with desk.client() as owner, desk.client("198.51.100.9") as thief:
        key = await make_key(owner, await sign_up(owner), "read", kind="signed")
        overheard = signed(key, "GET", "/read")
        assert (await owner.get("/read", headers=overheard)).status_code == 200

        again = [(await thief.get("/read", headers=overheard)).status_code for _ in range(110)]

        assert again == [401] * 100 + [429] * 10, "the thief's address pays"
        after = await owner.get("/read", headers=signed(key, "GET", "/read"))
        assert after.status_code == 200
        assert '"api-key";r=3;' in after.headers["ratelimit"]
