"""Where people want to be told: made, confirmed, changed and removed by themselves.

Where a channel leads is checked when it is given and again whenever something is sent. Nothing is
sent to an e-mail address before a code that was sent there has come back: whoever may name any
address could otherwise have us write to strangers.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from plimsoll.access.domain.audit import Event, Fact, Happening
from plimsoll.access.domain.emails import NotAnEmail, normalise_email
from plimsoll.access.domain.principals import Principal
from plimsoll.access.service import audit
from plimsoll.access.service.access import Access
from plimsoll.alerts.domain.channels import (
    MOST_CHANNELS,
    Channel,
    ChannelId,
    ChannelKind,
    ChannelState,
)
from plimsoll.alerts.domain.deliveries import Delivery, DeliveryId
from plimsoll.alerts.service import deliveries as sent
from plimsoll.alerts.service.sending import Ways, seal_name
from plimsoll.alerts.storage import channels, deliveries
from plimsoll.alerts.storage.channels import Code, Sealed
from plimsoll.kernel.errors import Conflict, FieldFault, Invalid, NotFound
from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.plumbing.limits import Charge, Limit, refusal, refused_by
from plimsoll.plumbing.paging import Cut, PageRequest
from plimsoll.plumbing.webhooks import Secret

CODE_LIVES: Final = timedelta(minutes=30)
MOST_TRIES: Final = 5
_SECRET_BYTES: Final = 32
_CODE_DIGITS: Final = 8

CODES: Final = Limit("alert-codes", per_minute=1, burst=5)
"""Messages to addresses that nobody has confirmed yet, of one person."""
TESTS: Final = Limit("alert-tests", per_minute=10, burst=10)


class NoSuchChannel(NotFound):
    code = "alert-channel-not-found"
    title = "No such channel"


class TooManyChannels(Conflict):
    code = "too-many-alert-channels"
    title = "There are enough channels"


class ChannelUnconfirmed(Conflict):
    """The code that was sent to the address has not come back."""

    code = "alert-channel-unconfirmed"
    title = "The address is not confirmed yet"


class ChannelOff(Conflict):
    code = "alert-channel-off"
    title = "The channel is switched off"


class NotForThisKind(Conflict):
    """Only a webhook signs, only an e-mail address is confirmed, and an address is not changed."""

    code = "not-for-this-kind-of-channel"
    title = "A channel of this kind has none"


class WrongCode(Invalid):
    """Another code, or too late, or tried too often: then a new channel is made."""

    code = "wrong-code"
    title = "This is not the code, or not any more"


class StillWaiting(Conflict):
    """It is sent anyway."""

    code = "alert-delivery-waiting"
    title = "The delivery is still on its way"


@dataclass(frozen=True, slots=True)
class NewChannel:
    """`target`: a URL, or an e-mail address."""

    kind: ChannelKind
    name: str
    target: str


@dataclass(frozen=True, slots=True)
class Change:
    """None: as it was."""

    name: str | None = None
    enabled: bool | None = None
    url: str | None = None


class Channels:
    """The use cases of channels, and of what was sent through them."""

    def __init__(self, access: Access, ways: Ways) -> None:
        self._access = access
        self._ways = ways

    async def add(
        self, caller: Principal, new: NewChannel, *, address: str | None = None
    ) -> tuple[Channel, Secret | None]:
        """A channel, and the secret of a webhook, which is shown to nobody again.

        Raises TooManyChannels, what is wrong with where it leads, and MailFailed when the code
        cannot be sent.
        """
        user_id, now = caller.user_id, self._access.clock.now()
        async with self._access.database.read() as unit:
            if await channels.count(unit, user_id) >= MOST_CHANNELS:
                raise TooManyChannels(f"at most {MOST_CHANNELS}")
        channel_id = ChannelId(new_id())
        secret, code, state = None, None, ChannelState.ON
        if new.kind is ChannelKind.EMAIL:
            target = place = _address(new.target)
            state = ChannelState.UNCONFIRMED
            code = await self._send_code(user_id, channel_id, target, now)
        else:
            target, place = new.target, await self._place_of(new.kind, new.target)
        if new.kind is ChannelKind.WEBHOOK:
            secret = Secret(os.urandom(_SECRET_BYTES))
        channel = Channel(
            channel_id, user_id, new.kind, new.name, state, None, place, None, now, now
        )
        sealed = Sealed(
            self._seal(channel_id, target),
            None if secret is None else self._seal(channel_id, secret.reveal()),
        )

        async def work(unit: Unit) -> None:
            await channels.lock_person(unit, user_id)
            if await channels.count(unit, user_id) >= MOST_CHANNELS:
                raise TooManyChannels(f"at most {MOST_CHANNELS}")
            await channels.insert(unit, channel, sealed, code)
            await self._note(unit, Event.CHANNEL_MADE, channel, address)

        await self._access.database.transact(work)
        return channel, secret

    async def confirm(
        self, user_id: UserId, channel_id: ChannelId, code: str, *, address: str | None = None
    ) -> Channel:
        """Whoever reads what was sent there says so. Raises NoSuchChannel, NotForThisKind,
        WrongCode.
        """
        now = self._access.clock.now()

        async def work(unit: Unit) -> Channel | None:
            channel = await self._lock(unit, user_id, channel_id)
            if channel.kind is not ChannelKind.EMAIL:
                raise NotForThisKind("only an e-mail address is confirmed")
            if channel.state is not ChannelState.UNCONFIRMED:
                return channel
            known = await channels.read_code(unit, channel_id)
            if known is None or known.tries >= MOST_TRIES or known.until < now:
                return None
            if not hmac.compare_digest(known.hash, _hash(channel_id, code)):
                await channels.count_try(unit, channel_id)
                return None
            channel = replace(channel, state=ChannelState.ON, changed_at=now)
            await channels.update(unit, channel)
            await self._note(unit, Event.CHANNEL_CONFIRMED, channel, address)
            return channel

        channel = await self._access.database.transact(work)
        if channel is None:  # after the commit: the try counts
            raise WrongCode(
                f"it holds for {CODE_LIVES.seconds // 60} minutes and {MOST_TRIES} tries",
                faults=(FieldFault("#/code", WrongCode.code, "not the code that was sent"),),
            )
        return channel

    async def change(
        self,
        user_id: UserId,
        channel_id: ChannelId,
        wanted: Change,
        *,
        address: str | None = None,
    ) -> Channel:
        """Another name or address, on or off; what waits for one that is off is cancelled.

        Raises NoSuchChannel, NotForThisKind, ChannelUnconfirmed, and what is wrong with the URL.
        """
        async with self._access.database.read() as unit:
            kind = (await get(unit, user_id, channel_id)).kind
        if wanted.url is not None and kind is ChannelKind.EMAIL:
            raise NotForThisKind("another e-mail address is another channel")
        place = None if wanted.url is None else await self._place_of(kind, wanted.url)

        async def work(unit: Unit) -> Channel:
            channel = await self._lock(unit, user_id, channel_id)
            if wanted.enabled is not None and channel.state is ChannelState.UNCONFIRMED:
                raise ChannelUnconfirmed("confirm it with the code that was sent there")
            state, because = channel.state, channel.off_because
            if wanted.enabled is not None:
                state = ChannelState.ON if wanted.enabled else ChannelState.OFF
                because = None
            channel = replace(
                channel,
                name=channel.name if wanted.name is None else wanted.name,
                state=state,
                off_because=because,
                changed_at=self._access.clock.now(),
            )
            if wanted.url is not None and place is not None:
                target = self._seal(channel_id, wanted.url)
                await channels.set_target(unit, channel_id, target, place=place)
                channel = replace(channel, place=place)
            await channels.update(unit, channel)
            facts = {"state": channel.state.value, "moved": wanted.url is not None}
            await self._note(unit, Event.CHANNEL_CHANGED, channel, address, **facts)
            return channel

        return await self._access.database.transact(work)

    async def remove(
        self, user_id: UserId, channel_id: ChannelId, *, address: str | None = None
    ) -> None:
        """With the log of what was sent there. Raises NoSuchChannel."""

        async def work(unit: Unit) -> None:
            channel = await self._lock(unit, user_id, channel_id)
            await channels.delete(unit, channel_id)
            await self._note(unit, Event.CHANNEL_REMOVED, channel, address)

        await self._access.database.transact(work)

    async def sign_anew(
        self,
        user_id: UserId,
        channel_id: ChannelId,
        overlap: timedelta,
        *,
        address: str | None = None,
    ) -> tuple[Channel, Secret]:
        """A new secret; the one before signs along for `overlap`. Raises NoSuchChannel,
        NotForThisKind.
        """
        now = self._access.clock.now()
        secret = Secret(os.urandom(_SECRET_BYTES))
        old_until = now + overlap if overlap else None

        async def work(unit: Unit) -> Channel:
            channel = await self._lock(unit, user_id, channel_id)
            if channel.kind is not ChannelKind.WEBHOOK:
                raise NotForThisKind("only a webhook signs")
            sealed = self._seal(channel_id, secret.reveal())
            await channels.set_secret(unit, channel_id, sealed, old_until=old_until, at=now)
            await self._note(unit, Event.CHANNEL_SECRET_REPLACED, channel, address)
            return replace(channel, old_secret_until=old_until, changed_at=now)

        return await self._access.database.transact(work), secret

    async def test(self, user_id: UserId, channel_id: ChannelId) -> Delivery:
        """Plan a message to this channel alone, tried once. Raises NoSuchChannel, ChannelOff,
        ChannelUnconfirmed, TooManyRequests.
        """
        async with self._access.database.read() as unit:
            channel = await get(unit, user_id, channel_id)
        _check_on(channel)
        await self._spend(user_id, TESTS)

        async def work(unit: Unit) -> Delivery:
            delivery_id = await deliveries.plan_test(
                unit,
                user_id,
                channel_id,
                at=self._access.clock.now(),
                title="A test of this channel",
                body=f"If this can be read, alerts come through “{channel.name}”.",
            )
            return await sent.get(unit, user_id, delivery_id)

        return await self._access.database.transact(work)

    async def resend(self, user_id: UserId, delivery_id: DeliveryId) -> Delivery:
        """Send it once more, under the same id. Raises NoSuchDelivery, StillWaiting, ChannelOff."""

        async def work(unit: Unit) -> Delivery:
            delivery = await sent.get(unit, user_id, delivery_id)
            _check_on(await self._lock(unit, user_id, delivery.channel_id))
            if not await deliveries.resend(unit, delivery_id, at=self._access.clock.now()):
                raise StillWaiting("it is sent anyway")
            return await sent.get(unit, user_id, delivery_id)

        return await self._access.database.transact(work)

    async def _note(
        self, unit: Unit, event: Event, channel: Channel, address: str | None, **facts: Fact
    ) -> None:
        """In the audit log, which outlives the person: so it does not say where a channel leads."""
        now, about = self._access.clock.now(), {"kind": channel.kind.value, **facts}
        entry = Happening(event, now, channel.user_id, str(channel.id), address, about)
        await audit.append(unit, entry)

    async def _lock(self, unit: Unit, user_id: UserId, channel_id: ChannelId) -> Channel:
        channel = await channels.lock(unit, user_id, channel_id)
        if channel is None:
            raise NoSuchChannel("there is none of this id")
        return channel

    async def _place_of(self, kind: ChannelKind, url: str) -> str:
        """What may be shown of a URL that may be called."""
        if kind is ChannelKind.APPRISE:
            return await self._ways.apprising.check(url)
        target = await self._ways.poster.check(url)
        return f"{target.scheme}://{target.authority}/…"

    async def _send_code(
        self, user_id: UserId, channel_id: ChannelId, address: str, now: datetime
    ) -> Code:
        mailer = self._ways.get_mailer()
        await self._spend(user_id, CODES)
        code = f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}}"
        await mailer.send(
            address,
            subject="Confirm this address",
            text=(
                f"Somebody wants alerts of Plimsoll sent to this address. If that is you, this is"
                f" the code:\n\n    {code}\n\nIf it is not, nothing has to be done: without the"
                f" code nothing more is sent here.\n"
            ),
            message_id=str(channel_id),
        )
        return Code(_hash(channel_id, code), now + CODE_LIVES)

    async def _spend(self, user_id: UserId, limit: Limit) -> None:
        ruling = await self._access.limiter.spend([Charge(user_id.hex, limit)])
        if refused := refused_by(ruling):
            raise refusal(refused)

    def _seal(self, channel_id: ChannelId, text: str) -> bytes:
        return self._access.sealer.seal(text.encode(), of=seal_name(channel_id))


async def get(unit: ReadUnit, user_id: UserId, channel_id: ChannelId) -> Channel:
    """Raises NoSuchChannel."""
    channel = await channels.find(unit, user_id, channel_id)
    if channel is None:
        raise NoSuchChannel("there is none of this id")
    return channel


async def list_of(unit: ReadUnit, user_id: UserId, page: PageRequest) -> Cut[Channel]:
    """The latest first. Raises BadCursor."""
    after = page.after(UUID)
    last = after[0] if after else None
    assert last is None or isinstance(last, UUID)
    rows = await channels.list_of(
        unit, user_id, after=ChannelId(last) if last else None, limit=page.limit + 1
    )
    return page.cut(rows, key=lambda channel: (channel.id,))


def _check_on(channel: Channel) -> None:
    if channel.state is ChannelState.UNCONFIRMED:
        raise ChannelUnconfirmed("confirm it with the code that was sent there")
    if channel.state is ChannelState.OFF:
        raise ChannelOff("switch it on first")


def _address(text: str) -> str:
    email = normalise_email(text)
    if not email.isascii():
        message = "an address in ASCII is needed; write such a domain in its xn-- form"
        fault = FieldFault("#/email", NotAnEmail.code, message)
        raise NotAnEmail(message, faults=(fault,))
    return email


def _hash(channel_id: ChannelId, code: str) -> bytes:
    return hashlib.sha256(channel_id.bytes + code.encode()).digest()
