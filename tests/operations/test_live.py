"""The live connection of the whole application, from the outside."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.conftest import PASSWORD
from tests.plumbing.raw_http import listening
from tests.plumbing.streams.desk import Ear, ask


@dataclass(frozen=True, slots=True)
class Site:
    client: httpx2.AsyncClient
    port: int

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self, path: str = "/api/v1/ws", **headers: str) -> connect:
        return connect(
            f"ws://127.0.0.1:{self.port}{path}",
            additional_headers={name.replace("_", "-"): text for name, text in headers.items()},
            compression=None,
            proxy=None,
        )

    async def sign_in(self, name: str = "ada") -> tuple[str, str]:
        """The access token and the cookie of somebody new."""
        account = {"email": f"{name}@example.org", "password": PASSWORD}
        assert (await self.client.post("/auth/register", json=account)).status_code == 201
        token = (await self.client.post("/auth/login", json=account)).json()["access_token"]
        answer = await self.client.post("/auth/login", json=account | {"cookie": True})
        self.client.cookies.clear()
        return token, answer.headers["set-cookie"].partition(";")[0]


@pytest.fixture
async def site(client: httpx2.AsyncClient, app: FastAPI) -> AsyncIterator[Site]:
    async with listening(app) as port:
        yield Site(client, port)
        await app.state.hub.close()


async def refused(opening: connect) -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as refusal:
        async with opening:
            pass
    body: dict[str, Any] = json.loads(refusal.value.response.body or b"")
    return refusal.value.response.status_code, str(body["code"])


async def subscribed(socket: ClientConnection) -> Ear:
    ear = Ear(socket)
    await ask(socket, "subscribe", channel="orders")
    await ear.next_of("subscribed")
    assert (await ear.next())["type"] == "snapshot"
    return ear


async def test_a_price_is_the_one_that_the_route_answers(site: Site) -> None:
    async with site.connect() as socket:
        await ask(socket, "subscribe", channel="prices", symbols=["btc/usd", "ETHEREUM/eur"])
        ear = Ear(socket)
        frames = dict[str, Any]()
        while len(frames) < 2:
            said = await ear.next()
            if said.get("type") == "snapshot":
                frames[said["sub"]] = said
        for pair in ("btc/usd", "eth/eur"):
            route = (await site.client.get(f"/prices/{pair}/current")).json()
            frame = frames[f"prices:{pair}"]
            assert set(route) <= set(frame)
            assert (frame["pair"], frame["base"]) == (route["pair"], route["base"])
            assert frame["simulated"] is True


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": "http://a.localhost"},
    ],
)
async def test_a_page_of_another_site_cannot_connect(site: Site, headers: dict[str, str]) -> None:
    assert await refused(site.connect(**headers)) == (403, "cross-site-request")


async def test_our_own_page_signs_in_by_its_cookie(site: Site) -> None:
    _, cookie = await site.sign_in()
    async with site.connect(Cookie=cookie, Origin=site.origin) as socket:
        await subscribed(socket)
    assert await refused(site.connect(Cookie=cookie)) == (403, "cross-site-request")


async def test_a_bad_bearer_is_refused_and_a_host_that_is_not_ours_too(site: Site) -> None:
    assert await refused(site.connect(Authorization="Bearer nonsense")) == (401, "bad-token")
    assert await refused(site.connect("/api/v1/ws?token=x")) == (422, "credential-in-address")
    with pytest.raises(InvalidStatus):
        async with connect(
            f"ws://localhost.evil.example:{site.port}/api/v1/ws", host="127.0.0.1", proxy=None
        ):
            pass


async def test_a_session_that_ends_ends_what_is_private_within_seconds(site: Site) -> None:
    token, _ = await site.sign_in()
    async with site.connect() as socket:
        await ask(socket, "auth", token=token)
        ear = await subscribed(socket)
        left = await site.client.post("/auth/logout", headers={"Authorization": f"Bearer {token}"})
        assert left.status_code in {200, 204}
        said = await ear.next_of("unsubscribed", within_s=4)
        assert said["reason"] == "bad-token"
        await ask(socket, "subscribe", channel="orders")
        assert (await ear.next_of("error"))["code"] == "unauthenticated"
        await ask(socket, "auth", token=token)
        assert (await ear.next_of("error"))["code"] == "bad-token"


async def test_a_key_is_as_good_as_a_token_until_it_is_revoked(site: Site) -> None:
    token, _ = await site.sign_in()
    me = {"Authorization": f"Bearer {token}"}
    asked = {"name": "bot", "scopes": ["read"]}
    key = (await site.client.post("/auth/keys", json=asked, headers=me)).json()
    async with site.connect(Authorization=f"Bearer {key['api_key']}") as socket:
        ear = await subscribed(socket)
        await site.client.delete(f"/auth/keys/{key['id']}", headers=me)
        assert (await ear.next_of("unsubscribed", within_s=4))["sub"].startswith("orders:")


async def test_events_come_over_http_too(site: Site) -> None:
    url = f"{site.origin}/api/v1/stream?channel=prices&symbols=btc/usd,eth/usd"
    async with httpx2.AsyncClient() as http, http.stream("GET", url) as response:
        assert response.status_code == 200
        assert response.headers["content-security-policy"]
        names = []
        async for line in response.aiter_lines():
            if line.startswith("data: ") and "snapshot" in line:
                names.append(json.loads(line[6:])["pair"])
                if len(names) == 2:
                    break
    assert names == ["btc/usd", "eth/usd"]


async def test_the_protocol_is_described(site: Site) -> None:
    document = (await site.client.get("/asyncapi.json")).json()
    assert document["asyncapi"] == "3.0.0"
    assert {"prices-frames", "sources-frames"} <= set(document["components"]["messages"])


async def test_the_application_ends_with_live_connections_open(site: Site, app: FastAPI) -> None:
    async with site.connect() as socket:
        ear = Ear(socket)
        await ask(socket, "subscribe", channel="sources")
        assert (await ear.next_of("subscribed"))["sub"] == "sources"
        assert (await ear.next())["sources"][0]["name"] == "simulated"
        await app.state.hub.close()
        assert (await ear.next_of("shutdown"))["retry_ms"] == 2000
    await asyncio.sleep(0)
