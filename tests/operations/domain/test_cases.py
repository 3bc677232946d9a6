from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import UserId
from plimsoll.operations.domain.cases import (
    LEGAL,
    MOST_EVIDENCE,
    Case,
    CaseNotInState,
    Change,
    Closing,
    Evidence,
    Finding,
    Kind,
    ReasonMissing,
    Rule,
    Severity,
    State,
    Subject,
    Terms,
    acknowledge,
    advance,
    assign,
    resolve,
)
from plimsoll.operations.domain.rules import Levels, Measure

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PERSON, COLLEAGUE = UserId(UUID(int=1)), UserId(UUID(int=2))
SOMEBODY = Subject(UserId(UUID(int=9)), "BTC-PERP")
LEVELS = Levels(Decimal(80), Decimal(90), Decimal(100), Decimal(120))
CONDITION = Measure(Rule.LEVERAGE, LEVELS, Terms(Closing.BY_FIGURE, HOUR))
CONDUCT = Measure(Rule.LIQUIDATIONS, LEVELS, Terms(Closing.BY_PERSON, HOUR))
FIGURES = st.integers(60, 140)


def found(
    value: float, minute: float = 0, measure: Measure = CONDITION, subject: Subject = SOMEBODY
) -> Finding:
    return measure.judge(subject, START + minute * MINUTE, Decimal(str(value)), {})


def latest(cases: Iterable[Case], changes: Iterable[Change]) -> list[Case]:
    known = {(case.rule, case.subject, case.number): case for case in cases}
    for change in changes:
        known[change.case.rule, change.case.subject, change.case.number] = change.case
    return list(known.values())


def watch(values: Iterable[float], measure: Measure = CONDITION) -> tuple[list[Case], list[Change]]:
    """One figure a minute, each judged in its own run."""
    cases, changes = list[Case](), list[Change]()
    for minute, value in enumerate(values):
        made = advance(cases, [found(value, minute, measure)], START + minute * MINUTE)
        cases, changes = latest(cases, made), changes + made
    return cases, changes


def opened(value: float = 90, measure: Measure = CONDITION) -> Case:
    (change,) = advance([], [found(value, measure=measure)], START)
    return change.case


def resolved(value: float = 90, measure: Measure = CONDUCT) -> Case:
    taken = acknowledge(opened(value, measure), by=PERSON, reason="mine", now=START + MINUTE)
    return resolve(taken.case, by=COLLEAGUE, reason="explained", now=START + 2 * MINUTE).case


def test_a_case_goes_from_open_over_acknowledged_to_resolved_with_who_when_and_why() -> None:
    case = resolved()

    assert [(turn.state, turn.by) for turn in case.history] == [
        (State.OPEN, None),
        (State.ACKNOWLEDGED, PERSON),
        (State.RESOLVED, COLLEAGUE),
    ]
    assert [turn.reason for turn in case.history] == [
        "liquidations: 90 reaches 90",
        "mine",
        "explained",
    ]
    assert case.owner == PERSON
    assert case.age(START + HOUR) == 2 * MINUTE


def test_an_open_case_grows_older() -> None:
    assert opened().age(START + HOUR) == HOUR
    assert opened().age(START - HOUR) == timedelta(0)


@pytest.mark.parametrize("case", [opened(), resolved()])
def test_only_an_acknowledged_case_is_resolved_by_a_person(case: Case) -> None:
    with pytest.raises(CaseNotInState):
        resolve(case, by=PERSON, reason="done", now=START)


def test_a_case_is_acknowledged_once() -> None:
    taken = acknowledge(opened(), by=PERSON, reason="mine", now=START).case

    with pytest.raises(CaseNotInState):
        acknowledge(taken, by=COLLEAGUE, reason="mine too", now=START)


def test_a_case_that_is_not_resolved_is_given_to_somebody_and_stays_as_it_is() -> None:
    for case in (opened(), acknowledge(opened(), by=PERSON, reason="mine", now=START).case):
        given = assign(case, owner=COLLEAGUE, by=PERSON, reason="on leave", now=START + MINUTE)
        assert given.kind is Kind.ASSIGNED
        assert (given.case.owner, given.case.state) == (COLLEAGUE, case.state)
        assert given.case.history == case.history
    with pytest.raises(CaseNotInState):
        assign(resolved(), owner=COLLEAGUE, by=PERSON, reason="late", now=START)
    with pytest.raises(ReasonMissing):
        assign(opened(), owner=COLLEAGUE, by=PERSON, reason="", now=START)


