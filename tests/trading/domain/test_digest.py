from collections.abc import Callable
from dataclasses import fields

import pytest

from plimsoll.trading.domain.digest import START, chain, state_digest
from plimsoll.trading.domain.events import AccountOpened, HedgeSet, Refused
from plimsoll.trading.domain.orders import Attached, Order, OrderType
from plimsoll.trading.domain.venue import Venue
from tests.trading.desk import ANNA, BTC, BUY, INDEX, SELL, Desk


def test_a_digest_is_the_same_text_for_ever() -> None:
    """Written down: another Python, or another release of ours, has to find the same."""
    assert chain(START, [AccountOpened(5), HedgeSet(5, hedge=True)]) == (
        "5d4213ec8189730b00cfcd93f8695d86e9b91a5ebeb21618a8064b3ecaddfe79"
    )


def test_the_chain_knows_order_and_history() -> None:
    one, two = AccountOpened(1), AccountOpened(2)
    assert chain(START, [one, two]) != chain(START, [two, one])
    assert chain(START, [one, two]) != chain(chain(START, [one]), [two])
    assert chain(START, [AccountOpened(12)]) != chain(START, [one, two])


def test_text_that_somebody_chose_cannot_imitate_other_events() -> None:
    quoted = Refused("a", "b')account-opened(1)")
    assert chain(START, [quoted]) != chain(START, [Refused("a", "b"), AccountOpened(1)])
    assert chain(START, [Refused("ä", "\u2028")]) != chain(START, [Refused("ä", "\u2029")])


def busy() -> Desk:
    desk = Desk()
    desk.quote([(INDEX - 10, 500)], [(INDEX + 10, 500)])
    desk.place(ANNA, BUY, 30)
    desk.rest(ANNA, SELL, 5, INDEX + 5, client_id="one")
    desk.place(ANNA, SELL, 5, type=OrderType.TRAILING_STOP, callback_ppm=9_000, reduce_only=True)
    return desk


CHANGES: dict[str, Callable[[Venue], object]] = {
    "a wallet": lambda venue: setattr(venue.accounts[ANNA], "wallet", 5),
    "a cost": lambda venue: setattr(
        next(iter(venue.accounts[ANNA].exposures[BTC].positions.values())), "cost", 5
    ),
    "the fees": lambda venue: setattr(venue, "fees", 5),
    "a client id": lambda venue: venue.client_ids.update({(ANNA, "two"): 5}),
    "a mark": lambda venue: setattr(venue.markets[BTC], "mark", 5),
    "what makes the mark": lambda venue: setattr(venue.markets[BTC].marking, "basis_sum", 5),
    "a level": lambda venue: venue.markets[BTC].book.asks.drop(-(INDEX + 5)),
    "what a stop follows": lambda venue: venue.markets[BTC].triggers.reached(
        "mark",  # type: ignore[arg-type]
        INDEX + 9,
    ),
    "an order": lambda venue: setattr(next(iter(venue.orders.values())), "filled", 1),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_part_of_the_state_counts(name: str) -> None:
    desk = busy()
    before = state_digest(desk.venue)
    assert state_digest(desk.venue) == before
    CHANGES[name](desk.venue)
    assert state_digest(desk.venue) != before


@pytest.mark.parametrize("name", [each.name for each in fields(Order)])
def test_every_field_of_an_order_counts(name: str) -> None:
    desk = busy()
    before = state_digest(desk.venue)
    order = next(iter(desk.venue.orders.values()))
    setattr(order, name, (Attached(OrderType.STOP, 5),) if name == "attached" else 77)
    assert state_digest(desk.venue) != before


def test_the_order_in_which_orders_came_counts() -> None:
    desk = busy()
    before = state_digest(desk.venue)
    orders = desk.venue.orders
    first = next(iter(orders))
    orders[first] = orders.pop(first)
    assert state_digest(desk.venue) != before


def test_two_machines_with_the_same_commands_are_equal() -> None:
    one, two = busy(), busy()
    assert (one.chain, state_digest(one.venue)) == (two.chain, state_digest(two.venue))
