"""Firing all at once is fine; firing all the time is held back."""

from uuid import UUID

from plimsoll.alerts.domain.allowance import Allowances
from plimsoll.kernel.identifiers import UserId

ADA, BEN = UserId(UUID(int=1)), UserId(UUID(int=2))


def test_what_is_spent_comes_back_evenly() -> None:
    allowances = Allowances(most=3, per_s=0.5)

    assert [allowances.take(ADA, 10.0) for _ in range(4)] == [True, True, True, False]
    assert allowances.take(BEN, 10.0), "each has their own"
    assert [allowances.take(ADA, 11.9), allowances.take(ADA, 12.0)] == [False, True]
    assert [allowances.take(ADA, 999.0) for _ in range(4)] == [True, True, True, False]


def test_nothing_is_remembered_of_whoever_has_all_of_it() -> None:
    allowances = Allowances(most=3, per_s=0.5)
    allowances.take(ADA, 0.0)
    allowances.take(BEN, 3.0)

    allowances.forget_full(3.0)

    assert list(allowances._left) == [BEN]
