"""Whatever is imported, undone and recorded in between: holdings and disposals are the fold of what
is in force, and neither the order of a file nor a second import changes them.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId, ImportId, TransactionId, WalletId, new_id
from plimsoll.ledger.domain.holdings import Books, CostCurrencyDiffers, NotEnoughHeld, fold
from plimsoll.ledger.domain.transactions import (
    Kind,
    Recorded,
    Transaction,
    TransactionFilter,
    UnbalancedLegs,
    keep_costs,
)
from plimsoll.ledger.service import reading, refolding
from plimsoll.ledger.service.batches import BatchWritten, list_known, record_batch, void_batch
from plimsoll.ledger.service.history import stream_in_force
from plimsoll.ledger.service.recording import WalletNotFound, Written, fingerprint
from plimsoll.ledger.storage import batches as storage
from plimsoll.plumbing.database import Database
from tests.ledger.desk import Desk, rate_of
from tests.ledger.entries import BTC, ETH, EUR, USD, buy, day, entry, leg, sell, transfer
from tests.ledger.service.test_recording import ATTEMPTS, Attempt
from tests.ledger.statement import statement_of


async def silent(_count: int, _phase: str) -> None:
    pass


async def in_parts(transactions: Sequence[Transaction]) -> AsyncIterator[Sequence[Transaction]]:
    for first in range(0, len(transactions), 3):
        yield transactions[first : first + 3]


def rate_at(source: AssetId, target: AssetId, _at: datetime) -> Decimal:
    return rate_of(source, target)


async def bring(
    desk: Desk, *transactions: Transaction, import_id: ImportId | None = None
) -> ImportId:
    """Import them; the import's id."""
    import_id = import_id or ImportId(new_id())
    await written_by(desk, import_id, transactions)
    return import_id


async def written_by(
    desk: Desk, import_id: ImportId, transactions: Sequence[Transaction]
) -> BatchWritten:
    async with desk.database.write() as unit:
        return await record_batch(
            unit,
            desk.user_id,
            import_id,
            in_parts(transactions),
            told=silent,
            rate_of=rate_at,
        )


async def undo(desk: Desk, import_id: ImportId) -> int:
    async with desk.database.write() as unit:
        return await void_batch(
            unit, desk.user_id, import_id, note="undone", now=day(200), told=silent
        )


def from_file(*transactions: Transaction) -> list[Transaction]:
    """With external ids, as an import gives each row one."""
    return [
        replace(each, source="file", external_id=f"row {number}")
        for number, each in enumerate(transactions)
    ]


async def in_force(desk: Desk) -> list[Transaction]:
    async with desk.database.look() as unit:
        return [
            transaction
            async for part in stream_in_force(unit, desk.user_id)
            for transaction, _ in part
        ]


async def check_is_the_fold(desk: Desk) -> Books:
    """That what the database keeps is what its transactions in force lead to."""
    books = fold(await in_force(desk))
    assert await desk.holdings() == books.holdings
    assert await desk.disposals() == sorted(
        (
            each.transaction_id,
            each.wallet_id,
            each.asset_id,
            each.currency,
            each.quantity,
            each.cost,
            each.proceeds,
        )
        for each in books.disposals
    )
    return books


# --- the law -------------------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.lists(ATTEMPTS, min_size=1, max_size=1)),
        st.tuples(st.just("import"), st.lists(ATTEMPTS, min_size=1, max_size=8)),
        st.tuples(st.just("undo"), st.lists(ATTEMPTS, min_size=1, max_size=1)),
        st.tuples(st.just("void"), st.lists(ATTEMPTS, min_size=1, max_size=1)),
    ),
    min_size=2,
    max_size=9,
)


@settings(
    max_examples=30,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STEPS)
