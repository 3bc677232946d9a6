"""People at work while something fails, and what each of them was promised.

Bookkeepers record purchases with an `Idempotency-Key` and repeat each until it is acknowledged;
traders place orders with client ids and cancel some; watchers set alert conditions with a key;
readers look at their summary; listeners hold a WebSocket and come back when it ends. Whoever is
told that a credential is not good (any more) signs in again. At the end all is compared.
"""

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Self

import httpx2
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.conftest import PASSWORD
from tests.faults.desk import Desk
from tests.journeys.books import holdings, list_all, sum_of

PATIENCE_S: Final = 20.0
"""How long somebody waits for an answer: longer than any may take."""
SYMBOL: Final = "BTC-PERP"
COINS: Final = ("bitcoin", "ethereum", "solana")
WELL: Final = frozenset({200, 201})
DECIDED: Final = frozenset({404, 409, 422})
"""No, and repeating changes nothing; of 409 see `IN_FLIGHT`."""
IN_FLIGHT: Final = "idempotency-in-flight"
CROWDS: Final = count()


@dataclass(frozen=True, slots=True)
class Answer:
    """One request. `status` 0: the connection ended, or nobody answered in time."""

    at_s: float
    took_ms: float
    status: int
    code: str = ""
    when: bool = True
    """A refusal that says to come back says when."""
    writes: bool = False


@dataclass(slots=True)
class Account:
    """Each of the lists has to stay empty."""

    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    books_add_up: bool = True


@dataclass(slots=True)
class Person:
    name: str
    http: httpx2.AsyncClient
    sent: list[str] = field(default_factory=list)
    done: dict[str, str] = field(default_factory=dict)
    """What was acknowledged: our name for it, and the id that it was given."""
    cancelled: set[str] = field(default_factory=set)


