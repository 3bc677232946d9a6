"""What the ledger says: holdings, transactions, wallets, and how far it is."""

import asyncio
from collections.abc import Sequence

from plimsoll.kernel.errors import Conflict, NotFound
from plimsoll.kernel.identifiers import HoldingId, TransactionId, UserId
from plimsoll.ledger.domain.holdings import HeldAsset
from plimsoll.ledger.domain.transactions import Recorded, TransactionFilter
from plimsoll.ledger.storage import heads, holdings, transactions, wallets
from plimsoll.plumbing.database import Database, ReadUnit, Unit

list_wallets = wallets.list_wallets
list_holdings = holdings.list_holdings
list_all_holdings = holdings.list_all_holdings
list_transactions = transactions.list_recorded


class HoldingNotFound(NotFound):
    code = "holding-not-found"
    title = "No such holding"


class TransactionNotFound(NotFound):
    code = "transaction-not-found"
    title = "No such transaction"


class WalletNameTaken(Conflict):
    code = "wallet-name-taken"
    title = "There is a wallet of this name"


async def get_holding(unit: ReadUnit, user_id: UserId, holding_id: HoldingId) -> HeldAsset:
    found = await holdings.find_holding(unit, user_id, holding_id)
    if found is None:
        raise HoldingNotFound(f"there is no holding {holding_id}")
    return found


async def get_transaction(
    unit: ReadUnit, user_id: UserId, transaction_id: TransactionId
) -> Recorded:
    found = await transactions.list_recorded(
        unit, user_id, TransactionFilter(id=transaction_id), limit=1
    )
    if not found:
        raise TransactionNotFound(f"there is no transaction {transaction_id}")
    return found[0]


async def add_wallet(unit: Unit, user_id: UserId, name: str) -> wallets.Wallet:
    await wallets.ensure_default_wallet(unit, user_id)
    wallet = await wallets.add_wallet(unit, user_id, name)
    if wallet is None:
        raise WalletNameTaken(f"there is a wallet named {name!r}")
    return wallet


class Versions:
    """How far a person's ledger is, read from PostgreSQL, many readers sharing one round trip.

    A call is answered by a query that started after the call, so it sees every write that was
    acknowledged before it; calls that come while a query is under way share the next one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[UserId, asyncio.Future[int]] = {}
        self._running: asyncio.Task[None] | None = None

    async def of(self, user_id: UserId) -> int:
        """The version; 0 for a ledger without any transaction."""
        future = self._waiting.get(user_id)
        if future is None:
            future = self._waiting[user_id] = asyncio.get_running_loop().create_future()
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await asyncio.shield(future)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, {}
                await self._answer(batch)
        finally:
            self._running = None

    async def _answer(self, batch: dict[UserId, asyncio.Future[int]]) -> None:
        people: Sequence[UserId] = list(batch)
        try:
            async with self._database.read() as unit:
                found = await heads.list_versions(unit, people)
        except BaseException as error:
            for future in batch.values():
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # seen here: a reader that went away is no news
            if not isinstance(error, Exception):
                raise
            return
        for user_id, future in batch.items():
            if not future.done():
                future.set_result(found.get(user_id, 0))
