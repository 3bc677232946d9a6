"""Signatures of messages to other people's servers, and when to try again."""

import base64
import hashlib
import hmac
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.plumbing.webhooks import (
    JITTER,
    LONGEST_ASKED_S,
    PAUSES_S,
    TOLERANCE_S,
    Receipt,
    Secret,
    WebhookMalformed,
    WebhookSecretInvalid,
    WebhookSignatureWrong,
    WebhookTooFarInTime,
    pause_s,
    sign,
    verify,
)

# The published vector: the tests of the libraries of Standard Webhooks sign this message.
PUBLISHED_SECRET = Secret.parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
PUBLISHED_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
PUBLISHED_TIME_S = 1614265330
PUBLISHED_BODY = b'{"test": 2432232314}'
PUBLISHED_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

OURS, NEXT, STRANGER = (Secret(bytes([fill]) * 32) for fill in (1, 2, 3))
NOW_S = 1_800_000_000
BODY = b'{"type":"alert.raised","data":{"pair":"bitcoin-usd","price":"91000.5"}}'

secrets = st.binary(min_size=24, max_size=64).map(Secret)
message_ids = st.text("abcXYZ019_-", min_size=1, max_size=64)
moments = st.integers(0, 10**11)


def signed(*holders: Secret, at_s: int = NOW_S) -> dict[str, str]:
    return sign(BODY, message_id="msg_1", sent_at_s=at_s, secrets=holders)


def test_the_published_vector_is_signed_as_published() -> None:
    headers = sign(
        PUBLISHED_BODY,
        message_id=PUBLISHED_ID,
        sent_at_s=PUBLISHED_TIME_S,
        secrets=[PUBLISHED_SECRET],
    )

    assert headers == {
        "webhook-id": PUBLISHED_ID,
        "webhook-timestamp": "1614265330",
        "webhook-signature": PUBLISHED_SIGNATURE,
    }


def test_the_published_vector_verifies_and_no_other_writing_of_its_body_does() -> None:
    headers = {
        "webhook-id": PUBLISHED_ID,
        "webhook-timestamp": str(PUBLISHED_TIME_S),
        "webhook-signature": PUBLISHED_SIGNATURE,
    }

    receipt = verify(PUBLISHED_BODY, headers, secrets=[PUBLISHED_SECRET], now_s=PUBLISHED_TIME_S)
    assert receipt == Receipt(PUBLISHED_ID, PUBLISHED_TIME_S)
    with pytest.raises(WebhookSignatureWrong):
        verify(b'{"test":2432232314}', headers, secrets=[PUBLISHED_SECRET], now_s=PUBLISHED_TIME_S)


def test_our_own_vector_is_the_hmac_of_id_time_and_body() -> None:
    text = b"msg_1.1800000000." + BODY
    digest = base64.b64encode(hmac.new(b"\x01" * 32, text, hashlib.sha256).digest()).decode()

    assert signed(OURS)["webhook-signature"] == f"v1,{digest}"


def test_during_a_rotation_the_old_secret_and_the_new_one_verify() -> None:
    headers = signed(NEXT, OURS)

    assert len(headers["webhook-signature"].split(" ")) == 2
    for holder in (OURS, NEXT):
        assert verify(BODY, headers, secrets=[holder], now_s=NOW_S).message_id == "msg_1"
    with pytest.raises(WebhookSignatureWrong):
        verify(BODY, headers, secrets=[STRANGER], now_s=NOW_S)


def test_a_receiver_may_hold_two_secrets_as_well() -> None:
    verify(BODY, signed(OURS), secrets=[NEXT, OURS], now_s=NOW_S)


def test_signatures_of_other_kinds_are_passed_over() -> None:
    headers = signed(OURS)
    right = headers["webhook-signature"]

    headers["webhook-signature"] = f"v1a,AAAA {right} v2,BBBB"
    verify(BODY, headers, secrets=[OURS], now_s=NOW_S)
    headers["webhook-signature"] = right.replace("v1,", "v2,")
    with pytest.raises(WebhookSignatureWrong):
        verify(BODY, headers, secrets=[OURS], now_s=NOW_S)


@pytest.mark.parametrize("away_s", [-TOLERANCE_S, 0, TOLERANCE_S])
def test_a_message_within_the_tolerance_is_accepted(away_s: int) -> None:
    verify(BODY, signed(OURS), secrets=[OURS], now_s=NOW_S + away_s)


