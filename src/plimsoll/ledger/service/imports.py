"""What a person does with an import: answer, choose, commit, undo, discard.

The work itself is a background job (`importing`). While one runs, the import is reading,
committing or undoing and nothing else can be done with it; a job that ends before its work was done
leaves the import where it was before.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import Conflict, FieldFault, Invalid, NotFound
from plimsoll.kernel.identifiers import AssetId, ImportId, JobId, UserId, WalletId
from plimsoll.ledger.domain.imports import (
    ANSWERABLE,
    UNDECIDED,
    Answers,
    Import,
    ImportState,
    Standing,
)
from plimsoll.ledger.importers import own
from plimsoll.ledger.importers.reading import FORMATS, UnknownFormat
from plimsoll.ledger.service.recording import WalletNotFound
from plimsoll.ledger.storage import imports, wallets
from plimsoll.ledger.storage.imports import KeptRow
from plimsoll.markets.domain.assets import Catalogue
from plimsoll.plumbing.database import Database, ReadUnit, Unit
from plimsoll.plumbing.jobs.job import JobKind
from plimsoll.plumbing.jobs.runner import Jobs

list_imports = imports.list_latest

MOST_LINES: Final = 10_000
"""Lines that may be skipped, or accepted, in one import."""
MOST_ANSWERS: Final = 1_000
"""Codes, or wallets, of which something was said."""
LONGEST_WALLET: Final = 100


@dataclass(frozen=True, slots=True)
class ImportArgs:
    """Which import a job is about."""

    import_id: UUID


READ: Final = JobKind("imports.read", ImportArgs)
COMMIT: Final = JobKind("imports.commit", ImportArgs)
UNDO: Final = JobKind("imports.undo", ImportArgs)


class ImportNotFound(NotFound):
    code = "import-not-found"
    title = "No such import"


class WrongImportState(Conflict):
    """What is asked for is not possible where the import is now."""

    code = "import-wrong-state"
    title = "The import is not at this point"


class UnknownZone(Invalid):
    code = "unknown-zone"
    title = "There is no such time zone"


class NoSuchLine(Invalid):
    """No row begins there, or not one that may be recorded."""

    code = "import-no-such-line"
    title = "There is nothing to choose on this line"


class TooManyAnswers(Invalid):
    code = "import-too-many-answers"
    title = "Too many codes or wallets were named"


@dataclass(frozen=True, slots=True)
class NamedWallet:
    """A wallet that the file names, the wallet it goes to, and its id if there is one already."""

    named: str
    rows: int
    wallet: str | None
    wallet_id: WalletId | None


@dataclass(frozen=True, slots=True)
class Answering:
    """The new answers and the new wallet. Lines are looked up as they are chosen."""

    answers: Answers
    wallet_id: WalletId | None


class Imports:
    """The imports of everybody."""

    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        clock: Clock,
        catalogue: Catalogue,
        *,
        most_bytes: int,
    ) -> None:
        """`most_bytes` is how large a file may be."""
        self.database = database
        self.jobs = jobs
        self.clock = clock
        self.catalogue = catalogue
        self.most_bytes = most_bytes
        self.sending: Counter[UserId] = Counter()
        """Files that are on their way, by who sends them."""

    async def answer(
        self, unit: Unit, user_id: UserId, import_id: ImportId, given: Answering
    ) -> Import:
        """Put the answers; the file is read anew unless only lines were chosen.

        Raises WrongImportState, UnknownFormat, UnknownZone, WalletNotFound, NoSuchLine.
        """
        each = await _locked(unit, user_id, import_id, ANSWERABLE)
        answers = given.answers
        check_answers(answers)
        await _check_wallets(unit, user_id, given)
        changed = replace(each, answers=answers, wallet_id=given.wallet_id)
        same = replace(each.answers, skip=answers.skip, accept=answers.accept) == answers
        if each.state is ImportState.PREVIEW and same and each.wallet_id == given.wallet_id:
            found = await imports.choose(unit, import_id, answers)
            _refuse_missing(answers, found)
            counts, accepted, skipped = await imports.count(unit, import_id)
            changed = replace(changed, counts=counts, accepted=accepted, skipped=skipped)
        else:
            job_id = await self._start(unit, READ, each)
            changed = replace(changed, state=ImportState.READING, job_id=job_id, problem=None)
        await imports.save(unit, changed)
        return await get(unit, user_id, import_id)

    async def commit(self, unit: Unit, user_id: UserId, import_id: ImportId) -> JobId:
        """Record what is new and what was accepted. While it is under way, that is the answer."""
        return await self._go(
            unit, user_id, import_id, COMMIT, ImportState.PREVIEW, ImportState.COMMITTING
        )

    async def undo(self, unit: Unit, user_id: UserId, import_id: ImportId) -> JobId:
        """Take everything that it recorded out of force again."""
        return await self._go(
            unit, user_id, import_id, UNDO, ImportState.COMMITTED, ImportState.UNDOING
        )

    async def discard(self, unit: Unit, user_id: UserId, import_id: ImportId) -> None:
        """Throw the file away; what is known of it stays in the list."""
        await unit.lift_limits()
        each = await _locked(unit, user_id, import_id, UNDECIDED)
        await imports.save(unit, replace(each, state=ImportState.DISCARDED))
        await imports.forget_file(unit, import_id)
        await imports.forget_rows(unit, import_id, recorded_only=False)

    async def _go(
        self,
        unit: Unit,
        user_id: UserId,
        import_id: ImportId,
        kind: JobKind[ImportArgs],
        from_: ImportState,
        to: ImportState,
    ) -> JobId:
        each = await _locked(unit, user_id, import_id, {from_, to})
        if each.state is to:
            return each.job_id
        job_id = await self._start(unit, kind, each)
        await imports.save(unit, replace(each, state=to, job_id=job_id, problem=None))
        return job_id

    async def _start(self, unit: Unit, kind: JobKind[ImportArgs], each: Import) -> JobId:
        return await self.jobs.start(
            unit, kind, ImportArgs(each.id), owner=each.user_id, key=str(each.id)
        )


async def get(unit: ReadUnit, user_id: UserId, import_id: ImportId) -> Import:
    """Raises ImportNotFound."""
    each = await imports.find(unit, import_id, user_id)
    if each is None:
        raise ImportNotFound(f"there is no import {import_id}")
    return each


async def list_rows(
    unit: ReadUnit,
    user_id: UserId,
    import_id: ImportId,
    *,
    standing: Standing | None,
    after: int,
    limit: int,
) -> tuple[Import, list[KeptRow]]:
    """Verdicts in the order of the file. Raises ImportNotFound."""
    each = await get(unit, user_id, import_id)
    rows = await imports.list_rows(unit, import_id, standing=standing, after=after, limit=limit)
    return each, rows


async def list_wallets(unit: ReadUnit, each: Import) -> list[NamedWallet]:
    """The wallets that the file names, and where they go."""
    if each.found is None:
        return []
    targets = {name: wallet_for(each, name) for name in each.found.wallets}
    texts = {target for target in targets.values() if isinstance(target, str)}
    known = await wallets.find_wallets(unit, each.user_id, texts)
    return [
        NamedWallet(
            name,
            each.found.wallets[name],
            target if isinstance(target, str) else None,
            known.get(target) if isinstance(target, str) else WalletId(target),
        )
        for name, target in targets.items()
    ]


def wallet_for(each: Import, name: str) -> str | UUID:
    """Where a wallet of the file goes: the name of a wallet, or the id of one."""
    said = each.answers.wallets.get(name)
    if said is None:
        if not name:
            return each.wallet_id or wallets.default_wallet(each.user_id)
        if each.found is not None and each.found.format == own.NAME:
            return name
        return name.strip()[:LONGEST_WALLET] or name[:LONGEST_WALLET]
    try:
        return UUID(said)
    except ValueError:
        return said


def find_format(name: str) -> str | None:
    """The title of a format."""
    return next((each.title for each in FORMATS if each.name == name), None)


async def _locked(
    unit: Unit,
    user_id: UserId,
    import_id: ImportId,
    states: "frozenset[ImportState] | set[ImportState]",
) -> Import:
    each = await imports.find(unit, import_id, user_id, lock=True)
    if each is None:
        raise ImportNotFound(f"there is no import {import_id}")
    if each.state not in states:
        raise WrongImportState(
            f"it is {each.state}",
            facts={
                "state": each.state.value,
                "possible_in": ", ".join(sorted(state.value for state in states)),
            },
        )
    return each


def check_answers(answers: Answers) -> None:
    """Raise UnknownFormat or UnknownZone for names that are none."""
    if answers.format is not None and find_format(answers.format) is None:
        fault = FieldFault("#/format", UnknownFormat.code, "choose one of /import-formats")
        raise UnknownFormat(f"there is no format {answers.format!r}", faults=(fault,))
    if answers.zone is not None:
        try:
            ZoneInfo(answers.zone)
        except (ValueError, OSError, KeyError) as error:
            fault = FieldFault("#/zone", UnknownZone.code, "use a name such as Europe/Berlin")
            raise UnknownZone(f"there is no zone {answers.zone!r}", faults=(fault,)) from error


async def _check_wallets(unit: Unit, user_id: UserId, given: Answering) -> None:
    named: set[WalletId] = {given.wallet_id} if given.wallet_id else set()
    for said in given.answers.wallets.values():
        try:
            named.add(WalletId(UUID(said)))
        except ValueError:
            continue
    if (main := wallets.default_wallet(user_id)) in named:
        await wallets.ensure_default_wallet(unit, user_id)
        named.discard(main)
    if named and (foreign := await wallets.list_foreign_wallets(unit, user_id, named)):
        raise WalletNotFound(f"there is no wallet {foreign[0]}")


def _refuse_missing(answers: Answers, found: set[int]) -> None:
    def faults(member: str, lines: Sequence[int]) -> list[FieldFault]:
        return [
            FieldFault(f"#/{member}/{at}", NoSuchLine.code, f"line {line} has no such row")
            for at, line in enumerate(lines)
            if line not in found
        ]

    wrong = faults("accept", answers.accept) + faults("skip", answers.skip)
    if wrong:
        raise NoSuchLine(
            "rows that need attention can be accepted once every asset in them is known",
            faults=tuple(wrong[:100]),
        )


def merged(before: Mapping[str, str], given: Mapping[str, str | None]) -> dict[str, str]:
    """A map after a patch of it: null takes a name out. Raises TooManyAnswers."""
    after = {name: value for name, value in {**before, **given}.items() if value is not None}
    if len(after) > MOST_ANSWERS:
        raise TooManyAnswers(f"at most {MOST_ANSWERS}", facts={"limit": MOST_ANSWERS})
    return after


def as_assets(given: Mapping[str, str]) -> dict[str, AssetId]:
    return {code: AssetId(asset) for code, asset in given.items()}


async def imports_of(request: Request) -> Imports:
    found = request.app.state.imports
    assert isinstance(found, Imports)
    return found


ImportsDep = Annotated[Imports, Depends(imports_of)]
"""The imports of the application."""