async def test_holdings_are_the_fold_of_what_is_in_force_whatever_came_and_went(
    database: Database, steps: list[tuple[str, list[Attempt]]]
) -> None:
    """With a checkpoint after every second transaction, so that most folds begin at one."""
    desk, imports = await Desk.open(database, wallets=3), list[ImportId]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refolding, "APART", 2)
        for action, attempts in steps:
            before = await statement_of(database, desk.user_id)
            try:
                await take(desk, action, attempts, imports)
            except (NotEnoughHeld, CostCurrencyDiffers):
                assert await statement_of(database, desk.user_id) == before
            await check_is_the_fold(desk)
            await check_checkpoints(desk)


async def take(desk: Desk, action: str, attempts: list[Attempt], imports: list[ImportId]) -> None:
    transactions = [each.on(desk) for each in attempts if each.action != "void"]
    if action == "import":
        imports.append(await bring(desk, *transactions))
    elif action == "record":
        for transaction in transactions:
            await desk.record(transaction)
    elif action == "undo" and imports:
        await undo(desk, imports[attempts[0].target % len(imports)])
    elif action == "void" and (there := await in_force(desk)):
        await desk.void(there[attempts[0].target % len(there)].id)


async def check_checkpoints(desk: Desk) -> None:
    """Each is the fold of its asset until its moment."""
    history = await in_force(desk)
    async with desk.database.read() as unit:
        rows = await unit.fetch(
            """select asset_id, occurred_at, wallets, quantities, costs, missing
               from checkpoints where user_id = $1""",
            desk.user_id,
        )
    for asset_id, at, *columns in rows:
        books = fold((each for each in history if each.occurred_at <= at), frozenset({asset_id}))
        assert {row[0]: row[1:] for row in zip(*columns, strict=True)} == {
            wallet_id: (held.quantity, held.cost, held.missing)
            for (wallet_id, _), held in books.holdings.items()
        }


# --- once, and as before -------------------------------------------------------------------------


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - a story, no secret


def story(desk: Desk, chance: random.Random, count: int) -> list[Transaction]:
    """Trades of two coins, many in one moment, some of more than is there."""
    found = list[Transaction]()
    for _ in range(count):
        at, wallet = day(1) + timedelta(minutes=chance.randrange(5)), chance.choice(desk.wallets)
        asset, quantity = chance.choice([BTC, ETH]), Decimal(chance.randrange(1, 9)) / 3
        value = Decimal(chance.randrange(1, 99))
        what = chance.randrange(3)
        if what == 0:
            found.append(buy(str(quantity)[:12], value=value, asset=asset, wallet=wallet, at=at))
        elif what == 1:
            found.append(sell(str(quantity)[:12], value=value, asset=asset, wallet=wallet, at=at))
        else:
            other = chance.choice([each for each in desk.wallets if each != wallet])
            found.append(transfer("0.5", asset=asset, source=wallet, target=other, at=at))
    return from_file(*found)


async def test_importing_twice_is_importing_once(database: Database) -> None:
    desk = await Desk.open(database, wallets=2)
    file = story(desk, seeded(1), 40)
    doubled = [*file, *(replace(each, id=TransactionId(new_id())) for each in file[:5])]
    assert await written_by(desk, ImportId(new_id()), doubled) == BatchWritten(40, 5)
    before = await statement_of(database, desk.user_id)

    again = [replace(each, id=TransactionId(new_id())) for each in file]
    assert await written_by(desk, ImportId(new_id()), again) == BatchWritten(0, 40)

    assert await statement_of(database, desk.user_id) == before
    async with database.read() as unit:
        known = await list_known(unit, desk.user_id, "file")
        assert known == {f"row {number}" for number in range(40)}
        assert await list_known(unit, desk.user_id, "another") == set()


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_undone_was_never_there_and_may_come_again(
    database: Database, seed: int
) -> None:
    desk, chance = await Desk.open(database, wallets=2), seeded(seed)
    await bring(desk, *story(desk, chance, 20))
    held, disposed = await desk.holdings(), await desk.disposals()
    second = [replace(each, source="second") for each in story(desk, chance, 20)]
    import_id = await bring(desk, *second)
    assert await desk.disposals() != disposed

    assert await undo(desk, import_id) == 20
    assert await undo(desk, import_id) == 0

    assert await desk.holdings() == held
    assert await desk.disposals() == disposed
    async with database.read() as unit:
        listed = await reading.list_transactions(unit, desk.user_id, TransactionFilter())
        assert await list_known(unit, desk.user_id, "second") == set()
    assert_voided(listed, import_id)
    again = [replace(each, id=TransactionId(new_id())) for each in second]
    assert await written_by(desk, ImportId(new_id()), again) == BatchWritten(20, 0)


