"""The contracts of `pyproject.toml` can fail: each finds what was planted against it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

PLANTED = {
    "Who may know whom": ("utils.py", ""),
    "Every slice has the same floors": ("access/helpers.py", ""),
    "Domain and kernel do no I/O and know no framework": ("ledger/domain/holdings.py", "socket"),
    "A slice is entered by its service, events or domain": (
        "portfolio/service/summaries.py",
        "plimsoll.ledger.storage.heads",
    ),
    "Only the application mounts routers": (
        "operations/schemas/health.py",
        "plimsoll.ledger.router.ledger",
    ),
    "Guards are asked at the door: by routers, channels and the application": (
        "portfolio/schemas/summary.py",
        "plimsoll.access.guards",
    ),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy of the source with everything planted in it."""
    copy = tmp_path_factory.mktemp("planted")
    ignored = shutil.ignore_patterns("__pycache__", "*.csv")
    shutil.copytree(PROJECT / "src" / "plimsoll", copy / "plimsoll", ignore=ignored)
    shutil.copy(PROJECT / "pyproject.toml", copy)
    for path, imported in PLANTED.values():
        with (copy / "plimsoll" / path).open("a") as file:
            file.write(f"\nimport {imported}\n" if imported else "")
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(  # noqa: S603 - our own tool on our own copy
        [lint, "--no-logo", "--no-cache"], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    return done.stdout


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_import_breaks_the_contract(verdicts: str, contract: str) -> None:
    assert f"{contract} BROKEN" in verdicts


def test_every_contract_is_proved(verdicts: str) -> None:
    assert f"Contracts: 0 kept, {len(PLANTED)} broken." in verdicts
