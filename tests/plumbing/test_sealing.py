"""Sealed secrets: opened by the same key for the same purpose, and by nothing else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.plumbing.sealing import SealBroken, Sealer, UnusableSealingKey


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@given(secret=st.binary(max_size=200), of=st.text(max_size=50))
def test_what_was_sealed_opens_for_what_it_belongs_to(
    directory: Path, secret: bytes, of: str
) -> None:
    sealer = Sealer(directory)

    assert sealer.open(sealer.seal(secret, of=of), of=of) == secret


def test_another_process_opens_it(directory: Path) -> None:
    sealed = Sealer(directory).seal(b"secret", of="key:1")

    assert Sealer(directory).open(sealed, of="key:1") == b"secret"


def test_moved_to_another_row_it_does_not_open(directory: Path) -> None:
    sealer = Sealer(directory)

    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(b"secret", of="key:1"), of="key:2")


@given(at=st.integers(0, 38), flip=st.integers(1, 255))
def test_any_changed_byte_is_noticed(directory: Path, at: int, flip: int) -> None:
    sealer = Sealer(directory)
    sealed = bytearray(sealer.seal(b"secret", of="key:1"))
    assert len(sealed) == 39
    sealed[at] ^= flip

    with pytest.raises(SealBroken):
        sealer.open(bytes(sealed), of="key:1")


def test_without_its_key_nothing_opens(directory: Path, tmp_path: Path) -> None:
    with pytest.raises(SealBroken):
        Sealer(tmp_path).open(Sealer(directory).seal(b"secret", of="key:1"), of="key:1")


def test_a_key_that_others_may_read_stops_the_start(tmp_path: Path) -> None:
    Sealer(tmp_path)
    (path,) = tmp_path.glob("*.seal")
    path.chmod(0o644)

    with pytest.raises(UnusableSealingKey):
        Sealer(tmp_path)


def test_a_second_newer_key_seals_and_the_first_still_opens(tmp_path: Path) -> None:
    first = Sealer(tmp_path)
    sealed = first.seal(b"secret", of="key:1")
    newer = tmp_path / f"{'f' * 32}.seal"
    newer.write_bytes(bytes(32))
    newer.chmod(0o600)
    both = Sealer(tmp_path)

    assert both.open(sealed, of="key:1") == b"secret"
    assert first.open(both.seal(b"new", of="key:1"), of="key:1") == b"new"
