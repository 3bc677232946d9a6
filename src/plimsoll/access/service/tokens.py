"""Access tokens: JWTs (RFC 9068 in shape) with one algorithm, one type and no optional claim.

A token says who it was given to and until when; what its holder may do is read from the database
when the token is first seen, so a change of role needs no new token.
"""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import jwt

from plimsoll.access.service.signing import SigningKeys
from plimsoll.kernel.errors import Unauthenticated
from plimsoll.kernel.identifiers import KeyId, SessionId, UserId

ALGORITHM: Final = "EdDSA"
TYPE: Final = "at+jwt"
ISSUER: Final = "plimsoll"
AUDIENCE: Final = "plimsoll-api"
REQUIRED: Final = ("iss", "aud", "sub", "via", "sid", "jti", "iat", "exp")
MAX_LENGTH: Final = 2048
CLOCK_SKEW_S: Final = 60
"""How far ahead the clock of another process that signs may be."""


class BadToken(Unauthenticated):
    """A token that is not ours, was changed, or is no longer good."""

    code = "bad-token"
    title = "The access token is not valid"


class ExpiredToken(BadToken):
    """A token of ours whose time has run out."""

    code = "expired-token"
    title = "The access token has expired"


class Via(StrEnum):
    """What the token was given for."""

    SESSION = "session"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Claims:
    """The content of a token whose signature and time are good."""

    user_id: UserId
    via: Via
    source: UUID
    """The session or API key."""
    expires_at_s: int


class Tokens:
    """Signs and reads access tokens with the keys of this installation."""

    def __init__(self, keys: SigningKeys, *, lifetime_s: float) -> None:
        self._keys = keys
        self.lifetime_s = lifetime_s

    def for_session(self, user_id: UserId, session_id: SessionId, *, now_s: float) -> str:
        return self._sign(
            Claims(user_id, Via.SESSION, session_id, int(now_s + self.lifetime_s)), now_s=now_s
        )

    def for_key(
        self, user_id: UserId, key_id: KeyId, *, now_s: float, key_expires_at_s: float
    ) -> tuple[str, int]:
        """The token and its lifetime in whole seconds; it never outlives the key."""
        until = int(min(now_s + self.lifetime_s, key_expires_at_s))
        token = self._sign(Claims(user_id, Via.KEY, key_id, until), now_s=now_s)
        return token, max(0, until - int(now_s))

    def _sign(self, claims: Claims, *, now_s: float) -> str:
        key = self._keys.newest
        return jwt.encode(
            {
                "iss": ISSUER,
                "aud": AUDIENCE,
                "sub": str(claims.user_id),
                "via": claims.via.value,
                "sid": str(claims.source),
                "jti": secrets.token_hex(16),
                "iat": int(now_s),
                "exp": claims.expires_at_s,
            },
            key.private,
            algorithm=ALGORITHM,
            headers={"kid": key.kid, "typ": TYPE},
        )

    def read(self, token: str, *, now_s: float) -> Claims:
        """The claims of a token of ours that is still good; raises BadToken for anything else."""
        if len(token) > MAX_LENGTH:
            raise BadToken("longer than any token of ours")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            raise BadToken("not a token") from None
        kid = header.get("kid")
        # Exactly our three parameters: nothing that points to a key elsewhere is even looked at.
        if header != {"alg": ALGORITHM, "typ": TYPE, "kid": kid} or not isinstance(kid, str):
            raise BadToken("not an access token of this service")
        key = self._keys.find(kid)
        if key is None:
            raise BadToken("signed with an unknown key")
        try:
            claims = jwt.decode(
                token,
                key.public,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                options={
                    "require": list(REQUIRED),
                    "strict_aud": True,
                    "verify_exp": False,  # judged below, by the clock of everything else
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError:
            raise BadToken("the signature or a claim is wrong") from None
        return _judge(claims, now_s=now_s)


def _judge(claims: dict[str, Any], *, now_s: float) -> Claims:
    expires, issued = claims["exp"], claims["iat"]
    if type(expires) is not int or type(issued) is not int or not isinstance(claims["jti"], str):
        raise BadToken("a claim is of the wrong type")
    if issued > now_s + CLOCK_SKEW_S:
        raise BadToken("issued in the future")
    if expires <= now_s:
        raise ExpiredToken("refresh it, or sign in again")
    try:
        return Claims(UserId(UUID(claims["sub"])), Via(claims["via"]), UUID(claims["sid"]), expires)
    except (ValueError, TypeError, AttributeError):
        raise BadToken("a claim is of the wrong type") from None
