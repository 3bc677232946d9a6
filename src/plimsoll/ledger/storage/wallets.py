"""Wallets: the places holdings live."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid5

from plimsoll.kernel.identifiers import UserId, WalletId, new_id
from plimsoll.plumbing.database import ReadUnit, Unit

DEFAULT_WALLET: Final = "main"


@dataclass(frozen=True, slots=True)
class Wallet:
    id: WalletId
    name: str
    created_at: datetime


def default_wallet(user_id: UserId) -> WalletId:
    """Everyone's first wallet; its id follows from the person's, so nobody has to look it up."""
    return WalletId(uuid5(user_id, DEFAULT_WALLET))


ENSURE_WALLET = """
    insert into wallets (id, user_id, name) values ($1, $2, $3) on conflict do nothing
"""
FOREIGN_WALLETS = """
    select w.id from unnest($2::uuid[]) as w(id)
    where not exists (select from wallets where wallets.id = w.id and wallets.user_id = $1)
"""


async def ensure_default_wallet(unit: Unit, user_id: UserId) -> None:
    await unit.execute(ENSURE_WALLET, default_wallet(user_id), user_id, DEFAULT_WALLET)


async def list_foreign_wallets(
    unit: ReadUnit, user_id: UserId, wallet_ids: Iterable[WalletId]
) -> list[WalletId]:
    """Those of `wallet_ids` that are not this person's."""
    rows = await unit.fetch(FOREIGN_WALLETS, user_id, list(wallet_ids))
    return [row["id"] for row in rows]


async def add_wallet(unit: Unit, user_id: UserId, name: str) -> Wallet | None:
    """The new wallet; None when the name is taken."""
    row = await unit.fetchrow(
        ENSURE_WALLET + " returning id, name, created_at", new_id(), user_id, name
    )
    return Wallet(row["id"], row["name"], row["created_at"]) if row else None


LIST_WALLETS = """
    select id, name, created_at from wallets
    where user_id = $1 and ($2::text is null or name > $2) order by name limit $3
"""


async def list_wallets(
    unit: ReadUnit, user_id: UserId, *, after: str | None, limit: int
) -> list[Wallet]:
    rows = await unit.fetch(LIST_WALLETS, user_id, after, limit)
    return [Wallet(row["id"], row["name"], row["created_at"]) for row in rows]
