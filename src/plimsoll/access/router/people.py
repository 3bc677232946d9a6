"""What operators do about a person's access. Roles are given by the machine's own command only."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request

from plimsoll.access.guards import REFUSALS, Operator, access_of, address_of, second_operator
from plimsoll.access.schemas.approvals import PersonStateView, ReasonBody
from plimsoll.access.service import approvals, governing
from plimsoll.access.service.accounts import NoSuchUser
from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import DatabaseUnavailable
from plimsoll.plumbing.problems import problems
from plimsoll.settings import Sensitive

router = APIRouter(prefix="/people", tags=["operators"])

ANY = problems(
    NoSuchUser,
    governing.OwnAccount,
    *approvals.REFUSALS,
    *REFUSALS,
    Invalid,
    DatabaseUnavailable,
)
Whom = Annotated[UUID, Path()]


async def _acting(request: Request, caller: Operator, reason: str) -> governing.Acting:
    await second_operator(request, caller, Sensitive.ACCOUNT)
    return governing.Acting(caller.user_id, address_of(request.scope), reason)


@router.post("/{user_id}/disable", responses=ANY)
async def disable_person(
    request: Request, caller: Operator, body: ReasonBody, user_id: Whom
) -> PersonStateView:
    """Shut a person out: password, sessions and API keys stop working within a second.

    Open positions stay, and are liquidated like everybody's.
    """
    acting = await _acting(request, caller, body.reason)
    access = access_of(request.scope)
    return PersonStateView.of(await governing.shut_out(access, UserId(user_id), acting))


@router.post("/{user_id}/enable", responses=ANY)
async def enable_person(
    request: Request, caller: Operator, body: ReasonBody, user_id: Whom
) -> PersonStateView:
    """Let a person in again; API keys work again, ended sessions stay ended."""
    acting = await _acting(request, caller, body.reason)
    access = access_of(request.scope)
    return PersonStateView.of(await governing.let_in(access, UserId(user_id), acting))


@router.post("/{user_id}/sign-out", responses=ANY)
async def sign_person_out(
    request: Request, caller: Operator, body: ReasonBody, user_id: Whom
) -> PersonStateView:
    """End every session of a person; API keys stay."""
    acting = await _acting(request, caller, body.reason)
    access = access_of(request.scope)
    return PersonStateView.of(await governing.sign_out(access, UserId(user_id), acting))
