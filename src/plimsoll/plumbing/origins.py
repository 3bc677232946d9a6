"""Which pages of other origins may call the service: none, unless they are named exactly.

Such a page calls with a token of its own; it never acts with the cookie of ours. So credentials are
allowed to nobody, there is no wildcard, and an origin that is not named gets no header at all, by
which its browser keeps the answer from it (Fetch standard, §3.2).
"""

from collections.abc import Iterable, Mapping
from typing import Final

from starlette.types import Scope

METHODS: Final = b"GET, POST, PUT, PATCH, DELETE"
HEADERS: Final = (
    b"authorization, content-type, idempotency-key, x-request-id, "
    b"x-plimsoll-key, x-plimsoll-timestamp, x-plimsoll-signature, x-plimsoll-content-sha256"
)
"""What a page may send; the last four sign a request with an API key."""
EXPOSED: Final = (
    b"content-disposition, location, ratelimit, ratelimit-policy, retry-after, x-request-id"
)
MAX_AGE_S: Final = b"600"

VARY: Final = (b"vary", b"Origin")
"""An answer for one origin is not one for another, so no cache between may mix them up."""

Headers = tuple[tuple[bytes, bytes], ...]


class Origins:
    """The named ones, compared byte for byte; false when there are none."""

    def __init__(self, named: Iterable[str]) -> None:
        self._answers: Mapping[bytes, Headers] = {
            origin.encode(): (
                (b"access-control-allow-origin", origin.encode()),
                (b"access-control-expose-headers", EXPOSED),
                VARY,
            )
            for origin in named
        }

    def __bool__(self) -> bool:
        return bool(self._answers)

    def headers_for(self, origin: bytes | None) -> Headers:
        """What goes with any answer to a page of `origin`."""
        return self._answers.get(origin, (VARY,)) if origin is not None else (VARY,)

    def preflight(self, scope: Scope, origin: bytes | None) -> Headers | None:
        """The headers that answer a browser which asks before it calls; None when it does not ask,
        or may not.
        """
        if scope["method"] != "OPTIONS" or origin not in self._answers:
            return None
        if not any(name == b"access-control-request-method" for name, _ in scope["headers"]):
            return None
        return (
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", HEADERS),
            (b"access-control-max-age", MAX_AGE_S),
        )


def is_named(origins: Iterable[str], scope: Scope) -> bool:
    """Whether the request comes from a page of one of `origins`, and says so once."""
    given = [value for name, value in scope["headers"] if name == b"origin"]
    return len(given) == 1 and given[0].decode("latin-1") in tuple(origins)
