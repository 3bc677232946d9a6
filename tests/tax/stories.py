"""Movements of one owner, short to write, and the stories of the published vectors."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.calendars import day_of
from plimsoll.tax.domain.movements import Acquired, Disposed, Movement, Ref
from plimsoll.tax.domain.results import Matched, Rule, Slice

VECTORS: Final = Path(__file__).parents[1] / "vectors"
COIN: Final = AssetId("coin")
ACCOUNT: Final = WalletId(UUID(int=1))
FIRST: Final = date(2024, 1, 1)
LONDON: Final = ZoneInfo("Europe/London")
CLOSE: Final = Fraction(1, 10**11)
"""What is left of 1e-18 of a unit at a high price, a few times over."""


class Story(NamedTuple):
    """One vector: what happened, in the order of the file, and what is expected of it."""

    name: str
    movements: list[Movement]
    expected: dict[str, Any]


def stories(name: str) -> Iterator[Story]:
    for vector in json.loads((VECTORS / name).read_text()):
        told = [_movement(event, number) for number, event in enumerate(vector["events"])]
        yield Story(vector["name"], told, vector)


def _movement(event: dict[str, Any], number: int) -> Movement:
    """`of`: the number of the transaction, where several events are one. `at`: a moment instead of
    a day, which is then that of London.
    """
    number = event.get("of", number)
    if "at" in event:
        day = day_of(datetime.fromisoformat(event["at"]), LONDON)
    else:
        day = date.fromisoformat(event["day"])
    asset = AssetId(event.get("asset", COIN))
    if "acquired" in event:
        quantity, cost = Decimal(event["acquired"]), Decimal(event["cost"])
        kind = Kind(event.get("kind", "buy"))
        return acquired(day, quantity, cost, number=number, asset=asset, kind=kind)
    return disposed(
        day,
        Decimal(event["disposed"]),
        Decimal(event["proceeds"]),
        number=number,
        asset=asset,
        fees=Decimal(event.get("fees", 0)),
        kind=Kind(event.get("kind", "sell")),
        taxed=event.get("taxed", True),
    )


def moment(day: date, number: int) -> datetime:
    return datetime.combine(day, time(6), UTC) + timedelta(seconds=number)


def ref(number: int, leg: int = 0) -> Ref:
    return Ref(TransactionId(UUID(int=number)), leg)


def acquired(
    day: date,
    quantity: Decimal,
    cost: Decimal,
    *,
    number: int,
    asset: AssetId = COIN,
    kind: Kind = Kind.BUY,
) -> Acquired:
    at = moment(day, number)
    return Acquired(ref(number, 1), kind, at, day, asset, ACCOUNT, quantity, cost, day)


def disposed(
    day: date,
    quantity: Decimal,
    proceeds: Decimal,
    *,
    number: int,
    asset: AssetId = COIN,
    fees: Decimal = Decimal(0),
    kind: Kind = Kind.SELL,
    taxed: bool = True,
) -> Disposed:
    at = moment(day, number)
    return Disposed(ref(number), kind, at, day, asset, ACCOUNT, quantity, proceeds, fees, taxed)


def is_amount(amount: Decimal, written: str) -> bool:
    """Whether it is what the vector says: exactly, or a fraction but for the last places."""
    if "/" in written:
        return abs(Fraction(amount) - Fraction(written)) <= CLOSE
    return amount == Decimal(written)


def gain_on(matched: Matched, day: date) -> Decimal:
    found = [each.gain for each in matched.slices if each.disposed.day == day]
    assert found
    return sum(found, Decimal(0))


def sources_on(matched: Matched, day: date) -> dict[tuple[str, str | None], tuple[Decimal, ...]]:
    """Quantity and cost by rule and day of acquisition, of all disposals of a day."""
    found: dict[tuple[str, str | None], tuple[Decimal, ...]] = {}
    for each in matched.slices:
        if each.disposed.day == day:
            on = each.acquired_on.isoformat() if each.acquired_on else None
            quantity, cost = found.get((each.rule, on), (Decimal(0), Decimal(0)))
            found[each.rule, on] = (quantity + each.quantity, cost + each.cost)
    return found


def assert_nothing_is_lost(movements: list[Movement], matched: Matched) -> None:
    """Slices add up to their disposal, and what came in to what went out and is still there."""
    parts: dict[Ref, list[Slice]] = {}
    for each in matched.slices:
        assert each.quantity > 0
        parts.setdefault(each.disposed.ref, []).append(each)
    came = cost = went = Decimal(0)
    for movement in movements:
        if isinstance(movement, Acquired):
            came, cost = came + movement.quantity, cost + movement.cost
        elif isinstance(movement, Disposed):
            some = parts.pop(movement.ref)
            assert sum(each.quantity for each in some) == movement.quantity
            if movement.taxed:
                assert sum(each.proceeds for each in some) == movement.proceeds
            else:
                assert all(each.gain == 0 for each in some)
            went += sum(each.quantity for each in some if each.rule is not Rule.SHORTFALL)
    assert not parts
    assert came == went + sum(pool.quantity for pool in matched.pools)
    spent = sum(each.cost for each in matched.slices)
    assert cost == spent + sum(pool.cost for pool in matched.pools)
