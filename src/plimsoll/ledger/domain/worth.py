"""What the legs of a draft were worth, as far as the file or a price of the day tells. Pure.

What is in the draft's own currency is worth itself, and what the file says counts before any
price. The two sides of an exchange are worth the same: one side says how much, the other follows.
Nothing here refuses: what nobody knows is worth 0 and marked as not valued.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO, AmountOutOfRange, multiply, share
from plimsoll.ledger.domain.imports import DraftLeg
from plimsoll.ledger.domain.transactions import SHAPES, Kind, Role, Shape

PriceOf = Callable[[AssetId], Decimal | None]
"""What one unit was worth on the day, in the draft's currency; None where nobody knows."""


class Worth(NamedTuple):
    """What a leg was worth; not `known`: 0 keeps the place."""

    value: Decimal
    known: bool = True


NOTHING: Final = Worth(ZERO)
UNKNOWN: Final = Worth(ZERO, known=False)


def value_legs(
    kind: Kind, legs: Sequence[DraftLeg], currency: AssetId, price_of: PriceOf
) -> list[Worth]:
    """The worth of each leg, in `currency`. Prices are asked for only where they are needed."""

    def worth_of(leg: DraftLeg) -> Worth | None:
        return _stated(leg, currency) or _priced(leg, price_of)

    shape = SHAPES[kind]
    found: dict[int, Worth] = {}
    principal = [at for at, leg in enumerate(legs) if leg.role is Role.PRINCIPAL]
    if shape is Shape.EXCHANGE:
        found = _balanced(legs, principal, currency, price_of)
    else:
        for at in principal:
            moved = shape is Shape.MOVE
            found[at] = NOTHING if moved else worth_of(legs[at]) or UNKNOWN
    rates = {legs[at].asset_id: at for at in principal if found[at].known and found[at].value}
    for at, leg in enumerate(legs):
        if at in found:
            continue
        same = rates.get(leg.asset_id)
        worth = _stated(leg, currency)
        if worth is None and same is not None:
            worth = _at_rate(leg, legs[same], found[same].value)
        found[at] = worth or _priced(leg, price_of) or UNKNOWN
    return [found[at] for at in range(len(legs))]


def needed_prices(kind: Kind, legs: Sequence[DraftLeg], currency: AssetId) -> set[AssetId]:
    """The assets whose prices `value_legs` may ask for."""
    asked: set[AssetId] = set()

    def note(asset_id: AssetId) -> None:
        asked.add(asset_id)

    value_legs(kind, legs, currency, note)
    return asked


def _stated(leg: DraftLeg, currency: AssetId) -> Worth | None:
    if leg.value is not None:
        return Worth(abs(leg.value))
    return Worth(abs(leg.quantity)) if leg.asset_id == currency else None


def _priced(leg: DraftLeg, price_of: PriceOf) -> Worth | None:
    price = price_of(leg.asset_id) if leg.asset_id else None
    if price is None:
        return None
    try:
        return Worth(multiply(abs(leg.quantity), price))
    except AmountOutOfRange:
        return None


def _at_rate(leg: DraftLeg, other: DraftLeg, value: Decimal) -> Worth | None:
    """At what the same asset was exchanged for."""
    try:
        return Worth(share(value, abs(leg.quantity), abs(other.quantity)))
    except AmountOutOfRange:
        return None


def _balanced(
    legs: Sequence[DraftLeg], principal: Sequence[int], currency: AssetId, price_of: PriceOf
) -> dict[int, Worth]:
    """Both sides of an exchange. One says how much it was: the one that is all money of the
    draft's currency, else one of which the file says it, else what came in at its prices, else
    what went out at its prices.
    """
    came = [at for at in principal if legs[at].quantity > 0]
    went = [at for at in principal if legs[at].quantity < 0]
    sides = ((came, went), (went, came))
    if len(came) == len(went) == 1 and (found := _for_money(legs, came[0], went[0], currency)):
        return found

    def stated(side: Sequence[int]) -> list[Worth] | None:
        return _all([_stated(legs[at], currency) for at in side])

    def priced(side: Sequence[int]) -> list[Worth] | None:
        return _all([_stated(legs[at], currency) or _priced(legs[at], price_of) for at in side])

    def money(side: Sequence[int]) -> list[Worth] | None:
        own = all(legs[at].asset_id == currency for at in side)
        return stated(side) if own else None

    for way in (money, stated, priced):
        for side, other in sides:
            worths = way(side)
            if worths:
                total = sum((worth.value for worth in worths), ZERO)
                weights = priced(other) if len(other) > 1 else None
                return dict(zip(side, worths, strict=True)) | dict(
                    zip(other, _spread(total, weights, len(other)), strict=True)
                )
    return dict.fromkeys(principal, UNKNOWN)


def _for_money(
    legs: Sequence[DraftLeg], came: int, went: int, currency: AssetId
) -> dict[int, Worth] | None:
    """One asset for money of the draft's currency: most exchanges are so, and soon known."""
    for one, other in ((came, went), (went, came)):
        if legs[one].asset_id == currency:
            worth = _stated(legs[one], currency)
            return {one: worth, other: Worth(worth.value)} if worth else None
    return None


def _all(worths: Sequence[Worth | None]) -> list[Worth] | None:
    known = [worth for worth in worths if worth is not None]
    return known if known and len(known) == len(worths) else None


def _spread(total: Decimal, weights: Sequence[Worth] | None, parts: int) -> list[Worth]:
    """`total` by weight; by equal parts, not known, where the weights are not."""
    known = weights is not None or parts == 1
    shares = [worth.value for worth in weights or ()]
    left = sum(shares, ZERO)
    if not left:
        shares, left = [Decimal(1)] * parts, Decimal(parts)
        known = parts == 1
    spread = []
    for weight in shares:
        value = share(total, weight, left) if left else ZERO
        total, left = total - value, left - weight
        spread.append(Worth(value, known))
    return spread
