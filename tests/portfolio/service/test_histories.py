"""A history is that of the ledger as it is, and only what changed is told again."""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.service import valuations
from plimsoll.ledger.storage import transactions
from plimsoll.markets.service.dailies import Dailies
from plimsoll.plumbing.database import Database
from plimsoll.portfolio.domain.history import History
from plimsoll.portfolio.service.histories import Histories, Look
from tests.fakes.clock import ManualClock
from tests.ledger.desk import Desk
from tests.ledger.entries import BTC, ETH, USD, buy, day, sell, transfer
from tests.ledger.quoted import no_prices, say

TODAY = datetime(2024, 2, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(TODAY)


@pytest.fixture
def histories(database: Database, clock: ManualClock) -> Histories:
    prices = no_prices(clock)
    say(prices, "bitcoin", "500")
    return Histories(database, prices, Dailies(), clock)


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await Desk.open(database, wallets=2)


async def value(desk: Desk, number: int, price: str, asset: AssetId = BTC) -> None:
    async with desk.database.write() as unit:
        await valuations.save_valuation(
            unit,
            desk.user_id,
            asset_id=asset,
            currency=USD,
            day=day(number).date(),
            price=Decimal(price),
            note="",
            now=TODAY,
        )


Told = tuple[object, ...]


def everything(look: Look) -> Told:
    history = look.history
    course = history.course(look.first, look.today)
    return (tuple(history.days), tuple(history.totals), course, history.split(course))


async def compare(histories: Histories, desk: Desk, clock: ManualClock) -> Told:
    """What it tells, which is what one tells that begins from nothing."""
    prices = no_prices(clock)
    say(prices, "bitcoin", "500")
    fresh = Histories(desk.database, prices, Dailies(), clock)
    told = await histories.ask(desk.user_id, USD, everything)
    assert told == await fresh.ask(desk.user_id, USD, everything)
    return told


async def test_after_every_change_it_is_as_if_told_from_the_start(
    histories: Histories, desk: Desk, clock: ManualClock
) -> None:
    await compare(histories, desk, clock)
    first = await desk.record(buy("4", value="400", wallet=desk.main, at=day(3)))
    await compare(histories, desk, clock)
    await value(desk, 2, "90")
    await desk.record(sell("1", value="150", wallet=desk.main, at=day(9)))
    before = await compare(histories, desk, clock)
    await desk.record(buy("2", value="140", wallet=desk.main, at=day(1)))
    await compare(histories, desk, clock)
    await value(desk, 5, "130")
    await value(desk, 4, "7", ETH)
    await compare(histories, desk, clock)
    await desk.record(buy("3", value="30", asset=ETH, wallet=desk.wallets[1], at=day(6)))
    await compare(histories, desk, clock)
    await desk.record(transfer("1", at=day(7), source=desk.main, target=desk.wallets[1]))
    await desk.void(first.transaction.id)
    after = await compare(histories, desk, clock)
    assert before != after
    async with desk.database.write() as unit:
        await valuations.remove_valuation(
            unit, desk.user_id, asset_id=BTC, currency=USD, day=day(5).date()
        )
    assert await compare(histories, desk, clock) != after


async def test_only_the_days_from_the_change_on_are_told_again(
    histories: Histories, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 21):
        await desk.record(buy("1", value="100", wallet=desk.main, at=day(number)))
    told: list[int] = []
    tell = History.tell

    def count(self: History, page: list[object]) -> None:
        told.append(len(page))
        tell(self, page)  # type: ignore[arg-type]

    monkeypatch.setattr(History, "tell", count)

    async def ask() -> int:
        told.clear()
        await histories.ask(desk.user_id, USD, everything)
        return sum(told)

    assert await ask() == 20
    assert await ask() == 0
    await desk.record(buy("1", value="100", wallet=desk.main, at=day(18)))
    assert await ask() == 4
    await value(desk, 20, "100")
    assert await ask() == 1
    assert await ask() == 0


async def test_a_page_of_the_ledger_is_no_seam(
    histories: Histories, desk: Desk, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 8):
        await desk.record(buy("1", value="100", wallet=desk.main, at=day(number // 2)))
    whole = await histories.ask(desk.user_id, USD, everything)
    monkeypatch.setattr(transactions, "AT_ONCE", 2)
    assert await compare(histories, desk, clock) == whole


async def test_a_new_day_begins_at_the_price_of_then(
    histories: Histories, desk: Desk, clock: ManualClock
) -> None:
    """The price of now is that of today only; what nobody observed is carried, not made up."""
    await desk.record(buy("1", value="100", wallet=desk.main, at=day(3)))
    await value(desk, 3, "100")
    days = (await histories.ask(desk.user_id, USD, lambda look: tuple(look.history.days)))[-2:]
    assert [(each.value, each.stale) for each in days] == [(100, True), (500, False)]
    clock.advance(86_400)
    days = (await histories.ask(desk.user_id, USD, lambda look: tuple(look.history.days)))[-2:]
    assert [each.day for each in days] == [date(2024, 2, 1), date(2024, 2, 2)]
    assert [each.value for each in days] == [100, 500]


async def test_many_may_ask_at_once_and_one_may_go_away(
    histories: Histories, desk: Desk, clock: ManualClock
) -> None:
    await desk.record(buy("1", value="100", wallet=desk.main, at=day(3)))
    asking = [asyncio.create_task(histories.ask(desk.user_id, USD, everything)) for _ in range(8)]
    await asyncio.sleep(0)
    asking[0].cancel()
    answers = await asyncio.gather(*asking[1:])
    assert all(each == answers[0] for each in answers)
    await compare(histories, desk, clock)


async def test_what_is_too_much_is_forgotten_and_told_again(
    database: Database, clock: ManualClock
) -> None:
    small = Histories(database, no_prices(clock), Dailies(), clock, most_positions=1)
    people = [await Desk.open(database) for _ in range(3)]
    for desk in people:
        await desk.record(buy("1", value="100", wallet=desk.main, at=day(3)))
    for _ in range(2):
        for desk in people:
            days = await small.ask(desk.user_id, USD, lambda look: len(look.history.days))
            assert days == (TODAY.date() - day(3).date()).days + 1