class Crowd:
    """`each` of every kind, on a service that is ready; `pause_s` between two things they do."""

    def __init__(self, desk: Desk, *, each: int = 3, pause_s: float = 0.05, seed: int = 1) -> None:
        self.answers: list[Answer] = []
        self.frames = 0
        self.sockets_opened = 0
        self.frame_gaps_s: list[tuple[float, float]] = []
        """When a frame came after more than two seconds of silence, and how many."""
        self._desk = desk
        self._each = each
        self._pause_s = pause_s
        self._dice = random.Random(seed)  # noqa: S311 - what somebody buys is no secret
        self._ids = count()
        self._number = next(CROWDS)
        self._over = False
        self._price = 60_000.0
        self._people: dict[str, list[Person]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        kinds: dict[str, Callable[[Person], Awaitable[None]]] = {
            "bookkeeper": self._record,
            "trader": self._trade,
            "watcher": self._watch,
            "reader": self._read,
        }
        for kind, work in kinds.items():
            people = self._people[kind] = []
            for number in range(self._each):
                person = await self._join(f"{kind}{number}.{self._number}")
                people.append(person)
                self._tasks.append(asyncio.create_task(self._go_on(person, work)))
        self._tasks += [asyncio.create_task(self._listen()) for _ in range(self._each)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for person in [each for people in self._people.values() for each in people]:
            await person.http.aclose()

    def accepted_after(self, moment_s: float) -> float | None:
        """Seconds until the first write was accepted that was sent after `moment_s`."""
        return next(
            (
                each.at_s + each.took_ms / 1000 - moment_s
                for each in self.answers
                if each.writes and each.at_s >= moment_s and each.status in WELL
            ),
            None,
        )

    async def finish(self) -> str:
        """Everybody ends what was begun: each keyed request is repeated until it is answered. What
        those were told last who are not through after half a minute; empty of nobody.
        """
        self._over = True
        workers = self._tasks[: -self._each]
        done, late = await asyncio.wait(workers, timeout=30)
        for task in done:
            task.result()
        if not late:
            return ""
        since_s = time.monotonic() - 10
        said = Counter((each.status, each.code) for each in self.answers if each.at_s > since_s)
        return f"{len(late)} were never answered, at last: {dict(said)}"

    async def account(self) -> Account:
        """Ask for everything that was recorded, and compare it with what was acknowledged."""
        account = Account()
        for person in self._people["bookkeeper"]:
            rows = await list_all(person.http, "/transactions")
            self._compare(account, person, Counter(str(row["note"]) for row in rows))
            account.books_add_up &= await holdings(person.http) == sum_of(rows)
        for person in self._people["watcher"]:
            alerts = await list_all(person.http, "/alerts")
            self._compare(account, person, Counter(str(row["note"]) for row in alerts))
        for person in self._people["trader"]:
            orders = await list_all(person.http, "/orders", status="all")
            found = Counter(str(row["client_order_id"]) for row in orders)
            self._compare(account, person, found)
            now = {str(row["client_order_id"]): row for row in orders}
            account.changed += [
                name for name, id_ in person.done.items() if name in now and now[name]["id"] != id_
            ]
            account.changed += [
                f"{name} is {now[name]['status']}"
                for name in person.cancelled
                if name in now and now[name]["status"] not in {"cancelled", "filled"}
            ]
        return account

    def _compare(self, account: Account, person: Person, found: Counter[str]) -> None:
        account.acknowledged += len(person.done) + len(person.cancelled)
        account.lost += [name for name in person.done if not found[name]]
        account.doubled += [name for name, times in found.items() if times > 1]

    # what they do

    async def _join(self, name: str) -> Person:
        http = httpx2.AsyncClient(base_url=f"{self._desk.url}/api/v1", timeout=PATIENCE_S)
        person = Person(name, http)
        made = await http.post("/auth/register", json=self._credentials(person))
        assert made.status_code == 201, made.text
        await self._sign_in(person)
        if name.startswith("trader"):
            paid = await http.post("/account/deposit", json={"amount": "1000000"})
            assert paid.status_code in WELL, paid.text
        return person

    def _credentials(self, person: Person) -> dict[str, str]:
        return {"email": f"{person.name}@example.org", "password": PASSWORD}

    async def _sign_in(self, person: Person) -> None:
        with contextlib.suppress(httpx2.HTTPError):
            person.http.headers.pop("Authorization", None)
            opened = await person.http.post("/auth/login", json=self._credentials(person))
            if opened.status_code == 200:
                token = opened.json()["access_token"]
                person.http.headers["Authorization"] = f"Bearer {token}"

    async def _go_on(self, person: Person, work: Callable[[Person], Awaitable[None]]) -> None:
        await asyncio.sleep(self._dice.random() * self._pause_s)
        while not self._over:
            await work(person)
            await asyncio.sleep(self._pause_s)

    async def _ask(
        self, person: Person, method: str, path: str, body: Any = None, key: str = ""
    ) -> httpx2.Response | None:
        """One request and one line in `answers`; signs in again after a 401."""
        headers = {"Idempotency-Key": key} if key else {}
        at_s = time.monotonic()
        try:
            answer = await person.http.request(method, path, json=body, headers=headers)
        except httpx2.HTTPError:
            self.answers.append(
                Answer(at_s, (time.monotonic() - at_s) * 1000, 0, writes=method != "GET")
            )
            return None
        took_ms, status = (time.monotonic() - at_s) * 1000, answer.status_code
        code = str(answer.json().get("code", "")) if status >= 400 else ""
        when = status not in {429, 503} or "retry-after" in answer.headers
        self.answers.append(Answer(at_s, took_ms, status, code, when, writes=method != "GET"))
        if status == 401:
            await self._sign_in(person)
        return answer

    async def _insist(self, person: Person, path: str, body: Any, name: str) -> Any:
        """Repeat until it is decided; the content when it was acknowledged."""
        while True:
            answer = await self._ask(person, "POST", path, body, key=name)
            if answer is not None and answer.status_code in WELL:
                return answer.json()
            decided = answer is not None and answer.status_code in DECIDED
            if decided and answer is not None and answer.json()["code"] != IN_FLIGHT:
                return None
            await asyncio.sleep(0.1)

    async def _record(self, person: Person) -> None:
        name = f"{person.name}-{next(self._ids)}"
        purchase = {
            "coin_id": self._dice.choice(COINS),
            "quantity": f"0.{self._dice.randint(1, 10**6)}",
            "price": str(self._dice.randint(1, 10**5)),
            "note": name,
        }
        person.sent.append(name)
        if await self._insist(person, "/holdings", purchase, name) is not None:
            person.done[name] = ""

    async def _watch(self, person: Person) -> None:
        name = f"{person.name}-{next(self._ids)}"
        if len(person.sent) >= 900:  # as many as somebody may have, nearly
            return
        terms = {
            "subject": {"kind": "price", "of": "btc/usd"},
            "comparison": "above",
            "threshold": str(self._dice.randint(10**6, 10**7)),
            "note": name,
        }
        person.sent.append(name)
        if await self._insist(person, "/alerts", terms, name) is not None:
            person.done[name] = ""

    async def _trade(self, person: Person) -> None:
        if person.done and self._dice.random() < 0.4:
            name = self._dice.choice(list(person.done))
            path = f"/orders/{person.done[name]}/cancel"
            answer = await self._ask(person, "POST", path)
            if answer is not None and answer.status_code == 200:
                person.cancelled.add(name)
            return
        name = f"{person.name}-{next(self._ids)}"
        side = self._dice.choice(("buy", "sell"))
        order = {
            "symbol": SYMBOL,
            "side": side,
            "type": "limit",
            "price": f"{self._price * (0.97 if side == 'buy' else 1.03):.1f}",
            "quantity": f"0.{self._dice.randint(1, 20):03}",
            "client_order_id": name,
        }
        person.sent.append(name)
        placed = await self._insist(person, "/orders", order, "")
        if placed is not None:
            person.done[name] = placed["id"]

    async def _read(self, person: Person) -> None:
        await self._ask(person, "GET", "/portfolio/summary")
        await asyncio.sleep(self._pause_s)
        answer = await self._ask(person, "GET", f"/market/price/{SYMBOL}")
        if answer is not None and answer.status_code == 200:
            self._price = float(answer.json()["mark"])

    async def _listen(self) -> None:
        """Prices, for ever; a connection that ends is opened anew."""
        address = f"ws://127.0.0.1:{self._desk.port}/api/v1/ws"
        wanted = {"op": "subscribe", "id": "1", "channel": "prices", "symbols": ["btc/usd"]}
        last_s = time.monotonic()
        while True:
            try:
                async with connect(address, open_timeout=5) as socket:
                    self.sockets_opened += 1
                    await socket.send(json.dumps(wanted))
                    async for _ in socket:
                        self.frames += 1
                        now_s = time.monotonic()
                        if now_s - last_s > 2:
                            self.frame_gaps_s.append((now_s, now_s - last_s))
                        last_s = now_s
            except (OSError, TimeoutError, WebSocketException):
                await asyncio.sleep(0.2)
