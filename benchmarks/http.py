"""Plimsoll over HTTP beside the usual stack and beside no work at all, in one run on one machine.

`python -m benchmarks.http` starts the three services, gives each the same users and portfolios, and
measures every route in interleaved rounds, so that whatever else the machine does hits all of them
alike. README.md says how to read the table. Run it as a module: as a script, this file would hide
Python's own `http`.
"""

import argparse
import multiprocessing
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Final

from benchmarks import load, population
from benchmarks.load import Load, Outcome
from benchmarks.population import BUY, CLIENTS, CONTENDED, Population, Rows
from benchmarks.servers import NAMES, Server, ServerFailed, started

LOGINS_BESIDE: Final = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of the table: a route, how many connections, and what each of them sends."""

    route: str
    connections: int
    rows: Callable[[Population, int], Rows]
    note: str = ""
    hashes_passwords: bool = False
    """Then each request is sent once, and the echo has nothing to compare with."""
    buyers: tuple[int, ...] = ()
    """The user for whom each connection buys."""

    @property
    def title(self) -> str:
        return f"{self.route}, {self.note}" if self.note else self.route


EVERYBODY: Final = tuple(range(CLIENTS))
CELLS: Final = (
    Cell("price", 1, population.price_reads),
    Cell("price", CLIENTS, population.price_reads),
    Cell("summary", 1, population.summary_reads),
    Cell("summary", CLIENTS, population.summary_reads),
    Cell("buy", 1, population.buys, buyers=EVERYBODY[:1]),
    Cell("buy", CLIENTS, population.buys, buyers=EVERYBODY),
    Cell("buy", CLIENTS, population.contended_buys, note="one user", buyers=(CONTENDED,) * CLIENTS),
    Cell("register", 1, population.registrations, hashes_passwords=True),
    Cell("register", CLIENTS, population.registrations, hashes_passwords=True),
    Cell("login", 1, population.logins, hashes_passwords=True),
    Cell("login", CLIENTS, population.logins, hashes_passwords=True),
)
BESIDE: Final = "login-beside"
ROUTES: Final = (*dict.fromkeys(cell.route for cell in CELLS), BESIDE)


class Bench:
    """What was measured, by line of the table and service, and which answers were not 2xx."""

    def __init__(self, pool: ProcessPoolExecutor, *, seconds: float) -> None:
        self.pool = pool
        self.seconds = seconds
        self.outcomes: dict[tuple[str, int, str], list[Outcome]] = {}
        self.refusals: list[str] = []

    def populate(self, server: Server) -> Population:
        people = population.settle(server)
        if server.name != "echo":
            self.send(people, "portfolios", population.portfolio_buys(people))
            people.bought[:] = [1] * len(people.bought)
        return people

    def measure(self, cell: Cell, people: Population) -> None:
        if cell.hashes_passwords and people.server.name == "echo":
            return
        outcome = self.send(
            people,
            f"{cell.title} × {cell.connections}",
            cell.rows(people, cell.connections),
            None if cell.hashes_passwords else self.seconds,
        )
        if cell.buyers:
            for user, acknowledged in zip(cell.buyers, outcome.acknowledged, strict=True):
                people.bought[user] += acknowledged
        self._keep(cell.title, cell.connections, people, outcome)

    def measure_beside_logins(self, people: Population) -> None:
        """The price read on one connection, alone and while others log in without a pause."""
        if people.server.name == "echo":
            return
        reads = population.price_reads(people, 1)
        alone = self.send(people, "price alone", reads, self.seconds)
        self._keep("price, alone", 1, people, alone)
        lead_s = 0.5
        logins = Load(
            people.server.port, population.logins(people, LOGINS_BESIDE), self.seconds + 2 * lead_s
        )
        others = self.pool.submit(load.run, logins)
        sleep(lead_s)
        beside = self.send(people, "price beside logins", reads, self.seconds)
        self._keep(f"price, beside {LOGINS_BESIDE} logins", 1, people, beside)
        self._keep("these logins", LOGINS_BESIDE, people, self._answered(people, "logins", others))

    def send(
        self, people: Population, what: str, rows: Rows, seconds: float | None = None
    ) -> Outcome:
        sent = self.pool.submit(load.run, Load(people.server.port, rows, seconds))
        return self._answered(people, what, sent)

    def _answered(self, people: Population, what: str, sent: Future[Outcome]) -> Outcome:
        try:
            outcome = sent.result()
        except (OSError, TimeoutError) as error:
            raise people.server.failed(f"{what}: {error!r}") from None
        if outcome.refused:
            self.refusals.append(
                f"{people.server.name}, {what}: {outcome.refused} answers were not 2xx, the first:"
                f"\n{outcome.refusal}"
            )
        return outcome

    def _keep(self, title: str, connections: int, people: Population, outcome: Outcome) -> None:
        self.outcomes.setdefault((title, connections, people.server.name), []).append(outcome)


def lost_buys(people: Population) -> int:
    """Acknowledged buys that the holdings do not contain; negative when they contain more."""
    wanted = [Decimal(BUY["quantity"]) * bought for bought in people.bought]
    missing = sum(wanted, Decimal(0)) - sum(people.held(), Decimal(0))
    return round(missing / Decimal(BUY["quantity"]))


def fsync_ms(directory: Path) -> float:
    """Median time to make one 8 KiB page in `directory` durable: the floor of a durable write."""
    times = []
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        for _ in range(200):
            started_at = perf_counter()
            file.seek(0)
            file.write(bytes(8192))
            os.fsync(file.fileno())
            times.append(perf_counter() - started_at)
    return median(times) * 1000


def print_table(outcomes: dict[tuple[str, int, str], list[Outcome]], names: Sequence[str]) -> None:
    compared = {"usual", "plimsoll"} <= set(names)
    heads = "".join(f" | {name:>9} /s  p50 ms  p99 ms" for name in names)
    print(f"{'':<24}{'conn':>5}{heads}{' |  × /s   × p50' if compared else ''}")
    for title, connections in dict.fromkeys(key[:2] for key in outcomes):
        line = f"{title:<24}{connections:>5}"
        figures = {}
        for name in names:
            rounds = outcomes.get((title, connections, name))
            if rounds is None:
                line += f" | {'–':>12}{'–':>8}{'–':>8}"
                continue
            rate, p50, p99 = (
                median(one.per_second for one in rounds),
                median(one.p50_ms for one in rounds),
                median(one.p99_ms for one in rounds),
            )
            figures[name] = (rate, p50)
            line += f" | {rate:>12,.0f}{p50:>8.2f}{p99:>8.2f}"
        if compared:
            ours, usual = figures["plimsoll"], figures["usual"]
            line += f" | {ours[0] / usual[0]:>5.1f}  {ours[1] / usual[1]:>6.2f}"
        print(line)


def compare(options: argparse.Namespace, bench: Bench, directory: Path) -> bool:
    """Start, measure and print; whether every answer was 2xx and no buy of Plimsoll's was lost."""
    cells = [cell for cell in CELLS if options.only in {None, cell.route}]
    with ExitStack() as stack:
        towns = [
            bench.populate(stack.enter_context(started(name, directory)))
            for name in options.servers
        ]
        for number in range(options.rounds):
            turn = number % len(towns)
            for cell in cells:
                for people in towns[turn:] + towns[:turn]:
                    bench.measure(cell, people)
            if options.only in {None, BESIDE}:
                for people in towns[turn:] + towns[:turn]:
                    bench.measure_beside_logins(people)
            print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)
        print_table(bench.outcomes, options.servers)
        print(f"fsync of one page in {directory}: {fsync_ms(directory):.2f} ms (median of 200)")
        whole = True
        for people in towns:
            if people.server.name != "echo":
                lost = lost_buys(people)
                print(f"{people.server.name}: {sum(people.bought)} buys acknowledged, {lost} lost")
                whole = whole and (lost == 0 or people.server.name != "plimsoll")
    for refusal in bench.refusals:
        print(refusal, file=sys.stderr)
    return whole and not bench.refusals


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds: a glance, not a figure")
    parser.add_argument("--only", choices=ROUTES, help="one route")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds (default 3)")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each timed measurement")
    parser.add_argument(
        "--servers",
        type=lambda text: tuple(text.split(",")),
        default=NAMES,
        help=f"some of {','.join(NAMES)}",
    )
    options = parser.parse_args()
    if unknown := set(options.servers) - set(NAMES):
        parser.error(f"no such server: {', '.join(sorted(unknown))}")
    seconds = 0.3 if options.quick else options.seconds
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} CPUs")
    with (
        tempfile.TemporaryDirectory(prefix="plimsoll-bench-") as directory,
        ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool,
    ):
        try:
            whole = compare(options, Bench(pool, seconds=seconds), Path(directory))
        except ServerFailed as failure:
            print(failure, file=sys.stderr)
            return 1
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
