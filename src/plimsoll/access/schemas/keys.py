"""JSON shapes of API keys and of how they are used."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from plimsoll.access.domain.keys import MAX_NETWORKS, ApiKey, KeyKind
from plimsoll.access.domain.principals import Scope
from plimsoll.access.domain.usage import HourOfUse, sum_days
from plimsoll.access.schemas.authentication import Code, Input
from plimsoll.access.service.keys import LONGEST_OVERLAP
from plimsoll.plumbing.shapes import Moment


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
    kind: KeyKind = Field(
        default=KeyKind.BEARER,
        description="`bearer` is sent with each request; `signed` signs each request, and is never"
        " sent",
    )
    code: Code | None = None


class Rotation(Input):
    overlap_s: int = Field(
        default=3600,
        ge=0,
        le=int(LONGEST_OVERLAP.total_seconds()),
        description="How long the key goes on beside its successor",
    )
    code: Code | None = None


class KeyView(BaseModel):
    id: UUID
    name: str
    kind: KeyKind
    scopes: list[Scope]
    networks: list[str]
    created_at: datetime
    expires_at: datetime | None
    rotated_to: UUID | None = Field(description="Its successor")
    last_used_at: datetime | None = Field(description="To the minute")

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        return cls(
            id=key.id,
            name=key.name,
            kind=key.kind,
            scopes=sorted(key.scopes),
            networks=[str(network) for network in key.networks],
            created_at=key.created_at,
            expires_at=key.expires_at,
            rotated_to=key.rotated_to,
            last_used_at=key.last_used_at,
        )


class NewKeyView(KeyView):
    """The only answer that ever carries the key itself, or the secret that it signs with."""

    api_key: str | None = Field(repr=False, description="Of a bearer key: what is sent")
    signing_secret: str | None = Field(
        repr=False, description="Of a signed key: its text, in ASCII, is the key of the HMAC"
    )

    @classmethod
    def of_new(cls, key: ApiKey, text: str) -> Self:
        bearer = key.kind is KeyKind.BEARER
        return cls(
            **KeyView.of(key).model_dump(),
            api_key=text if bearer else None,
            signing_secret=None if bearer else text,
        )


class UseView(BaseModel):
    """`requests` counts all that came with the key, those that were refused too."""

    at: datetime = Field(description="When the hour, or the day, begins")
    requests: int
    limited: int = Field(description="Refused with 429")
    forbidden: int = Field(description="Refused with 403: wrong address, or scope missing")

    @classmethod
    def of(cls, use: HourOfUse) -> Self:
        return cls(at=use.at, requests=use.requests, limited=use.limited, forbidden=use.forbidden)


class UsageView(BaseModel):
    """Hours and days of UTC in which the key was used; counts are up to a minute behind."""

    key_id: UUID
    since: datetime
    requests: int
    limited: int
    forbidden: int
    last_used_at: datetime | None
    last_address: str | None
    days: list[UseView]
    hours: list[UseView] = Field(description="The last 24 of them")

    @classmethod
    def of(cls, key: ApiKey, since: datetime, hours: Sequence[HourOfUse]) -> Self:
        return cls(
            key_id=key.id,
            since=since,
            requests=sum(each.requests for each in hours),
            limited=sum(each.limited for each in hours),
            forbidden=sum(each.forbidden for each in hours),
            last_used_at=key.last_used_at,
            last_address=key.last_address,
            days=list(map(UseView.of, sum_days(hours))),
            hours=list(map(UseView.of, hours[-24:])),
        )
