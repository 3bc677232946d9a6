"""Too many wait when they are more than go out in a second."""

from types import SimpleNamespace

import pytest

from plimsoll.plumbing.crowd import FEW, Crowd


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    named = SimpleNamespace(perf_counter=lambda: now[0])
    monkeypatch.setattr("plimsoll.plumbing.crowd.time", named)
    return now


def answer_at_pace(crowd: Crowd, clock: list[float], *, per_second: int, answers: int) -> None:
    for _ in range(answers):
        clock[0] += 1 / per_second
        crowd.go()
        crowd.come()


def test_as_many_as_are_answered_in_half_a_second_may_wait(clock: list[float]) -> None:
    busy = Crowd(10_000)
    for _ in range(90):
        busy.come()
    answer_at_pace(busy, clock, per_second=200, answers=1_000)
    assert not busy.full
    for _ in range(20):
        busy.come()
    assert busy.full


def test_a_few_may_wait_for_what_takes_long(clock: list[float]) -> None:
    slow = Crowd(10_000)
    for _ in range(FEW - 1):
        slow.come()
    clock[0] += 1_000
    slow.go()
    assert not slow.full


def test_a_pause_in_which_nobody_waits_is_not_slow(clock: list[float]) -> None:
    idle = Crowd(10_000)
    for _ in range(200):
        idle.come()
        clock[0] += 0.001
        idle.go()
        clock[0] += 3_600
    for _ in range(200):
        idle.come()
    assert not idle.full


def test_nobody_waits_beyond_the_most(clock: list[float]) -> None:
    full = Crowd(10)
    for _ in range(10):
        full.come()
    assert full.full
    full.go()
    assert not full.full
