"""The chain of the audit log, without a database."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.access.domain.audit import (
    GENESIS,
    Event,
    Fault,
    Happening,
    Head,
    Row,
    Walk,
    append,
    canonical,
    chain_hash,
)

facts = st.dictionaries(
    st.text(max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=8), max_size=4
)
happenings = st.builds(
    Happening,
    st.sampled_from(Event),
    st.datetimes(timezones=st.just(UTC)),
    st.none() | st.uuids(),
    st.none() | st.text(max_size=8),
    st.none() | st.text(max_size=8),
    facts,
)


def chain(events: list[Happening]) -> list[Row]:
    rows, head = list[Row](), Head(0, GENESIS)
    for event in events:
        rows.append(append(head, event))
        head = Head(rows[-1].sequence, rows[-1].hash)
    return rows


def test_a_row_in_full() -> None:
    row = append(Head(0, GENESIS), Happening(Event.LOGIN, datetime(2026, 1, 1, tzinfo=UTC)))
    assert canonical(row) == (
        b'{"address":null,"at":"2026-01-01T00:00:00Z","event":"login","facts":{},'
        b'"sequence":1,"subject":null,"user_id":null}'
    )
    assert row.hash == chain_hash(GENESIS, row)


@given(st.lists(happenings, max_size=8))
def test_a_chain_as_it_was_written_is_intact(events: list[Happening]) -> None:
    rows, walk = chain(events), Walk()
    assert walk.take(rows) is None
    last = Head(rows[-1].sequence, rows[-1].hash) if rows else Head(0, GENESIS)
    assert walk.finish(last).intact


@given(st.lists(happenings, min_size=1, max_size=8), happenings, st.data())
def test_a_row_that_was_written_anew_is_found(
    events: list[Happening], other: Happening, data: st.DataObject
) -> None:
    rows = chain(events)
    place = data.draw(st.integers(0, len(rows) - 1))
    old = rows[place]
    forged = replace(append(Head(place, GENESIS), other), hash=old.hash)
    if canonical(forged) == canonical(old):
        return
    rows[place] = forged

    verdict = Walk().take(rows)

    assert verdict is not None
    assert (verdict.broken_at, verdict.fault) == (place + 1, Fault.CHANGED)


@given(st.lists(happenings, min_size=2, max_size=8), st.data())
def test_a_removed_row_is_found(events: list[Happening], data: st.DataObject) -> None:
    rows = chain(events)
    place = data.draw(st.integers(0, len(rows) - 2))
    del rows[place]

    verdict = Walk().take(rows)

    assert verdict is not None
    assert (verdict.broken_at, verdict.fault) == (place + 1, Fault.MISSING)