@pytest.mark.parametrize("away_s", [-TOLERANCE_S - 1, TOLERANCE_S + 1, 10**9])
def test_a_message_out_of_its_time_is_refused(away_s: int) -> None:
    with pytest.raises(WebhookTooFarInTime):
        verify(BODY, signed(OURS), secrets=[OURS], now_s=NOW_S + away_s)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("webhook-id", ""),
        ("webhook-id", "msg.1"),
        ("webhook-id", "msg\n1"),
        ("webhook-id", "m" * 256),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", "1800000000.0"),
        ("webhook-timestamp", "+1800000000"),
        ("webhook-timestamp", "01800000000"),
        ("webhook-timestamp", " 1800000000"),
        ("webhook-timestamp", "١٨٠٠٠٠٠٠٠٠"),
        ("webhook-timestamp", "9" * 5000),
        ("webhook-signature", "v1,x " * 21),
    ],
)
def test_a_malformed_header_is_refused(header: str, value: str) -> None:
    with pytest.raises(WebhookMalformed):
        verify(BODY, signed(OURS) | {header: value}, secrets=[OURS], now_s=NOW_S)


@pytest.mark.parametrize("value", ["", "v1", "v1,", ",", "v1,ü", "v1," + "A" * 10_000])
def test_what_is_no_signature_is_a_wrong_one(value: str) -> None:
    with pytest.raises(WebhookSignatureWrong):
        verify(BODY, signed(OURS) | {"webhook-signature": value}, secrets=[OURS], now_s=NOW_S)


def test_without_headers_nothing_is_accepted() -> None:
    with pytest.raises(WebhookMalformed):
        verify(BODY, {}, secrets=[OURS], now_s=NOW_S)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",  # no prefix
        "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",  # base64 cut short
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2Lü",
        "whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
    ],
)
def test_what_is_no_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(WebhookSecretInvalid) as refusal:
        Secret.parse(text)
    assert "MfKQ" not in refusal.value.detail


@given(secrets)
def test_a_secret_is_read_as_it_was_given_out_and_never_shown(secret: Secret) -> None:
    assert Secret.parse(secret.reveal()) == secret
    assert secret.reveal() not in f"{secret!r} {secret}"
    assert repr(secret.key) not in repr(secret)


@given(st.binary(max_size=200), message_ids, moments, st.lists(secrets, min_size=1, max_size=3))
def test_what_is_signed_verifies_with_each_of_its_secrets(
    body: bytes, message_id: str, sent_at_s: int, holders: list[Secret]
) -> None:
    headers = sign(body, message_id=message_id, sent_at_s=sent_at_s, secrets=holders)
    for holder in holders:
        receipt = verify(body, headers, secrets=[holder], now_s=sent_at_s)
        assert receipt == Receipt(message_id, sent_at_s)


@given(st.data())
def test_one_changed_byte_anywhere_is_noticed(data: st.DataObject) -> None:
    headers, body = signed(OURS), bytearray(BODY)
    which = data.draw(st.sampled_from(["body", "webhook-id", "webhook-timestamp"]))
    if which == "body":
        body[data.draw(st.integers(0, len(body) - 1))] ^= data.draw(st.integers(1, 255))
    elif which == "webhook-id":
        headers[which] = data.draw(message_ids.filter(lambda text: text != "msg_1"))
    else:
        later = data.draw(st.integers(-TOLERANCE_S, TOLERANCE_S).filter(bool))
        headers[which] = str(NOW_S + later)
    with pytest.raises(WebhookSignatureWrong):
        verify(bytes(body), headers, secrets=[OURS], now_s=NOW_S)


def test_the_pauses_grow_and_end_before_three_days_however_they_fall() -> None:
    three_days_s = 3 * 86_400
    longest = sum(max(pause, LONGEST_ASKED_S) for pause in PAUSES_S) * (1 + JITTER)

    assert all(earlier < later for earlier, later in pairwise(PAUSES_S))
    assert sum(PAUSES_S) == 185_705
    assert longest < three_days_s


def test_after_the_last_attempt_there_is_none() -> None:
    assert pause_s(1, chance=0) == 5
    assert pause_s(len(PAUSES_S), chance=0) == 72_000
    assert pause_s(len(PAUSES_S) + 1, chance=0) is None


def test_a_receiver_that_asks_for_time_gets_it_up_to_an_hour() -> None:
    assert pause_s(1, chance=0, retry_after_s=60) == 60
    assert pause_s(1, chance=0, retry_after_s=10**9) == 3_600
    assert pause_s(4, chance=0, retry_after_s=60) == 7_200


@given(
    st.integers(1, len(PAUSES_S)), st.floats(0, 1, exclude_max=True), st.floats(0, 1e9) | st.just(0)
)
def test_a_pause_is_never_shorter_than_planned_and_a_quarter_longer_at_most(
    failures: int, chance: float, asked_s: float
) -> None:
    pause = pause_s(failures, chance=chance, retry_after_s=asked_s)
    assert pause is not None
    planned = max(PAUSES_S[failures - 1], min(asked_s, LONGEST_ASKED_S))
    assert planned <= pause <= planned * (1 + JITTER)
