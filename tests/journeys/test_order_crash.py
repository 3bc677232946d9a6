"""Whatever is killed and whenever: no acknowledged order is lost, none is doubled."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.order_crash import OrderCrash

KILLS = 10
"""More with `python -m tests.journeys.order_crash`."""


@pytest.mark.xdist_group("order-crash")
@pytest.mark.timeout(300)
async def test_10_kills_lose_no_order_and_double_none(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    figures = await OrderCrash(tmp_path / "desk", seed=1).run(KILLS)

    record_property("crash", str(figures))
    assert figures.acknowledged > 20 * KILLS
    assert figures.repeated > 0
    assert figures.asked_again > 0
    assert (figures.lost, figures.doubled, figures.changed) == ([], [], [])
    assert figures.refused_placed == []
    assert figures.surprises == []
    proved = figures.verified.splitlines()
    assert len(proved) >= 10
    assert all(line.startswith("ok ") for line in proved), proved
    assert figures.orphans == []
