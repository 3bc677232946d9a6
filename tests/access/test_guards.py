"""Who gets in, with what, from where, and how often."""

import asyncio
import time
from uuid import uuid4

import httpx2
import pytest
from fastapi import APIRouter, FastAPI

from plimsoll.access.domain.keys import read_key, write_key
from plimsoll.access.domain.principals import Role
from plimsoll.access.guards import Anyone, Reader, hand_guarded, identify, undeclared_routes
from plimsoll.access.router.authentication import router
from plimsoll.access.service import accounts
from plimsoll.kernel.identifiers import KeyId
from tests.access.desk import (
    PASSWORD,
    Desk,
    HandClock,
    OpenDesk,
    bearer,
    build_app,
    make_key,
    sign_in,
    sign_up,
)

AUTH = "/api/v1/auth"
DOORS = {
    "read": ("GET", "/read"),
    "trade": ("POST", "/trade"),
    "import": ("POST", "/import"),
    "admin": ("GET", "/admin"),
}
OWN_PAGE = {"sec-fetch-site": "same-origin"}


@pytest.mark.parametrize("given", [("read",), ("trade",), ("import",), ("read", "import")])
async def test_a_key_opens_exactly_the_doors_it_was_given(
    http: httpx2.AsyncClient, given: tuple[str, ...]
) -> None:
    ada = await sign_up(http)
    key = bearer((await make_key(http, ada, *given))["api_key"])

    opened = {
        scope
        for scope, (method, path) in DOORS.items()
        if (await http.request(method, path, headers=key)).status_code == 200
    }

    assert opened == set(given)


async def test_a_missing_scope_is_named(http: httpx2.AsyncClient) -> None:
    ada = await sign_up(http)
    answer = await http.get("/admin", headers=ada.headers)
    assert answer.status_code == 403
    assert (answer.json()["code"], answer.json()["scope"]) == ("scope-missing", "admin")


async def test_without_a_credential_only_public_doors_open(http: httpx2.AsyncClient) -> None:
    for method, path in DOORS.values():
        answer = await http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await http.get("/anyone")).json() == "nobody"


async def test_a_bad_bearer_is_refused_even_at_a_public_door(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/anyone", headers=bearer("nonsense"))).status_code == 401


async def test_signing_in_works_beside_a_bearer_that_has_expired(
    http: httpx2.AsyncClient,
) -> None:
    await sign_up(http)
    login = {"email": "ada@example.com", "password": PASSWORD}
    answer = await http.post(f"{AUTH}/login", json=login, headers=bearer("expired"))
    assert answer.status_code == 200


async def test_a_damaged_key_opens_nothing(http: httpx2.AsyncClient) -> None:
    ada = await sign_up(http)
    key: str = (await make_key(http, ada, "read"))["api_key"]
    assert (await http.get("/read", headers=bearer(key))).status_code == 200
    for damaged in (
        key[:-1] + ("0" if key[-1] != "0" else "1"),
        key[:-1],
        key.upper(),
        key.replace("plim_", "plim-"),
        key + "\x00",
        key + "ä",
        write_key(KeyId(uuid4()), bytes(32)),
        write_key(read_key(key).id, bytes(32)),  # type: ignore[union-attr]
    ):
        answer = await http.get("/read", headers={b"authorization": b"Bearer " + damaged.encode()})
        assert answer.status_code == 401, damaged


async def test_a_key_bound_to_addresses_opens_only_from_there(desk: Desk) -> None:
    async with desk.client("192.0.2.7") as home, desk.client("198.51.100.1") as away:
        ada = await sign_up(home)
        made = await make_key(home, ada, "read", networks=["192.0.2.0/24"])
        token = (await home.post(f"{AUTH}/token", json={"api_key": made["api_key"]})).json()

        for credential in (made["api_key"], token["access_token"]):
            assert (await home.get("/read", headers=bearer(credential))).status_code == 200
            # Known and remembered by now: the address is judged all the same.
            refused = await away.get("/read", headers=bearer(credential))
            assert (refused.status_code, refused.json()["code"]) == (403, "address-not-allowed")
        refused = await away.post(f"{AUTH}/token", json={"api_key": made["api_key"]})
        assert refused.status_code == 403


async def test_a_key_ends_at_its_hour_and_so_do_its_tokens(http: httpx2.AsyncClient) -> None:
    ada = await sign_up(http)
    ends = time.time() + 4
    text = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends))
    made = await make_key(http, ada, "read", expires_at=text)
    token = (await http.post(f"{AUTH}/token", json={"api_key": made["api_key"]})).json()
    assert token["expires_in"] <= 4
    for credential in (made["api_key"], token["access_token"]):
        assert (await http.get("/read", headers=bearer(credential))).status_code == 200

    await asyncio.sleep(max(0.0, int(ends) - time.time()) + 0.05)

    for credential in (made["api_key"], token["access_token"]):
        assert (await http.get("/read", headers=bearer(credential))).status_code == 401