def assert_voided(listed: list[Recorded], import_id: ImportId) -> None:
    voids = {each.transaction.id: each.transaction for each in listed}
    undone = [each for each in listed if each.transaction.import_id == import_id]
    assert len(undone) == 20
    for each in undone:
        assert each.voided_by is not None
        voiding = voids[each.voided_by]
        assert (voiding.kind, voiding.voids, voiding.note) == (
            Kind.VOID,
            each.transaction.id,
            "undone",
        )
    assert len({each.seq for each in listed}) == len(listed)


async def test_a_void_of_a_batch_has_the_fingerprint_of_a_void(database: Database) -> None:
    desk = await Desk.open(database)
    import_id = await bring(desk, buy("1", value="1", wallet=desk.main))
    await undo(desk, import_id)
    async with database.read() as unit:
        (voiding,) = await reading.list_transactions(
            unit, desk.user_id, TransactionFilter(kinds=(Kind.VOID,))
        )
        kept = await unit.fetchval(
            "select fingerprint from transactions where id = $1", voiding.transaction.id
        )
    assert kept == fingerprint(voiding.transaction)


async def figures(desk: Desk) -> tuple[object, object]:
    """Holdings, and disposals by the row they came with."""
    row_of = {each.id: each.external_id for each in await in_force(desk)}
    disposed = [(row_of[TransactionId(each[0])], *each[1:]) for each in await desk.disposals()]  # type: ignore[arg-type]
    return await desk.holdings(), sorted(disposed, key=str)


@pytest.mark.parametrize("seed", range(4))
async def test_the_order_of_a_file_changes_nothing(database: Database, seed: int) -> None:
    desk, chance = await Desk.open(database, wallets=2), seeded(seed)
    file = story(desk, chance, 60)
    import_id = await bring(desk, *file)
    before, order = await figures(desk), [each.external_id for each in await in_force(desk)]
    await undo(desk, import_id)

    again = [replace(each, id=TransactionId(new_id())) for each in file]
    chance.shuffle(again)
    await bring(desk, *again)

    assert [each.external_id for each in await in_force(desk)] == order
    assert await figures(desk) == before


# --- what is missing -----------------------------------------------------------------------------


async def test_what_an_import_lacks_is_told_and_a_later_purchase_counts_in_full(
    database: Database,
) -> None:
    desk = await Desk.open(database)
    await bring(
        desk,
        buy("1", value="100", wallet=desk.main, at=day(1)),
        sell("3", value="600", wallet=desk.main, at=day(2)),
        buy("2", value="500", wallet=desk.main, at=day(3)),
    )
    held = (await desk.holdings())[desk.main, BTC]
    assert (held.quantity, held.cost, held.missing, held.realised) == (2, 500, 2, 500)
    assert [row[4:] for row in await desk.disposals()] == [(3, 100, 600)]


async def test_a_back_dated_purchase_heals_what_is_missing(database: Database) -> None:
    desk = await Desk.open(database)
    await bring(desk, sell("3", value="600", wallet=desk.main, at=day(2)))
    assert (await desk.holdings())[desk.main, BTC].missing == 3

    await desk.record(buy("5", value="500", wallet=desk.main, at=day(1)))

    held = (await desk.holdings())[desk.main, BTC]
    assert (held.quantity, held.cost, held.missing, held.realised) == (2, 200, 0, 300)


