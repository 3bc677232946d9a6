"""What is due leaves: several processes may do it at once, and each message is sent at least once.

A channel is claimed before anything is sent through it, for a bounded time and in the database, so
only one sends for it and nobody waits for one whose process died. What was tried is recorded before
the next message is looked at; between sending and recording a crash can lie, and then the message
is sent again, with the same id. A channel that its person changed meanwhile is read anew first.

A channel gets a small batch, one message after the other, and then its turn is over: a hundred
waiting for one receiver do not hold up one for another. After a failure its turn is over at once
and it rests, longer each time (`rest_s`), so a receiver that is down costs one attempt now and then
however much is waiting for it. Beside that each message has its own pauses (`webhooks.pause_s`).
"""

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog
from prometheus_client import Counter

from plimsoll.alerts.domain.deliveries import DeliveryState, Outcome, Remedy, rest_s
from plimsoll.alerts.service.sending import Sending
from plimsoll.alerts.storage import channels, deliveries, notifications
from plimsoll.alerts.storage.channels import Claimed
from plimsoll.alerts.storage.deliveries import Attempt, Waiting
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import PlimsollError
from plimsoll.plumbing.database import Database, Unit
from plimsoll.plumbing.waiting import wait_at_most
from plimsoll.plumbing.webhooks import LONGEST_ASKED_S, pause_s

log = structlog.get_logger(__name__)

DELIVERIES: Final = Counter(
    "alert_deliveries",
    "Attempts to tell somebody outside of the page: sent, failed, dead, or gone.",
    ["kind", "outcome"],
)

POLL_S: Final = 0.5
AT_ONCE: Final = 16
"""Channels of this process."""
BATCH: Final = 20
CLAIM_S: Final = 60.0
TURN_S: Final = 20.0
"""After so long no further message of a batch is begun; with the last one it is well within the
claim.
"""
LAST_WORDS_S: Final = 6.0
"""What is on its way when the service stops has so long to come to an end."""


