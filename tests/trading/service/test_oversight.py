"""Everybody in one look, while people trade."""

import asyncio

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.trading.service.oversight import Oversight
from tests.conftest import Person
from tests.operations.desk import pass_between
from tests.trading.floor import Floor


@pytest.fixture
async def floor(app: FastAPI, client: httpx2.AsyncClient) -> Floor:
    floor = Floor(app)
    await floor.open()
    return floor


async def test_every_look_is_of_one_command(
    app: FastAPI, floor: Floor, ada: Person, ben: Person
) -> None:
    for person in (ada, ben):
        await floor.fund(person)
    oversight: Oversight = app.state.oversight
    trading = asyncio.create_task(pass_between(floor, ada, ben, 5))
    seen = set[int]()
    while not trading.done():
        sight = (await oversight.look()).sight
        seen.add(sight.seq)
        assert sum(each.quantity for each in sight.holdings) == 0, "what one has the other owes"
        await asyncio.sleep(0)
    await trading
    assert len(seen) > 1
    last = (await oversight.look()).sight
    assert last.seq == floor.exchange.engine.seq
