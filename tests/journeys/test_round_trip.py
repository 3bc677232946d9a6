"""A ledger of imports and of entries by hand leaves as a file, and comes back as what it was."""

from typing import Final

from tests.conftest import Person
from tests.journeys.test_imports import COINBASE, KRAKEN, OWN
from tests.ledger.importing import amounts, bring, do, look, rows, say

MOVE: Final = {"kind": "transfer", "occurred_at": "2024-03-05T10:00:00Z", "note": "=to\n\\cold"}
STAKED: Final = {"kind": "staking", "occurred_at": "2024-03-06T10:00:00.25Z", "precision": "day"}


async def fill(person: Person) -> None:
    """Three files, one of them into a wallet with an odd name; a move and a reward by hand."""
    for text, answers in (
        (COINBASE, {"wallets": {"": ' =cold, "wet" '}}),
        (KRAKEN, {"wallets": {"": "kraken"}, "cash": "kept"}),
        (OWN, {}),
    ):
        made = await bring(person.http, text)
        if answers:
            await say(person.http, made, **answers)
        await do(person.http, made, "commit")
    bought = {"coin_id": "bitcoin", "quantity": "0.1", "price": "50000.000000000000000001"}
    assert (await person.http.post("/holdings", json=bought)).status_code == 201
    listed = (await person.http.get("/wallets", params={"limit": "100"})).json()["data"]
    wallets = {each["name"]: each["id"] for each in listed}
    out = {"coin_id": "solana", "quantity": "-1.5", "wallet_id": wallets["Nano X"]}
    legs = [out, out | {"quantity": "1.5", "wallet_id": wallets["kraken"]}]
    reward = [out | {"quantity": "0.000000000000000001", "value": "0.3"}]
    for body in (
        MOVE | {"legs": [leg | {"value": "0"} for leg in legs]},
        STAKED | {"legs": reward},
    ):
        answer = await person.http.post("/transactions", json=body)
        assert answer.status_code == 201, answer.text


async def export(person: Person) -> bytes:
    answer = await person.http.get("/transactions/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return answer.content


async def test_a_ledger_leaves_and_comes_back(ada: Person, ben: Person) -> None:
    await fill(ada)
    content = await export(ada)

    restored = await look(ben.http, await bring(ben.http, content, "ledger.csv"))
    assert (restored["state"], restored["format"]) == ("preview", "plimsoll-ledger")
    assert {name: count for name, count in restored["counts"].items() if count} == {
        "new": len({line.split(b",")[0] for line in content.splitlines()[1:]})
    }
    done = await do(ben.http, restored["id"], "commit")
    assert done["recorded"] == restored["counts"]["new"]
    assert await export(ben) == content
    assert await amounts(ben.http) == await amounts(ada.http)
    sides = [
        (await person.http.get("/holdings", params={"limit": "100"})).json()["data"]
        for person in (ada, ben)
    ]
    nameless = [
        sorted(
            (held["coin_id"], held["currency"], held["cost"], held["realised_profit"])
            for held in side
        )
        for side in sides
    ]
    assert nameless[0] == nameless[1]

    for person in (ada, ben):
        again = await bring(person.http, content)
        standings = {row["standing"] for row in await rows(person.http, again)}
        assert standings == {"already-imported"}
        assert (await do(person.http, again, "commit"))["recorded"] == 0
        assert await export(person) == content

    assert (await do(ben.http, restored["id"], "undo"))["state"] == "undone"
    assert await amounts(ben.http) == {}
    assert (await export(ben)).count(b"\n") == 1


async def test_what_was_voided_since_is_new_again_and_nothing_else_is(ada: Person) -> None:
    await fill(ada)
    content = await export(ada)
    listed = (await ada.http.get("/transactions", params={"kind": "staking"})).json()["data"]
    by_hand = next(each for each in listed if each["source"] == "manual")
    gone = await ada.http.post(f"/transactions/{by_hand['id']}/void")
    assert gone.status_code == 201, gone.text
    found = await look(ada.http, await bring(ada.http, content))
    assert found["counts"]["new"] == 1
    await do(ada.http, found["id"], "commit")
    restored = await export(ada)
    assert restored == content, "it has the id that the file gave it"
