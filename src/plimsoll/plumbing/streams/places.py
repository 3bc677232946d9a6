"""How many connections there may be, of all callers and of each."""

from collections import Counter
from typing import Final

from plimsoll.plumbing.streams.messages import TooManyConnections

RETRY_AFTER_S: Final = 5.0


class Places:
    """A caller is a user, or an address where nobody has signed in."""

    def __init__(self, most: int, *, per_caller: int) -> None:
        self._most = most
        self._per_caller = per_caller
        self.taken: Counter[str] = Counter()

    def take(self, key: str) -> None:
        """A place for this caller; raises TooManyConnections."""
        if self.taken.total() >= self._most:
            raise TooManyConnections(
                "the service has as many as it can hold", retry_after_s=RETRY_AFTER_S
            )
        if self.taken[key] >= self._per_caller:
            raise TooManyConnections(
                f"at most {self._per_caller} at once of one user, or of one address",
                facts={"limit": self._per_caller},
                retry_after_s=RETRY_AFTER_S,
            )
        self.taken[key] += 1

    def free(self, key: str) -> None:
        self.taken[key] -= 1
        if not self.taken[key]:
            del self.taken[key]
