"""JSON shapes of the second factor."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, Field

from plimsoll.access.schemas.authentication import Code, Input, Password
from plimsoll.access.service.enrolment import Enrolment, Standing


class FactorState(StrEnum):
    NONE = "none"
    PENDING = "pending"
    ACTIVE = "active"


class FactorView(BaseModel):
    """`pending`: set up, but no code of it was seen yet, so that it is not asked for."""

    state: FactorState
    active_since: datetime | None
    recovery_codes: int = Field(description="Those that are left")

    @classmethod
    def of(cls, standing: Standing) -> Self:
        state = FactorState.PENDING if standing.pending else FactorState.NONE
        return cls(
            state=FactorState.ACTIVE if standing.active_since else state,
            active_since=standing.active_since,
            recovery_codes=standing.recovery_codes,
        )


class EnrolRequest(Input):
    password: Password


class EnrolmentView(BaseModel):
    """For the authenticator app; shown once."""

    secret: str = Field(repr=False, description="Base32, to be typed")
    uri: str = Field(repr=False, description="`otpauth://…`, to be shown as a QR code")

    @classmethod
    def of(cls, enrolment: Enrolment) -> Self:
        return cls(secret=enrolment.secret, uri=enrolment.uri)


class Confirmation(Input):
    code: Code


class Removal(Input):
    password: Password
    code: Code


class Renewal(Input):
    code: Code | None = None


class RecoveryCodesView(BaseModel):
    """Each works once in place of a code of the app; shown once."""

    recovery_codes: list[str] = Field(repr=False)
