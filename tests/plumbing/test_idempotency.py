"""What moves value is done once, however often it is asked for."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
from pydantic import BaseModel

from plimsoll.app import create_app
from plimsoll.plumbing import idempotency
from plimsoll.plumbing.database import Database, Unit
from plimsoll.plumbing.idempotency import InFlight, Once
from plimsoll.settings import Settings
from tests.conftest import Person, running

PURCHASE = {"coin_id": "bitcoin", "quantity": "0.5", "price": "60000"}
ADA, BEN = UUID(int=1), UUID(int=2)
PRINT = b"f" * 32


class View(BaseModel):
    number: int


async def buy(person: Person, key: str, body: dict[str, Any] = PURCHASE) -> httpx2.Response:
    return await person.http.post("/holdings", json=body, headers={"idempotency-key": key})


async def quantity(person: Person) -> str:
    held = (await person.http.get("/holdings")).json()["data"]
    return str(held[0]["quantity"]) if held else "0"


async def test_a_repeated_request_gets_the_same_answer_and_has_no_second_effect(
    ada: Person,
) -> None:
    first, again = await buy(ada, "key-1"), await buy(ada, "key-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await quantity(ada) == "0.5"


async def test_the_same_key_with_another_request_is_refused(ada: Person) -> None:
    made = await buy(ada, "key-1")
    for body in (PURCHASE | {"quantity": "0.6"}, PURCHASE | {"note": ""}):
        answer = await buy(ada, "key-1", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    elsewhere = await ada.http.delete(
        f"/holdings/{made.json()['id']}", headers={"idempotency-key": "key-1"}
    )
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "idempotency-key-reused")
    assert await quantity(ada) == "0.5"


async def test_a_query_is_part_of_the_request(ada: Person) -> None:
    path = f"/holdings/{(await buy(ada, 'buy')).json()['id']}"
    key = {"idempotency-key": "sell"}
    sold = await ada.http.delete(path, params={"quantity": "0.1", "price": "1"}, headers=key)
    again = await ada.http.delete(path, params={"quantity": "0.1", "price": "1"}, headers=key)
    other = await ada.http.delete(path, params={"quantity": "0.2", "price": "1"}, headers=key)
    assert (sold.status_code, again.status_code, other.status_code) == (200, 200, 422)
    assert again.content == sold.content
    assert await quantity(ada) == "0.4"


async def test_a_key_belongs_to_one_person(ada: Person, ben: Person) -> None:
    of_ada = await buy(ada, "key-1")
    of_ben = await buy(ben, "key-1", PURCHASE | {"quantity": "2"})
    assert (of_ada.status_code, of_ben.status_code) == (201, 201)
    assert of_ada.json()["id"] != of_ben.json()["id"]
    assert (await quantity(ada), await quantity(ben)) == ("0.5", "2")


async def test_of_64_at_once_one_has_an_effect(ada: Person) -> None:
    answers = await asyncio.gather(*(buy(ada, "key-1") for _ in range(64)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in done}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in done) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "idempotency-in-flight"
            assert int(answer.headers["retry-after"]) >= 1
    assert await quantity(ada) == "0.5"
    assert (await buy(ada, "key-1")).content == done[0].content


async def test_two_requests_that_race_for_one_key_have_one_effect_and_one_refusal(
    ada: Person,
) -> None:
    other = PURCHASE | {"quantity": "7"}
    answers = await asyncio.gather(*(buy(ada, "key-1", body) for body in [PURCHASE, other] * 16))
    assert {answer.status_code for answer in answers} <= {201, 409, 422}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert await quantity(ada) in {"0.5", "7"}


async def test_a_request_that_was_refused_leaves_the_key_free(ada: Person) -> None:
    refused = await buy(ada, "key-1", PURCHASE | {"coin_id": "no-such-coin"})
    assert refused.status_code == 422
    assert (await buy(ada, "key-1")).status_code == 201


async def test_a_refusal_after_the_work_began_leaves_the_key_free(ada: Person) -> None:
    path = f"/holdings/{(await buy(ada, 'buy')).json()['id']}"
    key = {"idempotency-key": "sell"}
    too_much = await ada.http.delete(path, params={"quantity": "9", "price": "1"}, headers=key)
    assert 400 <= too_much.status_code < 500
    less = await ada.http.delete(path, params={"quantity": "0.1", "price": "1"}, headers=key)
    assert less.status_code == 200


@pytest.mark.parametrize("key", ["", " ", "a b", "k\té", "schlüssel", "x" * 256])
async def test_a_key_is_visible_ascii(ada: Person, key: str) -> None:
    answer = await ada.http.post(
        "/holdings", json=PURCHASE, headers=[(b"idempotency-key", key.encode())]
    )
    assert answer.status_code == 422, answer.text
    assert await quantity(ada) == "0"


async def test_the_longest_key_is_good(ada: Person) -> None:
    assert (await buy(ada, "~" * 255)).status_code == 201


async def test_without_a_key_every_request_counts(ada: Person) -> None:
    for _ in range(2):
        assert (await ada.http.post("/holdings", json=PURCHASE)).status_code == 201
    assert await quantity(ada) == "1"


def numbering(number: int) -> idempotency.Work:
    async def work(unit: Unit) -> View:
        return View(number=number)

    return work


async def test_the_second_request_is_told_at_once_that_the_first_one_runs(
    database: Database,
) -> None:
    once = Once(database, "key", PRINT)
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(unit: Unit) -> View:
        began.set()
        await go_on.wait()
        return View(number=1)

    first = asyncio.create_task(once.run(ADA, slow, status=201))
    await began.wait()
    async with asyncio.timeout(1):
        with pytest.raises(InFlight):
            await once.run(ADA, numbering(2), status=201)
        assert (await once.run(BEN, numbering(3), status=201)).body == b'{"number":3}'
    go_on.set()
    assert (await first).body == b'{"number":1}'
    assert (await once.run(ADA, numbering(4), status=201)).body == b'{"number":1}'


async def test_a_request_that_was_cancelled_leaves_the_key_free(database: Database) -> None:
    once = Once(database, "key", PRINT)
    began = asyncio.Event()

    async def hang(unit: Unit) -> View:
        began.set()
        await asyncio.sleep(60)
        raise AssertionError

    first = asyncio.create_task(once.run(ADA, hang, status=201))
    await began.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (await once.run(ADA, numbering(2), status=201)).body == b'{"number":2}'


async def test_a_failure_of_ours_leaves_the_key_free(database: Database) -> None:
    once = Once(database, "key", PRINT)

    async def fail(unit: Unit) -> View:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await once.run(ADA, fail, status=201)
    assert (await once.run(ADA, numbering(2), status=201)).body == b'{"number":2}'


async def test_a_running_application_forgets_keys_after_seven_days(
    settings: Settings, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    for key, age in (("young", "6 days 23 hours"), ("old", "7 days 1 hour")):
        await connection.execute(
            "insert into idempotency_keys (principal_id, key, fingerprint, created_at)"
            " values ($1, $2, $3, now() - $4::text::interval)",
            ADA,
            key,
            PRINT,
            age,
        )
    async with running(create_app(settings, database_url)), asyncio.timeout(5):
        while await connection.fetchval("select count(*) from idempotency_keys") > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert await connection.fetchval("select key from idempotency_keys") == "young"
    await connection.close()
