"""What operators do to the exchange over HTTP, and what the audit log has of it."""

import json
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.access.domain.principals import Role, Tier
from plimsoll.access.service import accounts, audit
from plimsoll.kernel.identifiers import new_id
from plimsoll.plumbing.database import Database
from plimsoll.trading.domain.accounts import TradingState
from plimsoll.trading.domain.commands import PlaceOrder
from plimsoll.trading.domain.orders import OrderType, Side
from plimsoll.trading.domain.refusals import Halted
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.router.operators import router
from plimsoll.trading.service.exchange import Exchange
from tests.conftest import Person, SignUp
from tests.ledger.calls import ok
from tests.trading.declared import declared
from tests.trading.floor import BTC, SPOT, Floor, principal

WHY = {"reason": "a drill"}
UNI: dict[str, Any] = {
    "symbol": "UNI-PERP",
    "kind": "perpetual",
    "base": "uniswap",
    "tick": "0.001",
    "step": "0.1",
    "max_quantity": "100000",
    "fees": [{"maker": "0.0002", "taker": "0.0005"}],
    "brackets": [
        {"floor": "0", "maintenance_rate": "0.015", "max_leverage": 25},
        {"floor": "25000", "maintenance_rate": "0.05", "max_leverage": 10},
    ],
    "bracket_cap": "10000000",
    **WHY,
}


@pytest.fixture
async def operator(sign_up: SignUp, app: FastAPI) -> Person:
    person = await sign_up()
    state = app.state
    await accounts.set_role(state.database, state.clock, email=person.email, role=Role.OPERATOR)
    await state.access.verifier.catch_up()
    return person


@pytest.fixture
async def floor(app: FastAPI, client: httpx2.AsyncClient) -> Floor:
    """Nothing feeds the markets."""
    floor = Floor(app)
    await floor.open()
    return floor


@pytest.fixture
def exchange(floor: Floor) -> Exchange:
    return floor.exchange


async def notes(app: FastAPI) -> list[dict[str, Any]]:
    """What the audit log has of trading, oldest first; and it is as it was written."""
    assert (await audit.verify(app.state.database)).intact
    async with app.state.database.read() as unit:
        rows = await unit.fetch(
            "select event, user_id::text, subject, facts::text from audit_log order by sequence"
        )
    return [
        {**json.loads(row["facts"]), "event": row["event"], "by": row["user_id"],
         "subject": row["subject"]}
        for row in rows
        if "reason" in row["facts"]
    ]  # fmt: skip


async def buy(exchange: Exchange, account: int, steps: int, price: int = 0) -> None:
    kind = OrderType.LIMIT if price else OrderType.MARKET
    await exchange.engine.submit(
        lambda seq, at_ms: PlaceOrder(seq, at_ms, account, BTC, Side.BUY, kind, steps, price)
    )


async def refusal(person: Person, method: str, path: str, body: Any) -> tuple[int, str]:
    answer = await person.http.request(method, path, json=body)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    code = answer.json()["code"]
    assert code in declared(router, method, path), code
    return answer.status_code, code


# -- who may


CLOSED = [
    ("POST", "/trading/state"),
    ("GET", "/trading/limits"),
    ("PUT", "/trading/limits"),
    ("POST", "/trading/force-reduce"),
    ("PUT", f"/trading/tiers/{new_id()}"),
    ("GET", "/trading/insurance"),
    ("POST", "/trading/insurance"),
    ("POST", "/trading/instruments"),
    ("GET", "/trading/engine"),
]


async def test_operators_only(ada: Person, client: httpx2.AsyncClient) -> None:
    for method, path in CLOSED:
        assert await refusal(ada, method, path, {}) == (403, "scope-missing"), path
        answer = await client.request(method, path, json={})
        assert answer.status_code == 401, path


ACTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/trading/state", {"state": "halted"}),
    (
        "PUT",
        "/trading/limits",
        {"account_notional": "1", "venue_notional": "1", "orders_per_second": 1},
    ),
    ("POST", "/trading/force-reduce", {"user_id": str(new_id()), "symbol": BTC, "quantity": "1"}),
    ("PUT", f"/trading/tiers/{new_id()}", {"tier": "advanced"}),
    ("POST", "/trading/insurance", {"amount": "1"}),
    ("POST", "/trading/instruments", {name: UNI[name] for name in UNI if name != "reason"}),
]


