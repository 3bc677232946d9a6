"""The work on imports: reading, committing, undoing, each as the job that does it.

Delivered at least once. Each ends in one transaction that holds the import and looks whether the
work is still wanted, so a second delivery finds it done: nothing is ever half of anything.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID

from plimsoll.access.domain.audit import Event, Happening
from plimsoll.access.service import audit
from plimsoll.kernel.identifiers import AssetId, ImportId, UserId, WalletId
from plimsoll.ledger.domain.imports import Found, Import, ImportProblem, ImportState
from plimsoll.ledger.domain.transactions import Transaction
from plimsoll.ledger.importers import own
from plimsoll.ledger.service import batches, sifting
from plimsoll.ledger.service.imports import ImportArgs, Imports, wallet_for
from plimsoll.ledger.service.making import make_transaction
from plimsoll.ledger.service.tidying import FOLDER
from plimsoll.ledger.service.valuations import load_prices
from plimsoll.ledger.storage import imports, wallets
from plimsoll.markets.service.dailies import Dailies
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.jobs.context import JobContext
from plimsoll.plumbing.jobs.job import JobCancelled, JobResult

PART: Final = 1_000
"""Transactions that are made at once."""
ALL: Final = 1_000
"""Parts in a whole, as progress of a file is told."""

Prices = Mapping[AssetId, Mapping[dt.date, Decimal]]
LoadPrices = Callable[
    [ReadUnit, UserId, Collection[AssetId], AssetId, dt.date, dt.date],
    Awaitable[Prices],
]
"""What assets were worth in a currency on the days from one to another."""


def prices_of(dailies: Dailies) -> LoadPrices:
    """What a person said of a day, else the markets."""

    async def load(
        unit: ReadUnit,
        user_id: UserId,
        assets: Collection[AssetId],
        currency: AssetId,
        first: dt.date,
        last: dt.date,
    ) -> Prices:
        return await load_prices(unit, user_id, dailies, assets, currency, first=first, last=last)

    return load


def link(import_id: UUID) -> str:
    return f"/api/v1/imports/{import_id}"


async def read(desk: Imports, job: JobContext, args: ImportArgs) -> JobResult:
    """Go through the file; its verdicts, or why there are none."""
    import_id = ImportId(args.import_id)
    with TemporaryDirectory(prefix=FOLDER) as name:
        folder = Path(name)
        async with desk.database.look() as unit:
            each = await imports.find(unit, import_id, None)
            if each is None or each.state is not ImportState.READING:
                return JobResult(link(import_id))
            await _write_file(unit, import_id, folder / "file")
        task = sifting.Task(
            import_id=import_id,
            path=folder / "file",
            spool=folder / "spool",
            pace=folder / "pace",
            answers=each.answers,
            now=desk.clock.now(),
            most_bytes=desk.most_bytes,
        )
        told = await _sift(job, task)
        await job.progress(ALL, ALL, "write")

        async def write(unit: Unit) -> Import | None:
            await unit.lift_limits()
            now = await imports.find(unit, import_id, None, lock=True)
            if now is None or now.state is not ImportState.READING or now.version != each.version:
                return None
            return await _write(unit, now, told, task.spool)

        done = await desk.database.transact(write)
    facts = {} if done is None else {"state": done.state.value}
    return JobResult(link(import_id), facts)


async def _write_file(unit: ReadUnit, import_id: ImportId, path: Path) -> None:
    with path.open("wb") as file:
        async for content in imports.stream_parts(unit, import_id):
            await asyncio.to_thread(file.write, content)


async def _sift(job: JobContext, task: sifting.Task) -> Found | ImportProblem:
    """In another process; how far it is, is told on the way."""
    await job.progress(0, ALL, "look")
    work = asyncio.ensure_future(job.run_in_process(sifting.sift, task))
    try:
        while not (await asyncio.wait({work}, timeout=1))[0]:
            if task.pace.exists():
                done, _, rows = task.pace.read_text().partition("/")
                if rows:
                    await job.progress(int(done) * ALL // (int(rows) + 1), ALL, "read")
            else:
                await job.progress(0, ALL, "look")
    except JobCancelled:
        work.cancel()
        raise
    return work.result()


async def _write(unit: Unit, each: Import, told: Found | ImportProblem, spool: Path) -> Import:
    if isinstance(told, ImportProblem):
        asked = sifting.is_question(told)
        state = ImportState.QUESTIONS if asked else ImportState.REFUSED
        await imports.forget_rows(unit, each.id, recorded_only=False)
        done = replace(
            each, state=state, problem=told, found=None, counts={}, accepted=0, skipped=0
        )
    else:
        await imports.put_rows(unit, each.id, spool)
        await imports.mark_known(unit, each.id, each.user_id)
        await imports.choose(unit, each.id, each.answers)
        counts, accepted, skipped = await imports.count(unit, each.id)
        done = replace(
            each,
            state=ImportState.PREVIEW,
            problem=None,
            found=told,
            counts=counts,
            accepted=accepted,
            skipped=skipped,
        )
    await imports.save(unit, done)
    return done


async def commit(desk: Imports, load: LoadPrices, job: JobContext, args: ImportArgs) -> JobResult:
    """Record what is new and what was accepted: all of it, or nothing."""
    import_id = ImportId(args.import_id)

    async def work(unit: Unit) -> JobResult:
        await unit.lift_limits()
        each = await imports.find(unit, import_id, None, lock=True)
        if each is None or each.found is None or each.state is not ImportState.COMMITTING:
            return _result(import_id, each)
        told = _telling(
            job, ("reading", "writing", "folding"), await imports.count_to_record(unit, import_id)
        )
        prices = await _load_prices(unit, load, each, each.found)
        homes = await _find_wallets(unit, each, each.found)
        parts = _make(unit, each, each.found, homes, prices)

        def rate_of(source: AssetId, target: AssetId, at: dt.datetime) -> Decimal | None:
            return prices.get(target, {}).get(source, {}).get(at.date())

        written = await batches.record_batch(
            unit,
            each.user_id,
            import_id,
            parts,
            told=told,
            rate_of=rate_of,
            booked=each.found.format == own.NAME,
        )
        await wallets.bring_back(unit, homes.values())
        await wallets.put_away(unit, each.user_id, import_id)  # of rows that came to nothing
        await imports.forget_file(unit, import_id)
        await imports.forget_rows(unit, import_id, recorded_only=True)
        done = replace(
            each,
            state=ImportState.COMMITTED,
            recorded=written.recorded,
            repeated=written.repeated,
        )
        await imports.save(unit, done)
        await audit.append(unit, _happening(desk, Event.IMPORT_COMMITTED, done))
        return _result(import_id, done)

    return await desk.database.transact(work)


async def undo(desk: Imports, job: JobContext, args: ImportArgs) -> JobResult:
    """Take everything that an import recorded out of force: all of it, or nothing."""
    import_id = ImportId(args.import_id)

    async def work(unit: Unit) -> JobResult:
        await unit.lift_limits()
        each = await imports.find(unit, import_id, None, lock=True)
        if each is None or each.state is not ImportState.UNDOING:
            return _result(import_id, each)
        told = _telling(job, ("writing", "folding"), each.recorded)
        await batches.void_batch(
            unit,
            each.user_id,
            import_id,
            note=f"import {each.name} undone",
            now=desk.clock.now(),
            told=told,
        )
        await wallets.put_away(unit, each.user_id, import_id)
        await imports.forget_rows(unit, import_id, recorded_only=False)
        done = replace(each, state=ImportState.UNDONE)
        await imports.save(unit, done)
        await audit.append(unit, _happening(desk, Event.IMPORT_UNDONE, done))
        return _result(import_id, done)

    return await desk.database.transact(work)


def _telling(job: JobContext, phases: Sequence[str], rows: int) -> batches.Told:
    """Progress of the whole: every phase goes through as many rows, or a few more."""
    total = max(rows, 1) * len(phases)

    async def told(done: int, phase: str) -> None:
        await job.progress(phases.index(phase) * rows + min(done, rows), total, phase)

    return told


def _result(import_id: ImportId, each: Import | None) -> JobResult:
    if each is None:
        return JobResult(link(import_id))
    return JobResult(
        link(import_id),
        {"state": each.state.value, "recorded": each.recorded, "repeated": each.repeated},
    )


def _happening(desk: Imports, event: Event, each: Import) -> Happening:
    return Happening(
        event,
        desk.clock.now(),
        user_id=each.user_id,
        subject=str(each.id),
        facts={"recorded": each.recorded, "digest": each.digest.hex()},
    )


async def _find_wallets(unit: Unit, each: Import, found: Found) -> dict[str, WalletId]:
    """By the name in the file; made where there is none."""
    await wallets.ensure_default_wallet(unit, each.user_id)
    targets = {name: wallet_for(each, name) for name in found.wallets}
    texts = sorted({target for target in targets.values() if isinstance(target, str)})
    made = await wallets.ensure_wallets(unit, each.user_id, each.id, texts)
    return {
        name: made[target] if isinstance(target, str) else WalletId(target)
        for name, target in targets.items()
    }


async def _load_prices(
    unit: Unit, load: LoadPrices, each: Import, found: Found
) -> dict[AssetId, Prices]:
    """By currency, then asset, then day: of what the file does not say, and of the currencies in
    each other, for a wallet keeps the cost of an asset in one of them.
    """
    if found.first is None or found.last is None:
        return {}
    currencies = {AssetId(name) for name in found.unpriced}
    currencies |= await imports.list_cost_currencies(unit, each.user_id)
    prices = {}
    for currency in sorted(currencies):
        assets = currencies.union(found.unpriced.get(currency, ())) - {currency}
        if assets:
            prices[currency] = await load(
                unit, each.user_id, assets, currency, found.first.date(), found.last.date()
            )
    return prices


async def _make(
    unit: Unit,
    each: Import,
    found: Found,
    wallets_by_name: Mapping[str, WalletId],
    prices: Mapping[AssetId, Prices],
) -> AsyncIterator[Sequence[Transaction]]:
    """What is to be recorded, in the order of the file. Made in a thread: the loop goes on."""
    after = 0

    def make(rows: Sequence[tuple[int, str, str]]) -> list[Transaction]:
        return [_transaction(each, found.format, row, wallets_by_name, prices) for row in rows]

    while rows := await imports.list_to_record(unit, each.id, after=after, limit=PART):
        after = rows[-1][0]
        yield await asyncio.to_thread(make, rows)


def _transaction(
    each: Import,
    source: str,
    row: tuple[int, str, str],
    wallets_by_name: Mapping[str, WalletId],
    prices: Mapping[AssetId, Prices],
) -> Transaction:
    _, identity, text = row
    kept = imports.ROW.decode(text)
    draft = kept.verdict.draft
    assert draft is not None, "only what has a draft is recordable"
    currency = kept.currency or each.answers.currency
    known, day = prices.get(currency, {}), draft.at.date()

    def price_of(asset_id: AssetId) -> Decimal | None:
        days = known.get(asset_id)
        return days.get(day) if days else None

    return make_transaction(
        draft,
        identity=identity,
        source=source,
        import_id=each.id,
        currency=currency,
        wallet_of=wallets_by_name.__getitem__,
        price_of=price_of,
    )
