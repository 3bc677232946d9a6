"""Random worlds (worlds.py) through lives of faults (lives.py), checked after every command.

    python -m tests.trading.simulation --seeds 1000 --commands 2000 [--first 1] [--processes 2]

A seed that fails is told with the shortest script that was found to fail the same way, and written
to a file:

    python -m tests.trading.simulation --again FILE
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from plimsoll.trading.domain.commands import AmendOrder, CancelOrder, Command, PlaceOrder
from plimsoll.trading.domain.digest import START, chain, state_digest
from plimsoll.trading.domain.events import Refused
from plimsoll.trading.domain.machine import Machine
from tests.trading.lives import Deed, Fault, Key, Life, Turn, all_is_well
from tests.trading.shrinking import kind_of, lived, read, relive, shrink, told, write
from tests.trading.worlds import World

MOST: Final = 20
"""Commands in a batch."""
SHRINK_S: Final = 60
PROGRESS: Final = 50
"""Seeds."""


@dataclass(slots=True)
class Outcome:
    """Of one seed. `failure` is empty when all went well; `script` is then cleared by `prove`."""

    seed: int
    done: int = 0
    chain: str = START
    digest: str = ""
    failure: str = ""
    events: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    accounts: int = 0
    script: list[Turn] = field(default_factory=list)


@dataclass(slots=True)
class Crowd:
    """Who asks, and asks again: the deeds of a world as they come to the writer of a life."""

    world: World
    life: Life
    chance: random.Random
    queue: deque[Deed] = field(default_factory=deque)
    asked: int = 0
    beginning: int = 0
    """How many deeds make the world; nobody asks for them again, so until then all goes well."""

    def turns(self) -> Iterator[Turn]:
        """Without end; each has to be lived before the next. While the database is slow, more come
        in.
        """
        chance, drafts = self.chance, self.world.drafts()
        snapshot_every, last = chance.choice((30, 100, 400)), 0
        faulty = chance.choice((0.0, 0.05, 0.15))
        while True:
            self.world.machine = self.life.machine
            slow = chance.random() < 0.05
            for _ in range(chance.randrange(1, 60 if slow else 12)):
                self.queue.append(self._deed(next(drafts)))
            size = min(len(self.queue), chance.randrange(1, MOST + 1))
            deeds = tuple(self.queue.popleft() for _ in range(size))
            fault = None
            if len(self.life.database.rows) >= self.beginning and chance.random() < faulty:
                fault = chance.choice(tuple(Fault))
            due = self.life.machine.venue.seq - last >= snapshot_every
            if due:
                last = self.life.machine.venue.seq
            yield Turn(deeds, fault, snapshot=due or fault is Fault.DURING_SNAPSHOT)
            if fault is not None:
                self._ask_again()

    def _deed(self, draft: Callable[..., Command]) -> Deed:
        command = draft(seq=0, at_ms=self.world.at_ms)
        self.asked += 1
        if not self.world.begun:
            self.beginning = self.asked + 1
        if isinstance(command, PlaceOrder) and not command.client_id and self.chance.random() < 0.4:
            command = command._replace(client_id=f"mine-{self.asked}")
        target = None
        if isinstance(command, AmendOrder | CancelOrder):
            target = self.life.target(command.order)
        return Deed(Key(self.asked, 0), command, target)

    def _ask_again(self) -> None:
        """All connections are gone. Orders with a client id are sent again, or else it would not be
        known what became of them; others sometimes.
        """
        waiting = [*self.life.unanswered, *self.queue]
        self.queue.clear()
        for deed in waiting:
            order = deed.command
            if (isinstance(order, PlaceOrder) and order.client_id) or self.chance.random() < 0.3:
                self.queue.append(deed.again())


def simulate(
    seed: int,
    commands: int,
    *,
    digest_every: int = 25,
    checked: Callable[[Machine], list[str]] = all_is_well,
) -> Outcome:
    """A life in a world, until so many commands are in the journal or something is wrong."""
    life = Life(checked, digest_every)
    chance = random.Random(f"crowd {seed}")  # noqa: S311 -- the same life for the same seed
    outcome = Outcome(seed)
    for turn in Crowd(World(seed), life, chance).turns():
        outcome.script.append(turn)
        outcome.failure = lived(life, turn)
        if outcome.failure or len(life.database.rows) >= commands:
            break
    for row in life.database.rows:
        for event in row.events:
            outcome.events[type(event).__name__] += 1
            if isinstance(event, Refused):
                outcome.refusals[event.code] += 1
    outcome.done = len(life.database.rows)
    outcome.faults = life.faults
    outcome.chain = life.chain
    outcome.accounts = len(life.machine.venue.accounts)
    outcome.digest = state_digest(life.machine.venue)
    if not outcome.failure and outcome.digest != state_digest(life.follower.venue):
        outcome.failure = "the same commands made another state the second time"
    return outcome


def replay(journal: Sequence[Command]) -> tuple[str, str]:
    """Chain and digest of the same commands in a new machine."""
    machine = Machine()
    state = START
    for command in journal:
        state = chain(state, machine.apply(command))
    return state, state_digest(machine.venue)


def prove(seed: int, commands: int) -> Outcome:
    """Simulate; only a failure gives back its script, made short."""
    outcome = simulate(seed, commands)
    if outcome.failure:
        outcome.script = shortened(outcome)
    else:
        outcome.script.clear()
    return outcome


def shortened(
    outcome: Outcome,
    seconds: int = SHRINK_S,
    checked: Callable[[Machine], list[str]] = all_is_well,
) -> list[Turn]:
    """The script ends with the turn that failed; what is not needed for the same failure goes."""
    wanted = kind_of(outcome.failure)

    def fails(script: list[Turn]) -> bool:
        return kind_of(relive(script, Life(checked, digest_every=1))) == wanted

    return shrink(outcome.script, fails, seconds) if fails(outcome.script) else outcome.script


def report(outcome: Outcome, folder: Path | None = None) -> str:
    """What happened, all that leads to it, and how to have it again."""
    path = (folder or Path(tempfile.gettempdir())) / f"plimsoll-seed-{outcome.seed}.json"
    write(outcome.script, path)
    count = sum(len(turn.deeds) for turn in outcome.script)
    lines = [
        f"seed {outcome.seed} fails after {outcome.done} commands; these {count} lead to it",
        *told(outcome.script),
        outcome.failure,
        f"to have it again: python -m tests.trading.simulation --again {path}",
    ]
    return "\n".join(lines)


def run(seeds: range, *, commands: int, processes: int) -> int:
    """How many failed."""
    events, refusals, faults = Counter[str](), Counter[str](), Counter[str]()
    accounts, failed, start = list[int](), 0, time.monotonic()
    with ProcessPoolExecutor(processes) as pool:
        outcomes = pool.map(partial(prove, commands=commands), seeds)
        for number, outcome in enumerate(outcomes, 1):
            events += outcome.events
            refusals += outcome.refusals
            faults += outcome.faults
            accounts.append(outcome.accounts)
            if outcome.failure:
                failed += 1
                _say(report(outcome))
            if number % PROGRESS == 0:
                taken = time.monotonic() - start
                _say(f"{number} of {len(seeds)} seeds, {failed} failed, {taken:.0f} s")
    for title, counts in (("events", events), ("refusals", refusals), ("faults", faults)):
        _say(f"{title}: {dict(counts.most_common())}")
    taken = time.monotonic() - start
    _say(
        f"{len(seeds)} seeds of {commands} commands, {min(accounts)} to {max(accounts)} accounts, "
        f"{faults.total()} faults, {failed} failed, {taken:.0f} s"
    )
    return failed


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--commands", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--again", type=Path, help="a script that was written by a failing seed")
    asked = parser.parse_args()
    if asked.again:
        failure = relive(read(asked.again), Life(digest_every=1))
        _say(failure or "all is well")
        sys.exit(bool(failure))
    seeds = range(asked.first, asked.first + asked.seeds)
    sys.exit(bool(run(seeds, commands=asked.commands, processes=asked.processes)))


if __name__ == "__main__":
    main()
