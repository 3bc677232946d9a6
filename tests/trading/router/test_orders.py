"""Orders over HTTP."""

import asyncio
import csv
import io
import json
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.trading.engine.course import Course
from plimsoll.trading.router.orders import router
from tests.conftest import Person
from tests.ledger.calls import ok
from tests.trading.declared import declared
from tests.trading.floor import BTC, SPOT, Floor

LIMIT = {"symbol": BTC, "side": "buy", "type": "limit", "quantity": "0.1", "price": "59000"}
MARKET = {"symbol": BTC, "side": "buy", "type": "market", "quantity": "0.1"}


@pytest.fixture
async def floor(app: FastAPI, client: httpx2.AsyncClient) -> Floor:
    floor = Floor(app)
    await floor.open()
    return floor


@pytest.fixture
async def trader(floor: Floor, ada: Person) -> Person:
    await floor.fund(ada)
    return ada


async def place(person: Person, **changes: Any) -> Any:
    body = {name: value for name, value in (LIMIT | changes).items() if value is not None}
    return await ok(person, "POST", "/orders", json=body)


async def refusal(person: Person, body: dict[str, Any], path: str = "/orders") -> Any:
    answer = await person.http.post(path, json=body)
    assert answer.status_code >= 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


# -- placing


async def test_a_limit_order_rests(trader: Person) -> None:
    order = await place(trader, leverage=5, client_order_id="first")
    assert order["placed_at"] == order["changed_at"]
    del order["placed_at"], order["changed_at"], order["id"]
    assert order == {
        "client_order_id": "first",
        "symbol": "BTC-PERP",
        "side": "buy",
        "type": "limit",
        "status": "open",
        "reason": None,
        "quantity": "0.1",
        "filled_quantity": "0",
        "price": "59000",
        "average_price": None,
        "time_in_force": "gtc",
        "expires_at": None,
        "position_side": "net",
        "reduce_only": False,
        "close_position": False,
        "trigger_price": None,
        "trigger_on": None,
        "callback_rate": None,
        "parent_id": None,
        "fee": "0",
        "realised_profit": "0",
        "paper": True,
        "simulated": True,
        "fills": [],
    }


async def test_a_market_order_says_what_it_met(floor: Floor, trader: Person) -> None:
    await floor.quote([], [("60006", "0.03"), ("60012", "0.05"), ("60018", "1")])
    order = await place(trader, **MARKET, price=None)
    assert (order["status"], order["filled_quantity"], order["reason"]) == ("filled", "0.1", "done")
    assert order["average_price"] == "60011.4"
    assert order["fee"] == "3.00057"  # 0.05 % of 6,001.14
    told = [(each["price"], each["quantity"], each["level"]) for each in order["fills"]]
    assert told == [("60006", "0.03", 0), ("60012", "0.05", 1), ("60018", "0.02", 2)]
    assert {each["maker"] for each in order["fills"]} == {False}


async def test_what_an_immediate_order_cannot_fill_is_told(floor: Floor, trader: Person) -> None:
    await floor.quote([], [("60006", "0.03")])
    order = await place(trader, time_in_force="ioc", price="60010")
    assert (order["status"], order["reason"]) == ("expired", "immediate")
    assert order["filled_quantity"] == "0.03"
    whole = await place(trader, time_in_force="fok", price="60010")
    assert (whole["status"], whole["filled_quantity"], whole["fills"]) == ("expired", "0", [])


async def test_a_post_only_order_never_takes(trader: Person) -> None:
    resting = await place(trader, post_only=True)
    crossing = await place(trader, post_only=True, price="60100")
    assert (resting["time_in_force"], resting["status"]) == ("gtx", "open")
    assert (crossing["status"], crossing["reason"]) == ("expired", "would-take")


