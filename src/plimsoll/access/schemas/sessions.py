"""JSON shapes of open sessions."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from plimsoll.access.domain.principals import Principal
from plimsoll.access.domain.sessions import OpenSession


class SessionView(BaseModel):
    id: UUID
    created_at: datetime
    last_seen_at: datetime = Field(description="To the minute")
    expires_at: datetime
    address: str | None = Field(description="Where it was begun, or last refreshed")
    agent: str | None = Field(description="What the program called itself there")
    current: bool = Field(description="The one that asks")

    @classmethod
    def of(cls, session: OpenSession, caller: Principal) -> Self:
        return cls(
            id=session.id,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
            address=session.address,
            agent=session.agent,
            current=session.id == caller.session_id,
        )


class EndedView(BaseModel):
    ended: int = Field(description="How many sessions that were")
