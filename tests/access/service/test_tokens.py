"""Tokens that are not exactly ours are refused, however they are made."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from plimsoll.access.service.signing import SigningKeys
from plimsoll.access.service.tokens import AUDIENCE, ISSUER, BadToken, ExpiredToken, Tokens, Via
from plimsoll.kernel.identifiers import KeyId, SessionId, UserId

NOW = time.time()


@pytest.fixture
def keys(tmp_path: Path) -> SigningKeys:
    return SigningKeys(tmp_path / "keys")


@pytest.fixture
def tokens(keys: SigningKeys) -> Tokens:
    return Tokens(keys, lifetime_s=900)


def claims(**changed: Any) -> dict[str, Any]:
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(uuid4()),
        "via": "session",
        "sid": str(uuid4()),
        "jti": "0" * 32,
        "iat": int(NOW),
        "exp": int(NOW) + 900,
    }
    return {name: value for name, value in (good | changed).items() if value is not ...}


def sign(keys: SigningKeys, body: dict[str, Any], **header: Any) -> str:
    named = {"kid": keys.newest.kid, "typ": "at+jwt"} | header
    return jwt.encode(body, keys.newest.private, algorithm="EdDSA", headers=named)


def glue(header: dict[str, Any], body: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(body).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def hs256_with_the_public_key(keys: SigningKeys) -> str:
    public = keys.newest.public.public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    header = {"kid": keys.newest.kid, "typ": "at+jwt"}
    return jwt.encode(claims(), public, algorithm="HS256", headers=header)


def test_a_token_comes_back_as_it_was_given(tokens: Tokens) -> None:
    user, session = UserId(uuid4()), SessionId(uuid4())

    read = tokens.read(tokens.for_session(user, session, now_s=NOW), now_s=NOW + 899)

    assert (read.user_id, read.via, read.source) == (user, Via.SESSION, session)


def test_a_token_made_by_hand_in_our_form_is_read(keys: SigningKeys, tokens: Tokens) -> None:
    # The corpus below differs from this one in one place each; without it, it would prove nothing.
    assert tokens.read(sign(keys, claims()), now_s=NOW).via is Via.SESSION


def test_a_token_ends_on_time(tokens: Tokens) -> None:
    text = tokens.for_session(UserId(uuid4()), SessionId(uuid4()), now_s=NOW)
    with pytest.raises(ExpiredToken):
        tokens.read(text, now_s=int(NOW) + 900)


def test_a_token_of_a_key_does_not_outlive_it(tokens: Tokens) -> None:
    user, key = UserId(uuid4()), KeyId(uuid4())
    text, lifetime = tokens.for_key(user, key, now_s=NOW, key_expires_at_s=NOW + 10)
    assert lifetime <= 10
    with pytest.raises(ExpiredToken):
        tokens.read(text, now_s=NOW + 10)


Forge = Callable[[SigningKeys], str]
CORPUS: dict[str, Forge] = {
    "empty": lambda _: "",
    "dots": lambda _: "..",
    "text": lambda _: "nonsense",
    "alg none": lambda keys: glue(
        {"alg": "none", "typ": "at+jwt", "kid": keys.newest.kid}, claims()
    ),
    "alg None": lambda keys: glue(
        {"alg": "None", "typ": "at+jwt", "kid": keys.newest.kid}, claims()
    ),
    "alg missing": lambda keys: glue({"typ": "at+jwt", "kid": keys.newest.kid}, claims()),
    "HS256 with the public key": hs256_with_the_public_key,
    "empty signature": lambda keys: sign(keys, claims()).rpartition(".")[0] + ".",
    "no signature": lambda keys: sign(keys, claims()).rpartition(".")[0],
    "another key": lambda keys: jwt.encode(
        claims(),
        Ed25519PrivateKey.generate(),
        algorithm="EdDSA",
        headers={"kid": keys.newest.kid, "typ": "at+jwt"},
    ),
    "typ JWT": lambda keys: sign(keys, claims(), typ="JWT"),
    "typ missing": lambda keys: sign(keys, claims(), typ=None),
    "kid missing": lambda keys: jwt.encode(
        claims(), keys.newest.private, algorithm="EdDSA", headers={"typ": "at+jwt"}
    ),
    "kid path": lambda keys: sign(keys, claims(), kid="../../../../etc/passwd"),
    "kid sql": lambda keys: sign(keys, claims(), kid="' or 1=1 --"),
    "kid null byte": lambda keys: sign(keys, claims(), kid=keys.newest.kid + "\x00"),
    "kid unknown": lambda keys: sign(keys, claims(), kid="0" * 32),
    "kid newline": lambda keys: sign(keys, claims(), kid=keys.newest.kid + "\n"),
    "jku": lambda keys: sign(keys, claims(), jku="https://evil.test/keys"),
    "jwk": lambda keys: sign(keys, claims(), jwk={"kty": "OKP"}),
    "x5u": lambda keys: sign(keys, claims(), x5u="https://evil.test/cert"),
    "crit": lambda keys: sign(keys, claims(), crit=["exp"]),
    "10 kB header": lambda keys: sign(keys, claims(), pad="x" * 10_000),
    "10 kB claim": lambda keys: sign(keys, claims(pad="x" * 10_000)),
    "wrong iss": lambda keys: sign(keys, claims(iss="else")),
    "wrong aud": lambda keys: sign(keys, claims(aud="else")),
    "list aud": lambda keys: sign(keys, claims(aud=[AUDIENCE, "else"])),
    "via unknown": lambda keys: sign(keys, claims(via="root")),
    "sub no id": lambda keys: sign(keys, claims(sub="admin")),
    "sid no id": lambda keys: sign(keys, claims(sid="1")),
    "sid number": lambda keys: sign(keys, claims(sid=1)),
    "exp text": lambda keys: sign(keys, claims(exp="tomorrow")),
    "exp float": lambda keys: sign(keys, claims(exp=NOW + 900.5)),
    "exp true": lambda keys: sign(keys, claims(exp=True)),
    "exp past": lambda keys: sign(keys, claims(exp=int(NOW) - 1)),
    "iat future": lambda keys: sign(keys, claims(iat=int(NOW) + 3600)),
    "nbf future": lambda keys: sign(keys, claims(nbf=int(NOW) + 3600)),
    "not a mapping": lambda keys: glue(
        {"alg": "EdDSA", "typ": "at+jwt", "kid": keys.newest.kid}, {}, b"x" * 64
    ),
} | {
    f"without {name}": (lambda keys, name=name: sign(keys, claims(**{name: ...})))
    for name in ("iss", "aud", "sub", "via", "sid", "jti", "iat", "exp")
}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("forge", CORPUS.values(), ids=CORPUS.keys())
def test_what_is_not_exactly_ours_is_refused(
    keys: SigningKeys, tokens: Tokens, forge: Forge
) -> None:
    with pytest.raises(BadToken):
        tokens.read(forge(keys), now_s=NOW)


def test_every_changed_character_is_noticed(tokens: Tokens) -> None:
    good = tokens.for_session(UserId(uuid4()), SessionId(uuid4()), now_s=NOW)
    noticed = 0
    for place in range(0, len(good) - 1, 3):  # the last one carries bits that mean nothing
        other = "A" if good[place] != "A" else "B"
        with pytest.raises(BadToken):
            tokens.read(good[:place] + other + good[place + 1 :], now_s=NOW)
        noticed += 1
    assert noticed > 100
