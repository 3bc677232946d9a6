from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.ledger.domain.transactions import Precision
from plimsoll.ledger.importers.dates import DateEvidence, DateOrder, NotAMoment, read_moment

YMD, DMY, MDY = DateOrder.YMD, DateOrder.DMY, DateOrder.MDY
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2024-01-31T12:00:00Z", YMD, "2024-01-31T12:00:00"),
        ("2024-01-31 12:00:00 UTC", DMY, "2024-01-31T12:00:00"),
        ("2024-01-31 12:00:00+05:30", YMD, "2024-01-31T06:30:00"),
        ("2024-01-31 12:00 UTC+2", YMD, "2024-01-31T10:00:00"),
        ("2024-01-31 12:00:00.123456789", YMD, "2024-01-31T12:00:00.123456"),
        ("2024/1/31 9:05", YMD, "2024-01-31T09:05:00"),
        ("24-01-31 12:00:00", YMD, "2024-01-31T12:00:00"),
        ("31.01.2024 12:00", DMY, "2024-01-31T12:00:00"),
        ("1/31/24, 12:05 AM", MDY, "2024-01-31T00:05:00"),
        ("01/31/2024 12:05 p.m.", MDY, "2024-01-31T12:05:00"),
        ("Jan 31, 2024, 11:05 PM", YMD, "2024-01-31T23:05:00"),
        ("Jan. 31, 2024, 11:05 PM", YMD, "2024-01-31T23:05:00"),
        ("31 January 2024 12:00", YMD, "2024-01-31T12:00:00"),
        ("9:05 2024-01-31", MDY, "2024-01-31T09:05:00"),
        ("1706702400", YMD, "2024-01-31T12:00:00"),
        ("1706702400.25", YMD, "2024-01-31T12:00:00.250000"),
        ("1706702400123", YMD, "2024-01-31T12:00:00.123000"),
        ("2024-02-29", YMD, "2024-02-29T00:00:00"),
    ],
)
def test_a_moment_is_read(text: str, order: DateOrder, expected: str) -> None:
    moment = read_moment(text, order, UTC)
    assert moment.at == datetime.fromisoformat(expected + "+00:00")
    assert (moment.precision is Precision.DAY) == (text == "2024-02-29")


@pytest.mark.parametrize(
    ("text", "order", "code"),
    [
        ("2023-02-29 00:00", YMD, "not-a-date"),
        ("13/13/2024", MDY, "not-a-date"),
        ("31/01/2024", MDY, "not-a-date"),
        ("31/01/2024", YMD, "not-a-date"),
        ("01/02-2024", MDY, "not-a-date"),
        ("2024-01-31 25:00", YMD, "not-a-date"),
        ("2024-01-31 13:00 PM", YMD, "not-a-date"),
        ("2024-01-31 12:00 UTC+99", YMD, "not-a-date"),
        ("25:00 2024-01-31", YMD, "not-a-date"),
        ("31 Januar", YMD, "not-a-date"),
        ("31 Foo 2024", YMD, "not-a-date"),
        ("0001-01-01 00:00+01:00", YMD, "date-out-of-range"),
        ("1999-01-01", YMD, "date-out-of-range"),
        ("0000000001", YMD, "date-out-of-range"),
        ("9999999999999", YMD, "date-out-of-range"),
        ("x" * 5_000, YMD, "not-a-date"),
    ],
)
def test_what_is_no_moment_is_named(text: str, order: DateOrder, code: str) -> None:
    with pytest.raises(NotAMoment) as caught:
        read_moment(text, order, UTC)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("cells", "usual", "order"),
    [
        ((), None, YMD),
        (("2024-03-04",), None, YMD),
        (("03/04/2024",), None, None),
        (("03/04/2024", "13/04/2024"), None, DMY),
        (("03/04/2024", "03/31/2024"), None, MDY),
        (("31/01/2024", "01/31/2024"), None, None),
        (("03/04/2024", "77/77/2024"), None, None),
        (("03/04/2024", "13/04/2024", "no date"), None, DMY),
        (("24-01-02",), None, YMD),
        (("24-01-12",), None, None),
        (("24-01-12",), YMD, YMD),
        (("13/04/2024",), YMD, DMY),
        (("2024-01-02", "13/04/2024"), None, DMY),
    ],
)
def test_the_order_is_what_the_whole_column_leaves(
    cells: tuple[str, ...], usual: DateOrder | None, order: DateOrder | None
) -> None:
    evidence = DateEvidence()
    for line, cell in enumerate(cells, start=2):
        evidence.look(cell, line)
    assert evidence.decide(usual) is order


@pytest.mark.parametrize(
    ("text", "zoneless"),
    [
        ("2024-01-31 12:00", True),
        ("Jan 31, 2024", True),
        ("2024-01-31T12:00Z", False),
        ("1706702400", False),
        ("not a date", False),
    ],
)
def test_a_zone_is_asked_for_only_where_a_moment_lacks_one(text: str, zoneless: bool) -> None:  # noqa: FBT001 - a column of the table
    evidence = DateEvidence()
    evidence.look(text, 7)
    assert evidence.zoneless_line == (7 if zoneless else 0)


def test_local_time_is_turned_to_utc_and_odd_hours_are_told() -> None:
    summer = read_moment("2024-07-01 12:00", YMD, BERLIN)
    assert summer.at == datetime(2024, 7, 1, 10, tzinfo=UTC)
    assert not summer.odd
    assert read_moment("2024-03-31 02:30", YMD, BERLIN).odd
    assert read_moment("2024-10-27 02:30", YMD, BERLIN).odd
    assert not read_moment("2024-10-27 02:30+01:00", YMD, BERLIN).odd


@given(
    st.datetimes(datetime(2009, 1, 2), datetime(2090, 1, 1)),  # noqa: DTZ001 - local, as in files
    st.sampled_from([("%Y-%m-%d", YMD), ("%d.%m.%Y", DMY), ("%m/%d/%Y", MDY), ("%d %b %Y", YMD)]),
    st.sampled_from(["%H:%M:%S.%f", "%I:%M:%S.%f %p"]),
    st.integers(-14 * 60, 14 * 60),
)
def test_any_moment_comes_back_in_any_style(
    local: datetime, style: tuple[str, DateOrder], clock: str, offset: int
) -> None:
    day, order = style
    text = local.strftime(f"{day} {clock}")
    sign = "-" if offset < 0 else "+"
    zone = f"{sign}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    expected = local.replace(tzinfo=UTC) - timedelta(minutes=offset)
    assert read_moment(f"{text} {zone}", order, None).at == expected
