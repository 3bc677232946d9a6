"""A backup taken while people trade and buy, put back elsewhere, and everything in it proved."""

import asyncio
import itertools
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest

from plimsoll.plumbing.backups import container
from tests.journeys.books import list_all
from tests.journeys.service import PROGRAM, Service

pytestmark = pytest.mark.xdist_group("stories")

BUYERS = 2
TRADERS = 1


def run(service: Service, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own program
        [PROGRAM, *words],
        env=service.environment(),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


class Acknowledged:
    """What was answered with success, by person."""

    def __init__(self) -> None:
        self.notes: dict[str, list[str]] = {}
        self.orders: dict[str, list[str]] = {}

    def copy(self) -> "Acknowledged":
        other = Acknowledged()
        other.notes = {name: list(each) for name, each in self.notes.items()}
        other.orders = {name: list(each) for name, each in self.orders.items()}
        return other


async def buy(http: httpx2.AsyncClient, name: str, done: Acknowledged) -> None:
    notes = done.notes.setdefault(name, [])
    for number in itertools.count():
        note = f"{name} {number}"
        bought = {"coin_id": "bitcoin", "quantity": "0.01", "price": "50000", "note": note}
        answer = await http.post("/holdings", json=bought)
        assert answer.status_code == 201, answer.text
        notes.append(note)


async def trade(http: httpx2.AsyncClient, name: str, done: Acknowledged) -> None:
    orders = done.orders.setdefault(name, [])
    deposit = await http.post("/account/deposit", json={"amount": "100000"})
    assert deposit.status_code < 300, deposit.text
    for side in itertools.cycle(("buy", "sell")):
        order = {"symbol": "BTC-PERP", "side": side, "type": "market", "quantity": "0.001"}
        answer = await http.post("/orders", json=order)
        if answer.status_code == 429:
            await asyncio.sleep(0.05)
            continue
        assert answer.status_code == 201, answer.text
        orders.append(answer.json()["id"])


@pytest.mark.timeout(300)  # a dozen processes, each of which takes seconds to begin
async def test_a_backup_under_load_has_all_that_was_acknowledged_before(tmp_path: Path) -> None:
    service = Service(tmp_path / "desk", "--feed", "simulated")
    path = tmp_path / "desk.plimsoll"
    done = Acknowledged()
    tokens = {}
    with service:
        async with asyncio.TaskGroup() as group:
            working = []
            for number in range(BUYERS + TRADERS):
                name = f"person{number}@example.org"
                tokens[name] = await service.sign_up(name)
                http = service.client(tokens[name])
                work = buy if number < BUYERS else trade
                working.append(group.create_task(_until_cancelled(work(http, name, done), http)))
            await asyncio.sleep(1)
            before = done.copy()
            taken = await asyncio.to_thread(run, service, "backup", str(path))
            after = done.copy()
            for each in working:
                each.cancel()
        assert taken.returncode == 0, taken.stderr
        assert "The keys are in it" in taken.stdout
        assert sum(map(len, after.notes.values())) > sum(map(len, before.notes.values())), "load"

    said = service.command("backup", "--check", str(path))
    assert said.startswith("whole: taken at ")

    other = Service(tmp_path / "elsewhere" / "desk", "--feed", "simulated")
    (tmp_path / "elsewhere").mkdir()
    said = other.command("restore", str(path))
    assert said.startswith("restored: ")
    assert all(line.startswith("ok ") for line in other.command("engine", "verify").splitlines())
    assert other.command("audit", "verify").startswith("intact: ")
    with other:
        refused = run(other, "restore", str(path), "--replace")
        assert (refused.returncode, "in use" in refused.stderr) == (1, True)
        for name, notes in before.notes.items():
            async with await _sign_in(other, name) as http:
                listed = {each["note"] for each in await list_all(http, "/transactions")}
            assert set(notes) <= listed
        for name, orders in before.orders.items():
            async with await _sign_in(other, name) as http:
                found = [each["id"] for each in await list_all(http, "/orders", status="all")]
                assert set(orders) <= set(found)
                order = {"symbol": "BTC-PERP", "side": "buy", "type": "market"}
                answer = await http.post("/orders", json=order | {"quantity": "0.001"})
                assert answer.status_code == 201, answer.text
                assert int(answer.json()["id"]) > max(map(int, found)), "it goes on from there"


async def _until_cancelled(work: Any, http: httpx2.AsyncClient) -> None:
    async with http:
        await work


async def _sign_in(service: Service, email: str) -> httpx2.AsyncClient:
    async with service.client() as http:
        account = {"email": email, "password": "correct horse battery"}
        opened = await http.post("/auth/login", json=account)
    assert opened.status_code == 200, opened.text
    return service.client(opened.json()["access_token"])


async def test_the_service_takes_a_backup_of_itself(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    service = Service(tmp_path / "desk", "--feed", "simulated", backup_dir=str(folder))
    with service:
        async with httpx2.AsyncClient(base_url=service.url) as http:
            metrics = ""
            while 'backups_total{outcome="done"}' not in metrics:
                await asyncio.sleep(0.1)
                metrics = (await http.get("/metrics")).text
                assert 'backups_total{outcome="failed"}' not in metrics, service.log
            assert "backup_last_success_timestamp_seconds" in metrics
            assert "backup" not in (await http.get("/health/ready")).json()["degraded"]
        [path] = folder.glob("plimsoll-*")
    assert container.check(path).counts["commands"] > 0
    assert path.stat().st_mode & 0o777 == 0o600