async def test_what_is_missing_arrives_elsewhere_at_no_cost(database: Database) -> None:
    desk = await Desk.open(database, wallets=2)
    main, cold = desk.wallets
    await bring(
        desk,
        buy("1", value="100", wallet=main, at=day(1)),
        transfer("4", source=main, target=cold, at=day(2)),
    )
    held = await desk.holdings()
    assert (held[main, BTC].quantity, held[main, BTC].cost, held[main, BTC].missing) == (0, 0, 3)
    assert (held[cold, BTC].quantity, held[cold, BTC].cost, held[cold, BTC].missing) == (4, 100, 0)


async def test_what_is_recorded_by_hand_is_covered_or_refused(database: Database) -> None:
    desk = await Desk.open(database)
    import_id = await bring(desk, buy("1", value="100", wallet=desk.main, at=day(1)))
    await desk.record(sell("1", value="150", wallet=desk.main, at=day(3)))
    before = await statement_of(database, desk.user_id)

    with pytest.raises(NotEnoughHeld):
        await undo(desk, import_id)
    with pytest.raises(NotEnoughHeld):
        await bring(desk, sell("0.5", value="60", wallet=desk.main, at=day(2)))
    with pytest.raises(NotEnoughHeld):
        await desk.record(sell("1", value="60", wallet=desk.main, at=day(4)))

    assert await statement_of(database, desk.user_id) == before


# --- currencies ----------------------------------------------------------------------------------


async def test_a_worth_in_another_currency_is_turned_at_the_rate_of_the_moment(
    database: Database,
) -> None:
    desk = await Desk.open(database, wallets=2)
    main, cold = desk.wallets
    await bring(
        desk,
        buy("1", value="80", paid_fee="8", wallet=cold, currency=EUR, at=day(2)),
        buy("1", value="100", wallet=main, at=day(1)),
        transfer("1", source=cold, target=main, at=day(3)),
    )
    held = (await desk.holdings())[main, BTC]
    assert (held.currency, held.cost, held.fees) == (USD, 210, 10)


async def test_without_a_rate_a_cost_is_nothing_and_its_leg_says_so(database: Database) -> None:
    desk = await Desk.open(database)
    await desk.record(buy("1", value="100", wallet=desk.main, at=day(1)))
    bought = buy("1", value="80", paid_fee="1", wallet=desk.main, currency=EUR, at=day(2))
    async with database.write() as unit:
        await record_batch(unit, desk.user_id, ImportId(new_id()), in_parts([bought]), told=silent)
    held = (await desk.holdings())[desk.main, BTC]
    assert (held.currency, held.quantity, held.cost) == (USD, 2, 100)
    (_, imported) = await in_force(desk)
    assert [each.valued for each in imported.legs] == [False, True, True]
    assert imported.legs[0].value == 80
    await check_is_the_fold(desk)


async def test_a_holding_keeps_the_currency_of_its_first_worth(database: Database) -> None:
    """Not that of a withdrawal, whose currency says nothing."""
    desk = await Desk.open(database)
    await bring(
        desk,
        entry(Kind.WITHDRAWAL, leg("-1", wallet=desk.main), at=day(1)),
        buy("1", value="80", wallet=desk.main, currency=EUR, at=day(2)),
    )
    held = (await desk.holdings())[desk.main, BTC]
    assert (held.currency, held.cost, held.missing) == (EUR, 80, 1)


async def test_a_single_transaction_after_a_batch_meets_the_same_law(database: Database) -> None:
    """The ordinary way and the batch agree on what the costs are kept in."""
    desk = await Desk.open(database)
    await bring(desk, sell("1", value="80", wallet=desk.main, currency=EUR, at=day(1)))
    kept = {key: held.currency for key, held in (await desk.holdings()).items()}
    bought = buy("1", value="100", wallet=desk.main, at=day(2))
    await desk.record(bought)
    assert (await desk.holdings())[desk.main, BTC].cost == 80
    assert (await in_force(desk))[1] == keep_costs(bought, kept, rate_of)


