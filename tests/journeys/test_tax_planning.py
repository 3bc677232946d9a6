"""Before a sale, over HTTP: what is held, which losses there are, the same sale by each method.

Days are counted from today, for so is what is held. What the desk's invented market says something
is worth is read from the answer; everything else is worked out by hand.
"""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.conftest import Person
from tests.journeys.tax_story import add_wallet, read, say, trade

HUGE: Final = "900000000"
"""More than the desk's market will say that any coin is worth."""


def today(zone: str) -> date:
    return datetime.now(ZoneInfo(zone)).date()


def ago(days: int, zone: str = "UTC") -> str:
    """Noon of a day, in UTC: the same day in London, Toronto, New York and Berlin."""
    return (today(zone) - timedelta(days)).isoformat()


async def rows_of(person: Person, path: str) -> list[dict[str, str]]:
    """A list as a table; in the other formats there is one, too."""
    for name in ("xlsx", "parquet", "arrow"):
        assert (await person.http.get(f"{path}&format={name}")).status_code == 200
    answer = await person.http.get(f"{path}&format=csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def a_year_later(day: date) -> date:
    """The first day that is more than a year after; the year of 29 February ends on the 28th."""
    ends = 28 if (day.month, day.day) == (2, 29) else day.day
    return day.replace(year=day.year + 1, day=ends) + timedelta(1)


async def what_if(person: Person, jurisdiction: str, **more: object) -> dict[str, Any]:
    body = {"jurisdiction": jurisdiction, "coin_id": "bitcoin", "quantity": "1"} | more
    answer = await person.http.post("/tax/what-if", json=body)
    assert answer.status_code == 200, answer.text
    tried: dict[str, Any] = answer.json()
    return tried


def warned(outcome: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(each["code"], each["until"]) for each in outcome["warnings"]]


async def three_lots(person: Person, money: str = "usd") -> tuple[list[str], list[str]]:
    """An old one for 100, a dear one for 500, both in One; a new one for 200 in Two."""
    wallets = [await add_wallet(person, name) for name in ("One", "Two")]
    lots = [
        await trade(person, wallets[place], ago(days), "1", cost, money=money)
        for place, days, cost in ((0, 800, "100"), (0, 340, "500"), (1, 10, "200"))
    ]
    return wallets, lots


async def test_what_is_held_is_valued_lot_by_lot_and_says_when_it_is_long_term(ada: Person) -> None:
    """Two coins are as old and cost as much; of a third nobody knows a price."""
    wallets, lots = await three_lots(ada)
    await trade(ada, wallets[0], ago(5), "2", "50", coin="okb")

    page = await read(ada, "/tax/unrealised?jurisdiction=us")
    first = await read(ada, "/tax/unrealised?jurisdiction=us&limit=3")
    rest = await read(ada, f"/tax/unrealised?jurisdiction=us&cursor={first['next_cursor']}")

    price = Decimal(page["prices"]["bitcoin"])
    now = today("America/New_York")
    bought = date.fromisoformat(ago(340))
    seen = [
        (each["transaction_id"], each["wallet"], each["cost"], each["term"], each["days_to_long"])
        for each in page["data"][:3]
    ]
    assert seen == [
        (lots[0], "One", "100", "long", 0),
        (lots[1], "One", "500", "short", (a_year_later(bought) - now).days),
        (lots[2], "Two", "200", "short", (a_year_later(date.fromisoformat(ago(10))) - now).days),
    ]
    assert page["data"][1]["long_on"] == a_year_later(bought).isoformat()
    assert {Decimal(each["value"]) for each in page["data"][:3]} == {price}
    assert [Decimal(each["gain"]) for each in page["data"][:3]] == [
        price - 100,
        price - 500,
        price - 200,
    ]
    assert (page["data"][3]["value"], page["data"][3]["gain"]) == (None, None)
    assert (page["unpriced"], page["cost"], Decimal(page["value"])) == (1, "800", 3 * price)
    assert Decimal(page["gain"]) == 3 * price - 800
    assert (page["simulated"], page["currency"]) == (True, "usd")
    assert (page["shortfalls"], page["unvalued"]) == (0, 0)
    assert [each["coin_id"] for each in first["data"] + rest["data"]] == ["bitcoin"] * 3 + ["okb"]
    assert (first["cost"], first["unpriced"], rest["next_cursor"]) == ("800", 1, None)

    table = await rows_of(ada, "/tax/unrealised?jurisdiction=us")
    assert [(each["transaction_id"], each["cost"]) for each in table[:3]] == [
        (lots[0], "100"),
        (lots[1], "500"),
        (lots[2], "200"),
    ]
    assert (table[3]["value"], table[3]["gain"], table[3]["currency"]) == ("", "", "usd")


async def test_losses_come_by_size_and_gains_that_are_soon_taxed_less_by_day(ada: Person) -> None:
    """In Germany the oldest loss is exempt and saves nothing."""
    wallet = await add_wallet(ada, "One")
    for days, cost in ((800, "910000000"), (300, HUGE), (200, "920000000")):
        await trade(ada, wallet, ago(days), "1", cost, money="eur")
    for days, coin in ((346, "ethereum"), (320, "solana")):
        await trade(ada, wallet, ago(days), "1", "0.000001", coin=coin, money="eur")

    near = await read(ada, "/tax/harvest?jurisdiction=de&within_days=30")
    far = await read(ada, "/tax/harvest?jurisdiction=de")

    assert [each["cost"] for each in near["losses"]] == ["920000000", HUGE]
    price = Decimal(near["prices"]["bitcoin"])
    assert Decimal(near["losses"][0]["gain"]) == price - 920000000
    assert [each["coin_id"] for each in near["soon"]] == ["ethereum"]
    assert [each["coin_id"] for each in far["soon"]] == ["ethereum", "solana"]
    soon = a_year_later(date.fromisoformat(ago(346)))
    assert near["soon"][0]["long_on"] == soon.isoformat()
    table = await rows_of(ada, "/tax/harvest?jurisdiction=de")
    assert [(each["candidate"], each["coin_id"]) for each in table] == [
        ("loss", "bitcoin"),
        ("loss", "bitcoin"),
        ("soon", "ethereum"),
        ("soon", "solana"),
    ]
    assert near["soon"][0]["days_to_long"] == (soon - today("Europe/Berlin")).days


async def test_the_same_sale_by_each_method_and_by_name(ada: Person) -> None:
    """For 300 less 10: the old coin gains 190 long, the dear one loses 210 short; what is in the
    other wallet is not for sale here. Nothing is recorded.
    """
    wallets, lots = await three_lots(ada)
    before = await read(ada, "/tax/unrealised?jurisdiction=us")

    tried = await what_if(ada, "us", price="300", fees="10", wallet_id=wallets[0])
    named = [{"transaction_id": lots[1], "quantity": "1"}]
    picked = await what_if(ada, "us", price="300", method="specific", picks=named)
    two = await what_if(ada, "us", quantity="2", price="300", wallet_id=wallets[1], method="fifo")

    assert [
        (each["method"], each["cost"], each["gain"], each["by_term"]) for each in tried["outcomes"]
    ] == [
        ("fifo", "100", "190", {"long": "190"}),
        ("lifo", "500", "-210", {"short": "-210"}),
        ("hifo", "500", "-210", {"short": "-210"}),
        ("lofo", "100", "190", {"long": "190"}),
        ("specific", "100", "190", {"long": "190"}),
    ]
    assert tried["outcomes"][0]["slices"][0]["acquired_transaction_id"] == lots[0]
    assert (tried["proceeds"], tried["simulated"]) == ("300", False)
    (by_name,) = picked["outcomes"]
    assert (picked["wallet_id"], by_name["cost"], by_name["gain"]) == (wallets[0], "500", "-200")
    assert by_name["slices"][0]["rule"] == "specific"
    (short,) = two["outcomes"]
    assert (short["missing"], short["cost"], short["proceeds"]) == ("1", "200", "600")
    after = await read(ada, "/tax/unrealised?jurisdiction=us")
    assert [each["cost"] for each in after["data"]] == [each["cost"] for each in before["data"]]


async def test_a_sale_says_which_lots_it_could_be_of(ada: Person) -> None:
    """Of One the old and the dear one, less a fee of 10: what nobody names goes on as it did."""
    wallets, lots = await three_lots(ada)

    tried = await what_if(ada, "us", price="300", fees="10", wallet_id=wallets[0])
    choice = tried["disposal"]
    picks = [{"transaction_id": choice["lots"][1]["transaction_id"], "quantity": "0.5"}]
    named = await what_if(ada, "us", price="300", fees="10", wallet_id=wallets[0], picks=picks)
    pooled = await what_if(ada, "uk", price="300")

    assert (choice["wallet"], choice["quantity"], choice["proceeds"]) == ("One", "1", "290")
    assert [
        (each["transaction_id"], each["quantity"], each["cost"], each["gain"], each["term"])
        for each in choice["lots"]
    ] == [(lots[0], "1", "100", "190", "long"), (lots[1], "1", "500", "-210", "short")]
    gains = {each["method"]: each["gain"] for each in named["outcomes"]}
    assert gains["specific"] == "-10"
    assert {gains[each] for each in ("fifo", "lofo")} == {"190"}
    assert named["disposal"] == choice
    assert pooled["disposal"] is None


async def test_a_sale_at_the_market_says_that_its_price_is_invented(ada: Person) -> None:
    await three_lots(ada)

    tried = await what_if(ada, "us", method="hifo")
    price = Decimal(tried["proceeds"])

    assert tried["simulated"]
    assert Decimal(tried["outcomes"][0]["gain"]) == price - 500


async def test_warnings_before_a_sale(ada: Person) -> None:
    """A dollar was worth one of every other currency, which nobody knows before it is said. The
    average of the three is 800 / 3, so a sale for 100 loses 166.67 in the United Kingdom and in
    Canada, where what was bought ten days ago makes that superficial. In the United States a wash
    sale is spoken of once one asked to. In Germany the dear one is exempt after a year.
    """
    wallets, lots = await three_lots(ada)
    unknown = await what_if(ada, "uk", price="100", wallet_id=wallets[0])
    for days in (800, 340, 10):
        for money in ("gbp", "cad", "eur"):
            rate = {"coin_id": "usd", "currency": money, "day": ago(days), "price": "1"}
            await say(ada, "/valuations", rate)
    in_uk = await what_if(ada, "uk", price="100", wallet_id=wallets[0])
    in_ca = await what_if(ada, "ca", price="100", wallet_id=wallets[0])
    silent = await what_if(ada, "us", price="100", wallet_id=wallets[0], method="hifo")
    await say(ada, "/tax/elections/us", {"wash_sales_from": "2025-01-01"})
    watched = await what_if(ada, "us", price="100", wallet_id=wallets[0], method="hifo")
    named = [{"transaction_id": lots[1], "quantity": "1"}]
    waiting = await what_if(
        ada, "de", price="900", wallet_id=wallets[0], method="specific", picks=named
    )

    def until(answer: dict[str, Any], zone: str) -> str:
        at = datetime.fromisoformat(answer["at"]).astimezone(ZoneInfo(zone)).date()
        return (at + timedelta(30)).isoformat()

    assert (unknown["unvalued"], unknown["outcomes"][0]["cost"]) == (3, "0")
    assert (in_uk["unvalued"], in_uk["shortfalls"]) == (0, 0)
    assert round(Decimal(in_uk["outcomes"][0]["gain"]), 2) == Decimal("-166.67")
    assert warned(in_uk["outcomes"][0]) == [("bought-back", until(in_uk, "Europe/London"))]
    (superficial,) = in_ca["outcomes"]
    assert warned(superficial) == [("superficial-loss", until(in_ca, "America/Toronto"))]
    assert f"acquired on {ago(10)}" in superficial["warnings"][0]["text"]
    assert warned(silent["outcomes"][0]) == []
    assert warned(watched["outcomes"][0]) == [("wash-sale", until(watched, "America/New_York"))]
    since = a_year_later(date.fromisoformat(ago(340)))
    (exempt,) = waiting["outcomes"]
    assert warned(exempt) == [("not-long-yet", (since - timedelta(1)).isoformat())]
    days = (since - today("Europe/Berlin")).days
    assert f"1 of it are exempt from {since} on, in {days} days" in exempt["warnings"][0]["text"]


async def test_pools_have_one_line_and_their_sale_one_method(ada: Person) -> None:
    """Three for 800: one costs 266.67. Two of them stay, and one was bought just now."""
    wallets, _ = await three_lots(ada, "cad")
    held = await read(ada, "/tax/unrealised?jurisdiction=ca")
    tried = await what_if(ada, "ca", price="100", wallet_id=wallets[1])

    (pool,) = held["data"]
    assert (pool["quantity"], pool["cost"], pool["wallet_id"], pool["term"]) == (
        "3",
        "800",
        None,
        "none",
    )
    (outcome,) = tried["outcomes"]
    assert (outcome["method"], Decimal(outcome["gain"])) == ("acb", 0)
    assert "superficial loss: C$166.666" in outcome["slices"][0]["formula"]


async def test_the_french_portfolio_is_one_and_its_worth_may_be_said(ada: Person) -> None:
    """5,000 paid for what is worth 8,000: a sale for 2,000 gains 2,000 − 5,000 × 2,000 / 8,000."""
    wallet = await add_wallet(ada, "One")
    for coin, cost in (("bitcoin", "4000"), ("ethereum", "1000")):
        await trade(ada, wallet, ago(90), "1", cost, coin=coin, money="eur")

    held = await read(ada, "/tax/unrealised?jurisdiction=fr")
    tried = await what_if(ada, "fr", quantity="0.25", price="8000", portfolio_value="8000")

    (whole,) = held["data"]
    assert (whole["coin_id"], whole["cost"], held["unpriced"]) == ("portfolio", "5000", 0)
    assert Decimal(whole["value"]) > 0
    (outcome,) = tried["outcomes"]
    assert (outcome["method"], outcome["cost"], outcome["gain"]) == (
        "portfolio-fraction",
        "1250",
        "750",
    )


async def test_sales_that_cannot_be_tried(ada: Person) -> None:
    wallets, _ = await three_lots(ada)
    later = (datetime.now(UTC) + timedelta(days=6 * 366)).isoformat()

    refused = [
        ({"coin_id": "ethereum"}, 409, "nothing-held"),
        ({"coin_id": "nobody-knows-it"}, 422, "unknown-asset-field"),
        ({"at": f"{ago(400)}T12:00:00Z"}, 422, "sale-in-the-past"),
        ({"at": later}, 422, "in-the-future"),
        ({"method": "average"}, 422, "method-not-allowed"),
        ({"jurisdiction": "xx"}, 422, "unknown-jurisdiction"),
    ]
    for more, status, code in refused:
        body = {"jurisdiction": "us", "coin_id": "bitcoin", "quantity": "1", "price": "1"} | more
        answer = await ada.http.post("/tax/what-if", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text

    unpriced = {"jurisdiction": "us", "coin_id": "okb", "quantity": "1"}
    await trade(ada, wallets[0], ago(5), "2", "50", coin="okb")
    answer = await ada.http.post("/tax/what-if", json=unpriced)
    assert (answer.status_code, answer.json()["code"]) == (503, "price-unavailable")
    for path in ("/tax/unrealised", "/tax/harvest"):
        answer = await ada.http.get(f"{path}?jurisdiction=uk&method=fifo")
        assert (answer.status_code, answer.json()["code"]) == (422, "method-not-allowed")
        answer = await ada.http.get(f"{path}?jurisdiction=xx")
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown-jurisdiction")
        assert answer.json()["errors"][0]["pointer"] == "query:jurisdiction"
