"""What somebody does over HTTP with a file of transactions."""

import asyncio
import time
from typing import Any, Final

import httpx2

OVER: Final = frozenset({"done", "failed", "cancelled"})
LONGEST_S: Final = 200.0
PLIMSOLL: Final = """date,kind,received_quantity,received_asset,sent_quantity,sent_asset
2024-01-31T12:00:00Z,,0.5,BTC,20000,USD
2024-02-02T08:00:00Z,staking,0.01,ETH,,
"""


async def bring(
    http: httpx2.AsyncClient, content: bytes | str, name: str = "file.csv", **query: str
) -> str:
    """The import that a file becomes, once it was read."""
    answer = await http.post("/imports", params={"name": name, **query}, content=content)
    assert answer.status_code == 202, answer.text
    accepted = answer.json()
    assert answer.headers["location"] == f"/api/v1/jobs/{accepted['job_id']}"
    job = await wait_for(http, accepted["job_id"])
    assert job["state"] == "done", job
    made: str = accepted["import_id"]
    return made


async def wait_for(http: httpx2.AsyncClient, job_id: str) -> dict[str, Any]:
    """The job, once it is over."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        job: dict[str, Any] = (await http.get(f"/jobs/{job_id}")).json()
        if job["state"] in OVER:
            return job
        await asyncio.sleep(0.05)
    raise AssertionError(f"{job_id} took too long")


async def look(http: httpx2.AsyncClient, import_id: str) -> dict[str, Any]:
    answer = await http.get(f"/imports/{import_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def rows(http: httpx2.AsyncClient, import_id: str, **query: str) -> list[dict[str, Any]]:
    answer = await http.get(f"/imports/{import_id}/rows", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def say(http: httpx2.AsyncClient, import_id: str, **said: Any) -> dict[str, Any]:
    """Answer, and see what the file is then."""
    answer = await http.patch(f"/imports/{import_id}", json=said)
    assert answer.status_code == 200, answer.text
    if answer.json()["state"] == "reading":
        await wait_for(http, answer.json()["job_id"])
    return await look(http, import_id)


async def do(http: httpx2.AsyncClient, import_id: str, what: str) -> dict[str, Any]:
    """Commit, or undo, to the end; the import then."""
    answer = await http.post(f"/imports/{import_id}/{what}")
    assert answer.status_code == 202, answer.text
    job = await wait_for(http, answer.json()["job_id"])
    assert job["state"] == "done", job
    return await look(http, import_id)


async def amounts(http: httpx2.AsyncClient) -> dict[tuple[str, str], str]:
    """What is held, by the wallet's name and the asset."""
    names = {
        wallet["id"]: wallet["name"]
        for wallet in (await http.get("/wallets", params={"limit": "1000"})).json()["data"]
    }
    held = (await http.get("/holdings", params={"limit": "1000"})).json()["data"]
    return {(names[each["wallet_id"]], each["coin_id"]): each["quantity"] for each in held}
