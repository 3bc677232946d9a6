"""Conditions and values drawn close together, so that edges are touched, met and missed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st

from plimsoll.alerts.domain.conditions import (
    Comparison,
    Condition,
    ConditionId,
    Event,
    Repeat,
    Standing,
    Subject,
    SubjectKind,
    Value,
    observe,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BITCOIN = Subject(SubjectKind.PRICE, "btc/usd")
MARGIN = Subject(SubjectKind.MARGIN_RATIO, "an account")
IMPORT = Subject(SubjectKind.JOB_RESULT, "import")
RATING = Subject(SubjectKind.RATING, "btc/usd 1h")

WORDS = ("failed", "done", "cancelled")

numbers = st.integers(0, 24).map(lambda halves: Decimal(halves) / 2)
words = st.sampled_from(WORDS)
waits = st.integers(0, 5).map(lambda minutes: timedelta(minutes=minutes))


def condition_id(number: int) -> ConditionId:
    return ConditionId(UUID(int=number))


def number_conditions(
    subjects: tuple[Subject, ...] = (BITCOIN, MARGIN), number: int = 1
) -> st.SearchStrategy[Condition]:
    return st.builds(
        Condition,
        id=st.just(condition_id(number)),
        subject=st.sampled_from(subjects),
        comparison=st.sampled_from((Comparison.ABOVE, Comparison.BELOW, Comparison.CROSSES)),
        threshold=numbers,
        hysteresis=st.integers(0, 6).map(lambda halves: Decimal(halves) / 2),
        cooldown=waits,
        repeat=st.sampled_from(Repeat),
    )


def word_conditions(number: int = 1) -> st.SearchStrategy[Condition]:
    return st.builds(
        Condition,
        id=st.just(condition_id(number)),
        subject=st.sampled_from((IMPORT, RATING)),
        comparison=st.just(Comparison.IS),
        threshold=words,
        cooldown=waits,
        repeat=st.sampled_from(Repeat),
    )


def told(
    condition: Condition, values: list[Value | None], standing: Standing | None = None
) -> list[Event | None]:
    """What each value makes, one a minute."""
    standing, events = standing or Standing(), list[Event | None]()
    for minute, value in enumerate(values):
        standing, event = observe(standing, condition, value, NOON + minute * timedelta(minutes=1))
        events.append(event)
    return events
