"""The client ids that were ever used, and a hash of them that costs only what is new.

They are kept for ever, so there will be millions; whoever asks for the hash again pays for those
that came since. That needs them only to grow: none is ever removed or changed.
"""

from hashlib import blake2b
from itertools import islice


class ClientIds(dict[tuple[int, str], int]):
    """Order ids by account and client id, in the order in which they came."""

    __slots__ = ("_count", "_hash")

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._hash = blake2b(digest_size=32)

    def digest(self) -> str:
        """Of all of them in their order, hexadecimal; text that somebody chose is quoted and ASCII
        only.
        """
        assert len(self) >= self._count
        new = islice(self.items(), self._count, None)
        text = "".join([f"{account},{name!a},{order};" for (account, name), order in new])
        self._hash.update(text.encode("ascii"))
        self._count = len(self)
        return self._hash.hexdigest()
