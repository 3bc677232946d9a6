"""A hub with three channels of its own on a real socket, and clients that follow the rules."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response, WebSocket
from msgspec import Struct
from starlette.types import Scope
from websockets.asyncio.client import ClientConnection, connect

from plimsoll.kernel.clock import Clock, SystemClock
from plimsoll.kernel.errors import Invalid, Unauthenticated, Unavailable
from plimsoll.plumbing import problems
from plimsoll.plumbing.streams import conversation
from plimsoll.plumbing.streams.events import EventStream
from plimsoll.plumbing.streams.hub import Hub
from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.topics import Caller, Log, Topic
from tests.plumbing.raw_http import listening


class NoShelf(Invalid):
    code = "no-shelf"
    title = "There is no such shelf"


class ShelfBody(Struct):
    values: dict[str, Any]


class Shelf(Topic):
    """Named values; an update has those that changed."""

    def __init__(self, name: str) -> None:
        super().__init__("shelves", name)
        self.values: dict[str, Any] = {}
        self.broken = False

    def put(self, key: str, value: Any) -> None:
        self.values[key] = value
        self.touch(key)

    def snapshot(self) -> bytes:
        return msgspec.json.encode(ShelfBody(self.values))

    def update(self, keys: Sequence[Hashable]) -> bytes | None:
        if self.broken:
            raise RuntimeError("a mistake of ours")
        return msgspec.json.encode(ShelfBody({str(key): self.values[str(key)] for key in keys}))


class Shelves:
    """State that anybody may look at."""

    name = "shelves"
    request = Subscribe
    body = ShelfBody

    def __init__(self) -> None:
        self.topics = {name: Shelf(name) for name in ("a", "b", "c", "huge")}
        self.topics |= {f"s{number}": Shelf(f"s{number}") for number in range(500)}
        self.released: list[str] = []

    async def open(self, request: Subscribe, caller: Caller | None) -> Sequence[Topic]:
        for name in request.symbols:
            if name not in self.topics:
                raise NoShelf(f"no shelf {name}")
        _ = caller
        return [self.topics[name] for name in request.symbols]

    def collect(self) -> None: ...

    def release(self, topic: Topic) -> None:
        self.released.append(topic.sub)


class EntryBody(Struct):
    entries: list[str]


class Journal(Log):
    """Entries of one user, every one of which is told."""

    def __init__(self, user: str, *, remembered: int = 50) -> None:
        super().__init__("journal", user, seq=1_000, remembered=remembered)
        self.entries: list[str] = []

    def write(self, text: str) -> None:
        self.entries.append(text)
        self.append(msgspec.json.encode(EntryBody([text])))

    def snapshot(self) -> bytes:
        return msgspec.json.encode(EntryBody(self.entries))


class Journals:
    """Events that nobody may miss, each user's own."""

    name = "journal"
    request = Subscribe
    body = EntryBody

    def __init__(self) -> None:
        self.topics: dict[str, Journal] = {}
        self.open_now = asyncio.Event()
        self.open_now.set()

    def of(self, user: str) -> Journal:
        return self.topics.setdefault(user, Journal(user))

    async def open(self, request: Subscribe, caller: Caller | None) -> Sequence[Topic]:
        assert request.channel == self.name
        if caller is None:
            raise Unauthenticated("sign in first")
        await self.open_now.wait()
        return [self.of(caller.user)]

    def collect(self) -> None: ...

    def release(self, topic: Topic) -> None: ...


@dataclass(slots=True)
class Guestbook:
    """Who may come in, by token; a door whose database may be away."""

    users: dict[str, str] = field(default_factory=lambda: {"t-ada": "ada", "t-ben": "ben"})
    away: bool = False

    async def enter(self, scope: Scope) -> Caller | None:
        shown = dict(scope["headers"]).get(b"authorization")
        return await self.sign_in(scope, shown.decode().split()[-1]) if shown else None

    async def sign_in(self, scope: Scope, token: str) -> Caller:
        if self.away:
            raise Unavailable("the database is away")
        if token not in self.users:
            raise Unauthenticated("who is that?")
        return Caller(self.users[token], token, float("inf"), scope)

    async def confirm(self, caller: Caller) -> None:
        await self.sign_in(caller.credential, str(caller.principal))


