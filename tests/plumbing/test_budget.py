from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.plumbing.budget import RETRY_AFTER_CAP_S, Budget, retry_after_s

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def test_all_tokens_may_go_at_once_and_each_is_back_a_minute_later() -> None:
    budget = Budget(2)
    for at in (0.0, 10.0):
        assert budget.wait_s(at) == 0.0
        budget.spend(at)

    assert budget.wait_s(10.0) == 50.0
    budget.spend(60.0)
    assert budget.wait_s(60.0) == 10.0


@given(per_minute=st.integers(1, 5), gaps=st.lists(st.integers(0, 90), min_size=1, max_size=40))
def test_no_minute_ever_sees_more_than_the_budget(per_minute: int, gaps: list[int]) -> None:
    budget, now, sent = Budget(per_minute), 0.0, list[float]()
    for gap in gaps:
        now += gap
        at = now + budget.wait_s(now)
        budget.spend(at)
        sent.append(at)

    assert sent == sorted(sent)
    assert all(sum(begin <= at < begin + 60 for at in sent) <= per_minute for begin in sent)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 30 ", 30.0),
        ("Thu, 01 Jan 2026 12:01:30 GMT", 90.0),
        ("Thu, 01 Jan 2026 12:01:30 -0000", 90.0),
        ("Thu, 01 Jan 2026 14:01:30 +0200", 90.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("Fri, 01 Jan 2027 12:00:00 GMT", RETRY_AFTER_CAP_S),
        ("99999999999999999999", RETRY_AFTER_CAP_S),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Thu, 99 Jan 2026 12:00:00 GMT", None),
        ("Thu, 01 Jan 99999999999 12:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_capped(text: str, seconds: float | None) -> None:
    assert retry_after_s(text, NOW) == seconds


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_retry_after(text: str) -> None:
    asked = retry_after_s(text, NOW)
    assert asked is None or 0.0 <= asked <= RETRY_AFTER_CAP_S


def test_a_heavy_call_waits_until_enough_is_back() -> None:
    budget = Budget(10)
    budget.spend(0.0, 4)
    budget.spend(20.0, 4)

    assert budget.wait_s(30.0, 2) == 0.0
    assert budget.wait_s(30.0, 3) == 30.0  # the first four are back at 60
    assert budget.wait_s(30.0, 10) == 50.0  # all of them at 80


def test_a_light_call_does_not_overtake_a_heavy_one() -> None:
    budget = Budget(10)
    budget.spend(0.0, 8)
    heavy_s = budget.wait_s(1.0, 9)
    budget.spend(1.0 + heavy_s, 9)

    assert budget.wait_s(2.0, 1) == 58.0


def test_what_others_spent_counts_and_is_back_after_a_minute() -> None:
    budget = Budget(10)
    budget.spend(0.0, 3)
    budget.note_used(2, 5.0)  # less than ours: their minute began later
    assert budget.wait_s(5.0, 7) == 0.0
    budget.note_used(9, 5.0)
    assert budget.wait_s(5.0, 2) == 55.0
    budget.note_used(1_000_000, 5.0)
    assert budget.wait_s(5.0, 8) == 60.0


@given(st.lists(st.tuples(st.floats(0, 50), st.integers(1, 20)), max_size=40))
def test_no_minute_ever_sees_more_than_its_weight(calls: list[tuple[float, int]]) -> None:
    budget, now, spent = Budget(20), 0.0, list[tuple[float, int]]()
    for pause, weight in calls:
        now += pause
        at = now + budget.wait_s(now, weight)
        budget.spend(at, weight)
        spent.append((at, weight))

    for start, _ in spent:
        inside = [weight for at, weight in spent if start <= at < start + 60 - 1e-6]
        assert sum(inside) <= 20