async def test_everything_wants_a_reason(
    operator: Person, exchange: Exchange, database: Database
) -> None:
    before = exchange.engine.seq
    for method, path, body in ACTIONS:
        assert await refusal(operator, method, path, body) == (422, "invalid"), path
        for reason in ("", "x" * 501, "a\u0000b", 5, None):
            given = body | {"reason": reason}
            assert await refusal(operator, method, path, given) == (422, "invalid"), path
    async with database.read() as unit:
        rows = await unit.fetch("select distinct kind from journal where seq > $1", before)
    assert {row["kind"] for row in rows} <= {
        "set-index",
        "quote",
        "pass-time",
    }  # the market goes on


# -- states


async def test_a_market_is_halted_and_resumed(
    app: FastAPI, operator: Person, floor: Floor, ada: Person
) -> None:
    account = await floor.fund(ada)
    body = {"state": "halted", "symbol": BTC, **WHY}
    answer = await ok(operator, "POST", "/trading/state", json=body)
    assert (answer["state"], answer["symbol"], answer["user_id"]) == ("halted", BTC, None)
    with pytest.raises(Halted):
        await buy(floor.exchange, account, 1)
    shown = await ok(operator, "GET", f"/instruments/{BTC}")
    assert shown["state"] == "halted"
    await ok(operator, "POST", "/trading/state", json=body | {"state": "active"})
    await buy(floor.exchange, account, 1)
    first, second = await notes(app)
    assert first == {
        "event": "trading-state-set",
        "by": operator.id,
        "subject": BTC,
        "state": "halted",
        "seq": answer["seq"],
        "reason": "a drill",
    }
    assert second["state"] == "active"


async def test_a_person_is_halted_and_loses_their_orders(
    app: FastAPI, operator: Person, floor: Floor, ada: Person, ben: Person
) -> None:
    mine, other = await floor.fund(ada), await floor.fund(ben)
    for account in (mine, other):
        await buy(floor.exchange, account, 10, 590_000)
    body = {"state": "halted", "user_id": ada.id, **WHY}
    answer = await ok(operator, "POST", "/trading/state", json=body)
    assert answer["orders_ended"] == 1
    with pytest.raises(Halted):
        await buy(floor.exchange, mine, 1)
    await buy(floor.exchange, other, 1)
    assert (await notes(app))[0]["subject"] == ada.id


async def test_the_whole_venue_only_reduces(operator: Person, exchange: Exchange) -> None:
    await ok(operator, "POST", "/trading/state", json={"state": "reduce-only", **WHY})
    assert await exchange.read(lambda venue: venue.state) is TradingState.REDUCE_ONLY


NO_STATES: list[tuple[dict[str, Any], int, str]] = [
    ({"state": "closed"}, 422, "invalid"),
    ({"state": "halted", "symbol": "NO-PERP"}, 404, "unknown-symbol"),
    ({"state": "halted", "user_id": str(new_id())}, 404, "unknown-account"),
    ({"state": "halted", "user_id": "1"}, 422, "invalid"),
    ({"state": "halted", "account": 1}, 422, "invalid"),
]


async def test_states_that_cannot_be(app: FastAPI, operator: Person) -> None:
    for body, status, code in NO_STATES:
        assert await refusal(operator, "POST", "/trading/state", body | WHY) == (status, code), body
    assert await notes(app) == []


async def test_a_market_or_a_person(operator: Person, floor: Floor, ada: Person) -> None:
    await floor.fund(ada)
    body = {"state": "halted", "user_id": ada.id, "symbol": BTC, **WHY}
    assert await refusal(operator, "POST", "/trading/state", body) == (422, "out-of-range")


# -- limits


