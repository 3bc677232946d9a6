"""All channels of the exchange over real sockets: what one person does, and who hears of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect

from plimsoll.app import create_app
from plimsoll.settings import Settings
from tests.conftest import Person, running
from tests.ledger.calls import ok
from tests.plumbing.raw_http import listening
from tests.trading.floor import BTC, Floor

PRIVATE = ("orders", "fills", "liquidations", "positions", "account")
PUBLIC = ("book", "trades", "mark", "funding")


class Ear:
    """One client on a socket. `told` has the frames of each channel, `known` the last number."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.told: dict[str, list[dict[str, Any]]] = {}
        self.words: list[dict[str, Any]] = []

    async def subscribe(self, channel: str, **asked: Any) -> dict[str, Any]:
        """The first snapshot."""
        await self.socket.send(json.dumps({"op": "subscribe", "channel": channel} | asked))
        return await self.next(channel, "snapshot")

    async def next(self, channel: str, kind: str = "update") -> dict[str, Any]:
        """The next frame of a channel that nobody took yet."""
        async with asyncio.timeout(10):
            while True:
                frames = self.told.get(channel, [])
                while frames:
                    frame = frames.pop(0)
                    if frame["type"] == kind:
                        return frame
                await self._listen()

    async def word(self, op: str) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while True:
                for word in self.words:
                    if word["op"] == op:
                        self.words.remove(word)
                        return word
                await self._listen()

    async def _listen(self) -> None:
        message = json.loads(await self.socket.recv())
        for said in message if isinstance(message, list) else [message]:
            if "op" in said:
                self.words.append(said)
            else:
                self.told.setdefault(said["ch"], []).append(said)

    async def silence(self, channel: str, seconds: float = 0.4) -> None:
        """Nothing is told in a channel for a while."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self._listen()
        except TimeoutError:
            assert not self.told.get(channel)


@asynccontextmanager
async def ear(port: int, person: Person | None = None) -> AsyncIterator[Ear]:
    headers = {"Authorization": f"Bearer {person.token}"} if person else {}
    address = f"ws://127.0.0.1:{port}/api/v1/ws"
    async with connect(address, additional_headers=headers, compression=None, proxy=None) as socket:
        yield Ear(socket)


@pytest.fixture
async def port(app: FastAPI, client: httpx2.AsyncClient) -> AsyncIterator[int]:
    _ = client  # whose application is open
    async with listening(app) as port:
        yield port


@pytest.fixture
async def floor(app: FastAPI, client: httpx2.AsyncClient) -> Floor:
    _ = client
    floor = Floor(app)
    await floor.open()
    return floor


async def buy(person: Person, quantity: str = "0.1", **more: Any) -> Any:
    order = {"symbol": BTC, "side": "buy", "type": "market", "quantity": quantity}
    return await ok(person, "POST", "/orders", json=order | more)


async def test_an_order_is_told_on_every_channel_that_it_concerns(
    floor: Floor, port: int, ada: Person
) -> None:
    await floor.fund(ada)
    async with ear(port, ada) as own, ear(port) as public:
        first = {name: await own.subscribe(name) for name in PRIVATE}
        first |= {name: await public.subscribe(name, symbols=[BTC]) for name in PUBLIC}
        assert first["account"]["margin_wallet"] == "10000"
        assert first["orders"]["orders"] == first["positions"]["positions"] == []
        assert first["book"]["asks"][0] == ["60006", "1"]
        assert [first["mark"][name] for name in ("mark", "index", "last")] == ["60000"] * 2 + [None]
        order = await buy(ada, leverage=5)
        told = await own.next("orders")
        assert [each["event"] for each in told["orders"]] == ["accepted", "filled", "ended"]
        assert {each["id"] for each in told["orders"]} == {order["id"]}
        last = told["orders"][-1]
        assert (last["status"], last["average_price"], last["fee"]) == ("filled", "60006", "3.0003")
        assert told["paper"] is True
        (fill,) = (await own.next("fills"))["fills"]
        assert (fill["order_id"], fill["price"], fill["maker"]) == (order["id"], "60006", False)
        position = (await own.next("positions"))["positions"][0]
        assert (position["quantity"], position["entry_price"]) == ("0.1", "60006")
        account = await own.next("account")
        assert account["margin_wallet"] == "9996.9997"
        assert account["unrealised_profit"] == "-0.6"
        assert (await public.next("book"))["asks"] == [["60006", "0.9"]]
        (trade,) = (await public.next("trades"))["trades"]
        assert (trade["price"], trade["quantity"], trade["side"]) == ("60006", "0.1", "buy")
        assert (await public.next("mark"))["last"] == "60006"
        await own.silence("liquidations", 0.1)


async def test_a_mark_that_moves_is_told_to_whoever_has_something_there(
    floor: Floor, port: int, ada: Person, ben: Person
) -> None:
    for person in (ada, ben):
        await floor.fund(person)
    await buy(ada)
    async with ear(port, ada) as hers, ear(port, ben) as his:
        for each in (hers, his):
            await each.subscribe("account")
            await each.subscribe("positions")
        await floor.quote([("60990", "1")], [("61010", "1")])
        await floor.index("61000")
        position = (await hers.next("positions"))["positions"][0]
        assert (position["mark_price"], position["unrealised_profit"]) == ("61000", "99.4")
        assert (await hers.next("account"))["unrealised_profit"] == "99.4"
        await his.silence("account", 0.2)
        assert "positions" not in his.told or not his.told["positions"]


async def test_a_liquidation_is_told_step_by_step(floor: Floor, port: int, ada: Person) -> None:
    await floor.fund(ada, 1_300)
    await buy(ada, leverage=5)
    async with ear(port, ada) as own:
        for channel in PRIVATE:
            await own.subscribe(channel)
        for price in ("57500", "55000", "52500", "50000", "47500", "45500", "43500"):
            await floor.open(price)
        started, *taken = (await own.next("liquidations"))["liquidations"]
        assert (started["event"], started["symbol"]) == ("started", None)
        assert float(started["margin"]) <= float(started["maintenance_margin"])
        assert [(each["event"], each["side"], each["quantity"]) for each in taken] == [
            ("taken-over", "long", "0.1")
        ]
        (fill,) = (await own.next("fills"))["fills"]
        assert (fill["cause"], fill["order_id"]) == ("takeover", None)
        assert fill["price"] == taken[0]["price"]
        while (told := await own.next("positions"))["positions"][0]["quantity"] != "0":
            pass
        assert told["positions"][0]["symbol"] == BTC


async def test_nobody_hears_of_somebody_elses_account(
    floor: Floor, port: int, ada: Person, ben: Person
) -> None:
    await floor.fund(ada)
    async with ear(port, ben) as his, ear(port) as stranger:
        for channel in PRIVATE:
            told = await his.subscribe(channel)
            assert told["sub"].endswith(ben.id.replace("-", ""))
            await stranger.socket.send(json.dumps({"op": "subscribe", "channel": channel}))
            assert (await stranger.word("error"))["code"] == "unauthenticated"
        await buy(ada)
        for channel in PRIVATE:
            await his.silence(channel, 0.15)
        await his.socket.send(
            json.dumps({"op": "subscribe", "channel": "orders", "symbols": [ada.id]})
        )
        assert (await his.word("error"))["code"] == "invalid-message"


async def test_whoever_has_no_account_yet_hears_of_it_from_its_opening_on(
    floor: Floor, port: int, ada: Person
) -> None:
    async with ear(port, ada) as own:
        for channel in PRIVATE:
            await own.subscribe(channel)
        account = await floor.fund(ada)
        assert account > 1
        while (await own.next("account"))["margin_wallet"] != "10000":
            pass
        await buy(ada)
        assert len((await own.next("orders"))["orders"]) == 3
        assert (await own.next("fills"))["fills"][0]["quantity"] == "0.1"


async def test_what_is_asked_for_wrongly_is_a_named_error(
    floor: Floor, port: int, ada: Person
) -> None:
    _ = floor
    refused: dict[str, dict[str, Any]] = {
        "unknown-symbol": {"channel": "book", "symbols": ["NONE"]},
        "not-for-spot": {"channel": "funding", "symbols": ["BTC-USDT"]},
        "invalid-message": {"channel": "trades"},
    }
    async with ear(port, ada) as own:
        for code, asked in refused.items():
            await own.socket.send(json.dumps({"op": "subscribe"} | asked))
            assert (await own.word("error"))["code"] == code
        await own.socket.send(
            json.dumps({"op": "subscribe", "channel": "book", "symbols": [BTC], "depth": 11})
        )
        assert (await own.word("error"))["code"] == "invalid-message"
        await own.subscribe("orders", since_seq=10**15)
        assert (await own.word("resync"))["reason"] == "forgotten"


async def test_after_a_restart_a_client_is_told_what_it_missed_in_between(
    settings: Settings, database_url: str
) -> None:
    """Each life of the service is a whole application on the same database."""
    seqs: dict[str, int] = {}
    heard: list[str] = []
    person: Person | None = None
    for life in range(3):
        app = create_app(settings, database_url)
        async with running(app) as client, listening(app) as port:
            floor = Floor(app)
            await floor.open()
            if person is None:
                person = await _sign_up(client)
                await floor.fund(person)
            person = Person(person.id, person.email, person.token, client)
            client.headers["Authorization"] = f"Bearer {person.token}"
            await buy(person, "0.001")  # while nobody listens
            async with ear(port, person) as own, ear(port) as public:
                for channel, client_ear in (("fills", own), ("trades", public)):
                    asked: dict[str, Any] = {} if channel == "fills" else {"symbols": [BTC]}
                    since = {"since_seq": seqs[channel]} if channel in seqs else {}
                    await client_ear.socket.send(
                        json.dumps({"op": "subscribe", "channel": channel} | asked | since)
                    )
                    if since:
                        missed = await client_ear.next(channel)
                        assert missed["prev"] == seqs[channel]
                        if channel == "fills":
                            heard += [each["id"] for each in missed["fills"]]
                    await client_ear.next(channel, "snapshot")
                await buy(person, "0.001")
                fills, trades = await own.next("fills"), await public.next("trades")
                heard += [each["id"] for each in fills["fills"]]
                assert fills["seq"] == trades["seq"]
                seqs = {"fills": fills["seq"], "trades": trades["seq"]}
        assert len(heard) == len(set(heard)) == 1 + 2 * life


async def _sign_up(client: httpx2.AsyncClient) -> Person:
    who = {"email": "again@example.org", "password": "correct horse battery"}
    registered = await client.post("/auth/register", json=who)
    token = (await client.post("/auth/login", json=who)).json()["access_token"]
    return Person(registered.json()["id"], who["email"], token, client)
