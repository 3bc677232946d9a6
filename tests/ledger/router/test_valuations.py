"""What people say that something was worth, over HTTP."""

import pytest

from tests.conftest import Person
from tests.ledger.calls import ok, pages

SAID = {"coin_id": "btc", "currency": "usd", "day": "2024-01-31", "price": "43000", "note": "n"}


async def test_one_is_said_changed_and_taken_back(ada: Person, ben: Person) -> None:
    said = await ok(ada, "PUT", "/valuations", json=SAID)
    assert (said["coin_id"], said["symbol"], said["day"]) == ("bitcoin", "btc", "2024-01-31")
    changed = await ok(ada, "PUT", "/valuations", json=SAID | {"price": "44000"})
    assert (await ok(ada, "GET", "/valuations"))["data"] == [changed]
    assert (await ok(ben, "GET", "/valuations"))["data"] == []

    place = {"coin_id": "bitcoin", "day": "2024-01-31"}
    others = await ben.http.delete("/valuations", params=place)
    assert (others.status_code, others.json()["code"]) == (404, "valuation-not-found")
    assert (await ada.http.delete("/valuations", params=place)).status_code == 204
    assert (await ada.http.delete("/valuations", params=place)).status_code == 404
    assert (await ok(ada, "GET", "/valuations"))["data"] == []


async def test_the_list_is_by_coin_and_day_in_pages(ada: Person) -> None:
    for coin in ("ethereum", "bitcoin"):
        for day in ("2024-02-02", "2024-02-01", "2024-02-03"):
            await ok(ada, "PUT", "/valuations", json=SAID | {"coin_id": coin, "day": day})
    rows = await pages(ada, "/valuations", 2)
    assert [(row["coin_id"], row["day"][-1]) for row in rows] == [
        (coin, day) for coin in ("bitcoin", "ethereum") for day in "123"
    ]
    query = "/valuations?coin_id=eth&from=2024-02-02&to=2024-02-02"
    assert [row["day"] for row in (await ok(ada, "GET", query))["data"]] == ["2024-02-02"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"day": "2999-01-01"}, "in-the-future"),
        ({"day": "2008-12-31"}, "too-long-ago"),
        ({"day": "2024-02-30"}, "validation"),
        ({"day": "1700000000"}, "validation"),
        ({"price": "0"}, "validation"),
        ({"price": "0.000000000000000001"}, "not-a-price"),
        ({"currency": "bitcoin"}, "worth-itself"),
        ({"coin_id": "nonsense"}, "unknown-asset-field"),
    ],
)
async def test_refusals(ada: Person, change: dict[str, str], code: str) -> None:
    answer = await ada.http.put("/valuations", json=SAID | change)
    assert answer.status_code == 422
    assert code in (answer.json()["code"], "validation")
