"""HTTP for tax runs: started as jobs, then read as figures, lists and files."""

from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from plimsoll.access.guards import Reader, Trader, address_of
from plimsoll.plumbing.database import Reading, Writing
from plimsoll.plumbing.jobs.answers import ACCEPTED, JobAccepted, accepted
from plimsoll.plumbing.jobs.job import TooManyJobs
from plimsoll.plumbing.paging import BadCursor, Page, Paging
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.shapes import TEXT
from plimsoll.tax.domain.elections import MethodNotAllowed
from plimsoll.tax.domain.rulesets import YearNotCovered
from plimsoll.tax.reports.document import FiguresBlocked
from plimsoll.tax.reports.files import FILES, NoSuchFile
from plimsoll.tax.router.lists import Listing
from plimsoll.tax.schemas.runs import (
    DisposalView,
    GapView,
    HeldView,
    IncomeView,
    RunBody,
    RunDetailView,
    RunView,
    names_of,
)
from plimsoll.tax.service import runs
from plimsoll.tax.service.runs import (
    RunArgs,
    RunNotFound,
    TaxRunsDep,
    UnknownJurisdiction,
)
from plimsoll.tax.service.years import YearNotOpen

router = APIRouter(prefix="/tax/runs", tags=["tax"])

FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {each.media_type: {} for each in FILES.values()}}
}
FileName = Annotated[
    str, Path(max_length=100, description="As the run lists it", examples=["form-8949.csv"])
]


@router.post(
    "",
    status_code=202,
    response_model=JobAccepted,
    responses=ACCEPTED
    | problems(UnknownJurisdiction, MethodNotAllowed, YearNotOpen, YearNotCovered, TooManyJobs),
)
async def start_tax_run(body: RunBody, owner: Trader, unit: Writing, tax: TaxRunsDep) -> Response:
    """Compute the report of a tax year from the ledger as it is now and from what was elected.

    The job's result leads to the run. The same input as before leads to the run that is there
    (`repeated`).
    """
    args = RunArgs(owner.user_id, body.jurisdiction, body.year, body.method, body.shortfalls)
    return accepted(await tax.start(unit, args))


@router.get("")
async def list_tax_runs(
    owner: Reader,
    unit: Reading,
    page: Paging,
    tax: TaxRunsDep,
    jurisdiction: Annotated[str | None, Query(max_length=20, pattern=TEXT)] = None,
    year: Annotated[int | None, Query(ge=2009, le=9998)] = None,
) -> Page[RunView]:
    """The caller's runs, the latest first."""
    after = page.after(UUID)
    found = await runs.list_runs(
        unit,
        owner.user_id,
        jurisdiction=jurisdiction,
        year=year,
        after=UUID(str(after[0])) if after else None,
        limit=page.limit + 1,
    )
    cut = page.cut(found, lambda run: (str(run.id),))
    views = [RunView.of(run, simulated=tax.prices.simulated) for run in cut.rows]
    return Page(data=views, next_cursor=cut.next_cursor)


@router.get("/{run_id}", responses=problems(RunNotFound))
async def read_tax_run(
    run_id: UUID, owner: Reader, unit: Reading, tax: TaxRunsDep
) -> RunDetailView:
    """The figures of a report, each with its formula, how complete it is, and its files."""
    run = await runs.get_run(unit, owner.user_id, run_id)
    summary = await runs.summarise(unit, run)
    return RunDetailView.of_summary(run, summary, simulated=tax.prices.simulated)


@router.delete("/{run_id}", status_code=204, responses=problems(RunNotFound))
async def discard_tax_run(
    run_id: UUID, owner: Trader, unit: Writing, tax: TaxRunsDep, request: Request
) -> None:
    """Forget a run with all of its files. It cannot be changed, only discarded as a whole."""
    await tax.discard(unit, owner.user_id, run_id, address_of(request.scope))


