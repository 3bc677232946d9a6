"""Listens to the channels of markets through a real hub, one flush at a time."""

import json
from typing import Any

from starlette.types import Scope

from plimsoll.kernel.clock import Clock
from plimsoll.plumbing.streams.hub import Hub
from plimsoll.plumbing.streams.listeners import Listener
from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.outlets import QueueOutlet
from plimsoll.plumbing.streams.topics import Caller, Channel


class NobodysDoor:
    """Everybody may come in, nobody is known."""

    async def enter(self, scope: Scope) -> Caller | None:
        _ = scope
        return None

    async def sign_in(self, scope: Scope, token: str) -> Caller:
        raise AssertionError(scope, token)

    async def confirm(self, caller: Caller) -> None:
        raise AssertionError(caller)


class Ear:
    """One listener; what it hears is asked for flush by flush."""

    def __init__(self, clock: Clock, *channels: Channel[Any]) -> None:
        self.hub = Hub(clock, NobodysDoor())
        for channel in channels:
            self.hub.register(channel)
        self.outlet = QueueOutlet()
        self.listener: Listener = self.hub.join(self.outlet, key="ear", caller=None)

    async def subscribe(self, request: Subscribe) -> list[dict[str, Any]]:
        """What is asked for, as its snapshots."""
        await self.hub.subscribe(self.listener, request, lambda _: None)
        return await self._take()

    async def flush(self) -> list[dict[str, Any]]:
        """The frames of one flush."""
        await self.hub.flush()
        return await self._take()

    def leave(self) -> None:
        self.hub.leave(self.listener)

    async def _take(self) -> list[dict[str, Any]]:
        if not self.outlet.backlog:
            return []
        lines = (await self.outlet.take()).decode().splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
