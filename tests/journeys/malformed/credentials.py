"""Malformed credentials without end: tokens, keys, cookies, signatures. None lets anybody in.

The tokens are changed ones of the service, and new ones that its very own key has signed; so it is
the claim that is refused and not only the signature.
"""

import base64
import json
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from plimsoll.access.domain.signing import SignedRequest, hash_body, sign
from plimsoll.kernel.identifiers import KeyId
from tests.journeys.malformed.parts import Due, Input, Parts, request

ASKED: Final = (
    b"GET /api/v1/auth/me",
    b"GET /api/v1/portfolio/summary",
    b"GET /api/v1/wallets",
    b"POST /api/v1/holdings",
    b"POST /api/v1/orders",
    b"GET /api/v1/stream?channel=orders",
)
"""Nobody is answered here who has not signed in; some of it without the framework."""


@dataclass(frozen=True, slots=True)
class Wares:
    """What one person really has, to be spoilt; and the key that signs the service's tokens."""

    token: str
    api_key: str
    cookie: str
    key_id: KeyId
    signing_secret: str
    kid: str
    private: Ed25519PrivateKey

    @property
    def bearer(self) -> bytes:
        return bearer(self.token)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no log may have in it."""
        return (self.token, self.api_key, self.cookie, self.signing_secret)


def bearer(token: str) -> bytes:
    return b"Authorization: Bearer %b\r\n" % token.encode("latin-1", "replace")


def part(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode("utf-8", "replace")).rstrip(b"=").decode()


KIDS: Final[tuple[object, ...]] = (
    "",
    "../../../../dev/null",
    "/etc/passwd",
    "' or 1=1 --",
    "\0",
    "x" * 1_000,
    "0" * 32,
    None,
    7,
    [],
    {"a": 1},
)
ALGORITHMS: Final[tuple[object, ...]] = (
    "none",
    "None",
    "nOnE",
    "HS256",
    "RS256",
    "ES256",
    "EdDSA ",
    "",
    None,
    1,
    [],
)


def tokens(parts: Parts, wares: Wares) -> Iterator[Input]:
    """Algorithms, keys, headers and claims that are not ours; other spellings of what is."""
    while True:
        head = bearer(_token(parts, wares))
        if parts.dice.random() < 0.1:
            head = b"Authorization: " + parts.damaged(b"Bearer " + wares.token[:60].encode())
            head = head.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n"
        yield _asking("tokens", parts, head)


def _token(parts: Parts, wares: Wares) -> str:  # noqa: PLR0911 - a return for each way to spoil it
    dice, ours = parts.dice, wares.token.split(".")
    header: dict[str, Any] = {"alg": "EdDSA", "typ": "at+jwt", "kid": wares.kid}
    claims: dict[str, Any] = jwt.decode(wares.token, options={"verify_signature": False})
    match dice.randrange(10):
        case 0:
            header["alg"] = dice.choice(ALGORITHMS)
            return ".".join((part(header), ours[1], dice.choice(("", ours[2], "AA"))))
        case 1:  # the public key as a shared secret
            public = wares.private.public_key().public_bytes_raw()
            # RFC 7518: 32 bytes are enough for it, and PyJWT takes them
            return jwt.encode(claims, public, algorithm="HS256", headers={"kid": wares.kid})
        case 2:
            header["kid"] = dice.choice(KIDS)
            return ".".join((part(header), ours[1], ours[2]))
        case 3:
            name = dice.choice(("jku", "x5u", "jwk", "crit", "b64", "zip", "cty", "x5c"))
            value = dice.choice(("http://127.0.0.1/keys", ["exp"], {"kty": "OKP"}, False, "DEF"))
            return _signed(wares, header | {name: value}, claims)
        case 4:
            return _signed(wares, header | {"filler": "x" * dice.choice((10, 10_000))}, claims)
        case 5:
            del claims[dice.choice(list(claims))]
            return _signed(wares, header, claims)
        case 6:
            return _signed(wares, header, claims | _wrong_claim(parts))
        case 7:
            text = json.dumps(claims)
            doubled = f'{text[:-1]}, "exp": 1, "sub": {json.dumps(parts.text())}}}'
            return _signed(wares, header, doubled)
        case 8:
            stranger = Ed25519PrivateKey.from_private_bytes(dice.randbytes(32))
            return jwt.encode(claims, stranger, algorithm="EdDSA", headers=header)
        case _:
            third = dice.randrange(3)
            ours[third] = parts.damaged(ours[third].encode()).decode("latin-1")
            text = ".".join(ours)
            text = "".join(sign for sign in text if sign.isprintable() and sign != " ")
            return text if text != wares.token else "."


def _wrong_claim(parts: Parts) -> dict[str, Any]:
    """One claim that is not what it should be; never one that leaves the token good."""
    dice, now_s = parts.dice, int(time.time())
    wrong: tuple[dict[str, Any], ...] = (
        {"exp": dice.choice((0, -1, now_s - 1, str(now_s + 60), 1e300, None, True, [], 1.5))},
        {"iat": dice.choice((now_s + 86_400, str(now_s), None, [], 1.5))},
        {"sub": dice.choice((1, None, [], "x", "\0", parts.text()))},
        {"sid": dice.choice((1, None, [], "x", parts.text()))},
        {"via": dice.choice((1, None, [], "admin", parts.text()))},
        {"aud": dice.choice(("x", ["plimsoll-api"], ["plimsoll-api", "x"], None, 1))},
        {"iss": dice.choice(("x", ["plimsoll"], None, 1))},
        {"jti": dice.choice((1, None, []))},
        {"nbf": dice.choice((now_s + 86_400, "x", []))},
    )
    return dice.choice(wrong)


def _signed(wares: Wares, header: object, claims: object) -> str:
    text = f"{part(header)}.{part(claims)}"
    signature = wares.private.sign(text.encode())
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def keys(parts: Parts, wares: Wares) -> Iterator[Input]:
    """Keys mistyped, cut off, with a sum that is right for another secret."""
    dice = parts.dice
    while True:
        text = wares.api_key
        match dice.randrange(4):
            case 0:
                body = f"plim_{dice.randbytes(16).hex()}_{'a' * 52}"
                text = f"{body}{zlib.crc32(body.encode()):08x}"
            case 1:
                body = text[:37] + "_" + "b" * 52
                text = f"{body}{zlib.crc32(body.encode()):08x}"
            case 2:
                text = text.upper() if dice.random() < 0.5 else text + " " + text
            case _:
                damaged = parts.damaged(text.encode()).decode("latin-1")
                text = "".join(each for each in damaged if each.isprintable())
        if text.strip() != wares.api_key:
            yield _asking("keys", parts, bearer(text))


def cookies(parts: Parts, wares: Wares) -> Iterator[Input]:
    """Cookies that are none of ours, quoted, doubled, in heaps."""
    dice = parts.dice
    while True:
        damaged = parts.damaged(wares.cookie.encode()).replace(b"\r", b"").replace(b"\n", b"")
        if damaged.decode("latin-1").strip() == wares.cookie:
            continue  # blanks around it are no part of it
        value = dice.choice(
            (
                b"plimsoll=%b" % damaged,
                b'plimsoll="%b' % damaged,
                b"plimsoll=%b; plimsoll=%b" % (wares.cookie.encode(), damaged),
                b"=;;;==;%b" % damaged,
                b"a=b; " * dice.randrange(900) + b"plimsoll=" + damaged,
                b"__Host-plimsoll=" + wares.cookie.encode(),
                b"plimsoll=" + b"x" * dice.randrange(20_000),
                b'plimsoll="\\%03o"' % dice.randrange(512),
            )
        )
        yield _asking("cookies", parts, b"Cookie: %b\r\n" % value)


def signatures(parts: Parts, wares: Wares) -> Iterator[Input]:
    """Signed requests of which one line is not as it was signed, or not of its shape."""
    dice = parts.dice
    while True:
        line = dice.choice(ASKED)
        method, target = line.split(b" ")
        path, _, query = target.partition(b"?")
        body = b'{"coin_id": "bitcoin"}' if method == b"POST" else b""
        now_ms = int(time.time() * 1000) + dice.choice((0, 0, 0, -60_000, 60_000, 10**14))
        signed = SignedRequest(method.decode(), path, query, hash_body(body + b"!"))
        signature = sign(
            wares.signing_secret.encode(), signed, key_id=wares.key_id, timestamp_ms=now_ms
        )
        lines = {
            b"X-Plimsoll-Key": wares.key_id.hex.encode(),
            b"X-Plimsoll-Timestamp": str(now_ms).encode(),
            b"X-Plimsoll-Signature": signature.hex().encode(),
        }
        name = dice.choice(list(lines))
        match dice.randrange(5):
            case 0:
                del lines[name]
            case 1:
                lines[name] = dice.choice((b"", b"-1", b"9" * 40, b"\xff", b"0" * 32, b"g" * 64))
            case 2:
                text = parts.damaged(lines[name])
                lines[name] = text.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
            case _:
                pass
        heads = [b"%b: %b\r\n" % pair for pair in lines.items()]
        if dice.random() < 0.1:
            heads.append(dice.choice([*heads, wares.bearer]))
        data = request(line, *heads, body=body or None)
        yield Input("signatures", data, Due.REFUSAL)


def _asking(family: str, parts: Parts, head: bytes) -> Input:
    line = parts.dice.choice(ASKED)
    body = b'{"coin_id": "bitcoin"}' if line.startswith(b"POST") else None
    return Input(family, request(line, head, body=body), Due.REFUSAL)
