"""Many transactions at once: recorded together or not at all, and voided together.

Transactions of a batch carry its `import_id`. They may take out more than is known to be there:
what lacks counts as held before for nothing, and is told as missing. Everything happens in the
caller's database transaction, in parts of bounded size.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Final

from plimsoll.kernel.identifiers import AssetId, ImportId, UserId, WalletId
from plimsoll.ledger.domain.transactions import Transaction, check
from plimsoll.ledger.service.recording import check_wallets, ensure_default_wallet, fingerprint
from plimsoll.ledger.service.refolding import refold
from plimsoll.ledger.service.transfers import take_apart
from plimsoll.ledger.storage import batches as storage
from plimsoll.ledger.storage import heads
from plimsoll.plumbing.database import ReadUnit, Unit

Told = Callable[[int, str], Awaitable[None]]
"""How many transactions are through, and the phase they are in: `reading`, `writing`, `folding`.
Of folding it may be more than the batch has: it goes through what else happened to its assets.
"""

RateAt = Callable[[AssetId, AssetId, datetime], Decimal | None]
"""How much of the second one of the first was worth at a moment; None when nobody knows."""

AT_ONCE: Final = 250
"""Transactions worked on before others have their turn in the event loop."""

TELL: Final = 1_000
"""Transactions folded between two words about it."""


@dataclass(frozen=True, slots=True)
class BatchWritten:
    """`recorded` are new; `repeated` were in force already, by source and external id."""

    recorded: int
    repeated: int


async def list_known(unit: ReadUnit, user_id: UserId, source: str) -> set[str]:
    """The external ids of `source` that stand for transactions in force."""
    return await storage.list_known(unit, user_id, source)


def no_rate(_source: AssetId, _target: AssetId, _at: datetime) -> Decimal | None:
    """Nobody knows."""
    return None


async def record_batch(
    unit: Unit,
    user_id: UserId,
    import_id: ImportId,
    parts: AsyncIterator[Sequence[Transaction]],
    *,
    told: Told,
    rate_of: RateAt = no_rate,
    booked: bool = False,
) -> BatchWritten:
    """Record them all, in whatever order they come. Raises UnbalancedLegs and WalletNotFound.

    `booked`: they were in a ledger, in this order. Those of one moment keep it, and a wallet that
    has nothing of an asset keeps its cost as their legs say.

    A worth in another currency than its holding keeps is turned at `rate_of`; without a rate its
    cost counts as nothing and its leg as not valued. Raises CostCurrencyDiffers when one asset is
    moved between wallets that kept its cost in two currencies before.
    """
    await unit.lift_limits()
    await storage.open_batch(unit)
    read = await _lay_out(unit, user_id, parts, told)
    seq = await heads.advance(unit, user_id, 0)
    count = await storage.choose_new(unit, user_id, in_order=booked)
    if count:
        await _keep_costs(unit, user_id, rate_of, booked=booked)
        for first in range(1, count + 1, storage.PART):
            await storage.record_part(unit, user_id, import_id, after=seq, first=first)
            await told(min(first - 1 + storage.PART, count), "writing")
    await storage.close_batch(unit)
    if count:
        await heads.advance(unit, user_id, count)
        await _refold_after(unit, user_id, seq, told)
    return BatchWritten(count, read - count)


async def _lay_out(
    unit: Unit, user_id: UserId, parts: AsyncIterator[Sequence[Transaction]], told: Told
) -> int:
    known: set[WalletId | None] = set()
    count = 0
    async for part in parts:
        rest = iter(part)
        while some := list(islice(rest, AT_ONCE)):
            for transaction in some:
                check(transaction)
            new = {leg.wallet_id: leg for each in some for leg in each.legs}
            unknown = [leg for wallet_id, leg in new.items() if wallet_id not in known]
            await ensure_default_wallet(unit, user_id, unknown)
            await check_wallets(unit, user_id, unknown)
            known |= new.keys()
            fingerprints = [fingerprint(each) for each in some]
            await asyncio.sleep(0)
            await storage.lay_out(unit, some, fingerprints, after=count)
            count += len(some)
        await told(count, "reading")
    return count


async def _keep_costs(unit: Unit, user_id: UserId, rate_of: RateAt, *, booked: bool) -> None:
    await storage.choose_currencies(unit, user_id, held_only=booked)
    async for part in storage.stream_rates_asked(unit):
        rates = [
            (
                asked,
                Decimal(1)
                if asked.source == asked.target
                else rate_of(asked.source, asked.target, asked.at),
            )
            for asked in part
        ]
        await storage.add_rates(unit, rates)
    await storage.express_costs(unit)


async def void_batch(
    unit: Unit, user_id: UserId, import_id: ImportId, *, note: str, now: datetime, told: Told
) -> int:
    """Take everything of an import out of force; how many that were. Transfers of which it brought
    one end are taken apart: the other end is recorded again.

    Raises NotEnoughHeld when something recorded by hand would be left uncovered.
    """
    await unit.lift_limits()
    seq = await heads.advance(unit, user_id, 0)
    apart = await take_apart(unit, user_id, import_id, now)
    count = last = 0
    while True:
        voided, last = await storage.void_part(
            unit, user_id, import_id, after=seq + apart + count, beyond=last, now=now, note=note
        )
        count += voided
        if voided < storage.PART:
            break
        await told(count, "writing")
    if apart + count:
        await heads.advance(unit, user_id, count)
        await _refold_after(unit, user_id, seq, told)
    return count


async def _refold_after(unit: Unit, user_id: UserId, seq: int, told: Told) -> None:
    async def folded(count: int) -> None:
        if count % TELL == 0:
            await told(count, "folding")

    await refold(unit, user_id, await storage.list_changed(unit, user_id, seq), folded=folded)
