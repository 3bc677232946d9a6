"""JSON shapes of accounts and of signing in."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from plimsoll.access.domain.passwords import MAX_LENGTH, MIN_LENGTH
from plimsoll.access.domain.principals import Principal, Role, Scope, Tier
from plimsoll.access.domain.sessions import SignedIn
from plimsoll.access.domain.users import User

Email = Annotated[str, Field(min_length=3, max_length=320, examples=["ada@example.com"])]
Password = Annotated[
    str,
    Field(
        max_length=MAX_LENGTH,
        examples=["seven grey herons at dusk"],
        description=f"{MIN_LENGTH} to {MAX_LENGTH} characters; every one of them counts",
    ),
]


Code = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        examples=["123456", "ABCD-EFGH-JKLM-NPQR-STUV-WXYZ"],
        description="Six digits of the authenticator app, or a recovery code",
    ),
]


class Input(BaseModel):
    """What a caller sends: nothing that is not asked for. Passwords and codes are in it, so a stack
    or a log line shows none of it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        return iter(())


class Registration(Input):
    email: Email
    password: Password


class Login(Input):
    email: Email
    password: Password
    cookie: bool = Field(
        default=False,
        strict=True,
        description="Keep the session in a cookie, for pages; no tokens are returned",
    )
    code: Code | None = Field(
        default=None, description="Of the second factor, where the account has one"
    )


class RefreshRequest(Input):
    refresh_token: str = Field(min_length=1, max_length=200)


class PasswordChange(Input):
    current_password: Password
    new_password: Password
    code: Code | None = None


class KeyExchange(Input):
    api_key: str = Field(min_length=1, max_length=200)


class UserView(BaseModel):
    id: UUID
    email: str
    tier: Tier
    role: Role
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=user.id, email=user.email, tier=user.tier, role=user.role, created_at=user.created_at
        )


class MeView(UserView):
    """The user, and what the credential they came with may do."""

    scopes: list[Scope]
    api_key_id: UUID | None

    @classmethod
    def of_caller(cls, user: User, caller: Principal) -> Self:
        return cls(
            **UserView.of(user).model_dump(),
            scopes=sorted(caller.scopes),
            api_key_id=caller.key_id,
        )


class TokenView(BaseModel):
    """An access token for programs, and how many seconds it is good for."""

    access_token: str = Field(repr=False)
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme
    expires_in: int


class TokenPairView(TokenView):
    """With the token that is exchanged for the next pair, once."""

    refresh_token: str = Field(repr=False)

    @classmethod
    def of(cls, signed_in: SignedIn) -> Self:
        assert signed_in.refresh_token is not None
        return cls(
            access_token=signed_in.access_token,
            refresh_token=signed_in.refresh_token,
            expires_in=signed_in.expires_in_s,
        )


class CookieView(BaseModel):
    """A session in a cookie, which the page itself cannot read; good until then."""

    token_type: Literal["cookie"] = "cookie"  # noqa: S105 - the name of a scheme
    expires_at: datetime
