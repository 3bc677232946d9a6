"""How long an account refuses sign-ins after failures.

A few slips are free; after that each failure doubles the wait, up to a bound, so that a guesser
gets a few hundred tries a week while an owner is never shut out for longer than a quarter of an
hour. Sessions and keys that exist already are not touched by a lock.
"""

from datetime import datetime, timedelta
from typing import Final

from plimsoll.kernel.errors import TooMany

FREE_FAILURES: Final = 4
FIRST_LOCK: Final = timedelta(seconds=30)
LONGEST_LOCK: Final = timedelta(minutes=15)
FORGOTTEN_AFTER: Final = timedelta(hours=24)
"""Failures older than this no longer count."""


class AccountLocked(TooMany):
    """Too many failed sign-ins; the same for an address that has no account."""

    code = "account-locked"
    title = "Too many failed sign-ins for this account"


def lock_after(failures: int) -> timedelta:
    """The wait after the `failures`-th failure in a row."""
    if failures <= FREE_FAILURES:
        return timedelta(0)
    doublings = min(failures - FREE_FAILURES - 1, 16)
    return min(FIRST_LOCK * (1 << doublings), LONGEST_LOCK)


def refuse_locked(locked_until: datetime | None, *, now: datetime) -> None:
    """Raise AccountLocked while the lock lasts."""
    if locked_until is not None and locked_until > now:
        raise AccountLocked(
            "wait before the next attempt", retry_after_s=(locked_until - now).total_seconds()
        )
