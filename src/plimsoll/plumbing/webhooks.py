"""Signed messages to other people's servers, as Standard Webhooks has them.

A message has an id, the time of this attempt and a body; HMAC-SHA256 over `id.timestamp.body` goes
along as `webhook-signature: v1,<base64>`. The receiver knows by it who sent the message, that
nothing was changed, and, by the time, that nobody plays an old one again. A second delivery of a
message has the same id, so the receiver can tell it from a new one. While a secret is replaced the
message is signed with the old one and the new one, and either is enough.

Pure: the time, the randomness of a secret and the chance of a pause come from the caller.

Source: Standard Webhooks 1.0.0, https://www.standardwebhooks.com.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from plimsoll.kernel.errors import Invalid, Unauthenticated

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"

TOLERANCE_S: Final = 300
"""How far a receiver's clock may be from ours, either way."""

PAUSES_S: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000)
"""Seconds before the second attempt and each later one: nine attempts over 51.6 hours, so that a
receiver that broke on Friday evening is found again on Sunday.
"""
JITTER: Final = 0.25
"""By at most this share a pause is longer, lest all that failed together come back together; then
the nine attempts take at most 64.5 hours.
"""
LONGEST_ASKED_S: Final = 3_600
"""A receiver may put us off for so long each time, which keeps the whole below three days."""

_PREFIX: Final = "whsec_"
_SCHEME: Final = "v1"
_SHORTEST_KEY: Final = 24
_LONGEST_KEY: Final = 64
_MOST_SIGNATURES: Final = 20
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
"""No full stop, for it parts the id from the time in what is signed."""
_TIMESTAMP: Final = re.compile(r"0|[1-9][0-9]{0,11}")


class WebhookSecretInvalid(Invalid):
    code = "webhook-secret-invalid"
    title = "This is not a webhook secret"


class WebhookRefused(Unauthenticated):
    """A message is not accepted; the class says why."""

    code = "webhook-refused"
    title = "This message is not accepted"


class WebhookMalformed(WebhookRefused):
    code = "webhook-malformed"
    title = "A header of the message is missing or not well formed"


class WebhookTooFarInTime(WebhookRefused):
    code = "webhook-too-far-in-time"
    title = "The message is too old, or from the future"


class WebhookSignatureWrong(WebhookRefused):
    code = "webhook-signature-wrong"
    title = "No signature of the message is right"


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """The key that sender and receiver share: 24 to 64 random bytes. Never shown by accident."""

    key: bytes

    def __post_init__(self) -> None:
        assert _SHORTEST_KEY <= len(self.key) <= _LONGEST_KEY

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of `whsec_` and the key in base64. Raises WebhookSecretInvalid, without repeating it."""
        try:
            key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):  # ValueError: not ASCII
            key = b""
        if not (text.startswith(_PREFIX) and _SHORTEST_KEY <= len(key) <= _LONGEST_KEY):
            raise WebhookSecretInvalid(
                f"a secret is {_PREFIX} and {_SHORTEST_KEY} to {_LONGEST_KEY} bytes in base64"
            )
        return cls(key)

    def reveal(self) -> str:
        """The text that the receiver is given, once."""
        return _PREFIX + base64.b64encode(self.key).decode("ascii")

    def __repr__(self) -> str:
        return "Secret(***)"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a verified message says of itself; `sent_at_s` in seconds since 1970."""

    message_id: str
    sent_at_s: int


def sign(
    body: bytes, *, message_id: str, sent_at_s: int, secrets: Sequence[Secret]
) -> dict[str, str]:
    """The headers that go with `body`: one signature per secret, the newest secret first.

    `sent_at_s` is the time of this attempt, so a retry is signed anew; `message_id` stays.
    """
    assert secrets, "a message is signed"
    assert _ID.fullmatch(message_id), "the receiver splits at full stops"
    assert _TIMESTAMP.fullmatch(str(sent_at_s)), "whole seconds since 1970"
    timestamp = str(sent_at_s)
    signatures = [_signature(secret, message_id, timestamp, body) for secret in secrets]
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: " ".join(f"{_SCHEME},{signature}" for signature in signatures),
    }


def verify(
    body: bytes,
    headers: Mapping[str, str],
    *,
    secrets: Sequence[Secret],
    now_s: int,
    tolerance_s: int = TOLERANCE_S,
) -> Receipt:
    """Who holds one of `secrets` sent this body about now; header names are in lower case.

    Signatures of other kinds are passed over. What was accepted once is accepted again within the
    tolerance: to take a message once, remember its id. Raises WebhookRefused in one of its forms.
    """
    message_id, timestamp = headers.get(ID_HEADER, ""), headers.get(TIMESTAMP_HEADER, "")
    signatures = headers.get(SIGNATURE_HEADER, "").split(" ")
    if not _ID.fullmatch(message_id):
        raise WebhookMalformed(f"{ID_HEADER} is missing or not well formed")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise WebhookMalformed(f"{TIMESTAMP_HEADER} is missing or not whole seconds since 1970")
    if len(signatures) > _MOST_SIGNATURES:
        raise WebhookMalformed(f"{SIGNATURE_HEADER} has more than {_MOST_SIGNATURES} signatures")
    if abs(now_s - int(timestamp)) > tolerance_s:
        raise WebhookTooFarInTime(f"the message is more than {tolerance_s} s away from now")
    expected = [
        f"{_SCHEME},{_signature(secret, message_id, timestamp, body)}".encode()
        for secret in secrets
    ]
    given = [signature.encode() for signature in signatures]
    # All are compared before one counts: the time taken does not tell which secret was right.
    right = [hmac.compare_digest(one, other) for one in expected for other in given]
    if not any(right):
        raise WebhookSignatureWrong("the message was changed, or signed with another secret")
    return Receipt(message_id, int(timestamp))


def pause_s(failures: int, *, chance: float, retry_after_s: float = 0.0) -> float | None:
    """Seconds until the next attempt after so many failed ones; None when there is to be none.

    `chance` is random in [0, 1). A receiver that asks for a longer pause (`Retry-After`) gets it,
    up to LONGEST_ASKED_S.
    """
    assert failures >= 1
    assert 0 <= chance < 1
    if failures > len(PAUSES_S):
        return None
    return max(PAUSES_S[failures - 1], min(retry_after_s, LONGEST_ASKED_S)) * (1 + JITTER * chance)


def _signature(secret: Secret, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(secret.key, signed, hashlib.sha256)).decode("ascii")
