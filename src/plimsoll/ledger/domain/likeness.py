"""Transactions that may be one and the same, told twice. Pure.

Two are alike when they are of one kind and move the same quantities of the same assets, within two
minutes of each other, or on one day where only the day of either is known. Two of one wallet and
one source are fills, and not looked at: what one file says twice its import has sorted out.
"""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import WalletId
from plimsoll.ledger.domain.issues import (
    Dismiss,
    Issue,
    IssueKind,
    Known,
    Void,
    Witnesses,
    moment,
)
from plimsoll.ledger.domain.transactions import SHAPES, Precision, Role, Shape, Transaction

CLOSE: Final = timedelta(minutes=2)
KEPT: Final = timedelta(days=1)
"""How far back one is looked for: days are compared as they are in UTC."""
MOST_ALIKE: Final = 20
"""Of the same quantities within a day: the latest are compared."""

Said = tuple[object, ...]


class _Seen(NamedTuple):
    transaction: Transaction
    places: tuple[WalletId | None, ...]


class Likeness:
    """Fed with transactions in ledger order."""

    def __init__(self) -> None:
        self._seen: dict[Said, list[_Seen]] = {}
        self._order: deque[tuple[datetime, Said]] = deque()

    def find(self, transaction: Transaction, known: Known) -> Issue | None:
        """What is wrong if it is an earlier one told again; it is remembered."""
        principal = [leg for leg in transaction.legs if leg.role is Role.PRINCIPAL]
        if not principal or SHAPES[transaction.kind] is Shape.NOTHING:
            return None
        said = (
            transaction.kind,
            *sorted((leg.asset_id, leg.quantity) for leg in principal),
        )
        seen = _Seen(transaction, tuple(leg.wallet_id for leg in principal))
        self._forget(transaction.occurred_at - KEPT)
        others = self._seen.setdefault(said, [])
        found = next((each for each in others if _alike(each, seen)), None)
        others.append(seen)
        self._order.append((transaction.occurred_at, said))
        if len(others) > MOST_ALIKE:
            del others[0]
        return _issue(known, found.transaction, transaction) if found else None

    def _forget(self, until: datetime) -> None:
        while self._order and self._order[0][0] < until:
            at, said = self._order.popleft()
            left = [each for each in self._seen.get(said, ()) if each.transaction.occurred_at > at]
            if left:
                self._seen[said] = left
            else:
                self._seen.pop(said, None)


def _alike(one: _Seen, other: _Seen) -> bool:
    first, second = one.transaction, other.transaction
    if one.places == other.places and first.source == second.source:
        return False
    if abs(second.occurred_at - first.occurred_at) <= CLOSE:
        return True
    by_day = Precision.DAY in {first.precision, second.precision}
    return by_day and first.occurred_at.date() == second.occurred_at.date()


def _issue(known: Known, first: Transaction, second: Transaction) -> Issue:
    names, both = known.names, Witnesses(first, second)
    leg = next(leg for leg in second.legs if leg.role is Role.PRINCIPAL)
    moved = names.amount(abs(leg.quantity), leg.asset_id)
    return Issue(
        id=known.id_of(IssueKind.POSSIBLE_DUPLICATE, first.id, second.id),
        kind=IssueKind.POSSIBLE_DUPLICATE,
        cause=(
            f"the {second.kind} of {moved} on {moment(second)} ({_place(known, second)}) says what"
            f" that of {moment(first)} ({_place(known, first)}) says: it may be the same, told"
            " twice"
        ),
        since=second.occurred_at,
        asset_id=leg.asset_id,
        wallet_id=leg.wallet_id,
        transactions=tuple(both.ids),
        count=both.count,
        rows=both.rows,
        fixes=(Void(second.id), Void(first.id), Dismiss("these are two")),
    )


def _places(known: Known, transaction: Transaction) -> Iterator[str]:
    for leg in transaction.legs:
        if leg.wallet_id is not None and leg.role is Role.PRINCIPAL:
            yield known.names.wallet(leg.wallet_id)


def _place(known: Known, transaction: Transaction) -> str:
    return ", ".join([*dict.fromkeys(_places(known, transaction)), transaction.source])
