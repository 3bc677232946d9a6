"""One message through one channel: what is sent, and what the receiver's answer means."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import structlog

from plimsoll.alerts.domain.channels import ChannelId, ChannelKind
from plimsoll.alerts.domain.deliveries import Notification, Outcome, Remedy
from plimsoll.alerts.service.apprising import AppriseMissing, AppriseRefused, Apprising
from plimsoll.alerts.storage.channels import Claimed, Sealed
from plimsoll.kernel.clock import Clock, rfc3339
from plimsoll.kernel.errors import Conflict, PlimsollError
from plimsoll.plumbing.mail import Mailer, MailRefused, MailServer
from plimsoll.plumbing.posting import Poster
from plimsoll.plumbing.sealing import SealBroken, Sealer
from plimsoll.plumbing.webhooks import Secret, sign
from plimsoll.settings import Settings

log = structlog.get_logger(__name__)

_GONE: Final = 410
FIRED: Final = "alert.fired"
TEST: Final = "alert.test"


class MailNotSet(Conflict):
    """The operator has named no mail server, or no sender."""

    code = "mail-not-set"
    title = "This installation sends no e-mail"


@dataclass(frozen=True, slots=True)
class Ways:
    """How messages leave this process."""

    poster: Poster
    apprising: Apprising
    mailer: Mailer | None

    @classmethod
    def of(cls, settings: Settings, clock: Clock, poster: Poster, apprising: Apprising) -> "Ways":
        mailer = None
        if settings.smtp_url is not None and settings.mail_from is not None:
            server = MailServer.parse(settings.smtp_url.get_secret_value())
            mailer = Mailer(server, settings.mail_from, clock)
        return cls(poster, apprising, mailer)

    def get_mailer(self) -> Mailer:
        """Raises MailNotSet."""
        if self.mailer is None:
            raise MailNotSet("the operator sets PLIMSOLL_SMTP_URL and PLIMSOLL_MAIL_FROM")
        return self.mailer

    async def aclose(self) -> None:
        await self.poster.aclose()
        self.apprising.close()
        if self.mailer is not None:
            self.mailer.close()


def seal_name(channel_id: ChannelId) -> str:
    """What the secrets of a channel are sealed for."""
    return f"alert-channel:{channel_id}"


class Sending:
    """Opens what is sealed, and sends."""

    def __init__(self, ways: Ways, sealer: Sealer, clock: Clock) -> None:
        self._ways = ways
        self._sealer = sealer
        self._clock = clock

    async def send(self, channel: Claimed, notification: Notification) -> Outcome:
        """Never raises what a receiver, or the way to it, can cause."""
        try:
            match channel.kind:
                case ChannelKind.WEBHOOK:
                    return await self._post(channel, notification)
                case ChannelKind.EMAIL:
                    return await self._mail(channel, notification)
                case ChannelKind.APPRISE:
                    return await self._ways.apprising.send(
                        self._open(channel, channel.sealed.target),
                        title=notification.title,
                        text=text_of(notification),
                    )
        except (SealBroken, MailRefused, AppriseRefused, AppriseMissing, MailNotSet) as error:
            return Outcome(error.code, _status(error), Remedy.NOTHING)
        except PlimsollError as error:
            return Outcome(error.code, _status(error), retry_after_s=error.retry_after_s or 0.0)

    async def _post(self, channel: Claimed, notification: Notification) -> Outcome:
        body = body_of(notification)
        now = self._clock.now()
        headers = sign(
            body,
            message_id=str(notification.id),
            sent_at_s=int(now.timestamp()),
            secrets=self._secrets(channel, now),
        )
        url = self._open(channel, channel.sealed.target)
        posted = await self._ways.poster.post(url, body, headers)
        if posted.taken:
            return Outcome(None, posted.status)
        if posted.status == _GONE:
            return Outcome("receiver-gone", posted.status, Remedy.SWITCH_OFF)
        redirected = 300 <= posted.status < 400  # noqa: PLR2004 - the class of redirects
        return Outcome(
            "receiver-redirects" if redirected else "receiver-refused",
            posted.status,
            retry_after_s=posted.retry_after_s or 0.0,
        )

    async def _mail(self, channel: Claimed, notification: Notification) -> Outcome:
        mailer = self._ways.get_mailer()
        await mailer.send(
            self._open(channel, channel.sealed.target),
            subject=notification.title,
            text=text_of(notification),
            message_id=str(notification.id),
        )
        return Outcome()

    def _secrets(self, channel: Claimed, now: datetime) -> Sequence[Secret]:
        """The newest first; the one before for as long as it signs along."""
        sealed: Sealed = channel.sealed
        assert sealed.secret is not None, "a webhook signs"
        texts = [self._open(channel, sealed.secret)]
        if sealed.old_secret and sealed.old_secret_until and now < sealed.old_secret_until:
            texts.append(self._open(channel, sealed.old_secret))
        return [Secret.parse(text) for text in texts]

    def _open(self, channel: Claimed, sealed: bytes) -> str:
        return self._sealer.open(sealed, of=seal_name(channel.id)).decode()


def body_of(notification: Notification) -> bytes:
    """What a webhook gets: `type`, `timestamp` of the event, and `data`."""
    is_test = notification.condition_id is None
    data: dict[str, object] = {
        "id": notification.id,
        "title": notification.title,
        "text": notification.body,
    }
    if not is_test:
        data |= {
            "alert_id": notification.condition_id,
            "number": notification.number,
            "subject": {"kind": notification.subject_kind, "of": notification.subject_of},
            "value": notification.value,
        }
    return msgspec.json.encode(
        {
            "type": TEST if is_test else FIRED,
            "timestamp": rfc3339(notification.at),
            "data": data,
        }
    )


def text_of(notification: Notification) -> str:
    """What a person reads elsewhere."""
    return f"{notification.body}\n\n{rfc3339(notification.at)} · {notification.id}\n"


def _status(error: PlimsollError) -> int | None:
    status = error.facts.get("status")
    return status if isinstance(status, int) else None
