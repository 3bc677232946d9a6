"""Many requests for one holding at once: nothing is sold twice and no purchase is lost."""

import asyncio
from collections import Counter
from decimal import Decimal

import httpx2
import pytest

from tests.conftest import Person
from tests.journeys.books import holdings, list_all, sum_of

pytestmark = pytest.mark.xdist_group("stories")

PURCHASE = {"coin_id": "bitcoin", "quantity": "0.1", "price": "60000", "fee": "1"}


async def buy(http: httpx2.AsyncClient, number: int = 0) -> httpx2.Response:
    return await http.post("/holdings", json=PURCHASE | {"note": str(number)})


async def test_of_32_sales_of_everything_one_succeeds(ada: Person) -> None:
    held = (await buy(ada.http)).json()
    query = {"quantity": "0.1", "price": "70000"}
    answers = await asyncio.gather(
        *(ada.http.delete(f"/holdings/{held['id']}", params=query) for _ in range(32))
    )
    codes = Counter(answer.json().get("code", "sold") for answer in answers)
    assert codes == {"sold": 1, "not-enough-held": 31}
    summary = (await ada.http.get("/portfolio/summary")).json()
    assert (summary["realised_profit"], summary["holdings"]) == ("999", [])
    assert [row["kind"] for row in await list_all(ada.http, "/transactions")] == ["sell", "buy"]


async def test_sales_of_whatever_is_left_sell_it_once(ada: Person) -> None:
    held = (await buy(ada.http)).json()
    answers = await asyncio.gather(*(ada.http.delete(f"/holdings/{held['id']}") for _ in range(32)))
    assert Counter(answer.status_code for answer in answers)[200] == 1
    assert {answer.status_code for answer in answers} <= {200, 409, 422}
    assert await holdings(ada.http) == {}


async def test_64_purchases_at_once_add_up(ada: Person) -> None:
    answers = await asyncio.gather(*(buy(ada.http, number) for number in range(64)))
    assert {answer.status_code for answer in answers} == {201}
    (held,) = (await ada.http.get("/holdings")).json()["data"]
    assert (held["quantity"], held["cost"], held["fees"]) == ("6.4", "384064", "64")
    recorded = await list_all(ada.http, "/transactions")
    assert sorted(int(row["note"]) for row in recorded) == list(range(64))
    assert sum_of(recorded) == {(held["wallet_id"], "bitcoin"): Decimal("6.4")}


async def test_one_purchase_asked_for_32_times_with_one_key_is_made_once(ada: Person) -> None:
    key = {"Idempotency-Key": "a-purchase"}
    answers = await asyncio.gather(
        *(ada.http.post("/holdings", json=PURCHASE, headers=key) for _ in range(32))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = [answer for answer in answers if answer.status_code == 201]
    assert sum("idempotency-replayed" not in answer.headers for answer in made) == 1
    assert len({answer.content for answer in made}) == 1
    assert len(await list_all(ada.http, "/transactions")) == 1
