"""The second factor over HTTP: set up, confirmed, taken off, and recovery codes."""

from http import HTTPStatus

from fastapi import APIRouter, Request

from plimsoll.access.domain.lockout import AccountLocked
from plimsoll.access.guards import SESSION_REFUSALS, Enrolling, SessionHolder, access_of, address_of
from plimsoll.access.schemas import second_factor as schemas
from plimsoll.access.service import enrolment
from plimsoll.access.service.accounts import WrongPassword
from plimsoll.access.service.enrolment import (
    FreshCodeNeeded,
    NoSecondFactor,
    SecondFactorActive,
    WrongCode,
)
from plimsoll.access.service.hashing import Busy
from plimsoll.plumbing.database import Reading
from plimsoll.plumbing.problems import problems

router = APIRouter(prefix="/auth", tags=["access"])


@router.get("/totp", responses=problems(*SESSION_REFUSALS))
async def read_second_factor(caller: Enrolling, unit: Reading) -> schemas.FactorView:
    """Whether you have a second factor, and how many recovery codes are left."""
    return schemas.FactorView.of(await enrolment.read(unit, caller.user_id))


@router.post(
    "/totp",
    status_code=HTTPStatus.CREATED,
    responses=problems(SecondFactorActive, WrongPassword, AccountLocked, Busy, *SESSION_REFUSALS),
)
async def enrol_second_factor(
    request: Request, body: schemas.EnrolRequest, caller: Enrolling
) -> schemas.EnrolmentView:
    """Begin to set up an authenticator app. It is not asked for before it is confirmed."""
    made = await enrolment.enrol(
        access_of(request.scope),
        caller,
        password=body.password,
        address=address_of(request.scope),
    )
    return schemas.EnrolmentView.of(made)


@router.post(
    "/totp/confirm",
    responses=problems(
        NoSecondFactor, SecondFactorActive, WrongCode, AccountLocked, *SESSION_REFUSALS
    ),
)
async def confirm_second_factor(
    request: Request, body: schemas.Confirmation, caller: Enrolling
) -> schemas.RecoveryCodesView:
    """Show that the app works: from now on signing in needs a code. The answer has ten recovery
    codes for when the app is lost. Your other sessions end.
    """
    codes = await enrolment.confirm(
        access_of(request.scope), caller, code=body.code, address=address_of(request.scope)
    )
    return schemas.RecoveryCodesView(recovery_codes=list(codes))


@router.delete(
    "/totp",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problems(
        NoSecondFactor, WrongPassword, WrongCode, AccountLocked, Busy, *SESSION_REFUSALS
    ),
)
async def remove_second_factor(
    request: Request, body: schemas.Removal, caller: SessionHolder
) -> None:
    """Go on with the password alone. Recovery codes end too."""
    await enrolment.take_off(
        access_of(request.scope),
        caller,
        password=body.password,
        code=body.code,
        address=address_of(request.scope),
    )


@router.post(
    "/recovery-codes",
    responses=problems(
        NoSecondFactor, FreshCodeNeeded, WrongCode, AccountLocked, *SESSION_REFUSALS
    ),
)
async def renew_recovery_codes(
    request: Request, body: schemas.Renewal, caller: SessionHolder
) -> schemas.RecoveryCodesView:
    """Ten new recovery codes; those of before work no more. Wants a code that is not older than ten
    minutes: the one you signed in with, or `code`.
    """
    codes = await enrolment.renew_recovery_codes(
        access_of(request.scope), caller, code=body.code, address=address_of(request.scope)
    )
    return schemas.RecoveryCodesView(recovery_codes=list(codes))
