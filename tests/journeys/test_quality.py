"""A file with one fault of each kind: all are in the inbox with their rows, and every fix that is
offered settles what it is offered for, by calling what it names.
"""

from typing import Any, Final

import httpx2

from tests.conftest import Person, SignUp
from tests.ledger.importing import amounts, bring, do, look

FILE: Final = """\
date,kind,received_quantity,received_asset,sent_quantity,sent_asset,value,value_currency,wallet
2024-01-01T08:00:00Z,,1,BTC,40000,USD,,,kraken
2024-01-05T08:00:00Z,,1000,USD,0.5,ETH,,,kraken
2024-01-10T08:00:00Z,,18000,USD,0.4,BTC,,,ledger
2024-01-12T08:00:00Z,deposit,3,LTC,,,210,USD,kraken
2024-01-14T08:00:00Z,staking,7,CRO,,,,,kraken
2024-02-01T08:00:00Z,,10,ADA,300,USD,,,kraken
2024-02-02T08:00:00Z,,5,XRP,3,USD,,,kraken
2024-02-02T08:01:00Z,,5,XRP,3,USD,,,ledger
2024-02-03T08:00:00Z,airdrop,1000,BONK,,,,,ledger
2024-03-01T10:00:00Z,withdrawal,,,0.1,BTC,,,kraken
2024-03-01T10:30:00Z,deposit,0.0999,BTC,,,,,ledger
"""
FAULTS: Final = {
    ("missing-history", "ethereum"): [3],
    ("negative-balance", "bitcoin"): [4],
    ("unmatched-transfer", "litecoin"): [5],
    ("unmatched-transfer", "bitcoin"): [11, 12],
    ("missing-price", "crypto-com-chain"): [6],
    ("missing-price", "bonk"): [10],
    ("suspicious-price", "cardano"): [7],
    ("possible-duplicate", "ripple"): [8, 9],
    ("spam-token", "bonk"): [10],
}
"""By kind and asset, the lines."""

Rows = dict[tuple[str, str], dict[str, Any]]


async def begin(http: httpx2.AsyncClient) -> str:
    """The ledger with all the faults; its import."""
    price = {"coin_id": "cardano", "day": "2024-02-01", "price": "1"}
    assert (await http.put("/valuations", json=price)).status_code == 200
    made = await bring(http, FILE)
    assert (await do(http, made, "commit"))["recorded"] == 11
    return made


async def inbox(http: httpx2.AsyncClient, **query: str) -> Rows:
    answer = await http.get("/data-quality", params={"state": "open", **query})
    assert answer.status_code == 200, answer.text
    return {(row["kind"], row["coin_id"]): row for row in answer.json()["data"]}


async def take(http: httpx2.AsyncClient, fix: dict[str, Any]) -> None:
    """Do what a fix names, with what only a person knows filled in."""
    body = fix["body"]
    if fix["asks"] == ["#/price"]:
        body = {"price": "0.1"} | body
    url = f"http://localhost{fix['path']}"
    answer = await http.request(fix["method"], url, json=body)
    assert answer.status_code in {200, 201}, (fix, answer.text)


async def test_every_fault_is_in_the_inbox_with_its_rows(ada: Person) -> None:
    made = await begin(ada.http)
    found = await inbox(ada.http)
    assert {
        key: [line for rows in row["rows"] for line in rows["lines"]] for key, row in found.items()
    } == FAULTS
    assert {rows["import_id"] for row in found.values() for rows in row["rows"]} == {made}
    for row in found.values():
        assert row["cause"], row
        assert row["transactions"] == len(row["transaction_ids"]) > 0
        assert row["fixes"], row
    assert "0.5 ETH" in found["missing-history", "ethereum"]["cause"]
    assert "0.4 BTC" in found["negative-balance", "bitcoin"]["cause"]
    assert found["missing-price", "bonk"]["why"] == "no-source"
    page = (await ada.http.get("/data-quality", params={"limit": 3})).json()
    severities = [row["severity"] for row in page["data"]]
    assert severities == ["high"] * 3
    assert page["counts"]["missing-price"] == {"open": 2, "dismissed": 0}
    assert page["left_off"] == {}


async def test_every_fix_settles_what_it_is_offered_for(sign_up: SignUp) -> None:
    """The first fix of each for one person, the second for another, the third for the last."""
    taken = set()
    for number in range(3):
        person = await sign_up()
        await begin(person.http)
        for key in FAULTS:
            row = (await inbox(person.http)).get(key)
            if row is None or len(row["fixes"]) <= number:
                continue  # another fix has settled it, or there is none
            await take(person.http, row["fixes"][number])
            left = await inbox(person.http)
            assert row["id"] not in {each["id"] for each in left.values()}, row["fixes"][number]
            taken.add((key, number))
    assert {key for key, _ in taken} == set(FAULTS)
    assert len(taken) > 18


async def test_all_is_settled_by_the_first_fix_of_each(ada: Person) -> None:
    await begin(ada.http)
    rows = list((await inbox(ada.http)).values())
    for _ in range(30):
        if rows:
            await take(ada.http, rows[0]["fixes"][0])
            rows = list((await inbox(ada.http)).values())
    assert rows == []


async def test_what_is_dismissed_is_told_apart_and_can_be_opened_again(ada: Person) -> None:
    await begin(ada.http)
    row = (await inbox(ada.http))["unmatched-transfer", "litecoin"]
    path = f"/data-quality/{row['id']}"
    said = await ada.http.post(f"{path}/dismiss", json={"note": "a present"})
    assert (said.json()["state"], said.json()["note"]) == ("dismissed", "a present")
    assert ("unmatched-transfer", "litecoin") not in await inbox(ada.http)
    gone = await inbox(ada.http, state="dismissed", kind="unmatched-transfer")
    assert [each["id"] for each in gone.values()] == [row["id"]]
    assert (await ada.http.post(f"{path}/reopen")).json()["state"] == "open"
    assert ("unmatched-transfer", "litecoin") in await inbox(ada.http)


