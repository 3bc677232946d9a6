"""Wallets: the places holdings live."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid5

from plimsoll.kernel.identifiers import ImportId, UserId, WalletId, new_id
from plimsoll.ledger.storage.holdings import NEVER
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
ADD_WALLET = """
    insert into wallets (id, user_id, name) values ($1, $2, $3)
    on conflict (user_id, name) do update set put_away = false, import_id = null
        where wallets.put_away
    returning id, name, created_at
"""
FOREIGN_WALLETS = """
    select w.id from unnest($2::uuid[]) as w(id)
    where not exists (select from wallets where wallets.id = w.id and wallets.user_id = $1
                      and not wallets.put_away)
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
    """The new wallet, or one that was put away; None when the name is taken."""
    row = await unit.fetchrow(ADD_WALLET, new_id(), user_id, name)
    return Wallet(row["id"], row["name"], row["created_at"]) if row else None


LIST_WALLETS = """
    select id, name, created_at from wallets
    where user_id = $1 and not put_away and ($2::text is null or name > $2)
    order by name limit $3
"""


async def list_wallets(
    unit: ReadUnit, user_id: UserId, *, after: str | None, limit: int
) -> list[Wallet]:
    rows = await unit.fetch(LIST_WALLETS, user_id, after, limit)
    return [Wallet(row["id"], row["name"], row["created_at"]) for row in rows]


MAKE_WALLETS = """
    insert into wallets (id, user_id, name, import_id)
    select new.id, $1, new.name, $4 from unnest($2::uuid[], $3::text[]) as new (id, name)
    on conflict (user_id, name) do update set put_away = false, import_id = excluded.import_id
        where wallets.put_away
"""
FIND_WALLETS = """
    select name, id from wallets where user_id = $1 and name = any($2) and not put_away
"""
BRING_BACK = "update wallets set put_away = false where id = any($1) and put_away"
PUT_AWAY = """
    update wallets set put_away = true
    where user_id = $1
      and (import_id = $2
           or import_id in (select id from imports where user_id = $1 and state = 'undone'))
      and not exists (
        select from holdings h
        where h.user_id = $1 and h.wallet_id = wallets.id and h.last_at <> $3)
      and not exists (
        select from imports i where i.wallet_id = wallets.id
          and i.state not in ('committed', 'undone', 'discarded'))
"""


async def find_wallets(
    unit: ReadUnit, user_id: UserId, names: Iterable[str]
) -> dict[str, WalletId]:
    """The person's wallets of these names."""
    rows = await unit.fetch(FIND_WALLETS, user_id, list(names))
    return {row["name"]: row["id"] for row in rows}


async def ensure_wallets(
    unit: Unit, user_id: UserId, import_id: ImportId, names: Sequence[str]
) -> dict[str, WalletId]:
    """The same, made for an import where there is none."""
    await unit.execute(MAKE_WALLETS, user_id, [new_id() for _ in names], names, import_id)
    return await find_wallets(unit, user_id, names)


async def bring_back(unit: Unit, wallet_ids: Iterable[WalletId]) -> None:
    """Asked under the lock of the person's head, once something was recorded in them: what had made
    one of them may have been undone meanwhile.
    """
    await unit.execute(BRING_BACK, list(wallet_ids))


async def put_away(unit: Unit, user_id: UserId, import_id: ImportId) -> None:
    """Those that an import made, this one or one undone before, and nothing in force is in.

    Asked under the lock of the person's head. The same name means the same wallet again.
    """
    await unit.execute(PUT_AWAY, user_id, import_id, NEVER)
