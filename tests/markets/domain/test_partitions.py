"""Days of the present, months of the past."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.markets.domain.partitions import Family, Partition, missing


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


NOW_MS = ms("2026-11-21T07:00")


def names(family: Family, *moments: str, there: tuple[str, ...] = ()) -> list[str]:
    existing = [Partition.parse(name) for name in there]
    times_ms = [ms(moment) for moment in moments]
    return [each.name for each in missing(existing, family, times_ms, now_ms=NOW_MS)]


def test_minutes_of_this_month_and_the_one_before_lie_in_days() -> None:
    assert names(Family.SHORT, "2026-11-21", "2026-11-21T23:59", "2026-12-01", "2026-10-01") == [
        "candles_short_20261001",
        "candles_short_20261121",
        "candles_short_20261201",
    ]


def test_an_older_month_is_one_partition_unless_days_of_it_are_there() -> None:
    assert names(Family.SHORT, "2018-01-05", "2018-01-20") == ["candles_short_201801"]
    assert names(Family.SHORT, "2018-01-05", there=("candles_short_20180107",)) == [
        "candles_short_20180105"
    ]


def test_what_is_there_is_not_made_again() -> None:
    assert names(Family.SHORT, "2026-11-21T05:00", there=("candles_short_20261121",)) == []
    assert names(Family.SHORT, "2018-01-31T23:59", there=("candles_short_201801",)) == []


def test_longer_candles_lie_in_months_and_the_longest_in_one_table() -> None:
    assert names(Family.MIDDLE, "2026-11-21", "2026-12-31T20:00", "2018-01-01") == [
        "candles_middle_201801",
        "candles_middle_202611",
        "candles_middle_202612",
    ]
    assert names(Family.LONG, "2026-11-21", "2018-01-01") == []


@given(
    st.lists(st.lists(st.integers(ms("2009-01-03"), ms("2027-01-01")), max_size=20), max_size=5),
    st.sampled_from([Family.SHORT, Family.MIDDLE]),
)
def test_every_moment_gets_exactly_one_partition_and_its_name_says_which(
    batches: list[list[int]], family: Family
) -> None:
    there = list[Partition]()
    for times_ms in batches:
        there += missing(there, family, times_ms, now_ms=NOW_MS)
    for time_ms in (time_ms for times_ms in batches for time_ms in times_ms):
        [_] = [each for each in there if each.start_ms <= time_ms < each.end_ms]
    there.sort(key=lambda each: each.start_ms)
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(there))
    assert [Partition.parse(each.name) for each in there] == there
