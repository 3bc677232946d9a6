"""What a user may have us call, in every spelling there is of what they may not."""

import ipaddress
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.plumbing.addresses import (
    PUBLIC_ONLY,
    AddressInvalid,
    AddressNotAllowed,
    AddressNotFound,
    Allowed,
    Resolve,
    Target,
    check,
    is_public,
)

PUBLIC = "93.184.216.34"
PUBLIC_V6 = "2606:4700:4700::1111"


def names(**known: Sequence[str]) -> Resolve:
    """A resolver that knows `name.example` for each keyword."""

    async def resolve(host: str) -> Sequence[str]:
        return known.get(host.removesuffix(".example"), ())

    return resolve


async def nobody_asks(host: str) -> Sequence[str]:
    raise AssertionError(f"{host} was looked up")


def checked(url: str, allowed: Allowed = PUBLIC_ONLY, resolve: Resolve = nobody_asks) -> Target:
    """What `check` finds with a resolver that never waits, so that no loop is needed."""
    try:
        check(url, allowed, resolve).send(None)
    except StopIteration as done:
        target: Target = done.value
        return target
    raise AssertionError("the resolver waited")


# Each is, to some parser, resolver or network, a machine that is not ours to offer.
NOT_PUBLIC = """
127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200
100.127.255.255 168.63.129.16 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1
192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255
198.51.100.7 203.0.113.7 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 [::] [::1]
[0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::ffff:127.0.0.1] [::ffff:7f00:1]
[::FFFF:10.0.0.1] [::ffff:a9fe:a9fe] [::ffff:0.0.0.0] [::127.0.0.1] [::7f00:1]
[::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::a9fe:a9fe]
[64:ff9b::10.0.0.1] [64:ff9b:1::7f00:1] [64:ff9b:1::5db8:d822] [2002:7f00:1::] [2002:a00:1::1]
[2002:a9fe:a9fe::] [2002:5db8:d822::1] [2001::1] [2001:0:4136:e378:8000:63bf:3fff:fdd2]
[2001:db8::1] [2001:10::1] [3fff::1] [fe80::1] [febf::1] [fec0::1] [fc00::1] [fd00:ec2::254]
[fdff::1] [ff02::1] [ff0e::1] [100::1] [5f00::1] [4000::1] [1000::1]
"""

MISSPELT = """
127.1 127.0.1 0 1 2130706433 017700000001 0x7f000001 0X7F000001 0x7f.1 0x7f.0.0.1 0x7F.0x0.0x0.0x1
0177.0.0.1 0177.1 127.0.0.01 127.000.000.001 00000127.0.0.1 127.0.0.0x1 127.0.0.1. 127.0.0.1..
2852039166 0xa9fea9fe 0251.0376.0251.0376 169.254.43518 10.1 3232235521 256.0.0.1 127.0.0.256
4294967296 1.2.3.4.5 0x 1.0x 93.184.216.034 .127.0.0.1 127..0.1 localhost. example.com. . .. a..b
.a -a.example a-.example a*b.example (a).example [::1 ::1] [] [[::1]] [::1%25eth0] [fe80::1%25lo]
[fe80::1%lo] [v1.a] [127.0.0.1] [::1]. [::1]a [::ffff:127.1] [::ffff:0x7f.0.0.1]
[::ffff:127.0.0.01] [1:2:3:4:5:6:7:8:9] ①②⑦.⓪.⓪.① １２７.０.０.１ 127。0。0。1 127．0．0．1
ⓛocalhost loc\u00adalhost lo\u200bcalhost ⑩.0.0.1 bücher.example pаypal.com ß.example
%31%32%37.0.0.1 127%2e0%2e0%2e1 localhost%00.example %6cocalhost a%0d%0ab ok@127.0.0.1
ok:pw@127.0.0.1
@127.0.0.1 93.184.216.34@127.0.0.1 127.0.0.1@93.184.216.34 good.example\\@127.0.0.1
127.0.0.1\\.good.example
good.example\\ good.example#@127.0.0.1 good.example:443@127.0.0.1 good.example;127.0.0.1
good.example,127.0.0.1 good.example|x good.example:80:443 good.example: good.example:0
good.example:0443 good.example:+443 good.example:4_43 good.example:65536 good.example:99999
good.example:443a good.example:４４３ good.example:-1 good.example:4294967739
"""