async def test_an_access_token_ends_after_its_minutes(open_desk: OpenDesk) -> None:
    clock = HandClock()
    desk = await open_desk(clock, access_token_minutes=1)
    async with desk.client() as http:
        ada = await sign_up(http)
        clock.move(seconds=58.9)  # its end is a whole second
        assert (await http.get("/read", headers=ada.headers)).status_code == 200
        clock.move(seconds=1.1)
        answer = await http.get("/read", headers=ada.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "expired-token")


# Cookies


async def cookie_sign_in(http: httpx2.AsyncClient) -> httpx2.Response:
    await sign_up(http)
    login = {"email": "ada@example.com", "password": PASSWORD, "cookie": True}
    return await http.post(f"{AUTH}/login", json=login)


async def test_a_cookie_session_hides_its_secret_from_the_page(http: httpx2.AsyncClient) -> None:
    answer = await cookie_sign_in(http)

    assert answer.json()["token_type"] == "cookie"
    assert "access_token" not in answer.json()
    parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
    assert {"httponly", "samesite=strict", "path=/"} <= parts
    assert (await http.get("/read")).status_code == 200


async def test_behind_tls_the_cookie_is_bound_to_the_host(open_desk: OpenDesk) -> None:
    desk = await open_desk(secure_cookies=True)
    async with desk.client() as http:
        answer = await cookie_sign_in(http)
        text = answer.headers["set-cookie"]
        assert text.startswith("__Host-plimsoll=")
        assert "Secure" in text
        sent = {"cookie": text.partition(";")[0]}
        assert (await http.get("/read", headers=sent)).status_code == 200


