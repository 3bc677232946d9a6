"""The parts that tell people, on a real database, with a clock that is moved by hand."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from plimsoll.access.domain.principals import Principal, Role, Tier, scopes_of
from plimsoll.access.service.access import Access
from plimsoll.alerts.domain.channels import Channel, ChannelId, ChannelKind
from plimsoll.alerts.domain.conditions import ConditionId, Event, Subject, SubjectKind
from plimsoll.alerts.domain.deliveries import Delivery, Notification, WantedDeliveries
from plimsoll.alerts.domain.telling import Told
from plimsoll.alerts.service.channels import NewChannel
from plimsoll.alerts.service.delivering import Delivering
from plimsoll.alerts.service.sending import Sending
from plimsoll.alerts.service.telling import Telling
from plimsoll.alerts.storage import deliveries, notifications
from plimsoll.kernel.identifiers import SessionId, UserId, new_id
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.limits import LocalLimiter
from plimsoll.plumbing.webhooks import Secret
from plimsoll.settings import Settings
from tests.fakes.clock import ManualClock

NUMBERS = count(1)


def person() -> Principal:
    """Somebody who signed in."""
    return Principal(
        UserId(new_id()),
        Role.USER,
        Tier.BEGINNER,
        scopes_of(Role.USER),
        SessionId(new_id()),
        None,
        float("inf"),
    )


class TellingDesk:
    """One process's parts; its loops do not run unless a test says so."""

    def __init__(self, database: Database, folder: Path, **given: Any) -> None:
        self.clock = ManualClock()
        self.database = database
        options: dict[str, Any] = {"data_dir": folder, "webhook_allowed": ("127.0.0.0/8",)}
        settings = Settings(**(options | given))
        self.access = Access(settings, database, self.clock, LocalLimiter(self.clock))
        self.telling = Telling(self.access)
        self.delivering = self.another()

    def another(self) -> Delivering:
        """A worker as in another process, whose pauses are not lengthened."""
        sending = Sending(self.telling.ways, self.access.sealer, self.clock)
        return Delivering(self.database, self.clock, sending, chance=lambda: 0.0)

    async def close(self) -> None:
        await self.delivering.close()
        await self.telling.close()
        await self.access.close()

    async def add_webhook(self, who: Principal, url: str) -> tuple[Channel, Secret]:
        new = NewChannel(ChannelKind.WEBHOOK, "the bot", url)
        channel, secret = await self.telling.channels.add(who, new)
        assert secret is not None
        return channel, secret

    def told(
        self, who: Principal, *, channels: Iterable[ChannelId] = (), in_s: float | None = 0.0
    ) -> Told:
        """An alert that just fired; `in_s` None: never told."""
        now = self.clock.now()
        event = Event(
            ConditionId(UUID(int=7)),
            next(NUMBERS),
            Subject(SubjectKind.PRICE, "btc/usd"),
            Decimal("65000.50"),
            now,
        )
        return Told(
            event,
            who.user_id,
            "btc/usd is above 65000",
            "btc/usd is 65000.5 usd.",
            None if in_s is None else now + timedelta(seconds=in_s),
            tuple(channels),
        )

    async def plan(self, *told: Told) -> None:
        async with self.database.write() as unit:
            await deliveries.plan(unit, told)

    async def list_deliveries(self, who: Principal) -> list[Delivery]:
        async with self.database.read() as unit:
            return await deliveries.list_of(
                unit, who.user_id, WantedDeliveries(), after=None, limit=1_000
            )

    async def only(self, who: Principal) -> Delivery:
        (delivery,) = await self.list_deliveries(who)
        return delivery

    async def list_notifications(self, who: Principal) -> Sequence[Notification]:
        async with self.database.read() as unit:
            return await notifications.list_of(
                unit, who.user_id, unseen=False, after=None, limit=1_000
            )

    async def wait(self, seconds: float) -> None:
        """Let time pass, and send what is due then."""
        self.clock.advance(seconds)
        await self.delivering.drain()
