"""Whatever is sent, the service answers or hangs up, and is as well afterwards as before."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.malformed.run import SHARES, Onslaught

INPUTS = 1_200
"""A hundred thousand with `python -m tests.journeys.malformed`."""


@pytest.mark.xdist_group("malformed")
@pytest.mark.timeout(240)
async def test_nothing_that_is_sent_fails_or_tires_the_service(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    figures = await Onslaught(tmp_path / "desk", seed=7, lines=4).run(INPUTS)

    record_property("malformed", str(figures))
    assert figures.inputs.keys() >= SHARES.keys() | {"uploads"}
    assert figures.inputs.total() >= 0.9 * INPUTS
    assert figures.faults == []
    assert (figures.stacks, figures.leaks) == ([], [])
    assert figures.alive
    assert max(figures.probes_s) < 1
    assert figures.more_descriptors <= 20, figures.descriptors
    # It is still warming up: how flat it is later the full size tells.
    assert figures.memory[-1][1] < 1.3 * figures.memory[0][1], figures.memory
