"""Withdrawals and deposits that are one transfer: proposed, confirmed, rejected, taken apart again.

A confirmed transfer takes the place of its two ends, which are voided. It is theirs for as long as
it is in force: their files brought again find them recorded, and an import that is undone takes it
apart, so that the end of another import stands in the ledger again as it was.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request

from plimsoll.kernel.errors import Conflict
from plimsoll.kernel.identifiers import AssetId, ImportId, TransactionId, UserId, new_id
from plimsoll.ledger.domain.holdings import Books
from plimsoll.ledger.domain.merging import merge
from plimsoll.ledger.domain.pairing import End, Proposal, pair
from plimsoll.ledger.domain.transactions import Kind, Recorded, Transaction, check
from plimsoll.ledger.service.reading import TransactionNotFound
from plimsoll.ledger.service.recording import fingerprint
from plimsoll.ledger.service.refolding import refold
from plimsoll.ledger.storage import changes, heads, transactions
from plimsoll.ledger.storage import transfers as storage
from plimsoll.ledger.storage.transfers import Confirmed
from plimsoll.plumbing.database import Database, ReadUnit, Unit

MOST_AT_ONCE: Final = 500
MOST_KEPT: Final = 100_000
"""Proposals that are kept in memory, of all people together."""

Pair = tuple[TransactionId, TransactionId]
"""A withdrawal and a deposit."""


class StaleProposal(Conflict):
    """One of the two is not in force any more."""

    code = "proposal-stale"
    title = "One end of the transfer is voided"


class NamedTwice(Conflict):
    """One transaction cannot be an end of two transfers."""

    code = "end-named-twice"
    title = "A transaction is named in two of the pairs"


class Transfers:
    """What is proposed, by person, for as long as neither ledger nor decisions change. One per
    process.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[UserId, tuple[object, list[Proposal]]] = OrderedDict()
        self._one_at_once = asyncio.Semaphore(1)

    async def list_proposals(self, user_id: UserId) -> list[Proposal]:
        """Pairs that nobody has decided about, in the order of time."""
        async with self._database.read() as unit:
            version = await find_version(unit, user_id)
        kept = self._kept.get(user_id)
        if kept is None or kept[0] != version:
            async with self._one_at_once:
                kept = self._kept.get(user_id)
                if kept is None or kept[0] != version:
                    async with self._database.look() as unit:
                        version = await find_version(unit, user_id)
                        kept = (version, await _propose(unit, user_id))
                    self._kept[user_id] = kept
        self._kept.move_to_end(user_id)
        while len(self._kept) > 1 and self._size() > MOST_KEPT:
            self._kept.popitem(last=False)
        return kept[1]

    def _size(self) -> int:
        return sum(len(proposals) + 1 for _, proposals in self._kept.values())


async def find_version(unit: ReadUnit, user_id: UserId) -> tuple[int, int]:
    """What proposals are made of: the ledger, and what was rejected."""
    return (
        await changes.find_version(unit, user_id),
        await storage.count_rejected(unit, user_id),
    )


async def _propose(unit: ReadUnit, user_id: UserId) -> list[Proposal]:
    rejected = await storage.list_rejected(unit, user_id)
    left, arrived = list[End](), list[End]()
    async for part in storage.stream_ends(unit, user_id):
        for kind, end in part:
            (left if kind is Kind.WITHDRAWAL else arrived).append(end)
    return await asyncio.to_thread(pair, left, arrived, rejected)


async def confirm(
    unit: Unit, user_id: UserId, pairs: Sequence[Pair], now: datetime
) -> list[Recorded]:
    """One transfer for each pair, in their order; both ends of each are voided. All or nothing.

    What was confirmed before is answered as it stands. Raises TransactionNotFound, StaleProposal,
    NamedTwice, NotOneTransfer, and what a fold of the ledger refuses.
    """
    await unit.lift_limits()
    await heads.advance(unit, user_id, 0)
    named = list(dict.fromkeys(pairs))
    ids = {end for each in named for end in each}
    if len(ids) != 2 * len(named):
        raise NamedTwice("each transaction is an end of one transfer at most")
    known = await _get_all(unit, user_id, ids)
    before = await storage.list_confirmed(unit, user_id, [out for out, _ in named])
    done = {(each.withdrawal_id, each.deposit_id): each.transfer_id for each in before}
    written: dict[Pair, Transaction] = {}
    for out, into in named:
        if (out, into) in done:
            continue
        for end in (known[out], known[into]):
            if end.voided_by is not None:
                raise StaleProposal(
                    f"{end.transaction.id} is voided", facts={"id": str(end.transaction.id)}
                )
        transfer = merge(known[out].transaction, known[into].transaction, TransactionId(new_id()))
        check(transfer)
        written[out, into] = transfer
    if written:
        await _write(unit, user_id, written, known, now)
        confirmed = [Confirmed(each.id, *ends) for ends, each in written.items()]
        await storage.confirm(unit, user_id, confirmed)
    transfers = done | {ends: each.id for ends, each in written.items()}
    found = await storage.list_by_id(unit, user_id, transfers.values())
    return [found[transfers[each]] for each in pairs]


