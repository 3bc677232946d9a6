from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.alerts.domain.conditions import (
    Comparison,
    Condition,
    ConditionRefused,
    Phase,
    Repeat,
    Standing,
    Subject,
    SubjectKind,
    Value,
    observe,
)
from tests.alerts.domain.conditions_drawn import (
    BITCOIN,
    IMPORT,
    NOON,
    RATING,
    condition_id,
    number_conditions,
    numbers,
    told,
    word_conditions,
    words,
)

MINUTE = timedelta(minutes=1)


def condition(comparison: Comparison, hysteresis: str = "0", minutes: int = 0) -> Condition:
    return Condition(
        condition_id(1), BITCOIN, comparison, Decimal(100), Decimal(hysteresis), minutes * MINUTE
    )


def marks(condition: Condition, values: str, standing: Standing | None = None) -> str:
    """`!` where a value makes an event; `?` is a value that is not known."""
    read: list[Value | None] = [None if each == "?" else Decimal(each) for each in values.split()]
    return "".join("!" if event else "." for event in told(condition, read, standing))


@pytest.mark.parametrize(
    ("comparison", "values", "expected"),
    [
        (Comparison.ABOVE, "99 100 101 102 99 101 98 101", "..!....!"),
        (Comparison.ABOVE, "150 150", "!."),
        (Comparison.BELOW, "101 100 99 98 101 99 102 99", "..!....!"),
        (Comparison.CROSSES, "99 100 101 99 101 102 99 101 98 101", "..!...!..!"),
        # once it was told it may turn round, but by the whole band
        (Comparison.CROSSES, "99 101 99 98 101 102", ".!.!!."),
        # a jump over the band is away at once
        (Comparison.CROSSES, "90 110 99.9 110", ".!!!"),
        (Comparison.CROSSES, "100 101 99", "..!"),
    ],
)
def test_it_is_told_once_until_it_was_past_the_band(
    comparison: Comparison, values: str, expected: str
) -> None:
    assert marks(condition(comparison, hysteresis="2"), values) == expected


def test_without_a_band_the_threshold_itself_is_the_way_back() -> None:
    assert marks(condition(Comparison.ABOVE), "101 100 101 101") == "!.!."
    assert marks(condition(Comparison.CROSSES), "99 101 100 101 99") == ".!..!"


def test_what_is_not_known_changes_nothing() -> None:
    above = condition(Comparison.ABOVE)

    assert marks(above, "? 101 ? 102 ? 99 ? 101") == ".!.....!"
    for unknown in (None, Decimal("NaN"), "a word"):
        standing = Standing()
        assert observe(standing, above, unknown, NOON) == (standing, None)


def test_a_word_is_told_when_it_comes_and_again_after_another() -> None:
    failing = Condition(condition_id(1), IMPORT, Comparison.IS, "failed")
    values: list[Value | None] = ["done", "failed", "failed", None, "done", "failed", Decimal(1)]

    assert [bool(event) for event in told(failing, values)] == [
        False, True, False, False, False, True, False,
    ]  # fmt: skip


def test_while_it_cools_down_it_stays_armed_and_fires_late_if_it_still_holds() -> None:
    cooling = condition(Comparison.ABOVE, minutes=4)

    assert marks(cooling, "101 99 101 99 99 101") == "!....!"
    assert marks(cooling, "101 99 101 101 101 101") == "!...!."
    assert marks(condition(Comparison.CROSSES, minutes=4), "99 101 99 101 101 99 99") == ".!...!."


def test_a_snoozed_condition_fires_when_the_snooze_is_over() -> None:
    snoozed = Standing().snoozed(NOON + 2 * MINUTE)
    above = condition(Comparison.ABOVE)

    assert marks(above, "101 101 101 101", snoozed) == "..!."
    assert marks(above, "101 101 99 101", snoozed) == "...!"
    assert marks(above, "101", snoozed.snoozed(None)) == "!"