def test_without_a_reason_nobody_moves_a_case() -> None:
    with pytest.raises(ReasonMissing):
        acknowledge(opened(), by=PERSON, reason=" \n", now=START)


def test_a_condition_is_over_below_the_lower_level_only() -> None:
    cases, changes = watch([90, 89, 80, 79.9])

    assert [(change.kind, change.at) for change in changes] == [
        (Kind.OPENED, START),
        (Kind.RESOLVED, START + 3 * MINUTE),
    ]
    assert cases[0].history[-1].reason == "leverage: 79.9 is below 80"


def test_conduct_is_over_only_once_a_person_looked() -> None:
    cases, _ = watch([90, 10, 10], CONDUCT)

    assert cases[0].state is State.OPEN


def test_worse_evidence_takes_an_acknowledged_case_back_to_open_and_keeps_its_owner() -> None:
    taken = acknowledge(opened(), by=PERSON, reason="mine", now=START).case

    (change,) = advance([taken], [found(100, 1)], START + MINUTE)

    assert change.kind is Kind.REOPENED
    assert (change.case.state, change.case.severity) == (State.OPEN, Severity.MEDIUM)
    assert change.case.owner == PERSON


def test_an_open_case_that_worsens_stays_open() -> None:
    (change,) = advance([opened()], [found(120, 1)], START + MINUTE)

    assert (change.kind, change.case.severity) == (Kind.WORSENED, Severity.HIGH)
    assert len(change.case.history) == 1


def test_within_the_cooldown_the_same_severity_is_only_noted() -> None:
    case = resolved()

    (change,) = advance([case], [found(95, 30, CONDUCT)], START + 30 * MINUTE)

    assert (change.kind, change.case.state) == (Kind.EVIDENCE, State.RESOLVED)
    assert change.case.evidence[-1].value == 95


def test_within_the_cooldown_worse_evidence_reopens_the_case() -> None:
    (change,) = advance([resolved()], [found(100, 30, CONDUCT)], START + 30 * MINUTE)

    assert (change.kind, change.case.number) == (Kind.REOPENED, 1)


@pytest.mark.parametrize("value", [90, 120])
def test_after_the_cooldown_there_is_a_new_case(value: float) -> None:
    case = resolved()

    (change,) = advance([case], [found(value, 62, CONDUCT)], START + 62 * MINUTE)

    assert (change.kind, change.case.number) == (Kind.OPENED, 2)
    assert change.case.evidence == (found(value, 62, CONDUCT).evidence,)


def test_an_old_finding_told_again_after_the_cooldown_opens_nothing() -> None:
    assert advance([resolved()], [found(90, 0, CONDUCT)], START + 100 * HOUR) == []


@pytest.mark.parametrize("minute", [-1, 0])
def test_a_finding_of_calm_that_is_no_newer_closes_nothing(minute: int) -> None:
    assert advance([opened()], [found(10, minute)], START + MINUTE) == []


def test_repeated_evidence_is_kept_once_in_a_while_and_worse_always() -> None:
    hourly = Measure(Rule.EXPOSURE, LEVELS, Terms(Closing.BY_FIGURE, HOUR, every=HOUR))

    cases, _ = watch([90, 90, 89, 91, *[90] * 60], hourly)

    assert [int((one.at - START) / MINUTE) for one in cases[0].evidence] == [0, 3, 63]


def test_different_subjects_have_cases_of_their_own() -> None:
    other = Subject(SOMEBODY.user_id, "ETH-PERP")

    changes = advance([], [found(90), found(90, subject=other)], START)

    assert {change.case.subject for change in changes} == {SOMEBODY, other}


def test_a_clock_that_was_set_back_leaves_history_in_order() -> None:
    taken = acknowledge(opened(), by=PERSON, reason="mine", now=START - HOUR).case

    assert taken.changed_at == START


