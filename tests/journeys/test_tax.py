"""From a ledger in three wallets to reports in two countries, checked by hand to the cent."""

import csv
import hashlib
import io
from typing import Any

import httpx2

from tests.conftest import Person
from tests.journeys.tax_story import add_wallet, compute, figures, finish, leg, read, record, rows


async def buy_in_three_wallets(person: Person) -> list[str]:
    """One coin in each, for 10,000, 20,000 and 30,000."""
    wallets = [await add_wallet(person, name) for name in ("One", "Two", "Three")]
    for month, wallet in enumerate(wallets, 1):
        cost = f"{month}0000"
        coin, money = leg(wallet, "bitcoin", "1", cost), leg(None, "usd", f"-{cost}", cost)
        await record(person, "buy", f"2025-0{month + 1}-01T12:00:00Z", coin, money)
    return wallets


async def sell(person: Person, wallet: str, at: str, *, quantity: str, price: str) -> str:
    coin = leg(wallet, "bitcoin", f"-{quantity}", price)
    return await record(person, "sell", at, coin, leg(None, "usd", price, price))


async def test_what_is_sold_in_the_us_is_of_its_own_wallet(ada: Person) -> None:
    """The oldest lot is elsewhere: 40,000 for what cost 30,000, short-term, no form 1099-DA."""
    wallets = await buy_in_three_wallets(ada)
    sold = await sell(ada, wallets[2], "2025-10-01T12:00:00Z", quantity="1", price="40000")

    run = await compute(ada, "us", 2025)
    (line,) = await rows(ada, run, "disposals")

    assert (line["proceeds"], line["cost"], line["gain"]) == ("40000", "30000", "10000")
    assert (line["term"], line["rule"], line["box"]) == ("short", "fifo", "I")
    assert (line["wallet"], line["transaction_id"]) == ("Three", sold)
    assert figures(run)["short-net"] == "10000"
    assert (run["draft"], run["completeness"]["score"]) == (False, "1")
    left = [(each["wallet"], each["cost"]) for each in await rows(ada, run, "lots")]
    assert left == [("One", "10000"), ("Two", "20000")]


async def test_what_is_sold_in_the_uk_is_of_its_day_then_of_the_days_after_then_of_the_pool(
    ada: Person,
) -> None:
    """CRYPTO22253's order in pounds: of 30 sold 10 were bought 20 days later for 150, the other 20
    cost 2,000 of the pool's 10,000 for 100. Proceeds 3,000, so the gain is 850; nothing is above
    the exempt amount of 3,000.
    """
    pool, other = await add_wallet(ada, "Pool"), await add_wallet(ada, "Other")
    money = {"currency": "gbp"}
    for wallet, at, quantity, value in (
        (pool, "2024-05-01T12:00:00Z", "100", "10000"),
        (pool, "2024-07-01T12:00:00Z", "-30", "3000"),
        (other, "2024-07-21T12:00:00Z", "10", "150"),
    ):
        paid = value if quantity.startswith("-") else f"-{value}"
        coin = leg(wallet, "ethereum", quantity, value)
        kind = "sell" if quantity.startswith("-") else "buy"
        await record(ada, kind, at, coin, leg(None, "gbp", paid, value), **money)

    run = await compute(ada, "uk", 2024)
    lines = await rows(ada, run, "disposals")

    assert [(each["rule"], each["quantity"], each["cost"]) for each in lines] == [
        ("30-day", "10", "150"),
        ("section-104", "20", "2000"),
    ]
    assert sum(int(each["gain"]) for each in lines) == 850
    assert (run["first"], run["last"], run["currency"]) == ("2024-04-06", "2025-04-05", "gbp")
    sheet = await ada.http.get(f"/tax/runs/{run['id']}/files/sa108.csv")
    assert sheet.status_code == 200, sheet.text
    assert "850" in sheet.text


async def test_what_is_sold_in_france_takes_its_fraction_of_all_that_was_paid(ada: Person) -> None:
    """5,000 paid for what is worth 8,000; 2,000 of it sold: 2,000 − 5,000 × 2,000 / 8,000 = 750.
    What the portfolio was worth is the coins at that day's price.
    """
    wallet, euros = await add_wallet(ada, "One"), {"currency": "eur"}
    bought = leg(wallet, "bitcoin", "1", "5000"), leg(None, "eur", "-5000", "5000")
    await record(ada, "buy", "2024-05-01T12:00:00Z", *bought, **euros)
    sold = leg(wallet, "bitcoin", "-0.25", "2000"), leg(None, "eur", "2000", "2000")
    await record(ada, "sell", "2024-07-01T12:00:00Z", *sold, **euros)

    open_question = await compute(ada, "fr", 2024)
    price = {"coin_id": "bitcoin", "currency": "eur", "day": "2024-07-01", "price": "8000"}
    said = await ada.http.put("/valuations", json=price)
    assert said.status_code in {200, 201}, said.text
    run = await compute(ada, "fr", 2024)
    (line,) = await rows(ada, run, "disposals")

    assert (open_question["draft"], run["draft"]) == (True, False)
    assert (line["rule"], line["cost"], line["gain"]) == ("portfolio-fraction", "1250", "750")


