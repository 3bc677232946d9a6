"""A preview is what then happens, and it leaves no trace."""

from itertools import islice

import pytest

from plimsoll.trading.domain.commands import PlaceOrder
from plimsoll.trading.domain.digest import state_digest
from plimsoll.trading.domain.events import Filled, OrderEnded, OrderTriggered
from plimsoll.trading.domain.invariants import check
from plimsoll.trading.domain.orders import Attached, OrderType, TriggerOn
from plimsoll.trading.domain.previewing import preview, purse_of
from tests.trading.desk import ANNA, BERT, BUY, HOUSE, SELL, Desk, of, order
from tests.trading.worlds import World

SEEDS = range(1, 11)
COMMANDS = 600


@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_what_then_happens_in_any_world(seed: int) -> None:
    world = World(seed)
    venue = world.machine.venue
    seen = 0
    for number, command in enumerate(islice(world.commands(), COMMANDS)):
        if not isinstance(command, PlaceOrder) or not world.begun:
            world.machine.apply(command)
            continue
        where = command.account, command.symbol, command.leg
        before = purse_of(venue, *where)
        digest = state_digest(venue) if number % 5 == 0 else None
        found = preview(venue, command)
        assert digest is None or digest == state_digest(venue)
        assert found.before == before
        assert found.events == world.machine.apply(command)
        assert found.after == purse_of(venue, *where)
        seen += 1
    assert seen > 100
    assert check(venue) == []


def test_what_it_sets_off_is_in_it_and_not_in_the_venue() -> None:
    """A buy lifts the last price to Bert's stop, which buys what is left; his take profit goes."""
    desk = Desk()
    desk.quote([(499_900, 50)], [(500_100, 10), (500_300, 50)])
    desk.place(BERT, BUY, 5, attached=(
        Attached(OrderType.TAKE_PROFIT_MARKET, 500_300, TriggerOn.LAST),
        Attached(OrderType.STOP_MARKET, 490_000),
    ))  # fmt: skip
    digest = state_digest(desk.venue)
    command = PlaceOrder(0, 0, **order(ANNA, BUY, 20))
    found = preview(desk.venue, command)
    assert [each.account for each in of(OrderTriggered, found.events)] == [BERT]
    assert {each.account for each in of(Filled, found.events)} == {ANNA, BERT, HOUSE}
    assert len(of(OrderEnded, found.events)) > 2
    assert state_digest(desk.venue) == digest
    assert desk.place(ANNA, BUY, 20) == found.events


def test_a_refusal_is_all_there_is() -> None:
    desk = Desk()
    found = preview(desk.venue, PlaceOrder(0, 0, **order(ANNA, BUY, 10**6, 500_000)))
    assert found.refusal is not None
    assert found.refusal.code == "insufficient-margin"
    assert found.before == found.after


def test_a_client_id_is_used_once() -> None:
    desk = Desk()
    desk.rest(ANNA, BUY, 5, 499_000, client_id="mine")
    again = preview(desk.venue, PlaceOrder(0, 0, **order(ANNA, BUY, 5, 499_000, client_id="mine")))
    other = preview(desk.venue, PlaceOrder(0, 0, **order(BERT, BUY, 5, 499_000, client_id="mine")))
    assert (again.refusal and again.refusal.code, other.refusal) == ("duplicate-client-id", None)


def test_who_has_no_account_and_what_is_not_listed_is_refused() -> None:
    desk = Desk()
    for command in (
        PlaceOrder(0, 0, **order(99, BUY, 5)),
        PlaceOrder(0, 0, **order(ANNA, BUY, 5) | {"symbol": "NONE"}),
    ):
        found = preview(desk.venue, command)
        assert found.refusal is not None
        assert found.refusal.code in {"unknown-account", "unknown-symbol"}


def test_only_what_is_met_is_copied() -> None:
    """A thousand orders deep in the book cost nothing."""
    desk = Desk(people=(ANNA, *range(10, 30)), money=1_000_000)
    for who in range(10, 30):
        for at in range(50):
            desk.machine.apply(
                PlaceOrder(desk.venue.seq + 1, desk.at_ms, **order(who, SELL, 1, 500_100 + at))
            )
    asked = 0

    class Counted(dict):  # type: ignore[type-arg]
        def __getitem__(self, key: int) -> object:
            nonlocal asked
            asked += 1
            return super().__getitem__(key)

    desk.venue.orders = Counted(desk.venue.orders)
    found = preview(desk.venue, PlaceOrder(0, 0, **order(ANNA, BUY, 3)))
    assert sum(each.quantity for each in of(Filled, found.events) if not each.maker) == 3
    assert asked < 250
