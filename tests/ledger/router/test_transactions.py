"""Any kind of transaction over HTTP: recorded by its legs, listed, voided."""

import asyncio
import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

from plimsoll.ledger.domain.transactions import Kind, Precision, Role
from plimsoll.ledger.schemas.ledger import LegView, RealisedView, TransactionView, legs_table
from plimsoll.plumbing.database import Database
from tests.conftest import Person
from tests.ledger.calls import buy, holdings, ok, pages, record
from tests.ledger.statement import statement_of

TRANSACTION = {
    "id",
    "kind",
    "occurred_at",
    "recorded_at",
    "precision",
    "currency",
    "legs",
    "note",
    "source",
    "external_id",
    "import_id",
    "voids",
    "voided_by",
    "realised_profit",
    "realised",
}


async def balances(person: Person) -> dict[str, tuple[str, str]]:
    """Quantity and cost by coin, over one wallet."""
    return {held["coin_id"]: (held["quantity"], held["cost"]) for held in await holdings(person)}


async def test_a_swap_with_a_fee_in_a_third_coin(ada: Person) -> None:
    await buy(ada, coin_id="bitcoin", quantity="1", price="1000")
    await buy(ada, coin_id="binancecoin", quantity="1", price="200")
    swap = await record(
        ada,
        "swap",
        {"coin_id": "bitcoin", "quantity": "-0.5", "value": "1500"},
        {"coin_id": "ethereum", "quantity": "5"},
        {"coin_id": "binancecoin", "quantity": "-0.1", "role": "fee", "value": "30"},
        note="on a whim",
    )
    assert set(swap) == TRANSACTION
    assert (swap["kind"], swap["note"], swap["currency"]) == ("swap", "on a whim", "usd")
    assert [
        (leg["coin_id"], leg["quantity"], leg["role"], leg["value"]) for leg in swap["legs"]
    ] == [
        ("bitcoin", "-0.5", "principal", "1500"),
        ("ethereum", "5", "principal", "1500"),
        ("binancecoin", "-0.1", "fee", "30"),
    ]
    # 1500 − 30 − 500 of bitcoin, 30 − 20 of the fee coin
    assert swap["realised_profit"] == "980"
    assert swap["realised"] == [{"currency": "usd", "profit": "980"}]
    assert await balances(ada) == {
        "bitcoin": ("0.5", "500"),
        "ethereum": ("5", "1500"),
        "binancecoin": ("0.9", "180"),
    }
    assert await ok(ada, "GET", f"/transactions/{swap['id']}") == swap


async def test_a_swap_of_now_takes_its_worth_from_the_prices(ada: Person) -> None:
    await buy(ada, coin_id="bitcoin", quantity="1", price="1000")
    swap = await record(
        ada,
        "swap",
        {"coin_id": "bitcoin", "quantity": "-1"},
        {"coin_id": "ethereum", "quantity": "20"},
    )
    went, came = (Decimal(leg["value"]) for leg in swap["legs"])
    assert went == came > 0


async def test_a_transfer_carries_the_cost_into_the_other_wallet(ada: Person) -> None:
    cold = (await ok(ada, "POST", "/wallets", json={"name": "cold"}))["id"]
    main = (await buy(ada, quantity="2", price="100"))["wallet_id"]
    moved = await record(
        ada,
        "transfer",
        {"coin_id": "bitcoin", "quantity": "-1"},
        {"coin_id": "bitcoin", "quantity": "1", "wallet_id": cold},
        {"coin_id": "bitcoin", "quantity": "-0.1", "role": "fee"},
    )
    assert moved["realised_profit"] == "-10"
    kept = {held["wallet_id"]: (held["quantity"], held["cost"]) for held in await holdings(ada)}
    assert kept == {main: ("0.9", "90"), cold: ("1", "100")}


