"""The portfolio over HTTP."""

from decimal import Decimal

from tests.conftest import Person
from tests.ledger.calls import buy, holdings, ok, pages, record

SUMMARY = {
    "currency",
    "value",
    "cost",
    "unrealised_profit",
    "unrealised_profit_percent",
    "realised_profit",
    "change_24h",
    "change_24h_percent",
    "change_24h_of",
    "holdings",
    "wallets",
    "unvalued",
    "stale",
    "simulated",
}
LINE = {"coin_id", "quantity", "average_cost", "price", "value", "unrealised_profit"}


async def test_an_empty_portfolio(ada: Person) -> None:
    summary = await ok(ada, "GET", "/portfolio/summary")
    assert set(summary) == SUMMARY
    assert (summary["value"], summary["cost"], summary["holdings"]) == ("0", "0", [])
    assert summary["simulated"] is True
    history = await ok(ada, "GET", "/portfolio/history")
    assert history == {"data": [], "next_cursor": None}


async def test_a_summary_adds_up(ada: Person) -> None:
    await buy(ada, quantity="0.5", price="60000")
    await buy(ada, coin_id="ethereum", quantity="3", price="2000", fee="7")
    held = (await holdings(ada, coin_id="bitcoin"))[0]
    await ok(ada, "DELETE", f"/holdings/{held['id']}?quantity=0.1&price=70000")

    summary = await ok(ada, "GET", "/portfolio/summary?currency=usd")

    lines = summary["holdings"]
    assert [line["coin_id"] for line in lines] == ["bitcoin", "ethereum"]
    assert set(lines[0]) >= LINE
    for line in lines:
        assert Decimal(line["value"]) == Decimal(line["quantity"]) * Decimal(line["price"])
        profit = Decimal(line["value"]) - Decimal(line["cost"])
        assert Decimal(line["unrealised_profit"]) == profit
    assert Decimal(summary["value"]) == sum(Decimal(line["value"]) for line in lines)
    assert (summary["cost"], summary["realised_profit"]) == ("30007", "1000")
    assert lines[0]["average_cost"] == "60000"
    (wallet,) = summary["wallets"]
    assert (wallet["wallet_id"], wallet["value"]) == (held["wallet_id"], summary["value"])


async def test_the_quick_summary_is_the_ordinary_one(ada: Person) -> None:
    """The query in another dress takes the ordinary way."""
    await buy(ada)
    quick = ordinary = None
    for _ in range(5):  # a price may move between two requests
        quick = await ok(ada, "GET", "/portfolio/summary")
        ordinary = await ok(ada, "GET", "/portfolio/summary?currency=USD")
        if quick == ordinary:
            break
    assert quick == ordinary


async def test_every_acknowledged_write_is_in_the_next_summary(ada: Person) -> None:
    for number in range(1, 31):
        await buy(ada)
        summary = await ok(ada, "GET", "/portfolio/summary")
        assert summary["holdings"][0]["quantity"] == str(number)


async def test_in_another_currency_the_cost_is_turned_and_says_so(ada: Person) -> None:
    await buy(ada, coin_id="bitcoin", price="100")
    summary = await ok(ada, "GET", "/portfolio/summary?currency=ethereum")
    (line,) = summary["holdings"]
    assert summary["currency"] == "ethereum"
    assert line["cost_converted"] is True
    assert 0 < Decimal(line["cost"]) < 100


async def test_more_coins_than_there_are_still_have_a_value(ada: Person) -> None:
    await record(ada, "gift_in", {"coin_id": "bitcoin", "quantity": "9" * 20, "value": "1"})
    summary = await ok(ada, "GET", "/portfolio/summary")
    assert Decimal(summary["value"]) > Decimal("1e20")


async def test_history_has_what_is_in_force_with_its_profit_in_pages(ada: Person) -> None:
    held = await buy(ada, quantity="2", price="100", occurred_at="2024-01-01T00:00:00Z")
    gift = await record(ada, "gift_in", {"coin_id": "bitcoin", "quantity": "1", "value": "9"})
    await ok(ada, "POST", f"/transactions/{gift['id']}/void")
    sale = await ok(ada, "DELETE", f"/holdings/{held['id']}?quantity=1&price=150&fee=1&note=x")

    history = await pages(ada, "/portfolio/history", 1)

    assert [(entry["kind"], entry["realised_profit"]) for entry in history] == [
        ("sell", "49"),
        ("buy", "0"),
    ]
    newest = history[0]
    assert newest["id"] == sale["transaction_id"]
    assert (newest["note"], newest["realised_currency"]) == ("x", "usd")
    assert [(leg["coin_id"], leg["quantity"], leg["role"]) for leg in newest["legs"]] == [
        ("bitcoin", "-1", "principal"),
        ("usd", "150", "principal"),
        ("usd", "-1", "fee"),
    ]


async def test_each_person_sees_their_own(ada: Person, ben: Person) -> None:
    await buy(ada)
    assert (await ok(ben, "GET", "/portfolio/summary"))["value"] == "0"
    assert (await ok(ben, "GET", "/portfolio/history"))["data"] == []


async def test_without_signing_in_nothing_is_shown(ada: Person) -> None:
    ada.http.headers.pop("Authorization")
    for path in ("/portfolio/summary", "/portfolio/history"):
        assert (await ada.http.get(path)).status_code == 401
