"""Unused basis goes to accounts: what happens when pools by owner become pools by account.

Until a day all units of an asset were one pool; from then on each account has its own. The lots
that are left and the units that each account holds are the same quantity, but which lot is where
was never recorded. Rev. Proc. 2024-28: either each lot is assigned to an account, or a global rule
sorts the lots and fills the accounts in a given order. Here what nobody assigned goes by the
global rule.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.kernel.money import format_amount
from plimsoll.tax.domain.lots import KEYS, Held, Method


class AllocationDoesNotFit(Invalid):
    """More units are assigned than the lot has left or the account holds."""

    code = "allocation-does-not-fit"
    title = "The allocation of lots does not fit what is held"


class Assigned(NamedTuple):
    """So many units that the transaction `of` brought belong to `account`."""

    account: WalletId
    of: TransactionId
    asset: AssetId
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Allocation:
    """`units` by name; then the lots in the order of `method` fill `accounts` in their order, and
    after them those that are not named, by id.
    """

    units: tuple[Assigned, ...] = ()
    method: Method = Method.FIFO
    accounts: tuple[WalletId, ...] = ()


class Part(NamedTuple):
    """So many units of a lot go to an account."""

    account: WalletId
    held: Held
    quantity: Decimal


def allocate(
    asset: AssetId,
    lots: Iterable[Held],
    balances: Mapping[WalletId, Decimal],
    allocation: Allocation,
) -> list[Part]:
    """Where each unit of `lots` goes; no account gets more than its balance."""
    key = KEYS[allocation.method]
    order = sorted(lots, key=lambda held: (key(held), held.index))
    left = {held.index: held.quantity for held in order}
    room = {account: units for account, units in balances.items() if units > 0}
    parts = _assigned(asset, order, left=left, room=room, units=allocation.units)
    named = [account for account in allocation.accounts if account in room]
    accounts = [*named, *sorted(room.keys() - set(named))]
    waiting = iter(order)
    held = next(waiting, None)
    for account in accounts:
        while held is not None and room[account]:
            taken = min(left[held.index], room[account])
            if taken:
                parts.append(Part(account, held, taken))
                left[held.index] -= taken
                room[account] -= taken
            if not left[held.index]:
                held = next(waiting, None)
    return parts


def _assigned(
    asset: AssetId,
    lots: list[Held],
    *,
    left: dict[int, Decimal],
    room: dict[WalletId, Decimal],
    units: Iterable[Assigned],
) -> list[Part]:
    """What was assigned by name, taken off `left` and `room`."""
    by_transaction: dict[TransactionId, list[Held]] = {}
    for held in lots:
        by_transaction.setdefault(held.ref.transaction, []).append(held)
    parts = []
    for each in units:
        if each.asset != asset:
            continue
        wanted = each.quantity
        for held in by_transaction.get(each.of, ()):
            taken = min(wanted, left[held.index], room.get(each.account, Decimal(0)))
            if taken > 0:
                parts.append(Part(each.account, held, taken))
                left[held.index] -= taken
                room[each.account] -= taken
                wanted -= taken
        if wanted:
            raise AllocationDoesNotFit(
                f"{format_amount(wanted)} {asset} of the {format_amount(each.quantity)} assigned "
                "are not left in that lot, or do not fit into that account",
                facts={"transaction_id": str(each.of), "account_id": str(each.account)},
            )
    return parts
