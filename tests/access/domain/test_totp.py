"""The second factor: published codes, one use each, and recovery."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.access.domain.totp import (
    DRIFT,
    ENTROPY_BYTES,
    RECOVERY_CODES,
    STEP,
    SecondFactorUsed,
    SecondFactorWrong,
    enrolment_uri,
    hash_recovery_code,
    hotp,
    secret_text,
    step_at,
    take_code,
    write_recovery_codes,
)

RFC_SECRET = b"12345678901234567890"
NOW = datetime(2026, 1, 1, 12, 0, 10, tzinfo=UTC)
STEP_NOW = step_at(NOW)

entropies = st.binary(min_size=ENTROPY_BYTES, max_size=ENTROPY_BYTES)


def take(typed: str, *, now: datetime = NOW, last_step: int | None = None) -> int:
    return take_code(RFC_SECRET, typed, now=now, last_step=last_step)


def test_codes_of_rfc_4226_appendix_d() -> None:
    assert [hotp(RFC_SECRET, counter) for counter in range(10)] == [
        "755224",
        "287082",
        "359152",
        "969429",
        "338314",
        "254676",
        "287922",
        "162583",
        "399871",
        "520489",
    ]


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ],
)
def test_codes_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, tz=UTC)
    assert hotp(RFC_SECRET, step_at(now), digits=8) == code
    assert take(code[2:], now=now) == seconds // 30


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_a_code_of_a_neighbouring_step_is_taken(drift: int) -> None:
    assert take(hotp(RFC_SECRET, STEP_NOW + drift)) == STEP_NOW + drift


@pytest.mark.parametrize("drift", [-2, 2, 2880])
def test_a_code_of_another_step_is_refused(drift: int) -> None:
    with pytest.raises(SecondFactorWrong):
        take(hotp(RFC_SECRET, STEP_NOW + drift))


def test_a_code_is_taken_once_and_none_before_it_afterwards() -> None:
    code = hotp(RFC_SECRET, STEP_NOW)
    last_step = take(code)
    with pytest.raises(SecondFactorUsed) as refusal:
        take(code, last_step=last_step)
    with pytest.raises(SecondFactorUsed):
        take(hotp(RFC_SECRET, STEP_NOW - 1), last_step=last_step)
    assert refusal.value.retry_after_s == 20
    assert take(hotp(RFC_SECRET, STEP_NOW + 1), last_step=last_step) == STEP_NOW + 1


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "12345a", "-12345", "１２３４５６", "1 2 3 4 5", " " * 10**6]
)
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(SecondFactorWrong):
        take(typed)


def test_blanks_between_digits_are_the_typists() -> None:
    code = hotp(RFC_SECRET, STEP_NOW)
    assert take(f" {code[:3]} {code[3:]} ") == STEP_NOW


def test_the_first_half_minute_has_no_step_before_it() -> None:
    start = datetime(1970, 1, 1, tzinfo=UTC)
    assert take("755224", now=start) == 0


@given(
    st.binary(min_size=20, max_size=20),
    st.lists(st.tuples(st.integers(-3, 3), st.integers(-90, 90)), max_size=12),
)
def test_steps_only_go_forward_whatever_the_clock_does(
    secret: bytes, tries: list[tuple[int, int]]
) -> None:
    last_step: int | None = None
    for drift, seconds in tries:
        now = NOW + timedelta(seconds=seconds)
        try:
            step = take_code(secret, hotp(secret, STEP_NOW + drift), now=now, last_step=last_step)
        except (SecondFactorWrong, SecondFactorUsed):
            continue
        assert last_step is None or step > last_step
        assert abs(step - step_at(now)) <= DRIFT
        last_step = step


def test_a_step_is_half_a_minute_to_the_microsecond() -> None:
    start = datetime.fromtimestamp(STEP_NOW * 30, tz=UTC)
    assert step_at(start) == step_at(start + STEP - timedelta(microseconds=1)) == STEP_NOW
    assert step_at(start + STEP) == STEP_NOW + 1


def test_an_enrolment_address_in_full() -> None:
    assert secret_text(RFC_SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert enrolment_uri(RFC_SECRET, issuer="Plimsoll Desk", account="ada@example.com") == (
        "otpauth://totp/Plimsoll%20Desk:ada%40example.com"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=Plimsoll%20Desk&algorithm=SHA1&digits=6&period=30"
    )


@given(
    st.text(alphabet=st.characters(exclude_characters=":", exclude_categories=["Cs"]), min_size=1),
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
)
def test_any_name_is_read_back_from_the_address(issuer: str, account: str) -> None:
    parts = urlsplit(enrolment_uri(RFC_SECRET, issuer=issuer, account=account))
    first, _, second = parts.path.removeprefix("/").partition(":")
    assert (unquote(first), unquote(second)) == (issuer, account)
    assert parse_qs(parts.query)["issuer"] == [issuer]


def test_recovery_codes_in_full() -> None:
    codes = write_recovery_codes(base64.b32decode("ABCDEFGHIJKLMNOPQRSTUVWX") * RECOVERY_CODES)
    assert codes == ("ABCD-EFGH-9JKL-MN8P-QRST-UVWX",) * RECOVERY_CODES
    assert hash_recovery_code(codes[0]) == hashlib.sha256(b"ABCDEFGH9JKLMN8PQRSTUVWX").digest()


@given(entropies)
def test_recovery_codes_are_readable_and_none_of_the_entropy_is_lost(entropy: bytes) -> None:
    codes = write_recovery_codes(entropy)
    assert not set("".join(codes)) & set("0O1I")
    pieces = {entropy[start : start + 15] for start in range(0, ENTROPY_BYTES, 15)}
    assert (len(codes), len(set(codes))) == (10, len(pieces))


def test_case_blanks_and_dashes_are_free() -> None:
    code = write_recovery_codes(bytes(range(ENTROPY_BYTES)))[3]
    spellings = [code, code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} "]
    assert len({hash_recovery_code(spelling) for spelling in spellings} - {None}) == 1


@pytest.mark.parametrize("typed", ["", "A" * 23, "A" * 23 + "0", "ß" * 12, "ſ" * 24, "-" * 10**6])
def test_what_is_no_recovery_code_is_refused(typed: str) -> None:
    assert hash_recovery_code(typed) is None
