"""Signed requests: what is signed, when it is good, and that it is good once."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.access.domain.signing import (
    MAX_WINDOW_MS,
    PresentedSignature,
    ReplayWindow,
    SignatureAhead,
    SignatureMalformed,
    SignatureReplayed,
    SignatureStale,
    SignatureWrong,
    SignedRequest,
    TooManySigned,
    canonical_text,
    hash_body,
    read_headers,
    sign,
    verify,
)
from plimsoll.kernel.errors import PlimsollError
from plimsoll.kernel.identifiers import KeyId

SECRET = bytes(range(32))
KEY = KeyId(UUID(int=7))
NOW_MS = 1_767_225_600_000
WINDOW_MS = 5_000
ORDER = SignedRequest(
    method="POST",
    path=b"/api/v1/orders",
    query=b"dry=1&note=a%20b",
    body_hash=hash_body(b'{"quantity":"1"}'),
)

lines = st.binary(max_size=12).map(lambda line: line.replace(b"\n", b""))
requests = st.builds(
    SignedRequest,
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    path=lines,
    query=lines,
    body_hash=st.binary(min_size=32, max_size=32),
)
instants = st.integers(0, 10**14)
keys = st.uuids().map(KeyId)


def signed(
    request: SignedRequest = ORDER, *, timestamp_ms: int = NOW_MS, secret: bytes = SECRET
) -> PresentedSignature:
    signature = sign(secret, request, key_id=KEY, timestamp_ms=timestamp_ms)
    return PresentedSignature(KEY, timestamp_ms, signature)


def check(request: SignedRequest, credential: PresentedSignature, *, now_ms: int = NOW_MS) -> None:
    verify(SECRET, request, credential, now_ms=now_ms, window_ms=WINDOW_MS)


def test_a_signed_text_in_full() -> None:
    assert canonical_text(ORDER, key_id=KEY, timestamp_ms=NOW_MS) == (
        b"plimsoll-v1\n"
        b"00000000000000000000000000000007\n"
        b"1767225600000\n"
        b"POST\n"
        b"/api/v1/orders\n"
        b"dry=1&note=a%20b\n"
        b"d9f9278bd33733bdf0e41ffeaf671219eed6efed4aa0a67a7e3c929308207821"
    )
    assert signed().signature.hex() == (
        "f6988485466aaece9df1fadff6885c76b6f6dbd31dbe0da272f43e6e6f0ce27b"
    )


@given(requests, keys, instants)
def test_a_request_is_verified_as_it_was_signed(
    request: SignedRequest, key_id: KeyId, timestamp_ms: int
) -> None:
    signature = sign(SECRET, request, key_id=key_id, timestamp_ms=timestamp_ms)
    credential = read_headers(
        key=key_id.hex.encode(),
        timestamp=str(timestamp_ms).encode(),
        signature=signature.hex().encode(),
    )
    verify(SECRET, request, credential, now_ms=timestamp_ms, window_ms=0)


@given(requests, requests)
def test_different_requests_have_different_texts(one: SignedRequest, other: SignedRequest) -> None:
    texts = {canonical_text(request, key_id=KEY, timestamp_ms=NOW_MS) for request in (one, other)}
    assert len(texts) == len({one, other})


@pytest.mark.parametrize(
    "broken",
    [
        replace(ORDER, method="GET\n"),
        replace(ORDER, path=b"/a", query=b"b\nc"),
        replace(ORDER, path=b"/a\nb", query=b"c"),
    ],
)
def test_a_line_feed_inside_of_a_line_is_refused(broken: SignedRequest) -> None:
    with pytest.raises(SignatureWrong):
        canonical_text(broken, key_id=KEY, timestamp_ms=NOW_MS)


@pytest.mark.parametrize(
    "changed",
    [
        replace(ORDER, method="PUT"),
        replace(ORDER, path=b"/api/v1/orders/"),
        replace(ORDER, query=b"note=a%20b&dry=1"),
        replace(ORDER, query=b"dry=1&note=a+b"),
        replace(ORDER, query=b""),
        replace(ORDER, body_hash=hash_body(b'{"quantity":"9"}')),
    ],
)
def test_a_changed_request_is_refused(changed: SignedRequest) -> None:
    check(ORDER, signed())
    with pytest.raises(SignatureWrong):
        check(changed, signed())


@pytest.mark.parametrize(
    "changed",
    [
        replace(signed(), key_id=KeyId(UUID(int=8))),
        replace(signed(), timestamp_ms=NOW_MS + 1),
        replace(signed(), signature=b""),
        signed(secret=bytes(32)),
    ],
)
def test_a_signature_of_something_else_is_refused(changed: PresentedSignature) -> None:
    with pytest.raises(SignatureWrong):
        check(ORDER, changed)


@given(st.integers(0, 255))
def test_every_bit_of_a_signature_counts(bit: int) -> None:
    credential = signed()
    flipped = int.from_bytes(credential.signature) ^ (1 << bit)
    with pytest.raises(SignatureWrong):
        check(ORDER, replace(credential, signature=flipped.to_bytes(32)))


def test_the_window_includes_both_its_edges() -> None:
    check(ORDER, signed(), now_ms=NOW_MS + WINDOW_MS)
    check(ORDER, signed(), now_ms=NOW_MS - WINDOW_MS)
    with pytest.raises(SignatureStale) as stale:
        check(ORDER, signed(), now_ms=NOW_MS + WINDOW_MS + 1)
    with pytest.raises(SignatureAhead):
        check(ORDER, signed(), now_ms=NOW_MS - WINDOW_MS - 1)
    assert stale.value.facts["now_ms"] == NOW_MS + WINDOW_MS + 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key", None),
        ("key", b""),
        ("key", b"0" * 31),
        ("key", b"G" * 32),
        ("timestamp", None),
        ("timestamp", b""),
        ("timestamp", b"-1"),
        ("timestamp", b"1e12"),
        ("timestamp", b"1_000"),
        ("timestamp", "١٢٣".encode()),
        ("timestamp", b"9" * 5_000),
        ("signature", None),
        ("signature", b"0" * 63),
        ("signature", b"0" * 64 + b"\n"),
        ("signature", b"\xff" * 64),
    ],
)
def test_headers_of_another_shape_are_refused(name: str, value: bytes | None) -> None:
    headers: dict[str, bytes | None] = {
        "key": b"0" * 32,
        "timestamp": b"1",
        "signature": b"0" * 64,
    }
    read_headers(key=b"0" * 32, timestamp=b"1", signature=b"0" * 64)
    headers[name] = value
    with pytest.raises(SignatureMalformed):
        read_headers(
            key=headers["key"], timestamp=headers["timestamp"], signature=headers["signature"]
        )


def memory(*, capacity: int = 100, since_ms: int = 0) -> ReplayWindow:
    return ReplayWindow(window_ms=WINDOW_MS, capacity=capacity, since_ms=since_ms)


def test_a_signature_is_taken_once_until_it_is_stale_and_then_forgotten() -> None:
    window, credential = memory(), signed()
    window.take(credential, now_ms=NOW_MS)
    for now_ms in (NOW_MS, NOW_MS + WINDOW_MS):
        with pytest.raises(SignatureReplayed):
            window.take(credential, now_ms=now_ms)
    assert len(window) == 1
    with pytest.raises(SignatureStale):
        window.take(credential, now_ms=NOW_MS + WINDOW_MS + 1)
    assert len(window) == 0


def test_setting_the_clock_back_lets_nothing_in_again_and_shuts_nobody_out() -> None:
    window, hour_ms = memory(), 3_600_000
    window.take(signed(), now_ms=NOW_MS)
    with pytest.raises(SignatureStale):
        window.take(signed(), now_ms=NOW_MS + hour_ms)
    with pytest.raises(SignatureStale):
        window.take(signed(), now_ms=NOW_MS)
    window.take(signed(timestamp_ms=NOW_MS + 1), now_ms=NOW_MS)


def test_what_was_signed_before_the_memory_began_is_refused() -> None:
    window = memory(since_ms=NOW_MS)
    with pytest.raises(SignatureStale):
        window.take(signed(timestamp_ms=NOW_MS - 1), now_ms=NOW_MS)
    window.take(signed(timestamp_ms=NOW_MS), now_ms=NOW_MS)


def test_a_full_memory_refuses_until_there_is_room() -> None:
    window = memory(capacity=1)
    window.take(signed(), now_ms=NOW_MS)
    with pytest.raises(TooManySigned) as refusal:
        window.take(signed(timestamp_ms=NOW_MS + 1), now_ms=NOW_MS + 1)
    with pytest.raises(SignatureReplayed):
        window.take(signed(), now_ms=NOW_MS + 1)

    assert refusal.value.retry_after_s == 5.0
    window.take(signed(timestamp_ms=NOW_MS + 1), now_ms=NOW_MS + 5_001)


offsets = st.integers(-2 * WINDOW_MS, 2 * WINDOW_MS)
attempts = st.lists(st.tuples(offsets, st.integers(0, 1), offsets), max_size=60)


def attempt(window: ReplayWindow, offset: int, which: int, *, now_ms: int) -> type | None:
    """Send one of the two requests of a millisecond; the refusal, or None."""
    signature = (NOW_MS + offset).to_bytes(31) + bytes([which])
    try:
        window.take(PresentedSignature(KEY, NOW_MS + offset, signature), now_ms=now_ms)
    except PlimsollError as error:
        return type(error)
    return None


@given(attempts, st.integers(1, 8))
def test_nothing_is_taken_twice_whatever_the_clock_does(
    tried: list[tuple[int, int, int]], capacity: int
) -> None:
    window, taken = memory(capacity=capacity), set[tuple[int, int]]()
    for offset, which, clock in tried:
        if attempt(window, offset, which, now_ms=NOW_MS + clock) is None:
            assert (offset, which) not in taken
            taken.add((offset, which))
        assert len(window) <= capacity


@given(attempts)
def test_with_a_steady_clock_each_refusal_has_its_one_reason(
    tried: list[tuple[int, int, int]],
) -> None:
    window, taken = memory(), set[tuple[int, int]]()
    for offset, which, clock in sorted(tried, key=lambda one: one[2]):
        expected = (
            SignatureStale
            if offset < clock - WINDOW_MS
            else SignatureAhead
            if offset > clock + WINDOW_MS
            else SignatureReplayed
            if (offset, which) in taken
            else None
        )
        assert attempt(window, offset, which, now_ms=NOW_MS + clock) is expected
        if expected is None:
            taken.add((offset, which))


def test_a_window_is_never_longer_than_a_minute() -> None:
    with pytest.raises(AssertionError):
        verify(SECRET, ORDER, signed(), now_ms=NOW_MS, window_ms=MAX_WINDOW_MS + 1)
