"""Pages of other origins: nobody but those that were named, and never with a cookie."""

import json
from pathlib import Path
from typing import Final

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from plimsoll.app import create_app
from plimsoll.settings import Settings
from tests.conftest import PASSWORD
from tests.safety.conftest import FRIEND, Desk

PREFLIGHT: Final = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}
STRANGERS: Final = (
    "https://evil.test",
    "null",
    "*",
    "",
    "http://app.example.org",
    "https://app.example.org:443",
    "https://app.example.org.evil.test",
    "https://sub.app.example.org",
    "https://APP.example.org",
    "https://app.example.org/",
    "https://app.example.org, https://evil.test",
    "https://appxexample.org",
)
ORDERS: Final = "http://localhost/api/v1/orders"
PRICE: Final = "http://localhost/api/v1/prices/bitcoin"


async def test_by_default_nobody_is_let_in(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path), "postgresql:///nowhere")
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        for origin in (FRIEND, *STRANGERS):
            asked = await http.options("/health/live", headers={"origin": origin, **PREFLIGHT})
            assert asked.status_code == 405
            answer = await http.get("/health/live", headers={"origin": origin})
            for each in (asked, answer):
                assert not [name for name in each.headers if name.startswith("access-control-")]
                assert "vary" not in each.headers


async def test_a_browser_that_asks_for_a_named_page_is_told_what_it_may(desk: Desk) -> None:
    answer = await desk.client.options(ORDERS, headers={"origin": FRIEND, **PREFLIGHT})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert "POST" in answer.headers["access-control-allow-methods"].split(", ")
    assert {"authorization", "content-type", "idempotency-key"} <= set(
        answer.headers["access-control-allow-headers"].split(", ")
    )
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_named_page_reads_answers_and_refusals(desk: Desk) -> None:
    for url, status in ((PRICE, 200), ("http://localhost/api/v1/wallets", 401)):
        answer = await desk.client.get(url, headers={"origin": FRIEND})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == FRIEND
        assert "retry-after" in answer.headers["access-control-expose-headers"]
        assert answer.headers["vary"] == "Origin"
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", STRANGERS)
async def test_any_other_origin_gets_no_word(desk: Desk, origin: str) -> None:
    asked = await desk.client.options(ORDERS, headers={"origin": origin, **PREFLIGHT})
    answer = await desk.client.get(PRICE, headers={"origin": origin})
    assert (asked.status_code, answer.status_code) == (405, 200)
    for each in (asked, answer):
        assert not [name for name in each.headers if name.startswith("access-control-")]
        assert each.headers["vary"] == "Origin", "a cache must not give it to the named one either"


async def test_the_cookie_is_of_no_use_to_a_named_page(desk: Desk) -> None:
    """Whose browser would send it where both are of one site."""
    account = {"email": "cookie@example.org", "password": PASSWORD}
    async with httpx2.AsyncClient(base_url=f"{desk.url}/api/v1") as http:
        assert (await http.post("/auth/register", json=account)).status_code == 201
        entered = await http.post("/auth/login", json=account | {"cookie": True})
        flags = entered.headers["set-cookie"].lower()
        assert "samesite=strict" in flags
        assert "httponly" in flags
        cookie = {"cookie": entered.headers["set-cookie"].split(";")[0]}
        own = await http.get("/wallets", headers=cookie)
        assert own.status_code == 200
        for site in ({}, {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "cross-site"}):
            answer = await http.post(
                "/wallets", json={"name": "x"}, headers={"origin": FRIEND, **cookie, **site}
            )
            assert (answer.status_code, answer.json()["code"]) == (403, "cross-site-request")


async def test_a_socket_is_for_our_own_pages_and_the_named_ones(desk: Desk) -> None:
    url = f"{desk.url.replace('http', 'ws')}/api/v1/ws"
    for origin in STRANGERS:
        if not origin:
            continue
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url, origin=Origin(origin)):
                pass
        assert refused.value.response.status_code == 403, origin
    for origin in (FRIEND, desk.url):
        async with connect(url, origin=Origin(origin)) as socket:
            await socket.send(json.dumps({"op": "subscribe", "channel": "prices"}))
            assert json.loads(await socket.recv())
