"""Showing the second factor: a code of the authenticator app, or a recovery code, each once.

Nothing is counted here: whoever asks for a code counts the wrong ones.
"""

from typing import Final

import structlog

from plimsoll.access.domain import totp
from plimsoll.access.domain.audit import Event, Happening
from plimsoll.access.domain.totp import SecondFactorUsed, SecondFactorWrong
from plimsoll.access.service.access import Access
from plimsoll.access.storage import audit
from plimsoll.access.storage import second_factors as storage
from plimsoll.kernel.errors import Unauthenticated
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import Unit
from plimsoll.plumbing.sealing import SealBroken

log = structlog.get_logger(__name__)

MAX_CODE: Final = 64
"""Characters of a code as it is typed."""


class SecondFactorNeeded(Unauthenticated):
    """The password is right, and the account has a second factor that was not shown."""

    code = "second-factor-needed"
    title = "Send a code of the second factor too"


def sealed_for(user_id: UserId) -> str:
    """What the secret of an app is sealed for."""
    return f"totp:{user_id}"


async def prove(access: Access, user_id: UserId, code: str | None) -> bool:
    """Whether the user has a second factor; if so, `code` has been used up.

    Raises SecondFactorNeeded without a code, SecondFactorWrong and SecondFactorUsed.
    """
    async with access.database.read() as unit:
        factor = await storage.find(unit, user_id)
    if factor is None or not factor.is_active:
        return False
    if code is None:
        raise SecondFactorNeeded("six digits of the authenticator app, or a recovery code")
    await spend(access, user_id, factor, code)
    return True


async def refuse_active(unit: Unit, user_id: UserId) -> None:
    """Raise SecondFactorNeeded where there is an active one."""
    factor = await storage.find(unit, user_id)
    if factor is not None and factor.is_active:
        raise SecondFactorNeeded("it was set up in this moment")


async def spend(access: Access, user_id: UserId, factor: storage.Factor, code: str) -> None:
    """Use up a code of an active factor. Raises SecondFactorWrong and SecondFactorUsed."""
    hashed = totp.hash_recovery_code(code)
    if hashed is not None:
        await _spend_recovery_code(access, user_id, hashed)
        return
    step = take_step(access, user_id, factor, code)

    async def work(unit: Unit) -> bool:
        return await storage.take_step(unit, user_id, sealed_secret=factor.sealed_secret, step=step)

    if not await access.database.transact(work):
        raise SecondFactorUsed("wait for the next code")


def take_step(access: Access, user_id: UserId, factor: storage.Factor, code: str) -> int:
    """The step that `code` proves. Raises SecondFactorWrong and SecondFactorUsed."""
    try:
        secret = access.sealer.open(factor.sealed_secret, of=sealed_for(user_id))
    except SealBroken:
        log.exception("second_factor_not_opened", user=str(user_id))
        raise SecondFactorWrong("its secret cannot be opened here; use a recovery code") from None
    return totp.take_code(secret, code, now=access.clock.now(), last_step=factor.last_step)


async def _spend_recovery_code(access: Access, user_id: UserId, hashed: bytes) -> None:
    async def work(unit: Unit) -> bool:
        if not await storage.spend_recovery_code(unit, user_id, hashed):
            return False
        left = await storage.count_recovery_codes(unit, user_id)
        happening = Happening(
            Event.RECOVERY_CODE_USED, access.clock.now(), user_id=user_id, facts={"left": left}
        )
        await audit.append(unit, happening)
        return True

    if not await access.database.transact(work):
        raise SecondFactorWrong("not a recovery code that is left; each works once")
