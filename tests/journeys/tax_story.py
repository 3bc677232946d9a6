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
