"""Second factors: sealed secrets of authenticator apps, and hashes of recovery codes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from plimsoll.kernel.identifiers import SessionId, UserId
from plimsoll.plumbing.database import ReadUnit, Unit


@dataclass(frozen=True, slots=True)
class Factor:
    """What a code is checked against; pending until `confirmed_at`."""

    sealed_secret: bytes
    confirmed_at: datetime | None
    last_step: int | None

    @property
    def is_active(self) -> bool:
        return self.confirmed_at is not None


PUT_PENDING = """
    insert into second_factors as f (user_id, sealed_secret, created_at) values ($1, $2, $3)
    on conflict (user_id) do update set sealed_secret = $2, created_at = $3, last_step = null
        where f.confirmed_at is null
    returning true
"""


async def put_pending(unit: Unit, user_id: UserId, *, sealed_secret: bytes, at: datetime) -> bool:
    """Begin anew with a secret; False when one is active already."""
    return await unit.fetchval(PUT_PENDING, user_id, sealed_secret, at) is not None


async def find(unit: ReadUnit, user_id: UserId) -> Factor | None:
    row = await unit.fetchrow(
        "select sealed_secret, confirmed_at, last_step from second_factors where user_id = $1",
        user_id,
    )
    return Factor(*row) if row else None


FIND_PROOF = """
    select f.sealed_secret, f.confirmed_at, f.last_step, s.proved_at
    from second_factors f left join sessions s on s.id = $2 and s.user_id = f.user_id
    where f.user_id = $1 and f.confirmed_at is not null
"""


async def find_proof(
    unit: ReadUnit, user_id: UserId, session_id: SessionId | None
) -> tuple[Factor, datetime | None] | None:
    """The active factor, and when it was last shown in the session."""
    row = await unit.fetchrow(FIND_PROOF, user_id, session_id)
    return (Factor(row[0], row[1], row[2]), row[3]) if row else None


CONFIRM = """
    update second_factors set confirmed_at = $3, last_step = $4
    where user_id = $1 and sealed_secret = $2 and confirmed_at is null
    returning true
"""


async def confirm(
    unit: Unit, user_id: UserId, *, sealed_secret: bytes, at: datetime, step: int
) -> bool:
    """Make the pending secret active; False when it is not the pending one any more."""
    return await unit.fetchval(CONFIRM, user_id, sealed_secret, at, step) is not None


TAKE_STEP = """
    update second_factors set last_step = $3
    where user_id = $1 and sealed_secret = $2 and confirmed_at is not null
        and (last_step is null or last_step < $3)
    returning true
"""


async def take_step(unit: Unit, user_id: UserId, *, sealed_secret: bytes, step: int) -> bool:
    """Use up a step; of any number of callers with one code exactly one gets True."""
    return await unit.fetchval(TAKE_STEP, user_id, sealed_secret, step) is not None


async def remove(unit: Unit, user_id: UserId) -> bool:
    """Forget the factor and its recovery codes; False when there was none."""
    await unit.execute("delete from recovery_codes where user_id = $1", user_id)
    removed = await unit.fetchval(
        "delete from second_factors where user_id = $1 returning true", user_id
    )
    return removed is not None


async def replace_recovery_codes(unit: Unit, user_id: UserId, hashes: Collection[bytes]) -> None:
    await unit.execute("delete from recovery_codes where user_id = $1", user_id)
    await unit.execute(
        "insert into recovery_codes (user_id, hash) select $1, unnest($2::bytea[])",
        user_id,
        list(hashes),
    )


async def count_recovery_codes(unit: ReadUnit, user_id: UserId) -> int:
    count: int = await unit.fetchval(
        "select count(*) from recovery_codes where user_id = $1", user_id
    )
    return count


async def spend_recovery_code(unit: Unit, user_id: UserId, code_hash: bytes) -> bool:
    """Use up a recovery code; of any number of callers with one code exactly one gets True.

    Found by an index over hashes of 120 random bits: how long that takes tells nothing of a code.
    """
    spent = await unit.fetchval(
        "delete from recovery_codes where user_id = $1 and hash = $2 returning true",
        user_id,
        code_hash,
    )
    return spent is not None
