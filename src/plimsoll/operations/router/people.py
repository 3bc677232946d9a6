"""One's own data over HTTP: a copy of all of it, and the end of it."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from plimsoll.access.domain.lockout import AccountLocked
from plimsoll.access.guards import (
    REFUSALS,
    PasswordSessionRequired,
    SessionHolder,
    access_of,
    address_of,
)
from plimsoll.access.service import enrolment, personal
from plimsoll.access.service.accounts import NoSuchUser, WrongPassword
from plimsoll.access.service.enrolment import FreshCodeNeeded, WrongCode
from plimsoll.access.service.hashing import Busy
from plimsoll.kernel.errors import Invalid
from plimsoll.operations.schemas.people import ErasureView, Leaving
from plimsoll.operations.service import people
from plimsoll.operations.service.people import Copies, CopyUnderWay, Wish
from plimsoll.plumbing.database import DatabaseUnavailable
from plimsoll.plumbing.problems import problems
from plimsoll.trading.service.personal import StillTrading

router = APIRouter(prefix="/me", tags=["me"])

OWN: Final = (*REFUSALS, PasswordSessionRequired, Invalid, DatabaseUnavailable)
ZIP: Final = "application/zip"


async def _copies_of(request: Request) -> Copies:
    copies = request.app.state.copies
    assert isinstance(copies, Copies)
    return copies


CopiesDep = Annotated[Copies, Depends(_copies_of)]


@router.get(
    "/data",
    response_class=StreamingResponse,
    responses=problems(CopyUnderWay, *OWN)
    | {200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def read_own_data(caller: SessionHolder, copies: CopiesDep) -> StreamingResponse:
    """Everything that is kept of the caller, at one moment: a zip with a JSON file for each list.
    No secret is in it. Tax reports themselves are files of `/tax/runs`.
    """
    file = await copies.make(caller.user_id)
    return StreamingResponse(
        people.pieces_of(file),
        media_type=ZIP,
        headers={"content-disposition": 'attachment; filename="plimsoll-data.zip"'},
    )


@router.delete(
    "",
    responses=problems(
        WrongPassword,
        FreshCodeNeeded,
        WrongCode,
        AccountLocked,
        Busy,
        NoSuchUser,
        StillTrading,
        *OWN,
    ),
)
async def erase_me(request: Request, caller: SessionHolder, body: Leaving) -> ErasureView:
    """Erase the caller: account, ledger, imports, tax, alerts. It cannot be undone.

    Paper positions are closed and orders cancelled first. What stays, and why, is in the answer.
    """
    access, address = access_of(request.scope), address_of(request.scope)
    await personal.confirm_password(access, caller, password=body.password, address=address)
    await enrolment.require_fresh(access, caller, code=body.code, address=address)
    erasure = await people.erase(
        access.database,
        access.clock,
        caller.user_id,
        Wish(caller.user_id, address, body.reason),
        on_shut_out=access.verifier.forget,
    )
    return ErasureView.of(erasure)
