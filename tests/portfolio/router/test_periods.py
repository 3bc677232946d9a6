"""The portfolio over time, over HTTP: a story of two years with figures worked out by hand.

| day | price | happened | value | flow | growth of the day |
|---|---|---|---|---|---|
| 2023-01-01 | 40,000 | buy 1 for 40,000 | 40,000 | 40,000 | 1 |
| 2023-12-31 | 44,000 | | 44,000 | | 1.1 |
| 2024-01-01 | 44,000 | buy 1 for 44,000 | 88,000 | 44,000 | 1 |
| 2024-06-01 | 33,000 | 0.1 from staking, worth 3,300 | 69,300 | | 69,300 ÷ 88,000 |
| 2024-12-31 | 46,100 | sell 1 for 46,100, fee 10 | 50,710 | −46,090 | 96,800 ÷ 69,300 |

Time-weighted 1.1 · 96,800 ÷ 88,000 − 1 = 0.21. The payments are a year apart, and 40,000 · 1.1² +
44,000 · 1.1 = 96,800, so the money-weighted rate is 0.1. The 2.1 coins cost 87,300; the one sold a
2.1th of that, 41,571.43.
"""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest

from tests.conftest import Person
from tests.ledger.calls import buy, ok, record

PRICES = {
    "2023-01-01": "40000",
    "2023-12-31": "44000",
    "2024-06-01": "33000",
    "2024-12-31": "46100",
}
ANNUALISED = Decimal("0.099857")
STORY = "from=2023-01-01&to=2024-12-31"


async def value(person: Person, day: str, price: str, coin: str = "bitcoin") -> None:
    body = {"coin_id": coin, "day": day, "price": price}
    await ok(person, "PUT", "/valuations", json=body)


@pytest.fixture
async def story(ada: Person) -> Person:
    for day, price in PRICES.items():
        await value(ada, day, price)
    await buy(ada, price="40000", occurred_at="2023-01-01T12:00:00Z")
    await buy(ada, price="44000", occurred_at="2024-01-01T12:00:00Z")
    staked = {"coin_id": "bitcoin", "quantity": "0.1", "value": "3300"}
    await record(ada, "staking", staked, occurred_at="2024-06-01T12:00:00Z")
    await record(
        ada,
        "sell",
        {"coin_id": "bitcoin", "quantity": "-1", "value": "46100"},
        {"coin_id": "usd", "quantity": "46100", "outside": True},
        {"coin_id": "usd", "quantity": "-10", "role": "fee", "outside": True},
        occurred_at="2024-12-31T12:00:00Z",
    )
    return ada


def cents(figure: Any) -> str:
    return format(round(Decimal(figure["value"]), 2), "f")


async def pages(person: Person, path: str, limit: int) -> list[Any]:
    """Every row, read page by page; the path has a query."""
    rows: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = await ok(
            person, "GET", f"{path}&limit={limit}" + (f"&cursor={cursor}" if cursor else "")
        )
        assert len(page["data"]) <= limit
        rows += page["data"]
        cursor = page["next_cursor"]
    return rows


async def test_the_figures_are_those_worked_out_by_hand(story: Person) -> None:
    found = await ok(story, "GET", f"/portfolio/performance?{STORY}&benchmark=bitcoin")
    assert (found["first_day"], found["last_day"], found["days"]) == (
        "2023-01-01",
        "2024-12-31",
        731,
    )
    assert found["timing"] == "in-at-start-out-at-end"
    assert (found["value_before"], found["value_at_end"], found["net_flow"]) == (
        "0",
        "50710",
        "37910",
    )
    returns = found["returns"]
    assert returns["time_weighted"]["value"] == "0.21"
    assert round(Decimal(returns["annualised"]["value"]), 6) == ANNUALISED
    assert returns["money_weighted"]["value"] == "0.1"
    assert returns["simple"]["value"] == "0.152380952381"
    split = {name: cents(figure) for name, figure in found["split"].items()}
    assert split == {
        "profit": "12800.00",
        "realised": "4518.57",
        "unrealised": "4981.43",
        "income": "3300.00",
        "fees": "10.00",
        "rest": "0.00",
    }
    # from 1.1 down to 1.1 · 69,300 ÷ 88,000
    drawdown = returns["drawdown"]
    assert (drawdown["depth"]["value"], drawdown["peak"], drawdown["trough"]) == (
        "0.2125",
        "2023-12-31",
        "2024-06-01",
    )
    assert found["simulated"] is True
    assert (found["unvalued"], found["missing"], found["unknown_flows"]) == ([], [], [])


