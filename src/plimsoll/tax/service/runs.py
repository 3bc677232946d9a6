"""Runs of a tax report: started as jobs, kept as they were computed, verified, discarded.

A run has everything that it was computed from. What comes later, to the ledger or to the program,
makes other runs; this one stays what it was, to the byte, files included.
"""

import asyncio
import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib.metadata import version
from typing import Annotated, Any, Final, NamedTuple, TypeVar, TypeVarTuple
from uuid import UUID

import msgspec
from fastapi import Depends, Request

from plimsoll.access.domain.audit import Event, Happening
from plimsoll.access.service import audit
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import FieldFault, Invalid, NotFound
from plimsoll.kernel.identifiers import AssetId, JobId, RunId, UserId, new_id
from plimsoll.kernel.money import ZERO
from plimsoll.ledger.service import reading
from plimsoll.markets.domain.assets import AssetKind
from plimsoll.markets.service.dailies import Dailies
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import Database, ReadUnit, Unit
from plimsoll.plumbing.jobs.job import JobKind
from plimsoll.plumbing.jobs.processes import Processes
from plimsoll.plumbing.jobs.runner import Jobs
from plimsoll.tax.domain.choices import Choices, Way
from plimsoll.tax.domain.elections import ways_of
from plimsoll.tax.domain.report import Names, Report
from plimsoll.tax.domain.results import ShortfallPolicy
from plimsoll.tax.domain.rulesets import RULESETS, Ruleset
from plimsoll.tax.reports import files
from plimsoll.tax.reports.document import Meta, ReportFile
from plimsoll.tax.service import calculating, documents
from plimsoll.tax.service.calculating import Calculated
from plimsoll.tax.service.documents import ROWS_A_PART
from plimsoll.tax.service.facts import Valuing
from plimsoll.tax.service.inputs import Input
from plimsoll.tax.service.years import check_year
from plimsoll.tax.storage import runs
from plimsoll.tax.storage.runs import RenderedFile, Run

Given = TypeVarTuple("Given")
T = TypeVar("T")

MOST_WALLETS: Final = 10_000
MOST_WARNINGS: Final = 100
IDLE_S: Final = 30


@dataclass(frozen=True, slots=True)
class RunArgs:
    """What a run is asked for. `method` and `shortfalls` are for this run; None: as elected."""

    user_id: UserId
    jurisdiction: str
    year: int
    method: Way | None = None
    shortfalls: ShortfallPolicy | None = None


@dataclass(frozen=True, slots=True)
class VerifyArgs:
    user_id: UserId
    run_id: RunId


RUN: Final = JobKind("tax.run", RunArgs)
VERIFY: Final = JobKind("tax.verify", VerifyArgs)


class UnknownJurisdiction(Invalid):
    """There are no rules by that name."""

    code = "unknown-jurisdiction"
    title = "No such tax rules"


class RunNotFound(NotFound):
    code = "tax-run-not-found"
    title = "No such tax run"


def get_ruleset(jurisdiction: str, *, pointer: str = "#/jurisdiction") -> Ruleset:
    """Raises UnknownJurisdiction."""
    found = RULESETS.get(jurisdiction.lower())
    if found is None:
        known = ", ".join(sorted(RULESETS))
        message = f"rules are known for {known}"
        raise UnknownJurisdiction(
            message, faults=(FieldFault(pointer, UnknownJurisdiction.code, message),)
        )
    return found


class TaxRuns:
    """One per process."""

    def __init__(
        self, database: Database, clock: Clock, jobs: Jobs, prices: Prices, dailies: Dailies
    ) -> None:
        self.database = database
        self.clock = clock
        self.valuing = Valuing(dailies, self.is_money)
        self.prices = prices
        self._jobs = jobs
        self._versions = reading.Versions(database)
        self._processes = Processes(1)
        self._calculating = 0
        self._release: asyncio.TimerHandle | None = None
        self._rendering: dict[tuple[RunId, str], asyncio.Task[RenderedFile]] = {}

    def close(self) -> None:
        for task in self._rendering.values():
            task.cancel()
        if self._release is not None:
            self._release.cancel()
        self._processes.close()

    def is_money(self, asset_id: AssetId) -> bool:
        found = self.prices.catalogue.find_by_id(asset_id)
        return found is not None and found.kind is AssetKind.FIAT

    def symbol(self, asset_id: AssetId) -> str:
        found = self.prices.catalogue.find_by_id(asset_id)
        return found.symbol.upper() if found else asset_id

    async def start(self, where: Unit | Database, args: RunArgs) -> JobId:
        """Of one wish at most one job is unfinished. Raises UnknownJurisdiction, YearNotOpen,
        YearNotCovered, MethodNotAllowed, TooManyJobs.
        """
        ruleset = get_ruleset(args.jurisdiction)
        check_year(ruleset, args.year, now=self.clock.now())
        if args.method is not None:
            ways_of(ruleset.methods, Choices(methods=((args.year, args.method),)))
        args = replace(args, jurisdiction=ruleset.code)
        key = f"{ruleset.code} {args.year} {args.method or ''} {args.shortfalls or ''}"
        return await self._jobs.start(where, RUN, args, owner=args.user_id, key=key)

    async def start_verifying(self, where: Unit, user_id: UserId, run_id: UUID) -> JobId:
        """Raises RunNotFound, TooManyJobs."""
        run = await get_run(where, user_id, run_id)
        args = VerifyArgs(user_id, run.id)
        return await self._jobs.start(where, VERIFY, args, owner=user_id, key=str(run.id))

    async def ledger_version(self, user_id: UserId) -> int:
        return await self._versions.of(user_id)

    async def load_names(
        self, unit: ReadUnit, user_id: UserId, assets: Collection[AssetId]
    ) -> Names:
        """How wallets and assets are called now."""
        wallets = await reading.list_wallets(unit, user_id, after=None, limit=MOST_WALLETS)
        return Names(
            {each.id: each.name for each in wallets},
            {asset: self.symbol(asset) for asset in sorted(assets)},
        )

    async def keep(
        self,
        args: RunArgs,
        given: Input,
        found: Calculated,
        names: Names,
        *,
        ledger_version: int,
    ) -> Run:
        """The run, stored; the one that is there already if its input is the same."""
        run = Run(
            id=RunId(new_id()),
            user_id=args.user_id,
            jurisdiction=get_ruleset(args.jurisdiction).code,
            year=args.year,
            ruleset=found.ruleset,
            app_version=version("plimsoll"),
            ledger_version=ledger_version,
            input_hash=given.sha256,
            report_hash=found.document.sha256,
            head=found.document.head,
            names=msgspec.json.encode(names).decode(),
            draft=found.draft,
            created_at=self.clock.now(),
        )

        async def work(unit: Unit) -> Run:
            if await runs.save(unit, run, given.document, found.document.parts):
                await audit.append(unit, _made(run))
                return run
            there = await runs.find_by_input(unit, args.user_id, given.sha256)
            assert there is not None, "the input is there"
            return there

        return await self.database.transact(work)

    async def calculate(self, work: Callable[[*Given], T], *given: *Given) -> T:
        """What somebody waits for, in a process: one at a time, others wait for their turn. To
        start a process takes longer than most of what it does, so it stays for a while.
        """
        self._calculating += 1
        if self._release is not None:
            self._release.cancel()
        try:
            return await self._processes.run(work, *given)
        finally:
            self._calculating -= 1
            if not self._calculating:
                loop = asyncio.get_running_loop()
                self._release = loop.call_later(IDLE_S, self._processes.release)

    async def get_run(self, user_id: UserId, run_id: UUID) -> Run:
        """As the function, for whoever holds no connection meanwhile. Raises RunNotFound."""
        async with self.database.read() as unit:
            return await get_run(unit, user_id, run_id)

    async def get_file(self, run: Run, name: str) -> RenderedFile:
        """The file as it was rendered the first time. Raises NoSuchFile, FiguresBlocked,
        TooLongForWorkbook.
        """
        async with self.database.read() as unit:
            kept = await runs.find_file(unit, run.id, name)
        if kept is not None:
            return kept
        key = (run.id, name)
        task = self._rendering.get(key)
        if task is None:
            if name not in {each.name for each in files_of(run)}:
                raise files.NoSuchFile(f"{name[:100]!r} is not among the files of this report")
            task = asyncio.create_task(self._render(run, name), name="tax-file")
            self._rendering[key] = task
            task.add_done_callback(lambda _: self._rendering.pop(key, None))
        return await asyncio.shield(task)

    async def _render(self, run: Run, name: str) -> RenderedFile:
        async with self.database.read() as unit:
            parts = await runs.list_parts(unit, run.id)
        names = msgspec.json.decode(run.names, type=Names)
        meta = Meta(
            run.id, run.created_at, run.input_hash.hex(), run.ledger_version, run.app_version
        )
        content = await self.calculate(calculating.render, name, run.head, parts, names, meta)
        file = RenderedFile(name, hashlib.sha256(content).digest(), content)

        async def keep(unit: Unit) -> RenderedFile:
            await runs.keep_file(unit, run.id, file, now=self.clock.now())
            return await runs.find_file(unit, run.id, name) or file

        return await self.database.transact(keep)

    async def discard(self, unit: Unit, user_id: UserId, run_id: UUID, address: str | None) -> None:
        """Forget a run with everything that it has; the audit log keeps that it was there. Raises
        RunNotFound.
        """
        gone = await runs.discard(unit, user_id, run_id)
        if gone is None:
            raise no_run(run_id)
        await audit.append(
            unit,
            Happening(
                Event.TAX_RUN_DISCARDED,
                self.clock.now(),
                user_id=user_id,
                subject=str(run_id),
                address=address,
                facts={"input_hash": gone.hex()},
            ),
        )


