"""A ledger that is exported and imported is the same ledger, to the byte."""

import io
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from plimsoll.kernel.errors import PlimsollError
from plimsoll.kernel.identifiers import AssetId, ImportId, new_id
from plimsoll.ledger.domain.holdings import Holding
from plimsoll.ledger.domain.imports import Draft, Standing
from plimsoll.ledger.domain.transactions import Kind, Transaction
from plimsoll.ledger.importers import own
from plimsoll.ledger.importers.format import Options
from plimsoll.ledger.importers.reading import read_verdicts, recognise
from plimsoll.ledger.service import reading
from plimsoll.ledger.service.batches import record_batch
from plimsoll.ledger.service.exporting import open_export
from plimsoll.ledger.service.making import make_transaction
from plimsoll.ledger.service.sifting import for_format
from plimsoll.ledger.storage.wallets import ensure_wallets
from plimsoll.plumbing.database import Database
from tests.imports.corpus import CATALOGUE
from tests.ledger.desk import Desk
from tests.ledger.entries import BTC, ETH, EUR, USD, buy, day, entry, leg, sell, transfer
from tests.ledger.service.test_batches import bring, check_is_the_fold, from_file, silent
from tests.ledger.service.test_recording import ATTEMPTS, Attempt


async def export(desk: Desk) -> bytes:
    opened = await open_export(desk.database, desk.user_id)
    return b"".join([part async for part in opened.stream()])


async def restore(desk: Desk, content: bytes) -> int:
    """Import the file as the service does; how many transactions are new."""
    file, options = io.BytesIO(content), Options(catalogue=CATALOGUE)
    recognised = recognise(file, options)
    options = for_format(options, recognised.table.format, {})
    verdicts = list(read_verdicts(file, recognised, options, lambda _identity: False))
    assert {verdict.standing for verdict in verdicts} == {Standing.NEW}
    drafts = [(verdict.draft, verdict.identity) for verdict in verdicts if verdict.draft]
    import_id = ImportId(new_id())
    async with desk.database.write() as unit:
        names = sorted({name for draft, _ in drafts for name in draft.wallets})
        wallets = await ensure_wallets(unit, desk.user_id, import_id, names)

        def make(draft: Draft, identity: str) -> Transaction:
            return make_transaction(
                draft,
                identity=identity,
                source=own.NAME,
                import_id=import_id,
                currency=AssetId(draft.currency),
                wallet_of=wallets.__getitem__,
                price_of=lambda _asset: None,
            )

        async def parts() -> AsyncIterator[Sequence[Transaction]]:
            for first in range(0, len(drafts), 7):
                yield [make(*each) for each in drafts[first : first + 7]]

        written = await record_batch(
            unit, desk.user_id, import_id, parts(), told=silent, booked=True
        )
    return written.recorded


async def holdings(desk: Desk) -> dict[tuple[str, AssetId], Holding]:
    async with desk.database.read() as unit:
        wallets = await reading.list_wallets(unit, desk.user_id, after=None, limit=100)
    names = {wallet.id: wallet.name for wallet in wallets}
    return {
        (names[wallet], asset): held for (wallet, asset), held in (await desk.holdings()).items()
    }


async def check_round_trip(desk: Desk) -> None:
    """Into an empty ledger it brings everything back, and the second time nothing."""
    content = await export(desk)
    if content == own.header():
        return
    other = await Desk.open(desk.database)
    assert await restore(other, content) == content.count(b"\n") - 1 - _further_legs(content)
    assert await export(other) == content
    assert await holdings(other) == await holdings(desk)
    await check_is_the_fold(other)
    assert await restore(other, content) == 0


def _further_legs(content: bytes) -> int:
    return sum(line.split(b",")[1] != b"1" for line in content.splitlines()[1:])


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(attempts=st.lists(ATTEMPTS, min_size=5, max_size=40))
async def test_whatever_is_in_a_ledger_it_comes_back_to_the_byte(
    database: Database, attempts: list[Attempt]
) -> None:
    desk = await Desk.open(database, wallets=3)
    imported: list[Transaction] = []
    for number, attempt in enumerate(attempts):
        transaction = attempt.on(desk)
        if number % 3 == 0:
            imported.append(transaction)
            continue
        try:
            await desk.record(transaction)
        except PlimsollError:
            continue
    with suppress(PlimsollError):  # an asset between wallets that keep its cost in two currencies
        await bring(desk, *from_file(*imported))
    await check_round_trip(desk)


async def test_what_nobody_values_and_what_lacks_comes_back(database: Database) -> None:
    desk = await Desk.open(database, wallets=2)
    unknown = entry(Kind.STAKING, replace(leg("2", ETH, wallet=desk.main), valued=False))
    lacking = sell("3", value="10", asset=BTC, wallet=desk.main, at=day(2), currency=EUR)
    moved = transfer("1", asset=ETH, source=desk.main, target=desk.wallets[1], at=day(3))
    await bring(desk, *from_file(unknown, lacking, moved))
    assert any(held.missing == 3 for held in (await desk.holdings()).values())
    await check_round_trip(desk)


async def test_wallets_that_keep_one_asset_in_two_currencies_do_so_again(
    database: Database,
) -> None:
    desk = await Desk.open(database, wallets=2)
    await desk.record(buy("1", value="100", wallet=desk.main))
    cold = desk.wallets[1]
    await desk.record(buy("1", value="100", wallet=cold, at=day(2), currency=EUR))
    await desk.record(buy("1", value="100", wallet=desk.main, at=day(3), currency=EUR))
    kept = {held.currency: held.cost for held in (await desk.holdings()).values()}
    assert kept == {USD: Decimal(225), EUR: Decimal(100)}
    await check_round_trip(desk)


async def test_what_happened_at_one_moment_stays_in_its_order(database: Database) -> None:
    """A sale before or after a swap into the same coin is another profit."""
    desk = await Desk.open(database)
    main = desk.main
    await desk.record(buy("10", value="100", asset=BTC, wallet=main))
    await desk.record(buy("10", value="1000", asset=ETH, wallet=main))
    for number in range(12):
        into, out_of = (BTC, ETH) if number % 2 else (ETH, BTC)
        swap = entry(
            Kind.SWAP,
            leg("-0.5", out_of, value=str(20 + number), wallet=main),
            leg("0.7", into, value=str(20 + number), wallet=main),
            at=day(5),
        )
        await desk.record(swap)
    await check_round_trip(desk)


async def test_an_export_is_of_one_moment_whatever_is_recorded_meanwhile(
    database: Database,
) -> None:
    desk = await Desk.open(database)
    first = (await desk.record(buy("1", value="100", wallet=desk.main))).transaction
    before = await export(desk)
    opened = await open_export(database, desk.user_id)
    await desk.record(buy("2", value="100", wallet=desk.main, at=day(3)))
    await desk.record(buy("3", value="100", wallet=desk.main, at=day(0)))
    await desk.void(first.id)
    assert b"".join([part async for part in opened.stream()]) == before
    assert await export(desk) != before


async def test_a_ledger_without_anything_is_a_header(database: Database) -> None:
    assert await export(await Desk.open(database)) == own.header()
