"""HTTP for imports: a file in, what would become of it, commit, undo."""

import sys
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Query, Request, Response

from plimsoll.access.guards import Importer, Reader
from plimsoll.kernel.identifiers import ImportId, JobId, WalletId
from plimsoll.ledger.domain.imports import Answers, Import, Standing
from plimsoll.ledger.importers.files import EmptyFile, FileTooLarge
from plimsoll.ledger.importers.reading import FORMATS, UnknownFormat
from plimsoll.ledger.schemas.imports import (
    FormatView,
    ImportAccepted,
    ImportPatch,
    ImportRowView,
    ImportSummaryView,
    ImportView,
    rows_table,
)
from plimsoll.ledger.service import imports, uploads
from plimsoll.ledger.service.imports import (
    Answering,
    ImportNotFound,
    Imports,
    ImportsDep,
    NoSuchLine,
    TooManyAnswers,
    UnknownZone,
    WrongImportState,
)
from plimsoll.ledger.service.recording import WalletNotFound
from plimsoll.ledger.storage.imports import KeptRow
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.plumbing.database import Reading, Writing
from plimsoll.plumbing.jobs.answers import PATH
from plimsoll.plumbing.jobs.job import TooManyJobs
from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.paging import BadCursor, Cut, Page, PageRequest, Paging
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.shapes import Text

