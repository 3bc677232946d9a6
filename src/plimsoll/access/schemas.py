"""JSON shapes of accounts, sessions and API keys."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from plimsoll.access.domain.keys import MAX_NETWORKS, ApiKey
from plimsoll.access.domain.passwords import MAX_LENGTH, MIN_LENGTH
from plimsoll.access.domain.principals import Principal, Role, Scope, Tier
from plimsoll.access.domain.sessions import SignedIn
from plimsoll.access.domain.users import User
from plimsoll.plumbing.shapes import Moment

Email = Annotated[str, Field(min_length=3, max_length=320, examples=["ada@example.com"])]
Password = Annotated[
    str,
    Field(
        max_length=MAX_LENGTH,
        examples=["seven grey herons at dusk"],
        description=f"{MIN_LENGTH} to {MAX_LENGTH} characters; every one of them counts",
    ),
]


class Input(BaseModel):
    """What a caller sends: nothing that is not asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class RefreshRequest(Input):
    refresh_token: str = Field(min_length=1, max_length=200)


class PasswordChange(Input):
    current_password: Password
    new_password: Password


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

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a scheme
    expires_in: int


class TokenPairView(TokenView):
    """With the token that is exchanged for the next pair, once."""

    refresh_token: str

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


class NewKey(Input):
    name: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=len(Scope))]
    networks: Annotated[
        list[Annotated[str, Field(max_length=64)]], Field(max_length=MAX_NETWORKS)
    ] = Field(
        default=[],
        examples=[["192.0.2.0/24", "2001:db8::1"]],
        description="Addresses and CIDR blocks it may be used from; empty: from anywhere",
    )
    expires_at: Moment | None = None


class KeyView(BaseModel):
    id: UUID
    name: str
    scopes: list[Scope]
    networks: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute")

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        return cls(
            id=key.id,
            name=key.name,
            scopes=sorted(key.scopes),
            networks=[str(network) for network in key.networks],
            created_at=key.created_at,
            expires_at=key.expires_at,
            last_used_at=key.last_used_at,
        )


class NewKeyView(KeyView):
    """The only answer that ever carries the key itself."""

    api_key: str

    @classmethod
    def of_new(cls, key: ApiKey, text: str) -> Self:
        return cls(**KeyView.of(key).model_dump(), api_key=text)