TYPES: list[tuple[dict[str, str], dict[str, str | None]]] = [
    (
        {"type": "stop", "price": "61000", "trigger_price": "60900"},
        {"price": "61000", "trigger_price": "60900", "trigger_on": "mark"},
    ),
    (
        {"type": "stop-market", "trigger_price": "60900", "trigger_on": "last"},
        {"price": None, "trigger_price": "60900", "trigger_on": "last"},
    ),
    (
        {"type": "take-profit", "price": "59000", "trigger_price": "59100"},
        {"price": "59000", "trigger_price": "59100", "trigger_on": "mark"},
    ),
    (
        {"type": "take-profit-market", "trigger_price": "59100"},
        {"price": None, "trigger_price": "59100", "trigger_on": "mark"},
    ),
    (
        {"type": "trailing-stop", "callback_rate": "1.5"},
        {"price": None, "trigger_price": None, "callback_rate": "1.5"},
    ),
    (
        {
            "price": "59000",
            "time_in_force": "gtd",
            "expires_at": "2100-01-01T00:00:00.250+01:00",
        },
        {"time_in_force": "gtd", "expires_at": "2099-12-31T23:00:00.250000Z"},
    ),
]


async def test_every_type_is_placed_and_read_back(trader: Person) -> None:
    for fields, shown in TYPES:
        order = await place(trader, **{"price": None} | fields)
        assert order["status"] == ("waiting" if "type" in fields else "open")
        assert order | shown == order
        read = await ok(trader, "GET", f"/orders/{order['id']}")
        history = read.pop("history")
        assert read == order
        assert [each["event"] for each in history] == ["accepted"]


async def test_take_profit_and_stop_follow_the_fills(trader: Person) -> None:
    opened = await place(
        trader,
        **MARKET,
        price=None,
        take_profit={"trigger_price": "66000"},
        stop_loss={"trigger_price": "55000", "price": "54000", "trigger_on": "last"},
    )
    page = await ok(trader, "GET", "/orders")
    assert {each["parent_id"] for each in page["data"]} == {opened["id"]}
    assert {(each["type"], each["price"], each["trigger_on"]) for each in page["data"]} == {
        ("take-profit-market", None, "mark"),
        ("stop", "54000", "last"),
    }
    assert {(each["side"], each["reduce_only"]) for each in page["data"]} == {("sell", True)}


async def test_closing_needs_no_quantity(trader: Person) -> None:
    await place(trader, **MARKET, price=None)
    closed = await place(
        trader, side="sell", type="market", price=None, quantity=None, close_position=True
    )
    assert (closed["status"], closed["quantity"]) == ("filled", "0.1")
    assert closed["realised_profit"] == "-1.2"  # 0.1 bought at 60,006 and sold at 59,994


async def test_spot_is_paid_from_the_spot_purse(floor: Floor, trader: Person) -> None:
    await floor.open(symbol=SPOT)
    await floor.fund(trader, 10_000, spot=True)
    bought = await place(trader, symbol=SPOT, quantity="0.01", price="60006")
    assert (bought["status"], bought["average_price"]) == ("filled", "60006")
    refused = await refusal(trader, LIMIT | {"symbol": SPOT, "quantity": "1"})
    assert (refused["code"], refused["asset"]) == ("insufficient-balance", "tether")
    assert float(refused["available"]) < 9_400 < float(refused["required"])


# -- once


async def test_a_client_order_id_names_one_order_for_ever(floor: Floor, trader: Person) -> None:
    first = await place(trader, client_order_id="mine/1")
    await floor.quote([], [("58990", "0.04")])
    again = await trader.http.post("/orders", json=LIMIT | {"client_order_id": "mine/1"})
    assert again.status_code == 200
    assert (again.json()["id"], again.json()["filled_quantity"]) == (first["id"], "0.04")
    other = await trader.http.post(
        "/orders", json=LIMIT | {"client_order_id": "mine/1", "quantity": "0.2"}
    )
    assert (other.status_code, other.json()["code"]) == (409, "client-order-id-taken")
    assert other.json()["order"] == first["id"]
    await ok(trader, "POST", f"/orders/{first['id']}/cancel")
    ended = await trader.http.post("/orders", json=LIMIT | {"client_order_id": "mine/1"})
    assert (ended.status_code, ended.json()["status"]) == (200, "cancelled")
    found = await ok(trader, "GET", "/orders", params={"client_order_id": "mine/1"})
    assert [each["id"] for each in found["data"]] == [first["id"]]


