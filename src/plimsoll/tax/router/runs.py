"""HTTP for tax runs: started as jobs, then read as figures, lists and files."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from plimsoll.access.guards import Reader, Trader, address_of
from plimsoll.plumbing.database import Reading, ReadUnit, Writing
from plimsoll.plumbing.jobs.answers import ACCEPTED, JobAccepted, accepted
from plimsoll.plumbing.jobs.job import TooManyJobs
from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.paging import BadCursor, Cut, Page, PageRequest
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.shapes import TEXT
from plimsoll.tax.domain.elections import MethodNotAllowed
from plimsoll.tax.domain.rulesets import YearNotCovered
from plimsoll.tax.reports.document import FiguresBlocked, TooLongForWorkbook
from plimsoll.tax.reports.files import FILES, NoSuchFile
from plimsoll.tax.schemas.runs import (
    DisposalView,
    GapView,
    HeldView,
    IncomeView,
    RunBody,
    RunDetailView,
    RunView,
    as_table,
    names_of,
    runs_table,
)
from plimsoll.tax.service import runs
from plimsoll.tax.service.runs import (
    PlacedRow,
    RunArgs,
    RunNotFound,
    TaxRunsDep,
    UnknownJurisdiction,
)
from plimsoll.tax.service.years import YearNotOpen
from plimsoll.tax.storage.runs import Run

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


@router.get("", response_model=Page[RunView], responses=problems(BadCursor))
async def list_tax_runs(
    owner: Reader,
    unit: Reading,
    listing: Listing,
    tax: TaxRunsDep,
    jurisdiction: Annotated[str | None, Query(max_length=20, pattern=TEXT)] = None,
    year: Annotated[int | None, Query(ge=2009, le=9998)] = None,
) -> Page[RunView] | Response:
    """The caller's runs, the latest first."""

    async def read(page: PageRequest) -> Cut[Run]:
        after = page.after(UUID)
        found = await runs.list_runs(
            unit,
            owner.user_id,
            jurisdiction=jurisdiction,
            year=year,
            after=UUID(str(after[0])) if after else None,
            limit=page.limit + 1,
        )
        return page.cut(found, lambda run: (str(run.id),))

    return await listing.answer(
        "tax-runs",
        owner.user_id,
        await listing.collect(read),
        view=partial(RunView.of, simulated=tax.prices.simulated),
        table=runs_table,
    )


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


async def _cut(
    unit: ReadUnit, run: Run, sections: Sequence[str], page: PageRequest
) -> Cut[PlacedRow]:
    """The page of a report's lists that was asked for; its cursor is the place of its last row."""
    seen = page.after(int)
    after = int(str(seen[0])) if seen else -1
    rows = await runs.list_rows(unit, run, sections, after=after, limit=page.limit + 1)
    return page.cut(rows, lambda row: (row.place,))


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
    cut = await listing.collect(partial(_cut, unit, run, ["lines"]))
    names = names_of(run)
    return await listing.answer(
        "disposals",
        run.id,
        cut,
        view=lambda each: DisposalView.of(each.row, names),
        table=partial(as_table, DisposalView),
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
    cut = await listing.collect(partial(_cut, unit, run, ["incomes"]))
    names = names_of(run)
    return await listing.answer(
        "incomes",
        run.id,
        cut,
        view=lambda each: IncomeView.of(each.row, names),
        table=partial(as_table, IncomeView),
    )


@router.get(
    "/{run_id}/lots", response_model=Page[HeldView], responses=problems(RunNotFound, BadCursor)
)
async def list_tax_lots(
    run_id: UUID, owner: Reader, unit: Reading, listing: Listing
) -> Page[HeldView] | Response:
    """What was held at the end of the year: lots, and pools where the law knows only those."""
    run = await runs.get_run(unit, owner.user_id, run_id)
    cut = await listing.collect(partial(_cut, unit, run, ["lots", "pools"]))
    view = partial(HeldView.of, names=names_of(run))
    return await listing.answer("lots", run.id, cut, view=view, table=partial(as_table, HeldView))


@router.get(
    "/{run_id}/gaps", response_model=Page[GapView], responses=problems(RunNotFound, BadCursor)
)
async def list_tax_gaps(
    run_id: UUID, owner: Reader, unit: Reading, listing: Listing
) -> Page[GapView] | Response:
    """What makes the report a draft: units nobody knows the purchase of, values nobody knows."""
    run = await runs.get_run(unit, owner.user_id, run_id)
    cut = await listing.collect(partial(_cut, unit, run, ["shortfalls", "unvalued"]))
    view = partial(GapView.of, names=names_of(run))
    return await listing.answer("gaps", run.id, cut, view=view, table=partial(as_table, GapView))


@router.get(
    "/{run_id}/files/{file_name}",
    response_class=Response,
    responses=FILE | problems(RunNotFound, NoSuchFile, FiguresBlocked, TooLongForWorkbook),
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
