"""The guard of every address that a user gives us to call, such as that of a webhook.

Whoever may name an address may otherwise make this machine call its own database, the network
around it, or the cloud's metadata. So a URL is read strictly, in the one spelling that every parser
reads alike; its host is resolved once; every address of the answer must be public or allowed by the
operator; and the connection goes to an address that was checked, never to the name again, for the
second answer may be another one (DNS rebinding):

    target = await check(url, allowed, resolve)
    request = client.build_request(
        "POST",
        target.at(target.addresses[0]),
        headers={"Host": target.authority},
        extensions={"sni_hostname": target.host},  # named in TLS, proven by the certificate
    )

The client follows no redirect, takes no proxy from the environment and keeps no connection: a pool
knows connections by address, and would use one that was proven for one name for another name there.
Where a redirect is wanted, its joined URL goes through `check` like the first one.

Errors repeat the host that was given and nothing else: not the URL, whose path and parameters are
often the secret, and not the addresses behind a name, which are the network's own affair.

Source of the ranges: IANA IPv4 and IPv6 Special-Purpose Address Registries. They stand here because
the tables of `ipaddress` differ by version: in 3.11 `is_global` holds for multicast, and for 6to4
and NAT64 forms of loopback.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self

from plimsoll.kernel.errors import Invalid, Unavailable

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name, as text, best first; none when there is no such name.

Raises AddressLookupFailed when that cannot be said now.
"""

_OWN_PORT: Final = {"https": 443, "http": 80}
_LONGEST_URL: Final = 2048
_LONGEST_HOST: Final = 253
_LOOKUP_S: Final = 5.0
_SAFE: Final = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})"
_URL: Final = re.compile(
    rf"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#\\]*)"
    rf"(?P<path>(?:/{_SAFE}*)?(?:\?(?:{_SAFE}|\?)*)?)"
)
_AUTHORITY: Final = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[1-9][0-9]{0,4}))?"
)
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")

_NOT_PUBLIC_V4: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # between a provider and its customers; some clouds' metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # public on paper; in Azure the host's own service of a machine
        "169.254.0.0/16",  # link-local; the metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # the former 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_V6: Final = IPv6Network("2000::/3")
"""All that is given out as global unicast; whatever lies outside is something else."""
_NOT_PUBLIC_V6: Final = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo with an IPv4 address inside among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside, and nobody's true home any more
        "3fff::/20",  # documentation
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
"""How an IPv6-only network reaches IPv4: the last 32 bits are where the packet goes."""
_NOBODY: Final = tuple(
    ip_network(text)
    for text in ("0.0.0.0/32", "224.0.0.0/4", "255.255.255.255/32", "::/128", "ff00::/8")
)
"""Not one machine's address, or (unspecified) this machine's by accident: allowed by no list."""


class AddressInvalid(Invalid):
    """Not a URL in the form that is taken; `facts["rule"]` names what it breaks."""

    code = "address-invalid"
    title = "This address is not valid"


class AddressNotAllowed(Invalid):
    """A URL that we do not call; `facts["rule"]` is scheme, port or address."""

    code = "address-not-allowed"
    title = "This address may not be called"


class AddressNotFound(Invalid):
    code = "address-not-found"
    title = "There is no host of this name"


class AddressLookupFailed(Unavailable):
    """The name could not be looked up now; later it may."""

    code = "address-lookup-failed"
    title = "The host's name cannot be looked up now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What the operator allows beyond https to public addresses on the ports of https.

    Addresses in `networks` may be called, and whatever is behind one of `hosts`, exactly as named.
    A scheme's own port needs no mention in `ports`.
    """

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset({8443})
    plain_http: bool = False

    @classmethod
    def parse(
        cls,
        entries: Iterable[str],
        *,
        ports: Iterable[int] = (8443,),
        plain_http: bool = False,
    ) -> Self:
        """Of entries such as `10.0.0.0/8`, `192.168.1.7`, `fd00::/8` and `hooks.internal`.

        Raises ValueError for an entry that is neither a network, an address nor a name.
        """
        networks, hosts = list[Network](), set[str]()
        for entry in entries:
            try:
                networks.append(ip_network(entry))
            except ValueError:
                hosts.add(_allowed_name(entry))
        return cls(
            networks=tuple(networks),
            hosts=frozenset(hosts),
            ports=frozenset(ports),
            plain_http=plain_http,
        )


PUBLIC_ONLY: Final = Allowed()


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be called, and the checked addresses it may be called at, best first."""

    url: str = field(repr=False)
    """In canonical form: scheme and host in lower case, no port where it is the scheme's own."""
    scheme: str
    host: str
    """Without brackets; what TLS names and the certificate must prove."""
    port: int
    path: str = field(repr=False)
    """With the query; as given."""
    addresses: tuple[Address, ...]

    @property
    def authority(self) -> str:
        """The value of the `Host` header."""
        return _authority(self.host, self.scheme, self.port)

    def at(self, address: Address) -> str:
        """The URL with `address`, one of the checked ones, in place of the host."""
        assert address in self.addresses, "only what was checked is called"
        return f"{self.scheme}://{_authority(str(address), self.scheme, self.port)}{self.path}"


