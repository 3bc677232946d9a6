"""What holdings are worth now. Pure.

Every total is the sum of its lines. A holding without a price, or whose cost is kept in a currency
that cannot be turned into the reporting one, is not counted as zero and not left out silently: it
is named among the unvalued, with the reason, and the totals are of the others.

Costs and profits kept in another currency are turned into the reporting one at today's rate; the
line says so. Amounts are rounded half-even to 1e-18, percentages to 1e-4.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from plimsoll.kernel.identifiers import AssetId, WalletId
from plimsoll.kernel.money import ZERO, divide, rounded, worth
from plimsoll.ledger.domain.holdings import HeldAsset
from plimsoll.markets.domain.prices import Quote

PERCENT: Final = Decimal("0.0001")


class Reason(StrEnum):
    """Why a holding has no value."""

    NO_PRICE = "no-price"
    NO_RATE = "no-exchange-rate"


@dataclass(frozen=True, slots=True)
class Unvalued:
    """A holding that the totals do not contain. `cost` is in `currency`, the holding's own."""

    asset_id: AssetId
    wallet_id: WalletId
    quantity: Decimal
    cost: Decimal
    currency: AssetId
    reason: Reason


@dataclass(frozen=True, slots=True)
class Line:
    """One asset over all wallets, in the reporting currency."""

    asset_id: AssetId
    quantity: Decimal
    cost: Decimal
    average_cost: Decimal
    price: Decimal
    value: Decimal
    unrealised: Decimal
    unrealised_percent: Decimal | None
    change_24h: Decimal | None
    change_24h_percent: Decimal | None
    share_percent: Decimal | None
    source: str
    at: datetime
    stale: bool
    cost_converted: bool


@dataclass(frozen=True, slots=True)
class WalletLine:
    """One wallet over all assets."""

    wallet_id: WalletId
    value: Decimal
    cost: Decimal
    unrealised: Decimal


@dataclass(frozen=True, slots=True)
class Valuation:
    """Everything of one person, in the reporting currency.

    `change_24h` is of the holdings whose prices have a 24 h change, worth `change_24h_of`.
    """

    value: Decimal
    cost: Decimal
    unrealised: Decimal
    unrealised_percent: Decimal | None
    realised: Decimal
    change_24h: Decimal | None
    change_24h_percent: Decimal | None
    change_24h_of: Decimal
    lines: list[Line]
    wallets: list[WalletLine]
    unvalued: list[Unvalued]
    stale: bool


QuoteOf = Callable[[AssetId], Quote | None]


def evaluate(held: Iterable[HeldAsset], quote_of: QuoteOf) -> Valuation:
    """Value `held`; `quote_of(x)` is the price of x in the reporting currency, or None."""
    unvalued: list[Unvalued] = []
    realised = ZERO
    by_asset: defaultdict[AssetId, list[tuple[HeldAsset, Quote, Quote]]] = defaultdict(list)
    for each in held:
        holding = each.holding
        rate = quote_of(holding.currency)
        if rate is not None and holding.realised:
            realised += worth(holding.realised, rate.value)
        price = quote_of(each.asset_id) if holding.quantity else None
        if price is not None and rate is not None:
            by_asset[each.asset_id].append((each, price, rate))
        elif holding.quantity or (holding.realised and rate is None):
            unvalued.append(
                Unvalued(
                    each.asset_id,
                    each.wallet_id,
                    holding.quantity,
                    holding.cost,
                    holding.currency,
                    Reason.NO_RATE if rate is None else Reason.NO_PRICE,
                )
            )
    values = {
        each.id: worth(each.holding.quantity, price.value)
        for parts in by_asset.values()
        for each, price, _ in parts
    }
    total = sum(values.values(), ZERO)
    lines = [_line(parts, total) for _, parts in sorted(by_asset.items())]
    return _total(lines, _wallets(by_asset.values()), unvalued, realised=realised, value=total)


def _line(parts: list[tuple[HeldAsset, Quote, Quote]], total: Decimal) -> Line:
    first, price, _ = parts[0]
    quantity = sum((each.holding.quantity for each, _, _ in parts), ZERO)
    value = sum((worth(each.holding.quantity, price.value) for each, _, _ in parts), ZERO)
    cost = sum((worth(each.holding.cost, rate.value) for each, _, rate in parts), ZERO)
    change = _change(value, price.change_24h)
    return Line(
        asset_id=first.asset_id,
        quantity=quantity,
        cost=cost,
        average_cost=rounded(divide(cost, quantity)),
        price=price.value,
        value=value,
        unrealised=value - cost,
        unrealised_percent=_percent(value - cost, cost),
        change_24h=change,
        change_24h_percent=_percent(change, value - change) if change is not None else None,
        share_percent=_percent(value, total),
        source=price.source,
        at=price.at,
        stale=price.stale or any(rate.stale for _, _, rate in parts),
        cost_converted=any(rate.source != "identity" for _, _, rate in parts),
    )


def _change(value: Decimal, ratio: Decimal | None) -> Decimal | None:
    """What `value` has gained since its price was `1 + ratio` times smaller."""
    if ratio is None:
        return None
    return value - rounded(divide(value, 1 + ratio))


def _wallets(groups: Iterable[list[tuple[HeldAsset, Quote, Quote]]]) -> list[WalletLine]:
    sums: defaultdict[WalletId, tuple[Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO))
    for parts in groups:
        for each, price, rate in parts:
            value, cost = sums[each.wallet_id]
            sums[each.wallet_id] = (
                value + worth(each.holding.quantity, price.value),
                cost + worth(each.holding.cost, rate.value),
            )
    return [
        WalletLine(wallet_id, value, cost, value - cost)
        for wallet_id, (value, cost) in sorted(sums.items())
    ]


def _total(
    lines: list[Line],
    wallets: list[WalletLine],
    unvalued: list[Unvalued],
    *,
    realised: Decimal,
    value: Decimal,
) -> Valuation:
    cost = sum((line.cost for line in lines), ZERO)
    moved = [line for line in lines if line.change_24h is not None]
    change = sum((line.change_24h or ZERO for line in moved), ZERO) if moved else None
    covered = sum((line.value for line in moved), ZERO)
    return Valuation(
        value=value,
        cost=cost,
        unrealised=value - cost,
        unrealised_percent=_percent(value - cost, cost),
        realised=realised,
        change_24h=change,
        change_24h_percent=_percent(change, covered - change) if change is not None else None,
        change_24h_of=covered,
        lines=lines,
        wallets=wallets,
        unvalued=unvalued,
        stale=any(line.stale for line in lines),
    )


def _percent(part: Decimal, whole: Decimal) -> Decimal | None:
    """`part` of `whole` in percent; None of nothing."""
    if not whole:
        return None
    return rounded(divide(100 * part, whole), PERCENT)
