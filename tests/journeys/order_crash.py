"""Kill the service while people trade, and count what became of each of their orders.

    .venv/bin/python -m tests.journeys.order_crash --kills 50 --people 16

Every order has a client order id. Most people repeat an order until they know; one in four sends it
once and does not look back. Now and then somebody sends again what was acknowledged long ago, and
has to be given that very order. At the end the journal is replayed and compared with everything
that the service says.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx2

from tests.journeys.blows import Blow, blow_of, left_running, strike
from tests.journeys.books import list_all
from tests.journeys.service import Service

SYMBOL: Final = "BTC-PERP"
WELL: Final = {200, 201}
KNOWN: Final = {409, 422, 404}
"""Refused: nothing was changed, and the code says why."""


@dataclass(slots=True)
class Figures:
    """What happened. Each of the lists has to stay empty."""

    kills: Counter[Blow] = field(default_factory=Counter)
    acknowledged: int = 0
    repeated: int = 0
    asked_again: int = 0
    """Orders sent once more after they had been acknowledged."""
    unknown: int = 0
    unknown_placed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    refused_placed: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    """Acknowledged fills or cancels that are not there any more, and repeats with another id."""
    surprises: list[str] = field(default_factory=list)
    starts_s: list[float] = field(default_factory=list)
    verified: str = ""
    orphans: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kills = ", ".join(f"{number} × {blow}" for blow, number in sorted(self.kills.items()))
        return (
            f"{self.kills.total()} kills ({kills}): {self.acknowledged} orders acknowledged, "
            f"{self.repeated} requests repeated, {self.asked_again} asked for again, "
            f"{self.unknown} unknown ({self.unknown_placed} of them placed), "
            f"{self.refused.total()} refused, {len(self.lost)} lost, {len(self.doubled)} doubled, "
            f"{len(self.changed)} changed; ready again after {statistics.median(self.starts_s):.2f}"
            f" s (median, slowest {max(self.starts_s):.2f} s)"
        )


@dataclass(slots=True)
class Person:
    """`placed`: the answer to each client order id; `done`: ids that were cancelled."""

    name: str
    token: str
    insists: bool
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    placed: dict[str, dict[str, Any]] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)


class OrderCrash:
    """One run on one data directory."""

    def __init__(self, data_dir: Path, *, seed: int, people: int = 16) -> None:
        self.figures = Figures()
        self._service = Service(
            data_dir, "--feed", "simulated", engine_snapshot_every="1000", leverage_beginner="20"
        )
        self._dice = random.Random(seed)  # noqa: S311 - which second to kill in is no secret
        self._number = people
        self._people: list[Person] = []
        self._ids = count()
        self._over = False
        self._price = 0.0

    async def run(self, kills: int) -> Figures:
        """Trade, die `kills` times, and account for everything."""
        try:
            await asyncio.to_thread(self._service.start)
            for number in range(self._number):
                self._people.append(await self._join(number))
            await self._look_at_price()
            traders = [asyncio.create_task(self._trade(each)) for each in self._people]
            for number in range(kills):
                blow = blow_of(number)
                self.figures.kills[blow] += 1
                took_s = await strike(self._service, blow, self._dice)
                if took_s is not None:
                    self.figures.starts_s.append(took_s)
                await self._look_at_price()
            self._over = True
            await asyncio.gather(*traders)
            for person in self._people:
                await self._account(person)
            await asyncio.to_thread(self._service.stop)
            self.figures.verified = await asyncio.to_thread(self._verify)
        finally:
            await asyncio.to_thread(self._service.kill)
        self.figures.orphans = await left_running(self._service.data_dir)
        return self.figures

    def _verify(self) -> str:
        self._service.start()
        try:
            return self._service.command("engine", "verify", "--from-start")
        finally:
            self._service.stop()

    async def _join(self, number: int) -> Person:
        name = f"trader{number}"
        token = await self._service.sign_up(f"{name}@example.org")
        async with self._service.client(token) as http:
            paid = await http.post("/account/deposit", json={"amount": "100000"})
            assert paid.status_code in WELL, paid.text
        return Person(name, token, insists=number % 4 != 0)

    async def _look_at_price(self) -> None:
        async with self._service.client() as http:
            answer = await http.get(f"/market/price/{SYMBOL}")
        if answer.status_code == 200:
            self._price = float(answer.json()["mark"])

    async def _trade(self, person: Person) -> None:
        """One order after the other until it is over."""
        headers = {"Authorization": f"Bearer {person.token}"}
        async with httpx2.AsyncClient(headers=headers, timeout=10) as http:
            while not self._over:
                throw = self._dice.random()
                if person.placed and throw < 0.05:
                    await self._ask_again(http, person)
                elif person.placed and throw < 0.3:
                    await self._cancel(http, person)
                else:
                    await self._place(http, person)

    async def _place(self, http: httpx2.AsyncClient, person: Person) -> None:
        order = self._think_of_one(f"{person.name}-{next(self._ids)}")
        name = str(order["client_order_id"])
        person.sent[name] = order
        while True:
            answer = await self._post(http, "/orders", order)
            if answer is not None and answer.status_code in WELL:
                person.placed[name] = answer.json()
                return
            if answer is not None and answer.status_code in KNOWN:
                person.refused.add(name)
                self.figures.refused[answer.json()["code"]] += 1
                return
            await asyncio.sleep(0.02)
            if not person.insists or self._over:
                return
            self.figures.repeated += 1

    async def _ask_again(self, http: httpx2.AsyncClient, person: Person) -> None:
        name = self._dice.choice(list(person.placed))
        answer = await self._post(http, "/orders", person.sent[name])
        if answer is None or answer.status_code >= 500:
            return
        self.figures.asked_again += 1
        if answer.status_code != 200 or answer.json()["id"] != person.placed[name]["id"]:
            self.figures.changed.append(f"{name}: {answer.status_code} {answer.text}")

    async def _cancel(self, http: httpx2.AsyncClient, person: Person) -> None:
        name = self._dice.choice(list(person.placed))
        answer = await self._post(http, f"/orders/{person.placed[name]['id']}/cancel", None)
        if answer is not None and answer.status_code == 200:
            person.cancelled.add(name)

    async def _post(self, http: httpx2.AsyncClient, path: str, body: Any) -> httpx2.Response | None:
        """None when nobody knows what became of it."""
        try:
            url = f"{self._service.url}/api/v1{path}"  # the port changes with every start
            answer = await http.post(url, json=body)
        except httpx2.TransportError:
            await asyncio.sleep(0.05)
            return None
        if answer.status_code not in WELL | KNOWN | {503, 429}:
            self.figures.surprises.append(f"{answer.status_code} {answer.text}")
        return answer

    def _think_of_one(self, name: str) -> dict[str, Any]:
        """Small ones; half of them at the market, the others far enough away to rest."""
        dice = self._dice
        side = dice.choice(("buy", "sell"))
        order = {
            "symbol": SYMBOL,
            "side": side,
            "type": "market",
            "quantity": f"0.{dice.randint(1, 20):03}",
            "client_order_id": name,
        }
        if dice.random() < 0.5:
            price = self._price * (0.97 if side == "buy" else 1.03)
            order |= {"type": "limit", "price": f"{price:.1f}"}
        return order

    async def _account(self, person: Person) -> None:
        """Ask for everything that is there, and compare."""
        async with self._service.client(person.token) as http:
            orders = await list_all(http, "/orders", status="all")
        found = Counter(str(each["client_order_id"]) for each in orders)
        now = {str(each["client_order_id"]): each for each in orders}
        unknown = set(person.sent) - set(person.placed) - person.refused
        figures = self.figures
        figures.acknowledged += len(person.placed)
        figures.unknown += len(unknown)
        figures.unknown_placed += sum(found[name] for name in unknown)
        figures.refused_placed += [name for name in person.refused if found[name]]
        figures.lost += [name for name in person.placed if not found[name]]
        figures.doubled += [name for name, times in found.items() if times > 1]
        for name, told in person.placed.items():
            is_now = now.get(name, told)
            less = float(is_now["filled_quantity"]) < float(told["filled_quantity"])
            if is_now["id"] != told["id"] or less:
                figures.changed.append(f"{name}: {told} became {is_now}")
        figures.changed += [
            f"{name} is {now[name]['status']}"
            for name in person.cancelled
            if name in now and now[name]["status"] not in {"cancelled", "filled"}
        ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--people", type=int, default=16)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="plimsoll-crash-") as folder:
        crash = OrderCrash(Path(folder) / "desk", seed=given.seed, people=given.people)
        figures = asyncio.run(crash.run(given.kills))
    sys.stdout.write(f"{figures}\n{figures!r}\n")


if __name__ == "__main__":
    main()
