"""JSON of tax runs: what is asked for, the figures, the lists."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self
from uuid import UUID

import msgspec
import numpy as np
from pydantic import Field

from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.shapes import TEXT, Body, Figure, Moment, View
from plimsoll.plumbing.tables import Columns
from plimsoll.tax.domain.choices import Way
from plimsoll.tax.domain.movements import Unvalued
from plimsoll.tax.domain.report import IncomeLine, Line, Names
from plimsoll.tax.domain.results import Lot, Pool, Rule, Shortfall, ShortfallPolicy, Term
from plimsoll.tax.service.runs import PlacedRow, Summary, files_of, read_report
from plimsoll.tax.storage.runs import Run

Jurisdiction = Annotated[str, Field(min_length=1, max_length=20, pattern=TEXT, examples=["us"])]
Year = Annotated[
    int,
    Field(
        strict=True, ge=2009, le=9998, description="In which the tax year begins", examples=[2025]
    ),
]


class RunBody(Body):
    """`method` and `shortfalls` are for this run alone; without them as elected."""

    jurisdiction: Jurisdiction
    year: Year
    method: Way | None = None
    shortfalls: ShortfallPolicy | None = None


class FigureView(View):
    """A figure of a form; `formula` says how it came about, `where` is its place on the form."""

    code: str
    label: str
    amount: Figure
    formula: str
    where: str


class CompletenessView(View):
    """`score` is the share of the year's disposals and incomes that rest on known facts."""

    score: Figure
    counted: int
    short: int
    unvalued: int


class FileView(View):
    name: str
    title: str
    media_type: str
    link: str


class MissingView(View):
    """Units of an asset that were disposed of, or carried over, beyond all that is known."""

    coin_id: str
    shortfalls: int
    quantity: Figure


class RunView(View):
    """A report as it was computed. It is a draft until nothing is missing, and has no figures when
    it is blocked. `first` and `last` are the days of the tax year.
    """

    id: UUID
    jurisdiction: str
    year: int
    first: date
    last: date
    zone: str
    currency: str
    ruleset: str
    election: dict[str, str]
    draft: bool
    blocked: bool
    simulated: bool
    completeness: CompletenessView
    created_at: Moment
    app_version: str
    ledger_version: int
    input_hash: str
    report_hash: str

    @classmethod
    def of(cls, run: Run, *, simulated: bool) -> Self:
        return cls(**_facts(run, simulated=simulated))


class RunDetailView(RunView):
    """`counts`: rows of each list. `warnings` are the first hundred."""

    figures: list[FigureView]
    counts: dict[str, int]
    missing: list[MissingView]
    warnings: list[str]
    files: list[FileView]

    @classmethod
    def of_summary(cls, run: Run, summary: Summary, *, simulated: bool) -> Self:
        files = [
            FileView(
                name=each.name,
                title=each.title,
                media_type=each.media_type,
                link=f"/api/v1/tax/runs/{run.id}/files/{each.name}",
            )
            for each in files_of(run)
        ]
        figures = [FigureView(**each._asdict()) for each in read_report(run).totals]
        missing = [
            MissingView(coin_id=asset, shortfalls=number, quantity=quantity)
            for asset, (number, quantity) in sorted(summary.missing.items())
        ]
        return cls(
            **_facts(run, simulated=simulated),
            figures=figures,
            counts=dict(summary.counts),
            missing=missing,
            warnings=list(summary.warnings),
            files=files,
        )


def _facts(run: Run, *, simulated: bool) -> dict[str, object]:
    report = read_report(run)
    return {
        "id": run.id,
        "jurisdiction": run.jurisdiction,
        "year": run.year,
        "first": report.first,
        "last": report.last,
        "zone": report.zone,
        "currency": report.currency,
        "ruleset": run.ruleset,
        "election": dict(report.election),
        "draft": run.draft,
        "blocked": report.blocked,
        "simulated": simulated,
        "completeness": CompletenessView(**report.completeness._asdict()),
        "created_at": run.created_at,
        "app_version": run.app_version,
        "ledger_version": run.ledger_version,
        "input_hash": run.input_hash.hex(),
        "report_hash": run.report_hash.hex(),
    }


