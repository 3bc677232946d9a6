"""API keys as text, and where they may be used from."""

import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.access.domain.keys import (
    NotANetwork,
    admits,
    hash_secret,
    parse_networks,
    read_key,
    write_key,
)
from plimsoll.kernel.identifiers import KeyId

ids = st.uuids().map(KeyId)
secrets = st.binary(min_size=32, max_size=32)


def test_a_key_in_full() -> None:
    text = write_key(KeyId(UUID(int=0)), bytes(32))
    assert text.startswith(f"plim_{'0' * 32}_{'a' * 52}")
    assert hash_secret(bytes(32)) == hashlib.sha256(b"a" * 52).digest()


@given(ids, secrets)
def test_a_key_is_read_as_it_was_written(key_id: KeyId, secret: bytes) -> None:
    presented = read_key(write_key(key_id, secret))
    assert presented is not None
    assert (presented.id, presented.secret_hash) == (key_id, hash_secret(secret))


@given(ids, secrets, st.data())
def test_one_wrong_character_is_noticed(key_id: KeyId, secret: bytes, data: st.DataObject) -> None:
    text = write_key(key_id, secret)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters().filter(lambda character: character != text[place]))
    assert read_key(text[:place] + other + text[place + 1 :]) is None


@given(st.text())
def test_text_that_is_no_key_is_none(text: str) -> None:
    assert read_key(text) is None
    assert read_key("plim_" + text) is None


@pytest.mark.parametrize(
    ("networks", "address", "inside"),
    [
        ([], "192.0.2.1", True),
        ([], None, True),
        (["192.0.2.0/24"], "192.0.2.255", True),
        (["192.0.2.0/24"], "192.0.3.0", False),
        (["192.0.2.7"], "192.0.2.7", True),
        (["192.0.2.7"], "::ffff:192.0.2.7", True),
        (["2001:db8::/32"], "2001:db8::1", True),
        (["2001:db8::/32"], "192.0.2.1", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["0.0.0.0/0"], None, False),
        (["0.0.0.0/0"], "testclient", False),
        (["198.51.100.1", "192.0.2.0/31"], "192.0.2.1", True),
    ],
)
def test_addresses_are_judged_by_the_networks(
    networks: list[str],
    address: str | None,
    inside: bool,  # noqa: FBT001 - the judgement
) -> None:
    assert admits(parse_networks(networks), address) is inside


@pytest.mark.parametrize("text", ["", "localhost", "300.1.1.1", "192.0.2.0/33", "::/129", "1"])
def test_what_is_no_network_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(NotANetwork) as refusal:
        parse_networks(["192.0.2.1", text])
    assert refusal.value.faults[0].pointer == "#/networks/1"
