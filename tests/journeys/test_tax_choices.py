"""What a person decides, over HTTP, and what becomes of the figures, worked out by hand."""

import asyncio
import csv
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg

from tests.conftest import Person
from tests.journeys.tax_story import (
    WISH,
    add_wallet,
    compute,
    compute_years,
    figures,
    finish,
    leg,
    read,
    record,
    rows,
    say,
    trade,
)

NEW_YORK: Final = ZoneInfo("America/New_York")


def shown(lines: list[dict[str, Any]], *names: str) -> list[tuple[str, ...]]:
    return [tuple(str(line[name]) for name in names) for line in lines]


async def table(person: Person, run: dict[str, Any], name: str) -> list[dict[str, str]]:
    """The rows of a report's CSV file."""
    answer = await person.http.get(f"/tax/runs/{run['id']}/files/{name}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(answer.text.splitlines()))


async def buy_four(person: Person) -> str:
    """For 100, 200, 300 and 150, in that order."""
    wallet = await add_wallet(person, "One")
    for month, cost in enumerate(("100", "200", "300", "150"), 1):
        await trade(person, wallet, f"2023-0{month}-01", "1", cost)
    return wallet


async def test_each_year_goes_by_the_method_elected_for_it(ada: Person) -> None:
    """Of 100, 200, 300 and 150 one is sold for 1,000 in each year: the first (900), then of the
    rest the dearest (700), then the last (850). Without elections it is the first each time.
    """
    wallet = await buy_four(ada)
    for day in ("2024-06-01", "2025-06-01", "2026-06-01"):
        await trade(ada, wallet, day, "-1", "1000")
    plain = await compute_years(ada, "us", 2024, 2025, 2026)
    methods = [{"from_year": 2025, "method": "hifo"}, {"from_year": 2026, "method": "lifo"}]

    said = await say(ada, "/tax/elections/us", {"methods": methods})
    elected = await compute_years(ada, "us", 2024, 2025, 2026)
    once = await compute(ada, "us", 2025, method="lifo")

    assert [figures(run)["long-net"] for run in plain] == ["900", "800", "700"]
    assert [figures(run)["long-net"] for run in elected] == ["900", "700", "850"]
    rules = [(await rows(ada, run, "disposals"))[0]["rule"] for run in elected]
    assert rules == ["fifo", "hifo", "lifo"]
    assert elected[2]["election"]["method"] == "fifo, hifo from 2025, lifo from 2026"
    assert figures(once)["long-net"] == "850"
    assert said["elections"]["methods"] == methods
    assert await read(ada, "/tax/elections/us") == said
    assert said["may_choose"] == ["fifo", "lifo", "hifo", "lofo", "specific"]
    assert (await read(ada, "/tax/elections/uk"))["changed_at"] is None


async def test_units_of_one_pool_come_to_wallets_as_elected(ada: Person) -> None:
    """Rev. Proc. 2024-28: of 10 for 10 in XYZ and 20 for 100 in GHI six are sold from XYZ in 2024,
    the oldest of all. The four that XYZ has since are what is left of the old ones (4) if XYZ is
    filled first, and new ones (20) if GHI is, or if they are assigned by name; sold for 40.
    """
    xyz, ghi = await add_wallet(ada, "XYZ"), await add_wallet(ada, "GHI")
    await trade(ada, xyz, "2019-07-01", "10", "10", coin="ripple")
    new = await trade(ada, ghi, "2020-09-01", "20", "100", coin="ripple")
    await trade(ada, xyz, "2024-12-01", "-6", "60", coin="ripple")
    unit = {"wallet_id": xyz, "transaction_id": new, "coin_id": "ripple"}
    allocations: list[dict[str, Any]] = [
        {"wallets": [xyz, ghi]},
        {"wallets": [ghi, xyz]},
        {"wallets": [xyz, ghi], "units": [unit | {"quantity": "4"}]},
    ]

    sale = {"jurisdiction": "us", "coin_id": "ripple", "quantity": "4", "price": "10"}
    sale |= {"wallet_id": xyz, "method": "fifo"}

    gains = []
    for allocation in allocations:
        await say(ada, "/tax/elections/us", {"allocation": allocation})
        answer = await ada.http.post("/tax/what-if", json=sale)
        gains.append(answer.json()["outcomes"][0]["by_term"])
    too_many = {"units": [unit | {"quantity": "5"}]}
    await say(ada, "/tax/elections/us", {"allocation": too_many})
    started = await ada.http.post("/tax/runs", json=WISH)
    path = started.headers["location"].removeprefix("/api/v1")
    await leave(ada, path, "queued")
    failed = await leave(ada, path, "running")
    looked = await ada.http.get("/tax/unrealised?jurisdiction=us")

    assert gains == [{"long": "36"}, {"long": "20"}, {"long": "20"}]
    assert (failed["state"], failed["problem"]["code"]) == ("failed", "allocation-does-not-fit")
    assert (looked.status_code, looked.json()["code"]) == (422, "allocation-does-not-fit")


async def test_the_day_is_that_of_where_one_lives(ada: Person) -> None:
    """Seven in the morning of 1 January, UTC: two in New York, the evening before in Honolulu."""
    wallet = await buy_four(ada)
    await trade(ada, wallet, "2026-01-01T07:00:00Z", "-1", "1000")
    new_york = await compute(ada)
    await say(ada, "/tax/elections/us", {"zone": "Pacific/Honolulu"})
    honolulu = await compute(ada)

    told = [(run["zone"], figures(run)["long-net"]) for run in (new_york, honolulu)]
    assert told == [("America/New_York", "0"), ("Pacific/Honolulu", "900")]


async def test_losses_brought_and_what_becomes_of_a_net_loss(ada: Person) -> None:
    """IRC 1211 and 1212: of 10,000 lost 3,000 are deducted and 7,000 carried, or 1,500 and 8,500 of
    whoever files separately; another 500 that were brought are carried as well.
    """
    wallet = await add_wallet(ada, "One")
    await trade(ada, wallet, "2025-01-05", "1", "20000")
    await trade(ada, wallet, "2025-06-01", "-1", "10000")
    together = await compute(ada)
    brought = [{"year": 2025, "short": "500"}]
    await say(ada, "/tax/elections/us", {"filing": "married-separately", "brought": brought})
    apart = await compute(ada)

    codes = ("net", "deductible-loss", "carried-short", "carried-long")
    assert [tuple(figures(run)[code] for code in codes) for run in (together, apart)] == [
        ("-10000", "3000", "7000", "0"),
        ("-10500", "1500", "9000", "0"),
    ]


async def test_a_treatment_changes_a_report_until_it_is_taken_back(ada: Person) -> None:
    """An airdrop of 5 that is sold for 20 is income and a gain of 15; free, it is a gain of 20."""
    wallet = await add_wallet(ada, "One")
    came = await record(
        ada, "airdrop", "2025-02-01T12:00:00Z", leg(wallet, "ripple", "10", "5"), note="a drop"
    )
    await trade(ada, wallet, "2025-03-01", "-10", "20", coin="ripple")
    before = await compute(ada)

    await say(ada, f"/tax/treatments/{came}", {"treatment": "free"})
    free = await compute(ada)
    listed = await read(ada, "/tax/treatments")
    dropped = await ada.http.delete(f"/tax/treatments/{came}")
    after = await compute(ada)

    told = [(figures(run)["income"], figures(run)["short-net"]) for run in (before, free)]
    assert told == [("5", "15"), ("0", "20")]
    assert free["election"]["treatments"] == "1 transactions treated as the person says"
    assert shown(listed["data"], "transaction_id", "treatment") == [(came, "free")]
    assert (dropped.status_code, after["id"]) == (204, before["id"])
    assert (await read(ada, "/tax/treatments"))["data"] == []


async def test_units_are_those_that_were_named_in_time(ada: Person, ben: Person) -> None:
    """26 CFR 1.1012-1(j): of 10 for 20 and 20 for 100 ten are spent for 100. Named in time the dear
    ones go, a gain of 50; named too late, the older ones, a gain of 80.
    """
    wallet = await add_wallet(ada, "One")
    now = datetime.now(UTC)
    first, second = (
        (now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ") for days in (30, 20)
    )
    await trade(ada, wallet, first, "10", "20", coin="ripple")
    dear = await trade(ada, wallet, second, "20", "100", coin="ripple")
    late = await trade(ada, wallet, now.isoformat(), "-10", "100", coin="ripple")
    soon = now + timedelta(seconds=50)
    early = await trade(ada, wallet, soon.isoformat(), "-10", "100", coin="ripple")
    units = {"units": [{"transaction_id": dear, "coin_id": "ripple", "quantity": "10"}]}

    said = [await say(ada, f"/tax/picks/{each}", units) for each in (early, late)]
    run = await compute(ada, "us", soon.astimezone(NEW_YORK).year)
    lines = {line["transaction_id"]: line for line in await rows(ada, run, "disposals")}

    assert [each["in_time"] for each in said] == [True, False]
    assert shown([lines[early]], "rule", "cost", "gain") == [("specific", "50", "50")]
    assert shown([lines[late]], "rule", "cost", "gain") == [("fifo", "20", "80")]
    (warning,) = run["warnings"]
    assert warning.startswith(late)
    assert "identified after they were disposed of" in warning
    assert shown((await read(ada, "/tax/picks"))["data"], "transaction_id", "in_time") == [
        (early, "True"),
        (late, "False"),
    ]

    for path, body in (
        (f"/tax/picks/{early}", units),
        (f"/tax/treatments/{early}", {"treatment": "free"}),
        (f"/tax/gifts/{dear}", {"donor_cost": "1"}),
    ):
        refused = await ben.http.put(path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (404, "transaction-not-found")
    for path in ("", "/disposals", "/incomes", "/lots", "/gaps", "/files/audit.csv"):
        refused = await ben.http.get(f"/tax/runs/{run['id']}{path}")
        assert (refused.status_code, refused.json()["code"]) == (404, "tax-run-not-found")
    assert (await ben.http.post(f"/tax/runs/{run['id']}/verify")).status_code == 404
    assert (await ben.http.delete(f"/tax/runs/{run['id']}")).status_code == 404


async def test_what_a_sale_could_be_of_is_what_its_wallet_had_then(
    ada: Person, ben: Person
) -> None:
    """Of 10 for 20 and 20 for 100 ten are sold for 100; of the half that pays the fee nobody
    says which units it is. What was said in time stays, whatever is said too late.
    """
    wallet = await add_wallet(ada, "One")
    first = await trade(ada, wallet, "2024-01-02", "10", "20", coin="ripple")
    dear = await trade(ada, wallet, "2025-02-01", "20", "100", coin="ripple")
    parts = (
        leg(wallet, "ripple", "-10", "100"),
        leg(wallet, "ripple", "-0.5", "5", role="fee"),
        leg(None, "usd", "100", "100"),
    )
    old = await record(ada, "sell", "2025-06-01T12:00:00Z", *parts)
    soon = (datetime.now(UTC) + timedelta(seconds=50)).isoformat()
    new = await trade(ada, wallet, soon, "-1", "30", coin="ripple")
    path = f"/tax/picks/{old}?jurisdiction=us"

    seen = await read(ada, path)
    units = {"units": [{"transaction_id": dear, "coin_id": "ripple", "quantity": "1"}]}
    late = await say(ada, f"/tax/picks/{old}", units)
    early = await say(ada, f"/tax/picks/{new}", units)
    said = [await read(ada, f"/tax/picks/{each}?jurisdiction=us") for each in (old, new)]
    await ada.http.delete(f"/tax/picks/{old}")
    taken_back = await read(ada, path)
    pooled = await read(ada, f"/tax/picks/{old}?jurisdiction=uk")
    refused = await ben.http.get(path)

    (choice,) = seen["disposals"]
    assert (choice["coin_id"], choice["quantity"], choice["proceeds"]) == ("ripple", "10", "95")
    assert shown(choice["lots"], "transaction_id", "quantity", "cost", "most", "gain", "term") == [
        (first, "10", "20", "10", "75", "long"),
        (dear, "20", "100", "10", "45", "short"),
    ]
    assert (seen["may_pick"], seen["in_time"], seen["picked"]) == (True, False, None)
    assert [each["picked"]["id"] for each in said] == [late["id"], early["id"]]
    assert [(each["in_time"], each["picked"]["in_time"]) for each in said] == [
        (False, False),
        (True, True),
    ]
    left = said[1]["disposals"][0]["lots"]
    assert shown(left, "transaction_id", "quantity") == [(dear, "19.5")]
    assert taken_back["picked"]["units"] == []
    assert (pooled["may_pick"], pooled["disposals"]) == (False, [])
    assert (refused.status_code, refused.json()["code"]) == (404, "transaction-not-found")


async def test_two_sales_of_a_coin_in_one_transaction_are_each_of_their_own_units(
    ada: Person,
) -> None:
    """One for 20 and one for 100 are sold together for 60 and 90: the dear one by the first leg, a
    loss of 40, the other by the second, a gain of 70.
    """
    wallet, now = await add_wallet(ada, "One"), datetime.now(UTC)
    cheap, dear = [
        await trade(ada, wallet, (now - timedelta(days=d)).isoformat(), "1", cost, coin="ripple")
        for d, cost in ((30, "20"), (20, "100"))
    ]
    soon = now + timedelta(seconds=50)
    parts = [leg(wallet, "ripple", "-1", worth) for worth in ("60", "90")]
    money = leg(None, "usd", "150", "150")
    sale = await record(ada, "sell", soon.isoformat(), *parts, money)
    units = [
        {"transaction_id": of, "coin_id": "ripple", "quantity": "1", "leg": number}
        for number, of in enumerate((dear, cheap))
    ]

    nowhere = [units[0], units[1] | {"leg": 2}]
    refused = await ada.http.put(f"/tax/picks/{sale}", json={"units": nowhere})
    said = await say(ada, f"/tax/picks/{sale}", {"units": units})
    run = await compute(ada, "us", soon.astimezone(NEW_YORK).year)

    assert (refused.status_code, refused.json()["code"]) == (422, "no-such-leg")
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["#/units/1/leg"]
    assert (said["in_time"], said["units"]) == (True, units)
    lines = await rows(ada, run, "disposals")
    assert shown(lines, "rule", "acquired_transaction_id", "gain") == [
        ("specific", dear, "-40"),
        ("specific", cheap, "70"),
    ]
    assert run["warnings"] == []


async def test_lots_that_were_chosen_are_shown_however_many_there_are(ada: Person) -> None:
    """Of 502 lots the first 500 are shown, and the last one once it is chosen."""
    wallet, begin = await add_wallet(ada, "One"), datetime(2025, 1, 2, tzinfo=UTC)
    lots = [
        await trade(
            ada, wallet, (begin + timedelta(minutes=n)).isoformat(), "1", "2", coin="ripple"
        )
        for n in range(502)
    ]
    sale = await trade(ada, wallet, "2025-06-01", "-3", "9", coin="ripple")
    path = f"/tax/picks/{sale}"

    (before,) = (await read(ada, f"{path}?jurisdiction=us"))["disposals"]
    unit = {"transaction_id": lots[-1], "coin_id": "ripple", "quantity": "1"}
    await say(ada, path, {"units": [unit]})
    (after,) = (await read(ada, f"{path}?jurisdiction=us"))["disposals"]

    assert [each["transaction_id"] for each in before["lots"]] == lots[:500]
    assert [each["transaction_id"] for each in after["lots"]] == [*lots[:500], lots[-1]]
    assert before["lots_in_all"] == after["lots_in_all"] == 502


async def test_a_gift_gains_from_its_donors_cost_and_loses_from_its_value(ada: Person) -> None:
    """IRC 1015: a donor's 100 were worth 60 when given. Sold for 120 it gains 20, long-term with
    the donor's time; for 50 it loses 10, short-term; for 80 nothing.
    """
    gifts = []
    for place, price in (("One", "120"), ("Two", "50"), ("Three", "80")):
        wallet = await add_wallet(ada, place)
        came = leg(wallet, "bitcoin", "1", "60")
        gifts.append(await record(ada, "gift_in", "2025-06-01T12:00:00Z", came))
        await trade(ada, wallet, "2025-09-01", "-1", price)
    unknown = await compute(ada)

    known = {"donor_cost": "100", "donor_since": "2020-01-01T12:00:00Z"}
    for each in gifts:
        await say(ada, f"/tax/gifts/{each}", known)
    run = await compute(ada)
    listed = await read(ada, "/tax/gifts")
    await ada.http.delete(f"/tax/gifts/{gifts[0]}")

    assert (unknown["draft"], run["draft"]) == (True, False)
    gaps = await rows(ada, unknown, "gaps")
    assert {each["what"] for each in gaps} == {"unvalued"}
    assert {each["transaction_id"] for each in gaps} == set(gifts)
    lines = await rows(ada, run, "disposals")
    assert shown(lines, "wallet", "cost", "gain", "term", "acquired_on") == [
        ("One", "100", "20", "long", "2020-01-01"),
        ("Two", "60", "-10", "short", "2025-06-01"),
        ("Three", "80", "0", "long", "2020-01-01"),
    ]
    assert [each["donor_cost"] for each in listed["data"]] == ["100"] * 3
    assert len((await read(ada, "/tax/gifts"))["data"]) == 2


async def test_a_giver_had_what_they_gave_before_they_gave_it(ada: Person) -> None:
    wallet = await add_wallet(ada, "One")
    gift = await record(ada, "gift_in", "2025-06-01T12:00:00Z", leg(wallet, "bitcoin", "1", "60"))
    later = {"donor_cost": "100", "donor_since": "2025-06-01T12:00:01Z"}
    refused = await ada.http.put(f"/tax/gifts/{gift}", json=later)
    assert (refused.status_code, refused.json()["code"]) == (422, "held-after-given")
    assert [fault["pointer"] for fault in refused.json()["errors"]] == ["#/donor_since"]
    assert (await read(ada, "/tax/gifts"))["data"] == []
    await say(ada, f"/tax/gifts/{gift}", later | {"donor_since": "2025-06-01T12:00:00Z"})


async def test_a_gift_that_is_corrected_to_an_earlier_day_is_asked_about_anew(ada: Person) -> None:
    """A correction is another transaction, of whose giver nothing was said: it is a gap until it
    is said, and then by the day that it has now.
    """
    wallet = await add_wallet(ada, "One")
    came = leg(wallet, "bitcoin", "1", "60")
    wrong = await record(ada, "gift_in", "2025-06-01T12:00:00Z", came)
    known = {"donor_cost": "100", "donor_since": "2025-05-01T12:00:00Z"}
    await say(ada, f"/tax/gifts/{wrong}", known)
    voided = await ada.http.post(f"/transactions/{wrong}/void", json={})
    right = await record(ada, "gift_in", "2025-04-01T12:00:00Z", came)
    await trade(ada, wallet, "2025-09-01", "-1", "120")

    run = await compute(ada)
    gaps = await rows(ada, run, "gaps")
    refused = await ada.http.put(f"/tax/gifts/{right}", json=known)
    await say(ada, f"/tax/gifts/{right}", known | {"donor_since": "2025-03-01T12:00:00Z"})
    whole = await compute(ada)

    assert voided.status_code == 201, voided.text
    assert (run["draft"], whole["draft"]) == (True, False)
    assert shown(gaps, "what", "transaction_id") == [("unvalued", right)]
    assert (refused.status_code, refused.json()["code"]) == (422, "held-after-given")
    (line,) = await rows(ada, whole, "disposals")
    assert shown([line], "cost", "acquired_on") == [("100", "2025-03-01")]


async def sell_six(ada: Person) -> dict[str, str]:
    """Of three assets one unit bought in 2023, of three in 2025: for 100, sold for 150."""
    wallet, sold = await add_wallet(ada, "One"), {}
    for bought, *coins in (
        ("2023-02-01", "bitcoin", "ethereum", "solana"),
        ("2025-02-01", "ripple", "cardano", "litecoin"),
    ):
        for coin in coins:
            await trade(ada, wallet, bought, "1", "100", coin=coin)
            sold[coin] = await trade(ada, wallet, "2025-06-02", "-1", "150", coin=coin)
    return sold


async def test_forms_of_brokers_change_the_boxes_and_what_differs_is_listed(ada: Person) -> None:
    """With basis J and G, without K and H, not reported L and I. For ripple 90 were reported, 10
    less than it cost, and for litecoin 155 of proceeds; a sale of tron nobody knows of.
    """
    await sell_six(ada)
    before = await compute(ada)
    told = {"quantity": "1", "sold_on": "2025-06-02", "proceeds": "150", "broker": "B"}
    reported: list[dict[str, Any]] = [
        told | {"coin_id": "bitcoin", "cost": "100"},
        told | {"coin_id": "ethereum"},
        told | {"coin_id": "ripple", "cost": "90"},
        told | {"coin_id": "litecoin", "proceeds": "155"},
        told | {"coin_id": "tron", "proceeds": "7", "cost": "5"},
    ]

    said = await say(ada, "/tax/broker-forms/2025", {"rows": reported})
    run = await compute(ada)

    boxes = {line["coin_id"]: line["box"] for line in await rows(ada, before, "disposals")}
    assert list(boxes.values()) == ["L", "L", "L", "I", "I", "I"]
    boxes = {line["coin_id"]: line["box"] for line in await rows(ada, run, "disposals")}
    assert boxes == {
        "bitcoin": "J",
        "ethereum": "K",
        "solana": "L",
        "ripple": "G",
        "litecoin": "H",
        "cardano": "I",
    }
    found = figures(run)
    assert [found[f"box-g-{name}"] for name in ("proceeds", "cost", "adjustment", "gain")] == [
        "150",
        "90",
        "-10",
        "50",
    ]
    assert [found[f"box-{box}-gain"] for box in "hijkl"] == ["50"] * 5
    assert (found["short-net"], found["long-net"]) == ("150", "150")
    assert found["short-net"] == figures(before)["short-net"]

    told_of = {
        row["asset"]: (
            row["verdict"],
            row["proceeds_difference"],
            row["cost_difference"],
            row["rows"],
        )
        for row in await table(ada, run, "1099-da.csv")
    }
    assert told_of == {
        "bitcoin": ("agrees", "0.00", "0.00", "1"),
        "ethereum": ("agrees", "0.00", "", "2"),
        "ripple": ("differs", "0.00", "-10.00", "3"),
        "litecoin": ("differs", "5.00", "", "4"),
        "tron": ("not-in-ledger", "7.00", "5.00", "5"),
        "solana": ("not-reported", "", "", ""),
        "cardano": ("not-reported", "", "", ""),
    }
    (line,) = [row for row in await table(ada, run, "form-8949.csv") if row["Box"] == "G"]
    columns = "(d) Proceeds", "(e) Cost or other basis", "(f) Code", "(g) Adjustment"
    assert [line[name] for name in columns] == ["150.00", "90.00", "B", "-10.00"]
    assert line["(h) Gain or (loss)"] == "50.00"

    assert await read(ada, "/tax/broker-forms/2025") == said
    other = await ada.http.put("/tax/broker-forms/2026", json={"rows": reported})
    assert (other.status_code, other.json()["code"]) == (422, "not-of-that-year")
    assert other.json()["errors"][0]["pointer"] == "#/rows/0/sold_on"


async def test_what_was_stated_in_another_currency_takes_the_rate_of_its_day(ada: Person) -> None:
    """Bought for 1,000 euros at 1.10 dollars and sold for 2,000 at 1.20: 2,400 − 1,100. A fee of
    0.1 ether in a transfer, whose price was said in euros, is 250 × 1.20 for what cost 100.
    """
    one, two = await add_wallet(ada, "One"), await add_wallet(ada, "Two")
    await trade(ada, one, "2025-02-03", "1", "1000", money="eur")
    await trade(ada, one, "2025-03-03", "-1", "2000", money="eur")
    await trade(ada, one, "2025-02-03", "1", "1000", coin="ethereum")
    gone, came = leg(one, "ethereum", "-0.9"), leg(two, "ethereum", "0.9")
    paid = leg(one, "ethereum", "-0.1", role="fee")
    await record(ada, "transfer", "2025-03-03T12:00:00Z", gone, came, paid)
    unknown = await compute(ada)

    for coin, money, day, price in (
        ("eur", "usd", "2025-02-03", "1.10"),
        ("eur", "usd", "2025-03-03", "1.20"),
        ("ethereum", "eur", "2025-03-03", "2500"),
    ):
        worth = {"coin_id": coin, "currency": money, "day": day, "price": price}
        await say(ada, "/valuations", worth)
    run = await compute(ada)

    assert (unknown["draft"], unknown["completeness"]["unvalued"]) == (True, 2)
    assert (run["draft"], run["completeness"]["score"]) == (False, "1")
    lines = await rows(ada, run, "disposals")
    assert shown(lines, "coin_id", "proceeds", "cost", "gain") == [
        ("bitcoin", "2400", "1100", "1300"),
        ("ethereum", "300", "100", "200"),
    ]
    assert figures(run)["short-net"] == "1500"


async def test_wishes_that_no_rules_know(ada: Person) -> None:
    next_year = datetime.now(UTC).year + 1
    for wish, code in (
        ({"jurisdiction": "uk", "year": 2024, "method": "fifo"}, "method-not-allowed"),
        ({"jurisdiction": "us", "year": 2024, "method": "average"}, "method-not-allowed"),
        ({"jurisdiction": "us", "year": next_year}, "tax-year-not-open"),
        ({"jurisdiction": "at", "year": 2022}, "tax-year-not-covered"),
        ({"jurisdiction": "xx", "year": 2024}, "unknown-jurisdiction"),
    ):
        refused = await ada.http.post("/tax/runs", json=wish)
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    for code, body, problem in (
        ("uk", {"methods": [{"from_year": 2024, "method": "fifo"}]}, "method-not-allowed"),
        ("us", {"zone": "Mars/Phobos"}, "unknown-zone"),
        ("generic", {"currency": "nobody-knows-it"}, "unknown-asset-field"),
        ("xx", {}, "unknown-jurisdiction"),
    ):
        refused = await ada.http.put(f"/tax/elections/{code}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, problem)
    pointer = (await ada.http.get("/tax/elections/xx")).json()["errors"][0]["pointer"]
    assert pointer == "path:jurisdiction"


async def test_a_run_that_is_cancelled_leaves_nothing(ada: Person, database_url: str) -> None:
    """It is held up before it is matched until the desk has learned, with two beats, that it is to
    end. The same wish computes afterwards.
    """
    await buy_four(ada)
    wish = {"jurisdiction": "us", "year": 2023}
    desk = await asyncpg.connect(database_url)
    try:
        async with desk.transaction():
            await desk.execute("lock table tax_runs in access exclusive mode")
            started = await ada.http.post("/tax/runs", json=wish)
            path = started.headers["location"].removeprefix("/api/v1")
            await leave(ada, path, "queued")
            asked = await ada.http.delete(path)
            for _ in range(2):
                await next_beat(desk)
    finally:
        await desk.close()
    job = await leave(ada, path, "running")

    assert (asked.status_code, asked.json()["cancel_asked"]) == (200, True)
    assert (job["state"], job["result"]) == ("cancelled", None)
    assert (await read(ada, "/tax/runs"))["data"] == []
    again = await finish(ada, await ada.http.post("/tax/runs", json=wish))
    assert again["result"]["facts"]["repeated"] is False


async def next_beat(desk: asyncpg.Connection) -> None:
    """Wait until the only job's lease was renewed once more."""
    due = "select due_at from jobs"
    before = await desk.fetchval(due)
    for _ in range(600):
        if await desk.fetchval(due) != before:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the desk's heart does not beat")


async def leave(person: Person, path: str, state: str) -> dict[str, Any]:
    """The job, once it is not in that state any more."""
    for _ in range(600):
        job = await read(person, path)
        if job["state"] != state:
            return job
        await asyncio.sleep(0.05)
    raise AssertionError(f"the job stays {state}")