class Desk:
    """One process's live connections."""

    def __init__(self, clock: Clock | None = None, **options: Any) -> None:
        self.shelves = Shelves()
        self.journals = Journals()
        self.door = Guestbook()
        self.hub = Hub(clock or SystemClock(), self.door, **options)
        self.hub.register(self.shelves)
        self.hub.register(self.journals)
        self.app = FastAPI()
        problems.install(self.app)
        self.port = 0

        @self.app.websocket("/ws")
        async def converse(websocket: WebSocket) -> None:
            await conversation.serve(self.hub, websocket)

        @self.app.get("/stream")
        async def stream(request: Request) -> Response:
            return EventStream(self.hub)

    def connect(self, *, token: str | None = None, query: str = "", **options: Any) -> connect:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return connect(
            f"ws://127.0.0.1:{self.port}/ws{query}",
            additional_headers=headers,
            compression=None,
            proxy=None,
            **options,
        )


@asynccontextmanager
async def running(clock: Clock | None = None, **options: Any) -> AsyncIterator[Desk]:
    """A desk that listens and flushes every 10 ms."""
    desk = Desk(clock, **({"flush_ms": 10, "heartbeat_s": 0.05} | options))
    flushing = asyncio.create_task(desk.hub.run())
    try:
        async with listening(desk.app) as desk.port:
            yield desk
            await desk.hub.close()
    finally:
        flushing.cancel()


async def until(holds: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait for something that nobody tells."""
    async with asyncio.timeout(within_s):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


async def ask(socket: ClientConnection, op: str, **more: Any) -> None:
    await socket.send(json.dumps({"op": op} | more))


class Ear:
    """What one client hears, message by message, heartbeats left out."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._heard: deque[dict[str, Any]] = deque()

    async def next(self, *, within_s: float = 5.0, heartbeats: bool = False) -> dict[str, Any]:
        """The next frame or word."""
        async with asyncio.timeout(within_s):
            while True:
                while self._heard:
                    said = self._heard.popleft()
                    if heartbeats or said.get("op") != "heartbeat":
                        return said
                message = json.loads(await self.socket.recv())
                self._heard.extend(message if isinstance(message, list) else [message])

    async def next_of(self, op: str, **options: Any) -> dict[str, Any]:
        """The next word with this `op`, whatever comes before it."""
        while (said := await self.next(**options)).get("op") != op:
            pass
        return said


class Replica:
    """What a client knows of its subscriptions, by the written rules and nothing else."""

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Any]] = {}
        self.seqs: dict[str, int] = {}
        self.missing: set[str] = set()
        """What a fresh snapshot is needed of."""

    def hear(self, said: dict[str, Any]) -> None:
        match said.get("op"):
            case "heartbeat":
                for sub, seq in said["seqs"].items():
                    if self.seqs.get(sub, -1) < seq:
                        self.missing.add(sub)
            case "subscribed":
                self.states.pop(said["sub"], None)
                self.seqs.pop(said["sub"], None)
            case None:
                self._take(said)

    def _take(self, frame: dict[str, Any]) -> None:
        sub, known = frame["sub"], self.seqs.get(frame["sub"])
        if frame["type"] == "snapshot":
            if known is None or frame["seq"] >= known:
                self.states[sub] = dict(frame["values"])
                self.seqs[sub] = frame["seq"]
                self.missing.discard(sub)
        elif known is not None and frame["seq"] <= known:
            pass  # old
        elif frame["prev"] == known:
            self.states[sub] |= frame["values"]
            self.seqs[sub] = frame["seq"]
        else:
            self.missing.add(sub)
