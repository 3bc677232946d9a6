"""What the stories about taxes share: a ledger in wallets, and reports over HTTP."""

import asyncio
from typing import Any, Final

import httpx2

from tests.conftest import Person

WISH: Final = {"jurisdiction": "us", "year": 2025}


async def add_wallet(person: Person, name: str) -> str:
    made = await person.http.post("/wallets", json={"name": name})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def leg(
    wallet: str | None, coin: str, quantity: str, value: str | None = None, role: str = "principal"
) -> dict[str, Any]:
    """A leg; without a wallet it is outside of all, where money is."""
    place = {"outside": True} if wallet is None else {"wallet_id": wallet}
    return {"coin_id": coin, "quantity": quantity, "value": value, "role": role} | place


async def record(person: Person, kind: str, at: str, *legs: dict[str, Any], **more: str) -> str:
    body = {"kind": kind, "occurred_at": at, "legs": list(legs)} | more
    made = await person.http.post("/transactions", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def trade(
    person: Person,
    wallet: str,
    at: str,
    quantity: str,
    value: str,
    *,
    coin: str = "bitcoin",
    money: str = "usd",
) -> str:
    """A purchase, or a sale where the quantity is below zero, for money from outside. `at` may be
    a day, of which it is noon then.
    """
    sells = quantity.startswith("-")
    coins, paid = leg(wallet, coin, quantity, value), leg(None, money, value, value)
    paid["quantity"] = value if sells else f"-{value}"
    moment = at if "T" in at else f"{at}T12:00:00Z"
    kind = "sell" if sells else "buy"
    return await record(person, kind, moment, coins, paid, currency=money)


async def finish(person: Person, started: httpx2.Response) -> dict[str, Any]:
    """The job once it is over."""
    assert started.status_code == 202, started.text
    path = started.headers["location"].removeprefix("/api/v1")
    for _ in range(600):
        job: dict[str, Any] = (await person.http.get(path)).json()
        if job["state"] not in {"queued", "running"}:
            assert job["state"] == "done", job
            return job
        await asyncio.sleep(0.1)
    raise AssertionError("the job does not end")


async def compute(
    person: Person, jurisdiction: str = "us", year: int = 2025, **more: str
) -> dict[str, Any]:
    """The run of a new report."""
    wish = {"jurisdiction": jurisdiction, "year": year} | more
    job = await finish(person, await person.http.post("/tax/runs", json=wish))
    return await read(person, job["result"]["link"].removeprefix("/api/v1"))


async def compute_years(person: Person, jurisdiction: str, *years: int) -> list[dict[str, Any]]:
    """Runs of several years, one beside the other."""
    wishes = [{"jurisdiction": jurisdiction, "year": year} for year in years]
    started = [await person.http.post("/tax/runs", json=wish) for wish in wishes]
    jobs = [await finish(person, each) for each in started]
    links = [job["result"]["link"].removeprefix("/api/v1") for job in jobs]
    return [await read(person, link) for link in links]


async def say(person: Person, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What a PUT answers."""
    answer = await person.http.put(path, json=body)
    assert answer.status_code in {200, 201}, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def read(person: Person, path: str) -> dict[str, Any]:
    answer = await person.http.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def rows(person: Person, run: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Of one of the report's lists."""
    return list((await read(person, f"/tax/runs/{run['id']}/{name}"))["data"])


def figures(run: dict[str, Any]) -> dict[str, str]:
    """Amounts of the report by their codes."""
    return {each["code"]: each["amount"] for each in run["figures"]}
