"""How the rules find files and speak."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.source import Finding, Source, run


def everything(source: Source) -> Iterator[Finding]:
    yield Finding(2, "second")
    yield Finding(1, source.line(1))


def nothing(_source: Source) -> Iterator[Finding]:
    return iter(())


def test_findings_are_told_by_place_and_end_in_a_bad_exit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "deep" / "one.py"
    file.parent.mkdir()
    file.write_text("x = 1\ny = 2\n")

    assert run(everything, [tmp_path]) == 1
    assert capsys.readouterr().out == f"{file}:1: x = 1\n{file}:2: second\n"


def test_a_rule_that_holds_is_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.py").write_text("")

    assert run(nothing, [tmp_path]) == 0
    assert capsys.readouterr().out == ""


def test_a_place_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="is not there"):
        run(nothing, [tmp_path / "moved"])
