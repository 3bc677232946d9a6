"""A long walk over the whole API: requests made from the OpenAPI document, alone and in sequences.

    python -m tests.journeys.api_walk --seed 1 --requests 24000

Every role walks: a user, a key that may only read, a regulator and an operator. They go over HTTP
to a running service. First every operation is asked alone; then in sequences, in which what one
answer holds (an id, a name) is asked for in the next request. What leads from where is inferred by
schemathesis from the document, and beside that from one's own profile to everything. Half of the
other names and ids that schemathesis invents are replaced by ones that exist.

Whatever comes, the answer is no failure of ours, it is one that the document promises (status,
content type, headers and body), and what breaks the document is refused. A fault does not end the
walk: all are counted, and each kind of them is shown once.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, FlakyStrategyDefinition, Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation.stateful import run_state_machine_as_test

from tests.conftest import PASSWORD
from tests.journeys.books import list_all
from tests.journeys.promises import (
    ASSETS,
    CHECKS,
    Request,
    aim,
    document,
    is_meant_to_fit,
    linked_document,
)
from tests.journeys.service import Service
from tests.ledger.importing import PLIMSOLL, bring, wait_for

MODES: Final = (GenerationMode.POSITIVE, GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
STEPS: Final = 40
"""Requests in one sequence, at most."""
ROUND: Final = 2
"""Sequences that are planned at once; then the next seed."""
SHOWN: Final = 10
"""How many of the slowest operations are shown."""


@dataclass(slots=True)
class Tally:
    """What was asked and answered."""

    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By role and phase."""
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    """By role and status."""
    operations: dict[str, set[str]] = field(default_factory=dict)
    """Those that were reached, by role."""
    slowest_s: dict[str, float] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    """By operation and what is wrong."""
    first: dict[str, str] = field(default_factory=dict)
    """The first of each kind of fault, whole."""

    @property
    def total(self) -> int:
        return self.asked.total()

    def lines(self) -> Iterator[str]:
        for (role, phase), number in sorted(self.asked.items()):
            yield f"{role:10} {phase:10} {number:6} requests"
        for role, reached in sorted(self.operations.items()):
            answers = sorted((code, n) for (who, code), n in self.statuses.items() if who == role)
            told = " ".join(f"{code}:{number}" for code, number in answers)
            yield f"{role:10} {len(reached)} operations; {told}"
        yield f"{self.total} requests in all, {self.faults.total()} faults"
        for label in sorted(self.slowest_s, key=lambda each: -self.slowest_s[each])[:SHOWN]:
            yield f"{self.slowest_s[label] * 1000:7.0f} ms at most: {label}"
        for kind, times in self.faults.items():
            yield f"FAULT ({times} times) {kind}\n{self.first[kind]}"


@dataclass(slots=True)
class Walker:
    """Somebody of a role, who asks and judges."""

    role: str
    email: str
    token: str
    ids: dict[str, list[str]]
    """Of theirs, by the name of the field."""
    is_key: bool = False
    """Whether the token is an API key."""


@dataclass(slots=True)
class Walk:
    """The requests of one walker, in one phase after the other."""

    service: Service
    walker: Walker
    tally: Tally
    phase: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    def ask(self, case: Request) -> schemathesis.Response:
        """Sends it, signed in; anew if the walker has just signed itself out."""
        if is_meant_to_fit(case):
            case.path_parameters = aim(case.path_parameters, self.walker.ids)
            case.query = aim(case.query, self.walker.ids)
            case.body = aim(case.body, self.walker.ids)
        answer = self._send(case)
        if answer.status_code == 401 and not self.walker.is_key and self._is_out():
            self._sign_in()
            answer = self._send(case)
        return answer

    def _send(self, case: Request) -> schemathesis.Response:
        began = time.monotonic()
        answer = case.call(
            base_url=self.service.url, session=self.session, headers=self._headers(), timeout=60
        )
        took = time.monotonic() - began
        tally, label, role = self.tally, case.operation.label, self.walker.role
        tally.asked[role, self.phase] += 1
        tally.statuses[role, answer.status_code] += 1
        tally.operations.setdefault(role, set()).add(label)
        tally.slowest_s[label] = max(took, tally.slowest_s.get(label, 0.0))
        return answer

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.walker.token}"}

    def _is_out(self) -> bool:
        me = f"{self.service.url}/api/v1/auth/me"
        return self.session.get(me, headers=self._headers(), timeout=60).status_code == 401

    def _sign_in(self) -> None:
        """Or, when the walk has guessed at the own password so often that the account is locked,
        come as somebody else of the role.
        """
        login = {"email": self.walker.email, "password": PASSWORD}
        url = f"{self.service.url}/api/v1/auth/login"
        answer = self.session.post(url, json=login, timeout=60)
        if answer.status_code == 200:
            self.walker.token = answer.json()["access_token"]
        else:
            assert answer.json()["code"] == "account-locked", answer.text
            self.walker = asyncio.run(walker_of(self.service, self.walker.role))

    def judge(self, response: schemathesis.Response, case: Request) -> None:
        """Counts what is wrong."""
        try:
            case.validate_response(response, checks=CHECKS, headers=self._headers())
        except FailureGroup as group:
            for fault in group.exceptions:
                kind = f"{self.walker.role}: {case.operation.label}: {fault.title}"
                self.tally.faults[kind] += 1
                sent = f"{case.method} {case.formatted_path} {case.query!r} {case.body!r}"
                heard = f"{response.status_code} {response.text[:600]}"
                self.tally.first.setdefault(kind, f"{fault.message}\n{sent[:1500]}\n{heard}")

    def alone(self, wanted: int, first_seed: int) -> None:
        """Every operation, so often that `wanted` requests are made of all together."""
        self.phase = "alone"
        schema = schemathesis.openapi.from_dict(document())
        operations = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
        each_asked = max(1, round(wanted / len(operations)))
        for operation in operations:
            cases = st.one_of(*[operation.as_strategy(generation_mode=mode) for mode in MODES])
            asked = _planned(each_asked)(given(cases)(self._one))
            _quietly(seed(first_seed)(asked))

    def _one(self, case: Request) -> None:
        self.judge(self.ask(case), case)

    def in_sequence(self, wanted: int, first_seed: int) -> None:
        """Sequences, until `wanted` requests were made."""
        self.phase = "sequences"
        machine = schemathesis.openapi.from_dict(linked_document()).as_state_machine()
        steps = {
            "call": lambda _, case, **__: self.ask(case),
            "validate_response": lambda _, response, case, **__: self.judge(response, case),
        }
        until = self.tally.asked[self.walker.role, self.phase] + wanted
        number = first_seed
        while self.tally.asked[self.walker.role, self.phase] < until:
            planned = seed(number)(type("Sequences", (machine,), steps))
            _quietly(partial(run_state_machine_as_test, planned, settings=SEQUENCES))
            number += 1