router = APIRouter(tags=["imports"])

ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "model": ImportAccepted,
        "description": "Started; the job says how far it is",
        "headers": {"Location": {"description": "The job", "schema": {"type": "string"}}},
    }
}
BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "description": "The file as it is, whatever its content type says",
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/imports",
    status_code=202,
    response_model=ImportAccepted,
    responses=ACCEPTED
    | problems(
        FileTooLarge,
        EmptyFile,
        WalletNotFound,
        uploads.TooManyImports,
        uploads.TooManyUploads,
        uploads.UploadCutOff,
        TooManyJobs,
    ),
    openapi_extra=BODY,
    max_body_size=sys.maxsize,  # counted here, piece by piece
)
async def bring_file(
    request: Request,
    owner: Importer,
    desk: ImportsDep,
    name: Annotated[Text, Query(min_length=1, max_length=200, description="What to call it")],
    wallet_id: Annotated[
        UUID | None, Query(description="Where rows go that name no wallet; else the main one")
    ] = None,
    content_length: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Bring a file of transactions. Nothing is recorded before its import is committed.

    The same bytes again are the same import, for as long as it is neither committed nor discarded.
    """
    claimed = content_length if content_length and content_length.isdecimal() else ""
    each = await uploads.take(
        desk,
        owner.user_id,
        request.stream(),
        name=name,
        wallet_id=WalletId(wallet_id) if wallet_id else None,
        claimed=int(claimed[:30]) if claimed else None,
    )
    return _accepted(each.id, each.job_id)


@router.get("/imports")
async def list_imports(owner: Reader, unit: Reading, page: Paging) -> Page[ImportSummaryView]:
    """The caller's imports, the newest first."""
    after = page.after(UUID)
    rows = await imports.list_imports(
        unit,
        owner.user_id,
        after=UUID(str(after[0])) if after else None,
        limit=page.limit + 1,
    )
    cut = page.cut(rows, lambda each: (str(each.id),))
    return Page(data=list(map(ImportSummaryView.of, cut.rows)), next_cursor=cut.next_cursor)


@router.get("/import-formats")
async def list_formats(_: Reader) -> list[FormatView]:
    """The kinds of file that are known."""
    return list(map(FormatView.of, FORMATS))


@router.get("/imports/{import_id}", responses=problems(ImportNotFound))
async def read_import(import_id: UUID, owner: Reader, unit: Reading) -> ImportView:
    """What a file is, what it asks, and how many of its rows would become what."""
    each = await imports.get(unit, owner.user_id, ImportId(import_id))
    return ImportView.of_all(each, await imports.list_wallets(unit, each))


@router.get(
    "/imports/{import_id}/rows",
    response_model=Page[ImportRowView],
    responses=problems(ImportNotFound, BadCursor),
)
async def list_import_rows(
    import_id: UUID,
    owner: Reader,
    unit: Reading,
    listing: Listing,
    standing: Standing | None = None,
) -> Page[ImportRowView] | Response:
    """The verdict of every row, in the order of the file, with every fault of it and what would be
    recorded. After the commit only rows that came to nothing are left.
    """

    async def read(page: PageRequest) -> Cut[KeptRow]:
        after = page.after(int)
        _, rows = await imports.list_rows(
            unit,
            owner.user_id,
            ImportId(import_id),
            standing=standing,
            after=int(str(after[0])) if after else 0,
            limit=page.limit + 1,
        )
        return page.cut(rows, lambda row: (row.position,))

    return await listing.answer(
        "rows",
        import_id,
        await listing.collect(read),
        view=ImportRowView.of,
        table=lambda _, views: rows_table(views),
    )


@router.patch(
    "/imports/{import_id}",
    responses=problems(
        ImportNotFound,
        WrongImportState,
        UnknownAssetField,
        UnknownFormat,
        UnknownZone,
        NoSuchLine,
        TooManyAnswers,
        WalletNotFound,
        TooManyJobs,
    ),
)
async def answer_import(
    import_id: UUID, body: ImportPatch, owner: Importer, unit: Writing, desk: ImportsDep
) -> ImportView:
    """Answer what the file leaves open, say what its codes and wallets mean, choose rows.

    The file is read anew (the import is `reading` then, and `job_id` is the job) unless only rows
    were chosen.
    """
    each = await imports.get(unit, owner.user_id, ImportId(import_id))
    changed = await desk.answer(
        unit, owner.user_id, ImportId(import_id), _answering(desk, each, body)
    )
    return ImportView.of_all(changed, await imports.list_wallets(unit, changed))


def _answering(desk: Imports, each: Import, body: ImportPatch) -> Answering:
    """What was said before, and now."""
    catalogue, before, given = desk.catalogue, each.answers, body.model_fields_set
    assets = {
        code: asset and catalogue.resolve_field(asset, pointer=f"#/assets/{_escaped(code)}").id
        for code, asset in body.assets.items()
    }
    answers = Answers(
        format=body.format if "format" in given else before.format,
        zone=body.zone if "zone" in given else before.zone,
        numbers=body.numbers if "numbers" in given else before.numbers,
        dates=body.dates if "dates" in given else before.dates,
        cash=body.cash if "cash" in given else before.cash,
        currency=catalogue.resolve_field(body.currency, pointer="#/currency").id
        if "currency" in given
        else before.currency,
        wallets=imports.merged(before.wallets, body.wallets),
        assets=imports.as_assets(imports.merged(before.assets, assets)),
        skip=body.skip if "skip" in given else before.skip,
        accept=body.accept if "accept" in given else before.accept,
    )
    wallet_id = WalletId(body.wallet_id) if body.wallet_id else None
    return Answering(answers, wallet_id if "wallet_id" in given else each.wallet_id)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


@router.post(
    "/imports/{import_id}/commit",
    status_code=202,
    response_model=ImportAccepted,
    responses=ACCEPTED | problems(ImportNotFound, WrongImportState, TooManyJobs),
)
async def commit_import(
    import_id: UUID, owner: Importer, unit: Writing, desk: ImportsDep
) -> Response:
    """Record what is new and what was accepted: all of it, or nothing."""
    job_id = await desk.commit(unit, owner.user_id, ImportId(import_id))
    return _accepted(ImportId(import_id), job_id)


@router.post(
    "/imports/{import_id}/undo",
    status_code=202,
    response_model=ImportAccepted,
    responses=ACCEPTED | problems(ImportNotFound, WrongImportState, TooManyJobs),
)
async def undo_import(
    import_id: UUID, owner: Importer, unit: Writing, desk: ImportsDep
) -> Response:
    """Take everything that it recorded out of force again; it stays readable, as voided."""
    job_id = await desk.undo(unit, owner.user_id, ImportId(import_id))
    return _accepted(ImportId(import_id), job_id)


@router.delete(
    "/imports/{import_id}",
    status_code=204,
    responses=problems(ImportNotFound, WrongImportState),
)
async def discard_import(import_id: UUID, owner: Importer, unit: Writing, desk: ImportsDep) -> None:
    """Throw away a file that was not committed; that it was here stays in the list."""
    await desk.discard(unit, owner.user_id, ImportId(import_id))


def _accepted(import_id: ImportId, job_id: JobId) -> Response:
    body = msgspec.json.encode({"job_id": str(job_id), "import_id": str(import_id)})
    headers = {"location": f"{PATH}/{job_id}"}
    return Response(body, status_code=202, headers=headers, media_type="application/json")
