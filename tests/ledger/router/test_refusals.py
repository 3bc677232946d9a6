"""What the ledger refuses, each by name, and that nothing has changed after it."""

import json
from typing import Any

import pytest

from plimsoll.plumbing.database import Database
from tests.conftest import Person
from tests.ledger.calls import COIN, buy, ok
from tests.ledger.statement import statement_of

JSON = {"Content-Type": "application/json"}
TOO_LARGE = "1000000000000000000000000000000"
LARGEST = "99999999999999999999"
PLACES_19 = "0.1234567890123456789"

PURCHASES: list[tuple[str, Any, int, str]] = [
    ("an unknown asset", {"coin_id": "no-such-coin"}, 422, "unknown-asset-field"),
    ("an unknown currency", {"currency": "xxx"}, 422, "unknown-asset-field"),
    ("a moment in the future", {"occurred_at": "2999-01-01T00:00:00Z"}, 422, "in-the-future"),
    ("the end of the calendar", {"occurred_at": "9999-12-31T23:59:59-12:00"}, 422, ""),
    ("the start of the calendar", {"occurred_at": "0001-01-01T00:00:00+14:00"}, 422, ""),
    ("a moment before any coin", {"occurred_at": "2008-12-31T00:00:00Z"}, 422, "too-long-ago"),
    ("a moment without offset", {"occurred_at": "2024-01-01T00:00:00"}, 422, "invalid"),
    ("a moment as a number", {"occurred_at": 10**30}, 422, "invalid"),
    ("10^30 coins", {"quantity": TOO_LARGE}, 422, "invalid"),
    ("a price of 10^30", {"price": TOO_LARGE}, 422, "invalid"),
    ("a product beyond bounds", {"quantity": LARGEST, "price": "2"}, 422, "amount-out-of-range"),
    (
        "a product that rounds to the bound",
        {"quantity": "10000000000.00000000000001", "price": "9999999999.99999999999999"},
        422,
        "amount-out-of-range",
    ),
    ("a sum beyond bounds", {"quantity": LARGEST, "price": "1"}, 422, "amount-out-of-range"),
    ("a fee beyond bounds", {"fee": LARGEST}, 422, "amount-out-of-range"),
    ("not a number", {"quantity": "NaN"}, 422, "invalid"),
    ("infinity", {"price": "Infinity"}, 422, "invalid"),
    ("an exponent", {"quantity": "1e3"}, 422, "invalid"),
    ("19 places", {"quantity": PLACES_19}, 422, "invalid"),
    ("a JSON number", {"quantity": 0.5}, 422, "invalid"),
    ("a whole JSON number", {"price": 60000}, 422, "invalid"),
    ("nothing", {"quantity": "0"}, 422, "invalid"),
    ("less than nothing", {"quantity": "-1"}, 422, "invalid"),
    ("a price of nothing", {"price": "0"}, 422, "invalid"),
    ("a negative fee", {"fee": "-1"}, 422, "invalid"),
    ("a value that rounds to nothing",
     {"quantity": "0.000000000000000001", "price": "0.1"}, 422, "nothing-moved"),
    ("an unknown member", {"leverage": "3"}, 422, "invalid"),
    ("an asset for itself", {"coin_id": "usd"}, 422, "same-asset"),
    ("a wallet that is none", {"wallet_id": "main"}, 422, "invalid"),
    ("somebody's wallet", {"wallet_id": "00000000-0000-7000-8000-000000000000"}, 404,
     "wallet-not-found"),
    ("a note without end", {"note": "x" * 1001}, 422, "invalid"),
    ("a note with a NUL", {"note": "a\u0000b"}, 422, "invalid"),
    ("half a character", {"note": "\ud800"}, 422, "invalid"),
    ("a currency without rate",
     {"currency": "eur", "occurred_at": "2024-01-01T00:00:00Z"}, 422, "rate-required"),
]  # fmt: skip


