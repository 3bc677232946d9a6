"""HTTP for transfers that are proposed, and for doubts about the ledger."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from plimsoll.access.guards import Reader, Trader
from plimsoll.kernel.identifiers import TransactionId
from plimsoll.ledger.domain.holdings import CostCurrencyDiffers, NotEnoughHeld
from plimsoll.ledger.domain.issues import IssueKind
from plimsoll.ledger.domain.merging import NotOneTransfer
from plimsoll.ledger.schemas.ledger import TransactionView
from plimsoll.ledger.schemas.quality import (
    ConfirmedView,
    DismissBody,
    IssuePage,
    IssueView,
    PairsBody,
    ProposalView,
    RejectedView,
    issues_table,
)
from plimsoll.ledger.service import transfers
from plimsoll.ledger.service.quality import IssueNotFound, IssueState, QualityDep
from plimsoll.ledger.service.reading import TransactionNotFound
from plimsoll.ledger.service.transfers import NamedTwice, StaleProposal, TransfersDep
from plimsoll.plumbing.database import Unit, Writing
from plimsoll.plumbing.idempotency import Idempotent, InFlight
from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.paging import BadCursor, Page, Paging
from plimsoll.plumbing.present import Now
from plimsoll.plumbing.problems import problems

router = APIRouter()

REFUSED = (TransactionNotFound, StaleProposal, NotOneTransfer)
NOT_WRITTEN = (*REFUSED, NotEnoughHeld, CostCurrencyDiffers, InFlight)


@router.get("/transfers/proposals", tags=["transfers"], responses=problems(BadCursor))
async def list_proposals(owner: Reader, desk: TransfersDep, page: Paging) -> Page[ProposalView]:
    """Withdrawals and deposits that may be one transfer, and that nobody has decided about; the
    oldest first. Each end is in one of them at most.
    """
    after = page.after(str, str)
    found = [
        each
        for each in await desk.list_proposals(owner.user_id)
        if after is None or (each.left.at.isoformat(), str(each.left.id)) > after
    ]
    cut = page.cut(
        found[: page.limit + 1], lambda each: (each.left.at.isoformat(), str(each.left.id))
    )
    return Page(data=list(map(ProposalView.of, cut.rows)), next_cursor=cut.next_cursor)


@router.post(
    "/transfers/proposals/{withdrawal_id}/{deposit_id}/confirm",
    status_code=201,
    tags=["transfers"],
    response_model=TransactionView,
    responses=problems(*NOT_WRITTEN),
)
async def confirm_transfer(
    withdrawal_id: UUID, deposit_id: UUID, owner: Trader, once: Idempotent, now: Now
) -> Response:
    """Say that the two are one transfer: both are voided, and one transfer is recorded, with what
    did not arrive as its fee. Said again, the same transfer is answered.
    """
    pair = (TransactionId(withdrawal_id), TransactionId(deposit_id))

    async def work(unit: Unit) -> TransactionView:
        (transfer,) = await transfers.confirm(unit, owner.user_id, [pair], now)
        return TransactionView.of(transfer)

    return await once.run(owner.user_id, work, status=201)


@router.post(
    "/transfers/proposals/confirm",
    status_code=201,
    tags=["transfers"],
    response_model=ConfirmedView,
    responses=problems(*NOT_WRITTEN, NamedTwice),
)
async def confirm_transfers(body: PairsBody, owner: Trader, once: Idempotent, now: Now) -> Response:
    """The same for many pairs: all of them, or none."""
    pairs = [
        (TransactionId(each.withdrawal_id), TransactionId(each.deposit_id)) for each in body.pairs
    ]

    async def work(unit: Unit) -> ConfirmedView:
        found = await transfers.confirm(unit, owner.user_id, pairs, now)
        return ConfirmedView(transfers=list(map(TransactionView.of, found)))

    return await once.run(owner.user_id, work, status=201)


@router.post(
    "/transfers/proposals/{withdrawal_id}/{deposit_id}/reject",
    tags=["transfers"],
    responses=problems(*REFUSED),
)
async def reject_transfer(
    withdrawal_id: UUID, deposit_id: UUID, owner: Trader, unit: Writing, now: Now
) -> RejectedView:
    """Say that the two are not one transfer: they are not proposed again. It can still be confirmed
    later.
    """
    pair = (TransactionId(withdrawal_id), TransactionId(deposit_id))
    at = await transfers.reject(unit, owner.user_id, pair, now)
    return RejectedView(withdrawal_id=withdrawal_id, deposit_id=deposit_id, rejected_at=at)


@router.get(
    "/data-quality",
    tags=["data quality"],
    response_model=IssuePage,
    responses=problems(BadCursor),
)
async def list_issues(
    owner: Reader,
    quality: QualityDep,
    listing: Listing,
    kind: Annotated[list[IssueKind] | None, Query()] = None,
    state: Annotated[IssueState | None, Query(description="Both when left out")] = None,
) -> IssuePage | Response:
    """What may be wrong with the ledger, the worst first, then the oldest: each with its cause, its
    transactions and rows, and requests that would settle it. Nothing of it blocks anything.
    """
    after = listing.page.after(int, str, str)
    inbox = await quality.read(owner.user_id)
    found = [
        each
        for each in inbox.entries
        if (not kind or each.issue.kind in kind)
        and state in {None, each.state}
        and (after is None or each.place > after)
    ]
    page = await listing.answer(
        "data-quality",
        owner.user_id,
        listing.page.cut(found[: listing.page.limit + 1], lambda each: each.place),
        view=IssueView.of,
        table=lambda _, views: issues_table(views),
    )
    if isinstance(page, Response):
        return page
    return IssuePage(
        data=page.data,
        next_cursor=page.next_cursor,
        counts=inbox.count(),
        left_off=dict(inbox.left_off),
    )


@router.post(
    "/data-quality/{issue_id}/dismiss", tags=["data quality"], responses=problems(IssueNotFound)
)
async def dismiss_issue(
    issue_id: UUID, owner: Trader, quality: QualityDep, body: DismissBody | None = None
) -> IssueView:
    """Say that nothing is wrong. It stays dismissed for as long as its cause is the same."""
    note = body.note if body else ""
    return IssueView.of(await quality.dismiss(owner.user_id, issue_id, note=note))


@router.post(
    "/data-quality/{issue_id}/reopen", tags=["data quality"], responses=problems(IssueNotFound)
)
async def reopen_issue(issue_id: UUID, owner: Trader, quality: QualityDep) -> IssueView:
    """Take that back."""
    return IssueView.of(await quality.reopen(owner.user_id, issue_id))
