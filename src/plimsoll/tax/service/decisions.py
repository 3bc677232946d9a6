"""What a person decided about their taxes: kept, listed, and put together for a run.

Elections are kept for each jurisdiction. Treatments, picks and gifts are of single transactions and
the same everywhere. A pick is recorded with the moment of its request, and never changed: for a
disposal the last record counts that was made in time, and where none was, the last one, which the
rules then call late.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from plimsoll.kernel.errors import FieldFault, Invalid
from plimsoll.kernel.identifiers import AssetId, TransactionId, UserId, new_id
from plimsoll.ledger.domain.transactions import Leg, Role
from plimsoll.ledger.service import reading
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.tax.domain.choices import Choices, FormRow
from plimsoll.tax.domain.countries import Treatment
from plimsoll.tax.domain.elections import country_of, ways_of
from plimsoll.tax.domain.facts import Pick
from plimsoll.tax.domain.rulesets import Ruleset
from plimsoll.tax.service.facts import Gift, Said
from plimsoll.tax.service.inputs import ENCODER, read_choices, write_choices
from plimsoll.tax.storage import decisions
from plimsoll.tax.storage.decisions import StoredGift, StoredPicks, StoredTreatment


class NotOfThatYear(Invalid):
    """A sale that the forms of a year do not have."""

    code = "not-of-that-year"
    title = "The sale was in another year"


class HeldAfterGiven(Invalid):
    """Nobody gives away what they do not have yet."""

    code = "held-after-given"
    title = "The giver had it only after it was given"


class NoSuchLeg(Invalid):
    """Units are named for a leg that disposes of none such. Of fees nobody says which they are."""

    code = "no-such-leg"
    title = "The leg does not dispose of such units"


class Named(NamedTuple):
    """Units of the acquisition `of`, for the leg of the disposal that has the number `leg`; None:
    for each leg that disposes of the asset.
    """

    of: TransactionId
    asset: AssetId
    quantity: Decimal
    leg: int | None = None


class PickRecord(NamedTuple):
    """What was said about a disposal at one moment; nothing in `units` takes it back."""

    id: UUID
    transaction_id: TransactionId
    disposed_at: datetime
    identified_at: datetime
    units: tuple[Named, ...]

    @property
    def in_time(self) -> bool:
        return self.identified_at <= self.disposed_at


UNITS: Final = msgspec.json.Decoder(tuple[Named, ...])
FORMS: Final = msgspec.json.Decoder(tuple[FormRow, ...])

list_treatments = decisions.list_treatments
list_gifts = decisions.list_gifts


async def get_elections(
    unit: ReadUnit, user_id: UserId, jurisdiction: str
) -> tuple[Choices, datetime | None]:
    """What was chosen and when; nothing chosen is what the law says."""
    stored = await decisions.find_elections(unit, user_id, jurisdiction)
    if stored is None:
        return Choices(), None
    return read_choices(msgspec.json.decode(stored.text)), stored.changed_at


async def put_elections(
    unit: Unit, user_id: UserId, ruleset: Ruleset, choices: Choices, *, now: datetime
) -> None:
    """Elect anew. Raises MethodNotAllowed, UnknownZone."""
    ways_of(ruleset.methods, choices)
    country_of(ruleset.country, choices, any_currency=False)
    text = ENCODER.encode(write_choices(choices)).decode()
    await decisions.put_elections(unit, user_id, ruleset.code, text, now=now)


async def put_treatment(
    unit: Unit, user_id: UserId, transaction_id: UUID, treatment: Treatment, *, now: datetime
) -> StoredTreatment:
    """Raises TransactionNotFound."""
    await reading.get_transaction(unit, user_id, TransactionId(transaction_id))
    await decisions.put_treatment(unit, user_id, transaction_id, treatment.value, now=now)
    return StoredTreatment(TransactionId(transaction_id), treatment.value, now)


async def drop_treatment(unit: Unit, user_id: UserId, transaction_id: UUID) -> None:
    """Nothing happens where there is none. Raises TransactionNotFound."""
    await reading.get_transaction(unit, user_id, TransactionId(transaction_id))
    await decisions.drop_treatment(unit, user_id, transaction_id)


async def put_gift(unit: Unit, user_id: UserId, gift: StoredGift) -> StoredGift:
    """Raises TransactionNotFound, HeldAfterGiven."""
    given = (await reading.get_transaction(unit, user_id, gift.transaction_id)).transaction
    if gift.donor_since is not None and gift.donor_since > given.occurred_at:
        message = f"it was given at {given.occurred_at.isoformat()}"
        fault = FieldFault("#/donor_since", HeldAfterGiven.code, message)
        raise HeldAfterGiven(message, faults=(fault,))
    await decisions.put_gift(unit, user_id, gift)
    return gift


async def drop_gift(unit: Unit, user_id: UserId, transaction_id: UUID) -> None:
    """Nothing happens where there is none. Raises TransactionNotFound."""
    await reading.get_transaction(unit, user_id, TransactionId(transaction_id))
    await decisions.drop_gift(unit, user_id, transaction_id)


async def record_picks(
    unit: Unit, user_id: UserId, transaction_id: UUID, units: Sequence[Named], *, now: datetime
) -> PickRecord:
    """Say which units a disposal is of, as known from `now` on.

    Raises TransactionNotFound, NoSuchLeg.
    """
    found = await reading.get_transaction(unit, user_id, TransactionId(transaction_id))
    check_legs(found.transaction.legs, units)
    record = PickRecord(
        new_id(), found.transaction.id, found.transaction.occurred_at, now, tuple(units)
    )
    await decisions.add_picks(
        unit,
        user_id,
        StoredPicks(
            record.id,
            record.transaction_id,
            record.identified_at,
            ENCODER.encode(record.units).decode(),
            record.disposed_at,
        ),
    )
    return record


def check_legs(legs: Sequence[Leg], units: Sequence[Named]) -> None:
    """Raises NoSuchLeg unless every leg that is named is one by which such units go out."""
    going = {
        (number, leg.asset_id)
        for number, leg in enumerate(legs)
        if leg.role is Role.PRINCIPAL and leg.quantity < 0
    }
    for place, each in enumerate(units):
        if each.leg is not None and (each.leg, each.asset) not in going:
            message = f"leg {each.leg} disposes of no {each.asset}"
            fault = FieldFault(f"#/units/{place}/leg", NoSuchLeg.code, message)
            raise NoSuchLeg(message, faults=(fault,))


async def list_picks(
    unit: ReadUnit, user_id: UserId, *, after: UUID | None, limit: int | None
) -> list[PickRecord]:
    """Every record in the order in which it was made; without a `limit` all of them."""
    return [
        PickRecord(
            each.id,
            each.transaction_id,
            each.disposed_at,
            each.identified_at,
            UNITS.decode(each.picks),
        )
        for each in await decisions.list_picks(unit, user_id, after=after, limit=limit)
    ]


async def get_forms(
    unit: ReadUnit, user_id: UserId, year: int
) -> tuple[tuple[FormRow, ...], datetime | None]:
    stored = await decisions.find_forms(unit, user_id, year)
    return (FORMS.decode(stored.text), stored.changed_at) if stored else ((), None)


async def put_forms(
    unit: Unit, user_id: UserId, year: int, rows: Sequence[FormRow], *, now: datetime
) -> None:
    await decisions.put_forms(unit, user_id, year, ENCODER.encode(rows).decode(), now=now)


async def load_choices(unit: ReadUnit, user_id: UserId, jurisdiction: str, year: int) -> Choices:
    """Everything chosen that a run of `year` is computed with."""
    choices, _ = await get_elections(unit, user_id, jurisdiction)
    treated = await decisions.list_treatments(unit, user_id, after=None, limit=None)
    forms, _ = await get_forms(unit, user_id, year) if jurisdiction == "us" else ((), None)
    return replace(
        choices,
        treatments={each.transaction_id: Treatment(each.treatment) for each in treated},
        forms=forms,
    )


async def load_said(unit: ReadUnit, user_id: UserId, choices: Choices) -> Said:
    """What was said about single transactions."""
    picks = choose_picks(await list_picks(unit, user_id, after=None, limit=None))
    gifts = await decisions.list_gifts(unit, user_id, after=None, limit=None)
    return Said(
        picks,
        {each.transaction_id: Gift(each.donor_cost, each.donor_since) for each in gifts},
        frozenset(choices.treatments),
    )


def choose_picks(records: Sequence[PickRecord]) -> dict[TransactionId, tuple[Pick, ...]]:
    """Of each disposal the record that counts; `records` are in the order of their making."""
    made: dict[TransactionId, list[PickRecord]] = {}
    for record in records:
        made.setdefault(record.transaction_id, []).append(record)
    chosen = {of: record_that_counts(some) for of, some in made.items()}
    return {
        of: tuple(
            Pick(each.of, each.asset, each.quantity, record.identified_at, each.leg)
            for each in record.units
        )
        for of, record in chosen.items()
        if record is not None and record.units
    }


def record_that_counts(records: Sequence[PickRecord]) -> PickRecord | None:
    """Of one disposal's records the last one that was made in time, else the last one."""
    in_time = [record for record in records if record.in_time]
    return next(reversed(in_time or records), None)
