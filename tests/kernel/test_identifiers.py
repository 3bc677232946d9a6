"""Ids: unique, of version 7, in order of making."""

import time
from uuid import RFC_4122

from plimsoll.kernel.identifiers import new_id


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = new_id()
    assert made.version == 7
    assert made.variant == RFC_4122


def test_an_id_carries_the_millisecond_it_was_made_in() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert before <= made.int >> 80 <= after


def test_a_later_millisecond_sorts_after() -> None:
    first = new_id()
    time.sleep(0.002)
    assert first < new_id()


def test_ten_thousand_ids_are_all_different() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000
