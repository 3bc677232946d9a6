"""Holdings computed anew from a moment on, when something earlier than the latest has changed.

A fold begins at the last checkpoint before the change and reads the transactions after it, a few
hundred at a time: what was realised before stays as it is, and neither memory nor the event loop
sees more than a part. On its way it leaves new checkpoints for the next one.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from plimsoll.kernel.identifiers import AssetId, HoldingId, TransactionId, UserId
from plimsoll.ledger.domain.holdings import Books, Disposal, Holding, Key
from plimsoll.ledger.domain.transactions import Transaction
from plimsoll.ledger.storage import folds, holdings
from plimsoll.ledger.storage.transactions import BEGINNING
from plimsoll.plumbing.database import Unit

APART: Final = 500
"""Transactions of an asset between two of its checkpoints, at least."""

PART: Final = 500
"""Disposals written at once: to make a statement of more keeps others waiting."""

Folded = Callable[[int], Awaitable[None]]
"""Told how many transactions were folded."""


async def refold(
    unit: Unit,
    user_id: UserId,
    changed: Mapping[AssetId, datetime],
    *,
    told_of: TransactionId | None = None,
    folded: Folded | None = None,
) -> tuple[Books, dict[Key, HoldingId]]:
    """Fold each asset from the moment something of it changed, and write what comes out.

    Called under the lock of the person's head, with the transactions written. The books have all
    holdings of the assets, and the disposals of the transaction `told_of`. Raises NotEnoughHeld
    when something is left uncovered, and CostCurrencyDiffers.
    """
    checkpoints = await folds.list_last_before(unit, user_id, changed)
    since = dict.fromkeys(changed, BEGINNING)
    since |= {each.asset_id: each.occurred_at for each in checkpoints}
    await folds.forget_since(unit, user_id, since)
    fold = _Fold(since)
    for checkpoint in checkpoints:
        fold.books.holdings.update(checkpoint.holdings)
    own: list[Disposal] = []
    count = 0
    async for part in folds.stream_since(unit, user_id, since):
        for transaction in part:
            before = len(fold.books.disposals)
            fold.apply(transaction)
            if transaction.id == told_of:
                own = fold.books.disposals[before:]
        count += len(part)
        if len(fold.books.disposals) >= PART or len(fold.checkpoints) >= APART:
            await _write(unit, user_id, fold)
        if folded:
            await folded(count)
    await _write(unit, user_id, fold)
    now = fold.books.holdings
    for each in await holdings.list_holdings_of(unit, user_id, changed):
        now.setdefault((each.wallet_id, each.asset_id), Holding(each.holding.currency))
    ids = await folds.put_holdings(unit, user_id, now)
    return replace(fold.books, disposals=own), ids


async def _write(unit: Unit, user_id: UserId, fold: "_Fold") -> None:
    if fold.books.disposals:
        await folds.add_disposals(unit, user_id, fold.books.disposals)
        fold.books.disposals.clear()
    if fold.checkpoints:
        await folds.add_checkpoints(unit, user_id, fold.checkpoints)
        fold.checkpoints.clear()


class _Fold:
    """Books of several assets, each from a moment of its own on."""

    def __init__(self, since: Mapping[AssetId, datetime]) -> None:
        self.active: set[AssetId] = set()
        self.books = Books({}, [], self.active)
        self.checkpoints: list[folds.Checkpoint] = []
        self._waiting = sorted(since.items(), key=lambda each: each[1], reverse=True)
        self._applied: Counter[AssetId] = Counter()
        self._last: dict[AssetId, datetime] = {}

    def apply(self, transaction: Transaction) -> None:
        at = transaction.occurred_at
        while self._waiting and self._waiting[-1][1] < at:
            self.active.add(self._waiting.pop()[0])
        touched = {leg.asset_id for leg in transaction.legs if leg.wallet_id is not None}
        for asset_id in touched & self.active:
            if self._applied[asset_id] >= APART and self._last[asset_id] < at:
                self._keep(asset_id)
            self._applied[asset_id] += 1
            self._last[asset_id] = at
        self.books.apply(transaction)

    def _keep(self, asset_id: AssetId) -> None:
        held = {key: held for key, held in self.books.holdings.items() if key[1] == asset_id}
        self.checkpoints.append(folds.Checkpoint(asset_id, self._last[asset_id], held))
        self._applied[asset_id] = 0
