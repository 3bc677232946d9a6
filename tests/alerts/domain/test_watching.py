import random
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plimsoll.alerts.domain.conditions import (
    Comparison,
    Condition,
    ConditionId,
    Phase,
    Standing,
    Subject,
    Value,
    observe,
)
from plimsoll.alerts.domain.watching import Step, Watch
from tests.alerts.domain.conditions_drawn import (
    BITCOIN,
    IMPORT,
    MARGIN,
    NOON,
    RATING,
    condition_id,
    number_conditions,
    numbers,
    word_conditions,
    words,
)

MINUTE = timedelta(minutes=1)
SUBJECTS = (BITCOIN, MARGIN, IMPORT, RATING)


def above(number: int, threshold: int, *, cooldown: timedelta = timedelta(0)) -> Condition:
    return Condition(
        condition_id(number), BITCOIN, Comparison.ABOVE, Decimal(threshold), cooldown=cooldown
    )


class Everything:
    """The plain way: every condition is asked about every value of its subject."""

    def __init__(self) -> None:
        self.watched: dict[ConditionId, tuple[Condition, Standing]] = {}

    def take(self, values: list[tuple[Subject, Value | None]], at: datetime) -> list[Step]:
        steps = []
        for subject, value in values:
            for id_ in sorted(self.watched):
                condition, before = self.watched[id_]
                if condition.subject != subject:
                    continue
                after, event = observe(before, condition, value, at)
                self.watched[id_] = condition, after
                if after != before:
                    steps.append(Step(condition, before, after, event))
        return steps


class WatchBesideEverything(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.watch, self.everything, self.now = Watch(), Everything(), NOON

    def _put(self, condition: Condition, standing: Standing) -> None:
        self.watch.put(condition, standing)
        self.everything.watched[condition.id] = condition, standing

    @rule(
        condition=st.integers(1, 12).flatmap(
            lambda number: (
                number_conditions((BITCOIN, MARGIN, RATING), number) | word_conditions(number)
            )
        )
    )
    def put(self, condition: Condition) -> None:
        """Also in the place of one that is there."""
        self._put(condition, Standing())

    @rule(number=st.integers(1, 12), minutes=st.none() | st.integers(-1, 4))
    def snooze(self, number: int, minutes: int | None) -> None:
        if held := self.everything.watched.get(condition_id(number)):
            condition, standing = held
            until = None if minutes is None else self.now + minutes * MINUTE
            self._put(condition, standing.snoozed(until))

    @rule(number=st.integers(1, 12))
    def remove(self, number: int) -> None:
        self.watch.remove(condition_id(number))
        self.everything.watched.pop(condition_id(number), None)

    @rule(
        values=st.lists(
            st.tuples(
                st.sampled_from(SUBJECTS), numbers | words | st.sampled_from((None, Decimal("NaN")))
            ),
            max_size=8,
        ),
        minutes=st.integers(0, 2),
    )
    def take(self, values: list[tuple[Subject, Value | None]], minutes: int) -> None:
        self.now += minutes * MINUTE
        assert self.watch.take(values, self.now) == self.everything.take(values, self.now)

    @invariant()
    def they_agree(self) -> None:
        assert len(self.watch) == len(self.everything.watched)
        for id_, (_, standing) in self.everything.watched.items():
            assert self.watch.standing_of(id_) == standing
        wanted = {condition.subject for condition, _ in self.everything.watched.values()}
        assert set(self.watch.subjects()) == wanted


TestWatchBesideEverything = WatchBesideEverything.TestCase
TestWatchBesideEverything.settings = settings(max_examples=40, deadline=None)


def test_a_long_walk_is_the_same_as_asking_everything() -> None:
    chance = random.Random(7)  # noqa: S311  # a walk, not a secret
    watch, everything, events = Watch(), Everything(), 0
    for number in range(1, 201):
        condition = Condition(
            condition_id(number),
            chance.choice((BITCOIN, MARGIN)),
            chance.choice((Comparison.ABOVE, Comparison.BELOW, Comparison.CROSSES)),
            Decimal(chance.randint(80, 120)),
            Decimal(chance.randint(0, 5)),
            chance.randint(0, 9) * MINUTE,
        )
        watch.put(condition, Standing())
        everything.watched[condition.id] = condition, Standing()
    price = 100
    for minute in range(500):
        price += chance.randint(-4, 4)
        values: list[tuple[Subject, Value | None]] = [
            (subject, Decimal(price)) for subject in (BITCOIN, MARGIN)
        ]
        steps = watch.take(values, NOON + minute * MINUTE)
        assert steps == everything.take(values, NOON + minute * MINUTE)
        events += sum(step.event is not None for step in steps)
    assert events > 300


def test_a_step_that_could_not_be_stored_is_taken_back_and_made_again() -> None:
    watch = Watch()
    watch.put(above(1, 100), Standing())

    [step] = watch.take([(BITCOIN, Decimal(101))], NOON)
    assert watch.take([(BITCOIN, Decimal(101))], NOON) == []
    watch.put(step.condition, step.before)

    assert watch.take([(BITCOIN, Decimal(101))], NOON) == [step]


def test_only_what_changes_is_asked() -> None:
    watch = Watch()
    for number in range(1, 101):
        watch.put(above(number, number), Standing())

    steps = watch.take([(BITCOIN, Decimal("3.5"))], NOON)

    assert [step.condition.threshold for step in steps] == [1, 2, 3]
    assert {step.after.phase for step in steps} == {Phase.FIRED}


def test_conditions_that_cool_down_are_not_reached_by_every_value() -> None:
    watch = Watch()
    watch.put(above(1, 100, cooldown=10 * MINUTE), Standing())
    made = []
    for minute, price in enumerate((101, 99, *[101] * 10)):
        made += watch.take([(BITCOIN, Decimal(price))], NOON + minute * MINUTE)
        if 2 <= minute < 10:
            assert watch._subjects[BITCOIN].reached(Decimal(price)) == []

    assert [step.after.fired_at for step in made if step.event] == [NOON, NOON + 10 * MINUTE]


def test_nothing_is_left_of_what_is_removed() -> None:
    watch = Watch()
    watch.put(above(1, 100), Standing())
    watch.put(Condition(condition_id(2), IMPORT, Comparison.IS, "failed"), Standing())
    watch.remove(condition_id(1))
    watch.remove(condition_id(1))
    watch.remove(condition_id(2))

    assert not watch._subjects
    assert not list(watch.subjects())
    assert watch.take([(BITCOIN, Decimal(101)), (IMPORT, "failed")], NOON) == []
