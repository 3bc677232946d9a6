"""JSON shapes of people's own valuations."""

from typing import Annotated

from pydantic import Field

from plimsoll.ledger.service.valuations import Valuation
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.plumbing.shapes import (
    Amount,
    AssetName,
    Body,
    Day,
    Moment,
    PositiveAmount,
    Text,
    View,
)


class ValuationBody(Body):
    """One `coin_id` was worth `price` of `currency` at the end of the UTC `day`."""

    coin_id: AssetName
    currency: AssetName = "usd"
    day: Day
    price: PositiveAmount
    note: Annotated[Text, Field(max_length=1000)] = ""


class ValuationView(View):
    """One `coin_id` was worth `price` of `currency` at the end of the UTC `day`."""

    coin_id: str
    symbol: str
    currency: str
    day: Day
    price: Amount
    note: str
    changed_at: Moment

    @classmethod
    def of(cls, kept: Valuation, catalogue: Catalogue) -> "ValuationView":
        asset = catalogue.find_by_id(kept.asset_id)
        return cls(
            coin_id=kept.asset_id,
            symbol=asset.symbol if asset else kept.asset_id,
            currency=kept.currency,
            day=kept.day,
            price=kept.price,
            note=kept.note,
            changed_at=kept.changed_at,
        )