async def test_a_part_of_the_story(story: Person) -> None:
    """From 88,000 to 50,710 with 46,090 taken out; nobody was paid for the rest of 1.1 coins."""
    query = "from=2024-06-01&to=2024-12-31&timing=end-of-day"
    found = await ok(story, "GET", f"/portfolio/performance?{query}")
    assert (found["value_before"], found["net_flow"]) == ("88000", "-46090")
    assert found["returns"]["time_weighted"]["value"] == "0.1"
    assert found["returns"]["annualised"]["value"] is None
    assert found["returns"]["annualised"]["why_not"] == "less than a year is not annualised"
    assert found["split"]["profit"]["value"] == "8800"
    assert found["split"]["rest"]["value"] == "0"


async def test_a_benchmark_has_the_same_flows(story: Person) -> None:
    """Of a coin that is always worth 1000 there is no return."""
    await value(story, "2023-01-01", "1000", "ethereum")
    found = await ok(story, "GET", f"/portfolio/performance?{STORY}&benchmark=eth")
    assert found["benchmark"]["coin_id"] == "ethereum"
    assert found["benchmark"]["returns"]["time_weighted"]["value"] == "0"
    assert found["benchmark"]["returns"]["money_weighted"]["value"] == "0"
    none = await ok(story, "GET", f"/portfolio/performance?{STORY}&benchmark=solana")
    assert none["benchmark"]["returns"] is None
    assert none["benchmark"]["why_not"] == "solana has no price on 2023-01-01"


async def test_every_figure_tells_what_went_in_when_asked(story: Person) -> None:
    plain = await ok(story, "GET", f"/portfolio/performance?{STORY}")
    assert plain["returns"]["simple"]["inputs"] is None
    assert plain["returns"]["simple"]["formula"]
    found = await ok(story, "GET", f"/portfolio/performance?{STORY}&explain=true")
    assert found["returns"]["simple"]["inputs"] == {
        "value_at_end": "50710",
        "value_before_first_day": "0",
        "net_flow": "37910",
        "inflow": "84000",
    }
    assert found["returns"]["money_weighted"]["inputs"]["payments"] == [
        ["2023-01-01", "-40000"],
        ["2024-01-01", "-44000"],
        ["2024-12-31", "96800"],
    ]
    days = found["returns"]["time_weighted"]["inputs"]["days"]
    assert days["count"] == 731
    assert days["all"] == "/api/v1/portfolio/performance/days"


async def test_the_days_make_up_the_return(story: Person) -> None:
    rows = await pages(story, f"/portfolio/performance/days?{STORY}", 300)
    assert len(rows) == 731
    first, last = rows[0], rows[-1]
    assert (first["day"], first["value"], first["flow"], first["unit"]) == (
        "2023-01-01",
        "40000",
        "40000",
        "1",
    )
    assert (last["flow"], last["unit"]) == ("-46090", "1.21")
    table = await story.http.get(f"/portfolio/performance/days?{STORY}&format=csv")
    assert len(list(csv.DictReader(io.StringIO(table.text)))) == 731


async def test_values_of_days_say_what_is_stale(story: Person) -> None:
    page = await ok(story, "GET", "/portfolio/value?from=2024-06-01&to=2024-06-02")
    assert [(row["value"], row["stale"], row["observed"]) for row in page["data"]] == [
        ("69300", False, "2024-06-01"),
        ("69300", True, "2024-06-01"),
    ]
    months = await pages(story, "/portfolio/value?to=2024-12-31&interval=month&by=asset", 10)
    assert [row["day"] for row in months][:2] == ["2023-01-31", "2023-02-28"]
    assert len(months) == 24
    assert (months[-1]["quantity"], months[-1]["price"]) == ("1.1", "46100")