@pytest.mark.parametrize("host", NOT_PUBLIC.split())
def test_an_address_that_is_not_public_is_not_called(host: str) -> None:
    with pytest.raises(AddressNotAllowed) as refusal:
        checked(f"https://{host}/hook")
    assert refusal.value.facts["rule"] == "address"


@pytest.mark.parametrize("host", NOT_PUBLIC.split())
def test_a_name_for_what_is_not_public_is_not_called_and_its_address_not_told(host: str) -> None:
    address = host.strip("[]")
    with pytest.raises(AddressNotAllowed) as refusal:
        checked("https://hook.example/", resolve=names(hook=[PUBLIC, address]))
    assert refusal.value.facts == {"rule": "address", "host": "hook.example"}
    assert refusal.value.detail == "hook.example is not on the public internet"


@pytest.mark.parametrize("host", MISSPELT.split())
def test_a_host_that_parsers_read_differently_is_not_looked_up(host: str) -> None:
    with pytest.raises(AddressInvalid):
        checked(f"https://{host}/hook")


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("", "form"),
        ("hook.example", "form"),
        ("//hook.example/", "form"),
        ("/hook", "form"),
        ("https:hook.example", "form"),
        ("https:/hook.example", "form"),
        ("https:///hook.example", "host"),
        ("https://", "host"),
        ("https://hook.example/#part", "form"),
        ("https://hook.example/a\\b", "form"),
        ("https://hook.example/%zz", "form"),
        ("https://hook.example/<a>", "form"),
        ("https://user:secret@hook.example/", "credentials"),
        (" https://hook.example/", "characters"),
        ("https://hook.example/ ", "characters"),
        ("https://hook.example/a b", "characters"),
        ("ht\ttps://hook.example/", "characters"),
        ("https://hook\n.example/", "characters"),
        ("https://hook.example/\r\nHost:%20a", "characters"),
        ("https://hook.example/\x00", "characters"),
        ("https://hook.example/ü", "characters"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://127.0.0.1/", "scheme"),
        ("ftp://hook.example/", "scheme"),
        ("FTP://hook.example/", "scheme"),
        ("ws://hook.example/", "scheme"),
        ("data:text/html,hello", "form"),
        ("javascript:alert(1)", "form"),
        ("unix:///run/docker.sock", "scheme"),
        ("https+unix://hook.example/", "scheme"),
        ("https://hook.example/" + "a" * 2048, "length"),
        (f"https://{'a' * 64}.example/", "host"),
        (f"https://{'a.' * 127}example/", "host"),
    ],
)
def test_what_is_no_plain_web_address_is_refused_by_a_named_rule(url: str, rule: str) -> None:
    with pytest.raises(AddressInvalid) as refusal:
        checked(url)
    assert refusal.value.facts == {"rule": rule}
    assert "secret" not in refusal.value.detail


@pytest.mark.parametrize("port", [22, 25, 53, 80, 4222, 5432, 6379, 8080, 8222, 9200, 65535])
def test_only_the_ports_of_https_are_called(port: int) -> None:
    with pytest.raises(AddressNotAllowed) as refusal:
        checked(f"https://{PUBLIC}:{port}/")
    assert refusal.value.facts == {"rule": "port", "host": PUBLIC}


def test_plain_http_is_called_where_the_operator_takes_it() -> None:
    with pytest.raises(AddressNotAllowed) as refusal:
        checked(f"http://{PUBLIC}/")
    assert refusal.value.facts["rule"] == "scheme"

    plain = Allowed(plain_http=True)
    assert checked(f"http://{PUBLIC}/", plain).port == 80
    with pytest.raises(AddressNotAllowed):
        checked(f"https://{PUBLIC}:80/", plain)


def test_a_public_name_is_looked_up_once_and_its_addresses_kept() -> None:
    asked: list[str] = []

    async def rebinding(host: str) -> Sequence[str]:
        asked.append(host)
        return [PUBLIC, PUBLIC_V6, PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    target = checked("HTTPS://Hook.Example:443/a/b?c=%20d", resolve=rebinding)

    assert asked == ["hook.example"]
    assert target.addresses == (IPv4Address(PUBLIC), IPv6Address(PUBLIC_V6))
    assert (target.url, target.host) == ("https://hook.example/a/b?c=%20d", "hook.example")
    assert target.authority == "hook.example"
    assert [target.at(address) for address in target.addresses] == [
        f"https://{PUBLIC}/a/b?c=%20d",
        f"https://[{PUBLIC_V6}]/a/b?c=%20d",
    ]


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        (f"https://{PUBLIC}", f"https://{PUBLIC}/"),
        (f"https://{PUBLIC}?a=b", f"https://{PUBLIC}/?a=b"),
        (f"https://{PUBLIC}:8443/x", f"https://{PUBLIC}:8443/x"),
        (f"https://[{PUBLIC_V6.upper()}]/", f"https://[{PUBLIC_V6}]/"),
        ("https://[2606:4700:4700:0::1111]:8443/", f"https://[{PUBLIC_V6}]:8443/"),
    ],
)
def test_a_public_address_is_called_without_a_lookup(url: str, canonical: str) -> None:
    target = checked(url)
    assert target.url == canonical
    assert target.at(target.addresses[0]) == canonical