async def test_any_order_can_be_asked_for_again(trader: Person) -> None:
    """What the journal keeps of it is compared with what is asked for, member by member."""
    for number, (fields, _) in enumerate(TYPES):
        changes = {"price": None} | fields | {"client_order_id": str(number), "leverage": 4}
        first = await place(trader, **changes)
        assert (await place(trader, **changes))["id"] == first["id"]
    attached = {
        "take_profit": {"trigger_price": "66000", "price": "66000.1"},
        "stop_loss": {"trigger_price": "55000", "trigger_on": "last"},
        "client_order_id": "attached",
    }
    first = await place(trader, **attached)
    assert (await place(trader, **attached))["id"] == first["id"]
    body = LIMIT | attached | {"stop_loss": {"trigger_price": "55000"}}
    assert (await refusal(trader, body))["code"] == "client-order-id-taken"


async def test_others_may_use_the_same_client_order_id(
    floor: Floor, trader: Person, ben: Person
) -> None:
    await floor.fund(ben)
    mine = await place(trader, client_order_id="same")
    theirs = await place(ben, client_order_id="same")
    assert mine["id"] != theirs["id"]


async def test_asked_at_once_it_is_placed_once(trader: Person) -> None:
    body = LIMIT | {"client_order_id": "hurry"}
    answers = await asyncio.gather(*(trader.http.post("/orders", json=body) for _ in range(8)))
    assert sorted(each.status_code for each in answers) == [200] * 7 + [201]
    assert len({each.json()["id"] for each in answers}) == 1


