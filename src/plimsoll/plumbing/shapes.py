"""Shapes that every slice's JSON shares: amounts, moments, asset names.

Money is text in both directions. A JSON number is refused even where it would be exact: a client
whose language reads it as a binary fraction would lose cents somewhere else, without knowing.
"""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from plimsoll.kernel.clock import rfc3339, to_ms
from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.money import PATTERN, NotAnAmount, format_amount, parse_amount

GENESIS: Final = datetime(2009, 1, 3, tzinfo=UTC)
"""The first block: no transaction in a coin is older."""

CLOCK_SKEW: Final = timedelta(seconds=60)
"""How far ahead of ours a caller's clock may be."""


class Body(BaseModel):
    """What a caller sends: unknown members are refused, text is bounded by each field."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """What a caller gets."""

    model_config = ConfigDict(frozen=True)


TEXT: Final = r"^[^\x00]*$"
"""PostgreSQL keeps every character but NUL."""

Text = Annotated[str, Field(pattern=TEXT)]
"""What is kept as it was written."""


def _read_amount(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("amount-not-text", "an amount is a decimal as text, in quotes")
    try:
        return parse_amount(value)
    except NotAnAmount as error:
        raise PydanticCustomError("not-an-amount", "{detail}", {"detail": error.detail}) from None


def _read_positive(value: Any) -> Decimal:
    amount = _read_amount(value)
    if amount <= 0:
        raise PydanticCustomError("not-positive", "the amount has to be greater than 0")
    return amount


def _read_not_negative(value: Any) -> Decimal:
    amount = _read_amount(value)
    if amount < 0:
        raise PydanticCustomError("negative", "the amount must not be negative")
    return amount


def _schema(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


_WRITE: Final = PlainSerializer(format_amount, return_type=str)
_DATE_AND_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", re.ASCII)
_UNSIGNED: Final = r"^\d{1,20}(\.\d{1,18})?$"
_POSITIVE: Final = r"^(?=.*[1-9])\d{1,20}(\.\d{1,18})?$"

Amount = Annotated[Decimal, PlainValidator(_read_amount), _WRITE, _schema(PATTERN, "-0.5")]
Figure = Annotated[Decimal, _WRITE, _schema(r"^-?\d{1,60}(\.\d{1,18})?$", "1234.5")]
"""What is computed for an answer and not stored, so it may have more digits than an Amount."""

PositiveAmount = Annotated[
    Decimal, PlainValidator(_read_positive), _WRITE, _schema(_POSITIVE, "0.5")
]
UnsignedAmount = Annotated[
    Decimal, PlainValidator(_read_not_negative), _WRITE, _schema(_UNSIGNED, "12.5")
]


def _read_moment(value: Any) -> Any:
    """Text only, and with its date: pydantic would take `2024` for a second of 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE_AND_TIME.match(value)):
        return value
    raise PydanticCustomError(
        "not-a-moment", "a moment is text with date, time and offset, as 2024-01-31T12:00:00Z"
    )


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("out-of-range", "in UTC it has no year from 1 to 9999") from None


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_read_moment),
    AfterValidator(_in_utc),
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""RFC 3339 with an offset; written in UTC."""

LAST_MS: Final = 253_402_300_799_999
"""The last millisecond of the year 9999."""
_MILLISECONDS: Final = re.compile(r"\d{1,15}", re.ASCII)


def _read_ms(value: Any) -> int:
    if isinstance(value, str) and _MILLISECONDS.fullmatch(value):
        ms = int(value)
    else:
        try:
            at = datetime.fromisoformat(_read_moment(value))
        except (TypeError, ValueError):
            at = None
        if at is None or at.tzinfo is None:
            raise PydanticCustomError(
                "not-a-moment",
                "a moment is milliseconds since 1970, or text with date, time and offset, as"
                " 2024-01-31T12:00:00Z",
            )
        ms = to_ms(at)
    if not 0 <= ms <= LAST_MS:
        raise PydanticCustomError("out-of-range", "a moment lies in the years 1970 to 9999")
    return ms


MomentMs = Annotated[
    int,
    BeforeValidator(_read_ms),
    WithJsonSchema(
        {"type": "string", "examples": ["1706702400000", "2024-01-31T12:00:00Z"]},
        mode="validation",
    ),
]
"""Milliseconds since 1970 as a query has them: the number itself, or RFC 3339 with an offset."""

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _read_day(value: Any) -> date:
    """Text only: pydantic would take `2024` for a day of 1970."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise PydanticCustomError("not-a-day", "a day is text, as 2024-01-31")


Day = Annotated[
    date,
    PlainValidator(_read_day),
    PlainSerializer(date.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date"}),
]
"""A day of UTC."""

AssetName = Annotated[str, Field(min_length=1, max_length=100, examples=["bitcoin"])]
"""An asset's id, or a symbol that was reviewed to mean it."""


class InTheFuture(Invalid):
    """A moment that has not come yet."""

    code = "in-the-future"
    title = "The moment lies in the future"


class TooLongAgo(Invalid):
    """A moment before there was any coin."""

    code = "too-long-ago"
    title = "The moment lies before 2009-01-03"


def check_moment(at: datetime, *, now: datetime) -> None:
    """Refuse moments that no transaction can have happened at."""
    if at > now + CLOCK_SKEW:
        raise InTheFuture(f"{rfc3339(at)} has not come yet", facts={"now": rfc3339(now)})
    if at < GENESIS:
        raise TooLongAgo(f"{rfc3339(at)} is before the first block")