async def test_income_without_a_value_needs_one_unless_it_is_of_now(ada: Person) -> None:
    leg = {"coin_id": "ethereum", "quantity": "0.5"}
    long_ago = {"occurred_at": "2024-01-01T00:00:00Z", "precision": "day"}
    refused = await ada.http.post(
        "/transactions", json={"kind": "staking", "legs": [leg], **long_ago}
    )
    assert refused.json()["code"] == "value-required"
    assert refused.json()["errors"][0]["pointer"] == "#/legs/0/value"
    earned = await record(ada, "staking", {**leg, "value": "1000"}, **long_ago)
    assert (earned["precision"], earned["occurred_at"]) == ("day", "2024-01-01T00:00:00Z")
    now = await record(ada, "staking", leg)
    assert Decimal(now["legs"][0]["value"]) > 0


async def test_profits_in_two_currencies_are_not_added(ada: Person) -> None:
    await buy(ada, coin_id="bitcoin", price="100")
    await buy(ada, coin_id="ethereum", price="100", currency="eur")
    lost = await record(
        ada,
        "lost",
        {"coin_id": "bitcoin", "quantity": "-1"},
        {"coin_id": "ethereum", "quantity": "-1"},
    )
    assert lost["realised_profit"] is None
    assert lost["realised"] == [
        {"currency": "eur", "profit": "-100"},
        {"currency": "usd", "profit": "-100"},
    ]
    assert await ok(ada, "GET", f"/transactions/{lost['id']}") == lost


async def test_what_leaves_at_its_cost_needs_no_rate(ada: Person) -> None:
    """Kept in euro, given away without a word about currencies, long ago."""
    old = {"occurred_at": "2024-01-01T00:00:00Z"}
    await buy(ada, currency="eur", **old)
    await record(ada, "gift_out", {"coin_id": "bitcoin", "quantity": "-0.5"}, **old)
    assert await balances(ada) == {"bitcoin": ("0.5", "50")}


async def test_an_external_id_comes_once(ada: Person) -> None:
    leg = {"coin_id": "bitcoin", "quantity": "1", "value": "1"}
    first = await record(ada, "gift_in", leg, source="csv", external_id="row 7")
    assert (first["source"], first["external_id"]) == ("csv", "row 7")
    again = await ada.http.post(
        "/transactions",
        json={"kind": "gift_in", "legs": [leg], "source": "csv", "external_id": "row 7"},
    )
    assert (again.status_code, again.json()["code"]) == (409, "already-recorded")
    await record(ada, "gift_in", leg, source="other", external_id="row 7")

    await ok(ada, "POST", f"/transactions/{first['id']}/void")
    await record(ada, "gift_in", leg, source="csv", external_id="row 7")


async def test_a_voided_transaction_has_no_effect_and_stays_readable(ada: Person) -> None:
    await buy(ada, price="100")
    mistake = await record(ada, "gift_in", {"coin_id": "bitcoin", "quantity": "1", "value": "5"})
    voiding = await ok(ada, "POST", f"/transactions/{mistake['id']}/void", json={"note": "typo"})
    assert (voiding["kind"], voiding["voids"], voiding["note"]) == ("void", mistake["id"], "typo")
    seen = await ok(ada, "GET", f"/transactions/{mistake['id']}")
    assert seen["voided_by"] == voiding["id"]
    assert await balances(ada) == {"bitcoin": ("1", "100")}

    for target, code in [(mistake["id"], "already-voided"), (voiding["id"], "void-of-void")]:
        refused = await ada.http.post(f"/transactions/{target}/void")
        assert (refused.status_code, refused.json()["code"]) == (409, code)


async def test_a_void_that_uncovers_a_sale_is_refused(ada: Person, database: Database) -> None:
    held = await buy(ada)
    (bought,) = await pages(ada, "/transactions", 10)
    await ok(ada, "DELETE", f"/holdings/{held['id']}?price=150")
    before = await statement_of(database, ada.id)
    refused = await ada.http.post(f"/transactions/{bought['id']}/void")
    assert (refused.status_code, refused.json()["code"]) == (409, "not-enough-held")
    assert await statement_of(database, ada.id) == before


