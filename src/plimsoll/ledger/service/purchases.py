"""Purchases of many people, durable together.

A durable write waits for the disk, and the disk makes a hundred writes durable as fast as one. So
the usual purchase, more of what is held and now, does not get a transaction of its own: those that
arrive while others are on their way to the disk go together in the next statement.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from plimsoll.kernel.identifiers import UserId
from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.holdings import HeldAsset
from plimsoll.ledger.domain.transactions import Kind, Role, Transaction
from plimsoll.ledger.service.recording import fingerprint
from plimsoll.ledger.storage import purchases as storage
from plimsoll.ledger.storage.purchases import Purchase
from plimsoll.plumbing.database import Database

AT_ONCE: Final = 2
"""Statements under way: one can be on its way to the disk while the next one is computed."""

MOST: Final = 200
"""Purchases in one statement."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A purchase and who waits for it."""

    purchase: Purchase
    answer: "asyncio.Future[HeldAsset | None]"


class Purchases:
    """Records usual purchases; everything else is for `recording.record`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Asked] = []
        self._writers: set[asyncio.Task[None] | None] = set()
        self._writing: set[UserId] = set()

    async def find_recorded(self, user_id: UserId, transaction: Transaction) -> HeldAsset | None:
        """The holding after `transaction`, which is durable then.

        None: it is not of the usual kind and nothing was recorded.
        """
        asked = Asked(_purchase(user_id, transaction), asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if len(self._writers) < AT_ONCE:
            writer = asyncio.create_task(self._keep_writing())
            self._writers.add(writer)
        return await asked.answer

    async def _keep_writing(self) -> None:
        # Leaves the set in the very turn in which it last looked: whoever asks after that must not
        # count on it.
        try:
            await self._write_all()
        finally:
            self._writers.discard(asyncio.current_task())

    async def _write_all(self) -> None:
        while batch := self._take():
            try:
                recorded = await storage.record(self._database, [asked.purchase for asked in batch])
            except BaseException as error:
                for asked in batch:
                    if not asked.answer.done():
                        asked.answer.set_exception(error)
                if not isinstance(error, Exception):
                    raise
                continue
            finally:
                self._writing -= {asked.purchase.user_id for asked in batch}
            for asked in batch:
                if not asked.answer.done():
                    asked.answer.set_result(recorded.get(asked.purchase.id))

    def _take(self) -> list[Asked]:
        """The next batch: of each person one purchase at a time, for each advances their ledger."""
        batch: list[Asked] = []
        left: list[Asked] = []
        for asked in self._waiting:
            user_id = asked.purchase.user_id
            if len(batch) == MOST or user_id in self._writing:
                left.append(asked)
            else:
                self._writing.add(user_id)
                batch.append(asked)
        self._waiting = left
        return batch


def _purchase(user_id: UserId, transaction: Transaction) -> Purchase:
    bought, _, *fees = transaction.legs
    assert transaction.kind is Kind.BUY
    assert bought.wallet_id is not None
    assert [leg.role for leg in fees] in ([], [Role.FEE])
    return Purchase(
        id=transaction.id,
        user_id=user_id,
        wallet_id=bought.wallet_id,
        asset_id=bought.asset_id,
        currency=transaction.currency,
        quantity=bought.quantity,
        value=bought.value,
        fee=sum((leg.value for leg in fees), ZERO),
        occurred_at=transaction.occurred_at,
        note=transaction.note,
        fingerprint=fingerprint(transaction),
    )
