"""A few seeds of the worlds that `make simulate` runs by the thousand."""

import os
import subprocess
import sys
from itertools import islice

import pytest

from plimsoll.trading.domain.invariants import check
from plimsoll.trading.domain.machine import Machine
from tests.trading.simulation import prove, replay, report, simulate
from tests.trading.worlds import World


@pytest.mark.parametrize("seed", range(1, 7))
def test_whatever_happens_what_must_hold_holds(seed: int) -> None:
    outcome = simulate(seed, 500, digest_every=5)
    assert not outcome.failure, report(outcome)
    assert outcome.done == 500


def test_the_same_commands_make_the_same_events_and_the_same_state() -> None:
    outcome = simulate(11, 400)
    assert replay(outcome.journal) == (outcome.chain, outcome.digest)
    assert prove(11, 400).chain == outcome.chain


HASHES = """
from tests.trading.simulation import simulate
outcome = simulate(12, 400)
print(outcome.chain, outcome.digest, outcome.failure)
"""


def test_nothing_depends_on_the_hash_seed_of_the_process() -> None:
    answers = {
        subprocess.run(  # noqa: S603 -- our own interpreter and program
            [sys.executable, "-c", HASHES],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1


def test_a_failing_world_is_told_with_the_commands_that_lead_to_it() -> None:
    def broken(machine: Machine) -> list[str]:
        return check(machine.venue) + ["broken"] * (machine.venue.seq == 40)

    outcome = simulate(1, 100, checked=broken)
    assert len(outcome.journal) == 40
    assert report(outcome).startswith("seed 1 fails after 40 commands")
    assert "broken" in report(outcome)


def test_worlds_begin_alike_and_go_on_differently() -> None:
    def begun(seed: int) -> list[object]:
        world = World(seed)
        return [world.machine.apply(each) for each in islice(world.commands(), 60)]

    assert begun(1) == begun(1)
    assert begun(1) != begun(2)
