"""How long failures lock an account."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.access.domain.lockout import LONGEST_LOCK, AccountLocked, lock_after, refuse_locked

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_slips_are_free_and_then_the_wait_doubles() -> None:
    waits = [lock_after(failures).total_seconds() for failures in range(1, 12)]
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900]


@given(st.integers(1, 10**9))
def test_the_wait_grows_and_is_bounded(failures: int) -> None:
    assert lock_after(failures) <= lock_after(failures + 1) <= LONGEST_LOCK


def test_a_lock_ends_at_its_moment() -> None:
    with pytest.raises(AccountLocked) as refusal:
        refuse_locked(NOW + timedelta(seconds=7), now=NOW)
    assert refusal.value.retry_after_s == 7
    refuse_locked(NOW, now=NOW)
    refuse_locked(None, now=NOW)
