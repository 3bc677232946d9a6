"""Signing keys: private files, shared by processes, changed without signing anyone out."""

import os
import time
from pathlib import Path
from uuid import uuid4

import pytest

from plimsoll.access.service import signing
from plimsoll.access.service.signing import SigningKeys, UnusableKey
from plimsoll.access.service.tokens import BadToken, Tokens
from plimsoll.kernel.identifiers import SessionId, UserId


def issue(keys: SigningKeys) -> str:
    tokens = Tokens(keys, lifetime_s=900)
    return tokens.for_session(UserId(uuid4()), SessionId(uuid4()), now_s=time.time())


def reads(keys: SigningKeys, token: str) -> bool:
    try:
        Tokens(keys, lifetime_s=900).read(token, now_s=time.time())
    except BadToken:
        return False
    return True


def test_the_first_start_makes_a_key_only_its_owner_can_read(tmp_path: Path) -> None:
    SigningKeys(tmp_path / "keys")
    (file,) = (tmp_path / "keys").iterdir()
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_second_start_uses_the_same_key(tmp_path: Path) -> None:
    token = issue(SigningKeys(tmp_path / "keys"))
    assert reads(SigningKeys(tmp_path / "keys"), token)
    assert not reads(SigningKeys(tmp_path / "other"), token)


def test_a_rotation_signs_nobody_out_and_other_processes_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "RESCAN_EVERY_S", 0.0)
    one, two = SigningKeys(tmp_path / "keys"), SigningKeys(tmp_path / "keys")
    before = issue(one)

    one.rotate(token_lifetime_s=900)
    after = issue(one)

    assert all(reads(keys, token) for keys in (one, two) for token in (before, after))


def test_a_key_that_can_have_no_living_token_is_removed(tmp_path: Path) -> None:
    keys = SigningKeys(tmp_path / "keys")
    first = keys.newest.kid
    second = keys.rotate(token_lifetime_s=900)
    assert keys.find(first) is not None  # its tokens may still live

    time.sleep(0.01)
    third = keys.rotate(token_lifetime_s=0.001)

    assert {path.stem for path in (tmp_path / "keys").iterdir()} == {second, third}


def test_the_last_key_signs_even_when_many_are_made_in_one_millisecond(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    keys = SigningKeys(tmp_path / "keys")
    for _ in range(50):
        assert keys.rotate(token_lifetime_s=900) == keys.newest.kid


def test_an_unknown_name_makes_us_look_once_a_second_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = SigningKeys(tmp_path / "keys")
    looks = []
    monkeypatch.setattr(keys, "_scan", lambda: looks.append(1))
    for _ in range(1000):
        assert keys.find(uuid4().hex) is None
    assert len(looks) == 0


@pytest.mark.parametrize("damage", ["open", "nonsense"])
def test_a_key_that_cannot_be_trusted_stops_the_start(tmp_path: Path, damage: str) -> None:
    SigningKeys(tmp_path / "keys")
    (file,) = (tmp_path / "keys").iterdir()
    if damage == "open":
        file.chmod(0o640)
    else:
        file.write_bytes(b"nonsense")
    with pytest.raises(UnusableKey):
        SigningKeys(tmp_path / "keys")
