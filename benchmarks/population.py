"""The users of a measured service, and the requests they send.

Sixty-four clients are sixty-four users, each with a portfolio of twenty assets and a connection of
its own. For one more user, `CONTENDED`, all connections buy at once: the worst case for locks.
"""

import json
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Final

from benchmarks.assets import PRICES
from benchmarks.servers import Server

CLIENTS: Final = 64
CONTENDED: Final = CLIENTS
PASSWORD: Final = "the desk of nobody 1876"
BUY: Final = {"coin_id": "bitcoin", "quantity": "0.001", "price": "60000", "currency": "usd"}

Rows = tuple[tuple[bytes, ...], ...]
"""One row of requests per connection."""

numbers: Final = count()


@dataclass(frozen=True, slots=True)
class Population:
    """A service and its users: their access tokens, the buys of bitcoin acknowledged to each."""

    server: Server
    tokens: tuple[str, ...]
    bought: list[int]

    def request(
        self, method: str, path: str, *, token: str | None = None, body: object = None
    ) -> bytes:
        content = json.dumps(body).encode() if body is not None else b""
        lines = [
            f"{method} /api/v1{path} HTTP/1.1",
            f"host: 127.0.0.1:{self.server.port}",
            "accept: application/json",
            "user-agent: benchmark",
        ]
        if token:
            lines.append(f"authorization: Bearer {token}")
        if content:
            lines += ["content-type: application/json", f"content-length: {len(content)}"]
        return "\r\n".join([*lines, "", ""]).encode() + content

    def held(self) -> list[Decimal]:
        """The bitcoin that each user holds now, as the service tells it."""
        return [self._bitcoin_of(token) for token in self.tokens]

    def _bitcoin_of(self, token: str) -> Decimal:
        holdings = self.server.call("GET", "/api/v1/holdings?limit=100", token=token)["data"]
        return sum(
            (Decimal(one["quantity"]) for one in holdings if one["coin_id"] == BUY["coin_id"]),
            Decimal(0),
        )


def settle(server: Server) -> Population:
    """Register everybody and log them in; `portfolio_buys` then fills their portfolios."""
    users = range(CLIENTS + 1)
    if server.name == "echo":
        return Population(server, ("token",) * len(users), [0] * len(users))
    for user in users:
        server.call("POST", "/api/v1/auth/register", body=credentials(user))
    logins = [server.call("POST", "/api/v1/auth/login", body=credentials(user)) for user in users]
    return Population(server, tuple(one["access_token"] for one in logins), [0] * len(users))


def credentials(user: int) -> dict[str, str]:
    return {"email": f"user-{user}@bench.example", "password": PASSWORD}


def portfolio_buys(population: Population) -> Rows:
    bodies = [BUY | {"coin_id": coin, "price": str(price)} for coin, price in PRICES.items()]
    return tuple(
        tuple(population.request("POST", "/holdings", token=token, body=body) for body in bodies)
        for token in population.tokens
    )


def price_reads(population: Population, connections: int) -> Rows:
    return ((population.request("GET", "/prices/bitcoin?vs=usd"),),) * connections


def summary_reads(population: Population, connections: int) -> Rows:
    return tuple(
        (population.request("GET", "/portfolio/summary", token=token),)
        for token in population.tokens[:connections]
    )


def buys(population: Population, connections: int) -> Rows:
    return tuple(
        (population.request("POST", "/holdings", token=token, body=BUY),)
        for token in population.tokens[:connections]
    )


def contended_buys(population: Population, connections: int) -> Rows:
    token = population.tokens[CONTENDED]
    return ((population.request("POST", "/holdings", token=token, body=BUY),),) * connections


def registrations(population: Population, connections: int) -> Rows:
    def new_user() -> bytes:
        body = {"email": f"new-{next(numbers)}@bench.example", "password": PASSWORD}
        return population.request("POST", "/auth/register", body=body)

    return tuple(tuple(new_user() for _ in range(_hashes(connections))) for _ in range(connections))


def logins(population: Population, connections: int) -> Rows:
    return tuple(
        (population.request("POST", "/auth/login", body=credentials(user)),) * _hashes(connections)
        for user in range(connections)
    )


def _hashes(connections: int) -> int:
    """Requests per connection where each costs a password hash: enough for a median, soon over."""
    return 30 if connections == 1 else 3
