"""Which units a recorded disposal could be of, and which of them somebody said it is of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from plimsoll.kernel.identifiers import AssetId, TransactionId, UserId
from plimsoll.ledger.service import reading
from plimsoll.tax.domain.calendars import day_of
from plimsoll.tax.domain.choices import Choices
from plimsoll.tax.domain.report import Names
from plimsoll.tax.domain.rulesets import Ruleset
from plimsoll.tax.service import calculating, decisions
from plimsoll.tax.service.calculating import Identifiable
from plimsoll.tax.service.decisions import PickRecord
from plimsoll.tax.service.gathering import gather
from plimsoll.tax.service.runs import TaxRuns, get_ruleset

JUST_AFTER: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Identified:
    """`in_time`: what is said now counts. `record`: what was said and counts among what was, also
    where it was taken back; whether it was in time it says itself.
    """

    ruleset: Ruleset
    currency: AssetId
    transaction_id: TransactionId
    disposed_at: datetime
    in_time: bool
    record: PickRecord | None
    found: Identifiable
    names: Names


async def identify(
    tax: TaxRuns, user_id: UserId, jurisdiction: str, transaction_id: UUID
) -> Identified:
    """Nothing that happened after the disposal is looked at.

    Raises UnknownJurisdiction, TransactionNotFound, MethodNotAllowed, AllocationDoesNotFit.
    """
    ruleset, of = get_ruleset(jurisdiction), TransactionId(transaction_id)
    async with tax.database.read() as unit:
        recorded = await reading.get_transaction(unit, user_id, of)
        records = await decisions.list_picks(unit, user_id, after=None, limit=None)
    at = recorded.transaction.occurred_at
    gathered = await gather(
        tax.database,
        tax.valuing,
        user_id,
        ruleset,
        ruleset.year_of(day_of(at, ruleset.country.zone)),
        until=at + JUST_AFTER,
        change=_as_elected,
        told=_nobody,
    )
    found = await tax.calculate(calculating.identify, gathered.input.document, of, at)
    async with tax.database.read() as unit:
        names = await tax.load_names(unit, user_id, gathered.assets)
    return Identified(
        ruleset,
        gathered.currency,
        of,
        at,
        tax.clock.now() <= at,
        decisions.record_that_counts([each for each in records if each.transaction_id == of]),
        found,
        names,
    )


def _as_elected(choices: Choices) -> Choices:
    return choices


async def _nobody(_: int) -> None:
    pass
