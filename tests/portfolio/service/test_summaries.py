"""A summary is never older than what was acknowledged before it was asked for."""

import asyncio
import json

import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.service.purchases import Purchases
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import Database
from plimsoll.portfolio.domain.valuation import Valuation
from plimsoll.portfolio.service.summaries import Summaries
from tests.fakes.clock import ManualClock
from tests.ledger.desk import Desk
from tests.ledger.entries import EUR, USD, buy, day
from tests.ledger.quoted import STALE_AFTER_S, no_prices, say


def write(valuation: Valuation, currency: AssetId) -> bytes:
    return json.dumps(
        {
            "currency": currency,
            "quantity": [str(line.quantity.normalize()) for line in valuation.lines],
            "value": str(valuation.value.normalize()),
            "stale": valuation.stale,
            "unvalued": [part.asset_id for part in valuation.unvalued],
        }
    ).encode()


class Reader:
    """A person who reads their summary, and how often it had to be written."""

    def __init__(self, database: Database, prices: Prices, clock: ManualClock, desk: Desk) -> None:
        self._summaries = Summaries(database, prices, clock)
        self._desk = desk
        self.written = 0

    async def read(self, currency: AssetId = USD) -> dict[str, object]:
        def count(valuation: Valuation, currency: AssetId) -> bytes:
            self.written += 1
            return write(valuation, currency)

        body = await self._summaries.read(self._desk.user_id, currency, count)
        answer: dict[str, object] = json.loads(body)
        return answer


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def prices(clock: ManualClock) -> Prices:
    prices = no_prices(clock)
    say(prices, "bitcoin", "10")
    return prices


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await Desk.open(database)


@pytest.fixture
def reader(database: Database, prices: Prices, clock: ManualClock, desk: Desk) -> Reader:
    return Reader(database, prices, clock, desk)


async def test_an_empty_desk_is_worth_nothing(reader: Reader) -> None:
    assert (await reader.read())["value"] == "0"


async def test_a_summary_is_written_once_while_nothing_changes(reader: Reader, desk: Desk) -> None:
    await desk.record(buy("2", value="5", wallet=desk.main))
    answers = [await reader.read() for _ in range(5)]
    assert {str(answer["value"]) for answer in answers} == {"2E+1"}
    assert reader.written == 1


async def test_every_write_is_in_the_next_answer(
    reader: Reader, desk: Desk, database: Database
) -> None:
    purchases = Purchases(database)
    for number in range(1, 41):
        bought = buy("1", value="5", wallet=desk.main, at=day(number))
        if number % 2 or await purchases.find_recorded(desk.user_id, bought) is None:
            await desk.record(bought)
        assert [float(str(each)) for each in (await reader.read())["quantity"]] == [number]  # type: ignore[attr-defined]


async def test_writes_of_another_process_are_seen_as_well(
    database_url: str, prices: Prices, clock: ManualClock
) -> None:
    """Two instances on two pools; each writes, both read."""
    one = await Database.connect(database_url, pool_size=3)
    two = await Database.connect(database_url, pool_size=3)
    try:
        desk = await Desk.open(one)
        other = Desk(two, desk.user_id, desk.wallets)
        readers = [Reader(one, prices, clock, desk), Reader(two, prices, clock, desk)]
        for number in range(1, 21):
            writer = (desk, other)[number % 2]
            await writer.record(buy("1", value="5", wallet=desk.main, at=day(number)))
            answers = await asyncio.gather(*(reader.read() for reader in readers))
            assert [answer["value"] for answer in answers] == [answers[0]["value"]] * 2
            assert float(str(answers[0]["value"])) == 10 * number
    finally:
        await one.close()
        await two.close()


async def test_readers_amid_writes_never_go_back(reader: Reader, desk: Desk) -> None:
    done = 0

    async def keep_writing() -> None:
        nonlocal done
        for number in range(1, 31):
            await desk.record(buy("1", value="5", wallet=desk.main, at=day(number)))
            done = number

    async def keep_reading() -> None:
        last = 0.0
        while done < 30:
            acknowledged = done
            seen = float(str((await reader.read())["value"])) / 10
            assert seen >= max(acknowledged, last)
            last = seen

    await asyncio.gather(keep_writing(), *(keep_reading() for _ in range(4)))


async def test_a_new_price_is_in_the_next_answer(
    reader: Reader, desk: Desk, prices: Prices
) -> None:
    await desk.record(buy("2", value="5", wallet=desk.main))
    assert (await reader.read())["value"] == "2E+1"
    say(prices, "bitcoin", "10.5")
    assert (await reader.read())["value"] == "21"


async def test_prices_go_stale_by_themselves(
    reader: Reader, desk: Desk, clock: ManualClock, prices: Prices
) -> None:
    """No write and no price: the time alone changes the answer."""
    await desk.record(buy("2", value="5", wallet=desk.main))
    assert (await reader.read())["stale"] is False
    clock.advance(STALE_AFTER_S - 1)
    assert (await reader.read())["stale"] is False
    assert reader.written == 1
    clock.advance(2)
    assert (await reader.read())["stale"] is True
    say(prices, "bitcoin", "10")
    assert (await reader.read())["stale"] is False


async def test_an_answer_of_a_middle_aged_price_goes_stale_in_time(
    reader: Reader, desk: Desk, clock: ManualClock
) -> None:
    clock.advance(STALE_AFTER_S / 2)
    await desk.record(buy("2", value="5", wallet=desk.main))
    assert (await reader.read())["stale"] is False
    clock.advance(STALE_AFTER_S / 2 + 1)
    assert (await reader.read())["stale"] is True


async def test_a_stale_rate_of_a_cost_makes_the_answer_stale_in_time(
    reader: Reader, desk: Desk, clock: ManualClock, prices: Prices
) -> None:
    say(prices, "eur", "1.25")
    await desk.record(buy("2", value="5", wallet=desk.main, currency=EUR))
    clock.advance(100)
    say(prices, "bitcoin", "10")
    assert (await reader.read())["stale"] is False
    clock.advance(81)
    assert (await reader.read())["stale"] is True


async def test_each_currency_and_person_has_their_own_answer(
    reader: Reader, desk: Desk, database: Database, prices: Prices, clock: ManualClock
) -> None:
    say(prices, "eur", "1.25")
    await desk.record(buy("2", value="5", wallet=desk.main))
    assert (await reader.read())["value"] == "2E+1"
    assert (await reader.read(EUR))["value"] == "16"
    stranger = Reader(database, prices, clock, await Desk.open(database))
    assert (await stranger.read())["value"] == "0"


async def test_a_price_that_appears_values_what_was_named(
    reader: Reader, desk: Desk, prices: Prices
) -> None:
    await desk.record(buy("2", value="5", asset=AssetId("cardano"), wallet=desk.main))
    assert (await reader.read())["unvalued"] == ["cardano"]
    say(prices, "cardano", "3")
    assert await reader.read() == {
        "currency": "usd",
        "quantity": ["2"],
        "value": "6",
        "stale": False,
        "unvalued": [],
    }