def test_a_name_in_its_ascii_form_is_a_name() -> None:
    async def resolve(host: str) -> Sequence[str]:
        assert host == "xn--bcher-kva.example"
        return [PUBLIC]

    assert checked("https://xn--bcher-kva.example/", resolve=resolve).addresses


@pytest.mark.parametrize(
    "form", [f"::ffff:{PUBLIC}", "::ffff:5db8:d822", f"64:ff9b::{PUBLIC}", "64:ff9b::5db8:d822"]
)
def test_a_public_address_is_public_in_the_forms_that_networks_use(form: str) -> None:
    assert is_public(ipaddress.ip_address(form))
    assert checked("https://hook.example/", resolve=names(hook=[form])).addresses


def test_an_unknown_name_is_told_so() -> None:
    with pytest.raises(AddressNotFound) as refusal:
        checked("https://nobody.example/", resolve=names())
    assert refusal.value.facts == {"host": "nobody.example"}


def test_a_target_is_shown_without_its_path_which_may_be_a_secret() -> None:
    assert "T0P" not in repr(checked(f"https://{PUBLIC}/services/T0P?key=T0P"))


def test_only_a_checked_address_can_be_put_in_the_place_of_the_host() -> None:
    with pytest.raises(AssertionError):
        checked(f"https://{PUBLIC}/").at(IPv4Address("127.0.0.1"))


# What the operator allows.


def test_an_allowed_network_may_be_called_and_its_neighbour_not() -> None:
    allowed = Allowed.parse(["10.1.0.0/16", "fd00:1::/32", "127.0.0.1"])

    for host in ("10.1.2.3", "[fd00:1::5]", "127.0.0.1", "[::ffff:10.1.2.3]"):
        assert checked(f"https://{host}/", allowed).addresses
    for host in ("10.2.0.1", "[fd00:2::5]", "127.0.0.2", "[64:ff9b::10.1.2.3]", "[::127.0.0.1]"):
        with pytest.raises(AddressNotAllowed):
            checked(f"https://{host}/", allowed)


def test_an_allowed_host_may_be_anywhere_and_its_neighbours_not() -> None:
    allowed = Allowed.parse(["Hook.Example"])
    resolve = names(hook=["10.0.0.1"], other=["10.0.0.1"], **{"a.hook": ["10.0.0.1"]})

    assert checked("https://HOOK.example/", allowed, resolve).addresses
    for host in ("other.example", "a.hook.example", "10.0.0.1"):
        with pytest.raises(AddressNotAllowed):
            checked(f"https://{host}/", allowed, resolve)


@pytest.mark.parametrize("nobody", ["0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "ff02::1"])  # noqa: S104 - refused
def test_what_is_nobodys_address_is_allowed_by_no_list(nobody: str) -> None:
    allowed = Allowed.parse(["0.0.0.0/0", "::/0", "hook.example"])
    with pytest.raises(AddressNotAllowed):
        checked("https://hook.example/", allowed, names(hook=[nobody]))


@pytest.mark.parametrize(
    "entry", ["", "10.0.0.1/8", "10.0.0.0/33", "*.example", "https://a.example", "127.1", "a b"]
)
def test_an_entry_that_is_neither_network_nor_host_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a network, an address nor a name"):
        Allowed.parse([entry])


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "//127.0.0.1/",
        "https://[::1]/",
        "//private.example/",
        "file:///etc/passwd",
        "\\\\127.0.0.1\\share",
        "//ok@127.0.0.1/",
    ],
)
def test_a_redirect_goes_through_the_same_check(location: str) -> None:
    resolve = names(hook=[PUBLIC], private=["10.0.0.1"])
    first = checked("https://hook.example/", resolve=resolve)
    with pytest.raises((AddressInvalid, AddressNotAllowed)):
        checked(urljoin(first.url, location), resolve=resolve)


