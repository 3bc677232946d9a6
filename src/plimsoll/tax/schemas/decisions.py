"""JSON of what a person decides about their taxes."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from plimsoll.kernel.errors import FieldFault
from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.plumbing.shapes import (
    AssetName,
    Body,
    Day,
    Figure,
    Moment,
    PositiveAmount,
    Text,
    UnsignedAmount,
    View,
)
from plimsoll.tax.domain.allocation import Allocation, Assigned
from plimsoll.tax.domain.choices import Brought, Choices, Filing, FormRow, Way
from plimsoll.tax.domain.countries import Treatment
from plimsoll.tax.domain.lots import Method
from plimsoll.tax.domain.movements import Ref
from plimsoll.tax.domain.results import ShortfallPolicy
from plimsoll.tax.domain.rulesets import Ruleset
from plimsoll.tax.domain.uk import Holder
from plimsoll.tax.schemas.runs import Year
from plimsoll.tax.service.decisions import Named, NotOfThatYear, PickRecord
from plimsoll.tax.service.years import open_years
from plimsoll.tax.storage.decisions import StoredGift, StoredTreatment


class JurisdictionView(View):
    """Rules of a country. `methods`: what may be elected, the first one holds without an election.
    Years are those in which a tax year begins; `last_year` has begun. `year_starts_on` is the month
    and day of that, as `04-06`. Without an election `zone` decides about the day.
    """

    code: str
    title: str
    ruleset: str
    methods: list[Way]
    currency: str
    zone: str
    year_starts_on: str
    first_year: int
    last_year: int

    @classmethod
    def of(cls, ruleset: Ruleset, now: datetime) -> Self:
        first, last = open_years(ruleset, now=now)
        month, day = ruleset.country.year_start
        return cls(
            code=ruleset.code,
            title=ruleset.title,
            ruleset=ruleset.name,
            methods=list(ruleset.methods),
            currency=ruleset.country.currency,
            zone=str(ruleset.country.zone),
            year_starts_on=f"{month:02}-{day:02}",
            first_year=first,
            last_year=last,
        )


class JurisdictionsView(View):
    data: list[JurisdictionView]


LegNumber = Annotated[int, Field(strict=True, ge=0, le=49)]


class MethodBody(Body):
    """From tax year `from_year` on."""

    from_year: Year
    method: Way


class BroughtBody(Body):
    """Losses of earlier years that came into `year`, above zero; `long` is for the US only."""

    year: Year
    short: UnsignedAmount = Decimal(0)
    long: UnsignedAmount = Decimal(0)


class AssignedBody(Body):
    """Units of an acquisition that belong to a wallet."""

    wallet_id: UUID
    transaction_id: UUID
    coin_id: AssetName
    quantity: PositiveAmount


class AllocationBody(Body):
    """How what was pooled by owner came to wallets (US, 1 January 2025): units by name, then lots
    in the order of `method` fill `wallets` in their order.
    """

    units: Annotated[tuple[AssignedBody, ...], Field(max_length=500)] = ()
    method: Method = Method.FIFO
    wallets: Annotated[tuple[UUID, ...], Field(max_length=500)] = ()


class PortfolioBody(Body):
    """What everything was worth just before a disposal (France)."""

    transaction_id: UUID
    leg: LegNumber = 0
    value: PositiveAmount


class ElectionsBody(Body):
    """What is left out is what the law says. `wash_sales_from`: point out losses with a purchase
    near them from that day on (US). `currency`: of the generic rules.
    """

    methods: Annotated[tuple[MethodBody, ...], Field(max_length=50)] = ()
    shortfalls: ShortfallPolicy = ShortfallPolicy.ZERO_BASIS
    holder: Holder = Holder.INDIVIDUAL
    filing: Filing = Filing.SINGLE_OR_JOINT
    zone: Annotated[Text, Field(max_length=64, examples=["America/Chicago"])] = ""
    currency: Annotated[Text, Field(max_length=100, examples=["usd"])] = ""
    brought: Annotated[tuple[BroughtBody, ...], Field(max_length=50)] = ()
    allocation: AllocationBody = AllocationBody()
    portfolios: Annotated[tuple[PortfolioBody, ...], Field(max_length=500)] = ()
    wash_sales_from: Day | None = None

    def choices(self, catalogue: Catalogue) -> Choices:
        """Raises UnknownAssetField."""
        currency = ""
        if self.currency:
            currency = catalogue.resolve_field(self.currency, pointer="#/currency").id
        units = tuple(
            Assigned(
                WalletId(each.wallet_id),
                TransactionId(each.transaction_id),
                catalogue.resolve_field(
                    each.coin_id, pointer=f"#/allocation/units/{place}/coin_id"
                ).id,
                each.quantity,
            )
            for place, each in enumerate(self.allocation.units)
        )
        return Choices(
            methods=tuple(sorted({each.from_year: each.method for each in self.methods}.items())),
            shortfalls=self.shortfalls,
            holder=self.holder,
            filing=self.filing,
            allocation=Allocation(
                units, self.allocation.method, tuple(map(WalletId, self.allocation.wallets))
            ),
            brought={each.year: Brought(each.short, each.long) for each in self.brought},
            zone=self.zone,
            currency=currency,
            portfolios={
                Ref(TransactionId(each.transaction_id), each.leg): each.value
                for each in self.portfolios
            },
            wash_sales_from=self.wash_sales_from,
        )


class ElectionsView(View):
    """`changed_at` null: nothing was elected, and the law's own rules hold. `may_choose`: the
    methods that these rules know, the first of them without a choice.
    """

    jurisdiction: str
    ruleset: str
    may_choose: list[Way]
    changed_at: Moment | None
    elections: ElectionsBody

    @classmethod
    def of(
        cls,
        choices: Choices,
        *,
        jurisdiction: str,
        ruleset: str,
        may_choose: tuple[Way, ...],
        changed_at: Moment | None,
    ) -> Self:
        allocation = choices.allocation
        return cls(
            jurisdiction=jurisdiction,
            ruleset=ruleset,
            may_choose=list(may_choose),
            changed_at=changed_at,
            elections=ElectionsBody(
                methods=tuple(
                    MethodBody(from_year=year, method=way) for year, way in choices.methods
                ),
                shortfalls=choices.shortfalls,
                holder=choices.holder,
                filing=choices.filing,
                zone=choices.zone,
                currency=choices.currency,
                brought=tuple(
                    BroughtBody(year=year, short=each.short, long=each.long)
                    for year, each in sorted(choices.brought.items())
                ),
                allocation=AllocationBody(
                    units=tuple(
                        AssignedBody(
                            wallet_id=each.account,
                            transaction_id=each.of,
                            coin_id=each.asset,
                            quantity=each.quantity,
                        )
                        for each in allocation.units
                    ),
                    method=allocation.method,
                    wallets=tuple(allocation.accounts),
                ),
                portfolios=tuple(
                    PortfolioBody(transaction_id=ref.transaction, leg=ref.leg, value=value)
                    for ref, value in sorted(choices.portfolios.items())
                ),
                wash_sales_from=choices.wash_sales_from,
            ),
        )


class TreatmentBody(Body):
    """What the transaction is to the tax, whatever its kind says."""

    treatment: Treatment


class TreatmentView(View):
    transaction_id: UUID
    treatment: Treatment
    changed_at: Moment

    @classmethod
    def of(cls, stored: StoredTreatment) -> Self:
        return cls(
            transaction_id=stored.transaction_id,
            treatment=Treatment(stored.treatment),
            changed_at=stored.changed_at,
        )


class NamedBody(Body):
    """So many units of the acquisition `transaction_id`, for the disposal's leg number `leg`, from
    0; null: for each leg that disposes of the coin.
    """

    transaction_id: UUID
    coin_id: AssetName
    quantity: PositiveAmount
    leg: LegNumber | None = None

    def named(self, asset: AssetId) -> Named:
        return Named(TransactionId(self.transaction_id), asset, self.quantity, self.leg)


class PicksBody(Body):
    units: Annotated[list[NamedBody], Field(min_length=1, max_length=500)]


class NamedView(View):
    transaction_id: UUID
    coin_id: str
    quantity: Figure
    leg: int | None


class PickView(View):
    """What was said about a disposal, and when. In time is what was said no later than the
    disposal; no units take back what was said before.
    """

    id: UUID
    transaction_id: UUID
    disposed_at: Moment
    identified_at: Moment
    in_time: bool
    units: list[NamedView]

    @classmethod
    def of(cls, record: PickRecord) -> Self:
        return cls(
            id=record.id,
            transaction_id=record.transaction_id,
            disposed_at=record.disposed_at,
            identified_at=record.identified_at,
            in_time=record.in_time,
            units=[
                NamedView(
                    transaction_id=each.of,
                    coin_id=each.asset,
                    quantity=each.quantity,
                    leg=each.leg,
                )
                for each in record.units
            ],
        )


class GiftBody(Body):
    """What a gift had cost whoever gave it, in the currency of the tax, and since when they had
    it.
    """

    donor_cost: UnsignedAmount
    donor_since: Moment | None = None


class GiftView(View):
    transaction_id: UUID
    donor_cost: Figure
    donor_since: Moment | None
    changed_at: Moment

    @classmethod
    def of(cls, stored: StoredGift) -> Self:
        return cls(
            transaction_id=stored.transaction_id,
            donor_cost=stored.donor_cost,
            donor_since=stored.donor_since,
            changed_at=stored.changed_at,
        )


class FormRowBody(Body):
    """A row of form 1099-DA. `cost` null: no basis was reported. `wallet_id`: of that broker, where
    it is known here.
    """

    coin_id: AssetName
    quantity: PositiveAmount
    sold_on: Day
    proceeds: UnsignedAmount
    cost: UnsignedAmount | None = None
    wallet_id: UUID | None = None
    broker: Annotated[Text, Field(max_length=100)] = ""


class FormsBody(Body):
    """All rows of the year; they replace those that were there."""

    rows: Annotated[list[FormRowBody], Field(max_length=1000)]

    def forms(self, catalogue: Catalogue, year: int) -> list[FormRow]:
        """Raises UnknownAssetField, NotOfThatYear."""
        for place, each in enumerate(self.rows):
            if each.sold_on.year != year:
                message = f"{each.sold_on} is not of {year}, as all rows of its forms are"
                fault = FieldFault(f"#/rows/{place}/sold_on", NotOfThatYear.code, message)
                raise NotOfThatYear(message, faults=(fault,))
        return [
            FormRow(
                place,
                WalletId(each.wallet_id) if each.wallet_id else None,
                catalogue.resolve_field(each.coin_id, pointer=f"#/rows/{place - 1}/coin_id").id,
                each.quantity,
                each.sold_on,
                each.proceeds,
                each.cost,
                each.broker,
            )
            for place, each in enumerate(self.rows, 1)
        ]


class FormsView(View):
    year: int
    changed_at: Moment | None
    rows: list[FormRowBody]

    @classmethod
    def of(cls, year: int, rows: tuple[FormRow, ...], changed_at: Moment | None) -> Self:
        return cls(
            year=year,
            changed_at=changed_at,
            rows=[
                FormRowBody(
                    coin_id=each.asset,
                    quantity=each.quantity,
                    sold_on=each.sold_on,
                    proceeds=each.proceeds,
                    cost=each.cost,
                    wallet_id=each.account,
                    broker=each.broker,
                )
                for each in rows
            ],
        )
