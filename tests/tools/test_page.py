"""The page is built when it is missing or old, and only then; and by a Node that is new enough."""

import os
from pathlib import Path

import pytest

from tools import page


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small ui/ and where its page would be, which is not built."""
    folder = tmp_path / "ui"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.tsx").write_text("start();")
    built = tmp_path / "static"
    monkeypatch.setattr(page, "SOURCES", folder)
    monkeypatch.setattr(page, "BUILT", built)
    monkeypatch.setattr(page, "STAMP", built / ".built-from")
    return folder


def pretend_to_build() -> None:
    page.BUILT.mkdir(exist_ok=True)
    (page.BUILT / "index.html").write_text("<!doctype html>")
    page.STAMP.write_text(page.digest_sources())


def test_a_page_is_old_when_a_source_has_changed(sources: Path) -> None:
    assert not page.is_current()
    pretend_to_build()
    assert page.is_current()
    (sources / "src" / "main.tsx").write_text("start(1);")
    assert not page.is_current()
    pretend_to_build()
    (sources / "src" / "main.tsx").rename(sources / "src" / "start.tsx")
    assert not page.is_current()


def test_neither_a_checkout_nor_what_is_installed_makes_it_old(sources: Path) -> None:
    pretend_to_build()
    os.utime(sources / "src" / "main.tsx")
    for name in ("node_modules", "tests"):
        (sources / name).mkdir()
        (sources / name / "any.js").write_text("1")
    assert page.is_current()


def test_half_a_build_is_none(sources: Path) -> None:
    pretend_to_build()
    (page.BUILT / "index.html").unlink()
    assert not page.is_current()
    pretend_to_build()
    page.STAMP.unlink()
    assert not page.is_current()


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        ("v18.20.8", False),
        ("v20.18.3", False),
        ("v20.19.0", True),
        ("v21.7.0", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v24.19.0", True),
        ("not found", False),
    ],
)
def test_a_node_is_taken_when_it_is_new_enough(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, fits: bool
) -> None:
    for name in ("node", "npm"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho '{version}'\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path / "none"))
    assert page.find_node() == (tmp_path if fits else None)


def test_without_a_node_or_a_place_for_one_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(page.CannotBuild, match=r"Node 20\.19"):
        page.get_node()