async def check(url: str, allowed: Allowed, resolve: Resolve) -> Target:
    """Where `url` may be called; the host is asked for once, and not at all if it is an address.

    Raises AddressInvalid, AddressNotAllowed, AddressNotFound, and what `resolve` raises.
    """
    scheme, host, port, path = _read(url)
    if scheme not in ({"https", "http"} if allowed.plain_http else {"https"}):
        raise _not_allowed(host, "scheme", f"{scheme} is not taken here")
    if port != _OWN_PORT[scheme] and port not in allowed.ports:
        raise _not_allowed(host, "port", f"port {port} is not taken here")
    literal = _literal(host)
    answers = [literal] if literal else [ip_address(text) for text in await resolve(host)]
    if not answers:
        raise AddressNotFound(f"{host} is not known", facts={"host": host})
    addresses = tuple(dict.fromkeys(_plain(address) for address in answers))
    # One bad address among good ones refuses the name: who mixes them wants us to try.
    if not all(_may_call(address, host, allowed) for address in addresses):
        raise _not_allowed(host, "address", f"{host} is not on the public internet")
    canonical = f"{scheme}://{_authority(host, scheme, port)}{path}"
    return Target(canonical, scheme, host, port, path, addresses)


async def resolve_by_system(host: str) -> list[str]:
    """A `Resolve` that asks the system, its hosts file included, for at most 5 s."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_LOOKUP_S):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_NAME:
            return []
        raise _lookup_failed(host) from error
    except (OSError, UnicodeError) as error:  # TimeoutError is an OSError
        raise _lookup_failed(host) from error
    return [str(place[0]) for *_, place in found]


_NO_SUCH_NAME: Final = frozenset(
    {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
)
"""EAI_NODATA is known to Linux, not to every system."""


def is_public(address: Address) -> bool:
    """Given out for use on the public internet, in whatever form it is written."""
    address = _plain(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return is_public(IPv4Address(address.packed[-4:]))
    return address in _GLOBAL_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def _may_call(address: Address, host: str, allowed: Allowed) -> bool:
    if any(address in network for network in _NOBODY):
        return False
    if host in allowed.hosts or any(address in network for network in allowed.networks):
        return True
    return is_public(address)


def _plain(address: Address) -> Address:
    """An IPv4 address in IPv6 clothes (::ffff:a.b.c.d) is that IPv4 address to every system."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _read(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port, and path with query of a URL that every parser reads alike."""
    if len(url) > _LONGEST_URL:
        raise _invalid("length", f"an address has at most {_LONGEST_URL} characters")
    if not (url.isascii() and url.isprintable()) or " " in url:
        # A name in letters of other scripts has an ASCII form; who folds letters folds digits too.
        raise _invalid("characters", "an address is ASCII; write such a name in its xn-- form")
    parts = _URL.fullmatch(url)
    if parts is None:
        raise _invalid("form", "an address looks like https://host/path, without a fragment")
    scheme, authority = parts["scheme"].lower(), parts["authority"]
    if scheme not in _OWN_PORT:
        raise _invalid("scheme", "an address begins with https://")
    if "@" in authority:
        raise _invalid("credentials", "an address carries no user name and no password")
    place = _AUTHORITY.fullmatch(authority)
    if place is None:
        raise _invalid("host", "the host or its port is not well formed")
    port = int(place["port"] or _OWN_PORT[scheme])
    if port > 65535:  # noqa: PLR2004 - the ports there are
        raise _invalid("port", "a port is at most 65535")
    host = _read_v6(place["v6"]) if place["v6"] else _read_name(place["name"])
    path = parts["path"]
    return scheme, host, port, path if path.startswith("/") else f"/{path}"


def _read_v6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise _invalid("host", "what is in brackets is not an IPv6 address") from None


def _read_name(text: str) -> str:
    """A name, or an IPv4 address as four decimal numbers.

    Whatever ends in a number is an IPv4 address to some parser (2130706433, 127.1, 0x7f.1 and
    0177.0.0.1 are all 127.0.0.1), so it must be one in the plain spelling.
    """
    host = text.lower()
    labels = host.split(".")
    if host.endswith("."):
        raise _invalid("host", "a host is written without a dot at its end")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(host))
        except ValueError:
            raise _invalid("host", "an IPv4 address is four decimal numbers") from None
    if len(host) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise _invalid("host", "the host's name is not well formed")
    return host


def _allowed_name(entry: str) -> str:
    try:
        name = _read_name(entry)
    except AddressInvalid as error:
        raise ValueError(f"{entry!r} is neither a network, an address nor a name") from error
    return name


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _authority(host: str, scheme: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port == _OWN_PORT[scheme] else f"{shown}:{port}"


def _invalid(rule: str, text: str) -> AddressInvalid:
    return AddressInvalid(text, facts={"rule": rule})


def _not_allowed(host: str, rule: str, text: str) -> AddressNotAllowed:
    return AddressNotAllowed(text, facts={"rule": rule, "host": host})


def _lookup_failed(host: str) -> AddressLookupFailed:
    return AddressLookupFailed(f"{host} could not be looked up", facts={"host": host})
