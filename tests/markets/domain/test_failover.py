"""Whose price a pair has, when sources fall silent, come back, contradict each other, or err."""

from decimal import Decimal
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.failover import (
    APART_FOR_S,
    CONFIRMED_AFTER_S,
    Failover,
    FlagKind,
    SourceHealth,
    SourceState,
)
from plimsoll.markets.domain.prices import Pair, Price, Tick
from tests.fakes.clock import START

BTC_USD = Pair(AssetId("bitcoin"), AssetId("usd"))
ETH_USD = Pair(AssetId("ethereum"), AssetId("usd"))


class Desk:
    """Three sources in the order a, b, c, each silent after 10 s; b and c price bitcoin only."""

    def __init__(self, *, orders: dict[Pair, list[str]] | None = None) -> None:
        self.now_s = 0.0
        self.health = {
            name: SourceHealth(name, pushes=True, silence_s=10, now_s=0) for name in "abc"
        }
        self.failover = Failover(self.health.values(), orders=orders or {}, apart=0.02)
        self.shown: dict[Pair, tuple[str, Decimal]] = {}

    def say(self, source: str, value: str, pair: Pair = BTC_USD) -> bool:
        self.health[source].heard(self.now_s)
        tick = Tick(pair, Price(Decimal(value), source, START))
        taken = self.failover.offer(source, tick, self.now_s)
        if taken:
            self.shown[pair] = (source, tick.price.value)
        return taken

    def wait(self, seconds: float) -> None:
        """The time passes in steps of a second, each of them looked at."""
        for _ in range(int(seconds)):
            self.now_s += 1
            silent = [health for health in self.health.values() if health.look(self.now_s)]
            for health in silent:
                self.replace(health.name)
            self.failover.compare(self.now_s)

    def fail(self, source: str) -> None:
        if self.health[source].failed("source-unreachable", "it is away", self.now_s):
            self.replace(source)

    def replace(self, silent: str) -> None:
        for word in self.failover.step_in(silent):
            self.shown[word.tick.pair] = (word.source, word.tick.price.value)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_first_source_in_order_is_taken_and_others_are_only_remembered(desk: Desk) -> None:
    assert desk.say("b", "100")
    assert desk.say("a", "101")
    assert not desk.say("b", "100.5")
    assert not desk.say("c", "99")
    assert desk.shown[BTC_USD] == ("a", Decimal(101))
    assert desk.failover.sources_of(BTC_USD) == ["a", "b", "c"]


def test_those_that_are_well_and_tell_every_change_are_listed_as_they_are_preferred() -> None:
    desk = Desk(orders={BTC_USD: ["b", "a"]})
    desk.health["c"].pushes = False
    for source, value in (("a", "101"), ("c", "99"), ("b", "100"), ("b", "100.5")):
        desk.say(source, value)

    def said() -> list[tuple[str, Decimal]]:
        return [(word.source, word.tick.price.value) for word in desk.failover.list_well(BTC_USD)]

    assert said() == [("b", Decimal("100.5")), ("a", Decimal(101))]
    assert desk.failover.list_well(ETH_USD) == []
    desk.fail("b")
    assert said() == [("a", Decimal(101))]


def test_when_a_source_is_cut_off_the_next_one_steps_in_at_once_with_its_last_word(
    desk: Desk,
) -> None:
    desk.say("a", "101")
    desk.say("b", "100.5")
    desk.say("c", "99")
    desk.fail("a")
    assert desk.shown[BTC_USD] == ("b", Decimal("100.5"))
    assert desk.health["a"].state is SourceState.DEGRADED
    assert desk.say("b", "100.6")
    assert not desk.say("c", "99.5")
    assert desk.say("a", "101.5"), "its first word brings it back"
    assert desk.shown[BTC_USD] == ("a", Decimal("101.5"))


def test_a_source_that_falls_silent_is_replaced_and_is_stale(desk: Desk) -> None:
    desk.say("a", "101")
    desk.wait(8)
    desk.say("b", "100.5")
    desk.wait(2)
    assert desk.shown[BTC_USD] == ("a", Decimal(101))
    desk.wait(1)
    assert desk.shown[BTC_USD] == ("b", Decimal("100.5"))
    assert desk.health["a"].state is SourceState.STALE
    assert desk.health["a"].since_s == 11


def test_the_last_good_value_stays_when_nobody_is_well(desk: Desk) -> None:
    desk.say("a", "101")
    desk.say("b", "100.5")
    desk.fail("b")
    desk.fail("a")
    assert desk.shown[BTC_USD] == ("a", Decimal(101))
    assert desk.failover.chosen(BTC_USD) == "a"


