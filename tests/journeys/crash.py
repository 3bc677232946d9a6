"""Kill the service while people record purchases, and count what became of each of them.

    .venv/bin/python -m tests.journeys.crash --kills 200

Half of the people send every purchase with an Idempotency-Key and repeat it until it is
acknowledged; the others send it once, and do not know what became of it when the answer is lost.
Most kills hit the service at work, some while it starts, some its PostgreSQL instead.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx2

from plimsoll.plumbing.database import OutcomeUnknown
from tests.journeys.blows import Blow, blow_of, left_running, strike
from tests.journeys.books import holdings, list_all, sum_of
from tests.journeys.service import Service

PEOPLE: Final = 4
WRITERS_EACH: Final = 2
COINS: Final = ("bitcoin", "ethereum", "solana")
DAYS: Final = ("2024-01-01", "2024-06-01", "2025-01-01")


class Outcome(StrEnum):
    """What the sender of one request knows."""

    DONE = "done"
    REFUSED = "nothing was changed"
    UNKNOWN = "it may be there"
    NOT_SENT = "nobody listened"


@dataclass(slots=True)
class Figures:
    """What happened. Each of the lists of purchases and answers has to stay empty."""

    kills: Counter[Blow] = field(default_factory=Counter)
    acknowledged: int = 0
    repeated: int = 0
    """Requests sent again with the same key."""
    unknown: int = 0
    """Purchases without a key whose answer was lost, or said that nobody knows."""
    unknown_recorded: int = 0
    refused: int = 0
    """Purchases without a key of which the answer said that nothing was changed."""
    refused_recorded: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    """Answers that are neither an acknowledgement nor a refusal that says to repeat."""
    books_add_up: bool = True
    starts_s: list[float] = field(default_factory=list)
    audit: str = ""
    orphans: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kills = ", ".join(f"{number} × {blow}" for blow, number in sorted(self.kills.items()))
        median, slowest = statistics.median(self.starts_s), max(self.starts_s)
        return (
            f"{self.kills.total()} kills ({kills}): {self.acknowledged} acknowledged, "
            f"{self.repeated} requests repeated, {self.unknown} unknown "
            f"({self.unknown_recorded} of them recorded), {self.refused} refused "
            f"({len(self.refused_recorded)} of them recorded), {len(self.lost)} lost, "
            f"{len(self.doubled)} doubled; ready again after {median:.2f} s "
            f"(median of {len(self.starts_s)}, slowest {slowest:.2f} s)"
        )


@dataclass(slots=True)
class Person:
    """Somebody who records purchases, each with a note of its own."""

    token: str
    keyed: bool
    sent: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)


class Crash:
    """One run on one data directory."""

    def __init__(self, data_dir: Path, *, seed: int) -> None:
        self.figures = Figures()
        self._service = Service(data_dir, "--feed", "simulated")
        self._dice = random.Random(seed)  # noqa: S311 - which second to kill in is no secret
        self._people: list[Person] = []
        self._notes = count()
        self._over = False

    async def run(self, kills: int) -> Figures:
        """Work, die `kills` times, and account for everything."""
        try:
            await asyncio.to_thread(self._service.start)
            self._people = [
                Person(await self._service.sign_up(f"p{number}@example.org"), number % 2 == 0)
                for number in range(PEOPLE)
            ]
            writers = [
                asyncio.create_task(self._write(person))
                for person in self._people
                for _ in range(WRITERS_EACH)
            ]
            for number in range(kills):
                await self._strike(blow_of(number))
            self._over = True
            await asyncio.gather(*writers)
            await self._account()
            self.figures.audit = await asyncio.to_thread(self._service.command, "audit", "verify")
            await asyncio.to_thread(self._service.stop)
        finally:
            await asyncio.to_thread(self._service.kill)
        self.figures.orphans = await left_running(self._service.data_dir)
        return self.figures

    async def _strike(self, blow: Blow) -> None:
        self.figures.kills[blow] += 1
        took_s = await strike(self._service, blow, self._dice)
        if took_s is not None:
            self.figures.starts_s.append(took_s)

    async def _write(self, person: Person) -> None:
        """One purchase after the other until it is over."""
        headers = {"Authorization": f"Bearer {person.token}"}
        async with httpx2.AsyncClient(headers=headers, timeout=10) as http:
            while not self._over:
                note = f"purchase {next(self._notes)}"
                person.sent.append(note)
                await self._purchase(http, person, note)

    async def _purchase(self, http: httpx2.AsyncClient, person: Person, note: str) -> None:
        purchase = self._think_of_one(note)
        headers = {"Idempotency-Key": note.replace(" ", "-")} if person.keyed else {}
        while True:
            outcome = await self._post(http, purchase, headers)
            if outcome is Outcome.DONE:
                person.acknowledged.add(note)
                return
            await asyncio.sleep(0.02)
            if outcome is Outcome.NOT_SENT:
                continue
            if not person.keyed:
                if outcome is Outcome.REFUSED:
                    person.refused.add(note)
                return
            self.figures.repeated += 1

    async def _post(
        self, http: httpx2.AsyncClient, purchase: dict[str, Any], headers: dict[str, str]
    ) -> Outcome:
        try:
            url = f"{self._service.url}/api/v1/holdings"  # the port changes with every start
            answer = await http.post(url, json=purchase, headers=headers)
        except httpx2.ConnectError:
            return Outcome.NOT_SENT
        except httpx2.TransportError:
            return Outcome.UNKNOWN
        if answer.status_code == 201:
            return Outcome.DONE
        if answer.status_code not in {409, 503}:
            self.figures.surprises.append(f"{answer.status_code} {answer.text}")
        known = answer.json()["code"] != OutcomeUnknown.code
        return Outcome.REFUSED if known else Outcome.UNKNOWN

    def _think_of_one(self, note: str) -> dict[str, Any]:
        """Mostly more of a coin now; now and then with a fee, or on an earlier day."""
        dice = self._dice
        purchase = {
            "coin_id": dice.choice(COINS),
            "quantity": f"{dice.randint(1, 10**6)}.{dice.randint(1, 10**6)}",
            "price": str(dice.randint(1, 10**5)),
            "note": note,
        }
        if dice.random() < 0.2:
            purchase["fee"] = "0.000000000000000001"
        if dice.random() < 0.05:
            purchase["occurred_at"] = f"{dice.choice(DAYS)}T00:00:00Z"
        return purchase

    async def _account(self) -> None:
        """Ask for everything that was recorded, and compare."""
        for person in self._people:
            async with self._service.client(person.token) as http:
                recorded = await list_all(http, "/transactions")
                held = await holdings(http)
            self.figures.books_add_up &= held == sum_of(recorded)
            found = Counter(str(row["note"]) for row in recorded)
            unknown = set(person.sent) - person.acknowledged - person.refused
            self.figures.acknowledged += len(person.acknowledged)
            self.figures.unknown += len(unknown)
            self.figures.unknown_recorded += sum(found[note] for note in unknown)
            self.figures.refused += len(person.refused)
            self.figures.refused_recorded += [note for note in person.refused if found[note]]
            self.figures.lost += [note for note in person.acknowledged if not found[note]]
            self.figures.doubled += [note for note, times in found.items() if times > 1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="plimsoll-crash-") as folder:
        crash = Crash(Path(folder) / "desk", seed=given.seed)
        figures = asyncio.run(crash.run(given.kills))
    sys.stdout.write(f"{figures}\n{figures!r}\n")


if __name__ == "__main__":
    main()
