"""The living parts that tell people, at `app.state.telling`."""

import asyncio
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Request

from plimsoll.access.service.access import Access
from plimsoll.alerts.service.apprising import Apprising
from plimsoll.alerts.service.channels import Channels
from plimsoll.alerts.service.delivering import Delivering
from plimsoll.alerts.service.notifying import Notifying
from plimsoll.alerts.service.sending import Sending, Ways
from plimsoll.plumbing.addresses import Allowed
from plimsoll.plumbing.posting import Poster


class Telling:
    """Channels, deliveries and notifications of one process. What it sends is not under the limits
    of outbound sources: receivers are not known beforehand.
    """

    def __init__(self, access: Access) -> None:
        settings, clock = access.settings, access.clock
        allowed = Allowed.parse(settings.webhook_allowed)
        self.ways = Ways.of(
            settings,
            clock,
            Poster(clock, allowed),
            Apprising(frozenset(settings.apprise_schemes), allowed),
        )
        sending = Sending(self.ways, access.sealer, clock)
        self.channels = Channels(access, self.ways)
        self.notifying = Notifying(access.database, clock)
        self.delivering = Delivering(access.database, clock, sending)
        self._tasks: list[asyncio.Task[None]] = []

    def open(self) -> None:
        """Begin to send and to tell."""
        self._tasks = [
            asyncio.create_task(self.delivering.run(), name="alert-deliveries"),
            asyncio.create_task(self.notifying.run(), name="alert-notifications"),
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self.delivering.close()
        await self.ways.aclose()


def _telling(request: Request) -> Telling:
    telling = request.app.state.telling
    assert isinstance(telling, Telling)
    return telling


TellingDep = Annotated[Telling, Depends(_telling)]
