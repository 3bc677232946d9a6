"""Wallets over HTTP."""

from typing import Final

from tests.conftest import Person
from tests.ledger.calls import buy, ok, pages
from tests.ledger.importing import bring, do, say


async def test_the_main_wallet_comes_with_the_first_transaction(ada: Person) -> None:
    assert await pages(ada, "/wallets", 10) == []
    held = await buy(ada)
    (main,) = await pages(ada, "/wallets", 10)
    assert set(main) == {"id", "name", "created_at"}
    assert (main["name"], main["id"]) == ("main", held["wallet_id"])


async def test_wallets_are_listed_by_name_in_pages(ada: Person) -> None:
    for name in ("cold", "exchange", "attic"):
        await ok(ada, "POST", "/wallets", json={"name": name})
    names = [wallet["name"] for wallet in await pages(ada, "/wallets", 10)]
    assert names == ["attic", "cold", "exchange", "main"]
    for limit in (1, 2, 3):
        assert [wallet["name"] for wallet in await pages(ada, "/wallets", limit)] == names


async def test_a_name_is_taken_once_and_by_each_person(ada: Person, ben: Person) -> None:
    await ok(ada, "POST", "/wallets", json={"name": "cold"})
    for name in ("cold", "main"):
        again = await ada.http.post("/wallets", json={"name": name})
        assert (again.status_code, again.json()["code"]) == (409, "wallet-name-taken")
    await ok(ben, "POST", "/wallets", json={"name": "cold"})
    assert len(await pages(ben, "/wallets", 10)) == 2


async def test_names_that_are_none(ada: Person) -> None:
    for name in ["", "x" * 101, 5, None, "a\u0000b"]:
        answer = await ada.http.post("/wallets", json={"name": name})
        assert answer.status_code == 422, (name, answer.text)
    assert await pages(ada, "/wallets", 10) == []


INTO: Final = "date,kind,received_quantity,received_asset,sent_quantity,sent_asset,wallet\n"
COLD: Final = INTO + "2024-01-31T12:00:00Z,deposit,1,BTC,,,cold\n"
COLD_LATER: Final = INTO + "2024-02-28T12:00:00Z,deposit,1,ETH,,,cold\n"


async def test_a_wallet_that_an_import_made_goes_with_it_and_comes_back(
    ada: Person, ben: Person
) -> None:
    await ok(ben, "POST", "/wallets", json={"name": "cold"})
    made = await bring(ada.http, COLD)
    await do(ada.http, made, "commit")
    (before, _) = await pages(ada, "/wallets", 10)
    assert before["name"] == "cold"

    await do(ada.http, made, "undo")
    assert [wallet["name"] for wallet in await pages(ada, "/wallets", 10)] == ["main"]
    into = {"name": "later.csv", "wallet_id": before["id"]}
    gone = await ada.http.post("/imports", params=into, content=COLD_LATER)
    assert (gone.status_code, gone.json()["code"]) == (404, "wallet-not-found")
    assert len(await pages(ben, "/wallets", 10)) == 2, "another person's is another one"

    await do(ada.http, await bring(ada.http, COLD), "commit")
    (after, _) = await pages(ada, "/wallets", 10)
    assert (after["name"], after["id"]) == ("cold", before["id"])


async def test_a_wallet_that_was_put_away_may_be_made_by_hand(ada: Person) -> None:
    made = await bring(ada.http, COLD)
    await do(ada.http, made, "commit")
    await do(ada.http, made, "undo")
    await ok(ada, "POST", "/wallets", json={"name": "cold"})
    again = await bring(ada.http, COLD_LATER)
    await do(ada.http, again, "commit")
    await do(ada.http, again, "undo")
    names = [wallet["name"] for wallet in await pages(ada, "/wallets", 10)]
    assert names == ["cold", "main"], "what a person made stays"


async def test_a_wallet_of_rows_that_are_skipped_is_not_there(ada: Person) -> None:
    made = await bring(ada.http, COLD + "2024-02-01T12:00:00Z,deposit,1,BTC,,,attic\n")
    await say(ada.http, made, skip=[3])
    assert (await do(ada.http, made, "commit"))["recorded"] == 1
    assert [wallet["name"] for wallet in await pages(ada, "/wallets", 10)] == ["cold", "main"]


async def test_a_wallet_stays_until_the_last_import_into_it_is_undone(ada: Person) -> None:
    first, second = await bring(ada.http, COLD), await bring(ada.http, COLD_LATER)
    for each in (first, second):
        await do(ada.http, each, "commit")
    await do(ada.http, first, "undo")
    assert [wallet["name"] for wallet in await pages(ada, "/wallets", 10)] == ["cold", "main"]
    await do(ada.http, second, "undo")
    assert [wallet["name"] for wallet in await pages(ada, "/wallets", 10)] == ["main"]
