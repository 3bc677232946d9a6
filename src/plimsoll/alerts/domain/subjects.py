"""What a subject's text means: which pair, which candles, which line, whose account.

    price                 btc/usd
    change                btc/usd 1h                   from the price so long ago, a fraction
    indicator             btc/usd 1h rsi(14)           a line of the last closed candle
                          btc/usd 4h close : sma(200)  the first line less the second
                          btc/usd 1h macd.line : macd.signal
    rating                btc/usd 1h                   -1 to 1, or a word
    volatility_rank       btc/usd 24h                  1 is the most volatile pair
    margin_ratio          account                      of the cross part of one's own
    liquidation_distance  BTC-PERP                     from the mark, a fraction of it
    position              BTC-PERP                     signed, in units of the base
    kpi                   error_rate                   as /kpi names them
    data_quality          flags, sources, btc/usd      how many there are
    job_result            imports.commit, any          of one's own jobs; `all …`: everybody's

Pairs are named by symbols or ids and kept by ids; a line of an indicator with several columns has
the column after a point. Pure: that something is known by name does not say that there is any.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, Self, TypeVar

from plimsoll.alerts.domain.conditions import SubjectKind
from plimsoll.insights.domain.catalogue import parse as parse_indicators
from plimsoll.insights.domain.definitions import Request
from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.markets.domain.candles import MINUTE_MS, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.domain.volatility import Window

LONGEST: Final = 150
"""Characters of a subject as somebody writes it."""

POINTER: Final = "#/subject/of"
ACCOUNT: Final = "account"
ANY_JOB: Final = "any"
EVERYBODYS: Final = "all"
FLAGS: Final = "flags"
SOURCES: Final = "sources"
CLOSE: Final = "close"

_NAME: Final = re.compile(r"[A-Za-z0-9][\w.:-]{0,60}", re.ASCII)

Choice = TypeVar("Choice", bound=StrEnum)


class SubjectRefused(Invalid):
    """A subject that cannot be read, or of something that is not there."""

    code = "subject-refused"
    title = "There is no such subject to watch"


def refuse(detail: str, *, code: str = SubjectRefused.code) -> SubjectRefused:
    """The refusal to raise, pointing at the subject."""
    return SubjectRefused(detail, faults=(FieldFault(POINTER, code, detail),))


class Span(StrEnum):
    """Since when a price has changed. `step` is the interval of the candles that tell what it was
    then.
    """

    length_ms: int
    step: Interval

    MINUTES_5 = "5m", 5, Interval.MINUTE
    MINUTES_15 = "15m", 15, Interval.MINUTE
    HOUR = "1h", 60, Interval.MINUTE
    HOURS_4 = "4h", 240, Interval.MINUTE
    DAY = "24h", 1_440, Interval.MINUTES_5
    WEEK = "7d", 10_080, Interval.HOUR

    def __new__(cls, text: str, minutes: int = 0, step: Interval = Interval.MINUTE) -> Self:
        span = str.__new__(cls, text)
        span._value_ = text
        span.length_ms, span.step = minutes * MINUTE_MS, step
        return span


class Line(NamedTuple):
    """One column of an indicator; `request` None: the close itself."""

    request: Request | None
    column: int

    def __str__(self) -> str:
        if self.request is None:
            return CLOSE
        columns = self.request.definition.columns
        return f"{self.request}.{columns[self.column]}" if len(columns) > 1 else str(self.request)


@dataclass(frozen=True, slots=True)
class Aim:
    """A subject, read. What does not belong to its kind is None; `text` is the one spelling under
    which it is kept.
    """

    kind: SubjectKind
    text: str
    pair: Pair | None = None
    span: Span | None = None
    interval: Interval | None = None
    lines: tuple[Line, ...] = ()
    window: Window | None = None
    name: str = ""
    everybodys: bool = False
    """About the desk or about other people: only operators are told."""

    @property
    def personal(self) -> bool:
        """Means another thing for each person."""
        return self.kind in OWN and not self.everybodys


OWN: Final = frozenset(
    {
        SubjectKind.MARGIN_RATIO,
        SubjectKind.LIQUIDATION_DISTANCE,
        SubjectKind.POSITION,
        SubjectKind.JOB_RESULT,
    }
)


def read(kind: SubjectKind, text: str, catalogue: Catalogue) -> Aim:
    """Raises SubjectRefused, saying what is expected."""
    if len(text) > LONGEST:
        raise refuse(f"longer than {LONGEST} characters")
    return _READERS[kind](kind, text.strip(), catalogue)


def _pair(text: str, catalogue: Catalogue) -> Pair:
    base, _, quote = text.partition("/")
    found = [catalogue.find(name) for name in (base, quote)]
    if found[0] is None or found[1] is None or found[0] is found[1]:
        raise refuse(f"expected two known assets, such as btc/usd, in place of {text[:60]!r}")
    return Pair(found[0].id, found[1].id)


def _choice(kinds: type[Choice], text: str) -> Choice:
    try:
        return kinds(text)
    except ValueError:
        raise refuse(f"expected one of {', '.join(kinds)} in place of {text[:30]!r}") from None


def _words(text: str, count: int, example: str) -> list[str]:
    words = text.split(None, count - 1)
    if len(words) != count:
        raise refuse(f"expected something like {example!r} in place of {text[:60]!r}")
    return words


def _price(kind: SubjectKind, text: str, catalogue: Catalogue) -> Aim:
    pair = _pair(text, catalogue)
    return Aim(kind, "/".join(pair), pair=pair)


def _change(kind: SubjectKind, text: str, catalogue: Catalogue) -> Aim:
    name, since = _words(text, 2, "btc/usd 1h")
    pair, span = _pair(name, catalogue), _choice(Span, since)
    return Aim(kind, f"{'/'.join(pair)} {span}", pair=pair, span=span)


def _rating(kind: SubjectKind, text: str, catalogue: Catalogue) -> Aim:
    name, length = _words(text, 2, "btc/usd 1h")
    pair, interval = _pair(name, catalogue), _choice(Interval, length)
    return Aim(kind, f"{'/'.join(pair)} {interval}", pair=pair, interval=interval)


def _rank(kind: SubjectKind, text: str, catalogue: Catalogue) -> Aim:
    name, over = _words(text, 2, "btc/usd 24h")
    pair, window = _pair(name, catalogue), _choice(Window, over)
    return Aim(kind, f"{'/'.join(pair)} {window}", pair=pair, window=window)


def _indicator(kind: SubjectKind, text: str, catalogue: Catalogue) -> Aim:
    name, length, rest = _words(text, 3, "btc/usd 1h rsi(14)")
    pair, interval = _pair(name, catalogue), _choice(Interval, length)
    first, colon, second = rest.partition(":")
    lines = (_line(first.strip()), *((_line(second.strip()),) if colon else ()))
    if all(line.request is None for line in lines):
        raise refuse("the close alone is watched as a price; compare it with an indicator")
    if len(set(lines)) < len(lines):
        raise refuse("a line does not cross itself")
    spelled = f"{'/'.join(pair)} {interval} {' : '.join(map(str, lines))}"
    return Aim(kind, spelled, pair=pair, interval=interval, lines=lines)


def _line(text: str) -> Line:
    if text == CLOSE:
        return Line(None, 0)
    name, column = text, ""
    if not text.endswith(")") and "." in text:
        name, _, column = text.rpartition(".")
    try:
        requests = parse_indicators(name)
    except Invalid as error:
        raise refuse(error.detail, code=error.code) from None
    if len(requests) != 1:
        raise refuse("expected one line on each side of the colon")
    columns = requests[0].definition.columns
    if not column and len(columns) == 1:
        return Line(requests[0], 0)
    if column not in columns:
        raise refuse(f"{requests[0]} has the columns {', '.join(columns)}; name one after a point")
    return Line(requests[0], columns.index(column))


def _account(kind: SubjectKind, text: str, _: Catalogue) -> Aim:
    if text != ACCOUNT:
        raise refuse(f"the margin ratio is of your {ACCOUNT!r}")
    return Aim(kind, text, name=text)


def _symbol(kind: SubjectKind, text: str, _: Catalogue) -> Aim:
    return Aim(kind, _name(text, "BTC-PERP"), name=text)


def _kpi(kind: SubjectKind, text: str, _: Catalogue) -> Aim:
    return Aim(kind, _name(text, "error_rate"), name=text, everybodys=True)


def _quality(kind: SubjectKind, text: str, catalogue: Catalogue) -> Aim:
    if text in {FLAGS, SOURCES}:
        return Aim(kind, text, name=text)
    pair = _pair(text, catalogue)
    return Aim(kind, "/".join(pair), pair=pair)


def _job(kind: SubjectKind, text: str, _: Catalogue) -> Aim:
    first, _space, rest = text.partition(" ")
    everybodys = first == EVERYBODYS and bool(rest)
    name = _name(rest.strip() if everybodys else text, "imports.commit")
    spelled = f"{EVERYBODYS} {name}" if everybodys else name
    return Aim(kind, spelled, name=name, everybodys=everybodys)


def _name(text: str, example: str) -> str:
    if not _NAME.fullmatch(text):
        raise refuse(f"expected a name such as {example} in place of {text[:60]!r}")
    return text


_READERS: Final[Mapping[SubjectKind, Callable[[SubjectKind, str, Catalogue], Aim]]] = (
    MappingProxyType(
        {
            SubjectKind.PRICE: _price,
            SubjectKind.CHANGE: _change,
            SubjectKind.INDICATOR: _indicator,
            SubjectKind.RATING: _rating,
            SubjectKind.VOLATILITY_RANK: _rank,
            SubjectKind.MARGIN_RATIO: _account,
            SubjectKind.LIQUIDATION_DISTANCE: _symbol,
            SubjectKind.POSITION: _symbol,
            SubjectKind.KPI: _kpi,
            SubjectKind.DATA_QUALITY: _quality,
            SubjectKind.JOB_RESULT: _job,
        }
    )
)