async def test_limits_are_set_and_shown(app: FastAPI, operator: Person, exchange: Exchange) -> None:
    assert await ok(operator, "GET", "/trading/limits") == {
        "account_notional": "0",
        "venue_notional": "0",
        "orders_per_second": exchange.settings.orders_per_second,
    }
    limits = {"account_notional": "1000.5", "venue_notional": "0", "orders_per_second": 7}
    assert await ok(operator, "PUT", "/trading/limits", json=limits | WHY) == limits
    assert await ok(operator, "GET", "/trading/limits") == limits
    (note,) = await notes(app)
    assert {name: note[name] for name in limits} == limits


NO_LIMITS: list[tuple[dict[str, Any], str]] = [
    ({"account_notional": "-1"}, "invalid"),
    ({"account_notional": "0.000000001"}, "amount-off-grid"),
    ({"venue_notional": "99999999999999999999"}, "number-too-large"),
    ({"orders_per_second": -1}, "invalid"),
    ({"orders_per_second": 10**30}, "invalid"),
]


async def test_limits_that_cannot_be(operator: Person) -> None:
    body = {"account_notional": "1", "venue_notional": "1", "orders_per_second": 1} | WHY
    for changes, code in NO_LIMITS:
        assert await refusal(operator, "PUT", "/trading/limits", body | changes) == (422, code), (
            changes
        )


# -- people


async def test_a_position_is_reduced_by_force(
    app: FastAPI, operator: Person, floor: Floor, ada: Person
) -> None:
    account = await floor.fund(ada)
    await buy(floor.exchange, account, 100)
    app.state.marketplace.feeding._markets.clear()
    body = {"user_id": ada.id, "symbol": BTC, "quantity": "0.04", **WHY}
    answer = await ok(operator, "POST", "/trading/force-reduce", json=body)
    assert (answer["filled_quantity"], answer["position"]) == ("0.04", "0.06")
    assert answer["position_side"] == "net"
    assert float(answer["fee"]) > 0
    assert answer["average_price"] is not None
    (note,) = await notes(app)
    assert (note["event"], note["subject"], note["quantity"]) == (
        "position-reduced", ada.id, "0.04",
    )  # fmt: skip


async def test_there_is_nothing_to_reduce(operator: Person, floor: Floor, ada: Person) -> None:
    path, body = "/trading/force-reduce", {"symbol": BTC, "quantity": "0.04", **WHY}
    assert await refusal(operator, "POST", path, body | {"user_id": ada.id}) == (
        404, "unknown-account",
    )  # fmt: skip
    await floor.fund(ada)
    body["user_id"] = ada.id
    assert await refusal(operator, "POST", path, body) == (404, "no-position")
    assert await refusal(operator, "POST", path, body | {"symbol": SPOT}) == (422, "not-for-spot")
    assert await refusal(operator, "POST", path, body | {"quantity": "0.0001"}) == (
        422, "quantity-off-step",
    )  # fmt: skip
    assert await refusal(operator, "POST", path, body | {"quantity": "1" + "0" * 19}) == (
        422, "number-too-large",
    )  # fmt: skip
    assert await refusal(operator, "POST", path, body | {"position_side": "up"}) == (
        422, "invalid",
    )  # fmt: skip


async def test_a_tier_reaches_the_person_and_the_exchange(
    app: FastAPI, operator: Person, floor: Floor, ada: Person
) -> None:
    path, exchange = f"/trading/tiers/{ada.id}", floor.exchange
    first = await ok(operator, "PUT", path, json={"tier": "intermediate", **WHY})
    assert first == {
        "user_id": ada.id,
        "tier": "intermediate",
        "leverage_cap": exchange.settings.leverage_intermediate,
        "seq": None,
    }
    account = await floor.fund(ada)
    answer = await ok(operator, "PUT", path, json={"tier": "advanced", **WHY})
    assert answer["seq"] is not None

    def terms(venue: Venue) -> tuple[int, int]:
        found = venue.accounts[account]
        return found.leverage_cap, found.fee_tier

    assert await exchange.read(terms) == (exchange.settings.leverage_advanced, 2)
    assert (await ok(ada, "GET", "/auth/me"))["tier"] == "advanced"
    before = exchange.engine.seq
    await exchange.account_of(principal(ada, Tier.ADVANCED))
    assert exchange.engine.seq == before
    note = (await notes(app))[1]
    assert (note["event"], note["by"], note["subject"]) == ("tier-set", operator.id, ada.id)
    assert (note["old"], note["new"], note["reason"]) == ("intermediate", "advanced", "a drill")


