"""Where somebody signs in from: the network their address is in, coarse enough to last.

A /24 of IPv4, a /48 of IPv6: what a provider hands to one household or one office moves within it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from plimsoll.kernel.identifiers import UserId

REFUSALS_WITHIN: Final = timedelta(hours=1)
MAX_REFUSALS: Final = 20
"""Refusals per place whose moments are kept; more are as bad."""


@dataclass(frozen=True, slots=True)
class KnownSignIn:
    """A sign-in and what was known before it.

    `known` says when the person last signed in from each of their places, without this sign-in.
    `failures` counts sign-ins refused from this place in the hour before, MAX_REFUSALS at most.
    """

    sequence: int
    user_id: UserId
    at: datetime
    place: str
    known: Mapping[str, datetime]
    failures: int


def place_of(address: str | None) -> str | None:
    """The network of an address; None where there is none. IPv4 written as IPv6 is IPv4."""
    try:
        ip = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is None:
            return str(IPv6Network((int(ip), 48), strict=False))
        ip = ip.ipv4_mapped
    return str(IPv4Network((int(ip), 24), strict=False))