async def test_a_dismissal_stands_only_as_long_as_its_cause(ada: Person) -> None:
    await begin(ada.http)
    row = (await inbox(ada.http))["missing-history", "ethereum"]
    await ada.http.post(f"/data-quality/{row['id']}/dismiss", json={"note": "never mind"})
    more = FILE.splitlines()[0] + "\n2024-04-05T08:00:00Z,,1000,USD,0.3,ETH,,,kraken\n"
    await do(ada.http, await bring(ada.http, more), "commit")
    again = (await inbox(ada.http))["missing-history", "ethereum"]
    assert again["id"] == row["id"]
    assert "0.8 ETH" in again["cause"]


async def test_pages_and_tables_have_every_entry(ada: Person) -> None:
    await begin(ada.http)
    whole = (await ada.http.get("/data-quality")).json()["data"]
    query: dict[str, str] = {"limit": "2"}
    seen = []
    while True:
        page = (await ada.http.get("/data-quality", params=query)).json()
        seen += page["data"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == whole
    table = await ada.http.get("/data-quality", params={"format": "csv"})
    lines = table.text.splitlines()
    assert lines[0].startswith("id,kind,severity,state,since")
    assert len(lines) == len(whole) + 1


ONE: Final = """\
date,kind,sent_quantity,sent_asset,wallet,external_id
2024-03-01T10:00:00Z,withdrawal,1.5,SOL,kraken,w
"""
OTHER: Final = """\
date,kind,received_quantity,received_asset,wallet,external_id
2024-03-01T10:20:00Z,deposit,1.49,SOL,ledger,d
"""


async def test_a_confirmed_transfer_is_known_to_both_files_and_taken_apart_by_an_undo(
    ada: Person,
) -> None:
    lot = {"coin_id": "solana", "quantity": "1.5", "value": "90"}
    (wallet,) = [
        (await ada.http.post("/wallets", json={"name": name})).json()["id"] for name in ("kraken",)
    ]
    opening = {"kind": "opening_lot", "occurred_at": "2024-01-01T00:00:00Z"}
    opening["legs"] = [lot | {"wallet_id": wallet}]  # type: ignore[assignment]
    assert (await ada.http.post("/transactions", json=opening)).status_code == 201
    sent, arrived = await bring(ada.http, ONE), await bring(ada.http, OTHER)
    for each in (sent, arrived):
        await do(ada.http, each, "commit")
    (proposal,) = (await ada.http.get("/transfers/proposals")).json()["data"]
    assert proposal["fee"] == "0.01"
    ends = [proposal[end]["transaction_id"] for end in ("withdrawal", "deposit")]
    path = f"/transfers/proposals/{ends[0]}/{ends[1]}"
    first = await ada.http.post(f"{path}/confirm")
    assert first.status_code == 201, first.text
    assert (await ada.http.post(f"{path}/confirm")).json()["id"] == first.json()["id"]
    assert (await ada.http.get("/transfers/proposals")).json()["data"] == []
    assert await amounts(ada.http) == {("ledger", "solana"): "1.49"}
    held = (await ada.http.get("/holdings", params={"coin_id": "solana"})).json()["data"]
    assert held[0]["cost"] == "89.4"

    for text in (ONE, OTHER):
        again = await look(ada.http, await bring(ada.http, text + "\n"))
        assert (again["counts"]["already-imported"], again["counts"]["new"]) == (1, 0)

    await do(ada.http, arrived, "undo")
    assert await amounts(ada.http) == {}
    force = await ada.http.get("/transactions", params={"kind": "withdrawal"})
    standing = [row for row in force.json()["data"] if row["voided_by"] is None]
    assert [row["external_id"] for row in standing] == ["w"]

    back = await bring(ada.http, OTHER)
    await do(ada.http, back, "commit")
    (proposal,) = (await ada.http.get("/transfers/proposals")).json()["data"]
    pairs = [{f"{end}_id": proposal[end]["transaction_id"] for end in ("withdrawal", "deposit")}]
    many = await ada.http.post("/transfers/proposals/confirm", json={"pairs": pairs})
    assert many.status_code == 201, many.text
    await do(ada.http, sent, "undo")
    assert await amounts(ada.http) == {
        ("kraken", "solana"): "1.5",
        ("ledger", "solana"): "1.49",
    }


async def test_a_rejected_pair_is_not_proposed_again_and_a_stale_one_is_refused(
    ada: Person,
) -> None:
    await begin(ada.http)
    (proposal,) = (await ada.http.get("/transfers/proposals")).json()["data"]
    ends = [proposal[end]["transaction_id"] for end in ("withdrawal", "deposit")]
    path = f"/transfers/proposals/{ends[0]}/{ends[1]}"
    first = (await ada.http.post(f"{path}/reject")).json()
    assert (await ada.http.post(f"{path}/reject")).json() == first
    assert (await ada.http.get("/transfers/proposals")).json()["data"] == []
    await ada.http.post(f"/transactions/{ends[1]}/void")
    for what in ("confirm", "reject"):
        stale = await ada.http.post(f"{path}/{what}")
        assert (stale.status_code, stale.json()["code"]) == (409, "proposal-stale")
    wrong = await ada.http.post(f"/transfers/proposals/{ends[0]}/{ends[0]}/confirm")
    assert wrong.json()["code"] == "end-named-twice"
