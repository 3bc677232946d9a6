"""Wallets over HTTP."""

from tests.conftest import Person
from tests.ledger.calls import buy, ok, pages


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
