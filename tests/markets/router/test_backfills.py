"""Backfills and imports over HTTP: an operator's, answered before the work is done."""

from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.kernel.clock import SystemClock
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.service.backfills import Backfills
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.runner import Jobs
from tests.conftest import PASSWORD, Person
from tests.markets.test_jobs import Archivist

YEAR = {"interval": "1m", "from": "2025-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
BTC = "/markets/btc/usdt/backfill"


@pytest.fixture
async def operator(client: httpx2.AsyncClient, database: Database, ada: Person) -> Person:
    await database.once("update users set role = 'operator' where email = $1", ada.email)
    account = {"email": ada.email, "password": PASSWORD}
    signed_in = await client.post("/auth/login", json=account)
    ada.http.headers["authorization"] = f"Bearer {signed_in.json()['access_token']}"
    return ada


@pytest.fixture
def imports(app: FastAPI, operator: Person, tmp_path: Path) -> Path:
    """A source that has bitcoin in tether, and a folder of files; nobody runs the jobs."""
    nobody = Jobs(app.state.database, SystemClock(), at_once=0)
    folder = tmp_path / "imports"
    folder.mkdir()
    app.state.backfills = Backfills(
        nobody, lambda: [Archivist()], kind=FeedKind.LIVE, folder=folder
    )
    return folder


async def test_it_answers_where_the_job_is(operator: Person, imports: Path) -> None:
    started = await operator.http.post(BTC, json=YEAR)
    assert started.status_code == 202, started.text
    job_id = started.json()["job_id"]
    assert started.headers["location"] == f"/api/v1/jobs/{job_id}"
    again = await operator.http.post("/markets/bitcoin/tether/backfill", json=YEAR)
    assert again.json()["job_id"] == job_id
    job = (await operator.http.get(f"/jobs/{job_id}")).json()
    assert (job["kind"], job["owned"]) == ("candles.backfill", False)
    assert job["args"] == {
        "base": "bitcoin",
        "quote": "tether",
        "interval": "1m",
        "from_ms": 1_735_689_600_000,
        "to_ms": 1_767_225_600_000,
        "source": "archivist",
    }
    imported = await operator.http.post("/markets/import", json={})
    assert imported.status_code == 202, imported.text


REFUSED: list[tuple[str, dict[str, object], int, str]] = [
    (BTC, {"from": "2026-01-01T00:00:00Z"}, 422, "empty-stretch"),
    (BTC, {"from": "9999-12-31T23:59:59Z", "to": None}, 422, "empty-stretch"),
    (BTC, {"from": "0001-01-01T00:00:00Z", "to": "0001-01-02T00:00:00Z"}, 422, "empty-stretch"),
    (BTC, {"interval": "1M", "from": "0001-01-01T00:00:00Z"}, 422, "no-history"),
    (BTC, {"interval": "1s"}, 422, "no-history"),
    (BTC, {"interval": "2m"}, 422, "invalid"),
    (BTC, {"source": "binance"}, 422, "no-history"),
    (BTC, {"unknown": 1}, 422, "invalid"),
    ("/markets/eth/usdt/backfill", {}, 422, "no-history"),
    ("/markets/btc/nothing/backfill", {}, 404, "unknown-asset"),
]
"""Path, what is changed of YEAR, status and code."""


async def test_what_cannot_be_brought_is_refused(operator: Person, imports: Path) -> None:
    for path, change, *expected in REFUSED:
        refused = await operator.http.post(path, json=YEAR | change)
        assert [refused.status_code, refused.json()["code"]] == expected, refused.text
    for folder in ("..", "none", "/etc", "a\0b", "x" * 201):
        refused = await operator.http.post("/markets/import", json={"folder": folder})
        assert refused.status_code == 422
        assert refused.json()["code"] in {"import-folder-missing", "invalid"}


async def test_where_prices_are_simulated_nothing_is_imported(operator: Person) -> None:
    refused = await operator.http.post("/markets/import", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "feed-mismatch")
    refused = await operator.http.post(BTC, json=YEAR)
    assert (refused.status_code, refused.json()["code"]) == (422, "no-history")


async def test_it_is_for_operators(ben: Person) -> None:
    for path, body in ((BTC, YEAR), ("/markets/import", {})):
        refused = await ben.http.post(path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")
