"""Two of the faults, short: `make faults` does all of them."""

import tempfile
from pathlib import Path

import pytest

from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from tests.faults import counting, postgresql
from tests.faults.overload import Pressed, back_after
from tests.faults.table import BETWEEN, HEAD, PAGE, table
from tests.faults.trial import Finding

SHORT_S = 3.0


@pytest.mark.xdist_group("faults")
async def test_a_postgresql_that_was_stopped_loses_nothing(tmp_path: Path) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="plimsoll-small-") as folder,
        EmbeddedPostgres.start(Path(folder) / "postgresql") as server,
    ):
        async with postgresql.standing_on(server, tmp_path) as desk:
            finding = await postgresql.stopped(desk, server, SHORT_S, each=1)
    assert finding.wrong == []
    assert finding.refused > 0
    assert finding.account.acknowledged > 10


@pytest.mark.xdist_group("faults")
async def test_limits_hold_while_who_counts_them_is_dead(tmp_path: Path) -> None:
    async with counting.counted(tmp_path) as (desk, valkey):
        finding = await counting.dead(desk, valkey, SHORT_S, each=1)
    assert finding.wrong == []
    assert finding.refused == 0
    assert finding.account.acknowledged > 10


def test_the_page_has_a_place_for_the_table_and_shows_what_was_wrong() -> None:
    assert BETWEEN.search(PAGE.read_text("utf-8"))
    text = table([Finding("a fault", wrong=["three lost"]), Finding("another", not_run="no root")])
    assert HEAD in text
    assert "WRONG: three lost" in text
    assert "NOT RUN: no root" in text


@pytest.mark.parametrize(("slow_until_s", "back_s"), [(0, 0.0), (3, 3.0), (10, None)])
def test_back_to_normal_is_the_first_second_after_the_last_bad_one(
    slow_until_s: int, back_s: float | None
) -> None:
    good = [(second + 0.5, 900.0 if second < slow_until_s else 9.0) for second in range(10)]
    calm = Pressed(1.0, 9.0, 0, 0.0, 0, {}, 0, good, 10, 0)
    assert back_after(calm, 100.0) == back_s
