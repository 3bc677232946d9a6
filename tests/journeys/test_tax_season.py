"""A season of taxes, from three files of three places to reports in two countries.

Ada bought a bitcoin at Coinbase and ether at Kraken, kept half of the coin in a hardware wallet,
sent a part of that on to Kraken and sold it there; and she sold a coin that no file knows of. The
figures are worked out by hand, to the cent. A dollar is 0.80 pounds throughout;
the rates of a Friday stand over the weekend.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.dailies import take_price_file
from plimsoll.plumbing.database import Database
from tests.conftest import Person
from tests.journeys.tax_story import compute, figures, leg, read, record
from tests.ledger.importing import amounts, bring, do, look, say

COINBASE: Final = """\
ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,\
Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes
c1,2024-03-01 15:00:00 UTC,Buy,BTC,1,USD,"$60,000.00","$60,000.00","$60,100.00",$100.00,Bought
c2,2025-02-10 15:00:00 UTC,Send,BTC,-0.5,USD,"$97,000.00","-$48,500.00","-$48,500.00",$0.00,Sent
c3,2025-03-03 15:00:00 UTC,Sell,BTC,-0.2,USD,"$90,000.00","$18,000.00","$17,980.00",$20.00,Sold
"""
KRAKEN: Final = """\
"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"
"L1","T1","2025-01-15 10:00:00","trade","","currency","ZUSD",-30000,30,0
"L2","T1","2025-01-15 10:00:00","trade","","currency","XETH",10,0,10
"L3","T2","2025-06-01 10:00:00","trade","","currency","XETH",-4,0,6
"L4","T2","2025-06-01 10:00:00","trade","","currency","ZUSD",14000,14,0
"L5","T3","2025-06-02 10:00:00","trade","","currency","SOL",-1,0,0
"L6","T3","2025-06-02 10:00:00","trade","","currency","ZUSD",150,0,0
"L7","S1","2025-07-01 10:00:00","staking","","currency","XETH",0.1,0,6.1
"L8","D1","2025-09-01 12:00:00","deposit","","currency","XXBT",0.1,0,0.1
"L9","T4","2025-11-03 10:00:00","trade","","currency","XXBT",-0.1,0,0
"L10","T4","2025-11-03 10:00:00","trade","","currency","ZUSD",11000,11,0
"""
LEDGER_LIVE: Final = """\
Operation Date,Status,Currency Ticker,Operation Type,Operation Amount,Operation Fees,\
Operation Hash,Account Name,Account xpub,Countervalue Ticker,Countervalue at Operation Date,\
Countervalue at CSV Export
2025-02-10T15:40:00.000Z,Confirmed,BTC,IN,0.4999,0.0001,aa,Bitcoin 1,xpub1,USD,48490.30,50000
2025-09-01T11:30:00.000Z,Confirmed,BTC,OUT,0.1001,0.0001,bb,Bitcoin 1,xpub1,USD,10910.90,10000
"""
RATES: Final = "Date,USD,GBP,\n" + "".join(
    f"{day},1.0800,0.8640,\n"
    for day in (
        "2024-03-01",
        "2024-11-29",
        "2025-01-15",
        "2025-02-10",
        "2025-03-03",
        "2025-06-02",
        "2025-07-01",
        "2025-09-01",
        "2025-11-03",
    )
)
WORTH: Final = (
    ("bitcoin", "2025-02-10", "97000"),
    ("ethereum", "2025-07-01", "3600"),
    ("bitcoin", "2025-09-01", "109000"),
)
"""Of what moved without a price: what the networks took, and what staking brought."""

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("imports")]


async def import_all(ada: Person) -> list[str]:
    made = [await bring(ada.http, text) for text in (COINBASE, KRAKEN, LEDGER_LIVE)]
    for each, wallet in zip(made[:2], ("Coinbase", "Kraken"), strict=True):
        await say(ada.http, each, wallets={"": wallet})
    counts = [(await look(ada.http, each))["counts"] for each in made]
    assert [one["new"] for one in counts] == [3, 6, 2]
    assert [one["error"] + one["needs-attention"] for one in counts] == [0, 0, 0]
    for each in made:
        assert (await do(ada.http, each, "commit"))["state"] == "committed"
    return made


async def confirm_transfers(ada: Person) -> None:
    found = (await ada.http.get("/transfers/proposals")).json()["data"]
    assert [(each["fee"], each["alike"]) for each in found] == [("0.0001", 0), ("0", 0)]
    for each in found:
        ends = f"{each['withdrawal']['transaction_id']}/{each['deposit']['transaction_id']}"
        done = await ada.http.post(f"/transfers/proposals/{ends}/confirm")
        assert done.status_code in {200, 201}, done.text
    assert (await ada.http.get("/transfers/proposals")).json()["data"] == []


async def kinds_of_doubts(ada: Person) -> set[str]:
    found: list[dict[str, Any]] = (await ada.http.get("/data-quality")).json()["data"]
    return {each["kind"] for each in found}


async def test_three_files_become_reports_of_two_countries(
    ada: Person, database_url: str, tmp_path: Path
) -> None:
    made = await import_all(ada)
    before = await amounts(ada.http)
    assert (await do(ada.http, made[1], "undo"))["state"] == "undone"
    assert ("Kraken", "ethereum") not in await amounts(ada.http)
    again = await bring(ada.http, KRAKEN)
    await say(ada.http, again, wallets={"": "Kraken"})
    await do(ada.http, again, "commit")
    assert await amounts(ada.http) == before

    assert "unmatched-transfer" in await kinds_of_doubts(ada)
    await confirm_transfers(ada)
    await say_prices(ada, database_url, tmp_path)
    assert await amounts(ada.http) == {
        ("Coinbase", "bitcoin"): "0.3",
        ("Bitcoin 1", "bitcoin"): "0.3998",
        ("Kraken", "ethereum"): "6.1",
    }
    assert "missing-history" in await kinds_of_doubts(ada)

    draft = await compute(ada)
    assert (draft["draft"], draft["completeness"]["short"]) == (True, 1)
    assert draft["missing"] == [{"coin_id": "solana", "shortfalls": 1, "quantity": "1"}]
    wallets = (await ada.http.get("/wallets")).json()["data"]
    kraken = next(each["id"] for each in wallets if each["name"] == "Kraken")
    lot = leg(kraken, "solana", "1", "100")
    await record(ada, "opening_lot", "2024-12-01T12:00:00Z", lot)
    assert "missing-history" not in await kinds_of_doubts(ada)

    await check_us(ada, draft)
    await check_uk(ada)


async def say_prices(ada: Person, database_url: str, folder: Path) -> None:
    path = folder / "eurofxref-hist.csv"
    path.write_text(RATES)
    database = await Database.connect(database_url, pool_size=1)
    try:
        taken = await take_price_file(database, load_catalogue(), path)
    finally:
        await database.close()
    assert taken.read == 18
    for coin, day, price in WORTH:
        said = {"coin_id": coin, "currency": "usd", "day": day, "price": price}
        answer = await ada.http.put("/valuations", json=said)
        assert answer.status_code in {200, 201}, answer.text


async def check_us(ada: Person, draft: dict[str, Any]) -> None:
    """By wallet, first in first out. A bitcoin cost 60,100 with its fee, an ether 3,003.

    Short: ether 13,986 − 12,012, solana 150 − 100, the first network fee 9.70 − 6.01. Long:
    17,980 − 12,020 at Coinbase, 10,989 − 6,010 at Kraken for what came there through the hardware
    wallet, the second network fee 10.90 − 6.01.
    """
    run = await compute(ada)
    assert (run["draft"], run["completeness"]["score"]) == (False, "1")
    assert figures(run)["short-net"] == "2027.69"
    assert figures(run)["long-net"] == "10943.89"
    assert Decimal(figures(draft)["short-net"]) == Decimal("2127.69")
    incomes = (await read(ada, f"/tax/runs/{run['id']}/incomes"))["data"]
    assert [(each["coin_id"], each["value"]) for each in incomes] == [("ethereum", "360")]
    form = (await ada.http.get(f"/tax/runs/{run['id']}/files/form-8949.csv")).text
    assert len(form.splitlines()) >= 7
    pages = await ada.http.get(f"/tax/runs/{run['id']}/files/report.pdf")
    assert pages.content.startswith(b"%PDF-")


async def check_uk(ada: Person) -> None:
    """From 6 April 2024 to 5 April 2025, out of one pool: 48,080 pounds for a bitcoin. Sold 0.2 for
    14,400 less a fee of 16, which is 4,768; the network's 0.0001 for 7.76, which is 2.952.
    """
    run = await compute(ada, "uk", 2024)
    assert (run["draft"], run["completeness"]["counted"]) == (False, 2)
    told = figures(run)
    assert (told["gains"], told["losses"], told["disposals"]) == ("4770.952", "0", "2")
    assert told["taxable"] == "1770.952"