@router.post(
    "/{run_id}/verify",
    status_code=202,
    response_model=JobAccepted,
    responses=ACCEPTED | problems(RunNotFound, TooManyJobs),
)
async def verify_tax_run(run_id: UUID, owner: Reader, unit: Writing, tax: TaxRunsDep) -> Response:
    """Compute the stored input once more, by the rules as they are now.

    The job's result says whether the report is the same (`equal`), else what differs.
    """
    return accepted(await tax.start_verifying(unit, owner.user_id, run_id))


@router.get(
    "/{run_id}/disposals",
    response_model=Page[DisposalView],
    responses=problems(RunNotFound, BadCursor),
)
async def list_tax_disposals(
    run_id: UUID, owner: Reader, unit: Reading, listing: Listing
) -> Page[DisposalView] | Response:
    """The year's disposals, slice by slice: what was acquired when, by which rule, for how much."""
    run = await runs.get_run(unit, owner.user_id, run_id)
    rows = await runs.list_rows(
        unit, run, ["lines"], after=listing.after, limit=listing.page.limit + 1
    )
    names = names_of(run)
    return await listing.answer(
        run, "disposals", rows, DisposalView, lambda each: DisposalView.of(each.row, names)
    )


@router.get(
    "/{run_id}/incomes",
    response_model=Page[IncomeView],
    responses=problems(RunNotFound, BadCursor),
)
async def list_tax_incomes(
    run_id: UUID, owner: Reader, unit: Reading, listing: Listing
) -> Page[IncomeView] | Response:
    """The year's incomes at their values when they were received."""
    run = await runs.get_run(unit, owner.user_id, run_id)
    rows = await runs.list_rows(
        unit, run, ["incomes"], after=listing.after, limit=listing.page.limit + 1
    )
    names = names_of(run)
    return await listing.answer(
        run, "incomes", rows, IncomeView, lambda each: IncomeView.of(each.row, names)
    )


@router.get(
    "/{run_id}/lots", response_model=Page[HeldView], responses=problems(RunNotFound, BadCursor)
)
async def list_tax_lots(
    run_id: UUID, owner: Reader, unit: Reading, listing: Listing
) -> Page[HeldView] | Response:
    """What was held at the end of the year: lots, and pools where the law knows only those."""
    run = await runs.get_run(unit, owner.user_id, run_id)
    rows = await runs.list_rows(
        unit, run, ["lots", "pools"], after=listing.after, limit=listing.page.limit + 1
    )
    view = partial(HeldView.of, names=names_of(run))
    return await listing.answer(run, "lots", rows, HeldView, view)


@router.get(
    "/{run_id}/gaps", response_model=Page[GapView], responses=problems(RunNotFound, BadCursor)
)
async def list_tax_gaps(
    run_id: UUID, owner: Reader, unit: Reading, listing: Listing
) -> Page[GapView] | Response:
    """What makes the report a draft: units nobody knows the purchase of, values nobody knows."""
    run = await runs.get_run(unit, owner.user_id, run_id)
    rows = await runs.list_rows(
        unit, run, ["shortfalls", "unvalued"], after=listing.after, limit=listing.page.limit + 1
    )
    view = partial(GapView.of, names=names_of(run))
    return await listing.answer(run, "gaps", rows, GapView, view)


@router.get(
    "/{run_id}/files/{file_name}",
    response_class=Response,
    responses=FILE | problems(RunNotFound, NoSuchFile, FiguresBlocked),
)
async def read_tax_file(
    run_id: UUID, file_name: FileName, owner: Reader, tax: TaxRunsDep, request: Request
) -> Response:
    """A file of the report, the same to the byte whenever it is asked for."""
    run = await tax.get_run(owner.user_id, run_id)
    file = await tax.get_file(run, file_name)
    etag = f'"{file.sha256.hex()}"'
    name = f"{run.jurisdiction}-{run.year}-{file.name}"
    headers = {
        "etag": etag,
        "cache-control": "private, no-cache",
        "content-disposition": f'attachment; filename="{name}"',
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=FILES[file.name].media_type, headers=headers)
