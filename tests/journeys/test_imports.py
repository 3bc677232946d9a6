"""Files of three exchanges into three wallets: looked at, recorded, found again, undone; and a
commit that is killed in the middle.
"""

import asyncio
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from tests.journeys.service import Service
from tests.ledger.importing import amounts, bring, do, look, rows, say, wait_for

COINBASE: Final = """
Transactions
User,Ada,0d4ee7e1-0000-0000-0000-000000000000
ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,\
Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes
a1,2024-01-31 12:00:00 UTC,Buy,BTC,0.5,USD,"$40,000.00","$20,000.00","$20,004.00",$4.00,Bought
a2,2024-02-01 12:00:00 UTC,Send,BTC,-0.1,USD,"$40,000.00","-$4,000.00","-$4,000.00",$0.00,Sent
"""
KRAKEN: Final = """"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"
"L1","D1","2023-01-01 10:05:00","deposit","","currency","ZUSD",10000,0,10000
"L2","T1","2023-01-02 10:00:00","trade","","currency","ZUSD",-3000,0,7000
"L3","T1","2023-01-02 10:00:00","trade","","currency","XETH",2,0.004,1.996
"""
OWN: Final = """\
date,kind,received_quantity,received_asset,sent_quantity,sent_asset,wallet,\
external_id
2024-03-01T08:00:00Z,,10,SOL,1000,USD,Nano X,x1
2024-03-02T08:00:00Z,staking,0.25,SOL,,,Nano X,x2
2024-03-03T08:00:00Z,staking,0.25,SOL,,,Nano X,x2
2024-03-04T08:00:00Z,staking,1,NEVERHEARD,,,Nano X,x4
2024-03-05T08:00:00Z,deposit,five,SOL,,,Nano X,x5
2024-03-06T08:00:00Z,deposit,100,USD,,,Nano X,x6
2024-03-01T08:00:00Z,,10,SOL,1000,USD,Nano X,x1
"""
STANDINGS: Final = ["new", "new", "error", "needs-attention", "error", "left-out"]
HELD: Final = {
    ("coinbase", "bitcoin"): "0.4",
    ("kraken", "ethereum"): "1.996",
    ("Nano X", "solana"): "10.25",
}

pytestmark = pytest.mark.timeout(300)


@pytest.mark.xdist_group("imports")
async def test_three_files_into_three_wallets_and_back(tmp_path: Path) -> None:
    with Service(tmp_path / "desk", "--feed", "simulated") as service:
        token = await service.sign_up("ada@example.org")
        async with service.client(token) as http:
            made = [await bring(http, COINBASE), await bring(http, KRAKEN), await bring(http, OWN)]
            for each, wallet in zip(made[:2], ("coinbase", "kraken"), strict=True):
                assert (await say(http, each, wallets={"": wallet}))["state"] == "preview"
            formats = [(await look(http, each))["format"] for each in made]
            assert formats == ["coinbase", "kraken-ledgers", "plimsoll"]
            verdicts = await rows(http, made[2])
            assert [row["standing"] for row in verdicts] == [*STANDINGS, "already-imported"]
            assert verdicts[2]["faults"][0]["code"] == "id-used-twice"
            assert await amounts(http) == {}

            recorded = [(await do(http, each, "commit"))["recorded"] for each in made]
            assert recorded == [2, 1, 2]
            assert await amounts(http) == HELD

            for text, known in ((COINBASE, 2), (KRAKEN, 1), (OWN, 3)):
                again = await look(http, await bring(http, text))
                assert again["counts"]["already-imported"] == known
                assert again["counts"]["new"] == 0

            for each in made:
                assert (await do(http, each, "undo"))["state"] == "undone"
            assert await amounts(http) == {}


ROWS: Final = 20_000


def many() -> bytes:
    lines = ["date,kind,received_quantity,received_asset,sent_quantity,sent_asset\n"]
    lines += [
        f"2024-01-{1 + number % 28:02}T{number % 24:02}:00:00Z,,1,BTC,{number + 1},USD\n"
        for number in range(ROWS)
    ]
    return "".join(lines).encode()


@pytest.mark.xdist_group("imports")
async def test_a_commit_that_is_killed_is_there_once_or_not_at_all(tmp_path: Path) -> None:
    service = Service(tmp_path / "desk", "--feed", "simulated")
    with service:
        token = await service.sign_up("ada@example.org")
        async with service.client(token) as http:
            made = await bring(http, many())
            started = (await http.post(f"/imports/{made}/commit")).json()["job_id"]
            await _until_under_way(http, started)
        await asyncio.to_thread(service.kill)
        await asyncio.to_thread(service.start)
        async with service.client(token) as http:
            held = await amounts(http)
            assert held in ({}, {("main", "bitcoin"): str(ROWS)}), "all of it, or nothing"
            job = await wait_for(http, started)
            assert job["state"] == "done", job
            done = await look(http, made)
            assert (done["state"], done["recorded"]) == ("committed", ROWS)
            assert await amounts(http) == {("main", "bitcoin"): str(ROWS)}
            assert (await do(http, made, "undo"))["state"] == "undone"
            assert await amounts(http) == {}


async def _until_under_way(http: httpx2.AsyncClient, job_id: str) -> None:
    while True:
        job: dict[str, Any] = (await http.get(f"/jobs/{job_id}")).json()
        if job["state"] != "queued" and job["phase"]:
            return
        await asyncio.sleep(0.02)