async def test_purchases_that_cannot_be(ada: Person, database: Database) -> None:
    await buy(ada, occurred_at="2023-01-01T00:00:00Z")
    before = await statement_of(database, ada.id)
    for what, change, status, code in PURCHASES:
        text = json.dumps({**COIN, **change})  # in ASCII, so that half a character can be sent
        answer = await ada.http.post("/holdings", content=text, headers=JSON)
        assert answer.status_code == status, (what, answer.text)
        assert not code or answer.json()["code"] == code, (what, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        after = await statement_of(database, ada.id)
        assert {**after.rows, "ledger_heads": ()} == {**before.rows, "ledger_heads": ()}, what


async def test_a_wrong_member_is_pointed_at(ada: Person) -> None:
    answer = await ada.http.post("/holdings", json={**COIN, "quantity": 0.5, "x": 1})
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"#/quantity", "#/x"}
    answer = await ada.http.post("/holdings", json={**COIN, "coin_id": "nope"})
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/coin_id"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"quantity":NaN}', b"\xff\xfe", b'"']
)
async def test_bodies_that_are_none(ada: Person, body: bytes) -> None:
    for path in ("/holdings", "/transactions", "/wallets"):
        answer = await ada.http.post(path, content=body, headers=JSON)
        assert answer.status_code in (400, 422), answer.text


SALES = [
    ("more than is held", "quantity=1.000000000000000001&price=1", 409, "not-enough-held"),
    ("nothing", "quantity=0&price=1", 422, "invalid"),
    ("less than nothing", "quantity=-1&price=1", 422, "invalid"),
    ("10^30", f"quantity={TOO_LARGE}&price=1", 422, "invalid"),
    ("19 places", f"quantity={PLACES_19}&price=1", 422, "invalid"),
    ("not a number", "quantity=NaN&price=1", 422, "invalid"),
    ("for nothing", "price=0", 422, "invalid"),
    ("for a value that rounds to nothing",
     "quantity=0.000000000000000001&price=0.1", 422, "nothing-moved"),
    ("for more than an amount", f"quantity={LARGEST}&price=2", 422, "amount-out-of-range"),
    ("at a negative fee", "price=1&fee=-1", 422, "invalid"),
    ("with a note that has a NUL", "price=1&note=%00", 422, "invalid"),
]  # fmt: skip


