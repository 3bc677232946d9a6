"""What people decided about their taxes: elections, treatments, picks, gifts, brokers' forms.

Choices and rows of forms are JSON texts; what they mean is the service's to say.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from plimsoll.kernel.identifiers import TransactionId, UserId
from plimsoll.plumbing.database import ReadUnit, Unit


@dataclass(frozen=True, slots=True)
class Stored:
    """A JSON text and since when it says that."""

    text: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class StoredTreatment:
    transaction_id: TransactionId
    treatment: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class StoredPicks:
    """`picks` is JSON. Of one disposal there may be several records, each as it was made."""

    id: UUID
    transaction_id: TransactionId
    identified_at: datetime
    picks: str
    disposed_at: datetime


@dataclass(frozen=True, slots=True)
class StoredGift:
    transaction_id: TransactionId
    donor_cost: Decimal
    donor_since: datetime | None
    changed_at: datetime


FIND_ELECTIONS = """
    select choices, changed_at from tax_elections where user_id = $1 and jurisdiction = $2
"""
PUT_ELECTIONS = """
    insert into tax_elections (user_id, jurisdiction, choices, changed_at) values ($1, $2, $3, $4)
    on conflict (user_id, jurisdiction)
        do update set choices = excluded.choices, changed_at = excluded.changed_at
"""


async def find_elections(unit: ReadUnit, user_id: UserId, jurisdiction: str) -> Stored | None:
    row = await unit.fetchrow(FIND_ELECTIONS, user_id, jurisdiction)
    return Stored(*row) if row else None


async def put_elections(
    unit: Unit, user_id: UserId, jurisdiction: str, choices: str, *, now: datetime
) -> None:
    await unit.execute(PUT_ELECTIONS, user_id, jurisdiction, choices, now)


PUT_TREATMENT = """
    insert into tax_treatments (user_id, transaction_id, treatment, changed_at)
    values ($1, $2, $3, $4)
    on conflict (user_id, transaction_id)
        do update set treatment = excluded.treatment, changed_at = excluded.changed_at
"""
DROP_TREATMENT = "delete from tax_treatments where user_id = $1 and transaction_id = $2"
LIST_TREATMENTS = """
    select transaction_id, treatment, changed_at from tax_treatments
    where user_id = $1 and ($2::uuid is null or transaction_id > $2)
    order by transaction_id limit $3
"""


async def put_treatment(
    unit: Unit, user_id: UserId, transaction_id: UUID, treatment: str, *, now: datetime
) -> None:
    await unit.execute(PUT_TREATMENT, user_id, transaction_id, treatment, now)


async def drop_treatment(unit: Unit, user_id: UserId, transaction_id: UUID) -> None:
    await unit.execute(DROP_TREATMENT, user_id, transaction_id)


async def list_treatments(
    unit: ReadUnit, user_id: UserId, *, after: UUID | None, limit: int | None
) -> list[StoredTreatment]:
    """By transaction; without a `limit` all of them."""
    rows = await unit.fetch(LIST_TREATMENTS, user_id, after, limit)
    return [StoredTreatment(*row) for row in rows]


ADD_PICKS = """
    insert into tax_picks (id, user_id, transaction_id, identified_at, picks, disposed_at)
    values ($1, $2, $3, $4, $5, $6)
"""
LIST_PICKS = """
    select id, transaction_id, identified_at, picks, disposed_at from tax_picks
    where user_id = $1 and ($2::uuid is null or id > $2) order by id limit $3
"""


async def add_picks(unit: Unit, user_id: UserId, record: StoredPicks) -> None:
    await unit.execute(
        ADD_PICKS,
        record.id,
        user_id,
        record.transaction_id,
        record.identified_at,
        record.picks,
        record.disposed_at,
    )


async def list_picks(
    unit: ReadUnit, user_id: UserId, *, after: UUID | None, limit: int | None
) -> list[StoredPicks]:
    """Every record in the order in which it was made; without a `limit` all of them."""
    rows = await unit.fetch(LIST_PICKS, user_id, after, limit)
    return [StoredPicks(*row) for row in rows]


PUT_GIFT = """
    insert into tax_gifts (user_id, transaction_id, donor_cost, donor_since, changed_at)
    values ($1, $2, $3, $4, $5)
    on conflict (user_id, transaction_id) do update set donor_cost = excluded.donor_cost,
        donor_since = excluded.donor_since, changed_at = excluded.changed_at
"""
DROP_GIFT = "delete from tax_gifts where user_id = $1 and transaction_id = $2"
LIST_GIFTS = """
    select transaction_id, donor_cost, donor_since, changed_at from tax_gifts
    where user_id = $1 and ($2::uuid is null or transaction_id > $2)
    order by transaction_id limit $3
"""


async def put_gift(unit: Unit, user_id: UserId, gift: StoredGift) -> None:
    await unit.execute(
        PUT_GIFT,
        user_id,
        gift.transaction_id,
        gift.donor_cost,
        gift.donor_since,
        gift.changed_at,
    )


async def drop_gift(unit: Unit, user_id: UserId, transaction_id: UUID) -> None:
    await unit.execute(DROP_GIFT, user_id, transaction_id)


async def list_gifts(
    unit: ReadUnit, user_id: UserId, *, after: UUID | None, limit: int | None
) -> list[StoredGift]:
    """By transaction; without a `limit` all of them."""
    rows = await unit.fetch(LIST_GIFTS, user_id, after, limit)
    return [StoredGift(*row) for row in rows]


FIND_FORMS = "select forms, changed_at from tax_broker_forms where user_id = $1 and year = $2"
PUT_FORMS = """
    insert into tax_broker_forms (user_id, year, forms, changed_at) values ($1, $2, $3, $4)
    on conflict (user_id, year)
        do update set forms = excluded.forms, changed_at = excluded.changed_at
"""


async def find_forms(unit: ReadUnit, user_id: UserId, year: int) -> Stored | None:
    row = await unit.fetchrow(FIND_FORMS, user_id, year)
    return Stored(*row) if row else None


async def put_forms(unit: Unit, user_id: UserId, year: int, forms: str, *, now: datetime) -> None:
    await unit.execute(PUT_FORMS, user_id, year, forms, now)