@given(st.lists(st.integers(80, 99), max_size=150))
def test_a_figure_that_trembles_around_a_limit_opens_one_case(values: list[int]) -> None:
    cases, changes = watch([90, *values])

    assert len(cases) == 1
    assert {change.kind for change in changes} <= {Kind.OPENED, Kind.EVIDENCE}


@given(st.lists(FIGURES, max_size=200))
def test_even_one_that_swings_across_both_levels_opens_one_case_a_cooldown(
    values: list[int],
) -> None:
    cases, _ = watch(values)

    numbers = sorted(case.number for case in cases)
    assert numbers == list(range(1, len(numbers) + 1))
    for before, after in pairwise(sorted(cases, key=lambda case: case.number)):
        assert after.opened_at - before.changed_at >= HOUR


ACTS = st.lists(
    st.tuples(st.sampled_from(["acknowledge", "resolve", "find"]), FIGURES, st.integers(0, 40)),
    max_size=40,
)


@given(ACTS, st.sampled_from([CONDITION, CONDUCT]))
def test_no_case_makes_an_illegal_turn_and_every_change_has_a_reason(
    acts: list[tuple[str, int, int]], measure: Measure
) -> None:
    cases, minute = list[Case](), 0
    for act, value, later in acts:
        minute += later
        now = START + minute * MINUTE
        changes = list[Change]()
        if act == "find":
            changes = advance(cases, [found(value, minute, measure)], now)
        for case in cases:
            if act == "acknowledge" and case.state is State.OPEN:
                changes.append(acknowledge(case, by=PERSON, reason="mine", now=now))
            if act == "resolve" and case.state is State.ACKNOWLEDGED:
                changes.append(resolve(case, by=PERSON, reason="fine", now=now))
        assert all(change.reason.strip() for change in changes)
        assert all(change.case not in cases for change in changes)
        cases = latest(cases, changes)
    for case in cases:
        states = [turn.state for turn in case.history]
        assert states[0] is State.OPEN
        assert all(step in LEGAL for step in pairwise(states))
        assert all(turn.reason for turn in case.history)
        assert [turn.at for turn in case.history] == sorted(turn.at for turn in case.history)
        assert len(states) <= 3 * len(Severity)
        assert case.severity == max(LEVELS.severity(one.value) or 0 for one in case.evidence)
    assert sum(case.state is not State.RESOLVED for case in cases) <= 1


@given(
    st.lists(st.tuples(FIGURES, st.integers(0, 300)), max_size=60),
    st.randoms(use_true_random=False),
)
def test_the_same_findings_make_the_same_cases_in_whatever_order_and_however_often_told(
    figures: list[tuple[int, int]], random: Random
) -> None:
    findings = [found(value, minute) for value, minute in figures]
    findings += [found(value, minute, CONDUCT) for value, minute in figures]
    now = START + 300 * MINUTE

    changes = advance([], findings, now)

    assert advance([], random.sample(findings * 2, 2 * len(findings)), now) == changes


@given(st.lists(FIGURES, max_size=80), st.sampled_from([CONDITION, CONDUCT]))
def test_a_replay_ends_in_the_same_cases(values: list[int], measure: Measure) -> None:
    cases, changes = watch(values, measure)

    assert watch(values, measure) == (cases, changes)
    assert latest([], changes) == cases


@given(st.lists(FIGURES, max_size=80))
def test_conduct_told_twice_changes_nothing(values: list[int]) -> None:
    cases, _ = watch(values, CONDUCT)
    again = [found(value, minute, CONDUCT) for minute, value in enumerate(values)]

    assert advance(cases, again, START + 100 * HOUR) == []


@given(st.lists(FIGURES, min_size=MOST_EVIDENCE + 1, max_size=90))
def test_evidence_is_bounded_and_keeps_the_first_the_worst_and_the_newest(
    values: list[int],
) -> None:
    cases, _ = watch([90, *values], CONDUCT)

    (case,) = cases
    breaches = [
        Evidence(START + minute * MINUTE, Decimal(value))
        for minute, value in enumerate([90, *values])
        if value >= 90
    ]
    assert len(case.evidence) == min(len(breaches), MOST_EVIDENCE)
    assert (case.evidence[0], case.evidence[-1]) == (breaches[0], breaches[-1])
    assert max(one.value for one in case.evidence) == max(one.value for one in breaches)