async def test_a_transaction_can_be_voided_once_by_many_at_once(ada: Person) -> None:
    await buy(ada)
    (bought,) = await pages(ada, "/transactions", 10)
    path = f"/transactions/{bought['id']}/void"
    answers = await asyncio.gather(*(ada.http.post(path) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_someone_elses_transaction_does_not_exist(
    ada: Person, ben: Person, database: Database
) -> None:
    held = await buy(ada)
    (bought,) = await pages(ada, "/transactions", 10)
    before = await statement_of(database, ada.id)
    for answer in [
        await ben.http.get(f"/transactions/{bought['id']}"),
        await ben.http.post(f"/transactions/{bought['id']}/void"),
        await ben.http.get(f"/transactions/{uuid4()}"),
    ]:
        assert (answer.status_code, answer.json()["code"]) == (404, "transaction-not-found")
    leg = {"coin_id": "bitcoin", "quantity": "-1", "wallet_id": held["wallet_id"]}
    foreign = await ben.http.post("/transactions", json={"kind": "lost", "legs": [leg]})
    assert (foreign.status_code, foreign.json()["code"]) == (404, "wallet-not-found")
    assert await pages(ben, "/transactions", 10) == []
    assert (await ok(ben, "GET", f"/transactions?wallet_id={held['wallet_id']}"))["data"] == []
    assert await statement_of(database, ada.id) == before


async def test_transactions_are_filtered_and_paged_newest_first(ada: Person) -> None:
    cold = (await ok(ada, "POST", "/wallets", json={"name": "cold"}))["id"]
    for number, coin in enumerate(["bitcoin", "ethereum", "bitcoin", "solana"], 1):
        await buy(ada, coin_id=coin, occurred_at=f"2024-01-0{number}T00:00:00Z")
    await buy(ada, coin_id="bitcoin", wallet_id=cold, occurred_at="2024-01-02T00:00:00Z")
    await record(
        ada, "lost", {"coin_id": "solana", "quantity": "-1"}, occurred_at="2024-01-05T00:00:00Z"
    )

    whole = await pages(ada, "/transactions", 100)
    assert [entry["occurred_at"][8:10] for entry in whole] == ["05", "04", "03", "02", "02", "01"]
    for limit in (1, 2, 5):
        assert await pages(ada, "/transactions", limit) == whole

    async def days(query: str) -> list[str]:
        page = await ok(ada, "GET", f"/transactions?{query}")
        return [entry["occurred_at"][8:10] for entry in page["data"]]

    assert await days("kind=lost") == ["05"]
    assert await days("kind=lost&kind=buy") == ["05", "04", "03", "02", "02", "01"]
    assert await days("coin_id=btc") == ["03", "02", "01"]
    assert await days(f"wallet_id={cold}") == ["02"]
    assert await days("from=2024-01-03T00:00:00Z&to=2024-01-05T00:00:00Z") == ["04", "03"]
    assert await days("from=2024-01-04T02:00:00%2B02:00") == ["05", "04"]


async def test_the_list_is_a_table_with_a_row_for_each_leg(ada: Person) -> None:
    await buy(ada, coin_id="bitcoin", quantity="2", price="100")
    await record(
        ada,
        "sell",
        {"coin_id": "bitcoin", "quantity": "-1", "value": "150"},
        {"coin_id": "usd", "quantity": "150", "outside": True},
        note="=SUM(A1)",
    )
    listed = await pages(ada, "/transactions", 10)
    answer = await ada.http.get("/transactions", params={"format": "csv"})
    assert 'filename="transactions.csv"' in answer.headers["content-disposition"]
    table = list(csv.DictReader(io.StringIO(answer.text)))
    legs = [(each["id"], leg) for each in listed for leg in each["legs"]]
    assert [(row["transaction_id"], row["coin_id"], row["quantity"]) for row in table] == [
        (number, leg["coin_id"], leg["quantity"]) for number, leg in legs
    ]
    assert [row["wallet_id"] for row in table] == [leg["wallet_id"] or "" for _, leg in legs]
    sold = [row for row in table if row["kind"] == "sell"]
    assert [(row["leg"], row["realised_profit"], row["realised_currency"]) for row in sold] == [
        ("1", "50", "usd"),
        ("2", "", ""),
    ]
    assert sold[0]["note"] == "'=SUM(A1)"
    for name in ("xlsx", "parquet", "arrow"):
        file = await ada.http.get("/transactions", params={"format": name})
        assert file.status_code == 200, file.text


async def test_a_table_has_what_the_filter_leaves_and_leads_to_its_next_page(ada: Person) -> None:
    for price in ("100", "200", "300"):
        await buy(ada, coin_id="bitcoin", quantity="1", price=price)
    await buy(ada, coin_id="ethereum", quantity="1", price="10")
    query = {"coin_id": "bitcoin", "limit": "2", "format": "csv"}
    first = await ada.http.get("/transactions", params=query)
    following = await ada.http.get(first.headers["link"].removeprefix("</api/v1").partition(">")[0])
    assert "link" not in following.headers
    head, *rows = first.text.splitlines()
    again, *rest = following.text.splitlines()
    assert again == head
    bought = [row for row in rows + rest if ",bitcoin," in row]
    assert (len(rows), len(bought)) == (len(rest) * 2, 3)


async def test_a_table_of_now_says_what_was_voided_since_the_last_one(ada: Person) -> None:
    """The same question right after; the file of before is not handed out again."""
    await buy(ada)
    (bought,) = await pages(ada, "/transactions", 10)
    query = {"kind": "buy", "format": "csv"}
    before = await ada.http.get("/transactions", params=query)
    void = await ok(ada, "POST", f"/transactions/{bought['id']}/void")
    after = await ada.http.get("/transactions", params=query)
    assert void["id"] not in before.text
    assert void["id"] in after.text
    voids = await ada.http.get("/transactions", params={"kind": "void", "format": "csv"})
    (row,) = csv.DictReader(io.StringIO(voids.text))
    assert (row["leg"], row["voids"], row["coin_id"]) == ("0", bought["id"], "")


async def test_a_value_that_nobody_knows_is_no_zero_in_a_table() -> None:
    leg = LegView(
        wallet_id=None,
        coin_id="bitcoin",
        quantity=Decimal(1),
        role=Role.PRINCIPAL,
        value=Decimal(0),
        valued=False,
    )
    at = datetime(2025, 1, 1, tzinfo=UTC)
    view = TransactionView(
        id=uuid4(),
        kind=Kind.DEPOSIT,
        occurred_at=at,
        recorded_at=at,
        precision=Precision.INSTANT,
        currency="usd",
        legs=[leg, leg.model_copy(update={"valued": True})],
        note="",
        source="test",
        external_id=None,
        import_id=None,
        voids=None,
        voided_by=None,
        realised_profit=None,
        realised=[
            RealisedView(currency=currency, profit=Decimal(1)) for currency in ("usd", "eur")
        ],
    )
    table = legs_table([view])
    assert list(table["value"]) == ["", "0"]
    assert list(table["realised_profit"]) == ["", ""]


async def test_a_key_records_a_transaction_once(ada: Person) -> None:
    body = {
        "kind": "gift_in",
        "legs": [{"coin_id": "bitcoin", "quantity": "1", "value": "5"}],
    }
    key = {"Idempotency-Key": "gift"}
    answers = await asyncio.gather(
        *(ada.http.post("/transactions", json=body, headers=key) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    again = await ada.http.post("/transactions", json=body, headers=key)
    assert again.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    assert await balances(ada) == {"bitcoin": ("1", "5")}
    other = await ada.http.post("/transactions", json={**body, "note": "x"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_key_voids_once(ada: Person) -> None:
    await buy(ada)
    (bought,) = await pages(ada, "/transactions", 10)
    path, key = f"/transactions/{bought['id']}/void", {"Idempotency-Key": "void"}
    first = await ada.http.post(path, headers=key)
    again = await ada.http.post(path, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
