"""How somebody's own account stands on the exchange: after each commit, and when a mark moves.

Only accounts of people who watch them are looked at. Where nothing is left of what stands for a
position, its margin ratio is the highest there is; a position that no price ends is infinitely far
from its liquidation, which is why that distance is watched from above only.
"""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import structlog

from plimsoll.alerts.domain.alerts import Origin
from plimsoll.alerts.domain.conditions import Subject, SubjectKind, Value
from plimsoll.alerts.domain.subjects import Aim
from plimsoll.alerts.service.hearing import Tell, Wanted
from plimsoll.kernel.errors import PlimsollError
from plimsoll.kernel.identifiers import UserId
from plimsoll.kernel.money import CONTEXT, ZERO
from plimsoll.trading.domain.units import quantity_of
from plimsoll.trading.service.accounts import AccountLook, PositionLook
from plimsoll.trading.service.broadcasting import Broadcasting, Person

log = structlog.get_logger(__name__)

MILLION: Final = Decimal(1_000_000)
HIGHEST_RATIO: Final = Decimal(1_000)
"""A thousand times what is there would have to be kept: what is more is told as this."""
FAR: Final = Decimal("Infinity")
PLACES: Final = Decimal("1e-8")


@dataclass(slots=True, eq=False)
class _Eyes:
    """Is shown one person's account."""

    hearing: "AccountHearing"
    person: Person
    aims: dict[Subject, Aim] = field(default_factory=dict)
    seen: AccountLook | None = None

    def show(self, look: AccountLook) -> None:
        self.seen = look
        self.hearing.tell(self, self.aims)


class AccountHearing:
    """Follows people through the broadcasting of the exchange."""

    def __init__(self, broadcasting: Broadcasting, tell: Tell) -> None:
        self._broadcasting = broadcasting
        self._tell = tell
        self._eyes: dict[UserId, _Eyes] = {}
        self._whose: dict[Subject, UserId] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, subject: Subject, aim: Aim, wanted: Wanted) -> None:
        user_id = wanted.by
        eyes = self._eyes.get(user_id)
        if eyes is None:
            person = self._broadcasting.follow(user_id)
            eyes = self._eyes[user_id] = _Eyes(self, person)
            person.viewers[eyes] = None
            task = asyncio.create_task(self._find(eyes), name="alert-account")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        eyes.aims[subject] = aim
        self._whose[subject] = user_id

    def leave(self, subject: Subject) -> None:
        user_id = self._whose.pop(subject)
        eyes = self._eyes[user_id]
        del eyes.aims[subject]
        if not eyes.aims:
            del self._eyes[user_id]
            eyes.person.viewers.pop(eyes, None)
            self._broadcasting.leave_person(eyes.person)

    def look(self, subject: Subject) -> None:
        eyes = self._eyes[self._whose[subject]]
        if eyes.seen is not None:
            self.tell(eyes, {subject: eyes.aims[subject]})

    def beat(self) -> None:
        """Nothing to do: the exchange tells."""

    def tell(self, eyes: _Eyes, aims: dict[Subject, Aim]) -> None:
        look = eyes.seen
        assert look is not None
        self._tell([(subject, value_of(aim, look)) for subject, aim in aims.items()], self._origin)

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _find(self, eyes: _Eyes) -> None:
        try:
            await self._broadcasting.find_account(eyes.person)
        except PlimsollError as error:
            log.warning("alert_account_waits", code=error.code)
        if eyes.aims:
            self._broadcasting.refresh([eyes.person])

    def _origin(self, _: Subject) -> Origin:
        return Origin("the paper exchange", self._broadcasting.simulated)


def value_of(aim: Aim, look: AccountLook) -> Value | None:
    """One figure of an account; a position that is not there is 0, and nothing ends it."""
    if aim.kind is SubjectKind.MARGIN_RATIO:
        ratio = look.standing.ratio_ppm
        if ratio is None:
            return HIGHEST_RATIO
        return min(CONTEXT.divide(Decimal(ratio), MILLION), HIGHEST_RATIO)
    positions = [each for each in look.positions if each.instrument.symbol == aim.name]
    if aim.kind is SubjectKind.POSITION:
        return sum((quantity_of(each.instrument, each.quantity) for each in positions), ZERO)
    return min(map(_distance, positions), default=FAR)


def _distance(position: PositionLook) -> Decimal:
    """How far the mark has to go, as a fraction of it; 0 when it is there."""
    price, mark = position.liquidation_price, position.mark
    if price is None or mark <= 0:
        return FAR
    ahead = mark - price if position.quantity > 0 else price - mark
    return CONTEXT.divide(Decimal(max(0, ahead)), Decimal(mark)).quantize(PLACES, context=CONTEXT)
