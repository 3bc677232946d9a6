"""The audit of dependencies: a fault ends it, silence is not health."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools.dependency_audit import main

LOCK = Path("requirements.lock")
SOUND = {"name": "sound", "version": "1", "vulns": []}
FAULTY = {
    "name": "faulty",
    "version": "2",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"], "aliases": [], "description": ""}],
}
UNKNOWN = {"name": "unknown", "skip_reason": "not found"}


def run(*dependencies: dict[str, Any]) -> int:
    return main(LOCK, lambda _: json.dumps({"dependencies": dependencies, "fixes": []}))


def test_what_has_no_fault_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(SOUND) == 0
    assert capsys.readouterr().out == "1 checked, 0 faults\n"


def test_a_fault_is_named_with_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(SOUND, FAULTY, UNKNOWN) == 1
    said = capsys.readouterr().out
    assert "FAULT faulty 2: PYSEC-1, fixed in 3\n" in said
    assert "2 checked, 1 faults\nNOT CHECKED: unknown\n" in said


@pytest.mark.parametrize("report", ["", "Traceback", "{}", "[]", '{"dependencies": []}'])
def test_where_nobody_answers_it_says_so_and_goes_on(
    capsys: pytest.CaptureFixture[str], report: str
) -> None:
    assert main(LOCK, lambda _: report) == 0
    assert capsys.readouterr().out.startswith("NOT CHECKED: ")


def test_a_lock_that_nobody_knows_anything_of_is_not_called_sound(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(UNKNOWN, UNKNOWN | {"name": "other"}) == 0
    assert "checked, " not in capsys.readouterr().out.replace("NOT CHECKED", "")
