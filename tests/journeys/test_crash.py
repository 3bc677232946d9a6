"""Whatever is killed and whenever: what was acknowledged is there, once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.crash import Crash

KILLS = 22
"""Of which 20 hit the service, 16 at work and 4 while it starts, and 2 its PostgreSQL."""


@pytest.mark.xdist_group("crash")
@pytest.mark.timeout(300)
async def test_20_kills_lose_nothing_and_double_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    figures = await Crash(tmp_path / "desk", seed=1).run(KILLS)

    record_property("crash", str(figures))
    assert figures.kills.total() == KILLS
    assert figures.acknowledged > 10 * KILLS
    assert figures.repeated > 0
    assert figures.unknown > 0
    assert (figures.lost, figures.doubled, figures.refused_recorded) == ([], [], [])
    assert figures.surprises == []
    assert figures.books_add_up
    assert figures.audit.startswith("intact")
    assert figures.orphans == []
