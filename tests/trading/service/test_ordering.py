"""What a placed order is answered with is what the read models have of it."""

from itertools import islice

import pytest

from plimsoll.trading.domain.commands import PlaceOrder
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS
from plimsoll.trading.engine.applied import Applied
from plimsoll.trading.engine.rows import Projector, Rows
from plimsoll.trading.service.ordering import placed_of
from plimsoll.trading.storage.journal import FILLS
from tests.trading.worlds import World

LISTED = {each.symbol: each for each in DEFAULT_INSTRUMENTS}
COLUMNS = [name for name, _ in FILLS]
SHOWN = ("id", "at_ms", "price", "quantity", "fee", "profit", "maker", "cause", "level", "ahead")


@pytest.mark.parametrize("seed", range(20, 26))
def test_an_answer_made_of_events_is_the_row_that_is_stored(seed: int) -> None:
    world = World(seed)
    venue = world.machine.venue
    seen = filled = 0
    for command in islice(world.commands(), 800):
        applied = Applied(command, world.machine.apply(command), "")
        if not isinstance(command, PlaceOrder) or applied.refusal is not None:
            continue
        rows = Rows()
        Projector().add(rows, applied, settle=venue.settle, fees=venue.fees)
        placed = placed_of(applied, LISTED[command.symbol])
        assert placed.order == rows.orders[placed.order.id]
        fills = [dict(zip(COLUMNS, each, strict=True)) for each in rows.fills]
        mine = [each for each in fills if each["order_id"] == placed.order.id]
        assert [each._asdict() for each in placed.fills] == [
            {name: each[name] for name in SHOWN} for each in mine
        ]
        seen += 1
        filled += bool(mine)
    assert seen > 20
    assert filled > 10