def test_a_source_without_the_pair_does_not_step_in(desk: Desk) -> None:
    desk.say("a", "3000", ETH_USD)
    desk.say("b", "100")
    desk.fail("a")
    assert desk.shown[ETH_USD] == ("a", Decimal(3000))


def test_one_pair_may_have_an_order_of_its_own() -> None:
    desk = Desk(orders={BTC_USD: ["c", "a"]})
    desk.say("a", "101")
    assert desk.say("c", "99")
    assert not desk.say("a", "101")
    desk.say("a", "3000", ETH_USD)
    assert desk.shown[ETH_USD][0] == "a"
    assert not desk.say("b", "100"), "what the order does not name comes after it"


@pytest.mark.parametrize("wrong", ["101000", "0.101"])
def test_a_price_a_thousand_times_off_is_not_used_and_flagged(desk: Desk, wrong: str) -> None:
    desk.say("a", "101")
    assert not desk.say("a", wrong)
    (flag,) = desk.failover.list_flags()
    assert (flag.kind, flag.sources) == (FlagKind.SUSPICIOUS_PRICE, ("a",))
    assert flag.ratio == pytest.approx(1000)
    assert desk.say("a", "101.2"), "the next good price is used"
    assert desk.failover.list_flags() == []


def test_a_far_price_is_believed_when_it_is_repeated_for_a_while(desk: Desk) -> None:
    desk.say("a", "101")
    assert not desk.say("a", "1010")
    for _ in range(int(CONFIRMED_AFTER_S) - 1):
        desk.wait(1)
        assert not desk.say("a", "1011")
    desk.wait(1)
    assert desk.say("a", "1012")
    assert desk.failover.list_flags() == []


def test_a_far_price_is_believed_when_another_source_agrees(desk: Desk) -> None:
    desk.say("a", "101")
    desk.wait(2)
    desk.say("b", "1010")  # its first word, there is nothing to compare it with
    assert desk.say("a", "1011")


def test_far_prices_that_contradict_each_other_are_never_believed(desk: Desk) -> None:
    desk.say("a", "101")
    for each in range(100):
        desk.wait(1)
        assert not desk.say("a", "1010" if each % 2 else "10100")


def test_sources_far_apart_are_flagged_after_a_while_and_as_long_as_they_are(desk: Desk) -> None:
    desk.say("a", "100")
    desk.say("b", "103")
    fresh = []
    for _ in range(int(APART_FOR_S) + 2):
        desk.now_s += 1
        fresh += desk.failover.compare(desk.now_s)
    assert [(flag.sources, flag.pair) for flag in fresh] == [(("a", "b"), BTC_USD)]
    (flag,) = desk.failover.list_flags()
    assert flag.ratio == pytest.approx(1.03)
    desk.say("b", "101.9")
    desk.wait(1)
    assert desk.failover.list_flags() == []


def test_a_source_that_is_away_disagrees_with_nobody(desk: Desk) -> None:
    desk.say("a", "100")
    desk.say("b", "103")
    desk.fail("b")
    desk.wait(int(APART_FOR_S) + 1)
    assert desk.failover.list_flags() == []


def test_a_source_that_was_never_heard_is_starting_then_stale(desk: Desk) -> None:
    assert desk.health["a"].state is SourceState.STARTING
    desk.fail("a")
    assert desk.health["a"].state is SourceState.STARTING
    assert desk.health["a"].error == "source-unreachable"
    desk.wait(11)
    assert desk.health["a"].state is SourceState.STALE


Events = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["say", "fail"]), st.sampled_from("abc")).map(lambda one: [one]),
        st.integers(1, 15).map(lambda seconds: [("wait", "")] * seconds),
    ),
    max_size=40,
)


@given(Events)
def test_the_price_is_of_the_first_source_that_is_well_or_else_stays(
    events: list[list[tuple[str, str]]],
) -> None:
    desk = Desk()
    said = set[str]()
    for what, which in chain.from_iterable(events):
        before = desk.shown.get(BTC_USD)
        if what == "wait":
            desk.wait(1)
        elif what == "fail":
            desk.fail(which)
        else:
            said.add(which)
            desk.say(which, "100")
        well = [name for name in "abc" if name in said and desk.health[name].well]
        if well:
            assert desk.shown[BTC_USD][0] == well[0]
        else:
            assert desk.shown.get(BTC_USD) == before
