"""JSON shapes of the ledger."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import numpy as np
from pydantic import Field

from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.money import ZERO, format_amount
from plimsoll.ledger.domain.holdings import HeldAsset
from plimsoll.ledger.domain.transactions import MAX_LEGS, Kind, Precision, Recorded, Role
from plimsoll.ledger.service.recording import Written
from plimsoll.ledger.service.trades import Sale
from plimsoll.ledger.storage.wallets import Wallet
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.plumbing.shapes import (
    Amount,
    AssetName,
    Body,
    Figure,
    Moment,
    PositiveAmount,
    Text,
    UnsignedAmount,
    View,
)
from plimsoll.plumbing.tables import Columns

Note = Annotated[Text, Field(max_length=1000)]
Label = Annotated[Text, Field(min_length=1, max_length=100)]


class PurchaseBody(Body):
    """A purchase with money from outside. `price` and `fee` are in `currency`."""

    coin_id: AssetName
    quantity: PositiveAmount
    price: PositiveAmount
    currency: AssetName = "usd"
    fee: UnsignedAmount = ZERO
    wallet_id: UUID | None = None
    occurred_at: Moment | None = None
    note: Note = ""
    rate: PositiveAmount | None = None
    """How much of the holding's cost currency one `currency` was worth, where the two differ."""


class LegBody(Body):
    """What moved. Without `wallet_id` it is the main wallet; `outside` is no wallet at all."""

    coin_id: AssetName
    quantity: Amount
    role: Role = Role.PRINCIPAL
    value: UnsignedAmount | None = None
    """Worth in the transaction's currency; needed where it is not the currency itself."""
    wallet_id: UUID | None = None
    outside: Annotated[bool, Field(strict=True)] = False


class TransactionBody(Body):
    """Any ledger fact. Legs with the same sign of quantity came in (+) or went out (−)."""

    kind: Kind
    currency: AssetName = "usd"
    legs: Annotated[tuple[LegBody, ...], Field(min_length=1, max_length=MAX_LEGS)]
    occurred_at: Moment | None = None
    precision: Precision = Precision.INSTANT
    note: Note = ""
    source: Label = "manual"
    external_id: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    rate: PositiveAmount | None = None


class VoidBody(Body):
    """Why a transaction is taken out of force."""

    note: Note = ""


class WalletBody(Body):
    name: Label


class WalletView(View):
    id: UUID
    name: str
    created_at: Moment

    @classmethod
    def of(cls, wallet: Wallet) -> "WalletView":
        return cls(id=wallet.id, name=wallet.name, created_at=wallet.created_at)


class HoldingView(View):
    """Balance and cost of one asset in one wallet; amounts of money are in `currency`."""

    id: UUID
    coin_id: str
    symbol: str
    wallet_id: UUID
    currency: str
    quantity: Amount
    cost: Amount
    fees: Amount
    """The part of `cost` that is fees."""
    average_cost: Figure | None
    average_cost_without_fees: Figure | None
    realised_profit: Amount
    missing: Amount
    """Units that imported transactions took out and nothing had brought in; they cost nothing."""

    @classmethod
    def of(cls, held: HeldAsset, catalogue: Catalogue) -> "HoldingView":
        holding, asset = held.holding, catalogue.find_by_id(held.asset_id)
        return cls(
            id=held.id,
            coin_id=held.asset_id,
            symbol=asset.symbol if asset else held.asset_id,
            wallet_id=held.wallet_id,
            currency=holding.currency,
            quantity=holding.quantity,
            cost=holding.cost,
            fees=holding.fees,
            average_cost=holding.average_cost,
            average_cost_without_fees=holding.average_cost_without_fees,
            realised_profit=holding.realised,
            missing=holding.missing,
        )


class SaleView(View):
    """What a sale brought: proceeds less the average cost of what was sold, fee included.

    `simulated`: the price was taken from an invented market.
    """

    transaction_id: UUID
    coin_id: str
    currency: str
    quantity: Amount
    price: Amount
    fee: Amount
    proceeds: Amount
    cost: Amount
    realised_profit: Amount
    simulated: bool
    holding: HoldingView

    @classmethod
    def of(cls, sale: Sale, catalogue: Catalogue, *, simulated: bool) -> "SaleView":
        disposal = sale.disposal
        return cls(
            transaction_id=sale.written.transaction.id,
            coin_id=disposal.asset_id,
            currency=disposal.currency,
            quantity=disposal.quantity,
            price=sale.price,
            fee=sale.fee,
            proceeds=disposal.proceeds,
            cost=disposal.cost,
            realised_profit=disposal.profit,
            simulated=simulated,
            holding=HoldingView.of(sale.held, catalogue),
        )


class LegView(View):
    """`wallet_id` null is outside of every wallet."""

    wallet_id: UUID | None
    coin_id: str
    quantity: Amount
    role: Role
    value: Amount
    valued: bool
    """False: nobody knew what it was worth."""


class RealisedView(View):
    currency: str
    profit: Amount


class TransactionView(View):
    """A transaction as it stands. A voided one has no effect on holdings or profit."""

    id: UUID
    kind: Kind
    occurred_at: Moment
    recorded_at: Moment
    precision: Precision
    currency: str
    legs: list[LegView]
    note: str
    source: str
    external_id: str | None
    import_id: UUID | None
    """The import that brought it."""
    voids: UUID | None
    voided_by: UUID | None
    realised_profit: Amount | None
    """Null where disposals realised in more than one currency; `realised` has each."""
    realised: list[RealisedView]

    @classmethod
    def of(cls, recorded: Recorded) -> "TransactionView":
        parts = [(part.currency, part.profit) for part in recorded.realised]
        return _transaction_view(
            recorded, recorded.recorded_at, voided_by=recorded.voided_by, parts=parts
        )

    @classmethod
    def of_written(cls, written: Written) -> "TransactionView":
        sums: dict[str, Decimal] = {}
        for disposal in written.own_disposals:
            sums[disposal.currency] = sums.get(disposal.currency, ZERO) + disposal.profit
        return _transaction_view(
            written, written.recorded_at, voided_by=None, parts=sorted(sums.items())
        )


def _transaction_view(
    entry: Recorded | Written,
    recorded_at: datetime,
    *,
    voided_by: UUID | None,
    parts: Sequence[tuple[str, Decimal]],
) -> TransactionView:
    transaction = entry.transaction
    single = parts[0][1] if len(parts) == 1 else None
    return TransactionView(
        id=transaction.id,
        kind=transaction.kind,
        occurred_at=transaction.occurred_at,
        recorded_at=recorded_at,
        precision=transaction.precision,
        currency=transaction.currency,
        legs=[
            LegView(
                wallet_id=leg.wallet_id,
                coin_id=leg.asset_id,
                quantity=leg.quantity,
                role=leg.role,
                value=leg.value,
                valued=leg.valued,
            )
            for leg in transaction.legs
        ],
        note=transaction.note,
        source=transaction.source,
        external_id=transaction.external_id,
        import_id=transaction.import_id,
        voids=transaction.voids,
        voided_by=voided_by,
        realised_profit=single if parts else ZERO,
        realised=[RealisedView(currency=currency, profit=profit) for currency, profit in parts],
    )


def legs_table(views: Sequence[TransactionView]) -> Columns:
    """A row for each leg, with what its transaction says; `leg` counts from 1, and is 0 where a
    transaction has none. `value` is empty where nobody knew it, never 0. What was realised is in
    the first row of a transaction, so that it can be summed; nowhere if in several currencies.
    """
    rows = [
        (view, number, leg)
        for view in views
        for number, leg in (enumerate(view.legs, 1) if view.legs else [(0, None)])
    ]
    return {
        "transaction_id": [str(view.id) for view, _, _ in rows],
        "kind": [view.kind.value for view, _, _ in rows],
        "occurred_at": [rfc3339(view.occurred_at) for view, _, _ in rows],
        "precision": [view.precision.value for view, _, _ in rows],
        "leg": np.array([number for _, number, _ in rows], np.int64),
        "role": [leg.role.value if leg else "" for _, _, leg in rows],
        "coin_id": [leg.coin_id if leg else "" for _, _, leg in rows],
        "quantity": [format_amount(leg.quantity) if leg else "" for _, _, leg in rows],
        "wallet_id": [str((leg and leg.wallet_id) or "") for _, _, leg in rows],
        "value": [format_amount(leg.value) if leg and leg.valued else "" for _, _, leg in rows],
        "currency": [view.currency for view, _, _ in rows],
        "realised_profit": [
            format_amount(one.profit) if (one := _realised(view, number)) else ""
            for view, number, _ in rows
        ],
        "realised_currency": [
            one.currency if (one := _realised(view, number)) else "" for view, number, _ in rows
        ],
        "note": [view.note for view, _, _ in rows],
        "source": [view.source for view, _, _ in rows],
        "external_id": [view.external_id or "" for view, _, _ in rows],
        "import_id": [str(view.import_id or "") for view, _, _ in rows],
        "voids": [str(view.voids or "") for view, _, _ in rows],
        "voided_by": [str(view.voided_by or "") for view, _, _ in rows],
        "recorded_at": [rfc3339(view.recorded_at) for view, _, _ in rows],
    }


def _realised(view: TransactionView, number: int) -> RealisedView | None:
    return view.realised[0] if number <= 1 and len(view.realised) == 1 else None