async def test_with_a_cookie_only_the_own_page_may_write(http: httpx2.AsyncClient) -> None:
    await cookie_sign_in(http)
    judged: list[tuple[dict[str, str], int]] = [
        ({}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://localhost"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"origin": "http://localhost"}, 200),
        ({"origin": "http://localhost.evil.test"}, 403),
        ({"origin": "http://localhost:8001"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://evil.test"}, 403),
    ]
    for headers, status in judged:
        answer = await http.post("/trade", headers=headers)
        assert answer.status_code == status, headers


async def test_another_site_cannot_sign_a_browser_in(http: httpx2.AsyncClient) -> None:
    await sign_up(http)
    login = {"email": "ada@example.com", "password": PASSWORD, "cookie": True}
    answer = await http.post(f"{AUTH}/login", json=login, headers={"origin": "http://evil.test"})
    assert (answer.status_code, answer.json()["code"]) == (403, "cross-site-request")


async def test_a_bearer_wins_over_a_cookie(http: httpx2.AsyncClient) -> None:
    await cookie_sign_in(http)
    eve = await sign_up(http, "eve@example.com")
    assert (await http.get("/read", headers=eve.headers)).json() == eve.id
    assert (await http.get("/read", headers=bearer("nonsense"))).status_code == 401


async def test_signing_out_ends_the_cookie_and_takes_it_back(http: httpx2.AsyncClient) -> None:
    await cookie_sign_in(http)
    cookie = {"cookie": "; ".join(f"{name}={value}" for name, value in http.cookies.items())}

    answer = await http.post(f"{AUTH}/logout", headers=OWN_PAGE)

    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    http.cookies.clear()
    assert (await http.get("/read", headers=cookie)).status_code == 401
    assert (await http.get("/anyone", headers=cookie)).json() == "nobody"


async def test_a_new_password_over_a_cookie_answers_with_a_new_cookie(
    http: httpx2.AsyncClient,
) -> None:
    await cookie_sign_in(http)
    before = dict(http.cookies)
    body = {"current_password": PASSWORD, "new_password": "eight green cormorants"}

    answer = await http.post(f"{AUTH}/password", json=body, headers=OWN_PAGE)

    assert answer.json()["token_type"] == "cookie"
    assert dict(http.cookies) != before
    assert (await http.get("/read")).status_code == 200


# Limits


async def test_strangers_are_limited_by_address_and_so_is_guessing(open_desk: OpenDesk) -> None:
    desk = await open_desk(address_requests_per_minute=1)
    async with desk.client("192.0.2.1") as http, desk.client("192.0.2.2") as other:
        statuses = [
            (await http.get("/read", headers=bearer(f"guess-{n}"))).status_code for n in range(105)
        ]
        assert statuses[:100] == [401] * 100
        assert statuses[-1] == 429
        assert (await http.get("/anyone")).status_code == 429
        assert (await other.get("/anyone")).status_code == 200


# Revocation


async def test_what_one_process_revokes_every_process_refuses_within_a_second(
    open_desk: OpenDesk,
) -> None:
    one, two = await open_desk(), await open_desk()
    async with one.client() as here, two.client() as there:
        ada = await sign_up(here)
        made = await make_key(here, ada, "read")
        token = (await here.post(f"{AUTH}/token", json={"api_key": made["api_key"]})).json()
        other = await sign_in(here)
        held = [bearer(made["api_key"]), bearer(token["access_token"]), other.headers]
        for headers in held:
            assert (await there.get("/read", headers=headers)).status_code == 200

        await here.delete(f"{AUTH}/keys/{made['id']}", headers=ada.headers)
        await here.post(f"{AUTH}/logout", headers=other.headers)
        revoked_at = time.monotonic()

        async def refused() -> bool:
            answers = [await there.get("/read", headers=headers) for headers in held]
            return all(answer.status_code == 401 for answer in answers)

        while not await refused():
            assert time.monotonic() - revoked_at < 1.0
            await asyncio.sleep(0.02)
        assert (await there.get("/read", headers=ada.headers)).status_code == 200


async def test_a_process_that_cannot_hear_of_revocations_asks_every_time(
    open_desk: OpenDesk,
) -> None:
    one, two = await open_desk(), await open_desk()
    async with one.client() as here, two.client() as there:
        ada = await sign_up(here)
        assert (await there.get("/read", headers=ada.headers)).status_code == 200
        for task in two.access._tasks:
            task.cancel()

        await here.post(f"{AUTH}/logout", headers=ada.headers)
        await asyncio.sleep(1.05)

        assert (await there.get("/read", headers=ada.headers)).status_code == 401


async def test_without_a_database_nobody_gets_in(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    async with desk.client() as http:
        ada = await sign_up(http)
        assert (await http.get("/read", headers=ada.headers)).status_code == 200
        for task in desk.access._tasks:
            task.cancel()
        await desk.access.database.close()
        await asyncio.sleep(1.05)

        answer = await http.get("/read", headers=ada.headers)

    assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")


async def test_a_role_is_taken_up_without_a_new_token(http: httpx2.AsyncClient, desk: Desk) -> None:
    ada = await sign_up(http)
    key = bearer((await make_key(http, ada, "read"))["api_key"])
    assert (await http.get("/admin", headers=ada.headers)).status_code == 403

    database, clock = desk.access.database, desk.access.clock
    await accounts.set_role(database, clock, email="ADA@example.com", role=Role.OPERATOR)
    await desk.access.verifier.catch_up()

    assert (await http.get("/admin", headers=ada.headers)).status_code == 200
    assert (await http.get("/admin", headers=key)).status_code == 403


async def test_the_last_use_of_a_key_is_written_down_soon(
    http: httpx2.AsyncClient, desk: Desk
) -> None:
    ada = await sign_up(http)
    key = bearer((await make_key(http, ada, "read"))["api_key"])
    assert (await http.get("/read", headers=key)).status_code == 200

    await desk.access.key_uses.write_down()

    listed = (await http.get(f"{AUTH}/keys", headers=ada.headers)).json()["data"]
    assert listed[0]["last_used_at"] is not None


# Declarations


def test_every_route_of_access_declares_who_may_call_it() -> None:
    assert undeclared_routes(build_app()) == []
    assert router.routes


def test_a_route_that_declares_nobody_is_found() -> None:
    app = FastAPI()
    inner = APIRouter(prefix="/inner")

    @inner.get("/open")
    async def open_door() -> None: ...

    @inner.websocket("/live")
    async def live() -> None: ...

    @inner.get("/guarded")
    async def guarded(_caller: Reader) -> None: ...

    @inner.get("/public")
    async def public(_caller: Anyone) -> None: ...

    @inner.get("/hot")
    @hand_guarded
    async def hot() -> None: ...

    app.include_router(inner, prefix="/api")

    assert undeclared_routes(app) == ["GET /api/inner/open", "WEBSOCKET /api/inner/live"]


async def test_a_known_caller_is_recognised_without_waiting(
    http: httpx2.AsyncClient, desk: Desk
) -> None:
    ada = await sign_up(http)
    scope = {
        "type": "http",
        "method": "GET",
        "app": desk.app,
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"x"), (b"authorization", ada.headers["authorization"].encode())],
    }
    first = await identify(scope)

    waiting = identify(scope)
    with pytest.raises(StopIteration) as done:
        waiting.send(None)

    assert done.value.value is first
    assert str(first.user_id if first else None) == ada.id
