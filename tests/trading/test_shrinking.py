"""A failing script becomes short, stays failing, and can be had again."""

import time
from pathlib import Path

from plimsoll.trading.domain.invariants import check
from plimsoll.trading.domain.machine import Machine
from tests.trading.lives import Life
from tests.trading.shrinking import kind_of, read, relive, told, without
from tests.trading.simulation import report, shortened, simulate


def broken(machine: Machine) -> list[str]:
    """As soon as two people have positions in one market, which takes a listing, an index price,
    accounts with money and two orders that meet.
    """
    held = any(len(market.holders) >= 2 for market in machine.venue.markets.values())
    return check(machine.venue) + [f"broken at {machine.venue.seq}"] * held


def test_a_failing_life_is_told_with_the_few_commands_that_lead_to_it(tmp_path: Path) -> None:
    outcome = simulate(3, 1_000, checked=broken)
    assert outcome.failure.startswith("broken at")
    outcome.script = shortened(outcome, seconds=30, checked=broken)
    deeds = [deed for turn in outcome.script for deed in turn.deeds]
    kinds = sorted(type(each.command).__name__ for each in deeds)
    assert len(deeds) <= 9, kinds
    assert {"ListInstrument", "OpenAccount", "SetIndex", "Deposit"} <= set(kinds)
    text = report(outcome, tmp_path)
    assert text.startswith("seed 3 fails after ")
    assert all(str(each.command) in text for each in deeds)

    again = read(tmp_path / "plimsoll-seed-3.json")
    assert again == outcome.script
    assert kind_of(relive(again, Life(broken))) == "broken at #"
    assert str(tmp_path) in text
    assert next(iter(told(again))).startswith("turn")


def test_what_is_not_needed_goes() -> None:
    def fails(items: list[int]) -> bool:
        return {7, 40, 41} <= set(items)

    assert without(list(range(100)), fails, time.monotonic() + 10) == [7, 40, 41]


def test_when_time_is_up_what_was_found_so_far_is_told() -> None:
    assert without([1, 2, 3], lambda items: 2 in items, until=0) == [1, 2, 3]


def test_failures_are_alike_whatever_their_numbers() -> None:
    assert kind_of("BTC: positions add up to -5\nmore") == kind_of("BTC: positions add up to 12")
    trace = "Traceback (most recent call last):\n  File x, line 5\nAssertionError: {}"
    assert kind_of(trace.format(1)) == kind_of(trace.format(2)) == "AssertionError: #"
