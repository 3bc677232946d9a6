"""HTTP for compliance cases: read by those who oversee, worked on by operators."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from plimsoll.access.guards import REFUSALS, Operator, Overseer, address_of
from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import UserId
from plimsoll.operations.domain.cases import CaseNotInState, ReasonMissing, Rule, State
from plimsoll.operations.schemas.cases import (
    SEVERITIES,
    ActBody,
    AssignBody,
    CaseDetailView,
    CaseView,
    SeverityName,
    cases_table,
)
from plimsoll.operations.service.cases import (
    Acting,
    CaseChanged,
    CasesDep,
    NoSuchCase,
    OwnerNotOperator,
)
from plimsoll.operations.storage.cases import Sought
from plimsoll.plumbing.database import DatabaseUnavailable, Reading
from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.paging import BadCursor, Page
from plimsoll.plumbing.problems import problems

router = APIRouter(prefix="/cases", tags=["compliance"])

ANY = (*REFUSALS, Invalid, DatabaseUnavailable)
ACT = problems(NoSuchCase, CaseChanged, CaseNotInState, ReasonMissing, *ANY)
CaseNumber = Annotated[UUID, Path(description="The id of a case")]


@router.get("", response_model=Page[CaseView], responses=problems(BadCursor, *ANY))
async def list_cases(
    _: Overseer,
    unit: Reading,
    cases: CasesDep,
    listing: Listing,
    state: Annotated[State | None, Query()] = None,
    severity: Annotated[SeverityName | None, Query()] = None,
    rule: Annotated[Rule | None, Query()] = None,
    owner: Annotated[UUID | None, Query(description="The operator who has it")] = None,
    user_id: Annotated[UUID | None, Query(description="Whom it is about")] = None,
) -> Page[CaseView] | Response:
    """What the compliance rules found, the latest first."""
    level = SEVERITIES[severity] if severity else None
    sought = Sought(state, level, rule, owner, user_id)
    cut = await listing.collect(lambda page: cases.list_cases(unit, page, sought))
    return await listing.answer(
        "cases", None, cut, view=partial(CaseView.of, now=cases.now), table=cases_table
    )


@router.get("/{case_id}", responses=problems(NoSuchCase, *ANY))
async def read_case(
    _: Overseer, unit: Reading, cases: CasesDep, case_id: CaseNumber
) -> CaseDetailView:
    """One of them, with its evidence and all that happened to it."""
    return CaseDetailView.of_stored(await cases.get(unit, case_id), cases.now)


@router.post("/{case_id}/acknowledge", responses=ACT)
async def acknowledge_case(
    request: Request, caller: Operator, cases: CasesDep, body: ActBody, case_id: CaseNumber
) -> CaseDetailView:
    """Take an open case; the caller becomes its owner."""
    done = await cases.acknowledge(case_id, _acting(request, caller, body))
    return CaseDetailView.of_stored(done, cases.now)


@router.post("/{case_id}/assign", responses=ACT | problems(OwnerNotOperator, ReasonMissing, *ANY))
async def assign_case(
    request: Request, caller: Operator, cases: CasesDep, body: AssignBody, case_id: CaseNumber
) -> CaseDetailView:
    """Give a case that is not resolved to an operator; its state stays as it is."""
    done = await cases.assign(case_id, _acting(request, caller, body), owner=UserId(body.owner))
    return CaseDetailView.of_stored(done, cases.now)


@router.post("/{case_id}/resolve", responses=ACT)
async def resolve_case(
    request: Request, caller: Operator, cases: CasesDep, body: ActBody, case_id: CaseNumber
) -> CaseDetailView:
    """Close an acknowledged case. Worse evidence opens it again."""
    done = await cases.resolve(case_id, _acting(request, caller, body))
    return CaseDetailView.of_stored(done, cases.now)


def _acting(request: Request, caller: Operator, body: ActBody) -> Acting:
    return Acting(caller.user_id, address_of(request.scope), body.reason, body.version)
