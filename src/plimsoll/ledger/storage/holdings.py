"""Holdings as they stand, folded from the transactions."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg

from plimsoll.kernel.identifiers import AssetId, HoldingId, UserId, WalletId
from plimsoll.ledger.domain.holdings import HeldAsset, Holding
from plimsoll.plumbing.database import ReadUnit

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When nothing in force has happened to a holding; before any coin, so that all comes after it."""

HOLDING = """
    id, wallet_id, asset_id, currency, quantity, cost, fees, realised, last_at, last_rank,
    missing
"""
LIST_OF_ASSETS = f"""
    select {HOLDING} from holdings where user_id = $1 and asset_id = any($2)
"""  # noqa: S608 - a constant list of columns
LIST_HOLDINGS = f"""
    select {HOLDING} from holdings
    where user_id = $1 and ($2::text is null or asset_id = $2)
      and ($3::uuid is null or wallet_id = $3) and (quantity > 0 or $4)
      and ($5::text is null or (asset_id, id) > ($5, $6::uuid))
    order by asset_id, id limit $7
"""  # noqa: S608
LIST_ALL = f"""
    select {HOLDING}, (select version from ledger_heads where user_id = $1) as version
    from holdings where user_id = $1 order by asset_id, id
"""  # noqa: S608
FIND_HOLDING = f"select {HOLDING} from holdings where user_id = $1 and id = $2"  # noqa: S608


def _held(row: asyncpg.Record) -> HeldAsset:
    id_, wallet_id, asset_id, currency, *amounts, last_at, last_rank, missing = tuple(row)[:11]
    quantity, cost, fees, realised = amounts
    at = None if last_at == NEVER else last_at
    holding = Holding(currency, quantity, cost, fees, realised, at, last_rank, missing)
    return HeldAsset(id_, wallet_id, asset_id, holding)


async def list_holdings_of(
    unit: ReadUnit, user_id: UserId, asset_ids: Iterable[AssetId]
) -> list[HeldAsset]:
    """Every holding of these assets, empty ones too."""
    return [_held(row) for row in await unit.fetch(LIST_OF_ASSETS, user_id, list(asset_ids))]


async def list_holdings(
    unit: ReadUnit,
    user_id: UserId,
    *,
    asset_id: AssetId | None = None,
    wallet_id: WalletId | None = None,
    empty: bool = False,
    after: tuple[str, UUID] | None = None,
    limit: int = 1000,
) -> list[HeldAsset]:
    rows = await unit.fetch(
        LIST_HOLDINGS,
        user_id,
        asset_id,
        wallet_id,
        empty,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )
    return [_held(row) for row in rows]


async def list_all_holdings(unit: ReadUnit, user_id: UserId) -> tuple[list[HeldAsset], int]:
    """All holdings, empty ones too, and the version of the ledger they belong to, from one
    moment.
    """
    rows = await unit.fetch(LIST_ALL, user_id)
    return [_held(row) for row in rows], rows[0]["version"] if rows else 0


async def find_holding(unit: ReadUnit, user_id: UserId, holding_id: HoldingId) -> HeldAsset | None:
    row = await unit.fetchrow(FIND_HOLDING, user_id, holding_id)
    return _held(row) if row else None


def holding_columns(holdings: Collection[Holding]) -> list[list[object]]:
    return [
        [held.currency for held in holdings],
        [held.quantity for held in holdings],
        [held.cost for held in holdings],
        [held.fees for held in holdings],
        [held.realised for held in holdings],
        [held.last_at or NEVER for held in holdings],
        [held.last_rank for held in holdings],
        [held.missing for held in holdings],
    ]