async def test_the_last_line_is_of_now(story: Person) -> None:
    page = await ok(story, "GET", "/portfolio/value?from=2026-01-01&interval=month&limit=1000")
    now = page["data"][-1]
    summary = await ok(story, "GET", "/portfolio/summary")
    assert (now["stale"], page["simulated"]) == (False, True)
    ratio = Decimal(now["value"]) / Decimal(summary["value"])
    assert Decimal("0.9") < ratio < Decimal("1.1")


@pytest.mark.parametrize("by", ["total", "asset", "wallet"])
async def test_a_table_is_the_list(story: Person, by: str) -> None:
    query = f"/portfolio/value?{STORY}&interval=week&by={by}"
    rows = await pages(story, query, 1000)
    table = await story.http.get(f"{query}&format=csv")
    lines = list(csv.DictReader(io.StringIO(table.text)))
    assert [(line["day"], line["value"]) for line in lines] == [
        (row["day"], row["value"]) for row in rows
    ]
    for kind in ("parquet", "arrow"):
        assert (await story.http.get(f"{query}&format={kind}")).status_code == 200


async def test_what_has_no_price_is_unvalued_and_not_worth_nothing(ada: Person) -> None:
    await buy(ada, price="40000", occurred_at="2023-01-01T12:00:00Z")
    query = "/portfolio/value?to=2023-01-01"
    (row,) = (await ok(ada, "GET", query))["data"]
    assert (row["value"], row["unvalued"]) == (None, ["bitcoin"])
    await value(ada, "2023-01-01", "41000")
    (row,) = (await ok(ada, "GET", query))["data"]
    assert (row["value"], row["unvalued"]) == ("41000", [])
    await value(ada, "2023-01-01", "42000")
    (row,) = (await ok(ada, "GET", query))["data"]
    assert row["value"] == "42000"
    place = {"coin_id": "bitcoin", "day": "2023-01-01"}
    assert (await ada.http.delete("/valuations", params=place)).status_code == 204
    (row,) = (await ok(ada, "GET", query))["data"]
    assert row["value"] is None


async def test_a_valuation_in_another_currency_is_turned(ada: Person) -> None:
    await buy(ada, price="100", occurred_at="2023-01-01T12:00:00Z")
    body = {"coin_id": "bitcoin", "currency": "eur", "day": "2023-01-01", "price": "80"}
    await ok(ada, "PUT", "/valuations", json=body)
    await value(ada, "2023-01-01", "1.25", "eur")
    (row,) = (await ok(ada, "GET", "/portfolio/value?to=2023-01-01"))["data"]
    assert row["value"] == "100"


async def test_an_allocation_adds_up(story: Person) -> None:
    await value(story, "2024-12-31", "1000", "ethereum")
    await buy(
        story, coin_id="ethereum", quantity="49.29", price="1", occurred_at="2024-12-31T13:00:00Z"
    )
    for by, keys in (("asset", ["bitcoin", "ethereum"]), ("currency", ["usd"])):
        found = await ok(story, "GET", f"/portfolio/allocation?at=2024-12-31&by={by}")
        assert found["value"] == "100000"
        assert [share["key"] for share in found["shares"]] == keys
    shares = (await ok(story, "GET", "/portfolio/allocation?at=2024-12-31"))["shares"]
    assert [share["percent"] for share in shares] == ["50.71", "49.29"]
    before = await ok(story, "GET", "/portfolio/allocation?at=2020-01-01")
    assert (before["value"], before["shares"]) == ("0", [])


async def test_an_empty_ledger(ada: Person) -> None:
    assert (await ok(ada, "GET", "/portfolio/value"))["data"] == []
    assert (await ok(ada, "GET", "/portfolio/performance/days"))["data"] == []
    found = await ok(ada, "GET", "/portfolio/performance")
    assert found["returns"]["time_weighted"]["why_not"] == "nothing was at work on any day"
    assert found["split"]["profit"]["value"] == "0"
    assert (await ok(ada, "GET", "/portfolio/allocation"))["shares"] == []


async def test_a_period_that_ends_before_it_begins(ada: Person) -> None:
    for path in ("value", "performance", "performance/days"):
        answer = await ada.http.get(f"/portfolio/{path}?from=2024-02-01&to=2024-01-01")
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-period")


async def test_each_person_sees_their_own(story: Person, ben: Person) -> None:
    assert (await ok(ben, "GET", f"/portfolio/value?{STORY}"))["data"] == []
