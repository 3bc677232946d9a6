"""A small application with the routes of access, and people who use it."""

import hashlib
import hmac
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from fastapi import FastAPI, Request

from plimsoll.access.guards import Anyone, Importer, Operator, Reader, SignedIn, Trader
from plimsoll.access.router import authentication, keys, second_factor, sessions
from plimsoll.access.service.access import Access
from plimsoll.access.service.signed_requests import digesting
from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing import problems
from plimsoll.plumbing.edge import Edge
from plimsoll.settings import Settings

PASSWORD = "seven grey herons at dusk"
ROOMY = {
    "login_attempts_per_minute": 10_000,
    "address_requests_per_minute": 100_000,
    "user_requests_per_minute": 100_000,
    "api_key_requests_per_minute": 10_000,
    "user_orders_per_minute": 100_000,
    "api_key_orders_per_minute": 10_000,
}


class HandClock(SystemClock):
    """Stands still until it is moved; durations go on."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass(frozen=True, slots=True)
class Desk:
    """One running process: its application, its access, and a way to call it."""

    app: FastAPI
    edge: Edge
    access: Access

    def client(self, address: str = "127.0.0.1", **options: Any) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(self.edge, client=(address, 50_000))
        return httpx2.AsyncClient(transport=transport, base_url="http://localhost", **options)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account who signed in."""

    id: str
    email: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.access_token}"}


def build_app() -> FastAPI:
    app = FastAPI()
    for routes in (authentication, keys, second_factor, sessions):
        app.include_router(routes.router, prefix="/api/v1")
    problems.install(app)

    @app.get("/anyone")
    async def anyone(caller: Anyone) -> str:
        return str(caller.user_id) if caller else "nobody"

    @app.get("/signed-in")
    async def signed_in(caller: SignedIn) -> str:
        return str(caller.user_id)

    @app.get("/read")
    async def read(caller: Reader) -> str:
        return str(caller.user_id)

    @app.post("/trade")
    async def trade(caller: Trader) -> str:
        return str(caller.user_id)

    @app.post("/import")
    async def import_(caller: Importer) -> str:
        return str(caller.user_id)

    @app.get("/admin")
    async def admin(caller: Operator) -> str:
        return str(caller.user_id)

    @app.post("/say")
    async def say(caller: Reader, body: dict[str, str]) -> dict[str, str]:
        return body

    @app.post("/pieces")
    async def pieces(caller: Importer, request: Request) -> int:
        return sum([len(piece) async for piece in request.stream()])

    return app


def build_edge(app: FastAPI, settings: Settings) -> Edge:
    """As in front of the real application: it digests what is signed."""
    streamed = frozenset({("POST", "/pieces")})
    inner = digesting(app, streamed=streamed, longest=settings.max_body_bytes)
    return Edge(inner, settings=settings, bounded=streamed)


OpenDesk = Callable[..., Coroutine[Any, Any, Desk]]


async def sign_up(http: httpx2.AsyncClient, email: str = "ada@example.com") -> Person:
    made = await http.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD})
    assert made.status_code == 201, made.text
    return await sign_in(http, email)


async def sign_in(
    http: httpx2.AsyncClient, email: str = "ada@example.com", password: str = PASSWORD
) -> Person:
    answer = await http.post("/api/v1/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    me = await http.get(
        "/api/v1/auth/me", headers={"authorization": f"Bearer {tokens['access_token']}"}
    )
    return Person(me.json()["id"], email, tokens["access_token"], tokens["refresh_token"])


async def make_key(http: httpx2.AsyncClient, owner: Person, *scopes: str, **more: Any) -> Any:
    """The answer to making a key, as JSON."""
    answer = await http.post(
        "/api/v1/auth/keys",
        json={"name": "bot", "scopes": list(scopes), **more},
        headers=owner.headers,
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def signed(key: Any, method: str, url: str, body: bytes = b"", *, at_ms: int = 0) -> dict[str, str]:
    """The headers of a request that is signed with a key as `make_key` returns it, now or then.

    Written from the description alone, not with our own code.
    """
    key_id = key["id"].replace("-", "")
    at = str(at_ms or time.time_ns() // 1_000_000)
    path, _, query = url.partition("?")
    lines = ("plimsoll-v1", key_id, at, method, path, query, hashlib.sha256(body).hexdigest())
    secret = key["signing_secret"].encode()
    mac = hmac.new(secret, "\n".join(lines).encode(), "sha256")
    return {
        "x-plimsoll-key": key_id,
        "x-plimsoll-timestamp": at,
        "x-plimsoll-signature": mac.hexdigest(),
    }


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}
