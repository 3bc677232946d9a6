"""Everything the database keeps of one person's ledger, to compare before with after."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from plimsoll.plumbing.database import Database

TABLES = ("ledger_heads", "wallets", "transactions", "legs", "holdings", "disposals")


@dataclass(frozen=True, slots=True)
class Statement:
    """The rows of each table; equal statements are equal ledgers, byte for byte."""

    rows: dict[str, list[Any]]


async def statement_of(database: Database, user_id: UUID | str) -> Statement:
    user_id = UUID(str(user_id))
    async with database.read() as unit:
        return Statement(
            {
                table: [
                    tuple(row)
                    for row in await unit.fetch(
                        f"select * from {table} t where user_id = $1 order by t::text",  # noqa: S608
                        user_id,
                    )
                ]
                for table in TABLES
            }
        )
