"""Moments as files write them: ISO, day or month first, names of months, AM and PM, unix time.

`03/04/2024` is two days. Which of them is decided over the whole column: every such cell rules out
the orders that it cannot be read in. One order left is the file's; several, or none, is asked. A
moment without a zone is in the file's zone, and where the file tells none the person is asked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from typing import Final, NamedTuple

from plimsoll.ledger.domain.transactions import Precision

FIRST_YEAR: Final = 2009
LAST_YEAR: Final = 2099
LONGEST: Final = 60
_FULL_YEAR: Final = 4
_SHORT_YEAR: Final = 2
"""Digits of a year."""
_NOON: Final = 12


class DateOrder(StrEnum):
    """In which order day, month and year stand."""

    YMD = "ymd"
    DMY = "dmy"
    MDY = "mdy"


NO_SUCH: Final = "there is no such day or time"


class NotAMoment(ValueError):
    """Why a cell is no moment; its importer says where it stands."""

    def __init__(self, code: str, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.code, self.reason, self.fix = code, reason, fix


class Moment(NamedTuple):
    """`at` in UTC. `odd`: the local clock showed this time twice, or never."""

    at: datetime
    precision: Precision
    odd: bool = False


_MONTH_NAMES: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_MONTHS: Final = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_TIME: Final = (
    r"(?:(?:\s*,\s*|\s+|T)(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"\s*(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[-+]\d{1,2}(?::?\d{2})?)?)?"
)
_NUMERIC: Final = re.compile(
    r"(?P<a>\d{1,4})(?P<gap>[-/.])(?P<b>\d{1,2})(?P=gap)(?P<c>\d{1,4})" + _TIME, re.ASCII
)
_NAMED: Final = re.compile(
    r"(?:(?P<day>\d{1,2})[ -](?P<month>[A-Za-z]{3,9})\.?[ ,-]+(?P<year>\d{4})"
    r"|(?P<month2>[A-Za-z]{3,9})\.? (?P<day2>\d{1,2}),? (?P<year2>\d{4}))" + _TIME,
    re.ASCII,
)
_ISO: Final = re.compile(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3}|\.\d{6})?Z", re.ASCII)
"""Most files: nothing in it can mean two things."""
_TIME_FIRST: Final = re.compile(
    r"(?P<time>\d{1,2}:\d{2}(?::\d{2})?) (?P<date>\d{4}-\d{2}-\d{2})", re.ASCII
)
_SECONDS: Final = re.compile(r"(?P<s>\d{10})(?:\.(?P<fraction>\d{1,9}))?|(?P<ms>\d{13})", re.ASCII)
_OFFSET: Final = re.compile(r"(?:UTC|GMT)?([-+])(\d{1,2})(?::?(\d{2}))?")


@dataclass(slots=True)
class DateEvidence:
    """What the cells looked at so far leave possible. `zoneless_line` is of the first moment that
    names no zone.
    """

    orders: set[DateOrder] = field(default_factory=lambda: set(DateOrder))
    open_line: int = 0
    ruled_out: dict[DateOrder, int] = field(default_factory=dict)
    zoneless_line: int = 0

    def look(self, text: str, line: int) -> None:
        """Rule out what this cell cannot be; what is no date rules out nothing."""
        if len(text) > LONGEST or (self.zoneless_line and text[:4].isdigit()):
            return
        if text[10:11] == "T" and _ISO.fullmatch(text):
            return  # the year first and a zone: nothing is open
        text = text.strip()
        match = _NUMERIC.fullmatch(text)
        if match is None:
            match = _NAMED.fullmatch(text)
            if _TIME_FIRST.fullmatch(text) or (match and not match["zone"]):
                self.zoneless_line = self.zoneless_line or line
            return
        if not match["zone"]:
            self.zoneless_line = self.zoneless_line or line
        if len(match["a"]) == _FULL_YEAR:
            return
        fits = {order for order, *parts in _readings(match) if _is_date(*parts)}
        if not fits:
            return
        self.open_line = self.open_line or line
        for order in self.orders - fits:
            self.ruled_out[order] = line
        self.orders &= fits

    def decide(self, usual: DateOrder | None) -> DateOrder | None:
        """The order of the file; `usual` is what its writer is known for, taken where it fits all
        cells. None where a person has to say it.
        """
        if not self.open_line:
            return DateOrder.YMD
        if usual in self.orders:
            return usual
        return next(iter(self.orders)) if len(self.orders) == 1 else None


def _readings(match: re.Match[str]) -> Iterator[tuple[DateOrder, str, str, str]]:
    a, b, c = match["a"], match["b"], match["c"]
    if len(c) == _SHORT_YEAR:
        yield DateOrder.YMD, a, b, c
    yield DateOrder.DMY, c, b, a
    yield DateOrder.MDY, c, a, b


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        datetime(_year(year), int(month), int(day))  # noqa: DTZ001 - only whether there is one
    except ValueError:
        return False
    return FIRST_YEAR <= _year(year) <= LAST_YEAR


def _year(text: str) -> int:
    return int(text) + 2000 if len(text) == _SHORT_YEAR else int(text)


def read_moment(text: str, order: DateOrder, zone: tzinfo | None) -> Moment:
    """The moment in UTC. `zone` is of cells that name none; raises NotAMoment."""
    if text[10:11] == "T" and _ISO.fullmatch(text):
        return _usual(text)
    text = text.strip()
    if len(text) > LONGEST:
        raise _refusal("this is no date")
    if match := _NUMERIC.fullmatch(text):
        a, b, c = match["a"], match["b"], match["c"]
        if len(a) == _FULL_YEAR or (order is DateOrder.YMD and len(c) == _SHORT_YEAR):
            year, month, day = _year(a), int(b), int(c)
        elif order is DateOrder.YMD:
            raise _refusal("the other dates of this file begin with the year")
        else:
            year = _year(c)
            month, day = (int(b), int(a)) if order is DateOrder.DMY else (int(a), int(b))
    elif match := _NAMED.fullmatch(text):
        number = _MONTHS.get((match["month"] or match["month2"])[:3].lower())
        if number is None:
            raise _refusal("this names no month in English")
        year, month = int(match["year"] or match["year2"]), number
        day = int(match["day"] or match["day2"])
    elif match := _SECONDS.fullmatch(text):
        return _unix(match)
    elif match := _TIME_FIRST.fullmatch(text):
        return read_moment(f"{match['date']} {match['time']}", order, zone)
    else:
        raise _refusal("this is no date")
    return _moment((year, month, day), match, zone)


def _usual(text: str) -> Moment:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise _refusal(NO_SUCH) from error
    return Moment(_in_range(at), Precision.INSTANT)


def _unix(match: re.Match[str]) -> Moment:
    if match["ms"]:
        since = timedelta(milliseconds=int(match["ms"]))
    else:
        micros = int(f"{match['fraction'] or '0':0<6}"[:6])
        since = timedelta(seconds=int(match["s"]), microseconds=micros)
    return Moment(_in_range(datetime(1970, 1, 1, tzinfo=UTC) + since), Precision.INSTANT)


def _moment(date: tuple[int, int, int], match: re.Match[str], zone: tzinfo | None) -> Moment:
    own = _own_zone(match["zone"])
    hour, minute = int(match["hour"] or 0), int(match["minute"] or 0)
    if half := match["half"]:
        if not 1 <= hour <= _NOON:
            raise _refusal("with AM or PM the hour is 1 to 12")
        hour = hour % _NOON + (_NOON if half in "pP" else 0)
    micros = int(f"{match['fraction'] or '0':0<6}"[:6])
    try:
        local = datetime(*date, hour, minute, int(match["second"] or 0), micros)  # noqa: DTZ001
    except ValueError as error:
        raise _refusal(NO_SUCH) from error
    _in_range(local)  # before it is turned to UTC, which year 1 cannot be
    precision = Precision.INSTANT if match["hour"] else Precision.DAY
    chosen = own or zone
    assert chosen, "a file with moments without a zone is asked for one"
    aware = local.replace(tzinfo=chosen)
    fixed = isinstance(chosen, timezone)  # its clocks are never changed
    odd = not fixed and aware.utcoffset() != aware.replace(fold=1).utcoffset()
    return Moment(aware.astimezone(UTC), precision, odd)


def _own_zone(text: str | None) -> tzinfo | None:
    if not text:
        return None
    return UTC if text in {"Z", "UTC", "GMT"} else find_offset(text)


def find_offset(text: str) -> tzinfo | None:
    """The fixed zone that `UTC+2` or `+02:00` names."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    if minutes > 14 * 60:
        raise _refusal("there is no such time zone")
    return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))


def _in_range(at: datetime) -> datetime:
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise NotAMoment(
            "date-out-of-range",
            f"{at.year} is before the first coin, or far in the future",
            "correct the date",
        )
    return at


def _refusal(reason: str) -> NotAMoment:
    return NotAMoment("not-a-date", reason, "write it like 2024-01-31 12:00:00")
