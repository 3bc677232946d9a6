"""Goes through one file in a process of its own: what it is, and a verdict for every row.

Verdicts leave as lines of CSV, as the database takes them, so that neither this process nor the one
that asked for them ever has more than one in memory. What the ledger has already is not asked here:
the database compares the lines when it has them.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import AssetId, ImportId, WalletId
from plimsoll.ledger.domain.imports import (
    Answers,
    Draft,
    Fault,
    Found,
    ImportProblem,
    Kept,
    Outcome,
    Refused,
    Standing,
    Verdict,
    judge,
)
from plimsoll.ledger.domain.transactions import Transaction, check
from plimsoll.ledger.domain.worth import needed_prices
from plimsoll.ledger.importers.dates import DateOrder
from plimsoll.ledger.importers.files import Limits
from plimsoll.ledger.importers.format import Cash, Format, Options
from plimsoll.ledger.importers.numbers import NumberStyle
from plimsoll.ledger.importers.reading import (
    OpenQuestions,
    Recognised,
    read_outcomes,
    recognise,
)
from plimsoll.ledger.service.making import make_transaction
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.codes import list_codes
from plimsoll.plumbing.shapes import CLOCK_SKEW, GENESIS

MOST_WALLETS: Final = 200
"""Different names of wallets in one file."""
MOST_OWN_WALLETS: Final = 10_000
"""The same, where the file is a whole ledger of ours."""
MOST_CODES: Final = 500
"""Different unknown codes that are told."""
TOLD_EVERY: Final = 2_000
"""Verdicts between two words about how far it is."""


class TooManyWallets(Invalid):
    code = "import-too-many-wallets"
    title = "The file names too many wallets"


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be read: the file at `path`, into CSV at `spool`; how far it is stands in `pace`
    as `rows/of`.
    """

    import_id: ImportId
    path: Path
    spool: Path
    pace: Path
    answers: Answers
    now: datetime
    most_bytes: int


@dataclass(slots=True)
class Tally:
    """What is counted on the way."""

    answers: Answers
    first: datetime | None = None
    last: datetime | None = None
    faults: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    wallets: Counter[str] = field(default_factory=Counter)
    unpriced: defaultdict[str, set[AssetId]] = field(default_factory=lambda: defaultdict(set))

    def note(self, kept: Kept) -> None:
        verdict, draft = kept.verdict, kept.verdict.draft
        self.faults.update({fault.code for fault in verdict.faults})
        if draft is None:
            return
        for code in {leg.code for leg in draft.legs if leg.asset_id is None}:
            if code in self.unknown or len(self.unknown) < MOST_CODES:
                self.unknown[code] += 1
        if not is_recordable(verdict):
            return
        self.first = min(self.first or draft.at, draft.at)
        self.last = max(self.last or draft.at, draft.at)
        self.wallets.update(draft.wallets)
        most = MOST_OWN_WALLETS if draft.was_booked else MOST_WALLETS
        if len(self.wallets) > most:
            raise TooManyWallets(
                f"there are more than {most}; is that column the name of a wallet?"
            )
        if draft.was_booked:
            return
        currency = kept.currency or self.answers.currency
        self.unpriced[currency] |= needed_prices(draft.kind, draft.legs, currency)


def sift(task: Task) -> Found | ImportProblem:
    """Read the file; what it is, or why it cannot be read (yet)."""
    try:
        return _sift(task)
    except Invalid as error:
        return ImportProblem(error.code, error.title, error.detail, error.facts, error.faults)


def is_question(problem: ImportProblem) -> bool:
    """Whether answers help."""
    return problem.code == OpenQuestions.code


def is_recordable(verdict: Verdict) -> bool:
    """Whether it may become a transaction, if somebody wants it."""
    return (
        verdict.draft is not None
        and verdict.standing in {Standing.NEW, Standing.NEEDS_ATTENTION}
        and all(leg.asset_id for leg in verdict.draft.legs)
    )


