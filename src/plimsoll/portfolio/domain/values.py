"""What everything was worth over time, as one line, or as one for each wallet or asset. Pure.

A line's value is the sum of its positions that have one. Where none has one the value is None,
never 0; what is not in it is named.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import AssetId, WalletId
from plimsoll.kernel.money import ZERO, divide, rounded
from plimsoll.ledger.domain.holdings import Holding, Key
from plimsoll.portfolio.domain.series import ONE_DAY, Day, Position
from plimsoll.portfolio.domain.valuation import PERCENT


class By(StrEnum):
    """What one line stands for."""

    TOTAL = "total"
    WALLET = "wallet"
    ASSET = "asset"


class Step(StrEnum):
    """Of which days there is a line: of every one, or of the last one of each week or month."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Line(NamedTuple):
    """`quantity` and `price` are of one asset; `observed` is the oldest day of a price in it."""

    day: date
    wallet_id: WalletId | None
    asset_id: AssetId | None
    quantity: Decimal | None
    price: Decimal | None
    value: Decimal | None
    observed: date | None
    stale: bool
    unvalued: tuple[AssetId, ...]
    missing: tuple[AssetId, ...]

    @property
    def key(self) -> str:
        """Orders the lines of one day."""
        return str(self.wallet_id or self.asset_id or "")


def total_of(day: Day) -> Line:
    """All of a day as one line."""
    missing = tuple(sorted({each.asset_id for each in day.missing}))
    return _line(day, day.positions, missing=missing)


def list_parts(day: Day, by: By) -> list[Line]:
    """A line for each wallet or asset of a day, in the order of their keys."""
    return sorted(_parts(day, by), key=lambda line: line.key)


def _parts(day: Day, by: By) -> Iterator[Line]:
    parts: defaultdict[WalletId | AssetId, list[Position]] = defaultdict(list)
    lacks: defaultdict[WalletId | AssetId, set[AssetId]] = defaultdict(set)
    for position in day.positions:
        parts[position.wallet_id if by is By.WALLET else position.asset_id].append(position)
    for lack in day.missing:
        lacks[lack.wallet_id if by is By.WALLET else lack.asset_id].add(lack.asset_id)
    for key, positions in parts.items():
        line = _line(day, tuple(positions), missing=tuple(sorted(lacks[key])))
        if by is By.WALLET:
            yield line._replace(wallet_id=positions[0].wallet_id)
        else:
            priced = positions[0].priced
            yield line._replace(
                asset_id=positions[0].asset_id,
                quantity=sum((each.quantity for each in positions), ZERO),
                price=priced.price if priced else None,
            )


def _line(day: Day, positions: tuple[Position, ...], *, missing: tuple[AssetId, ...]) -> Line:
    valued = [each for each in positions if each.value is not None]
    value = sum((each.value or ZERO for each in valued), ZERO)
    return Line(
        day.day,
        None,
        None,
        None,
        None,
        value if valued or not positions else None,
        min((each.priced.observed for each in valued if each.priced), default=None),
        any(each.stale for each in valued),
        tuple(sorted({each.asset_id for each in positions if each.value is None})),
        missing,
    )


def last_of_each(step: Step, *, first: date, last: date) -> Iterator[date]:
    """The days of a stretch that lines are wanted of; always the last one of it."""
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        following = day + ONE_DAY
        if (
            day == last
            or step is Step.DAY
            or (step is Step.WEEK and following.weekday() == 0)
            or (step is Step.MONTH and following.day == 1)
        ):
            yield day


class Division(StrEnum):
    """What a share is of: an asset, a wallet, or what is kept at a cost in one currency."""

    ASSET = "asset"
    WALLET = "wallet"
    CURRENCY = "currency"


class Share(NamedTuple):
    """`percent` of all that has a value; None of nothing."""

    key: str
    value: Decimal
    percent: Decimal | None


HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Allocation:
    """Shares of a day, the largest first; `unvalued` has none."""

    day: date
    value: Decimal
    stale: bool
    shares: tuple[Share, ...]
    unvalued: tuple[AssetId, ...]


def allocate(day: Day, holdings: Mapping[Key, Holding], by: Division) -> Allocation:
    """How what was held is divided."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in day.positions:
        if each.value is None:
            continue
        sums[_key(each, holdings, by)] += each.value
    shares = tuple(
        Share(key, value, rounded(divide(HUNDRED * value, day.value), PERCENT) if value else None)
        for key, value in sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    )
    unvalued = tuple(sorted({each.asset_id for each in day.unvalued}))
    return Allocation(day.day, day.value, day.stale, shares, unvalued)


def _key(position: Position, holdings: Mapping[Key, Holding], by: Division) -> str:
    if by is Division.ASSET:
        return position.asset_id
    if by is Division.WALLET:
        return str(position.wallet_id)
    return holdings[position.wallet_id, position.asset_id].currency