async def test_a_tier_of_nobody(operator: Person) -> None:
    body = {"tier": "advanced", **WHY}
    path = "/trading/tiers/"
    assert await refusal(operator, "PUT", f"{path}{new_id()}", body) == (404, "no-such-user")
    assert await refusal(operator, "PUT", f"{path}1", body) == (422, "invalid")
    assert await refusal(operator, "PUT", f"{path}{operator.id}", body | {"tier": "x"}) == (
        422, "invalid",
    )  # fmt: skip


# -- the fund


async def test_money_goes_into_the_fund_and_out_of_it(app: FastAPI, operator: Person) -> None:
    before = await ok(operator, "GET", "/trading/insurance")
    assert (before["balance"], before["positions"]) == ("1000000", [])
    await ok(operator, "POST", "/trading/insurance", json={"amount": "0.5", **WHY})
    after = await ok(operator, "POST", "/trading/insurance", json={"amount": "-1000000", **WHY})
    assert after["balance"] == "0.5"
    refused = await operator.http.post("/trading/insurance", json={"amount": "-1", **WHY})
    assert refused.status_code == 409
    assert refused.json()["required"] == "1"
    assert refused.json()["available"] == "0.5"
    for amount, code in (
        ("0", "out-of-range"),
        ("0.000000001", "amount-off-grid"),
        ("1" + "0" * 19, "number-too-large"),
    ):
        assert await refusal(operator, "POST", "/trading/insurance", {"amount": amount, **WHY}) == (
            422, code,
        )  # fmt: skip
    assert [each["amount"] for each in await notes(app)] == ["0.5", "-1000000"]