async def test_a_missing_purchase_makes_a_draft_until_it_is_recorded(ada: Person) -> None:
    """A deposit says where units are, not what they cost, so it is set to count as nothing; what is
    sold of it is all gain then, and a gap. With the purchase the gain is 12,000 − 9,000.
    """
    wallet = await add_wallet(ada, "One")
    came = leg(wallet, "bitcoin", "1", "0")
    deposit = await record(ada, "deposit", "2025-02-01T12:00:00Z", came)
    ignored = await ada.http.put(f"/tax/treatments/{deposit}", json={"treatment": "ignore"})
    assert ignored.status_code == 200, ignored.text
    await sell(ada, wallet, "2025-03-01T12:00:00Z", quantity="1", price="12000")

    draft = await compute(ada)
    (gap,) = await rows(ada, draft, "gaps")
    pages = await file(ada, draft, "report.pdf")
    coin, money = leg(wallet, "bitcoin", "1", "9000"), leg(None, "usd", "-9000", "9000")
    await record(ada, "buy", "2025-01-15T12:00:00Z", coin, money)
    whole = await compute(ada)

    assert (gap["what"], gap["quantity"], gap["wallet"]) == ("shortfall", "1", "One")
    assert (draft["draft"], figures(draft)["short-net"]) == (True, "12000")
    assert draft["completeness"] == {"score": "0", "counted": 1, "short": 1, "unvalued": 0}
    assert draft["missing"] == [{"coin_id": "bitcoin", "shortfalls": 1, "quantity": "1"}]
    assert (whole["draft"], figures(whole)["short-net"]) == (False, "3000")
    assert whole["completeness"]["score"] == "1"
    assert await read(ada, f"/tax/runs/{draft['id']}") == draft
    assert await file(ada, draft, "report.pdf") == pages


async def test_a_run_is_the_same_whenever_it_is_read(ada: Person) -> None:
    wallets = await buy_in_three_wallets(ada)
    await sell(ada, wallets[0], "2025-10-01T12:00:00Z", quantity="1", price="40000")
    run = await compute(ada)
    names = [each["name"] for each in run["files"]]
    before = {name: await file(ada, run, name) for name in names}

    again = await finish(
        ada, await ada.http.post("/tax/runs", json={"jurisdiction": "us", "year": 2025})
    )
    await sell(ada, wallets[1], "2025-11-01T12:00:00Z", quantity="1", price="41000")
    other = await compute(ada)

    assert again["result"]["facts"]["run_id"] == run["id"]
    assert again["result"]["facts"]["repeated"]
    assert other["id"] != run["id"]
    assert await read(ada, f"/tax/runs/{run['id']}") == run
    assert {name: await file(ada, run, name) for name in names} == before
    checked = await finish(ada, await ada.http.post(f"/tax/runs/{run['id']}/verify"))
    assert checked["result"]["facts"]["equal"]


async def file(person: Person, run: dict[str, Any], name: str) -> str:
    """The hash of a file, which is its ETag too."""
    answer = await person.http.get(f"/tax/runs/{run['id']}/files/{name}")
    assert answer.status_code == 200, answer.text
    digest = hashlib.sha256(answer.content).hexdigest()
    assert answer.headers["etag"] == f'"{digest}"'
    return digest


async def test_runs_are_a_table(ada: Person) -> None:
    await buy_in_three_wallets(ada)
    run = await compute(ada, "us", 2025)
    answer = await ada.http.get("/tax/runs", params={"format": "csv"})
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["id"], row["year"], row["method"], row["score"]) == (run["id"], "2025", "fifo", "1")
    assert (row["draft"], row["short"], row["last"]) == ("0", "0", "2025-12-31")
    for name in ("xlsx", "parquet", "arrow"):
        assert (await ada.http.get("/tax/runs", params={"format": name})).status_code == 200


async def test_jurisdictions_say_their_methods_and_years(client: httpx2.AsyncClient) -> None:
    """Each year that is offered can be computed or is not over; the one after is refused."""
    answer = await client.get("/tax/jurisdictions")
    assert answer.status_code == 200, answer.text
    found = {each["code"]: each for each in answer.json()["data"]}
    assert set(found) == {"us", "uk", "au", "de", "fr", "ca", "at", "generic"}
    us, uk, at = found["us"], found["uk"], found["at"]
    assert (us["title"], us["currency"], us["methods"][0]) == ("United States", "usd", "fifo")
    assert (us["zone"], us["year_starts_on"], us["first_year"]) == (
        "America/New_York",
        "01-01",
        2009,
    )
    assert (uk["methods"], uk["year_starts_on"]) == (["section-104"], "04-06")
    assert at["first_year"] == 2023
    assert us["last_year"] - uk["last_year"] in (0, 1)


async def test_the_years_that_are_offered_are_those_that_are_computed(ada: Person) -> None:
    found = await read(ada, "/tax/jurisdictions")
    for each in found["data"]:
        for year, status in (
            (each["first_year"] - 1, 422),
            (each["first_year"], 202),
            (each["last_year"], 202),
            (each["last_year"] + 1, 422),
        ):
            body = {"jurisdiction": each["code"], "year": year}
            answer = await ada.http.post("/tax/runs", json=body)
            assert answer.status_code == status, (body, answer.text)
            if status == 202:
                await finish(ada, answer)
