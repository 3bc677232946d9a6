"""Paper trading taken into the portfolio over HTTP: when asked for, once, and marked."""

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from plimsoll.app import create_app
from plimsoll.plumbing.database import Database
from plimsoll.routes import API
from plimsoll.settings import Settings
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.router import bookkeeping as bookkeeping_router
from plimsoll.trading.service import bookkeeping
from plimsoll.trading.service.trades import Trades
from tests.conftest import Person
from tests.ledger.calls import buy, holdings, ok, pages
from tests.trading.filling import fill, pay

LISTED = {each.symbol: each for each in DEFAULT_INSTRUMENTS}
PATH = "/account/portfolio-records"
COIN = 10**8


@pytest.fixture
async def app(settings: Settings, database_url: str) -> FastAPI:
    app = create_app(settings, database_url)
    if f"{API}{PATH}" not in {context.path for context in iter_route_contexts(app.routes)}:
        app.include_router(bookkeeping_router.router, prefix=API)
    return app


@pytest.fixture(autouse=True)
def trades(app: FastAPI, client: httpx2.AsyncClient) -> Trades:
    """Beside an open application, with what is listed by default."""
    trades = Trades(app.state.database, lambda: LISTED)
    app.state.trades = trades
    return trades


async def take(person: Person, **body: str) -> Any:
    taken = await ok(person, "POST", PATH, json=body)
    assert (taken["wallet"], taken["simulated"]) == ("paper", True)
    return tuple(taken[name] for name in ("fills", "payments", "transactions", "more"))


async def facts(person: Person) -> list[tuple[str, ...]]:
    """Kind, external id, and what moved in wallets; the oldest first."""
    rows = []
    for row in reversed(await pages(person, "/transactions", 100)):
        moved = [leg["quantity"] for leg in row["legs"] if leg["wallet_id"]]
        rows.append((row["kind"], row["external_id"], *moved))
    return rows


async def balances(person: Person) -> dict[str, tuple[str, str, str]]:
    """Quantity, cost and realised profit by coin."""
    return {
        held["coin_id"]: (held["quantity"], held["cost"], held["realised_profit"])
        for held in await holdings(person, empty="true")
    }


async def test_a_spot_purchase_and_its_sale(ada: Person, database: Database) -> None:
    await fill(database, ada.id, symbol="BTC-USDT", price=5_000_000, quantity=10_000, fee=5 * COIN)
    await fill(
        database, ada.id, symbol="BTC-USDT", side=-1, price=6_000_000, quantity=5_000, fee=COIN
    )
    assert await take(ada) == (2, 0, 2, False)
    assert await facts(ada) == [("buy", "1", "0.1"), ("sell", "2", "-0.05")]
    # 0.05 of 5,005 is left; 3,000 − 1 − 2,502.5 was made
    assert await balances(ada) == {"bitcoin": ("0.05", "2502.5", "496.5")}
    assert (await holdings(ada))[0]["currency"] == "tether"


async def test_profits_losses_and_fees_of_a_perpetual(ada: Person, database: Database) -> None:
    await fill(database, ada.id, fee=2 * COIN)
    await fill(database, ada.id, side=-1, quantity=50, fee=COIN, profit=30 * COIN)
    await fill(database, ada.id, side=-1, quantity=50, fee=-COIN, profit=-10 * COIN)
    assert await take(ada) == (3, 0, 6, False)
    assert await facts(ada) == [
        ("deposit", "deposit-tether-1-fee", "2"),
        ("margin_fee", "1-fee", "-2"),
        ("margin_gain", "2", "30"),
        ("margin_fee", "2-fee", "-1"),
        ("rebate", "3-fee", "1"),
        ("margin_loss", "3", "-10"),
    ]
    assert await balances(ada) == {"tether": ("20", "20", "-13")}


async def test_funding_and_what_a_liquidation_costs(ada: Person, database: Database) -> None:
    await fill(database, ada.id, profit=5 * COIN)
    await pay(database, ada.id, "funding", -COIN)
    await pay(database, ada.id, "funding", 2 * COIN)
    await pay(database, ada.id, "liquidation-fee", -9 * COIN)
    await pay(database, ada.id, "insurance", 3 * COIN)
    await pay(database, ada.id, "deposit", 1_000 * COIN)
    assert await take(ada) == (1, 4, 6, False)
    rows = [(row[0], row[2]) for row in await facts(ada)]
    assert rows == [
        ("deposit", "3"),
        ("margin_gain", "5"),
        ("funding", "-1"),
        ("funding", "2"),
        ("margin_fee", "-9"),
        ("margin_gain", "3"),
    ]
    assert (await balances(ada))["tether"][0] == "3"