class Delivering:
    """The worker of one process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sending: Sending,
        *,
        poll_s: float = POLL_S,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`chance`: in [0, 1), lengthens pauses."""
        self._database = database
        self._clock = clock
        self._sending = sending
        self._poll_s = poll_s
        self._chance = chance
        self._woken = asyncio.Event()
        self._turns: set[asyncio.Task[None]] = set()
        self._closing = False

    def wake(self) -> None:
        """Something may be due: look at once."""
        self._woken.set()

    async def run(self) -> None:
        """The schedule loop: until cancelled."""
        while True:
            try:
                await self.tell()
                await self.begin_turns()
            except PlimsollError as error:
                log.warning("alert_delivery_away", code=error.code)
            except Exception:
                log.exception("alert_delivery_failed")
            await wait_at_most(self._woken, self._poll_s)
            self._woken.clear()

    async def tell(self) -> None:
        """Number what is due in the page."""
        now = self._clock.now()
        async with self._database.read() as unit:
            if not await notifications.any_due(unit, now):
                return
        async with self._database.write() as write:
            if await notifications.tell(write, now):
                self.wake()

    async def begin_turns(self) -> None:
        """Claim what has something due, as far as there is room, and send in the background."""
        room = AT_ONCE - len(self._turns)
        if room <= 0 or self._closing:
            return
        now = self._clock.now()
        claimed = await channels.claim(
            self._database, now=now, until=now + timedelta(seconds=CLAIM_S), limit=room
        )
        for channel in claimed:
            task = asyncio.create_task(self._turn(channel), name=f"alert-channel {channel.id}")
            self._turns.add(task)
            task.add_done_callback(self._over)

    async def drain(self) -> None:
        """Send until nothing is due; for whoever has no loop running."""
        while True:
            await self.begin_turns()
            if not self._turns:
                return
            await asyncio.wait(set(self._turns), return_when=asyncio.FIRST_COMPLETED)

    async def close(self) -> None:
        """Begin nothing more, and let what is on its way arrive."""
        self._closing = True
        if turns := set(self._turns):
            _, late = await asyncio.wait(turns, timeout=LAST_WORDS_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _over(self, task: "asyncio.Task[None]") -> None:
        self._turns.discard(task)
        self.wake()

    async def _turn(self, channel: Claimed) -> None:
        """The consumer loop of one channel."""
        try:
            await self._send_batch(channel)
        except PlimsollError as error:
            log.warning("alert_turn_cut_short", channel=str(channel.id), code=error.code)
        except Exception:
            log.exception("alert_turn_failed", channel=str(channel.id))

    async def _send_batch(self, channel: Claimed) -> None:
        began = self._clock.monotonic()
        async with self._database.read() as unit:
            batch = await deliveries.list_due(unit, channel.id, now=self._clock.now(), limit=BATCH)
        if not batch:
            await self._let_go(channel)
            return
        last = batch[-1]
        for waiting in batch:
            sent_at = self._clock.monotonic()
            outcome = await self._try(channel, waiting)
            attempt = self._judge(waiting, outcome, self._clock.monotonic() - sent_at)
            _count(channel, attempt, outcome)
            late = self._clock.monotonic() - began > TURN_S
            is_over = outcome.error is not None or waiting is last or late or self._closing
            if not is_over:
                if await deliveries.record_alone(self._database, attempt, channel):
                    continue
                await self._let_go(channel)  # changed meanwhile: read anew in the next turn
                return
            async with self._database.write() as unit:
                # The channel first, as whoever switches it off locks them.
                await self._release(unit, channel, outcome)
                await deliveries.record(unit, attempt, channel)
            return

    async def _try(self, channel: Claimed, waiting: Waiting) -> Outcome:
        """What nobody has foreseen is an attempt too: unrecorded, the message would be the first
        of every turn, and nothing behind it would ever leave.
        """
        try:
            return await self._sending.send(channel, waiting.notification)
        except Exception:
            log.exception("alert_not_sent", channel=str(channel.id), kind=channel.kind.value)
            return Outcome("not-sent")

    async def _let_go(self, channel: Claimed) -> None:
        async with self._database.write() as unit:
            now = self._clock.now()
            await channels.release(unit, channel, rests_until=now, failures=channel.failures)

    async def _release(self, unit: Unit, channel: Claimed, outcome: Outcome) -> None:
        now = self._clock.now()
        if outcome.remedy is Remedy.SWITCH_OFF:
            assert outcome.error is not None
            await channels.switch_off(unit, channel.id, because=outcome.error, at=now)
        failures = channel.failures + 1 if outcome.remedy is not Remedy.NOTHING else 0
        failures = failures if outcome.error else 0
        rest = timedelta(0)
        if failures:
            asked_s = min(outcome.retry_after_s, LONGEST_ASKED_S)
            rest = timedelta(seconds=rest_s(failures, asked_s=asked_s))
        await channels.release(unit, channel, rests_until=now + rest, failures=failures)

    def _judge(self, waiting: Waiting, outcome: Outcome, took_s: float) -> Attempt:
        """What becomes of a message after an attempt."""
        now = self._clock.now()
        state, due_at = DeliveryState.SENT, None
        if outcome.error is not None:
            state = DeliveryState.DEAD
            pause = pause_s(
                waiting.attempts + 1, chance=self._chance(), retry_after_s=outcome.retry_after_s
            )
            if outcome.remedy is Remedy.LATER and pause is not None:
                due_at = now + timedelta(seconds=pause)
                if due_at <= waiting.gives_up_at:
                    state = DeliveryState.WAITING
                else:
                    due_at = None
        return Attempt(
            waiting.id, state, now, int(took_s * 1000), outcome.status, outcome.error, due_at
        )


def _count(channel: Claimed, attempt: Attempt, outcome: Outcome) -> None:
    if outcome.remedy is Remedy.SWITCH_OFF:
        word = "gone"
    else:
        word = "failed" if attempt.state is DeliveryState.WAITING else attempt.state.value
    DELIVERIES.labels(channel.kind.value, word).inc()
    if outcome.error is not None:
        log.info(
            "alert_not_delivered",
            kind=channel.kind.value,
            channel=str(channel.id),
            error=outcome.error,
            status=outcome.status,
            outcome=word,
        )
