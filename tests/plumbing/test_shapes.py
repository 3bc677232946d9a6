"""Amounts and moments as they travel in JSON."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from plimsoll.plumbing.shapes import (
    GENESIS,
    Amount,
    Body,
    InTheFuture,
    Moment,
    MomentMs,
    PositiveAmount,
    Text,
    TooLongAgo,
    UnsignedAmount,
    check_moment,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


class Note(Body):
    amount: Amount


class Purchase(Body):
    quantity: PositiveAmount
    fee: UnsignedAmount = Decimal(0)


class Event(Body):
    at: Moment


class Line(Body):
    text: Text


texts = st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,18})?", fullmatch=True)


def read(text: str) -> Decimal:
    return Note.model_validate_json(json.dumps({"amount": text})).amount


def code_of(refused: pytest.ExceptionInfo[ValidationError]) -> str:
    (fault,) = refused.value.errors()
    return fault["type"]


@given(texts)
def test_an_amount_is_read_exactly(text: str) -> None:
    whole, _, fraction = text.lstrip("-").partition(".")
    sign = -1 if text.startswith("-") else 1
    assert read(text) * 10**18 == sign * int(whole + fraction.ljust(18, "0"))


@given(texts)
def test_an_amount_that_is_written_and_read_again_is_the_same(text: str) -> None:
    note = Note(amount=Decimal(text))
    written = json.loads(note.model_dump_json())["amount"]
    assert Note.model_validate_json(note.model_dump_json()) == note
    assert "e" not in written.lower()
    assert written != "-0"
    assert "." not in written or not written.endswith("0")


@given(st.text(max_size=60))
def test_text_is_an_amount_or_is_refused_with_the_reason(text: str) -> None:
    try:
        value = read(text)
    except ValidationError as error:
        assert [fault["type"] for fault in error.errors()] == ["not-an-amount"]  # noqa: PT017
    else:
        assert text.isascii()
        assert value == Decimal(text)


REFUSED_TEXTS = [
    "",
    " ",
    "1e5",
    "1E5",
    "1e1000000",
    "+1",
    "--1",
    ".5",
    "5.",
    "1_000",
    "1,000",
    " 1",
    "1 ",
    "1\n",
    "0x10",
    "NaN",
    "Infinity",
    "-Infinity",
    "１２",  # full-width digits
    "٣",  # Arabic-Indic digit
    "1.1234567890123456789",
    "123456789012345678901",
    "1" * 10_000,
]


@pytest.mark.parametrize("text", REFUSED_TEXTS)
def test_what_is_not_plain_digits_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        read(text)
    assert code_of(refused) == "not-an-amount"


@pytest.mark.parametrize("value", ["1", "1.5", "1e400", "NaN", "Infinity", "true", "null", "[]"])
def test_a_number_is_not_an_amount(value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Note.model_validate_json(f'{{"amount": {value}}}')
    assert code_of(refused) == "amount-not-text"


@pytest.mark.parametrize("text", ["0", "0.0", "-0", "-1", "-0.000000000000000001"])
def test_a_positive_amount_is_more_than_nothing(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Purchase.model_validate({"quantity": text})
    assert code_of(refused) == "not-positive"


def test_a_fee_may_be_nothing_but_not_less() -> None:
    assert Purchase.model_validate({"quantity": "1", "fee": "0"}).fee == 0
    with pytest.raises(ValidationError) as refused:
        Purchase.model_validate({"quantity": "1", "fee": "-0.01"})
    assert code_of(refused) == "negative"


def test_a_member_nobody_asked_for_is_refused() -> None:
    with pytest.raises(ValidationError) as refused:
        Purchase.model_validate({"quantity": "1", "owner_id": "someone"})
    assert code_of(refused) == "extra_forbidden"


def test_a_moment_has_an_offset_and_is_written_in_utc() -> None:
    event = Event.model_validate({"at": "2026-03-04T06:06:07+01:00"})
    assert event.at == NOW
    assert event.model_dump_json() == '{"at":"2026-03-04T05:06:07Z"}'
    with pytest.raises(ValidationError) as refused:
        Event.model_validate({"at": "2026-03-04T06:06:07"})
    assert code_of(refused) == "timezone_aware"


@pytest.mark.parametrize(
    "what",
    [
        "yesterday",
        "2026-02-30T00:00:00Z",
        "2026-03-04T25:00:00Z",
        "+292277026596-01-01",
        "",
        "2026-03-04",
        "2026",  # not a second of 1970
        "1772604367",
        1772604367,
        0.5,
        None,
        "0001-01-01T00:00:00+14:00",  # in UTC neither has a date
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_what_is_no_moment_is_refused(what: object) -> None:
    with pytest.raises(ValidationError):
        Event.model_validate({"at": what})


def test_text_is_kept_as_it_was_written_but_for_nul() -> None:
    assert Line(text="naïve \U0001f9c2\n\t").text == "naïve \U0001f9c2\n\t"
    with pytest.raises(ValidationError):
        Line(text="a\0b")


moments = st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(9000, 1, 1))  # noqa: DTZ001


@given(moments, st.integers(-23, 23))
def test_a_moment_that_is_written_and_read_again_is_the_same(at: datetime, hours: int) -> None:
    offset = timedelta(hours=hours)
    event = Event.model_validate(
        {"at": f"{at.isoformat()}{'-' if hours < 0 else '+'}{abs(hours):02}:00"}
    )
    assert event.at == at.replace(tzinfo=UTC) - offset
    assert Event.model_validate_json(event.model_dump_json()) == event


def test_the_future_begins_after_the_skew_of_clocks() -> None:
    check_moment(NOW + timedelta(seconds=60), now=NOW)
    with pytest.raises(InTheFuture) as refused:
        check_moment(NOW + timedelta(seconds=61), now=NOW)
    assert refused.value.facts == {"now": "2026-03-04T05:06:07Z"}


def test_nothing_happened_before_the_first_block() -> None:
    check_moment(GENESIS, now=NOW)
    with pytest.raises(TooLongAgo):
        check_moment(GENESIS - timedelta(microseconds=1), now=NOW)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1706702400000", 1_706_702_400_000),
        ("0", 0),
        ("2024-01-31T12:00:00Z", 1_706_702_400_000),
        ("2024-01-31T13:00:00.5+01:00", 1_706_702_400_500),
    ],
)
def test_a_moment_in_a_query_is_milliseconds_or_text(text: str, ms: int) -> None:
    assert TypeAdapter(MomentMs).validate_python(text) == ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "1e3",
        "1706702400.5",
        "2024-01-31",
        "2024-01-31T12:00:00",
        "1969-12-31T23:59:59Z",
        "253402300800000",
        "9999999999999999",
        "0001-01-01T00:00:00+14:00",
        "2024-13-01T00:00:00Z",
    ],
)
def test_what_is_no_moment_of_1970_to_9999_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(MomentMs).validate_python(text)