async def test_each_says_that_it_is_paper_and_the_wallet_too(
    ada: Person, database: Database
) -> None:
    await buy(ada)
    await fill(database, ada.id, fee=COIN, profit=-COIN)
    await pay(database, ada.id, "funding", -COIN)
    await take(ada)
    names = {row["id"]: row["name"] for row in await pages(ada, "/wallets", 10)}
    rows = [row for row in await pages(ada, "/transactions", 10) if row["source"] != "manual"]
    assert len(rows) == 4
    for row in rows:
        assert (row["source"], row["note"].startswith("paper: ")) == ("paper", True)
        assert {names[leg["wallet_id"]] for leg in row["legs"]} == {"paper"}


async def test_asking_again_adds_only_what_is_new(ada: Person, database: Database) -> None:
    assert await take(ada) == (0, 0, 0, False)
    await fill(database, ada.id, profit=COIN)
    assert await take(ada) == (1, 0, 1, False)
    before = await facts(ada)
    assert await take(ada) == (0, 0, 0, False)
    assert await facts(ada) == before
    await fill(database, ada.id, profit=COIN)
    assert await take(ada) == (1, 0, 1, False)
    assert len(await facts(ada)) == 2


async def test_what_was_voided_stays_out(ada: Person, database: Database) -> None:
    await fill(database, ada.id, profit=COIN)
    await take(ada)
    (row,) = await pages(ada, "/transactions", 10)
    await ok(ada, "POST", f"/transactions/{row['id']}/void")
    assert await take(ada) == (0, 0, 0, False)


async def test_nothing_is_taken_unasked_nor_of_others(
    ada: Person, ben: Person, database: Database
) -> None:
    await fill(database, ada.id, profit=COIN)
    await fill(database, ben.id, profit=COIN)
    assert await facts(ada) == []
    await take(ada)
    assert len(await facts(ada)) == 1
    assert await facts(ben) == []


async def test_what_came_before_a_moment_is_left_out_and_can_follow(
    ada: Person, database: Database
) -> None:
    """The earlier loss is not paid with the later gain."""
    for profit, day in ((-3, 1), (5, 3)):
        await fill(database, ada.id, profit=profit * COIN, at_ms=day * 86_400_000)
    await pay(database, ada.id, "funding", -COIN, at_ms=2 * 86_400_000)
    assert await take(ada, since="1970-01-03T12:00:00Z") == (1, 0, 1, False)
    assert await take(ada) == (1, 1, 3, False)
    assert [row[0] for row in await facts(ada)] == [
        "deposit", "margin_loss", "funding", "margin_gain",
    ]  # fmt: skip
    assert await balances(ada) == {"tether": ("5", "5", "-4")}


async def test_many_are_taken_in_parts(
    ada: Person, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bookkeeping, "MOST_FACTS", 3)
    for number in range(7):
        await fill(database, ada.id, fee=COIN, profit=(number % 2) * 3 * COIN, at_ms=1_000)
    parts: list[Any] = []
    while not parts or parts[-1][3]:
        parts.append(await take(ada))
    assert [part[0] for part in parts] == [3, 3, 1]
    deposits = [row[2] for row in await facts(ada) if row[0] == "deposit"]
    assert (await balances(ada))["tether"][0] == str(9 - 7 + sum(map(int, deposits)))


async def test_with_a_key_the_first_answer_comes_again(ada: Person, database: Database) -> None:
    await fill(database, ada.id, profit=COIN)
    headers = {"Idempotency-Key": "once"}
    first = await ada.http.post(PATH, headers=headers)
    again = await ada.http.post(PATH, headers=headers)
    assert first.json() == again.json()
    assert first.json()["fills"] == 1


async def test_requests_that_are_none(ada: Person, client: httpx2.AsyncClient) -> None:
    bodies: tuple[Any, ...] = (
        {"since": "yesterday"},
        {"since": 5},
        {"until": "2024-01-01T00:00:00Z"},
        [],
    )
    for body in bodies:
        answer = await ada.http.post(PATH, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert (await client.post(PATH)).status_code == 401
