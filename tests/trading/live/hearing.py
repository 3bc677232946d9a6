"""Listens to the channels of the exchange through a real hub, one flush at a time."""

import asyncio
import json
from typing import Any
from uuid import UUID

import msgspec

from plimsoll.access.domain.principals import Principal, Role, Tier, scopes_of
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.identifiers import SessionId, UserId
from plimsoll.plumbing.streams.hub import Hub
from plimsoll.plumbing.streams.outlets import QueueOutlet
from plimsoll.plumbing.streams.topics import Caller
from plimsoll.trading.live.channels import make_channels
from plimsoll.trading.service.broadcasting import Broadcasting
from plimsoll.trading.service.exchange import Exchange
from tests.markets.live.hearing import NobodysDoor


def user_of(account: int) -> UUID:
    """Whose account it is, in worlds where nobody has signed up."""
    return UUID(int=account)


def caller_of(user_id: UUID) -> Caller:
    principal = Principal(
        UserId(user_id),
        Role.USER,
        Tier.BEGINNER,
        scopes_of(Role.USER),
        SessionId(UUID(int=1)),
        None,
        float("inf"),
    )
    return Caller(user_id.hex, principal, float("inf"), {})


class House:
    """The hub of one process with all channels of its exchange."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self.broadcasting = Broadcasting(exchange)
        self.hub = Hub(clock, NobodysDoor(), connections_per_caller=2_000)
        self.channels = {each.name: each for each in make_channels(self.broadcasting)}
        for channel in self.channels.values():
            self.hub.register(channel)

    async def close(self) -> None:
        await self.hub.close()
        await self.broadcasting.close()


class Ear:
    """One connection; what it hears is asked for flush by flush."""

    def __init__(self, house: House, user_id: UUID | None = None) -> None:
        self.hub = house.hub
        self.outlet = QueueOutlet()
        caller = caller_of(user_id) if user_id is not None else None
        self.listener = self.hub.join(self.outlet, key="ear", caller=caller)

    async def subscribe(self, channel: str, **asked: Any) -> None:
        request = msgspec.convert(
            {"op": "subscribe", "channel": channel} | asked,
            type=self.hub.get_channel(channel).request,
        )
        await self.hub.subscribe(self.listener, request, lambda _: None)

    async def hear(self) -> list[dict[str, Any]]:
        """All that was said until now, and what was asked for is there."""
        heard: list[dict[str, Any]] = []
        async with asyncio.timeout(20):
            while True:
                await self.hub.flush()
                heard += await self._take()
                if not self.listener.wanted:
                    return heard
                await asyncio.sleep(0.002)

    async def _take(self) -> list[dict[str, Any]]:
        if not self.outlet.backlog:
            return []
        lines = (await self.outlet.take()).decode().splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]

    async def hear_soon(self) -> list[dict[str, Any]]:
        """The same, when whoever has to look has looked."""
        await asyncio.sleep(0.12)
        return await self.hear()

    def leave(self) -> None:
        self.hub.leave(self.listener)


class Follower:
    """Somebody who comes and goes, and keeps what one of their logs told: frames by number."""

    def __init__(
        self, channel: str, user_id: UUID | None, *, since: int | None = None, **asked: Any
    ) -> None:
        self.channel = channel
        self.user_id = user_id
        self.asked = asked
        self.told: dict[int, dict[str, Any]] = {}
        self.seq = since
        self.state: dict[str, Any] | None = None
        self._ear: Ear | None = None

    @property
    def present(self) -> bool:
        return self._ear is not None

    async def come(self, house: House) -> None:
        self._ear = Ear(house, self.user_id)
        since = {} if self.seq is None else {"since_seq": self.seq}
        await self._ear.subscribe(self.channel, **self.asked, **since)

    async def hear(self) -> None:
        assert self._ear is not None
        for frame in await self._ear.hear():
            assert "op" not in frame, frame
            if frame["type"] == "snapshot":
                assert self.seq is None or frame["seq"] >= self.seq
                self.state = frame
            elif self.seq is not None and frame["seq"] <= self.seq:
                continue  # it was in what came before, as the rules say
            else:
                assert frame["prev"] == self.seq, (frame["prev"], self.seq)
                assert frame["seq"] not in self.told
                self.told[frame["seq"]] = frame
            self.seq = frame["seq"]

    def go(self) -> None:
        assert self._ear is not None
        self._ear.leave()
        self._ear = None

    @property
    def bodies(self) -> dict[int, dict[str, Any]]:
        """What was told, without what belongs to the connection."""
        head = ("sub", "ch", "type", "seq", "prev", "ts_ms", "sym")
        return {
            seq: {name: each for name, each in frame.items() if name not in head}
            for seq, frame in self.told.items()
        }