def test_once_is_once_until_it_is_armed_again_and_no_number_comes_twice() -> None:
    once = replace(condition(Comparison.CROSSES), repeat=Repeat.ONCE)
    standing, first = observe(Standing(Phase.LOW), once, Decimal(101), NOON)
    assert first is not None
    assert first.id == (once.id, 1)
    assert standing.phase is Phase.DONE
    assert marks(once, "99 101 99", standing) == "..."

    standing, _ = observe(standing.armed_again(), once, Decimal(99), NOON)
    _, second = observe(standing, once, Decimal(101), NOON)
    assert second is not None
    assert second.id == (once.id, 2)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"threshold": Decimal("Infinity")}, "#/threshold"),
        ({"threshold": Decimal("1e20")}, "#/threshold"),
        ({"threshold": "failed"}, "#/threshold"),
        ({"hysteresis": Decimal(-1)}, "#/hysteresis"),
        ({"hysteresis": Decimal("NaN")}, "#/hysteresis"),
        ({"cooldown": -MINUTE}, "#/cooldown"),
        ({"cooldown": timedelta.max}, "#/cooldown"),
        ({"subject": Subject(SubjectKind.PRICE, "")}, "#/subject/of"),
        ({"subject": IMPORT}, "#/comparison"),
        ({"comparison": Comparison.IS, "threshold": "x"}, "#/comparison"),
        ({"comparison": Comparison.IS, "subject": RATING}, "#/threshold"),
        ({"comparison": Comparison.IS, "subject": RATING, "threshold": ""}, "#/threshold"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_its_place(
    changes: dict[str, object], place: str
) -> None:
    with pytest.raises(ConditionRefused) as refused:
        replace(condition(Comparison.ABOVE), **changes)  # type: ignore[arg-type]  # the point

    assert place in [fault.pointer for fault in refused.value.faults]


def test_a_rating_is_a_number_or_a_word() -> None:
    Condition(condition_id(1), RATING, Comparison.CROSSES, Decimal("0.5"))
    Condition(condition_id(1), RATING, Comparison.IS, "strong_buy")


@given(number_conditions(), st.lists(st.none() | numbers, max_size=40))
def test_between_two_events_there_is_a_way_past_the_band(
    condition: Condition, values: list[Value | None]
) -> None:
    threshold, band = condition.threshold, condition.hysteresis
    assert isinstance(threshold, Decimal)
    sign = {Comparison.ABOVE: 1, Comparison.BELOW: -1, Comparison.CROSSES: 0}[condition.comparison]
    events = told(condition, values)
    at = [index for index, event in enumerate(events) if event]
    offsets = [value - threshold if isinstance(value, Decimal) else None for value in values]
    for first, second in pairwise(at):
        between = [each for each in offsets[first : second + 1] if each is not None]
        was, now = between[0], between[-1]
        assert (second - first) * MINUTE >= condition.cooldown
        if sign:
            assert was * sign > 0
            assert now * sign > 0
            assert any(each * sign <= -band for each in between)
        else:
            assert was * now < 0
            assert any(abs(each) >= band for each in between)
    if condition.repeat is Repeat.ONCE:
        assert len(at) <= 1
    assert [event.number for event in events if event] == list(range(1, len(at) + 1))


@given(number_conditions(), st.lists(numbers, min_size=1, max_size=40))
def test_nothing_that_always_is_told_goes_missing_without_band_or_cooldown(
    drawn: Condition, values: list[Value | None]
) -> None:
    plain = replace(drawn, hysteresis=Decimal(0), cooldown=timedelta(0), repeat=Repeat.ALWAYS)
    sides = [(value > plain.threshold) - (value < plain.threshold) for value in values]  # type: ignore[operator]  # numbers
    events = [bool(event) for event in told(plain, values)]
    if plain.comparison is Comparison.CROSSES:
        seen, expected = 0, list[bool]()
        for side in sides:
            expected.append(side * seen < 0)
            seen = side or seen
    else:
        wanted = 1 if plain.comparison is Comparison.ABOVE else -1
        before = [0, *sides[:-1]]
        expected = [
            side == wanted and was != wanted for side, was in zip(sides, before, strict=True)
        ]
    assert events == expected


@given(
    number_conditions() | word_conditions(),
    st.lists(st.none() | numbers | words, max_size=30),
    st.data(),
)
def test_observations_seen_again_after_a_crash_make_the_same_events(
    condition: Condition, values: list[Value | None], data: st.DataObject
) -> None:
    """Standings are stored with their events; a crash loses the values since the last one that was
    stored, and they come again.
    """
    standings, events = [Standing()], told(condition, values)
    for minute, value in enumerate(values):
        standings.append(observe(standings[-1], condition, value, NOON + minute * MINUTE)[0])
    start = data.draw(st.integers(0, len(values)))

    standing, again = standings[start], []
    for minute, value in enumerate(values[start:], start):
        standing, event = observe(standing, condition, value, NOON + minute * MINUTE)
        again.append(event)

    assert again == events[start:]
    assert standing == standings[-1]
    assert len({event.id for event in events if event}) == sum(1 for event in events if event)
