"""API keys as text, and from where they may be used.

`plim_<id>_<secret><crc>`: the id finds the row, the secret (256 bits, base32) proves it, the
checksum lets a mistyped or truncated key be refused, and a leaked one be recognised, without asking
the database. The secret is random and long, so one SHA-256 is enough to store it: there is nothing
to guess.

A key that signs its requests (`signing.py`) is never sent. Its secret is `plimsig_` and 43 more
characters; what signs is this text as it stands, in ASCII, so that any tool can do it.
"""

import base64
import hashlib
import ipaddress
import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Final
from uuid import UUID

from plimsoll.access.domain import secrets
from plimsoll.access.domain.principals import Scope
from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.kernel.identifiers import KeyId, UserId

PREFIX: Final = "plim_"
SIGNING_PREFIX: Final = "plimsig_"
SECRET_BYTES: Final = 32
MAX_NETWORKS: Final = 32
_SHAPE: Final = re.compile(r"plim_([0-9a-f]{32})_([a-z2-7]{52})([0-9a-f]{8})", re.ASCII)

Network = IPv4Network | IPv6Network


class NotANetwork(Invalid):
    """Text that is neither an address nor a CIDR block."""

    code = "not-a-network"
    title = "Not an address or CIDR block"


class KeyKind(StrEnum):
    """How a key is proven: sent as it is, or by a signature of each request."""

    BEARER = "bearer"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key; never the secret."""

    id: KeyId
    user_id: UserId
    name: str
    scopes: frozenset[Scope]
    networks: tuple[Network, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None
    last_address: str | None = None
    kind: KeyKind = KeyKind.BEARER
    rotated_to: KeyId | None = None


@dataclass(frozen=True, slots=True)
class PresentedKey:
    """A well-formed key as a caller presents it: who it claims to be, and the hash of its proof."""

    id: KeyId
    secret_hash: bytes


def write_key(key_id: KeyId, secret: bytes) -> str:
    """The text given to the owner, once."""
    assert len(secret) == SECRET_BYTES
    body = f"{PREFIX}{key_id.hex}_{_base32(secret)}"
    return f"{body}{zlib.crc32(body.encode()):08x}"


def write_signing_secret(secret: bytes) -> str:
    """The text that signs, given to the owner once."""
    return f"{SIGNING_PREFIX}{secrets.write_secret(secret)}"


def read_key(text: str) -> PresentedKey | None:
    """The id and secret hash in `text`; None when it is not one of ours or was damaged."""
    match = _SHAPE.fullmatch(text)
    if match is None or f"{zlib.crc32(text[:-8].encode()):08x}" != match[3]:
        return None
    return PresentedKey(KeyId(UUID(hex=match[1])), hash_secret_text(match[2]))


def hash_secret(secret: bytes) -> bytes:
    return hash_secret_text(_base32(secret))


def hash_secret_text(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _base32(secret: bytes) -> str:
    return base64.b32encode(secret).decode().rstrip("=").lower()


def parse_networks(texts: list[str]) -> tuple[Network, ...]:
    """Addresses and CIDR blocks; host bits are dropped (`10.0.0.7/8` is `10.0.0.0/8`)."""
    networks: list[Network] = []
    for place, text in enumerate(texts):
        try:
            networks.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            message = "an address or CIDR block looks like 192.0.2.7 or 2001:db8::/32"
            raise NotANetwork(
                message, faults=(FieldFault(f"#/networks/{place}", NotANetwork.code, message),)
            ) from None
    return tuple(networks)


def admits(networks: tuple[Network, ...], address: str | None) -> bool:
    """Whether a caller at `address` may use a key bound to `networks`; an empty list binds to
    nothing.

    An unknown address is inside no network. IPv4 addresses written as IPv6 are judged as IPv4.
    """
    if not networks:
        return True
    try:
        peer = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped is not None:
        peer = peer.ipv4_mapped
    return any(peer in network for network in networks)
