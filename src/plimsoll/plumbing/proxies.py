"""Who is calling and how, when a reverse proxy stands in between.

What a proxy says is believed only when it comes from one that was named, and only as much as that
one can know: of `X-Forwarded-For` the rightmost address that is not itself a trusted proxy, of
`X-Forwarded-Proto` the last word. Everything further left was sent by whoever called.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.types import Scope

MOST_REMEMBERED: Final = 4_096
HOUSEHOLD: Final = 64
"""Bits of an IPv6 address that a provider hands out; the other 64 whoever gets them chooses."""
TLS: Final = {"http": "https", "ws": "wss"}


class Proxies:
    """The trusted ones, by address or network; false when there are none."""

    def __init__(self, entries: Iterable[str]) -> None:
        """Raises ValueError for what is neither an address nor a network."""
        self._networks = tuple(map(ip_network, entries))
        self._remembered: dict[str, bool] = {}

    def __bool__(self) -> bool:
        return bool(self._networks)

    def trusts(self, address: str) -> bool:
        known = self._remembered.get(address)
        if known is None:
            known = self._looks_trusted(address)
            if len(self._remembered) < MOST_REMEMBERED:
                self._remembered[address] = known
        return known

    def resolve(self, scope: Scope) -> None:
        """Put the caller's address and scheme on `scope`, if a trusted proxy tells them."""
        peer: tuple[str, int] | None = scope.get("client")
        if peer is None or not self.trusts(peer[0]):
            return
        forwarded, scheme = list[bytes](), b""
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                forwarded.append(value)
            elif name == b"x-forwarded-proto":
                scheme = value.rpartition(b",")[2].strip().lower()
        if (caller := self._rightmost_stranger(b",".join(forwarded))) is not None:
            scope["client"] = (caller, 0)
        if scheme == b"https":
            scope["scheme"] = TLS.get(scope["scheme"], scope["scheme"])

    def _rightmost_stranger(self, forwarded: bytes) -> str | None:
        for part in reversed(forwarded.decode("latin-1").split(",")):
            address = part.strip()
            if address and not self.trusts(address):
                return address if _read(address) is not None else None
        return None

    def _looks_trusted(self, address: str) -> bool:
        found = _read(address)
        return found is not None and any(found in network for network in self._networks)


@lru_cache(MOST_REMEMBERED)
def counted_as(address: str) -> str:
    """Where callers are counted by their address: all of an IPv6 household are one, however they
    spell it, for it has more addresses than can be counted. What is no address counts as itself.
    """
    found = _read(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found), HOUSEHOLD), strict=False))
    return address if found is None else str(found)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """An IPv4 address in IPv6 clothes, as a socket for both shows it, is that IPv4 address."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
