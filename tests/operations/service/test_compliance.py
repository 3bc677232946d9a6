"""Cases that real trading opens, and what ends them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.access.service import audit
from plimsoll.app import create_app
from plimsoll.kernel.clock import MILLISECOND
from plimsoll.kernel.errors import Unavailable
from plimsoll.operations.domain.cases import Change, Rule, Severity, State
from plimsoll.operations.service.compliance import Compliance
from plimsoll.operations.storage.cases import CaseId, CaseRow, Sought, list_cases
from plimsoll.plumbing.database import Database, Unit
from plimsoll.trading.domain.commands import PlaceOrder
from plimsoll.trading.domain.orders import OrderType, Side
from plimsoll.trading.engine.applied import Draft
from plimsoll.trading.service.oversight import DAY_MS
from tests.conftest import Person, easy, running
from tests.fakes.clock import ManualClock
from tests.ledger.calls import ok
from tests.operations.desk import Later, compliance_of, kinds, pass_between, trade
from tests.trading.floor import BTC, Floor

OPENED = ("leverage", "opened", "cross")


@pytest.fixture
async def floor(app: FastAPI, client: httpx2.AsyncClient) -> Floor:
    floor = Floor(app)
    await floor.open()
    return floor


@pytest.fixture
def clock(app: FastAPI, floor: Floor) -> Later:
    return Later(app.state.clock)


@pytest.fixture
def compliance(app: FastAPI, clock: Later) -> Compliance:
    return compliance_of(app, clock)


@pytest.fixture
async def bold(floor: Floor, ada: Person) -> Person:
    """A beginner with 10,000 usdt; 5 times that is their limit."""
    await floor.fund(ada)
    await ok(ada, "PUT", "/account/leverage", json={"symbol": BTC, "leverage": 5})
    return ada


async def cases(app: FastAPI, **sought: object) -> list[CaseRow]:
    async with app.state.database.read() as unit:
        return await list_cases(unit, Sought(**sought), before=None, limit=100)  # type: ignore[arg-type]


# -- leverage


async def test_a_beginner_near_the_limit_is_a_case_until_they_are_not(
    app: FastAPI, compliance: Compliance, bold: Person
) -> None:
    await trade(bold, "buy", "0.5")  # 3 times what they have
    assert kinds(await compliance.scan()) == []
    await trade(bold, "buy", "0.28")  # 4.68 times
    assert kinds(await compliance.scan()) == [OPENED]
    (case,) = await cases(app)
    assert (case.rule, str(case.user_id), case.state) == (Rule.LEVERAGE, bold.id, State.OPEN)
    assert case.severity is Severity.LOW
    assert Decimal("0.93") < case.value < Decimal("0.95")
    await trade(bold, "sell", "0.78")
    assert kinds(await compliance.scan()) == [("leverage", "resolved", "cross")]
    assert kinds(await compliance.scan()) == []


async def test_trembling_about_the_level_is_one_case(
    app: FastAPI, compliance: Compliance, bold: Person
) -> None:
    await trade(bold, "buy", "0.77")
    found = kinds(await compliance.scan())
    for side in ("sell", "buy") * 3:  # 4.3 times: between the levels
        await trade(bold, side, "0.06")
        found += kinds(await compliance.scan())
    assert found == [OPENED]
    (case,) = await cases(app)
    assert (case.state, case.version) == (State.OPEN, 1)


async def test_a_case_that_is_over_rests_for_an_hour(
    app: FastAPI, compliance: Compliance, clock: Later, bold: Person
) -> None:
    await trade(bold, "buy", "0.78")
    assert kinds(await compliance.scan()) == [OPENED]
    await trade(bold, "sell", "0.78")
    assert kinds(await compliance.scan()) == [("leverage", "resolved", "cross")]
    await trade(bold, "buy", "0.78")
    assert kinds(await compliance.scan()) == []
    clock.ahead = timedelta(hours=1, minutes=1)
    assert kinds(await compliance.scan()) == [OPENED]
    assert sorted(each.number for each in await cases(app)) == [1, 2]


# -- exposure


async def test_exposure_is_measured_by_the_limit_of_the_venue_or_else_the_threshold(
    app: FastAPI, floor: Floor, bold: Person
) -> None:
    await trade(bold, "buy", "0.5")  # 30,000 usdt
    assert kinds(await compliance_of(app, threshold=10**7).scan()) == []
    found = kinds(await compliance_of(app, threshold=50_000).scan())
    assert sorted(found, key=str) == [
        ("exposure", "opened", "BTC-PERP"),  # 60 % of one symbol
        ("exposure", "opened", None),  # and of one person; all of it is below 80 %
    ]
    (person,) = await cases(app, user_id=bold.id)
    assert person.severity is Severity.MEDIUM
    await trade(bold, "sell", "0.5")
    found = kinds(await compliance_of(app, threshold=50_000).scan())
    assert {kind for _, kind, _ in found} == {"resolved"}
    assert len(found) == 2


# -- conduct


async def test_passing_coins_there_and_back_is_a_case_of_both(
    app: FastAPI, compliance: Compliance, floor: Floor, bold: Person, ben: Person
) -> None:
    await floor.fund(ben)
    await pass_between(floor, bold, ben, 2)
    assert kinds(await compliance.scan()) == []  # 4 fills say nothing yet
    await pass_between(floor, bold, ben, 1)
    assert kinds(await compliance.scan()) == [("self-trades", "opened", BTC)] * 2
    found = await cases(app, rule=Rule.SELF_TRADES)
    assert {str(each.user_id) for each in found} == {bold.id, ben.id}
    assert {each.severity for each in found} == {Severity.HIGH}
    assert kinds(await compliance.scan()) == []


async def test_trading_with_the_house_is_no_arrangement(
    compliance: Compliance, bold: Person
) -> None:
    for side in ("buy", "sell") * 4:
        await trade(bold, side, "0.01")
    assert kinds(await compliance.scan()) == []


async def test_orders_that_trade_nothing(
    app: FastAPI, compliance: Compliance, floor: Floor, bold: Person
) -> None:
    await floor.limit_rate(0)
    account = await floor.fund(bold, 1)

    def draft(seq: int, at_ms: int) -> PlaceOrder:
        return PlaceOrder(seq, at_ms, account, BTC, Side.BUY, OrderType.LIMIT, 1, 590_000)

    drafts: Sequence[Draft] = [draft] * 499
    actor = UUID(bold.id)
    await floor.exchange.engine.submit_all(drafts, actor=actor)
    assert kinds(await compliance.scan()) == []
    await floor.exchange.engine.submit_all([draft], actor=actor)
    assert kinds(await compliance.scan()) == [("order-to-trade", "opened", None)]
    (case,) = await cases(app)
    assert case.value == 500


async def test_being_liquidated_again(
    app: FastAPI, compliance: Compliance, floor: Floor, bold: Person
) -> None:
    await ok(bold, "PUT", "/account/margin-mode", json={"symbol": BTC, "mode": "isolated"})
    for start in (60_000, 46_000):
        await floor.open(str(start))
        await trade(bold, "buy", "0.01")
        for price in range(start - 1_000, start * 3 // 4, -1_000):
            await floor.open(str(price))
    scanned = await compliance.scan()
    assert ("liquidations", "opened", None) in kinds(scanned)
    (case,) = await cases(app, rule=Rule.LIQUIDATIONS)
    assert (case.value, case.severity) == (2, Severity.LOW)


async def test_signing_in_from_a_new_place(
    app: FastAPI, compliance: Compliance, ada: Person
) -> None:
    await compliance.scan()
    sign_in = {"email": ada.email, "password": "correct horse battery"}
    for address, opened in (("203.0.113.9", 1), ("203.0.113.77", 0), ("198.51.100.1", 1)):
        transport = httpx2.ASGITransport(app, client=(address, 50_000))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
            answer = await http.post("/api/v1/auth/login", json=sign_in)
            assert answer.status_code == 200, answer.text
        assert len(kinds(await compliance.scan())) == opened, address
    found = await cases(app, rule=Rule.NEW_PLACE)
    assert {each.matter for each in found} == {"203.0.113.0/24", "198.51.100.0/24"}


# -- nothing is lost, nothing is counted twice


class Died(Unavailable):
    pass


async def test_a_scan_that_dies_leaves_nothing_and_the_next_one_finds_the_same(
    app: FastAPI, compliance: Compliance, floor: Floor, bold: Person, ben: Person
) -> None:
    told: list[str] = []

    async def die(_: Unit, news: Sequence[tuple[CaseId, Change]]) -> None:
        told.extend(change.case.rule.value for _, change in news)
        raise Died

    await floor.fund(ben)
    await pass_between(floor, bold, ben, 3)
    await trade(bold, "buy", "0.78")
    compliance.on_case.append(die)
    for _ in range(2):
        with pytest.raises(Died):
            await compliance.scan()
        assert await cases(app) == []
    compliance.on_case.clear()
    assert [rule for rule, _, _ in kinds(await compliance.scan())] == ["leverage", "self-trades"]
    assert told == ["leverage", "self-trades"] * 2
    (case,) = await cases(app, rule=Rule.SELF_TRADES)  # Ada bought much more of the house
    assert (str(case.user_id), case.value) == (ben.id, 1)


async def test_conduct_is_counted_once_however_often_it_is_folded(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, floor: Floor, bold: Person, ben: Person
) -> None:
    monkeypatch.setattr("plimsoll.trading.service.oversight.FOLDED_AT_ONCE", 7)
    oversight, database = app.state.oversight, app.state.database
    await floor.fund(ben)
    await pass_between(floor, bold, ben, 2)
    await asyncio.gather(*(oversight.fold() for _ in range(4)))
    await trade(bold, "buy", "0.5")
    await asyncio.gather(*(oversight.fold() for _ in range(4)))
    async with database.read() as unit:
        rows = await unit.fetch("select user_id::text, messages, fills from conduct_hours")
        sums: dict[str, list[int]] = {}
        for who, messages, fills in rows:
            known = sums.setdefault(who, [0, 0])
            known[0] += messages
            known[1] += fills
        assert sums == {bold.id: [5, 5], ben.id: [4, 4]}
        day = await oversight.read_day(unit)
    assert day.volume == Decimal(60006) / 2 + 4 * 600


async def test_a_first_fold_begins_with_the_last_day(
    app: FastAPI, floor: Floor, bold: Person
) -> None:
    """Found by looking at a few rows of a journal of any length."""
    await trade(bold, "buy", "0.01")
    await asyncio.sleep(0.02)
    between = app.state.clock.now()
    await asyncio.sleep(0.02)
    await trade(bold, "sell", "0.01")
    floor.exchange.clock = ManualClock(between + DAY_MS * MILLISECOND)
    await app.state.oversight.fold()
    async with app.state.database.read() as unit:
        assert await unit.fetchval("select sum(messages) from conduct_hours") == 1
        assert await unit.fetchval("select sum(fills) from conduct_hours") == 1


async def test_two_processes_open_one_case(
    app: FastAPI, compliance: Compliance, bold: Person
) -> None:
    await trade(bold, "buy", "0.78")
    both = [compliance, *(compliance_of(app) for _ in range(3))]
    scans = await asyncio.gather(*(each.scan() for each in both))
    found = [each for each in scans if each is not None]
    assert sum(len(each.changes) for each in found) == 1
    assert len(await cases(app)) == 1


@pytest.fixture
async def second(floor: Floor, database_url: str, tmp_path: Path) -> AsyncIterator[FastAPI]:
    """A second process on the same database, which does not run the exchange."""
    other = create_app(easy(tmp_path), database_url)
    async with running(other):
        yield other


async def test_a_process_that_stands_by_closes_no_case_about_positions(
    second: FastAPI, app: FastAPI, compliance: Compliance, bold: Person
) -> None:
    await trade(bold, "buy", "0.78")
    await compliance.scan()
    assert kinds(await compliance_of(second).scan()) == []
    (case,) = await cases(app)
    assert case.state is State.OPEN


async def test_what_rules_do_is_in_the_audit_log(
    app: FastAPI, compliance: Compliance, database_url: str, bold: Person
) -> None:
    await trade(bold, "buy", "0.78")
    await compliance.scan()
    await compliance.scan()
    database: Database = app.state.database
    assert (await audit.verify(database)).intact
    async with database.read() as unit:
        rows = await unit.fetch("select facts::text from audit_log where event = 'cases-changed'")
    assert [row["facts"] for row in rows] == ['{"opened": 1}']
