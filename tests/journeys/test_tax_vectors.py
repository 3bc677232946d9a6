"""Published examples through the whole desk: recorded over HTTP, reported by country and year.

Every example has a coin of its own, so that one ledger holds many of them; the figures of a year
are then the sums of theirs, worked out by hand.
"""

import json
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from tests.conftest import Person
from tests.journeys.tax_story import (
    add_wallet,
    compute,
    compute_years,
    figures,
    leg,
    record,
    rows,
    say,
    trade,
)

VECTORS: Final = Path(__file__).parents[1] / "vectors"
COINS: Final = (
    *("bitcoin", "ethereum", "ripple", "solana", "cardano", "dogecoin", "litecoin", "stellar"),
    *("tron", "polkadot", "monero", "zcash", "uniswap", "aave", "near", "cosmos"),
)
CLOSE: Final = Fraction(1, 10**11)


def load(name: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads((VECTORS / name).read_text("utf-8"))
    return told


async def tell(ada: Person, wallet: str, story: dict[str, Any], coin: str, money: str) -> None:
    """The events of one example, all of them of `coin`."""
    held: dict[str, Any] = {"coin": coin, "money": money}
    for second, event in enumerate(story["events"]):
        at = event.get("at") or f"{event['day']}T12:00:{second:02}Z"
        if "acquired" in event:
            await trade(ada, wallet, at, event["acquired"], event["cost"], **held)
        elif event.get("kind", "sell") == "sell":
            before = str(Decimal(event["proceeds"]) + Decimal(event.get("fees", 0)))
            await sell(ada, wallet, at, event, coin=coin, money=money, value=before)
        else:
            gone = leg(wallet, coin, f"-{event['disposed']}", "0")
            await record(ada, event["kind"], at, gone, currency=money)


async def sell(
    ada: Person, wallet: str, at: str, event: dict[str, Any], *, coin: str, money: str, value: str
) -> None:
    legs = [leg(wallet, coin, f"-{event['disposed']}", value), leg(None, money, value, value)]
    if "fees" in event:
        legs.append(leg(None, money, f"-{event['fees']}", event["fees"], "fee"))
    await record(ada, "sell", at, *legs, currency=money)


async def test_the_manual_of_hmrc(ada: Person) -> None:
    """2018/19: 329 1/3 + 300 1/3 (HS284). 2019/20: 165 + 70 + 50 + 90 + 20 − 25. 2020/21: 258,000 +
    462.50 + 20 + 79.50 + 92,500 + 2,998, of a company's example 100,000 for an individual, and 6 of
    what was sold at half past ten in the evening of 5 April 2021, UTC; an hour later it is 2021/22.
    """
    wallet, stories = await add_wallet(ada, "One"), load("tax-uk.json")
    coins = dict(zip((story["name"] for story in stories), COINS, strict=False))
    for story in stories:
        await tell(ada, wallet, story, coins[story["name"]], "gbp")

    found = await compute_years(ada, "uk", 2018, 2019, 2020, 2021)
    gains: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for run in found:
        for line in await rows(ada, run, "disposals"):
            gains[line["coin_id"], line["disposed_on"]] += Fraction(line["gain"])

    for story in stories:
        if "holder" not in story:
            for day in story["days"]:
                gain = gains[coins[story["name"]], day["day"]]
                assert abs(gain - Fraction(day["gain"])) <= CLOSE, story["name"]
    sums = [tuple(figures(run)[code] for code in ("gains", "losses", "taxable")) for run in found]
    assert round(Decimal(sums[0][0]), 10) == round(Decimal(1889) / 3, 10)
    assert sums[0][1:] == ("0", "0")
    assert sums[1:] == [
        ("395", "25", "0"),
        ("454066", "0", "441766"),
        ("6", "0", "0"),
    ]
    assert [run["draft"] for run in found] == [False] * 4

    await say(ada, "/tax/elections/uk", {"holder": "company"})
    company = await rows(ada, await compute(ada, "uk", 2020), "disposals")
    of_company = [line for line in company if line["coin_id"] == coins["UK-41350-2"]]
    assert [(line["rule"], line["gain"]) for line in of_company] == [
        ("10-day", "2500"),
        ("section-104", "90000"),
    ]


async def test_average_cost_and_superficial_losses_of_canada(ada: Person) -> None:
    """9.60 + 9,333.33 + 693.33 gained; lost 250, 400, 60 and 300; 400 + 150 + 100 + 200 + 60 of
    losses are denied.
    """
    wallet, stories = await add_wallet(ada, "One"), load("tax-ca.json")
    for story, coin in zip(stories, COINS, strict=False):
        await tell(ada, wallet, story, coin, "cad")

    run = await compute(ada, "ca", 2024)
    lines = await rows(ada, run, "disposals")

    for story, coin in zip(stories, COINS, strict=False):
        told = [Fraction(line["gain"]) for line in lines if line["coin_id"] == coin]
        assert all(
            abs(gain - Fraction(expected)) <= CLOSE
            for gain, expected in zip(told, story["gains"], strict=True)
        ), story["name"]
    found = {code: round(Decimal(amount), 8) for code, amount in figures(run).items()}
    assert found["gains"] == round(Decimal("9.6") + Decimal(30080) / 3, 8)
    assert (found["losses"], found["denied"]) == (1010, 910)
    assert found["net"] == found["gains"] - 1010


async def test_parcels_and_the_discount_of_australia(ada: Person) -> None:
    """2021/22: 3,000 (AU-1). 2023/24: 15,000 + 1,000 (AU-5), and income of 5 (AU-6) of which an
    airdrop that is a first allocation is none. 2024/25: 200 on the anniversary, and after it 200
    and 20,000, of which half is taxed (AU-3, AU-4).
    """
    wallet = await add_wallet(ada, "One")
    held: dict[str, Any] = {"money": "aud"}
    await trade(ada, wallet, "2021-07-05", "100", "15000", coin="ripple", **held)
    swapped = leg(wallet, "ripple", "-20", "6000"), leg(wallet, "stellar", "100", "6000")
    await record(ada, "swap", "2021-11-15T12:00:00Z", *swapped, currency="aud")
    await trade(ada, wallet, "2024-01-01", "1", "50000", coin="ethereum", **held)
    await trade(ada, wallet, "2024-02-01", "0.2", "12000", coin="ethereum", **held)
    await trade(ada, wallet, "2024-03-01", "-1.2", "78000", coin="ethereum", **held)
    for coin, sold_on in (("solana", "2025-01-15"), ("cardano", "2025-01-16")):
        await trade(ada, wallet, "2024-01-15", "1", "100", coin=coin, **held)
        await trade(ada, wallet, sold_on, "-1", "300", coin=coin, **held)
    await trade(ada, wallet, "2024-01-01", "1", "40000", **held)
    await trade(ada, wallet, "2025-02-15", "-1", "60000", **held)
    got = leg(wallet, "dogecoin", "1", "5")
    await record(ada, "staking", "2024-03-01T12:00:00Z", got, currency="aud")
    first = await record(ada, "airdrop", "2024-03-01T12:00:00Z", got, currency="aud")
    await say(ada, f"/tax/treatments/{first}", {"treatment": "free"})

    found = await compute_years(ada, "au", 2021, 2023, 2024)

    codes = ("gains", "discount", "taxable", "income")
    assert [tuple(figures(run)[code] for code in codes) for run in found] == [
        ("3000", "0", "3000", "0"),
        ("16000", "0", "16000", "5"),
        ("20400", "10100", "10300", "0"),
    ]
    lots = {
        (lot["coin_id"], lot["quantity"], lot["cost"]) for lot in await rows(ada, found[2], "lots")
    }
    assert lots == {
        ("ripple", "80", "12000"),
        ("stellar", "100", "6000"),
        ("dogecoin", "1", "5"),
        ("dogecoin", "1", "0"),
    }


async def test_a_year_and_a_threshold_in_germany(ada: Person) -> None:
    """2024: 200 exempt, −100 and 100 taxed (DE-4). 2025: 400 is below 1,000 (DE-3); with 1,200 more
    all of it is taxed (DE-1). 2026: 800 exempt (DE-2).
    """
    wallet = await add_wallet(ada, "One")
    euros: dict[str, Any] = {"money": "eur"}
    for day, quantity, value in (
        ("2023-03-12", "0.5", "700"),
        ("2024-02-01", "0.5", "1000"),
        ("2024-04-07", "1", "1600"),
        ("2024-06-03", "-1.5", "2700"),
    ):
        await trade(ada, wallet, day, quantity, value, coin="ethereum", **euros)
    for coin, sold_on, value in (
        ("solana", "2025-09-30", "1400"),
        ("cardano", "2026-01-02", "1800"),
    ):
        await trade(ada, wallet, "2025-01-01", "1", "1000", coin=coin, **euros)
        await trade(ada, wallet, sold_on, "-1", value, coin=coin, **euros)

    found = await compute_years(ada, "de", 2024, 2025, 2026)
    await trade(ada, wallet, "2025-01-01", "1", "1000", coin="litecoin", **euros)
    await trade(ada, wallet, "2025-09-30", "-1", "2200", coin="litecoin", **euros)
    above = await compute(ada, "de", 2025)

    codes = ("profit", "taxable", "exempt")
    assert [tuple(figures(run)[code] for code in codes) for run in (*found, above)] == [
        ("0", "0", "200"),
        ("400", "0", "0"),
        ("0", "0", "800"),
        ("1600", "1600", "0"),
    ]


async def test_an_exchange_of_coins_carries_the_average_over_in_austria(ada: Person) -> None:
    """Four cost 4,000; one of them is exchanged for ten others, of which five bring 900 − 500; one
    more is sold for 700 − 1,000.
    """
    wallet = await add_wallet(ada, "One")
    euros: dict[str, Any] = {"money": "eur"}
    await trade(ada, wallet, "2023-02-01", "2", "1000", **euros)
    await trade(ada, wallet, "2023-05-01", "2", "3000", **euros)
    swapped = leg(wallet, "bitcoin", "-1", "1500"), leg(wallet, "solana", "10", "1500")
    await record(ada, "swap", "2024-01-10T12:00:00Z", *swapped, currency="eur")
    await trade(ada, wallet, "2024-03-01", "-5", "900", coin="solana", **euros)
    await trade(ada, wallet, "2024-04-01", "-1", "700", **euros)

    run = await compute(ada, "at", 2024)

    told = figures(run)
    assert (told["gains"], told["losses"], told["net"]) == ("400", "300", "100")
    pools = [(each["coin_id"], each["cost"]) for each in await rows(ada, run, "lots")]
    assert sorted(pools) == [("bitcoin", "2000"), ("solana", "500")]


async def test_costs_of_transactions_by_the_regulations_of_the_us(ada: Person) -> None:
    """26 CFR 1.1001-7(b)(5): ten of A, which cost 5, for services worth 10 less a dollar (4); for B
    worth 20 less two dollars (13); nine for B worth 18 while the tenth is withheld (13). US-17:
    40,000 for what was bought elsewhere for 10,000, in 2024 still one pool.
    """
    wallet = await add_wallet(ada, "One")
    for coin in ("ripple", "stellar", "tron"):
        await trade(ada, wallet, "2025-01-05", "10", "5", coin=coin)
    fee = leg(None, "usd", "-1", "1", "fee")
    paid = leg(wallet, "ripple", "-10", "10"), leg(None, "usd", "10", "10")
    await record(ada, "spend", "2025-02-01T12:00:00Z", *paid, fee)
    given = leg(wallet, "stellar", "-10", "20"), leg(wallet, "solana", "20", "20")
    fee = leg(None, "usd", "-2", "2", "fee")
    await record(ada, "swap", "2025-02-02T12:00:00Z", *given, fee)
    given = leg(wallet, "tron", "-9", "18"), leg(wallet, "cardano", "18", "18")
    fee = leg(wallet, "tron", "-1", "2", "withheld_fee")
    await record(ada, "swap", "2025-02-03T12:00:00Z", *given, fee)
    places = [await add_wallet(ada, place) for place in "ABC"]
    for month, place in enumerate(places, 7):
        await trade(ada, place, f"2024-0{month}-01", "1", f"{month - 6}0000")
    await trade(ada, places[2], "2024-10-01", "-1", "40000")

    before, run = await compute_years(ada, "us", 2024, 2025)

    gains: dict[str, Decimal] = defaultdict(Decimal)
    for line in await rows(ada, run, "disposals"):
        gains[line["coin_id"]] += Decimal(line["gain"])
    assert gains == {"ripple": 4, "stellar": 13, "tron": 13}
    costs = {lot["coin_id"]: lot["cost"] for lot in await rows(ada, run, "lots")}
    assert (costs["solana"], costs["cardano"]) == ("20", "18")
    assert figures(before)["short-net"] == "30000"