async def test_sales_that_cannot_be(ada: Person, database: Database) -> None:
    held = await buy(ada)
    before = await statement_of(database, ada.id)
    for what, query, status, code in SALES:
        answer = await ada.http.delete(f"/holdings/{held['id']}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), (what, answer.text)
        assert await statement_of(database, ada.id) == before, what


BTC = {"coin_id": "bitcoin", "quantity": "1"}
TRANSACTIONS: list[tuple[str, dict[str, Any], int, str]] = [
    ("no legs", {"kind": "buy", "legs": []}, 422, "invalid"),
    ("51 legs", {"kind": "staking", "legs": [{**BTC, "value": "1"}] * 51}, 422, "invalid"),
    ("an unknown kind", {"kind": "steal", "legs": [BTC]}, 422, "invalid"),
    ("a void", {"kind": "void", "legs": [BTC]}, 422, "void-has-a-route"),
    ("an unknown asset", {"kind": "staking", "legs": [{**BTC, "coin_id": "nope"}]}, 422,
     "unknown-asset-field"),
    ("a leg of nothing", {"kind": "lost", "legs": [{**BTC, "quantity": "0"}]}, 422,
     "unbalanced-legs"),
    ("a fee that comes in", {"kind": "fee_only", "legs": [{**BTC, "role": "fee"}]}, 422,
     "unbalanced-legs"),
    ("a negative value", {"kind": "staking", "legs": [{**BTC, "value": "-1"}]}, 422, "invalid"),
    ("a number", {"kind": "lost", "legs": [{**BTC, "quantity": -1}]}, 422, "invalid"),
    ("a lopsided swap",
     {"kind": "swap", "legs": [{**BTC, "quantity": "-1", "value": "9"},
                               {"coin_id": "ethereum", "quantity": "1", "value": "8"}]},
     422, "unbalanced-legs"),
    ("a value that is not known",
     {"kind": "staking", "legs": [BTC], "occurred_at": "2024-01-01T00:00:00Z"},
     422, "value-required"),
    ("more than is held", {"kind": "lost", "legs": [{**BTC, "quantity": "-2"}]}, 409,
     "not-enough-held"),
    ("before it was there",
     {"kind": "lost", "legs": [{**BTC, "quantity": "-1"}], "occurred_at": "2024-01-01T00:00:00Z"},
     409, "not-enough-held"),
    ("a wallet of nobody",
     {"kind": "lost", "legs": [{**BTC, "quantity": "-1",
                                "wallet_id": "00000000-0000-7000-8000-000000000000"}]},
     404, "wallet-not-found"),
    ("a moment in the future",
     {"kind": "lost", "legs": [{**BTC, "quantity": "-1"}], "occurred_at": "2999-01-01T00:00:00Z"},
     422, "in-the-future"),
    ("a side that balances beyond an amount",
     {"kind": "swap", "legs": [
         {**BTC, "quantity": "-1", "value": LARGEST},
         {"coin_id": "ethereum", "quantity": "-1", "value": LARGEST},
         {"coin_id": "solana", "quantity": "1", "outside": True}]},
     422, "amount-out-of-range"),
    ("proceeds beyond an amount",
     {"kind": "sell", "legs": [
         {**BTC, "quantity": "-1", "value": "1"},
         {"coin_id": "usd", "quantity": "1", "outside": True},
         {"coin_id": "usd", "quantity": f"-{LARGEST}", "role": "fee", "outside": True},
         {"coin_id": "usd", "quantity": f"-{LARGEST}", "role": "fee", "outside": True}]},
     422, "amount-out-of-range"),
    ("an external id that was there", {"kind": "gift_in", "legs": [{**BTC, "value": "1"}],
                                       "external_id": "7"}, 409, "already-recorded"),
    ("an unknown member", {"kind": "lost", "legs": [{**BTC, "quantity": "-1"}], "tax": "1"},
     422, "invalid"),
    ("an external id with a NUL",
     {"kind": "gift_in", "legs": [{**BTC, "value": "1"}], "external_id": "\u0000"}, 422, "invalid"),
]  # fmt: skip


async def test_transactions_that_cannot_be(ada: Person, database: Database) -> None:
    await ok(
        ada,
        "POST",
        "/transactions",
        json={"kind": "gift_in", "legs": [{**BTC, "value": "100"}], "external_id": "7"},
    )
    before = await statement_of(database, ada.id)
    for what, body, status, code in TRANSACTIONS:
        answer = await ada.http.post("/transactions", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (what, answer.text)
        assert await statement_of(database, ada.id) == before, what


LISTS = [
    "limit=0",
    "limit=1001",
    "limit=x",
    "cursor=%00",
    "cursor=!",
    "cursor=bm90IGpzb24",
    "cursor=W10",
    "cursor=WzEsMiwzXQ",
    "cursor=WyJhXHUwMDAwIl0",  # ["a\u0000"]
    "cursor=WyJhXHUwMDAwIiwiMDAwMDAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAwIl0",
    "cursor=WyIyMDI0LTAxLTAxVDAwOjAwOjAwIiw1XQ",  # a moment without offset
    "cursor=WyIyMDI0LTAxLTAxVDAwOjAwOjAwWiIsMTAwMDAwMDAwMDAwMDAwMDAwMDAwMDBd",  # seq of 10^22
    "cursor=WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTEyOjAwIiw1XQ",  # the end of the calendar
]


@pytest.mark.parametrize("path", ["/holdings", "/transactions", "/wallets", "/portfolio/history"])
async def test_lists_that_cannot_be(ada: Person, path: str) -> None:
    await buy(ada)
    for query in LISTS:
        answer = await ada.http.get(f"{path}?{query}")
        assert answer.status_code == 422, (query, answer.text)


async def test_filters_that_cannot_be(ada: Person) -> None:
    await buy(ada)
    for query in [
        "/transactions?kind=steal",
        "/transactions?coin_id=nope",
        "/transactions?wallet_id=main",
        "/transactions?from=yesterday",
        "/transactions?from=2024-01-01T00:00:00",
        "/transactions?to=9999-12-31T23:59:59-12:00",
        "/transactions?from=0001-01-01T00:00:00%2B14:00",
        "/holdings?coin_id=nope",
        "/holdings?coin_id=%00",
        "/holdings?wallet_id=main",
        "/holdings/1",
        "/transactions/1",
        "/portfolio/summary?currency=nope",
    ]:
        answer = await ada.http.get(query)
        assert answer.status_code == 422, (query, answer.text)
