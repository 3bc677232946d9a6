"""Two ways to one answer: what a hot route takes, what it leaves, and that nobody pays twice."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.settings import FeedChoice, Settings
from tests.conftest import Person
from tests.plumbing.raw_http import ask, listening

JSON = {"content-type": "application/json"}
ORDINARY = {"content-type": "application/json; charset=utf-8"}
"""A type that no hot route takes for the usual one."""

PURCHASE = {"coin_id": "bitcoin", "quantity": "1", "price": "100"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A limit that comes back slowly enough to be counted: one request a second."""
    return Settings(data_dir=tmp_path, feed=FeedChoice.SIMULATED, user_requests_per_minute=60)


@pytest.fixture
async def port(app: FastAPI, client: httpx2.AsyncClient) -> AsyncIterator[int]:
    async with listening(app) as port:
        yield port


@pytest.fixture
async def web(port: int) -> AsyncIterator[httpx2.AsyncClient]:
    """Over a real socket: in process a body comes in pieces, and no hot route takes those."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1") as web:
        yield web


@pytest.fixture
async def holder(ada: Person, web: httpx2.AsyncClient) -> Person:
    """Somebody who holds what they are about to buy more of."""
    first = await ada.http.post("/holdings", json=PURCHASE)
    assert first.status_code == 201
    web.headers["authorization"] = f"Bearer {ada.token}"
    return replace(ada, http=web)


async def buy(person: Person, headers: dict[str, str], **body: object) -> httpx2.Response:
    text = json.dumps({**PURCHASE, **body})
    return await person.http.post("/holdings", content=text, headers=headers)


def left(answer: httpx2.Response) -> int:
    """How many requests the caller's limit still admits."""
    (number,) = re.findall(r"r=(\d+)", answer.headers["ratelimit"])
    return int(number)


def but_ids(problem: Any) -> Any:
    return {name: value for name, value in problem.items() if name != "request_id"}


async def test_a_purchase_is_answered_alike_on_both_ways(holder: Person) -> None:
    quick = await buy(holder, JSON)
    ordinary = await buy(holder, ORDINARY)
    assert (quick.status_code, ordinary.status_code) == (201, 201)
    assert quick.json() == {**ordinary.json(), "quantity": "2", "cost": "200"}
    assert (ordinary.json()["quantity"], ordinary.json()["cost"]) == ("3", "300")
    assert quick.headers["content-type"] == ordinary.headers["content-type"]
    assert set(quick.headers) == set(ordinary.headers)


async def price(client: httpx2.AsyncClient, query: str) -> Any:
    """The answer without its age, which goes on."""
    answer = (await client.get(f"/prices/bitcoin?{query}")).json()
    del answer["age_ms"]
    return answer


async def test_a_price_is_answered_alike_on_both_ways(web: httpx2.AsyncClient) -> None:
    quick, ordinary = await price(web, "vs=usd"), await price(web, "&vs=usd")
    if quick != ordinary:  # the price moved between the two requests, which it does once a second
        quick, ordinary = await price(web, "vs=usd"), await price(web, "&vs=usd")
    assert quick == ordinary


@pytest.mark.parametrize(
    "body",
    [
        {"quantity": 1},
        {"quantity": "1e3"},
        {"quantity": "-1"},
        {"coin_id": "nothing-known"},
        {"surprise": "x"},
        {"note": "x" * 1001},
        {"currency": "bitcoin"},
        {"price": "0.0000000000000000001"},
        {"quantity": "99999999999999999999", "price": "99999999999999999999"},
    ],
)
async def test_what_is_refused_is_refused_alike(holder: Person, body: dict[str, object]) -> None:
    quick, ordinary = await buy(holder, JSON, **body), await buy(holder, ORDINARY, **body)
    assert quick.status_code == ordinary.status_code == 422
    assert but_ids(quick.json()) == but_ids(ordinary.json())


async def test_strangers_are_refused_alike(web: httpx2.AsyncClient) -> None:
    for path in ("/portfolio/summary", "/portfolio/summary?currency=eur"):
        refused = await web.get(path)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
        assert refused.headers["www-authenticate"].startswith("Bearer")
    for headers in (JSON, ORDINARY):
        refused = await web.post("/holdings", content=json.dumps(PURCHASE), headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


async def test_a_request_pays_once_also_when_it_falls_through(holder: Person) -> None:
    coins = ("bitcoin", "solana", "ethereum", "cardano", "dogecoin")
    # The first is held. Of the others the hot route learns that only after it let the caller in.
    lefts = [left(await buy(holder, JSON, coin_id=coin)) for coin in coins]
    assert lefts[0] - lefts[-1] <= len(coins) - 1


def raw(person: Person, body: bytes, length: int) -> bytes:
    return (
        b"POST /api/v1/holdings HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nAuthorization: Bearer %b\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (person.token.encode(), length, body)
    )


async def test_a_body_in_pieces_arrives_whole(port: int, holder: Person) -> None:
    body = json.dumps(PURCHASE).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw(holder, body[:10], len(body)))
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.write(body[10:])
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["quantity"] == "2"


async def test_a_body_that_the_hot_route_gives_back_is_read_again(
    port: int, holder: Person
) -> None:
    body = json.dumps({**PURCHASE, "coin_id": "solana"}).encode()
    answer = await ask(port, raw(holder, body, len(body)))
    assert (answer.status, answer.json()["coin_id"]) == (201, "solana")


async def test_a_caller_who_leaves_before_the_body_costs_nothing(port: int, holder: Person) -> None:
    body = json.dumps(PURCHASE).encode()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw(holder, body[:10], len(body)))
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.1)
    (held,) = (await holder.http.get("/holdings")).json()["data"]
    assert held["quantity"] == "1"
