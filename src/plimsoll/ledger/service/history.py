"""A ledger in force, read in order and in parts: for whoever goes through all of it.

What was voided, and the voids themselves, are not in it.
"""

from collections.abc import AsyncIterator, Collection

from plimsoll.kernel.identifiers import AssetId, UserId
from plimsoll.ledger.domain.transactions import Order, Transaction
from plimsoll.ledger.storage import transactions
from plimsoll.plumbing.database import ReadUnit

Entry = tuple[Transaction, int]
"""A transaction and the sequence in which it was recorded."""


def stream_in_force(
    unit: ReadUnit,
    user_id: UserId,
    *,
    assets: Collection[AssetId] | None = None,
    after: Order | None = None,
) -> AsyncIterator[list[Entry]]:
    """Transactions in ledger order, some hundred at a time; with `assets` those that move one of
    them in a wallet, with `after` those that come later. `unit` is a look or writes.
    """
    return transactions.stream_in_force(unit, user_id, assets=assets, after=after)
