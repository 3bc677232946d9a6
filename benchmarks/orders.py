"""Orders over HTTP: how many a second are durable when they are answered, beside no work at all.

    python -m benchmarks.orders [--connections 32] [--seconds 6] [--rounds 3]

Each connection is a trader of its own on the real service with its own PostgreSQL: market orders
against the house maker, limit orders that rest, and now and then all of them cancelled. An order is
answered after its commit. The echo answers the same requests with the same length and does nothing:
what the machine, the load generator included, could do at most.

`one by one` is the same load from a single connection: every commit has one order.
"""

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks import load
from benchmarks.load import Load, Outcome
from benchmarks.population import PASSWORD, Population, Rows
from benchmarks.servers import Server, started

SETTINGS: Final = {
    "PLIMSOLL_ORDERS_PER_SECOND": "0",
    "PLIMSOLL_LEVERAGE_BEGINNER": "20",
    "PLIMSOLL_HOUSE_DEPTH": "2000000",
}
RESTING: Final = 18
"""Of each row; then they are cancelled at once."""


def settle(server: Server, traders: int) -> Population:
    """Everybody registered, signed in and with paper money."""
    if server.name == "echo":
        return Population(server, ("token",) * traders, [])
    tokens = []
    for number in range(traders):
        who = {"email": f"trader-{number}@bench.example", "password": PASSWORD}
        server.call("POST", "/api/v1/auth/register", body=who)
        token = server.call("POST", "/api/v1/auth/login", body=who)["access_token"]
        paid = {"amount": "1000000"}
        server.call("POST", "/api/v1/account/deposit", token=token, body=paid)
        tokens.append(token)
    return Population(server, tuple(tokens), [])


def mark_of(server: Server) -> float:
    if server.name == "echo":
        return 60_000.0
    return float(server.call("GET", "/api/v1/market/price/BTC-PERP")["mark"])


def rows(people: Population, connections: int) -> Rows:
    """Of each connection: half market orders, half limit orders that rest, then all cancelled."""
    mark = mark_of(people.server)
    return tuple(tuple(_row(people, people.tokens[number], mark)) for number in range(connections))


def _row(people: Population, token: str, mark: float) -> list[bytes]:
    requests = []
    for number in range(RESTING):
        side = ("buy", "sell")[number % 2]
        order: dict[str, Any] = {"symbol": "BTC-PERP", "side": side, "quantity": "0.001"}
        far = mark * (0.97 if side == "buy" else 1.03)
        resting = order | {"type": "limit", "price": f"{far:.1f}", "quantity": "0.002"}
        requests.append(people.request("POST", "/orders", token=token, body=resting))
        market = order | {"type": "market"}
        requests.append(people.request("POST", "/orders", token=token, body=market))
    requests.append(people.request("DELETE", "/orders", token=token))
    return requests


def measure(pool: ProcessPoolExecutor, people: Population, connections: int, s: float) -> Outcome:
    sent = Load(people.server.port, rows(people, connections), s)
    outcome = pool.submit(load.run, sent).result()
    if outcome.refused:
        raise people.server.failed(f"{outcome.refused} refused, the first: {outcome.refusal}")
    return outcome


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--connections", type=int, default=32)
    options.add_argument("--seconds", type=float, default=6.0)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    outcomes: dict[tuple[str, int], list[Outcome]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="plimsoll-bench-") as folder,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        started("echo", Path(folder)) as echo,
        started("plimsoll", Path(folder), settings=SETTINGS) as desk,
    ):
        towns = [settle(each, given.connections) for each in (echo, desk)]
        for _ in range(given.rounds):
            for connections in (1, given.connections):
                for people in towns:
                    key = (people.server.name, connections)
                    outcome = measure(pool, people, connections, given.seconds)
                    outcomes.setdefault(key, []).append(outcome)
    print(f"{'orders over HTTP':24}{'conn':>6}{'/s':>10}{'p50 ms':>9}{'p99 ms':>9}")
    for (name, connections), those in sorted(outcomes.items()):
        per_second = median(each.per_second for each in those)
        p50, p99 = median(each.p50_ms for each in those), median(each.p99_ms for each in those)
        print(f"{name:24}{connections:>6}{per_second:>10,.0f}{p50:>9.2f}{p99:>9.2f}")


if __name__ == "__main__":
    main()