def _sift(task: Task) -> Found:
    tally = Tally(task.answers)
    with task.path.open("rb") as file, task.spool.open("w", encoding="utf-8", newline="") as spool:
        recognised, all_kept = go_through(
            file, task.answers, now=task.now, most_bytes=task.most_bytes
        )
        # All quoted: to PostgreSQL an empty cell without quotes is no text at all.
        writer = csv.writer(spool, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for position, kept in enumerate(all_kept, start=1):
            tally.note(kept)
            writer.writerow(_row(task.import_id, position, kept, recognised))
            if position % TOLD_EVERY == 0:
                task.pace.write_text(f"{kept.verdict.lines[-1]}/{recognised.rows}")
    return found_of(recognised, tally)


def go_through(
    file: BinaryIO, answers: Answers, *, now: datetime, most_bytes: int
) -> tuple[Recognised, Iterator[Kept]]:
    """What the file is, then a verdict for every row. Raises what `recognise` raises."""
    options = Options(
        catalogue=load_catalogue(),
        cash=Cash(answers.cash),
        zone=ZoneInfo(answers.zone) if answers.zone else None,
        numbers=NumberStyle(answers.numbers) if answers.numbers else None,
        dates=DateOrder(answers.dates) if answers.dates else None,
    )
    recognised = recognise(
        file, options, format_name=answers.format, limits=Limits(file_bytes=most_bytes)
    )
    options = for_format(options, recognised.table.format, answers.assets)
    outcomes = _possible(read_outcomes(file, recognised, options), now)
    verdicts = judge(outcomes, lambda _identity: False)
    return recognised, (_kept(verdict, options) for verdict in verdicts)


def source_of(verdict: Verdict, recognised: Recognised) -> str:
    """What the ledger keeps as its source."""
    return (verdict.draft.source if verdict.draft else "") or recognised.table.format.name


def for_format(options: Options, format_: Format, said: Mapping[str, AssetId]) -> Options:
    """With the codes of the format's venue, and those that a person said something of."""
    codes = {**list_codes(format_.name.partition("-")[0]), **said}
    return replace(options, codes=codes, by_id=format_.by_id)


def _possible(outcomes: Iterable[Outcome], now: datetime) -> Iterator[Outcome]:
    """Without what lies ahead or before any coin."""
    latest = now + CLOCK_SKEW
    for outcome in outcomes:
        if isinstance(outcome, Draft) and not GENESIS <= outcome.at <= latest:
            ahead = outcome.at > latest
            fault = Fault(
                outcome.lines[0],
                "",
                rfc3339(outcome.at),
                "in-the-future" if ahead else "too-long-ago",
                "the moment has not come yet" if ahead else "it is before the first block",
                "correct the date, or the zone of the file",
            )
            yield Refused(outcome.lines, (fault,))
        else:
            yield outcome


TRIAL: Final = WalletId(UUID(int=1))


def _kept(verdict: Verdict, options: Options) -> Kept:
    """With its currency; what breaks a law of the ledger is an error here, not at the commit."""
    draft = verdict.draft
    if draft is None:
        return Kept(verdict)
    named = options.find_asset(draft.currency) if draft.currency else None
    kept = Kept(verdict, named.id if named else None)
    if is_recordable(verdict):
        try:
            check(_trial(kept))
        except Invalid as error:
            fault = Fault(
                verdict.lines[0], "", "", error.code, error.detail, "correct what moved in it"
            )
            return Kept(Verdict(Standing.ERROR, verdict.lines, (fault,)))
    return kept


def _trial(kept: Kept) -> Transaction:
    assert kept.verdict.draft is not None
    return make_transaction(
        kept.verdict.draft,
        identity=kept.verdict.identity,
        source="",
        import_id=None,
        currency=kept.currency or AssetId(""),
        wallet_of=lambda _name: TRIAL,
        price_of=lambda _asset: ONE,
    )


ONE: Final = Decimal(1)


def _row(
    import_id: ImportId, position: int, kept: Kept, recognised: Recognised
) -> tuple[object, ...]:
    """In the order of the columns that the database copies."""
    verdict = kept.verdict
    lines = ",".join(map(str, verdict.lines))
    return (
        import_id,
        position,
        verdict.standing.value,
        f"{{{lines}}}",
        source_of(verdict, recognised),
        verdict.identity,
        "t" if is_recordable(verdict) else "f",
        msgspec.json.encode(kept).decode(),
    )


def found_of(recognised: Recognised, tally: Tally) -> Found:
    """What was seen on the way, when all of it is behind."""
    table, styles = recognised.table, recognised.styles
    return Found(
        format=table.format.name,
        encoding=table.encoding,
        delimiter=table.delimiter,
        header_line=table.header_line,
        numbers=styles.numbers.value,
        dates=styles.dates.value,
        zone=str(styles.zone) if styles.zone else None,
        rows=recognised.rows,
        first=tally.first,
        last=tally.last,
        faults=dict(tally.faults),
        unknown=dict(tally.unknown),
        wallets=dict(tally.wallets),
        unpriced={currency: tuple(sorted(assets)) for currency, assets in tally.unpriced.items()},
    )
