"""Requests of the ledger in few words."""

from typing import Any

from tests.conftest import Person

COIN = {"coin_id": "bitcoin", "quantity": "1", "price": "100"}


async def ok(person: Person, method: str, path: str, **options: Any) -> Any:
    """The JSON of a request that has to succeed."""
    answer = await person.http.request(method, path, **options)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def buy(person: Person, **body: str | None) -> Any:
    terms = {name: value for name, value in {**COIN, **body}.items() if value is not None}
    return await ok(person, "POST", "/holdings", json=terms)


async def record(person: Person, kind: str, *legs: dict[str, Any], **body: Any) -> Any:
    return await ok(person, "POST", "/transactions", json={"kind": kind, "legs": legs, **body})


async def holdings(person: Person, **query: str) -> list[Any]:
    page = await ok(person, "GET", "/holdings", params={"limit": "1000", **query})
    assert page["next_cursor"] is None
    found: list[Any] = page["data"]
    return found


async def pages(person: Person, path: str, limit: int) -> list[Any]:
    """Every row of a list, read page by page."""
    rows: list[Any] = []
    cursor = None
    while True:
        query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        page = await ok(person, "GET", path, params=query)
        assert len(page["data"]) <= limit
        rows += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows
