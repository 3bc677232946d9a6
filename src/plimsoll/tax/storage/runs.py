"""Reports as they were computed: one row each, their lists in parts, their files once rendered.

Nothing of a run is ever changed; the database refuses it. A run may be discarded as a whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from plimsoll.kernel.identifiers import RunId, UserId
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.tax.storage.parts import Part


@dataclass(frozen=True, slots=True)
class Run:
    """`head` and `names` are JSON; `report_hash` is of the whole report's text."""

    id: RunId
    user_id: UserId
    jurisdiction: str
    year: int
    ruleset: str
    app_version: str
    ledger_version: int
    input_hash: bytes
    report_hash: bytes
    head: str
    names: str
    draft: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file of a run as it was rendered once."""

    name: str
    sha256: bytes
    content: bytes


COLUMNS = """id, user_id, jurisdiction, year, ruleset, app_version, ledger_version, input_hash,
    report_hash, head, names, draft, created_at"""
INSERT = """
    insert into tax_runs (id, user_id, jurisdiction, year, ruleset, app_version, ledger_version,
        input_hash, report_hash, head, names, draft, created_at, input)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    on conflict (user_id, input_hash) do nothing returning id
"""


async def save(unit: Unit, run: Run, document: bytes, parts: Iterable[Part]) -> bool:
    """Keep a run with the compressed `document` of its input; False when this person has one of
    the same input already.
    """
    written = await unit.fetchval(
        INSERT,
        run.id,
        run.user_id,
        run.jurisdiction,
        run.year,
        run.ruleset,
        run.app_version,
        run.ledger_version,
        run.input_hash,
        run.report_hash,
        run.head,
        run.names,
        run.draft,
        run.created_at,
        document,
    )
    if written is None:
        return False
    await unit.copy_records(
        "tax_run_parts",
        ("run_id", "section", "part", "rows", "content"),
        [(run.id, each.section, each.number, each.rows, each.content) for each in parts],
    )
    return True


FIND = f"select {COLUMNS} from tax_runs where user_id = $1 and id = $2"  # noqa: S608


async def find(unit: ReadUnit, user_id: UserId, run_id: UUID) -> Run | None:
    row = await unit.fetchrow(FIND, user_id, run_id)
    return _run(row) if row else None


FIND_BY_INPUT = f"select {COLUMNS} from tax_runs where user_id = $1 and input_hash = $2"  # noqa: S608


async def find_by_input(unit: ReadUnit, user_id: UserId, input_hash: bytes) -> Run | None:
    row = await unit.fetchrow(FIND_BY_INPUT, user_id, input_hash)
    return _run(row) if row else None


LIST = f"""
    select {COLUMNS} from tax_runs
    where user_id = $1 and ($2::text is null or jurisdiction = $2)
      and ($3::smallint is null or year = $3) and ($4::uuid is null or id < $4)
    order by id desc limit $5
"""  # noqa: S608


async def list_latest(
    unit: ReadUnit,
    user_id: UserId,
    *,
    jurisdiction: str | None,
    year: int | None,
    after: UUID | None,
    limit: int,
) -> list[Run]:
    """The newest first, of those that came before `after`."""
    rows = await unit.fetch(LIST, user_id, jurisdiction, year, after, limit)
    return [_run(row) for row in rows]


def _run(row: asyncpg.Record) -> Run:
    return Run(**row)


READ_INPUT = "select input from tax_runs where id = $1"


async def read_input(unit: ReadUnit, run_id: RunId) -> bytes:
    document: bytes = await unit.fetchval(READ_INPUT, run_id)
    return document


LIST_PARTS = """
    select section, part, rows, content from tax_run_parts
    where run_id = $1 and ($2::text is null or section = $2) and part between $3 and $4
    order by section, part
"""


async def list_parts(
    unit: ReadUnit,
    run_id: RunId,
    *,
    section: str | None = None,
    first: int = 0,
    last: int = 2**31 - 1,
) -> list[Part]:
    """Parts `first` … `last` of one list, or of all of them."""
    return [Part(*row) for row in await unit.fetch(LIST_PARTS, run_id, section, first, last)]


COUNT_ROWS = (
    "select section, sum(rows)::bigint from tax_run_parts where run_id = $1 group by section"
)


async def count_rows(unit: ReadUnit, run_id: RunId) -> dict[str, int]:
    """How many rows each list of a report has; lists without any are missing."""
    return dict(await unit.fetch(COUNT_ROWS, run_id))


FIND_FILE = "select name, sha256, content from tax_run_files where run_id = $1 and name = $2"


async def find_file(unit: ReadUnit, run_id: RunId, name: str) -> RenderedFile | None:
    row = await unit.fetchrow(FIND_FILE, run_id, name)
    return RenderedFile(*row) if row else None


KEEP_FILE = """
    insert into tax_run_files (run_id, name, sha256, content, created_at)
    select id, $2, $3, $4, $5 from tax_runs where id = $1 for key share
    on conflict (run_id, name) do nothing
"""


async def keep_file(unit: Unit, run_id: RunId, file: RenderedFile, *, now: datetime) -> None:
    """The first one that is kept stays; nothing is kept of a run that was discarded meanwhile."""
    await unit.execute(KEEP_FILE, run_id, file.name, file.sha256, file.content, now)


DISCARD = "delete from tax_runs where user_id = $1 and id = $2 returning input_hash"


async def discard(unit: Unit, user_id: UserId, run_id: UUID) -> bytes | None:
    """The input hash of the run that is gone with everything that it had; None: no such run."""
    gone: bytes | None = await unit.fetchval(DISCARD, user_id, run_id)
    return gone
