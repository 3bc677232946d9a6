"""JSON shapes of the portfolio."""

from uuid import UUID

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.transactions import Kind, Recorded, Role
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.plumbing.shapes import Amount, Figure, Moment, View
from plimsoll.portfolio.domain.valuation import Line, Reason, Unvalued, Valuation, WalletLine


class LineView(View):
    """One asset over all wallets, in the summary's currency.

    `cost_converted`: the cost was kept in another currency and is shown at today's rate.
    """

    coin_id: str
    symbol: str
    quantity: Figure
    cost: Figure
    average_cost: Figure
    price: Figure
    value: Figure
    unrealised_profit: Figure
    unrealised_profit_percent: Figure | None
    change_24h: Figure | None
    change_24h_percent: Figure | None
    allocation_percent: Figure | None
    source: str
    at: Moment
    stale: bool
    cost_converted: bool

    @classmethod
    def of(cls, line: Line, catalogue: Catalogue) -> "LineView":
        return cls(
            coin_id=line.asset_id,
            symbol=_symbol(line.asset_id, catalogue),
            quantity=line.quantity,
            cost=line.cost,
            average_cost=line.average_cost,
            price=line.price,
            value=line.value,
            unrealised_profit=line.unrealised,
            unrealised_profit_percent=line.unrealised_percent,
            change_24h=line.change_24h,
            change_24h_percent=line.change_24h_percent,
            allocation_percent=line.share_percent,
            source=line.source,
            at=line.at,
            stale=line.stale,
            cost_converted=line.cost_converted,
        )


class WalletView(View):
    """One wallet over all assets that have a value."""

    wallet_id: UUID
    value: Figure
    cost: Figure
    unrealised_profit: Figure

    @classmethod
    def of(cls, line: WalletLine) -> "WalletView":
        return cls(
            wallet_id=line.wallet_id,
            value=line.value,
            cost=line.cost,
            unrealised_profit=line.unrealised,
        )


class UnvaluedView(View):
    """A holding that no total contains, and why. `cost` is in `currency`."""

    coin_id: str
    symbol: str
    wallet_id: UUID
    quantity: Amount
    cost: Amount
    currency: str
    reason: Reason

    @classmethod
    def of(cls, part: Unvalued, catalogue: Catalogue) -> "UnvaluedView":
        return cls(
            coin_id=part.asset_id,
            symbol=_symbol(part.asset_id, catalogue),
            wallet_id=part.wallet_id,
            quantity=part.quantity,
            cost=part.cost,
            currency=part.currency,
            reason=part.reason,
        )


class SummaryView(View):
    """What everything is worth now.

    `value`, `cost` and `unrealised_profit` are of the holdings listed in `holdings`; what could not
    be valued is in `unvalued` and in no total. `change_24h` is of holdings worth `change_24h_of`,
    those whose prices carry a change. `simulated`: the prices are invented.
    """

    currency: str
    value: Figure
    cost: Figure
    unrealised_profit: Figure
    unrealised_profit_percent: Figure | None
    realised_profit: Figure
    change_24h: Figure | None
    change_24h_percent: Figure | None
    change_24h_of: Figure
    holdings: list[LineView]
    wallets: list[WalletView]
    unvalued: list[UnvaluedView]
    stale: bool
    simulated: bool

    @classmethod
    def of(
        cls, valuation: Valuation, currency: AssetId, catalogue: Catalogue, *, simulated: bool
    ) -> "SummaryView":
        return cls(
            currency=currency,
            value=valuation.value,
            cost=valuation.cost,
            unrealised_profit=valuation.unrealised,
            unrealised_profit_percent=valuation.unrealised_percent,
            realised_profit=valuation.realised,
            change_24h=valuation.change_24h,
            change_24h_percent=valuation.change_24h_percent,
            change_24h_of=valuation.change_24h_of,
            holdings=[LineView.of(line, catalogue) for line in valuation.lines],
            wallets=[WalletView.of(line) for line in valuation.wallets],
            unvalued=[UnvaluedView.of(part, catalogue) for part in valuation.unvalued],
            stale=valuation.stale,
            simulated=simulated,
        )


class HistoryLegView(View):
    """`wallet_id` null is outside of every wallet."""

    wallet_id: UUID | None
    coin_id: str
    quantity: Amount
    role: Role
    value: Amount


class HistoryView(View):
    """One transaction and the profit it realised, in `realised_currency`.

    Both are null where its disposals realised in more than one currency.
    """

    id: UUID
    kind: Kind
    occurred_at: Moment
    currency: str
    legs: list[HistoryLegView]
    note: str
    realised_profit: Amount | None
    realised_currency: str | None

    @classmethod
    def of(cls, recorded: Recorded) -> "HistoryView":
        transaction, parts = recorded.transaction, recorded.realised
        single = parts[0] if len(parts) == 1 else None
        return cls(
            id=transaction.id,
            kind=transaction.kind,
            occurred_at=transaction.occurred_at,
            currency=transaction.currency,
            legs=[
                HistoryLegView(
                    wallet_id=leg.wallet_id,
                    coin_id=leg.asset_id,
                    quantity=leg.quantity,
                    role=leg.role,
                    value=leg.value,
                )
                for leg in transaction.legs
            ],
            note=transaction.note,
            realised_profit=single.profit if single else None if parts else ZERO,
            realised_currency=single.currency if single else None,
        )


def _symbol(asset_id: AssetId, catalogue: Catalogue) -> str:
    asset = catalogue.find_by_id(asset_id)
    return asset.symbol if asset else asset_id
