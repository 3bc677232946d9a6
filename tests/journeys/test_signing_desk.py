"""A program that trades without ever sending its key: on hot routes, files and live connections."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest
from fastapi import FastAPI

from plimsoll.access.domain.keys import KeyKind
from tests.access.desk import signed
from tests.conftest import Person
from tests.operations.test_live import Site, refused, subscribed
from tests.plumbing.raw_http import listening

API = "/api/v1"


@pytest.fixture
async def site(client: httpx2.AsyncClient, app: FastAPI) -> AsyncIterator[Site]:
    async with listening(app) as port:
        yield Site(client, port)
        await app.state.hub.close()


@pytest.fixture
async def key(ada: Person) -> Any:
    wish = {"name": "bot", "scopes": ["read", "trade", "import"], "kind": KeyKind.SIGNED}
    made = await ada.http.post("/auth/keys", json=wish)
    assert made.status_code == 201, made.text
    return made.json()


async def test_hot_routes_and_ordinary_ones_take_signatures(
    client: httpx2.AsyncClient, ada: Person, key: Any
) -> None:
    await ada.http.post("/account/deposit", json={"amount": "1000"})
    mark = float((await client.get("/market/price/BTC-PERP")).json()["mark"])
    order = {"symbol": "BTC-PERP", "side": "buy", "type": "limit", "quantity": "0.001"}
    body = msgspec.json.encode(order | {"price": f"{mark * 0.96:.1f}"})
    json = {"content-type": "application/json"}

    headers = signed(key, "POST", f"{API}/orders", body) | json
    placed = await client.post("/orders", content=body, headers=headers)
    assert placed.status_code == 201, placed.text
    again = await client.post("/orders", content=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (401, "signature-replayed")

    changed = body.replace(b"0.001", b"0.002")
    headers = signed(key, "POST", f"{API}/orders", body) | json
    other = await client.post("/orders", content=changed, headers=headers)
    assert (other.status_code, other.json()["code"]) == (401, "signature-wrong")

    # What a hot route leaves to the ordinary one is let in all the same, once.
    spaced = b" " + body.replace(b"}", b', "reduce_only": false}')
    headers = signed(key, "POST", f"{API}/orders", spaced) | json | {"idempotency-key": "a"}
    assert (await client.post("/orders", content=spaced, headers=headers)).status_code == 201

    for path in ("/portfolio/summary", "/orders?symbol=BTC-PERP", "/prices/bitcoin?vs=usd"):
        url = f"{API}{path}"
        answer = await client.get(path, headers=signed(key, "GET", url))
        assert answer.status_code == 200, answer.text
    assert len((await ada.http.get("/orders")).json()["data"]) == 2


async def test_a_file_is_imported_only_if_it_is_the_declared_one(
    client: httpx2.AsyncClient, ada: Person, key: Any
) -> None:
    file = b"Date,Type,Asset,Amount\n" + b"2024-01-01,buy,BTC,1\n" * 5_000

    async def pieces(text: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(text), 10_000):
            yield text[start : start + 10_000]

    for sent, status in ((file + b"2024-01-02,buy,BTC,9\n", 401), (file, 202)):
        declared = {"x-plimsoll-content-sha256": hashlib.sha256(file).hexdigest()}
        headers = signed(key, "POST", f"{API}/imports?name=a.csv", file) | declared
        answer = await client.post("/imports?name=a.csv", content=pieces(sent), headers=headers)
        assert answer.status_code == status, answer.text
        listed = (await ada.http.get("/imports")).json()["data"]
        assert len(listed) == (status == 202)


async def test_a_live_connection_begins_with_a_signature_and_ends_with_the_key(
    site: Site, ada: Person, key: Any
) -> None:
    headers = {
        name.replace("-", "_"): value for name, value in signed(key, "GET", f"{API}/ws").items()
    }
    async with site.connect(**headers) as live:
        ear = await subscribed(live)
        assert await refused(site.connect(**headers)) == (401, "signature-replayed")
        await asyncio.sleep(5.5)  # the signature is stale by now, the key holds
        await ada.http.delete(f"/auth/keys/{key['id']}")
        said = await ear.next_of("unsubscribed", within_s=4)
        assert said["reason"] == "bad-api-key"