async def test_with_a_key_it_moves_once_and_is_noted_twice(app: FastAPI, operator: Person) -> None:
    headers = {"Idempotency-Key": "again"}
    for _ in range(2):
        answer = await operator.http.post(
            "/trading/insurance", json={"amount": "1", **WHY}, headers=headers
        )
        assert answer.status_code == 200
    assert (await ok(operator, "GET", "/trading/insurance"))["balance"] == "1000001"
    first, second = await notes(app)
    assert "repeated" not in first
    assert second == first | {"repeated": True}
    other = await operator.http.post(
        "/trading/insurance", json={"amount": "2", **WHY}, headers=headers
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_when_the_audit_log_cannot_be_written_the_answer_says_what_is_done(
    app: FastAPI, operator: Person
) -> None:
    headers, body = {"Idempotency-Key": "one"}, {"amount": "1", **WHY}
    async with app.state.database.write() as unit:
        await unit.fetch("select * from audit_head for update")
        answer = await operator.http.post("/trading/insurance", json=body, headers=headers)
        told = answer.json()
        assert (answer.status_code, told["code"]) == (503, "audit-not-written")
        assert told["cause"] == "locked"
        done = "select seq from journal where kind = 'fund-insurance' order by seq desc limit 1"
        assert told["seq"] == await unit.fetchval(done)
    assert await notes(app) == []
    again = await operator.http.post("/trading/insurance", json=body, headers=headers)
    assert (again.status_code, again.json()["balance"]) == (200, "1000001")
    (note,) = await notes(app)
    assert (note["seq"], note["repeated"]) == (told["seq"], True)


# -- listing


async def test_a_new_market_is_listed_and_fed(
    app: FastAPI, operator: Person, client: httpx2.AsyncClient
) -> None:
    answer = await operator.http.post("/trading/instruments", json=UNI)
    assert answer.status_code == 201, answer.text
    shown = (await client.get("/instruments/UNI-PERP")).json()
    assert shown["mark"] == shown["index"]
    assert shown["awake"]
    assert [each["deduction"] for each in shown["brackets"]] == ["0", "875"]
    assert {each["taker"] for each in shown["fees"]} == {"0.0005"}
    book = (await client.get("/instruments/UNI-PERP/book")).json()
    assert len(book["bids"]) == 10
    assert await refusal(operator, "POST", "/trading/instruments", UNI) == (409, "already-exists")
    (note,) = await notes(app)
    assert (note["event"], note["subject"]) == ("instrument-listed", "UNI-PERP")


async def test_of_a_new_spot_coin_the_house_gets_its_stock(
    operator: Person, client: httpx2.AsyncClient
) -> None:
    spot = UNI | {"symbol": "UNI-USDT", "kind": "spot", "brackets": [], "bracket_cap": None}
    assert (await operator.http.post("/trading/instruments", json=spot)).status_code == 201
    book = (await client.get("/instruments/UNI-USDT/book")).json()
    assert len(book["asks"]) == 10


BRACKET = {"floor": "0", "maintenance_rate": "0.015", "max_leverage": 25}


NO_MARKETS: list[tuple[dict[str, Any], str]] = [
    ({"symbol": "uni-perp"}, "invalid"),
    ({"symbol": "UNI-USDT"}, "instrument-refused"),
    ({"base": "no-such-coin"}, "unknown-asset-field"),
    ({"tick": "0"}, "invalid"),
    ({"tick": "0.000000001", "step": "0.001"}, "instrument-refused"),
    ({"tick": "99999999999999999999"}, "instrument-refused"),
    ({"step": "10001"}, "instrument-refused"),
    ({"max_quantity": "0.05"}, "instrument-refused"),
    ({"max_quantity": "99999999999999999999"}, "instrument-refused"),
    ({"minimum_notional": "0.000000001"}, "amount-off-grid"),
    ({"minimum_notional": "1" + "0" * 19}, "number-too-large"),
    ({"price_band": "1"}, "instrument-refused"),
    ({"price_band": "0.00000001"}, "instrument-refused"),
    ({"fees": []}, "invalid"),
    ({"fees": [{"maker": "0.002", "taker": "0.001"}]}, "instrument-refused"),
    ({"brackets": []}, "instrument-refused"),
    ({"bracket_cap": None}, "instrument-refused"),
    ({"bracket_cap": "10000000001"}, "instrument-refused"),
    ({"bracket_cap": "24999"}, "bracket-gap"),
    ({"brackets": [BRACKET | {"floor": "1"}]}, "bracket-gap"),
    ({"brackets": [BRACKET | {"floor": "0.5"}]}, "instrument-refused"),
    ({"brackets": [BRACKET | {"max_leverage": 0}]}, "invalid"),
    ({"brackets": [BRACKET | {"maintenance_rate": "1"}]}, "bracket-rate-refused"),
    (
        {"brackets": [BRACKET, BRACKET | {"floor": "1000", "maintenance_rate": "0.02"}]},
        "bracket-leverage-refused",
    ),
    ({"brackets": [BRACKET] * 51}, "invalid"),
    ({"funding_interval_h": 5}, "instrument-refused"),
    ({"liquidation_fee": "1"}, "instrument-refused"),
    ({"interest": "0.000000001"}, "instrument-refused"),
    ({"kind": "spot", "symbol": "UNI-USDT"}, "instrument-refused"),
    ({"settle": "usd-coin"}, "invalid"),
]


async def test_markets_that_cannot_be(operator: Person, exchange: Exchange) -> None:
    for changes, code in NO_MARKETS:
        body = {name: value for name, value in (UNI | changes).items() if value is not None}
        told = await refusal(operator, "POST", "/trading/instruments", body)
        assert told == (422, code), changes
    assert len(exchange.instruments) == 18


# -- the writer


async def test_how_the_writer_is(operator: Person, exchange: Exchange) -> None:
    await ok(operator, "GET", f"/market/price/{BTC}")
    tries = 10  # the market goes on: now and then it is a command further
    while True:
        answer = await ok(operator, "GET", "/trading/engine")
        journal = answer["journal"]
        if journal["seq"] == answer["seq"] == exchange.engine.seq:
            break
        tries -= 1
        assert tries, answer
    assert (answer["state"], answer["epoch"], answer["waiting"]) == ("running", 1, 0)
    assert answer["awake"] == [BTC]
    assert answer["instruments"] == 18
    assert journal["snapshot_seq"] is None
