"""JSON shapes of imports."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.money import format_amount
from plimsoll.ledger.domain.imports import (
    IN_THE_LEDGER,
    LONGEST_RAW,
    Draft,
    Fault,
    Import,
    ImportState,
    Side,
    Standing,
)
from plimsoll.ledger.domain.transactions import Kind, Precision, Role
from plimsoll.ledger.importers.dates import DateOrder
from plimsoll.ledger.importers.format import Cash, Format
from plimsoll.ledger.importers.numbers import NumberStyle
from plimsoll.ledger.service.imports import (
    LONGEST_WALLET,
    MOST_LINES,
    NamedWallet,
    find_format,
)
from plimsoll.ledger.storage.imports import KeptRow
from plimsoll.plumbing.jobs.answers import JobAccepted
from plimsoll.plumbing.problems import ProblemFault
from plimsoll.plumbing.shapes import Amount, AssetName, Body, Moment, Text, UnsignedAmount, View
from plimsoll.plumbing.tables import Columns

Line = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
Lines = Annotated[tuple[Line, ...], Field(max_length=MOST_LINES)]
Code = Annotated[Text, Field(max_length=LONGEST_RAW)]
WalletChoice = Annotated[Text, Field(min_length=1, max_length=LONGEST_WALLET)]


class ImportPatch(Body):
    """What a person says of a file. What is left out stays as it was; null takes back what was
    said. `wallets` and `assets` change only the names that they have.
    """

    format: Annotated[Text, Field(max_length=100)] | None = None
    """One of `GET /import-formats`."""
    zone: Annotated[Text, Field(min_length=1, max_length=64)] | None = None
    """Of moments that name none, as `Europe/Berlin`."""
    numbers: NumberStyle | None = None
    dates: DateOrder | None = None
    cash: Cash = Cash.OUTSIDE
    """Whether money itself is kept in the wallet, or comes from outside."""
    currency: AssetName = "usd"
    """What values are in where the file names none."""
    wallet_id: UUID | None = None
    """Where rows go that name no wallet; null is the main one."""
    wallets: Annotated[dict[Code, WalletChoice | None], Field(max_length=1_000)] = Field(
        default_factory=dict
    )
    """By the name in the file: the id of a wallet, or a name, which is made if there is none."""
    assets: Annotated[dict[Code, AssetName | None], Field(max_length=1_000)] = Field(
        default_factory=dict
    )
    """By the code in the file: the asset that it means."""
    skip: Lines = ()
    """Lines of rows that shall not be recorded."""
    accept: Lines = ()
    """Lines of rows that need attention and were looked at."""


class ImportAccepted(JobAccepted):
    """The job that reads, commits or undoes."""

    import_id: UUID


class ImportSummaryView(View):
    """An import in a list. `counts` are transactions of the file by verdict."""

    id: UUID
    name: str
    state: ImportState
    job_id: UUID
    """What reads, commits or undoes it, or did so last."""
    format: str | None
    size: int
    digest: str
    """SHA-256 of the bytes."""
    counts: dict[Standing, int]
    accepted: int
    skipped: int
    recorded: int
    repeated: int
    """Rows that the ledger had when it was committed."""
    created_at: Moment
    changed_at: Moment

    @classmethod
    def of(cls, each: Import) -> "ImportSummaryView":
        return cls(**_summary(each))


class StylesView(View):
    """How the file is written."""

    title: str
    encoding: str
    delimiter: str
    header_line: int
    numbers: NumberStyle
    dates: DateOrder
    zone: str | None


class AnswersView(View):
    """What was said of the file so far."""

    format: str | None
    zone: str | None
    numbers: str | None
    dates: str | None
    cash: str
    currency: str
    wallet_id: UUID | None
    wallets: dict[str, str]
    assets: dict[str, str]
    skip: tuple[int, ...]
    accept: tuple[int, ...]


class UnknownCodeView(View):
    """A code of which nobody has said which asset it is."""

    code: str
    rows: int


class NamedWalletView(View):
    """A wallet that the file names (empty: rows that name none), and where it goes. Without a
    `wallet_id` it is made at the commit.
    """

    named: str
    rows: int
    wallet: str | None
    wallet_id: UUID | None


class ImportProblemView(View):
    """Why the file cannot be read, or what failed last."""

    code: str
    title: str
    detail: str
    facts: dict[str, str | int | bool | None]
    errors: list[ProblemFault]


class ImportView(ImportSummaryView):
    """An import with all that is known of its file. `first` and `last` span what would be
    recorded, `faults` are rows by the code of what is wrong or doubtful in them.
    """

    styles: StylesView | None
    rows: int | None
    first: Moment | None
    last: Moment | None
    faults: dict[str, int]
    unknown_assets: list[UnknownCodeView]
    wallets: list[NamedWalletView]
    questions: list[ProblemFault]
    """What the file does not tell; `pointer` is the member that answers it."""
    problem: ImportProblemView | None
    answers: AnswersView

    @classmethod
    def of_all(cls, each: Import, wallets: Sequence[NamedWallet]) -> "ImportView":
        found, problem = each.found, each.problem
        errors = [
            ProblemFault(pointer=fault.pointer, code=fault.code, message=fault.message)
            for fault in (problem.faults if problem else ())
        ]
        asked = each.state is ImportState.QUESTIONS
        return cls(
            **_summary(each),
            styles=found
            and StylesView(
                title=find_format(found.format) or found.format,
                encoding=found.encoding,
                delimiter=found.delimiter,
                header_line=found.header_line,
                numbers=NumberStyle(found.numbers),
                dates=DateOrder(found.dates),
                zone=found.zone,
            ),
            rows=found and found.rows,
            first=found and found.first,
            last=found and found.last,
            faults=dict(found.faults) if found else {},
            unknown_assets=[
                UnknownCodeView(code=code, rows=rows)
                for code, rows in (found.unknown.items() if found else ())
            ],
            wallets=[
                NamedWalletView(
                    named=wallet.named,
                    rows=wallet.rows,
                    wallet=wallet.wallet,
                    wallet_id=wallet.wallet_id,
                )
                for wallet in wallets
            ],
            questions=errors if asked else [],
            problem=problem
            and ImportProblemView(
                code=problem.code,
                title=problem.title,
                detail=problem.detail,
                facts=dict(problem.facts),
                errors=errors,
            ),
            answers=_answers(each),
        )


def _answers(each: Import) -> AnswersView:
    said = each.answers
    return AnswersView(
        format=said.format,
        zone=said.zone,
        numbers=said.numbers,
        dates=said.dates,
        cash=said.cash,
        currency=said.currency,
        wallet_id=each.wallet_id,
        wallets=dict(said.wallets),
        assets=dict(said.assets),
        skip=said.skip,
        accept=said.accept,
    )


class FaultView(View):
    """What is wrong, or doubtful, in one place."""

    line: int
    column: str
    raw: str
    code: str
    reason: str
    fix: str

    @classmethod
    def of(cls, fault: Fault) -> "FaultView":
        return cls(**fault._asdict())


class DraftLegView(View):
    """What moves. `wallet` is the name in the file; `value` is only what the file says."""

    code: str
    coin_id: str | None
    quantity: Amount
    role: Role
    outside: bool
    wallet: str
    value: UnsignedAmount | None


class DraftView(View):
    """A transaction as it would be recorded."""

    kind: Kind
    occurred_at: Moment
    precision: Precision
    currency: str
    legs: tuple[DraftLegView, ...]
    note: str
    reference: str

    @classmethod
    def of(cls, draft: Draft) -> "DraftView":
        return cls(
            kind=draft.kind,
            occurred_at=draft.at,
            precision=draft.precision,
            currency=draft.currency,
            legs=tuple(
                DraftLegView(
                    code=leg.code,
                    coin_id=leg.asset_id,
                    quantity=leg.quantity,
                    role=leg.role,
                    outside=leg.side is Side.OUTSIDE,
                    wallet=leg.wallet,
                    value=leg.value,
                )
                for leg in draft.legs
            ),
            note=draft.note,
            reference=draft.reference,
        )


class ImportRowView(View):
    """What becomes of the rows at `lines`, and why. `position` counts the verdicts of a file."""

    position: int
    lines: tuple[int, ...]
    standing: Standing
    choice: Literal["skip", "accept"] | None
    reason: str
    faults: tuple[FaultView, ...]
    identity: str
    """What the ledger keeps as `external_id`."""
    draft: DraftView | None

    @classmethod
    def of(cls, row: KeptRow) -> "ImportRowView":
        verdict = row.kept.verdict
        known = row.standing is Standing.ALREADY_IMPORTED
        return cls(
            position=row.position,
            lines=verdict.lines,
            standing=row.standing,
            choice=row.choice,
            reason=verdict.reason or (IN_THE_LEDGER if known else ""),
            faults=() if known else tuple(map(FaultView.of, verdict.faults)),
            identity=verdict.identity,
            draft=DraftView.of(verdict.draft) if verdict.draft else None,
        )


class FormatView(View):
    """A kind of file that is known."""

    name: str
    title: str

    @classmethod
    def of(cls, each: Format) -> "FormatView":
        return cls(name=each.name, title=each.title)


def rows_table(views: Sequence[ImportRowView]) -> Columns:
    """A line for every fault of a row, and for every row without one."""
    lines = [(view, fault) for view in views for fault in view.faults or (None,)]
    return {
        "lines": [" ".join(map(str, view.lines)) for view, _ in lines],
        "standing": [view.standing.value for view, _ in lines],
        "choice": [view.choice or "" for view, _ in lines],
        "kind": [view.draft.kind.value if view.draft else "" for view, _ in lines],
        "occurred_at": [_moment(view.draft) for view, _ in lines],
        "moved": [_moved(view.draft) for view, _ in lines],
        "reason": [fault.reason if fault else view.reason for view, fault in lines],
        "code": [fault.code if fault else "" for _, fault in lines],
        "line": [str(fault.line) if fault else "" for _, fault in lines],
        "column": [fault.column if fault else "" for _, fault in lines],
        "raw": [fault.raw if fault else "" for _, fault in lines],
        "fix": [fault.fix if fault else "" for _, fault in lines],
        "identity": [view.identity for view, _ in lines],
    }


def _moment(draft: DraftView | None) -> str:
    return rfc3339(draft.occurred_at) if draft else ""


def _moved(draft: DraftView | None) -> str:
    legs = draft.legs if draft else ()
    return ", ".join(f"{format_amount(leg.quantity)} {leg.code}" for leg in legs)


def _summary(each: Import) -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name,
        "state": each.state,
        "job_id": each.job_id,
        "format": each.found.format if each.found else None,
        "size": each.size,
        "digest": each.digest.hex(),
        "counts": dict(each.counts),
        "accepted": each.accepted,
        "skipped": each.skipped,
        "recorded": each.recorded,
        "repeated": each.repeated,
        "created_at": each.created_at,
        "changed_at": each.changed_at,
    }
