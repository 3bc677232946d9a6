"""JSON shapes and tables of what everything was worth over time."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.paging import Page
from plimsoll.plumbing.shapes import Day, Figure, View
from plimsoll.plumbing.tables import Columns
from plimsoll.portfolio.domain import values
from plimsoll.portfolio.domain.values import By, Division, Share, Step


class ValueView(View):
    """What something was worth at the end of a day, or until now on the day that is not over.

    `value` null: nothing in it had a price yet. `stale`: a price in it is of an earlier day, the
    oldest of `observed`. `unvalued` is held and in no sum; of `missing` more went out than was
    known to be there.
    """

    day: Day
    wallet_id: UUID | None
    coin_id: str | None
    quantity: Figure | None
    price: Figure | None
    value: Figure | None
    observed: Day | None
    stale: bool
    unvalued: list[str]
    missing: list[str]

    @classmethod
    def of(cls, line: values.Line) -> "ValueView":
        return cls(
            day=line.day,
            wallet_id=line.wallet_id,
            coin_id=line.asset_id,
            quantity=line.quantity,
            price=line.price,
            value=line.value,
            observed=line.observed,
            stale=line.stale,
            unvalued=list(line.unvalued),
            missing=list(line.missing),
        )


class ValuePage(Page[ValueView]):
    """One page of lines, by day and then by wallet or asset. `from` is never before the first
    transaction. `simulated`: the prices are invented.
    """

    currency: str
    by: By
    interval: Step
    simulated: bool


def values_table(lines: Sequence[values.Line]) -> Columns:
    """Amounts as text, for they are exact; what there is none of is empty."""

    def amounts(name: str) -> list[str]:
        found = (getattr(line, name) for line in lines)
        return ["" if each is None else format_amount(each) for each in found]

    return {
        "day": [line.day.isoformat() for line in lines],
        "wallet_id": [str(line.wallet_id or "") for line in lines],
        "coin_id": [line.asset_id or "" for line in lines],
        "quantity": amounts("quantity"),
        "price": amounts("price"),
        "value": amounts("value"),
        "observed": [line.observed.isoformat() if line.observed else "" for line in lines],
        "stale": np.array([line.stale for line in lines], np.int64),
        "unvalued": [" ".join(line.unvalued) for line in lines],
        "missing": [" ".join(line.missing) for line in lines],
    }


class ShareView(View):
    """`key` is a coin, a wallet or a currency; `percent` is of all that has a value."""

    key: str
    value: Figure
    percent: Figure | None


class AllocationView(View):
    """How what was held at the end of a day is divided, the largest first."""

    day: Day
    currency: str
    by: Division
    value: Figure
    stale: bool
    shares: list[ShareView]
    unvalued: list[str]
    simulated: bool

    @classmethod
    def of(
        cls, found: values.Allocation, currency: AssetId, by: Division, *, simulated: bool
    ) -> "AllocationView":
        return cls(
            day=found.day,
            currency=currency,
            by=by,
            value=found.value,
            stale=found.stale,
            shares=[_share(each) for each in found.shares],
            unvalued=list(found.unvalued),
            simulated=simulated,
        )


def _share(share: Share) -> ShareView:
    return ShareView(key=share.key, value=share.value, percent=share.percent)
