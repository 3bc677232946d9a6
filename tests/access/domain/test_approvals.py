"""Four eyes, as values: who may decide, until when, and how often it may be done."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.access.domain.approvals import (
    Approval,
    ApprovalId,
    ApprovalOver,
    ApprovalState,
    Asked,
    Decision,
    OwnApproval,
)
from plimsoll.kernel.identifiers import UserId, new_id

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADA, BEN = UserId(new_id()), UserId(new_id())
ASKED = Asked("PUT", "/limits", "", '{"a": 1}')
WAITING = Approval(ApprovalId(new_id()), "limits", ASKED, ADA, NOW, NOW + HOUR)


def decision(*, approved: bool, by: UserId = BEN, at: datetime = NOW) -> Decision:
    return Decision(by, at, approved, "because")


def test_who_asked_does_not_decide() -> None:
    with pytest.raises(OwnApproval):
        WAITING.decided(decision(approved=True, by=ADA))


def test_once_approved_it_is_done_once() -> None:
    approved = WAITING.decided(decision(approved=True))
    assert approved.holds_for(NOW, key=None)

    used = approved.used(NOW, key=None)

    assert used.state(NOW) is ApprovalState.USED
    assert not used.holds_for(NOW, key=None)
    assert not used.holds_for(NOW, key="k")


def test_with_its_idempotency_key_it_may_be_sent_again_until_its_time_is_over() -> None:
    used = WAITING.decided(decision(approved=True)).used(NOW, key="k")

    assert used.holds_for(NOW + HOUR - timedelta(microseconds=1), key="k")
    assert not used.holds_for(NOW + HOUR, key="k")
    assert not used.holds_for(NOW, key="another")


@pytest.mark.parametrize("approved", [True, False])
def test_it_is_decided_once(*, approved: bool) -> None:
    decided = WAITING.decided(decision(approved=approved))

    with pytest.raises(ApprovalOver) as refused:
        decided.decided(decision(approved=True))
    assert refused.value.facts == {"state": decided.state(NOW).value}


def test_after_its_time_it_is_neither_decided_nor_done() -> None:
    late = NOW + HOUR
    with pytest.raises(ApprovalOver):
        WAITING.decided(decision(approved=True, at=late))

    assert not WAITING.decided(decision(approved=True)).holds_for(late, key=None)
    assert not WAITING.stands(late)


def test_a_refusal_stands_until_its_time_has_passed() -> None:
    refused = WAITING.decided(decision(approved=False))

    assert refused.stands(NOW + HOUR - timedelta(microseconds=1))
    assert not refused.stands(NOW + HOUR)
    assert not refused.holds_for(NOW, key=None)


TEXT = st.text(max_size=5)


@given(one=st.tuples(TEXT, TEXT, TEXT, TEXT), other=st.tuples(TEXT, TEXT, TEXT, TEXT))
def test_two_requests_have_one_fingerprint_only_when_they_are_the_same(
    one: tuple[str, str, str, str], other: tuple[str, str, str, str]
) -> None:
    assert (Asked(*one).fingerprint == Asked(*other).fingerprint) is (one == other)