async def _write(
    unit: Unit,
    user_id: UserId,
    written: Mapping[Pair, Transaction],
    known: Mapping[TransactionId, Recorded],
    now: datetime,
) -> None:
    """Void the ends, record the transfers, and only then fold: in between nothing has to be
    covered.
    """
    ledger = _Ledger(unit, user_id, await heads.advance(unit, user_id, 0))
    for ends, transfer in written.items():
        for end in ends:
            await ledger.void(known[end].transaction, f"one transfer: {transfer.id}", now)
        await ledger.append(transfer)
    await heads.advance(unit, user_id, 3 * len(written))
    await refold(unit, user_id, ledger.changed)


class _Ledger:
    """Appends without folding; `changed` is what has to be folded then, `seq` the last sequence."""

    def __init__(self, unit: Unit, user_id: UserId, seq: int) -> None:
        self._unit = unit
        self._user_id = user_id
        self.seq = seq
        self.changed: dict[AssetId, datetime] = {}

    async def append(self, transaction: Transaction) -> None:
        self.seq += 1
        await transactions.append(
            self._unit,
            self._user_id,
            transaction,
            seq=self.seq,
            fingerprint=fingerprint(transaction),
            books=Books({}, []),
            ids={},
        )
        self._note(transaction)

    async def void(self, gone: Transaction, note: str, now: datetime) -> None:
        voiding = Transaction(
            TransactionId(new_id()), Kind.VOID, now, gone.currency, (), note=note, voids=gone.id
        )
        await self.append(voiding)
        self._note(gone)

    def _note(self, transaction: Transaction) -> None:
        for leg in transaction.legs:
            if leg.wallet_id is not None:
                at = self.changed.get(leg.asset_id, transaction.occurred_at)
                self.changed[leg.asset_id] = min(at, transaction.occurred_at)


async def take_apart(unit: Unit, user_id: UserId, import_id: ImportId, now: datetime) -> int:
    """Void the transfers of which an import brought an end, and record the end anew that another
    brought. Nothing is folded. How many transactions were written.

    Called with the ledger taken, before what the import itself brought is voided.
    """
    confirmed = await storage.list_of_import(unit, user_id, import_id)
    if not confirmed:
        return 0
    ids = {id_ for each in confirmed for id_ in each}
    known = await storage.list_by_id(unit, user_id, ids)
    ledger = _Ledger(unit, user_id, await heads.advance(unit, user_id, 0))
    first = ledger.seq
    for each in confirmed:
        transfer = known[each.transfer_id].transaction
        await ledger.void(transfer, "the import of one end was undone", now)
        for end in (each.withdrawal_id, each.deposit_id):
            gone = known[end].transaction
            if gone.import_id != import_id:
                await ledger.append(replace(gone, id=TransactionId(new_id())))
    await heads.advance(unit, user_id, ledger.seq - first)
    return ledger.seq - first


async def reject(unit: Unit, user_id: UserId, pair_: Pair, now: datetime) -> datetime:
    """Never propose these two again; since when that is so. Raises TransactionNotFound,
    StaleProposal.
    """
    known = await _get_all(unit, user_id, pair_)
    for id_ in pair_:
        if known[id_].voided_by is not None:
            raise StaleProposal(f"{id_} is voided", facts={"id": str(id_)})
    merge(known[pair_[0]].transaction, known[pair_[1]].transaction, pair_[0])
    return await storage.reject(unit, user_id, pair_, now)


async def _get_all(
    unit: ReadUnit, user_id: UserId, ids: Collection[TransactionId]
) -> dict[TransactionId, Recorded]:
    found = await storage.list_by_id(unit, user_id, ids)
    for id_ in ids:
        if id_ not in found:
            raise TransactionNotFound(f"there is no transaction {id_}")
    return found


async def _transfers(request: Request) -> Transfers:
    transfers = request.app.state.transfers
    assert isinstance(transfers, Transfers)
    return transfers


TransfersDep = Annotated[Transfers, Depends(_transfers)]
"""What is proposed, for a handler."""
