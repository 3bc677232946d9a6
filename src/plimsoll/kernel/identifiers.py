"""Identities. Ids are made at the edge, time-ordered (UUIDv7, RFC 9562), so that indexes stay
compact.

NewTypes keep a wallet id from being passed where a user id belongs; at run time they are plain
UUIDs or strings.
"""

import os
import time
from typing import NewType
from uuid import UUID

UserId = NewType("UserId", UUID)
WalletId = NewType("WalletId", UUID)
TransactionId = NewType("TransactionId", UUID)
HoldingId = NewType("HoldingId", UUID)
KeyId = NewType("KeyId", UUID)
SessionId = NewType("SessionId", UUID)
JobId = NewType("JobId", UUID)
ImportId = NewType("ImportId", UUID)
RunId = NewType("RunId", UUID)
"""A tax report as it was computed once."""
AssetId = NewType("AssetId", str)
"""A stable slug (`bitcoin`, `usd`); symbols are labels that may collide, ids are not."""


def new_id() -> UUID:
    """A UUIDv7: 48 bits of milliseconds, then randomness; sorts by time of making."""
    ms = time.time_ns() // 1_000_000
    value = (ms << 80) | int.from_bytes(os.urandom(10))
    value &= ~(0xF << 76)
    value |= 0x7 << 76
    value &= ~(0x3 << 62)
    value |= 0x2 << 62
    return UUID(int=value)
