"""A few seeds of the worlds that `make simulate` runs by the thousand."""

import os
import subprocess
import sys
from itertools import islice

import pytest

from plimsoll.trading.domain.commands import OpenAccount
from tests.trading.simulation import prove, simulate
from tests.trading.worlds import World


@pytest.mark.parametrize("seed", range(1, 9))
def test_whatever_happens_what_must_hold_holds(seed: int) -> None:
    outcome = simulate(seed, 500, digest_every=5)
    assert not outcome.failure, outcome.failure
    assert outcome.done >= 500


def test_the_same_seed_makes_the_same_life() -> None:
    one, two = simulate(11, 400), prove(11, 400)
    assert (one.chain, one.digest, one.faults) == (two.chain, two.digest, two.faults)
    assert one.script
    assert not two.script


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


def test_worlds_begin_alike_and_go_on_differently() -> None:
    def begun(seed: int) -> list[object]:
        world = World(seed)
        return [world.machine.apply(each) for each in islice(world.commands(), 60)]

    assert begun(1) == begun(1)
    assert begun(1) != begun(2)


def test_worlds_are_small_and_large() -> None:
    sizes = [
        sum(isinstance(each, OpenAccount) for each in islice(World(seed).commands(), 230))
        for seed in range(1, 40)
    ]
    assert min(sizes) == 2
    assert 40 < max(sizes) <= 50
