"""HTTP for the places where holdings live."""

from fastapi import APIRouter, Response

from plimsoll.access.guards import Reader, Trader
from plimsoll.ledger.schemas.ledger import WalletBody, WalletView
from plimsoll.ledger.service import reading
from plimsoll.plumbing.database import Reading, Unit
from plimsoll.plumbing.idempotency import Idempotent
from plimsoll.plumbing.paging import Page, Paging
from plimsoll.plumbing.problems import problems

router = APIRouter(tags=["ledger"])


@router.post(
    "/wallets",
    status_code=201,
    response_model=WalletView,
    responses=problems(reading.WalletNameTaken),
)
async def add_wallet(body: WalletBody, owner: Trader, once: Idempotent) -> Response:
    """Add a place where holdings live."""

    async def work(unit: Unit) -> WalletView:
        return WalletView.of(await reading.add_wallet(unit, owner.user_id, body.name))

    return await once.run(owner.user_id, work, status=201)


@router.get("/wallets")
async def list_wallets(owner: Reader, unit: Reading, page: Paging) -> Page[WalletView]:
    """The caller's wallets by name. The first one, `main`, comes with the first transaction."""
    after = page.after(str)
    rows = await reading.list_wallets(
        unit, owner.user_id, after=str(after[0]) if after else None, limit=page.limit + 1
    )
    cut = page.cut(rows, lambda wallet: (wallet.name,))
    return Page(data=[WalletView.of(wallet) for wallet in cut.rows], next_cursor=cut.next_cursor)
