"""One person's ledger in PostgreSQL, with the moves that tests make."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from plimsoll.kernel.identifiers import AssetId, TransactionId, UserId, WalletId, new_id
from plimsoll.ledger.domain.holdings import Holding, Key
from plimsoll.ledger.domain.transactions import Transaction
from plimsoll.ledger.service import reading
from plimsoll.ledger.service.purchases import Purchases
from plimsoll.ledger.service.recording import Written, record, void
from plimsoll.ledger.storage.wallets import default_wallet
from plimsoll.plumbing.database import Database
from tests.ledger.entries import EUR, USD, day

RATES = {(EUR, USD): Decimal("1.25"), (USD, EUR): Decimal("0.8")}


def rate_of(source: AssetId, target: AssetId) -> Decimal:
    return RATES[source, target]


@dataclass
class Desk:
    """One person's ledger in PostgreSQL."""

    database: Database
    user_id: UserId
    wallets: list[WalletId] = field(default_factory=list)

    @classmethod
    async def open(cls, database: Database, wallets: int = 1) -> "Desk":
        desk = cls(database, UserId(new_id()))
        desk.wallets.append(default_wallet(desk.user_id))
        async with database.write() as unit:
            for number in range(1, wallets):
                added = await reading.add_wallet(unit, desk.user_id, f"wallet {number}")
                desk.wallets.append(added.id)
        return desk

    @property
    def main(self) -> WalletId:
        return self.wallets[0]

    async def record(self, transaction: Transaction) -> Written:
        async with self.database.write() as unit:
            return await record(unit, self.user_id, transaction, rate_of)

    async def buy_now(self, transaction: Transaction) -> Transaction:
        """Through the short way where it applies; answers the transaction as it was written."""
        held = await Purchases(self.database).find_recorded(self.user_id, transaction)
        if held is None:
            return (await self.record(transaction)).transaction
        assert held.holding.last_at is not None
        return replace(transaction, occurred_at=held.holding.last_at)

    async def void(self, transaction_id: TransactionId) -> Written:
        async with self.database.write() as unit:
            return await void(unit, self.user_id, transaction_id, note="", now=day(100))

    async def holdings(self) -> dict[Key, Holding]:
        """Those that some transaction in force has touched."""
        async with self.database.read() as unit:
            held, _ = await reading.list_all_holdings(unit, self.user_id)
        return {
            (each.wallet_id, each.asset_id): each.holding
            for each in held
            if each.holding != Holding(each.holding.currency)
        }

    async def disposals(self) -> list[tuple[object, ...]]:
        async with self.database.read() as unit:
            rows = await unit.fetch(
                """select transaction_id, wallet_id, asset_id, currency, quantity, cost, proceeds
                   from disposals where user_id = $1""",
                self.user_id,
            )
        return sorted(tuple(row) for row in rows)