# --- refusals and parts --------------------------------------------------------------------------


async def test_one_bad_transaction_refuses_the_batch_and_leaves_nothing(
    database: Database,
) -> None:
    ada, ben = await Desk.open(database), await Desk.open(database, wallets=2)
    good = buy("1", value="100", wallet=ada.main)
    before = await statement_of(database, ada.user_id)
    lopsided = replace(good, legs=(good.legs[0], replace(good.legs[1], value=Decimal(99))))
    with pytest.raises(UnbalancedLegs):
        await bring(ada, good, lopsided)
    for wallet in (ben.wallets[1], WalletId(new_id())):
        with pytest.raises(WalletNotFound):
            await bring(ada, good, buy("1", value="100", wallet=wallet))
    assert await statement_of(database, ada.user_id) == before


async def test_an_empty_batch_changes_nothing(database: Database) -> None:
    desk = await Desk.open(database)
    assert await written_by(desk, ImportId(new_id()), []) == BatchWritten(0, 0)
    assert await undo(desk, ImportId(new_id())) == 0
    assert await desk.holdings() == {}


async def test_nobody_undoes_someone_elses_import(database: Database) -> None:
    ada, ben = await Desk.open(database), await Desk.open(database)
    import_id = await bring(ada, buy("1", value="100", wallet=ada.main))
    assert await undo(ben, import_id) == 0
    assert len(await in_force(ada)) == 1


async def test_more_than_a_part_is_written_and_undone_and_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "PART", 7)
    monkeypatch.setattr(refolding, "PART", 3)
    monkeypatch.setattr(refolding, "APART", 5)
    desk, told = await Desk.open(database, wallets=2), list[tuple[int, str]]()

    async def tell(count: int, phase: str) -> None:
        told.append((count, phase))

    file, import_id = story(desk, seeded(9), 50), ImportId(new_id())
    async with database.write() as unit:
        written = await record_batch(unit, desk.user_id, import_id, in_parts(file), told=tell)
    assert written == BatchWritten(50, 0)
    assert told[-1] == (50, "writing")
    assert [count for count, phase in told if phase == "reading"][-1] == 50
    books = await check_is_the_fold(desk)
    assert len(books.disposals) > 6
    await desk.record(buy("1", value="7", wallet=desk.main, at=day(1) + timedelta(minutes=3)))
    await check_is_the_fold(desk)
    assert await undo(desk, import_id) == 50
    books = await check_is_the_fold(desk)
    assert [held.cost for held in books.holdings.values()] == [7]


async def test_what_others_write_meanwhile_waits_and_both_stay(database: Database) -> None:
    """Both make the person's first wallet and then take the head: neither waits for the other."""
    desk = await Desk.open(database)
    file = from_file(*(buy("1", value="1", wallet=desk.main, at=day(1)) for _ in range(300)))
    bought = buy("5", value="5", wallet=desk.main, at=day(2))

    async def parts() -> AsyncIterator[Sequence[Transaction]]:
        yield file[:100]
        others.append(asyncio.create_task(desk.record(bought)))
        async with asyncio.timeout(20):
            while not await someone_waits(database):  # noqa: ASYNC110 - the server cannot tell us
                await asyncio.sleep(0.01)
        yield file[100:]

    others: list[asyncio.Task[Written]] = []
    async with database.write() as unit:
        await record_batch(unit, desk.user_id, ImportId(new_id()), parts(), told=silent)
    assert (await others[0]).transaction == bought
    assert (await desk.holdings())[desk.main, BTC].quantity == 305
    await check_is_the_fold(desk)


async def someone_waits(database: Database) -> bool:
    """For what another transaction of this database holds."""
    async with database.look() as unit:
        waits: bool = await unit.fetchval(
            """select exists (select from pg_stat_activity
                              where datname = current_database() and wait_event_type = 'Lock')"""
        )
    return waits
