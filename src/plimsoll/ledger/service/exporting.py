"""A whole ledger as it leaves: the same ledger is the same text, whenever and wherever it is read.

A ledger is only ever added to. So one that stands still is read in parts, each for itself, as of
the version that it had at the start: a slow reader holds nothing in the database.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from plimsoll.kernel.identifiers import UserId, WalletId
from plimsoll.ledger.domain.transactions import Order
from plimsoll.ledger.importers import own
from plimsoll.ledger.storage import heads, transactions, wallets
from plimsoll.plumbing.database import Database

PART: Final = 250
"""Transactions read, written and sent at once."""
WALLETS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Export:
    """A ledger as of a version."""

    database: Database
    user_id: UserId
    version: int
    wallets: dict[WalletId, str]

    async def stream(self) -> AsyncIterator[bytes]:
        """Its text, part by part: the header, then all that is in force, in ledger order."""
        yield own.header()
        after: Order | None = None
        first = 1
        while True:
            async with self.database.read() as unit:
                page = await transactions.list_in_force(
                    unit, self.user_id, assets=None, after=after, as_of=self.version, limit=PART
                )
            if not page:
                return
            some = [transaction for transaction, _ in page]
            yield await asyncio.to_thread(own.write, some, self.wallets, first=first)
            first += len(page)
            last, seq = page[-1]
            after = (last.occurred_at, last.rank, seq)


async def open_export(database: Database, user_id: UserId) -> Export:
    """The ledger as it is now."""
    async with database.read() as unit:
        found = await heads.list_versions(unit, [user_id])
        known = await wallets.list_wallets(unit, user_id, after=None, limit=WALLETS)
    names = {each.id: each.name for each in known}
    return Export(database, user_id, found.get(user_id, 0), names)