async def test_an_idempotency_key_gives_the_same_answer(floor: Floor, trader: Person) -> None:
    headers = {"Idempotency-Key": "key-1"}
    first = await trader.http.post("/orders", json=LIMIT, headers=headers)
    await floor.quote([], [("58990", "0.04")])
    second = await trader.http.post("/orders", json=LIMIT, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    other = await trader.http.post("/orders", json=LIMIT | {"quantity": "0.2"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert len((await ok(trader, "GET", "/orders"))["data"]) == 1


async def test_a_key_of_what_was_refused_is_free_again(trader: Person) -> None:
    headers = {"Idempotency-Key": "key-2"}
    refused = await trader.http.post("/orders", json=LIMIT | {"quantity": "100"}, headers=headers)
    assert refused.json()["code"] == "insufficient-margin"
    placed = await trader.http.post("/orders", json=LIMIT, headers=headers)
    assert placed.status_code == 201
    again = await trader.http.post("/orders", json=LIMIT, headers=headers)
    assert again.json()["id"] == placed.json()["id"]


# -- both ways in


GONE = object()
"""A member that is not sent at all."""
ALIKE: list[dict[str, Any]] = [
    {},
    {"price": None},
    {"price": "60010", "time_in_force": "ioc"},
    {"client_order_id": "A.b_c:d/e-1", "leverage": 3, "post_only": True},
    MARKET | {"price": GONE},
    MARKET | {"price": GONE, "side": "sell", "reduce_only": True},
    {"price": "60000.05"},
    {"price": "0"},
    {"quantity": "1e3"},
    {"quantity": "100"},
    {"type": "market"},
    {"side": "sell", "reduce_only": True, "price": "61000"},
    {"leverage": 6},
    {"leverage": 0},
    {"leverage": 1001},
    {"leverage": True},
    {"post_only": True, "time_in_force": "fok"},
    {"position_side": "long"},
    {"client_order_id": "two words"},
    {"client_order_id": "line\n"},
    {"client_order_id": None, "expires_at": None},
    {"symbol": "NONE"},
    {"symbol": "X" * 41},
    {"price": "70000"},
    {"surprise": 1},
]


async def test_the_hot_route_answers_as_the_ordinary_one(
    floor: Floor, ada: Person, ben: Person
) -> None:
    """Which one is asked the content type decides: the hot one knows the plainest only."""
    for person in (ada, ben):
        await floor.fund(person)
        await floor.open()
        await place(person, **MARKET | {"price": None})
    for changes in ALIKE:
        hot = await answered(floor, ada, changes, "application/json")
        ordinary = await answered(floor, ben, changes, "application/json; charset=utf-8")
        assert hot == ordinary, changes


async def answered(
    floor: Floor, person: Person, changes: dict[str, Any], content_type: str
) -> tuple[int, str, Any]:
    """The answer to an order, but for what differs from one to the next."""
    body = {name: value for name, value in (LIMIT | changes).items() if value is not GONE}
    await floor.open()
    answer = await person.http.post(
        "/orders", content=json.dumps(body), headers={"content-type": content_type}
    )
    await ok(person, "DELETE", "/orders")
    told = answer.json()
    for name in ("id", "placed_at", "changed_at", "request_id"):
        told.pop(name, None)
    for each in told.get("fills", ()):
        del each["id"], each["at"]
    return answer.status_code, answer.headers["content-type"], told


# -- previews


async def test_a_preview_is_what_then_happens(floor: Floor, trader: Person) -> None:
    body = MARKET | {"quantity": "0.5", "leverage": 4}
    before = await floor.digest()
    told = await ok(trader, "POST", "/orders/preview", json=body)
    assert await floor.digest() == before
    order = await place(trader, **body, price=None)
    for name in ("status", "reason", "filled_quantity", "average_price", "fee", "quantity"):
        assert told[name] == order[name], name
    for mine, theirs in zip(told["fills"], order["fills"], strict=True):
        assert {**mine, "at": ""} == {**theirs, "at": ""}
    assert told["cost"] == "30003"
    assert told["refusal"] is None
    assert (told["liquidation_price_before"], told["available_before"]) == (None, "10000")
    after = await ok(trader, "POST", "/orders/preview", json=body | {"quantity": "0.001"})
    assert after["liquidation_price_before"] == told["liquidation_price_after"]
    assert after["available_before"] == told["available_after"]
    assert told["wallet_after"] == "9984.9985"  # less 0.05 % of 30,003


async def test_a_preview_tells_the_refusal(floor: Floor, trader: Person) -> None:
    told = await ok(trader, "POST", "/orders/preview", json=LIMIT | {"quantity": "1"})
    refused = await refusal(trader, LIMIT | {"quantity": "1"})
    assert told["refusal"]["code"] == refused["code"] == "insufficient-margin"
    assert told["refusal"]["required"] == refused["required"]
    assert told["refusal"]["available"] == refused["available"] == "10000"
    assert (told["status"], told["fills"], told["filled_quantity"]) == (None, [], "0")
    assert told["available_after"] == told["available_before"]


# -- changing


async def test_cancelling_and_what_cannot_be_cancelled(
    floor: Floor, trader: Person, ben: Person
) -> None:
    order = await place(trader)
    await floor.fund(ben)
    path = f"/orders/{order['id']}"
    before = await floor.digest()
    strangers = await ben.http.post(f"{path}/cancel")
    assert (strangers.status_code, strangers.json()["code"]) == (404, "unknown-order")
    assert (await ben.http.get(path)).status_code == 404
    assert (await ben.http.patch(path, json={"price": "58000"})).status_code == 404
    assert await floor.digest() == before
    cancelled = await ok(trader, "POST", f"{path}/cancel")
    assert (cancelled["status"], cancelled["reason"]) == ("cancelled", "asked")
    again = await trader.http.post(f"{path}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "order-ended")
    filled = await place(trader, **MARKET, price=None)
    before = await floor.digest()
    late = await trader.http.post(f"/orders/{filled['id']}/cancel")
    assert late.status_code == 409
    assert await floor.digest() == before
    assert (late.json()["order_status"], late.json()["filled_quantity"]) == ("filled", "0.1")


async def test_no_such_order(trader: Person) -> None:
    for order_id in ("0", "1", "nonsense", "9" * 18, "9" * 30, "-1", "1.0", "%00", "x" * 100):
        for answer in (
            await trader.http.get(f"/orders/{order_id}"),
            await trader.http.post(f"/orders/{order_id}/cancel"),
            await trader.http.patch(f"/orders/{order_id}", json={"quantity": "1"}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown-order"), order_id


async def test_who_never_traded_has_no_orders(floor: Floor, ada: Person) -> None:
    assert (await ok(ada, "GET", "/orders"))["data"] == []
    assert (await ok(ada, "GET", "/orders?status=all"))["data"] == []
    assert await ok(ada, "DELETE", "/orders") == {"cancelled": 0, "ids": []}
    assert (await ada.http.get("/orders/1")).status_code == 404


async def test_amending(floor: Floor, trader: Person) -> None:
    order = await place(trader)
    path = f"/orders/{order['id']}"
    await floor.quote([], [("58990", "0.04")])  # meets the bid
    amended = await ok(trader, "PATCH", path, json={"price": "59500", "quantity": "0.2"})
    assert (amended["price"], amended["quantity"]) == ("59500", "0.2")
    assert (amended["filled_quantity"], len(amended["fills"])) == ("0.04", 1)
    before = await floor.digest()
    below = await trader.http.patch(path, json={"quantity": "0.03"})
    assert below.json()["code"] == "amend-below-filled"
    assert (below.json()["quantity"], below.json()["filled"]) == ("0.03", "0.04")
    for body, code in (
        ({}, "order-fields-refused"),
        ({"price": "59500.05"}, "price-off-tick"),
        ({"quantity": "0.00005"}, "quantity-off-step"),
        ({"price": 59500}, "invalid"),
        ({"price": "1"}, "price-outside-band"),
    ):
        answer = await trader.http.patch(path, json=body)
        assert answer.json()["code"] == code
        assert code in declared(router, "PATCH", path)
    assert await floor.digest() == before
    read = await ok(trader, "GET", path)
    assert [each["event"] for each in read["history"]] == ["accepted", "amended"]
    await ok(trader, "POST", f"{path}/cancel")
    ended = await trader.http.patch(path, json={"price": "58000"})
    assert (ended.status_code, ended.json()["code"]) == (409, "order-ended")


async def test_cancelling_everything(floor: Floor, trader: Person, ben: Person) -> None:
    await floor.open(symbol=SPOT)
    await floor.fund(trader, spot=True)
    await floor.fund(ben)
    kept = await place(ben)
    mine = [await place(trader), await place(trader, price="58000")]
    spot = await place(trader, symbol=SPOT, quantity="0.01")
    assert (await trader.http.delete("/orders?symbol=NONE")).json()["code"] == "unknown-symbol"
    some = await ok(trader, "DELETE", "/orders", params={"symbol": BTC})
    assert some == {"cancelled": 2, "ids": [each["id"] for each in mine]}
    assert await ok(trader, "DELETE", "/orders") == {"cancelled": 1, "ids": [spot["id"]]}
    assert [each["id"] for each in (await ok(ben, "GET", "/orders"))["data"]] == [kept["id"]]


async def test_several_at_once(trader: Person) -> None:
    orders = [
        LIMIT | {"client_order_id": "a"},
        LIMIT | {"price": "59000.05"},
        LIMIT | {"symbol": "NONE"},
        LIMIT | {"post_only": True, "time_in_force": "ioc"},
        LIMIT | {"quantity": "100"},
        LIMIT | {"client_order_id": "a"},
        LIMIT | {"client_order_id": "a", "side": "sell", "price": "61000"},
        MARKET,
    ]
    told = (await ok(trader, "POST", "/orders/batch", json={"orders": orders}))["data"]
    assert [each["problem"] and each["problem"]["code"] for each in told] == [
        None,
        "price-off-tick",
        "unknown-symbol",
        "order-fields-refused",
        "insufficient-margin",
        None,
        "client-order-id-taken",
        None,
    ]
    assert told[0]["order"] == told[5]["order"]
    assert told[4]["problem"]["available"] == "8820"
    assert told[7]["order"]["status"] == "filled"
    for wrong in ([], [LIMIT] * 21, [LIMIT | {"quantity": 1}]):
        answer = await trader.http.post("/orders/batch", json={"orders": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_several_at_once_are_done_once(trader: Person) -> None:
    body = {"orders": [LIMIT, LIMIT | {"quantity": "100"}, LIMIT | {"price": "58000"}]}
    headers = {"Idempotency-Key": "batch"}
    first = await trader.http.post("/orders/batch", json=body, headers=headers)
    second = await trader.http.post("/orders/batch", json=body, headers=headers)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert len((await ok(trader, "GET", "/orders"))["data"]) == 2


async def test_the_dead_mans_switch(trader: Person) -> None:
    order = await place(trader)
    for wrong in (-1, 1, 999, 86_400_001, "5000", 1.5, True):
        answer = await trader.http.post("/orders/countdown", json={"after_ms": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    armed = await ok(trader, "POST", "/orders/countdown", json={"after_ms": 60_000})
    assert armed["cancels_at"] > order["placed_at"]
    off = await ok(trader, "POST", "/orders/countdown", json={"after_ms": 0})
    assert off == {"cancels_at": None}
    await ok(trader, "POST", "/orders/countdown", json={"after_ms": 1_000})
    ended = order
    for _ in range(100):
        ended = await ok(trader, "GET", f"/orders/{order['id']}")
        if ended["status"] != "open":
            break
        await asyncio.sleep(0.1)
    assert (ended["status"], ended["reason"]) == ("cancelled", "countdown")


# -- lists


async def test_lists_by_status_and_symbol_and_page(floor: Floor, trader: Person) -> None:
    await floor.open(symbol=SPOT)
    await floor.fund(trader, spot=True)
    opened = [await place(trader, quantity="0.01") for _ in range(5)]
    waiting = await place(trader, type="stop-market", price=None, trigger_price="61000")
    spot = await place(trader, symbol=SPOT, quantity="0.01")
    filled = await place(trader, **MARKET, price=None)
    gone = await ok(trader, "POST", f"/orders/{opened.pop()['id']}/cancel")

    async def ids(limit: int = 2, **query: str) -> list[str]:
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            asked = query | {"limit": str(limit)} | cursor
            page = await ok(trader, "GET", "/orders", params=asked)
            found += [each["id"] for each in page["data"]]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}

    still = [spot["id"], waiting["id"], *(each["id"] for each in reversed(opened))]
    assert await ids() == await ids(100, status="open") == still
    assert await ids(symbol=SPOT) == [spot["id"]]
    assert await ids(status="waiting", symbol=BTC) == [waiting["id"]]
    assert await ids(status="filled") == [filled["id"]]
    assert await ids(status="cancelled") == [gone["id"]]
    everything = await ids(status="all")
    assert everything == sorted([*still, filled["id"], gone["id"]], key=int, reverse=True)
    for wrong in ("status=none", "symbol=", "cursor=x", "limit=0", "client_order_id=%20"):
        assert (await trader.http.get(f"/orders?{wrong}")).status_code == 422
    assert (await trader.http.get("/orders?symbol=NONE")).json()["code"] == "unknown-symbol"


async def test_a_list_as_a_table(trader: Person) -> None:
    orders = [await place(trader, client_order_id=f"c{at}") for at in range(3)]
    answer = await trader.http.get("/orders?format=csv&limit=2")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [each["id"] for each in rows] == [orders[2]["id"], orders[1]["id"]]
    assert (rows[0]["price"], rows[0]["client_order_id"], rows[0]["reason"]) == ("59000", "c2", "")
    assert 'rel="next"' in answer.headers["link"]
    for name in ("parquet", "arrow"):
        assert (await trader.http.get(f"/orders?format={name}")).status_code == 200


async def test_the_answer_is_what_is_stored(floor: Floor, trader: Person) -> None:
    """Whatever an order meets, what is answered at once is what is read afterwards."""
    await floor.quote([("59990", "0.01")], [("60006", "0.03"), ("60012", "0.02")])
    for changes in (
        MARKET | {"price": None, "client_order_id": "x", "leverage": 2},
        {"price": "60020", "time_in_force": "ioc"},
        {"price": "60020"},
        {"side": "sell", "price": "59990", "reduce_only": True},
        {"side": "sell", "price": "59990", "quantity": "0.01", "time_in_force": "fok"},
        {"type": "stop-market", "price": None, "trigger_price": "70000"},
    ):
        order = await place(trader, **changes)
        read = await ok(trader, "GET", f"/orders/{order['id']}")
        del read["history"]
        assert read == order


# -- what is refused


BAD: list[tuple[str, dict[str, Any], int, str, dict[str, Any]]] = [
    ("unknown symbol", {"symbol": "NONE-PERP"}, 404, "unknown-symbol", {"symbol": "NONE-PERP"}),
    ("off tick", {"price": "59000.05"}, 422, "price-off-tick", {"tick": "0.1"}),
    ("off step", {"quantity": "0.00005"}, 422, "quantity-off-step", {"step": "0.001"}),
    (
        "below minimum",
        {"symbol": SPOT, "quantity": "0.00001"},
        422,
        "below-minimum-notional",
        {"notional": "0.59", "minimum": "5"},
    ),
    ("too large", {"quantity": "999999"}, 422, "above-most-quantity", {"most": "1000"}),
    (
        "10^19",
        {"quantity": "1" + "0" * 19},
        422,
        "number-too-large",
        {"given": "1" + "0" * 19, "most": "1" + "0" * 14},
    ),
    ("10^30", {"quantity": "1" + "0" * 30}, 422, "invalid", {}),
    ("1e30", {"quantity": "1e30"}, 422, "invalid", {}),
    ("NaN", {"price": "NaN"}, 422, "invalid", {}),
    ("negative", {"quantity": "-0.1"}, 422, "invalid", {}),
    ("a number", {"quantity": 0.1}, 422, "invalid", {}),
    ("leverage 0", {"leverage": 0}, 422, "invalid", {}),
    ("leverage 101", {"leverage": 101}, 409, "leverage-above-cap", {"highest": 5}),
    ("above the tier", {"leverage": 6}, 409, "leverage-above-cap", {"highest": 5}),
    (
        "outside of the band",
        {"price": "70000"},
        422,
        "price-outside-band",
        {"price": "70000", "highest": "63000"},
    ),
    (
        "no position to reduce",
        {"reduce_only": True},
        409,
        "nothing-to-reduce",
        {"position": "0"},
    ),
    (
        "not enough margin",
        {"quantity": "1"},
        409,
        "insufficient-margin",
        {"required": "11829.5", "available": "10000"},
    ),
    (
        "a trigger that is reached",
        {"type": "stop-market", "price": None, "trigger_price": "59900"},
        409,
        "would-trigger-at-once",
        {"trigger_price": "59900", "price": "60000"},
    ),
    (
        "a callback beyond all",
        {"type": "trailing-stop", "price": None, "callback_rate": "50.1"},
        422,
        "out-of-range",
        {"callback_rate": "50.1", "most": "50"},
    ),
    (
        "a callback too fine",
        {"type": "trailing-stop", "price": None, "callback_rate": "1.00001"},
        422,
        "callback-off-grid",
        {"step": "0.0001"},
    ),
    (
        "a moment that has passed",
        {"time_in_force": "gtd", "expires_at": "2020-01-01T00:00:00Z"},
        422,
        "order-fields-refused",
        {"expires_at_ms": 1_577_836_800_000},
    ),
    (
        "no moment",
        {"time_in_force": "gtd"},
        422,
        "order-fields-refused",
        {"detail": "an order that is good until a moment needs `expires_at`"},
    ),
    ("a market order with a price", {"type": "market"}, 422, "order-fields-refused", {}),
    ("no quantity", {"quantity": None}, 422, "out-of-range", {"quantity": "0"}),
    ("the wrong leg", {"position_side": "long"}, 422, "leg-refused", {}),
    ("post only at once", {"post_only": True, "time_in_force": "ioc"}, 422,
     "order-fields-refused", {}),
    ("an unknown member", {"colour": "red"}, 422, "invalid", {}),
    ("a long client order id", {"client_order_id": "x" * 65}, 422, "invalid", {}),
]  # fmt: skip


async def test_each_bad_order_is_a_named_problem(floor: Floor, trader: Person) -> None:
    await floor.open(symbol=SPOT)
    before = await floor.digest()
    for what, changes, status, code, facts in BAD:
        body = {name: value for name, value in (LIMIT | changes).items() if value is not None}
        told = await refusal(trader, body)
        assert (told["status"], told["code"]) == (status, code), what
        assert told | facts == told, what
        assert code in declared(router, "POST", "/orders"), what
        preview = (await trader.http.post("/orders/preview", json=body)).json()
        assert (preview.get("code") or preview["refusal"]["code"]) == code, what
        assert preview.get("code") in {None, *declared(router, "POST", "/orders/preview")}, what
        assert await floor.digest() == before, what


async def test_a_market_without_a_price_says_so(trader: Person) -> None:
    told = await refusal(trader, LIMIT | {"symbol": "ETH-PERP", "price": "3000"})
    assert told["code"] == "no-price"


@pytest.fixture
def one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes on the exchange, however long its answers take."""

    def stand(course: Course, journaled_ms: int) -> int:
        _ = course
        return journaled_ms

    monkeypatch.setattr(Course, "now_ms", stand)


@pytest.mark.usefixtures("one_moment")
async def test_ten_thousand_orders_in_a_second_are_too_many(floor: Floor, trader: Person) -> None:
    await floor.limit_rate(5)
    answers = [await trader.http.post("/orders", json=LIMIT) for _ in range(8)]
    before = await floor.digest()
    late = await trader.http.post("/orders", json=LIMIT)
    assert await floor.digest() == before
    assert [each.status_code for each in answers] == [201] * 5 + [429] * 3
    assert (late.status_code, late.json()["code"]) == (429, "order-rate")
    assert late.json()["orders_per_second"] == 5
    assert late.headers["retry-after"] == "1"


@pytest.mark.usefixtures("one_moment")
async def test_changing_one_order_all_the_time_is_too_many_as_well(
    floor: Floor, trader: Person
) -> None:
    order = (await trader.http.post("/orders", json=LIMIT)).json()["id"]
    await floor.limit_rate(5)
    prices = [str(Decimal(LIMIT["price"]) - step) for step in range(1, 9)]
    answers = [await trader.http.patch(f"/orders/{order}", json={"price": p}) for p in prices]
    assert [each.status_code for each in answers] == [200] * 5 + [429] * 3
    before = await floor.digest()
    late = await trader.http.patch(f"/orders/{order}", json={"price": LIMIT["price"]})
    assert await floor.digest() == before
    assert (late.status_code, late.json()["code"]) == (429, "order-rate")
    assert late.json()["orders_per_second"] == 5
    assert late.json()["code"] in declared(router, "PATCH", "/orders/{order_id}")
    assert late.headers["retry-after"] == "1"
    less = {"quantity": str(Decimal(LIMIT["quantity"]) / 2)}
    assert (await trader.http.patch(f"/orders/{order}", json=less)).status_code == 200


async def test_a_body_of_a_megabyte_is_refused(floor: Floor, trader: Person) -> None:
    before = await floor.digest()
    answer = await trader.http.post("/orders", json=LIMIT | {"client_order_id": "x" * 2_000_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert answer.json()["limit"] == 1_000_000
    assert await floor.digest() == before


async def test_a_key_that_may_only_read_places_nothing(floor: Floor, trader: Person) -> None:
    made = await ok(trader, "POST", "/auth/keys", json={"name": "eyes", "scopes": ["read"]})
    headers = {"Authorization": f"Bearer {made['api_key']}"}
    for path, body in (("/orders", LIMIT), ("/orders/preview", LIMIT)):
        answer = await trader.http.post(path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")
    assert (await trader.http.get("/orders", headers=headers)).status_code == 200


async def test_everybody_else_is_asked_to_sign_in(floor: Floor, client: httpx2.AsyncClient) -> None:
    assert (await client.post("/orders", json=LIMIT)).status_code == 401
    assert (await client.get("/orders")).status_code == 401
