"""Which withdrawal and which deposit may be the two ends of one transfer. Pure.

Two ends fit when they move the same asset between two wallets, what arrived is not more than what
left, the rest can be a network's fee, and it arrived soon. What is found is proposed and never
assumed: a person confirms it, and only then it becomes a transfer.

Both ends that know the same hash on a chain are one transfer whatever else says. Of the others the
closest in amount come first, then the closest in time; each end is in one proposal only. A proposal
says how many others its ends would have fitted as well.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.kernel.money import ZERO, divide
from plimsoll.ledger.domain.transactions import Kind, Precision, Role, Transaction

EARLY: Final = timedelta(hours=1)
"""So much before the withdrawal a deposit may be written: clocks differ."""
LATE: Final = timedelta(days=3)
"""So much later it may be written: a venue waits for confirmations, a person for a release."""
ONE_DAY: Final = timedelta(days=1)
MOST_LACKING: Final = Decimal("0.05")
"""The share of what left that may lack at the other end."""
MOST_LOOKED_AT: Final = 200
"""Deposits that are compared with one withdrawal: the nearest in time."""


HASH: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{64})|[1-9A-HJ-NP-Za-km-z]{43,90}", re.ASCII)
"""What a chain calls a transaction: 32 bytes in hexadecimal, or some more in base 58."""


class End(NamedTuple):
    """One end of a possible transfer; `quantity` above zero, without fees that were told apart.

    `reference` is a hash on a chain, or empty.
    """

    id: TransactionId
    wallet_id: WalletId
    asset_id: AssetId
    quantity: Decimal
    at: datetime
    precision: Precision
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """`fee` is what left and did not arrive. `alike`: other pairs that fit one of these ends."""

    left: End
    arrived: End
    fee: Decimal
    same_reference: bool
    alike: int


def as_hash(reference: str) -> str:
    """The reference as both ends of a transfer would write it, if it is a hash on a chain; else
    empty: a venue's own number says nothing to another.
    """
    found = HASH.fullmatch(reference.strip())
    if found is None:
        return ""
    return found[1].lower() if found[1] else found[0]


def find_end(transaction: Transaction, reference: str = "") -> End | None:
    """The transaction as an end of a transfer; None where it cannot be one."""
    if transaction.kind not in {Kind.WITHDRAWAL, Kind.DEPOSIT}:
        return None
    legs = [leg for leg in transaction.legs if leg.role is Role.PRINCIPAL]
    if len(legs) != 1 or legs[0].wallet_id is None:
        return None
    (leg,) = legs
    assert leg.wallet_id is not None
    return End(
        transaction.id,
        leg.wallet_id,
        leg.asset_id,
        abs(leg.quantity),
        transaction.occurred_at,
        transaction.precision,
        reference,
    )


def pair(
    left: Iterable[End],
    arrived: Iterable[End],
    rejected: Container[tuple[TransactionId, TransactionId]] = frozenset(),
) -> list[Proposal]:
    """Proposals in the order of time; `left` are withdrawals and `arrived` deposits. Pairs that
    somebody `rejected` are none.
    """
    by_asset: defaultdict[AssetId, list[End]] = defaultdict(list)
    for end in arrived:
        by_asset[end.asset_id].append(end)
    fits: list[tuple[End, End]] = []
    for ends in by_asset.values():
        ends.sort(key=attrgetter("at", "id"))
    for end in left:
        near = _list_near(end, by_asset[end.asset_id])
        fits += ((end, other) for other in near if (end.id, other.id) not in rejected)
    degree: defaultdict[TransactionId, int] = defaultdict(int)
    for out, into in fits:
        degree[out.id] += 1
        degree[into.id] += 1
    taken = set[TransactionId]()
    proposals = []
    for out, into in sorted(fits, key=_closeness):
        if out.id in taken or into.id in taken:
            continue
        taken |= {out.id, into.id}
        proposals.append(
            Proposal(
                out,
                into,
                out.quantity - into.quantity,
                _same_reference(out, into),
                degree[out.id] + degree[into.id] - 2,
            )
        )
    return sorted(proposals, key=lambda each: (each.left.at, each.left.id))


def _list_near(out: End, deposits: list[End]) -> list[End]:
    """The deposits that can be the other end of a withdrawal."""
    slack = ONE_DAY if out.precision is Precision.DAY else timedelta()
    first = bisect_left(deposits, out.at - EARLY - ONE_DAY, key=attrgetter("at"))
    last = bisect_left(deposits, out.at + LATE + slack, key=attrgetter("at"))
    near = deposits[first:last]
    if len(near) > MOST_LOOKED_AT:
        near = sorted(near, key=lambda each: abs(each.at - out.at))[:MOST_LOOKED_AT]
    return [each for each in near if _fits(out, each)]


def _fits(out: End, into: End) -> bool:
    if out.wallet_id == into.wallet_id or into.quantity > out.quantity:
        return False
    if _same_reference(out, into):
        return True
    if out.reference and into.reference:
        return False
    earliest = out.at - EARLY
    if into.precision is Precision.DAY:
        earliest = min(earliest, out.at - ONE_DAY)
    if into.at < earliest:
        return False
    return divide(out.quantity - into.quantity, out.quantity) <= MOST_LACKING


def _same_reference(out: End, into: End) -> bool:
    return bool(out.reference) and out.reference.casefold() == into.reference.casefold()


def _closeness(fit: tuple[End, End]) -> tuple[object, ...]:
    """The lower, the surer."""
    out, into = fit
    lacking = divide(out.quantity - into.quantity, out.quantity) if out.quantity else ZERO
    return (not _same_reference(out, into), lacking, abs(into.at - out.at), out.id, into.id)
