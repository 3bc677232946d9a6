"""A venue that was stored and made again is the same venue, and goes on the same way."""

from collections.abc import Iterator
from dataclasses import fields
from itertools import islice
from typing import NamedTuple

import msgspec
import pytest

from plimsoll.trading.domain.accounts import Account, Exposure, Position
from plimsoll.trading.domain.commands import AmendOrder, Deposit, PassTime
from plimsoll.trading.domain.digest import state_digest
from plimsoll.trading.domain.invariants import check
from plimsoll.trading.domain.machine import Machine
from plimsoll.trading.domain.orders import Order, OrderType
from plimsoll.trading.domain.purses import MOST_AMOUNT
from plimsoll.trading.domain.restoring import (
    AccountFacts,
    ExposureFacts,
    MarketFacts,
    OrderFacts,
    PositionFacts,
    Snapshot,
    take,
    venue_of,
)
from plimsoll.trading.domain.venue import Market, Venue
from tests.trading.desk import ANNA, BERT, BTC, BUY, INDEX, SELL, Desk
from tests.trading.worlds import World

ENCODER = msgspec.json.Encoder()
DECODER = msgspec.json.Decoder(Snapshot)


def stored(venue: Venue) -> bytes:
    return ENCODER.encode(take(venue))


def restored(venue: Venue) -> Machine:
    return Machine(venue_of(DECODER.decode(stored(venue))))


class Twin(NamedTuple):
    """A machine made again, and the number of the last command it is followed to."""

    machine: Machine
    until: int


def followed(world: World, commands: int, *, every: int, length: int) -> Iterator[list[str]]:
    """Run a world; after each `every`th command a twin is made that does the following `length`
    commands too. What differs, in words.
    """
    venue = world.machine.venue
    twins: list[Twin] = []
    for number, command in enumerate(islice(world.commands(), commands), 1):
        events = world.machine.apply(command)
        yield [
            f"command {number}, twin until {until}: {told}"
            for machine, until in twins
            if (told := machine.apply(command)) != events
        ]
        if number % every == 0:
            digest = state_digest(venue)
            for machine, until in twins:
                if state_digest(machine.venue) != digest:
                    yield [f"command {number}, twin until {until}: another state"]
            twins = [each for each in twins if each.until > number]
            twins.append(Twin(restored(venue), number + length))


@pytest.mark.parametrize("seed", range(30, 36))
def test_a_restored_machine_goes_on_like_the_one_that_never_stopped(seed: int) -> None:
    for differences in followed(World(seed), 900, every=60, length=300):
        assert not differences


@pytest.mark.parametrize("seed", range(40, 44))
def test_at_any_moment_what_is_restored_is_equal(seed: int) -> None:
    world = World(seed)
    venue = world.machine.venue
    for number, command in enumerate(islice(world.commands(), 600)):
        world.machine.apply(command)
        if number % 7 == 0:
            again = restored(venue).venue
            assert state_digest(again) == state_digest(venue)
            assert check(again) == []
            assert stored(again) == stored(venue), "and in the same order"


def lists(venue: Venue) -> list[list[int]]:
    """Ids in the orders that decide what is cancelled first."""
    return [
        list(orders)
        for account in venue.accounts.values()
        for exposure in account.exposures.values()
        for orders in (exposure.orders, exposure.reducing)
    ]


def test_the_order_in_which_orders_are_cancelled_survives_an_amend() -> None:
    desk = Desk()
    first = desk.rest(ANNA, BUY, 5, INDEX - 50)
    second = desk.rest(ANNA, BUY, 5, INDEX - 40)
    desk.do(AmendOrder, account=ANNA, order=first, price=INDEX - 60)
    assert list(desk.venue.orders) == [second, first]
    assert lists(restored(desk.venue).venue) == lists(desk.venue)


def test_the_queue_at_a_price_survives_an_amend() -> None:
    """Who has moved to a price comes last there, though the order is the oldest."""
    desk = Desk()
    first = desk.rest(ANNA, BUY, 5, INDEX - 50)
    second = desk.rest(BERT, BUY, 5, INDEX - 40)
    desk.do(AmendOrder, account=ANNA, order=first, price=INDEX - 40)
    again = restored(desk.venue).venue
    assert [each.id for each in again.markets[BTC].book.orders()] == [second, first]


def test_amounts_beyond_64_bits_are_kept() -> None:
    desk = Desk()
    desk.do(Deposit, account=ANNA, asset="tether", amount=MOST_AMOUNT)
    again = restored(desk.venue).venue
    assert again.accounts[ANNA].wallet == desk.wallet(ANNA) > 2**64
    assert state_digest(again) == state_digest(desk.venue)


def test_a_snapshot_does_not_follow_what_happens_later() -> None:
    desk = Desk()
    desk.quote([(INDEX - 10, 500)], [(INDEX + 10, 500)])
    desk.place(ANNA, BUY, 30)
    desk.rest(ANNA, SELL, 5, INDEX + 5)
    snapshot, digest = take(desk.venue), state_digest(desk.venue)
    machine = Machine(venue_of(snapshot))
    desk.walk(INDEX + 300)
    desk.place(BERT, SELL, 10)
    command = PassTime(machine.venue.seq + 1, desk.at_ms)
    machine.apply(command)
    assert state_digest(venue_of(snapshot)) == digest != state_digest(desk.venue)


def test_a_trailing_stop_goes_on_from_its_best_price() -> None:
    desk = Desk()
    desk.quote([(INDEX - 10, 500)], [(INDEX + 10, 500)])
    desk.place(ANNA, BUY, 30)
    stop = desk.rest(
        ANNA, SELL, 5, type=OrderType.TRAILING_STOP, callback_ppm=9_000, reduce_only=True
    )
    desk.walk(INDEX + 1_000)
    followed_to = restored(desk.venue).venue.orders[stop].best_price
    assert INDEX < followed_to <= INDEX + 1_000


COVERED = [
    (Order, OrderFacts, {}),
    (Account, AccountFacts, {"spot_orders": "spot_symbols"}),
    (Position, PositionFacts, {"": "leg"}),
    (Exposure, ExposureFacts, {"orders": "", "reducing": ""}),
    (Venue, Snapshot, {"unchecked": "", "": "client_orders"}),
    (
        Market,
        MarketFacts,
        {"holders": "", "triggers": "watched_mark", "alarms": "", "": "watched_last"},
    ),
]


@pytest.mark.parametrize(("kind", "facts", "renamed"), COVERED)
def test_no_field_is_forgotten(kind: type, facts: type, renamed: dict[str, str]) -> None:
    """What is left out, or has another name, is said here."""
    named = {each.name for each in fields(kind)}
    expected = (named - set(renamed)) | {each for each in renamed.values() if each}
    names = getattr(facts, "_fields", None) or [each.name for each in fields(facts)]
    assert set(names) == expected
    if kind is Order:
        assert list(names) == [each.name for each in fields(kind)]