# Laws.

PRIVATE_V4 = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16
198.18.0.0/15 224.0.0.0/3
"""
private_v4 = st.sampled_from(PRIVATE_V4.split()).flatmap(
    lambda network: st.ip_addresses(v=4, network=network).map(str).map(IPv4Address)
)


def in_parts(address: IPv4Address, count: int, form: str) -> str:
    """The first `count - 1` octets, and the rest as one number."""
    rest = int(address) & ((1 << 8 * (5 - count)) - 1)
    return ".".join(format(part, form) for part in (*address.packed[: count - 1], rest))


def hextets(address: IPv4Address) -> str:
    high, low = divmod(int(address), 1 << 16)
    return f"{high:x}:{low:x}"


SPELLINGS: tuple[Callable[[IPv4Address], str], ...] = (
    str,
    lambda a: in_parts(a, 1, "d"),
    lambda a: in_parts(a, 2, "d"),
    lambda a: in_parts(a, 3, "d"),
    lambda a: in_parts(a, 1, "#x"),
    lambda a: in_parts(a, 2, "#x"),
    lambda a: in_parts(a, 4, "#X"),
    lambda a: f"0{int(a):o}",
    lambda a: ".".join(f"0{octet:o}" for octet in a.packed),
    lambda a: ".".join(f"{octet:03d}" for octet in a.packed),
    lambda a: f"{a}.",
    lambda a: str(a).replace(".", "。"),
    lambda a: str(a).replace(".", "%2e"),
    lambda a: "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in str(a)),
    lambda a: f"[::ffff:{a}]",
    lambda a: f"[::FFFF:{hextets(a)}]",
    lambda a: f"[0:0:0:0:0:ffff:{hextets(a)}]",
    lambda a: f"[::{a}]",
    lambda a: f"[::ffff:0:{a}]",
    lambda a: f"[64:ff9b::{a}]",
    lambda a: f"[64:ff9b::{hextets(a)}]",
    lambda a: f"[64:ff9b:1::{hextets(a)}]",
    lambda a: f"[2002:{hextets(a)}::1]",
    lambda a: f"[2001:0:{hextets(a)}::1]",
    lambda a: f"ok@{a}",
    lambda a: f"{PUBLIC}\\@{a}",
)


@given(private_v4, st.sampled_from(SPELLINGS))
def test_a_private_address_is_refused_in_every_spelling(
    address: IPv4Address, spelling: Callable[[IPv4Address], str]
) -> None:
    with pytest.raises((AddressInvalid, AddressNotAllowed)):
        checked(f"https://{spelling(address)}/")


FORMS_OF_IPV4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))


@given(st.ip_addresses(v=6).map(str).map(IPv6Address))
def test_an_ipv6_address_is_public_only_where_they_are_given_out(address: IPv6Address) -> None:
    if any(address in forms for forms in FORMS_OF_IPV4):
        assert is_public(address) == is_public(IPv4Address(address.packed[-4:]))
    elif is_public(address):
        assert address in IPv6Network("2000::/3")
        assert not address.is_private
        assert address.sixtofour is None
        assert address.teredo is None


PIECES = (
    "https://", "http://", "hook.example", PUBLIC, "127.0.0.1", f"[{PUBLIC_V6}]", "[::1]", "@", ":",
    "/", "\\", "?", "#", "%", "%2f", "443", "8443", ".", "..", "\t", " ", "\u3002", "①", "a", "//",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
def test_what_is_accepted_every_parser_reads_alike(rest: str) -> None:
    url = f"https://{rest}"
    try:
        target = checked(url, resolve=names(hook=[PUBLIC]))
    except (AddressInvalid, AddressNotAllowed, AddressNotFound):
        return
    for reading in (url, target.url):
        assert urlsplit(reading).hostname == target.host
        assert (urlsplit(reading).port or 443) == target.port
        assert httpx2.URL(reading).host == target.host
    pinned = httpx2.URL(target.at(target.addresses[0]))
    assert ipaddress.ip_address(pinned.host) == target.addresses[0]
    assert (pinned.port or 443) == target.port


@given(st.text(max_size=60), st.sampled_from(["", "https://", f"https://{PUBLIC}/"]))
def test_any_text_is_an_address_or_is_refused(text: str, start: str) -> None:
    try:
        target = checked(start + text, resolve=names())
    except (AddressInvalid, AddressNotAllowed, AddressNotFound):
        return
    assert all(is_public(address) for address in target.addresses)
