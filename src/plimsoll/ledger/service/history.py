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


async def stream_in_force(
    unit: ReadUnit,
    user_id: UserId,
    *,
    assets: Collection[AssetId] | None = None,
    after: Order | None = None,
) -> AsyncIterator[list[Entry]]:
    """Transactions in ledger order, some thousand at a time; with `assets` those that move one of
    them in a wallet, with `after` those that come later.
    """
    while page := await transactions.list_in_force(unit, user_id, assets=assets, after=after):
        yield page
        last, seq = page[-1]
        after = (last.occurred_at, last.rank, seq)
