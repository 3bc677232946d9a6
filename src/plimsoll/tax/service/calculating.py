"""What is calculated in a process of its own: reports, comparisons, files.

All of it takes and gives text and bytes that are stored or were stored, and nothing else is known
to it: no clock, no database.
"""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from plimsoll.kernel.errors import Conflict
from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId
from plimsoll.kernel.money import ZERO, worth
from plimsoll.ledger.domain.transactions import Role
from plimsoll.tax.domain import identifying, planning
from plimsoll.tax.domain.choices import Way
from plimsoll.tax.domain.facts import Fact
from plimsoll.tax.domain.identifying import Choice
from plimsoll.tax.domain.movements import Disposed
from plimsoll.tax.domain.planning import Outcome, Sale, Unrealised
from plimsoll.tax.domain.report import Names, Report
from plimsoll.tax.domain.rulesets import RULESETS, Matching, compute, match_all
from plimsoll.tax.reports import files
from plimsoll.tax.reports.document import Meta
from plimsoll.tax.service import documents
from plimsoll.tax.service.documents import SECTIONS, Document
from plimsoll.tax.service.inputs import read_input
from plimsoll.tax.storage.parts import Part


@dataclass(frozen=True, slots=True)
class Calculated:
    """A report as it is stored."""

    document: Document
    ruleset: str
    draft: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A stored report beside the same input computed now. `figures`: codes of totals that are not
    the same. `rows`: how many rows of all lists are not.
    """

    equal: bool
    ruleset: str
    figures: tuple[str, ...]
    rows: int


def calculate(document: bytes) -> Calculated:
    """The report of an input. Raises InputUnreadable and what the domain raises."""
    report = _compute(document)
    return Calculated(documents.write(report), report.ruleset, report.draft)


def compare(document: bytes, head: str, parts: Sequence[Part], sha256: bytes) -> Comparison:
    """Compute the input once more and hold it against what was stored."""
    report = _compute(document)
    if documents.write(report).sha256 == sha256:
        return Comparison(equal=True, ruleset=report.ruleset, figures=(), rows=0)
    stored = documents.read(head, parts)
    now, before = (
        {each.code: (each.amount, each.formula) for each in one.totals} for one in (report, stored)
    )
    differing = sorted(
        code for code in now.keys() | before.keys() if now.get(code) != before.get(code)
    )
    rows = sum(_count_differing(getattr(report, name), getattr(stored, name)) for name in SECTIONS)
    return Comparison(False, report.ruleset, tuple(differing), rows)


def render(name: str, head: str, parts: Sequence[Part], names: Names, meta: Meta) -> bytes:
    """A file of a stored report. Raises NoSuchFile, FiguresBlocked, TooLongForWorkbook."""
    with _without_collection():
        return files.render(name, documents.read(head, parts), names, meta)


class NothingHeld(Conflict):
    """A sale was thought of, of an asset that no wallet has."""

    code = "nothing-held"
    title = "No wallet holds this asset"


@dataclass(frozen=True, slots=True)
class Looked:
    """What is held now. `shortfalls`: disposals of all years beyond what is known. `unvalued`: legs
    whose worth the tax needs and nobody knows; it counts as 0.
    """

    held: Sequence[Unrealised]
    shortfalls: int
    unvalued: int


@dataclass(frozen=True, slots=True)
class SaleWish:
    """A sale that is thought of, for `price` per unit. `wallet_id` None: the wallet that holds
    most of the asset. `portfolio` (France): what everything is worth just before it.
    """

    asset: AssetId
    quantity: Decimal
    price: Decimal | None = None
    fees: Decimal = ZERO
    wallet_id: WalletId | None = None
    at: datetime | None = None
    portfolio: Decimal | None = None
    picks: tuple[tuple[TransactionId, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """A sale under each method. `choice`: which units it could be of; None where the rules know no
    lots. `shortfalls` and `unvalued` are of what it comes after.
    """

    currency: AssetId
    sale: Sale
    outcomes: Sequence[Outcome]
    choice: Choice | None
    shortfalls: int
    unvalued: int


@dataclass(frozen=True, slots=True)
class Identifiable:
    """What each disposal of a transaction could be of. `may`: whether the rules know lots.
    `shortfalls` and `unvalued` are of everything until then.
    """

    may: bool
    choices: Sequence[Choice]
    shortfalls: int
    unvalued: int


def look(document: bytes, prices: Mapping[AssetId, Decimal], as_of: date) -> Looked:
    """What an input leaves, at `prices`."""
    with _without_collection():
        whole, _ = _match(document, as_of)
        held = planning.unrealised(whole, prices, as_of)
        return Looked(held, len(whole.matched.shortfalls), len(whole.matched.unvalued))


def try_sale(document: bytes, wish: SaleWish, ways: Sequence[Way]) -> Tried:
    """A sale after everything in an input. Raises NothingHeld, SaleInThePast."""
    assert wish.price is not None
    assert wish.at is not None
    with _without_collection():
        whole, facts = _match(document, wish.at.date())
        account = wish.wallet_id or _largest(facts, wish.asset)
        proceeds = worth(wish.price, wish.quantity)
        sale = Sale(
            wish.asset,
            account,
            wish.quantity,
            proceeds,
            wish.at,
            wish.fees,
            wish.picks,
            wish.portfolio,
        )
        outcomes = planning.what_if(whole, sale, ways)
        return Tried(
            whole.country.currency,
            sale,
            outcomes,
            _choice_of(whole, outcomes),
            len(whole.matched.shortfalls),
            len(whole.matched.unvalued),
        )


def _choice_of(whole: Matching, outcomes: Sequence[Outcome]) -> Choice | None:
    """Which units a sale after everything could be of."""
    if not identifying.may_identify(whole):
        return None
    disposed = outcomes[0].slices[0].disposed
    return identifying.choice_of(whole, len(whole.movements), disposed)


def identify(document: bytes, of: TransactionId, at: datetime) -> Identifiable:
    """What disposals of a transaction could be of. Of fees nobody says which units they are."""
    with _without_collection():
        whole, facts = _match(document, at.date())
        may = identifying.may_identify(whole)
        principal = {
            number
            for fact in facts
            if fact.id == of
            for number, leg in enumerate(fact.legs)
            if leg.role is Role.PRINCIPAL
        }
        choices = [
            identifying.choice_of(whole, place, each)
            for place, each in enumerate(whole.movements)
            if may
            and isinstance(each, Disposed)
            and each.ref.transaction == of
            and each.ref.leg in principal
        ]
        return Identifiable(
            may, choices, len(whole.matched.shortfalls), len(whole.matched.unvalued)
        )


def _match(document: bytes, as_of: date) -> tuple[Matching, list[Fact]]:
    header, facts = read_input(document)
    ruleset = RULESETS[header.rules]
    return match_all(facts, ruleset, header.choices, as_of=as_of), facts


def _largest(facts: Iterable[Fact], asset: AssetId) -> WalletId:
    """The account that has most of the asset; of equal ones always the same."""
    held: dict[WalletId, Decimal] = {}
    for fact in facts:
        for leg in fact.legs:
            if leg.asset == asset and leg.account is not None:
                held[leg.account] = held.get(leg.account, ZERO) + leg.quantity
    found = max(held, key=lambda account: (held[account], account), default=None)
    if found is None or held[found] <= 0:
        raise NothingHeld(f"no wallet has {asset}", facts={"coin_id": asset})
    return found


def _compute(document: bytes) -> Report:
    with _without_collection():
        header, facts = read_input(document)
        return compute(facts, RULESETS[header.rules], header.year, header.choices)


def _count_differing(now: Sequence[object], before: Sequence[object]) -> int:
    paired = sum(a != b for a, b in zip(now, before, strict=False))
    return paired + abs(len(now) - len(before))


@contextmanager
def _without_collection() -> Iterator[None]:
    """Nothing here makes cycles; looking for them among a million values is most of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
