"""How the sources are is told when one changes."""

from plimsoll.kernel.errors import Unavailable
from plimsoll.markets.domain.feeds import News
from plimsoll.markets.live.sources import SourceChannel
from plimsoll.plumbing.streams.messages import Subscribe
from tests.fakes.clock import ManualClock
from tests.markets.live.hearing import Ear
from tests.markets.service.test_intake import Desk, Named


async def test_a_source_that_fails_and_comes_back_is_told() -> None:
    one, two = Named("one"), Named("two")
    desk = Desk(one, two)
    channel = SourceChannel(desk.intake)
    desk.intake.on_sources.append(channel.touch)
    ear = Ear(ManualClock(), channel)
    (frame,) = await ear.subscribe(Subscribe(channel="sources"))
    assert [(row["name"], row["state"]) for row in frame["sources"]] == [
        ("one", "starting"),
        ("two", "starting"),
    ]
    assert frame["flags"] == []
    desk.intake.take(one, News())
    (update,) = await ear.flush()
    assert update["sources"][0]["state"] == "live"
    assert update["sources"][0]["heard_at"]
    desk.intake.failed(one, Unavailable("cut off"))
    (update,) = await ear.flush()
    row = update["sources"][0]
    assert (row["state"], row["error"], row["detail"]) == ("degraded", "unavailable", "cut off")
    assert await ear.flush() == []
