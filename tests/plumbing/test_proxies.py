"""Who is calling behind a proxy: told by those that were named, and by nobody else."""

from typing import Any

import pytest

from plimsoll.plumbing.proxies import Proxies, counted_as

TRUSTED = ("10.0.0.0/8", "192.0.2.1", "fd00::/8")


def resolved(
    peer: str | None, *headers: tuple[str, str], scheme: str = "http", trusted: Any = TRUSTED
) -> tuple[str | None, str]:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    client = (peer, 4711) if peer else None
    scope: dict[str, Any] = {"client": client, "scheme": scheme, "headers": raw}
    Proxies(trusted).resolve(scope)
    return (scope["client"][0] if scope["client"] else None), scope["scheme"]


FORWARDED = "x-forwarded-for"
PROTO = "x-forwarded-proto"


@pytest.mark.parametrize("peer", ["10.1.2.3", "192.0.2.1", "fd00::1", "::ffff:10.1.2.3"])
def test_a_network_is_trusted_as_a_whole(peer: str) -> None:
    told = resolved(peer, (FORWARDED, "6.6.6.6, 203.0.113.7, 10.9.9.9"), (PROTO, "https"))
    assert told == ("203.0.113.7", "https")


@pytest.mark.parametrize(
    "peer", ["11.0.0.1", "192.0.2.2", "fe80::1", "::ffff:11.0.0.1", "unix", ""]
)
def test_whoever_is_not_named_is_not_believed(peer: str) -> None:
    told = resolved(peer, (FORWARDED, "203.0.113.7"), (PROTO, "https"))
    assert told == (peer or None, "http")


def test_without_a_name_nobody_is() -> None:
    assert not Proxies(())
    assert resolved("10.0.0.1", (FORWARDED, "1.1.1.1"), trusted=()) == ("10.0.0.1", "http")


@pytest.mark.parametrize(
    ("said", "scheme"),
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("http, https", "https"),
        ("https, http", "http"),
        ("", "http"),
        ("ftp", "http"),
        ("https://evil.test", "http"),
        ("https,", "http"),
    ],
)
def test_of_the_scheme_the_last_word_counts(said: str, scheme: str) -> None:
    assert resolved("10.0.0.1", (PROTO, said)) == ("10.0.0.1", scheme)


def test_a_socket_over_tls_is_one() -> None:
    assert resolved("10.0.0.1", (PROTO, "https"), scheme="ws") == ("10.0.0.1", "wss")


@pytest.mark.parametrize("said", ["", "nonsense", "10.0.0.5", ",,", "1.2.3.4:80", "a" * 9_000])
def test_what_is_no_address_changes_nothing(said: str) -> None:
    assert resolved("10.0.0.1", (FORWARDED, said)) == ("10.0.0.1", "http")


def test_a_flood_of_addresses_is_not_remembered() -> None:
    proxies = Proxies(TRUSTED)
    for number in range(10_000):
        assert not proxies.trusts(f"203.0.113.{number}")
    assert len(proxies._remembered) <= 4_096
    assert proxies.trusts("10.0.0.1")


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("2001:DB8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_a_household_is_counted_as_one(address: str, counted: str) -> None:
    assert counted_as(address) == counted
