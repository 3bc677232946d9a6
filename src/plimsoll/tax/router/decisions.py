"""HTTP for what a person decides about their taxes: elections, and single transactions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from plimsoll.access.guards import Anyone, Reader, Trader
from plimsoll.kernel.identifiers import TransactionId
from plimsoll.ledger.service.reading import TransactionNotFound
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.service.prices import PricesDep
from plimsoll.plumbing.database import Reading, Writing
from plimsoll.plumbing.paging import Page, Paging
from plimsoll.plumbing.present import Now
from plimsoll.plumbing.problems import problems
from plimsoll.plumbing.shapes import TEXT
from plimsoll.tax.domain.allocation import AllocationDoesNotFit
from plimsoll.tax.domain.elections import MethodNotAllowed, UnknownZone
from plimsoll.tax.domain.rulesets import RULESETS
from plimsoll.tax.schemas.decisions import (
    ElectionsBody,
    ElectionsView,
    FormsBody,
    FormsView,
    GiftBody,
    GiftView,
    JurisdictionsView,
    JurisdictionView,
    PicksBody,
    PickView,
    TreatmentBody,
    TreatmentView,
)
from plimsoll.tax.schemas.identifying import PickableView
from plimsoll.tax.service import decisions
from plimsoll.tax.service.decisions import HeldAfterGiven, NoSuchLeg, NotOfThatYear
from plimsoll.tax.service.identifying import identify
from plimsoll.tax.service.runs import TaxRunsDep, UnknownJurisdiction, get_ruleset
from plimsoll.tax.storage.decisions import StoredGift

router = APIRouter(prefix="/tax", tags=["tax"])

Jurisdiction = Annotated[str, Path(max_length=20, examples=["us"])]
FormYear = Annotated[int, Path(ge=2025, le=9998)]


@router.get("/jurisdictions")
async def list_jurisdictions(_: Anyone, now: Now) -> JurisdictionsView:
    """Whose rules there are, which methods they allow, and for which tax years."""
    return JurisdictionsView(data=[JurisdictionView.of(each, now) for each in RULESETS.values()])


@router.get("/elections/{jurisdiction}", responses=problems(UnknownJurisdiction))
async def read_elections(jurisdiction: Jurisdiction, owner: Reader, unit: Reading) -> ElectionsView:
    """What the caller elected for a jurisdiction, and what may be elected there."""
    ruleset = get_ruleset(jurisdiction, pointer="path:jurisdiction")
    choices, changed_at = await decisions.get_elections(unit, owner.user_id, ruleset.code)
    return ElectionsView.of(
        choices,
        jurisdiction=ruleset.code,
        ruleset=ruleset.name,
        may_choose=ruleset.methods,
        changed_at=changed_at,
    )


@router.put(
    "/elections/{jurisdiction}",
    responses=problems(UnknownJurisdiction, MethodNotAllowed, UnknownAssetField, UnknownZone),
)
async def put_elections(
    jurisdiction: Jurisdiction,
    body: ElectionsBody,
    owner: Trader,
    unit: Writing,
    prices: PricesDep,
    now: Now,
) -> ElectionsView:
    """Elect anew; it replaces what was elected before. Runs that exist stay as they are."""
    ruleset = get_ruleset(jurisdiction, pointer="path:jurisdiction")
    choices = body.choices(prices.catalogue)
    await decisions.put_elections(unit, owner.user_id, ruleset, choices, now=now)
    return ElectionsView.of(
        choices,
        jurisdiction=ruleset.code,
        ruleset=ruleset.name,
        may_choose=ruleset.methods,
        changed_at=now,
    )


@router.get("/treatments")
async def list_treatments(owner: Reader, unit: Reading, page: Paging) -> Page[TreatmentView]:
    """Transactions that count otherwise than their kind does."""
    after = page.after(UUID)
    rows = await decisions.list_treatments(
        unit, owner.user_id, after=UUID(str(after[0])) if after else None, limit=page.limit + 1
    )
    cut = page.cut(rows, lambda each: (str(each.transaction_id),))
    return Page(data=[TreatmentView.of(each) for each in cut.rows], next_cursor=cut.next_cursor)


@router.put("/treatments/{transaction_id}", responses=problems(TransactionNotFound))
async def put_treatment(
    transaction_id: UUID, body: TreatmentBody, owner: Trader, unit: Writing, now: Now
) -> TreatmentView:
    """Say what a transaction is to the tax, in every jurisdiction and year."""
    return TreatmentView.of(
        await decisions.put_treatment(unit, owner.user_id, transaction_id, body.treatment, now=now)
    )


@router.delete(
    "/treatments/{transaction_id}", status_code=204, responses=problems(TransactionNotFound)
)
async def drop_treatment(transaction_id: UUID, owner: Trader, unit: Writing) -> None:
    """Let the transaction count as its kind does."""
    await decisions.drop_treatment(unit, owner.user_id, transaction_id)


@router.get("/picks")
async def list_picks(owner: Reader, unit: Reading, page: Paging) -> Page[PickView]:
    """Every record of which units a disposal meant, in the order in which they were made."""
    after = page.after(UUID)
    rows = await decisions.list_picks(
        unit, owner.user_id, after=UUID(str(after[0])) if after else None, limit=page.limit + 1
    )
    cut = page.cut(rows, lambda each: (str(each.id),))
    return Page(data=[PickView.of(each) for each in cut.rows], next_cursor=cut.next_cursor)


@router.get(
    "/picks/{transaction_id}",
    responses=problems(
        UnknownJurisdiction, TransactionNotFound, MethodNotAllowed, AllocationDoesNotFit
    ),
)
async def read_picks(
    transaction_id: UUID,
    jurisdiction: Annotated[str, Query(max_length=20, pattern=TEXT, examples=["us"])],
    owner: Reader,
    tax: TaxRunsDep,
) -> PickableView:
    """Which units a disposal could be of, by the rules of a jurisdiction, and what was said of it.

    Lots are those that its pool held just before it, as the ledger is now: the first 500, and
    always those that were picked.
    """
    code = get_ruleset(jurisdiction, pointer="query:jurisdiction").code
    return PickableView.of(await identify(tax, owner.user_id, code, transaction_id))


@router.put(
    "/picks/{transaction_id}",
    responses=problems(TransactionNotFound, UnknownAssetField, NoSuchLeg),
)
async def put_picks(
    transaction_id: UUID,
    body: PicksBody,
    owner: Trader,
    unit: Writing,
    prices: PricesDep,
    now: Now,
) -> PickView:
    """Say which units a disposal is of, or each of its legs. The record's moment is now: for a
    disposal of the past it comes too late, and the report says so.
    """
    units = [
        each.named(
            prices.catalogue.resolve_field(each.coin_id, pointer=f"#/units/{place}/coin_id").id
        )
        for place, each in enumerate(body.units)
    ]
    return PickView.of(
        await decisions.record_picks(unit, owner.user_id, transaction_id, units, now=now)
    )


@router.delete("/picks/{transaction_id}", responses=problems(TransactionNotFound))
async def take_back_picks(transaction_id: UUID, owner: Trader, unit: Writing, now: Now) -> PickView:
    """Say that no units in particular are meant; a record like any other, as of now."""
    return PickView.of(
        await decisions.record_picks(unit, owner.user_id, transaction_id, (), now=now)
    )


@router.get("/gifts")
async def list_gifts(owner: Reader, unit: Reading, page: Paging) -> Page[GiftView]:
    """What is known of whoever gave the caller something."""
    after = page.after(UUID)
    rows = await decisions.list_gifts(
        unit, owner.user_id, after=UUID(str(after[0])) if after else None, limit=page.limit + 1
    )
    cut = page.cut(rows, lambda each: (str(each.transaction_id),))
    return Page(data=[GiftView.of(each) for each in cut.rows], next_cursor=cut.next_cursor)


@router.put("/gifts/{transaction_id}", responses=problems(TransactionNotFound, HeldAfterGiven))
async def put_gift(
    transaction_id: UUID, body: GiftBody, owner: Trader, unit: Writing, now: Now
) -> GiftView:
    """Say what a gift had cost its donor, and since when they had it."""
    gift = StoredGift(TransactionId(transaction_id), body.donor_cost, body.donor_since, now)
    return GiftView.of(await decisions.put_gift(unit, owner.user_id, gift))


@router.delete("/gifts/{transaction_id}", status_code=204, responses=problems(TransactionNotFound))
async def drop_gift(transaction_id: UUID, owner: Trader, unit: Writing) -> None:
    """Nothing is known of the donor."""
    await decisions.drop_gift(unit, owner.user_id, transaction_id)


@router.get("/broker-forms/{year}")
async def read_broker_forms(year: FormYear, owner: Reader, unit: Reading) -> FormsView:
    """Rows of the caller's forms 1099-DA of a year."""
    rows, changed_at = await decisions.get_forms(unit, owner.user_id, year)
    return FormsView.of(year, rows, changed_at)


@router.put("/broker-forms/{year}", responses=problems(UnknownAssetField, NotOfThatYear))
async def put_broker_forms(
    year: FormYear, body: FormsBody, owner: Trader, unit: Writing, prices: PricesDep, now: Now
) -> FormsView:
    """Enter what brokers reported; a US report says then what agrees and what does not."""
    rows = body.forms(prices.catalogue, year)
    await decisions.put_forms(unit, owner.user_id, year, rows, now=now)
    return FormsView.of(year, tuple(rows), now)
