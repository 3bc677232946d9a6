"""JSON shapes of proposed transfers and of the inbox of doubts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.money import format_amount
from plimsoll.ledger.domain.issues import (
    Confirm,
    Dismiss,
    Fix,
    GiveValue,
    IssueKind,
    MoveUnits,
    OpenLot,
    Reject,
    Severity,
    Void,
    Why,
)
from plimsoll.ledger.domain.pairing import End, Proposal
from plimsoll.ledger.domain.transactions import Precision
from plimsoll.ledger.schemas.ledger import Note, TransactionView
from plimsoll.ledger.service.quality import Entry, IssueState
from plimsoll.ledger.service.transfers import MOST_AT_ONCE
from plimsoll.plumbing.paging import Page
from plimsoll.plumbing.shapes import Amount, Body, Moment, View
from plimsoll.plumbing.tables import Columns

API = "/api/v1"


class EndView(View):
    """What left a wallet, or arrived in one; `reference` is its hash on a chain, or empty."""

    transaction_id: UUID
    wallet_id: UUID
    quantity: Amount
    occurred_at: Moment
    precision: Precision
    reference: str

    @classmethod
    def of(cls, end: End) -> "EndView":
        return cls(
            transaction_id=end.id,
            wallet_id=end.wallet_id,
            quantity=end.quantity,
            occurred_at=end.at,
            precision=end.precision,
            reference=end.reference,
        )


class ProposalView(View):
    """Two that may be one transfer. `fee` is what did not arrive, `alike` how many other pairs fit
    one of the ends.
    """

    coin_id: str
    withdrawal: EndView
    deposit: EndView
    fee: Amount
    same_reference: bool
    alike: int

    @classmethod
    def of(cls, proposal: Proposal) -> "ProposalView":
        return cls(
            coin_id=proposal.left.asset_id,
            withdrawal=EndView.of(proposal.left),
            deposit=EndView.of(proposal.arrived),
            fee=proposal.fee,
            same_reference=proposal.same_reference,
            alike=proposal.alike,
        )


class PairBody(Body):
    """A withdrawal and a deposit that are one transfer."""

    withdrawal_id: UUID
    deposit_id: UUID


class PairsBody(Body):
    pairs: Annotated[tuple[PairBody, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class ConfirmedView(View):
    """The transfers that the pairs became, in their order."""

    transfers: list[TransactionView]


class RejectedView(View):
    """That two are not one transfer, and since when that is known."""

    withdrawal_id: UUID
    deposit_id: UUID
    rejected_at: Moment


class FixView(View):
    """A request that would settle it. `asks`: JSON pointers into the body of what nobody but a
    person knows: to be filled in where it is missing, to be looked at where there is a guess.
    """

    title: str
    method: Literal["POST", "PUT"]
    path: str
    body: dict[str, Any] | None
    asks: list[str]

    @classmethod
    def of(cls, fix: Fix, issue_id: UUID) -> "FixView":
        title, method, path, body, asks = _request(fix, issue_id)
        return cls(title=title, method=method, path=f"{API}{path}", body=body, asks=asks)


_Request = tuple[str, Literal["POST", "PUT"], str, dict[str, Any] | None, list[str]]


def _request(fix: Fix, issue_id: UUID) -> _Request:  # noqa: PLR0911 - one for each kind of fix
    match fix:
        case OpenLot():
            asks = ["#/legs/0/value", "#/occurred_at"]
            return "Record what was there before", "POST", "/transactions", _lot(fix), asks
        case MoveUnits():
            asks = ["#/legs/0/wallet_id", "#/occurred_at"]
            return "Record the transfer", "POST", "/transactions", _move(fix), asks
        case Confirm():
            path = f"/transfers/proposals/{fix.withdrawal_id}/{fix.deposit_id}/confirm"
            return "Confirm that it is one transfer", "POST", path, None, []
        case Reject():
            path = f"/transfers/proposals/{fix.withdrawal_id}/{fix.deposit_id}/reject"
            return "Say that it is none", "POST", path, None, []
        case GiveValue():
            body = {
                "coin_id": fix.asset_id,
                "currency": fix.currency,
                "day": fix.day.isoformat(),
            }
            if fix.price is not None:
                body["price"] = format_amount(fix.price)
            return "Say what it was worth", "PUT", "/valuations", body, ["#/price"]
        case Void():
            path = f"/transactions/{fix.transaction_id}/void"
            return f"Void {fix.transaction_id}", "POST", path, {"note": "data quality"}, []
        case Dismiss():
            path = f"/data-quality/{issue_id}/dismiss"
            return f"Dismiss: {fix.note}", "POST", path, {"note": fix.note}, []


def _leg(asset_id: str, quantity: str, wallet_id: UUID, **more: str) -> dict[str, str]:
    return {"coin_id": asset_id, "quantity": quantity, "wallet_id": str(wallet_id), **more}


def _lot(fix: OpenLot) -> dict[str, Any]:
    quantity, value = format_amount(fix.quantity), format_amount(fix.value)
    return {
        "kind": "opening_lot",
        "currency": fix.currency,
        "occurred_at": rfc3339(fix.at),
        "legs": [_leg(fix.asset_id, quantity, fix.wallet_id, value=value)],
    }


def _move(fix: MoveUnits) -> dict[str, Any]:
    quantity = format_amount(fix.quantity)
    return {
        "kind": "transfer",
        "currency": fix.currency,
        "occurred_at": rfc3339(fix.at),
        "legs": [
            _leg(fix.asset_id, f"-{quantity}", fix.source),
            _leg(fix.asset_id, quantity, fix.target),
        ],
    }


class RowsView(View):
    """Where the transactions stand in the file of an import."""

    import_id: UUID
    lines: list[int]


class IssueView(View):
    """A doubt about the ledger. `transaction_ids` are the first hundred of `transactions`.

    `why` is of missing prices: whether no source knows the asset, none said it of that day, or a
    source is away now. A dismissed one is open again once its cause is another.
    """

    id: UUID
    kind: IssueKind
    severity: Severity
    state: IssueState
    cause: str
    since: Moment
    coin_id: str
    wallet_id: UUID | None
    why: Why | None
    transactions: int
    transaction_ids: list[UUID]
    rows: list[RowsView]
    fixes: list[FixView]
    note: str | None
    dismissed_at: Moment | None

    @classmethod
    def of(cls, entry: Entry) -> "IssueView":
        issue, said = entry.issue, entry.dismissal
        return cls(
            id=issue.id,
            kind=issue.kind,
            severity=issue.severity,
            state=entry.state,
            cause=issue.cause,
            since=issue.since,
            coin_id=issue.asset_id,
            wallet_id=issue.wallet_id,
            why=issue.why,
            transactions=issue.count,
            transaction_ids=list(issue.transactions),
            rows=[RowsView(import_id=each, lines=list(lines)) for each, lines in issue.rows],
            fixes=[FixView.of(fix, issue.id) for fix in issue.fixes],
            note=said.note if said else None,
            dismissed_at=said.at if said else None,
        )


class IssuePage(Page[IssueView]):
    """`counts` are of all that was found, by kind and state, whatever was asked for. `left_off`:
    how many more of a kind there are, to be found once some of these are settled.
    """

    counts: dict[IssueKind, dict[IssueState, int]]
    left_off: dict[IssueKind, int]


class DismissBody(Body):
    """Why nothing is wrong."""

    note: Note = ""


def issues_table(views: Sequence[IssueView]) -> Columns:
    """A line for each issue."""
    return {
        "id": [str(view.id) for view in views],
        "kind": [view.kind.value for view in views],
        "severity": [view.severity.value for view in views],
        "state": [view.state.value for view in views],
        "since": [_moment(view.since) for view in views],
        "coin_id": [view.coin_id for view in views],
        "wallet_id": [str(view.wallet_id or "") for view in views],
        "cause": [view.cause for view in views],
        "why": [view.why.value if view.why else "" for view in views],
        "transactions": [str(view.transactions) for view in views],
        "transaction_ids": [" ".join(map(str, view.transaction_ids)) for view in views],
        "rows": [" ".join(map(_rows, view.rows)) for view in views],
        "fixes": ["; ".join(fix.title for fix in view.fixes) for view in views],
        "note": [view.note or "" for view in views],
    }


def _rows(rows: RowsView) -> str:
    return f"{rows.import_id}:{','.join(map(str, rows.lines))}"


def _moment(at: datetime) -> str:
    return rfc3339(at)