class DisposalView(View):
    """A slice of a disposal: so many units of one acquisition, or of a pool."""

    number: int
    transaction_id: UUID
    leg: int
    kind: str
    disposed_at: Moment
    disposed_on: date
    coin_id: str
    wallet_id: UUID
    wallet: str
    quantity: Figure
    acquired_transaction_id: UUID | None
    acquired_leg: int | None
    acquired_on: date | None
    proceeds: Figure
    fees: Figure
    cost: Figure
    gain: Figure
    term: Term
    rule: Rule
    box: str
    taxed: bool
    formula: str

    @classmethod
    def of(cls, line: Line, names: Names) -> Self:
        return cls(
            number=line.number,
            transaction_id=line.disposed.transaction,
            leg=line.disposed.leg,
            kind=line.kind.value,
            disposed_at=line.disposed_at,
            disposed_on=line.disposed_on,
            coin_id=line.asset,
            wallet_id=line.account,
            wallet=names.wallets.get(line.account, ""),
            quantity=line.quantity,
            acquired_transaction_id=line.acquired.transaction if line.acquired else None,
            acquired_leg=line.acquired.leg if line.acquired else None,
            acquired_on=line.acquired_on,
            proceeds=line.proceeds,
            fees=line.fees,
            cost=line.cost,
            gain=line.gain,
            term=line.term,
            rule=line.rule,
            box=line.box,
            taxed=line.taxed,
            formula=line.formula,
        )


class IncomeView(View):
    number: int
    transaction_id: UUID
    leg: int
    kind: str
    at: Moment
    day: date
    coin_id: str
    wallet_id: UUID | None
    wallet: str
    quantity: Figure
    value: Figure
    category: str

    @classmethod
    def of(cls, line: IncomeLine, names: Names) -> Self:
        return cls(
            number=line.number,
            transaction_id=line.ref.transaction,
            leg=line.ref.leg,
            kind=line.kind.value,
            at=line.at,
            day=line.day,
            coin_id=line.asset,
            wallet_id=line.account,
            wallet=names.wallets.get(line.account, "") if line.account else "",
            quantity=line.quantity,
            value=line.value,
            category=line.category,
        )


class HeldView(View):
    """What was held at the end of the year: a lot, or a pool, of which only the sums are known.
    Without a wallet it is somewhere among all that the person has.
    """

    place: int
    what: str
    coin_id: str
    wallet_id: UUID | None
    wallet: str
    quantity: Figure
    cost: Figure
    transaction_id: UUID | None
    leg: int | None
    acquired_at: Moment | None
    since: date | None

    @classmethod
    def of(cls, placed: PlacedRow, names: Names) -> Self:
        held: Lot | Pool = placed.row
        lot = held if isinstance(held, Lot) else None
        return cls(
            place=placed.place,
            what="lot" if lot else "pool",
            coin_id=held.asset,
            wallet_id=held.account,
            wallet=names.wallets.get(held.account, "") if held.account else "",
            quantity=held.quantity,
            cost=held.cost,
            transaction_id=lot.ref.transaction if lot else None,
            leg=lot.ref.leg if lot else None,
            acquired_at=lot.acquired_at if lot else None,
            since=lot.since if lot else None,
        )


class GapView(View):
    """Something that is missing: units beyond all that are known (`shortfall`), or a value
    (`unvalued`).
    """

    place: int
    what: str
    transaction_id: UUID
    leg: int
    at: Moment
    coin_id: str
    wallet_id: UUID | None
    wallet: str
    quantity: Figure
    policy: ShortfallPolicy | None

    @classmethod
    def of(cls, placed: PlacedRow, names: Names) -> Self:
        gap: Shortfall | Unvalued = placed.row
        short = gap if isinstance(gap, Shortfall) else None
        return cls(
            place=placed.place,
            what="shortfall" if short else "unvalued",
            transaction_id=gap.ref.transaction,
            leg=gap.ref.leg,
            at=gap.at,
            coin_id=gap.asset,
            wallet_id=short.account if short else None,
            wallet=names.wallets.get(short.account, "") if short else "",
            quantity=gap.quantity,
            policy=short.policy if short else None,
        )


def names_of(run: Run) -> Names:
    """How everything was called when the run was computed."""
    return msgspec.json.decode(run.names, type=Names)


def as_table(kind: type[View], _: Sequence[object], views: Sequence[View]) -> Columns:
    """A column for each field: counts and flags as numbers, everything else as exact text."""
    plain = [view.model_dump(mode="json") for view in views]
    whole = {name for name, each in kind.model_fields.items() if each.annotation in {int, bool}}
    return {
        name: np.array([row[name] for row in plain], np.int64)
        if name in whole
        else ["" if row[name] is None else str(row[name]) for row in plain]
        for name in kind.model_fields
    }


def runs_table(_: Sequence[Run], views: Sequence[RunView]) -> Columns:
    """A row for each run: what it says but for its election, of which method and shortfalls, and
    how complete it is.
    """
    columns = dict(as_table(RunView, (), views))
    del columns["election"], columns["completeness"]
    return {
        **columns,
        "method": [view.election.get("method", "") for view in views],
        "shortfalls": [view.election.get("shortfalls", "") for view in views],
        "score": [format_amount(view.completeness.score) for view in views],
        "short": np.array([view.completeness.short for view in views], np.int64),
        "unvalued": np.array([view.completeness.unvalued for view in views], np.int64),
    }
