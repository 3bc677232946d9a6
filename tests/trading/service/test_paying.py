"""Beginning anew, where the market does not do what it offered."""

from collections.abc import AsyncIterator

import pytest

from plimsoll.access.domain.principals import Principal, Role, Tier, scopes_of
from plimsoll.kernel.clock import SystemClock
from plimsoll.kernel.errors import PlimsollError
from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.idempotency import Key
from plimsoll.settings import Settings
from plimsoll.trading.domain.commands import (
    CancelAll,
    Deposit,
    PlaceOrder,
    Quote,
    SetIndex,
)
from plimsoll.trading.domain.instruments import MONEY
from plimsoll.trading.domain.orders import OrderType, Side
from plimsoll.trading.engine.genesis import HOUSE
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.once import once
from plimsoll.trading.service.paying import ResetIncomplete, check_limit, reset
from tests.trading.engine.writing import draft

BTC = "BTC-PERP"
PERSON = Principal(
    UserId(new_id()), Role.USER, Tier.BEGINNER, scopes_of(Role.USER), None, None, float("inf")
)


@pytest.fixture
async def exchange(settings: Settings, database: Database) -> AsyncIterator[Exchange]:
    """Somebody has bought 0.1 BTC with 10,000 usdt, and the house would buy it back."""
    exchange = Exchange(settings, database, SystemClock())
    await exchange.open()
    account = await exchange.account_of(PERSON)
    levels = {"bids": ((599_900, 1_000),), "asks": ((600_100, 1_000),)}
    for each in (
        draft(SetIndex, symbol=BTC, index_price=600_000),
        draft(Quote, account=HOUSE, symbol=BTC, **levels),
        draft(Deposit, account=account, asset="tether", amount=10_000 * MONEY),
        draft(
            PlaceOrder,
            account=account,
            symbol=BTC,
            side=Side.BUY,
            type=OrderType.MARKET,
            quantity=100,
        ),
    ):
        await exchange.engine.submit(each)
    yield exchange
    await exchange.close()


async def test_money_is_not_touched_while_a_position_is_open(exchange: Exchange) -> None:
    """The first step was done, and took less than all: asked again with its key, nothing more
    happens; with a new one all of it does.
    """
    key = Key("k", b"a" * 32)
    account = await exchange.account_of(PERSON)
    cancel = [draft(CancelAll, account=account)]
    await once(exchange, PERSON.user_id, key, cancel, part="closing")
    for _ in range(2):
        with pytest.raises(ResetIncomplete) as refused:
            await reset(exchange, PERSON, key, amount=None)
        assert refused.value.facts == {"orders": 0, "positions": 1}
        (fault,) = refused.value.faults
        assert (fault.pointer, fault.code) == ("position:BTC-PERP/net", "not-closed")
        assert "0.1" in fault.message
    wallet = await exchange.read(lambda venue: venue.accounts[account].wallet)
    assert wallet > 9_990 * MONEY
    done = await reset(exchange, PERSON, Key("other", b"a" * 32), amount=3 * MONEY)
    assert len(done.closed) == 1
    assert await exchange.read(lambda venue: venue.accounts[account].wallet) == 3 * MONEY


async def test_a_reset_that_broke_off_between_its_steps_goes_on(exchange: Exchange) -> None:
    """Orders and positions are gone, and the writer was away when the money was to be moved."""
    key = Key("k", b"a" * 32)
    account = await exchange.account_of(PERSON)
    close = draft(
        PlaceOrder,
        account=account,
        symbol=BTC,
        side=Side.SELL,
        type=OrderType.MARKET,
        quantity=0,
        close_position=True,
    )
    drafts = [draft(CancelAll, account=account), close]
    await once(exchange, PERSON.user_id, key, drafts, part="closing")
    done = await reset(exchange, PERSON, key, amount=3 * MONEY)
    assert (len(done.closed), done.replayed) == (1, False)
    assert await exchange.read(lambda venue: venue.accounts[account].wallet) == 3 * MONEY


def test_the_bound_is_a_bound() -> None:
    check_limit(1, held=9, most=10)
    with pytest.raises(PlimsollError):
        check_limit(1, held=10, most=10)
