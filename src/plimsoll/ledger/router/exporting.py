"""HTTP for the whole ledger as a file."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.responses import StreamingResponse

from plimsoll.access.guards import Reader
from plimsoll.ledger.service.exporting import open_export
from plimsoll.plumbing.database import Database, database_of
from plimsoll.plumbing.tables import MEDIA_TYPES, Format, named

router = APIRouter(tags=["ledger"])

CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A row for each leg of every transaction in force",
        "content": {MEDIA_TYPES[Format.CSV]: {"schema": {"type": "string"}}},
    }
}


@router.get("/transactions/export", response_class=StreamingResponse, responses=CSV)
async def export_transactions(
    owner: Reader, database: Annotated[Database, Depends(database_of)]
) -> StreamingResponse:
    """Every transaction in force, complete: imported again, it is the same ledger.

    The same ledger gives the same bytes. Text that a spreadsheet would run gets a `'` in front.
    """
    export = await open_export(database, owner.user_id)
    return StreamingResponse(
        export.stream(),
        media_type=MEDIA_TYPES[Format.CSV],
        headers=named("plimsoll-ledger", Format.CSV),
    )
