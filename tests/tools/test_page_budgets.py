"""The page is weighed as a browser loads it, and what cannot be found is not light."""

import gzip
import random
from pathlib import Path

import pytest

from tools import page_budgets

INDEX = """<link rel="icon" href="./assets/plimsoll.svg">
<script type="module" crossorigin src="./assets/index-C7dPq-9z.js"></script>
<link rel="modulepreload" crossorigin href="./assets/shared-B0aZx_11.js">
<link rel="stylesheet" crossorigin href="./assets/index-DQx1_aB3.css">
"""


def noise(size: int) -> bytes:
    """What no packer makes smaller."""
    return random.Random(size).randbytes(size)  # noqa: S311 - no secret


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(INDEX)
    for name, size in (
        ("index-C7dPq-9z.js", 100_000),
        ("shared-B0aZx_11.js", 50_000),
        ("later-AAAA1111.js", 500_000),
        ("chart-BBBB2222.js", 60_000),
        ("index-DQx1_aB3.css", 20_000),
    ):
        (tmp_path / "assets" / name).write_bytes(noise(size))
    return tmp_path


def verdicts(folder: Path) -> list[str]:
    return [cost.verdict for cost in page_budgets.costs(folder)]


def test_what_the_page_loads_first_is_weighed_packed(folder: Path) -> None:
    scripts, chart, styles = page_budgets.costs(folder)
    packed = [len(gzip.compress(noise(size), 6, mtime=0)) for size in (100_000, 50_000)]
    assert (scripts.size, scripts.files) == (sum(packed), 2)
    assert (chart.files, styles.files) == (1, 1)
    assert verdicts(folder) == ["", "", ""]


def test_a_preloaded_script_counts_as_one_of_the_first(folder: Path) -> None:
    (folder / "assets" / "shared-B0aZx_11.js").write_bytes(noise(61_000))
    assert verdicts(folder) == ["OVER", "", ""]


def test_what_has_another_name_now_is_told(folder: Path) -> None:
    chart = folder / "assets" / "chart-BBBB2222.js"
    chart.rename(chart.with_name("canvas-BBBB2222.js"))
    assert verdicts(folder) == ["", "NOT FOUND", ""]


def test_over_budget_is_a_failure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_budgets, "BUILT", folder)
    assert page_budgets.main() == 0
    (folder / "assets" / "index-DQx1_aB3.css").write_bytes(noise(26_000))
    assert page_budgets.main() == 1
    (folder / "index.html").unlink()
    assert page_budgets.main() == 1