def _planned(count: int) -> settings:
    return settings(
        max_examples=count,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


SEQUENCES: Final = _planned(ROUND)


def _quietly(run: Callable[[], object]) -> None:
    """A service that remembers does not answer twice alike; hypothesis minds, and stops there. An
    operation may also have nothing that could be wrong.
    """
    try:
        run()
    except (Flaky, FlakyStrategyDefinition, Unsatisfiable) as error:
        logging.getLogger(__name__).debug("cut short: %s", type(error).__name__)


async def own_things(service: Service, token: str) -> dict[str, list[str]]:
    """Makes somebody own something of most kinds; ids of it, by the name of the field."""
    ids: dict[str, list[str]] = {}
    async with service.client(token) as http:
        for coin in ASSETS[:2]:
            bought = {"coin_id": coin, "quantity": "1000000", "price": "3"}
            held = (await http.post("/holdings", json=bought)).json()
            ids.setdefault("holding_id", []).append(held["id"])
            ids.setdefault("wallet_id", []).append(held["wallet_id"])
        wallet = (await http.post("/wallets", json={"name": "cold"})).json()
        ids["wallet_id"].append(wallet["id"])
        ids["transaction_id"] = [row["id"] for row in await list_all(http, "/transactions")]
        key = (await http.post("/auth/keys", json={"name": "a", "scopes": ["read"]})).json()
        ids["key_id"] = [key["id"]]
        ids["import_id"] = [await bring(http, PLIMSOLL)]
        asked = {"jurisdiction": "us", "year": 2025}
        run = await wait_for(http, (await http.post("/tax/runs", json=asked)).json()["job_id"])
        ids["run_id"] = [run["result"]["facts"]["run_id"]]
        await http.post("/account/deposit", json={"amount": "100000"})
        ids["user_id"] = [(await http.get("/auth/me")).json()["id"]]
    return ids


ROLES: Final = ("user", "key", "regulator", "operator")
"""In this order: an operator may send the others away."""
NUMBERS: Final = count()


async def walker_of(service: Service, role: str) -> Walker:
    """Somebody new."""
    email = f"{role}{next(NUMBERS)}@example.org"
    token = await service.sign_up(email)
    ids = await own_things(service, token)
    if role in {"regulator", "operator"}:
        await asyncio.to_thread(service.command, "user", "role", email, role)
    if role == "key":
        async with service.client(token) as http:
            wish = {"name": "reader", "scopes": ["read"]}
            token = (await http.post("/auth/keys", json=wish)).json()["api_key"]
    return Walker(role, email, token, ids, is_key=role == "key")


async def walk(service: Service, *, alone: int, in_sequence: int, first_seed: int) -> Tally:
    """So many requests by each role, and a few more."""
    tally = Tally()
    for role in ROLES:
        each = Walk(service, await walker_of(service, role), tally)
        with each.session:
            if alone:
                await asyncio.to_thread(each.alone, alone, first_seed)
            await asyncio.to_thread(each.in_sequence, in_sequence, first_seed)
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--requests", type=int, default=24_000)
    asked = parser.parse_args()
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        Service(
            Path(folder) / "desk", "--feed", "simulated", access_token_minutes="1000"
        ) as service,
    ):
        before = service.memory_mib()
        share = asked.requests // 8  # four roles, two phases
        tally = asyncio.run(walk(service, alone=share, in_sequence=share, first_seed=asked.seed))
        after = service.memory_mib()
        audited = service.command("audit", "verify").strip()
    told = [
        *tally.lines(),
        f"memory {before:.0f} MiB before, {after:.0f} MiB after; audit log {audited}",
        f"{time.monotonic() - began:.0f} s, seed {asked.seed}\n",
    ]
    sys.stdout.write("\n".join(told))
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
