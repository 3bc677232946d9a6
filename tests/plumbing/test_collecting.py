"""What the collector looks at once a service has started."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from plimsoll.plumbing import collecting

MANY = 200_000


class Thing:
    """Something that can be watched going."""


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The collector is the whole process's: what comes after has it as it was."""
    yield
    collecting.release()


def test_a_start_is_not_interrupted() -> None:
    collecting.pause()
    assert not gc.isenabled()
    collecting.settle()
    assert gc.isenabled()


def test_what_the_start_has_made_is_not_looked_at_again() -> None:
    made = Thing()
    collecting.settle()
    assert gc.get_freeze_count() > 0
    assert not any(each is made for each in gc.get_objects())


def test_what_makes_a_full_collection_slow_is_looked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collecting, "SLOW_S", 0.0)
    collecting.settle()
    before = gc.get_freeze_count()
    kept = [[number] for number in range(MANY)]
    gc.collect()
    assert gc.get_freeze_count() > before + MANY - 10_000
    assert len(kept) == MANY


def test_what_is_frozen_is_freed_when_nothing_refers_to_it() -> None:
    made = Thing()
    seen = weakref.ref(made)
    collecting.settle()
    del made
    assert seen() is None


def test_a_service_that_has_ended_leaves_the_collector_as_it_was() -> None:
    before = list(gc.callbacks)
    collecting.settle()
    assert gc.callbacks != before
    collecting.release()
    assert gc.isenabled()
    assert gc.callbacks == before
    assert gc.get_freeze_count() == 0


def test_a_cycle_of_a_little_while_is_found() -> None:
    collecting.settle()
    made = Thing()
    vars(made)["itself"] = made
    seen = weakref.ref(made)
    del made
    gc.collect()
    assert seen() is None


def test_what_is_looked_at_quickly_is_not_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "SLOW_S", 60.0)
    collecting.settle()
    before = gc.get_freeze_count()
    kept = [[number] for number in range(MANY)]
    gc.collect()
    assert gc.get_freeze_count() <= before
    assert len(kept) == MANY
