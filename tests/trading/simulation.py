"""Random worlds (worlds.py); after every command everything that must always hold is checked.

A refused command must not have changed the state, and the same commands again must make the same
events and state. A seed that fails is told with its shortest failing prefix:

    python -m tests.trading.simulation --seeds 1000 --commands 2000 [--first 1] [--processes 2]
"""

import argparse
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from plimsoll.trading.domain.commands import (
    AmendOrder,
    Command,
    PassTime,
    SetIndex,
)
from plimsoll.trading.domain.digest import START, chain, state_digest
from plimsoll.trading.domain.events import Event, Refused
from plimsoll.trading.domain.invariants import check, overdue
from plimsoll.trading.domain.machine import Machine
from tests.trading.worlds import World


@dataclass(slots=True)
class Outcome:
    """Of one seed. `failure` is empty when all went well."""

    seed: int
    done: int = 0
    chain: str = START
    digest: str = ""
    failure: str = ""
    events: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    journal: list[Command] = field(default_factory=list)


def is_refused(events: list[Event]) -> bool:
    return bool(events) and isinstance(events[0], Refused)


def all_is_well(machine: Machine) -> list[str]:
    return check(machine.venue)


def simulate(
    seed: int,
    commands: int,
    *,
    digest_every: int = 25,
    checked: Callable[[Machine], list[str]] = all_is_well,
) -> Outcome:
    """Run a world and check it after every command. The digest before a command is compared with
    the one after a refusal for one command in `digest_every`, and for all that amend.
    """
    world = World(seed)
    outcome = Outcome(seed)
    venue = world.machine.venue
    for number, command in enumerate(world.commands()):
        if number == commands:
            break
        outcome.journal.append(command)
        wanted = number % digest_every == 0 or isinstance(command, AmendOrder)
        before = state_digest(venue) if wanted else ""
        try:
            events = world.machine.apply(command)
            faults = checked(world.machine)
            if isinstance(command, SetIndex | PassTime) and not is_refused(events):
                faults += overdue(venue)
        except Exception:  # noqa: BLE001 -- whatever it is, the seed has found it
            outcome.failure = traceback.format_exc()
            return outcome
        if is_refused(events) and before and before != state_digest(venue):
            faults.append("a refused command changed the state")
        if faults:
            outcome.failure = "\n".join(faults) + "\n" + "\n".join(map(str, events))
            return outcome
        outcome.chain = chain(outcome.chain, events)
        _count(outcome, events)
        outcome.done += 1
    outcome.digest = state_digest(venue)
    return outcome


def _count(outcome: Outcome, events: list[Event]) -> None:
    for event in events:
        outcome.events[type(event).__name__] += 1
        if isinstance(event, Refused):
            outcome.refusals[event.code] += 1


def replay(journal: Sequence[Command]) -> tuple[str, str]:
    """Chain and digest of the same commands in a new machine."""
    machine = Machine()
    state = START
    for command in journal:
        state = chain(state, machine.apply(command))
    return state, state_digest(machine.venue)


def prove(seed: int, commands: int) -> Outcome:
    """Simulate, and again from the journal, which is given back only when something failed."""
    outcome = simulate(seed, commands)
    if not outcome.failure:
        if replay(outcome.journal) != (outcome.chain, outcome.digest):
            outcome.failure = "the same commands made something else the second time"
        else:
            outcome.journal.clear()
    return outcome


def report(outcome: Outcome, last: int = 30) -> str:
    """The shortest failing prefix: the world is checked after every command, so the first failure
    is at its last one. Of a long one the end is shown, and how to have it again.
    """
    count = len(outcome.journal)
    again = f"--first {outcome.seed} --seeds 1 --commands {count}"
    lines = [f"seed {outcome.seed} fails after {count} commands; to have it again: {again}"]
    lines += [f"  {each}" for each in outcome.journal[-last:]]
    return "\n".join([*lines, outcome.failure])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--commands", type=int, default=2_000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    events, refusals, failed = Counter[str](), Counter[str](), 0
    with ProcessPoolExecutor(asked.processes) as pool:
        for outcome in pool.map(partial(prove, commands=asked.commands), seeds):
            events += outcome.events
            refusals += outcome.refusals
            if outcome.failure:
                failed += 1
                sys.stdout.write(report(outcome) + "\n")
    for title, counts in (("events", events), ("refusals", refusals)):
        sys.stdout.write(f"{title}: {dict(counts.most_common())}\n")
    sys.stdout.write(f"{len(seeds)} seeds of {asked.commands} commands, {failed} failed\n")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