def _made(run: Run) -> Happening:
    """What proves later that the run was made then, of this input, with this report."""
    return Happening(
        Event.TAX_RUN_MADE,
        run.created_at,
        user_id=run.user_id,
        subject=str(run.id),
        facts={
            "jurisdiction": run.jurisdiction,
            "year": run.year,
            "ruleset": run.ruleset,
            "draft": run.draft,
            "input_hash": run.input_hash.hex(),
            "report_hash": run.report_hash.hex(),
        },
    )


def no_run(run_id: UUID) -> RunNotFound:
    return RunNotFound(f"there is no tax run {run_id}")


async def get_run(unit: ReadUnit, user_id: UserId, run_id: UUID) -> Run:
    """Raises RunNotFound, also for somebody else's."""
    found = await runs.find(unit, user_id, run_id)
    if found is None:
        raise no_run(run_id)
    return found


list_runs = runs.list_latest
find_by_input = runs.find_by_input
list_parts = runs.list_parts
read_input = runs.read_input


def files_of(run: Run) -> list[ReportFile]:
    """What the run's report comes as."""
    return files.files_of(documents.read_head(run.head))


class PlacedRow(NamedTuple):
    """A row of one of several lists that are read one after the other; `place` counts from 0 over
    all of them.
    """

    place: int
    section: str
    row: Any


async def list_rows(
    unit: ReadUnit, run: Run, sections: Sequence[str], *, after: int, limit: int
) -> list[PlacedRow]:
    """Rows of the lists `sections` of the report, those that come after place `after`."""
    counts = await runs.count_rows(unit, run.id)
    found, start, wanted = list[PlacedRow](), 0, range(after + 1, after + 1 + limit)
    for section in sections:
        first = max(wanted.start - start, 0)
        last = min(wanted.stop - start, counts.get(section, 0)) - 1
        if first <= last:
            parts = await runs.list_parts(
                unit, run.id, section=section, first=first // ROWS_A_PART, last=last // ROWS_A_PART
            )
            rows = await asyncio.to_thread(documents.read_rows, section, parts)
            skipped = first - first // ROWS_A_PART * ROWS_A_PART
            found += [
                PlacedRow(start + first + n, section, row)
                for n, row in enumerate(rows[skipped : skipped + last - first + 1])
            ]
        start += counts.get(section, 0)
    return found


@dataclass(frozen=True, slots=True)
class Summary:
    """What is shown of a report's lists beside its figures. `missing` is by asset: how many
    shortfalls, and of how many units.
    """

    counts: Mapping[str, int]
    missing: Mapping[AssetId, tuple[int, Decimal]]
    warnings: tuple[str, ...]


async def summarise(unit: ReadUnit, run: Run) -> Summary:
    """Of the warnings the first ones only."""
    counts = await runs.count_rows(unit, run.id)
    missing: dict[AssetId, tuple[int, Decimal]] = {}
    if counts.get("shortfalls"):
        parts = await runs.list_parts(unit, run.id, section="shortfalls")
        for row in await asyncio.to_thread(documents.read_rows, "shortfalls", parts):
            number, quantity = missing.get(row.asset, (0, ZERO))
            missing[row.asset] = number + 1, quantity + row.quantity
    warnings = await list_rows(unit, run, ["warnings"], after=-1, limit=MOST_WARNINGS)
    return Summary(counts, missing, tuple(each.row for each in warnings))


def read_report(run: Run) -> Report:
    """The report without its lists."""
    return documents.read_head(run.head)


def with_overrides(args: RunArgs, choices: Choices) -> Choices:
    """What was elected, with what this one run wants otherwise."""
    if args.method is not None:
        kept = tuple(each for each in choices.methods if each[0] != args.year)
        later = tuple(sorted((*kept, (args.year, args.method))))
        choices = replace(choices, methods=later)
    if args.shortfalls is not None:
        choices = replace(choices, shortfalls=args.shortfalls)
    return choices


async def _runs_of(request: Request) -> TaxRuns:
    found = request.app.state.tax_runs
    assert isinstance(found, TaxRuns)
    return found


TaxRunsDep = Annotated[TaxRuns, Depends(_runs_of)]
"""The tax runs of the application."""
