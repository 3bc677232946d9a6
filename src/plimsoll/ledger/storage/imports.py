"""Imports: the file in parts, how far it is, and the verdict of every row."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

import asyncpg
import msgspec

from plimsoll.kernel.identifiers import AssetId, ImportId, JobId, UserId, WalletId
from plimsoll.ledger.domain.imports import (
    FALLS_BACK_TO,
    Answers,
    Found,
    Import,
    ImportProblem,
    ImportState,
    Kept,
    Standing,
)
from plimsoll.ledger.storage.transactions import GONE
from plimsoll.plumbing.database import ReadUnit, Unit

COPIED: Final = (
    "import_id",
    "position",
    "standing",
    "lines",
    "source",
    "identity",
    "recordable",
    "verdict",
)
"""The columns of rows as a file of CSV brings them."""

INSERT = """
    insert into imports (id, user_id, name, digest, size, wallet_id, state, job_id, answers)
    values ($1, $2, $3, $4, $5, $6, 'reading', $7, $8) on conflict do nothing returning true
"""
INSERT_PART = "insert into import_parts (import_id, number, content) values ($1, $2, $3)"
SELECT = """
    select i.*, j.state as job_state, j.problem_code, j.problem_detail
    from imports i left join jobs j on j.id = i.job_id
"""
FIND = f"{SELECT} where i.id = $1 and ($2::uuid is null or i.user_id = $2)"
FIND_UNDECIDED = f"""
    {SELECT} where i.user_id = $1 and i.digest = $2
    and i.state in ('reading', 'questions', 'refused', 'preview', 'committing')
"""
LIST = f"""
    {SELECT} where i.user_id = $1 and ($2::uuid is null or i.id < $2) order by i.id desc limit $3
"""
COUNT_UNDECIDED = """
    select count(*) from imports
    where user_id = $1 and state in ('reading', 'questions', 'refused', 'preview', 'committing')
"""
UPDATE = """
    update imports set wallet_id = $2, state = $3, job_id = $4, answers = $5, found = $6,
        problem = $7, counts = $8, accepted = $9, skipped = $10, recorded = $11, repeated = $12,
        version = version + 1, changed_at = now()
    where id = $1
"""
MARK_KNOWN = f"""
    update import_rows r set standing = 'already-imported', recordable = false
    from transactions t
    where r.import_id = $1 and r.standing in ('new', 'needs-attention')
      and t.user_id = $2 and t.source = r.source and t.external_id = r.identity
      and not {GONE}
"""  # noqa: S608 - a constant condition
MARK_OWN = f"""
    update import_rows r set standing = 'already-imported', recordable = false
    from transactions t
    where r.import_id = $1 and r.standing in ('new', 'needs-attention')
      and t.user_id = $2 and t.source = r.source and t.external_id is null
      and t.id = case when r.identity ~ '^tx:[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$'
                      then substr(r.identity, 4)::uuid end
      and not {GONE}
"""  # noqa: S608 - a constant condition
CHOOSE = """
    with chosen as (
        select distinct r.position from import_rows r, unnest(r.lines) as line
        where r.import_id = $1 and line = any($2)
          and ($3 = 'skip' or (r.standing = 'needs-attention' and r.recordable))
    ), put as (
        update import_rows r set choice = $3 from chosen
        where r.import_id = $1 and r.position = chosen.position
        returning r.lines
    )
    select distinct line from put, unnest(lines) as line where line = any($2)
"""
COUNT = """
    select standing, choice, count(*) as rows from import_rows where import_id = $1
    group by standing, choice
"""
TO_RECORD = """
    select position, identity, verdict from import_rows
    where import_id = $1 and position > $2 and recordable and choice is distinct from 'skip'
      and (standing = 'new' or choice = 'accept')
    order by position limit $3
"""
COUNT_TO_RECORD = """
    select count(*) from import_rows
    where import_id = $1 and recordable and choice is distinct from 'skip'
      and (standing = 'new' or choice = 'accept')
"""
LIST_ROWS = """
    select position, standing, choice, verdict from import_rows
    where import_id = $1 and position > $2 and ($3::text is null or standing = $3)
    order by position limit $4
"""
DISCARD_OLD = """
    with old as (
        select i.id from imports i
        where i.state in ('reading', 'questions', 'refused', 'preview', 'committing')
          and i.changed_at < now() - $1 * interval '1 day'
          and not exists (
            select from jobs j where j.id = i.job_id and j.state in ('queued', 'running'))
        order by i.changed_at limit $2
        for update skip locked
    ), parts as (
        delete from import_parts p using old where p.import_id = old.id
    ), lines as (
        delete from import_rows r using old where r.import_id = old.id
    ), put as (
        update imports i set state = 'discarded', problem = $3, version = version + 1,
            changed_at = now()
        from old where i.id = old.id
    )
    select count(*) from old
"""


@dataclass(frozen=True, slots=True)
class KeptRow:
    """`choice`: skip, accept, or None. `standing` as it is now beside the ledger."""

    position: int
    standing: Standing
    choice: Literal["skip", "accept"] | None
    kept: Kept


ROW = msgspec.json.Decoder(Kept)


@dataclass(frozen=True, slots=True)
class NewImport:
    """A file that came in."""

    id: ImportId
    user_id: UserId
    name: str
    digest: bytes
    size: int
    wallet_id: WalletId | None


async def add(unit: Unit, new: NewImport, job_id: JobId) -> bool:
    """False where the same bytes are there, undecided."""
    return bool(
        await unit.fetchval(
            INSERT,
            new.id,
            new.user_id,
            new.name,
            new.digest,
            new.size,
            new.wallet_id,
            job_id,
            _text(Answers()),
        )
    )


async def add_part(unit: Unit, import_id: ImportId, number: int, content: bytes) -> None:
    await unit.execute(INSERT_PART, import_id, number, content)


async def stream_parts(unit: ReadUnit, import_id: ImportId) -> AsyncIterator[bytes]:
    """The file, part by part."""
    number = 0
    while content := await unit.fetchval(
        "select content from import_parts where import_id = $1 and number = $2", import_id, number
    ):
        yield content
        number += 1


async def find(
    unit: ReadUnit, import_id: ImportId, user_id: UserId | None, *, lock: bool = False
) -> Import | None:
    """With `user_id` only theirs; with `lock` nobody else changes it until the unit ends."""
    row = await unit.fetchrow(FIND + (" for update of i" if lock else ""), import_id, user_id)
    return _import(row) if row else None


async def find_undecided(unit: ReadUnit, user_id: UserId, digest: bytes) -> Import | None:
    row = await unit.fetchrow(FIND_UNDECIDED, user_id, digest)
    return _import(row) if row else None


async def count_undecided(unit: ReadUnit, user_id: UserId) -> int:
    count: int = await unit.fetchval(COUNT_UNDECIDED, user_id)
    return count


async def list_latest(
    unit: ReadUnit, user_id: UserId, *, after: UUID | None, limit: int
) -> list[Import]:
    """The newest first."""
    return [_import(row) for row in await unit.fetch(LIST, user_id, after, limit)]


async def save(unit: Unit, each: Import) -> None:
    await unit.execute(
        UPDATE,
        each.id,
        each.wallet_id,
        each.state,
        each.job_id,
        _text(each.answers),
        _text(each.found) if each.found else None,
        _text(each.problem) if each.problem else None,
        _text({standing.value: count for standing, count in each.counts.items()}),
        each.accepted,
        each.skipped,
        each.recorded,
        each.repeated,
    )


async def put_rows(unit: Unit, import_id: ImportId, spool: Path) -> None:
    """The rows of a file of CSV, in place of all that are there."""
    await unit.execute("delete from import_rows where import_id = $1", import_id)
    await unit.copy_csv_in("import_rows", COPIED, spool)


async def mark_known(unit: Unit, import_id: ImportId, user_id: UserId) -> None:
    """Rows that the ledger has in force are already imported, be it by their external id, or by the
    ledger's own where an export of it gave them that.
    """
    await unit.execute(MARK_KNOWN, import_id, user_id)
    await unit.execute(MARK_OWN, import_id, user_id)


LIST_IDENTITIES = f"""
    select source, coalesce(external_id, 'tx:' || id) from transactions t
    where user_id = $1 and voids is null
      and not {GONE}
"""  # noqa: S608 - a constant condition


async def list_identities(unit: ReadUnit, user_id: UserId) -> set[tuple[str, str]]:
    """By source and identity what is in force, as `mark_known` compares it."""
    return {(row[0], row[1]) for row in await unit.fetch(LIST_IDENTITIES, user_id)}


async def choose(unit: Unit, import_id: ImportId, answers: Answers) -> set[int]:
    """Put what was chosen on the rows; the lines to which it applies. Skipping wins."""
    await unit.execute(
        "update import_rows set choice = null where import_id = $1 and choice is not null",
        import_id,
    )
    found: set[int] = set()
    for choice, lines in (("accept", answers.accept), ("skip", answers.skip)):
        if lines:
            rows = await unit.fetch(CHOOSE, import_id, list(lines), choice)
            found.update(row["line"] for row in rows)
    return found


async def count(unit: ReadUnit, import_id: ImportId) -> tuple[dict[Standing, int], int, int]:
    """Verdicts by standing, then how many are accepted, and skipped."""
    standings = dict.fromkeys(Standing, 0)
    choices = {"accept": 0, "skip": 0}
    for row in await unit.fetch(COUNT, import_id):
        standings[Standing(row["standing"])] += row["rows"]
        if row["choice"]:
            choices[row["choice"]] += row["rows"]
    return standings, choices["accept"], choices["skip"]


async def list_to_record(
    unit: ReadUnit, import_id: ImportId, *, after: int, limit: int
) -> list[tuple[int, str, str]]:
    """Position, identity and verdict (JSON) of the next rows that become transactions."""
    rows = await unit.fetch(TO_RECORD, import_id, after, limit)
    return [(row["position"], row["identity"], row["verdict"]) for row in rows]


async def count_to_record(unit: ReadUnit, import_id: ImportId) -> int:
    count: int = await unit.fetchval(COUNT_TO_RECORD, import_id)
    return count


async def list_cost_currencies(unit: ReadUnit, user_id: UserId) -> set[AssetId]:
    """What this person's wallets keep costs in."""
    rows = await unit.fetch("select distinct currency from holdings where user_id = $1", user_id)
    return {row["currency"] for row in rows}


async def list_rows(
    unit: ReadUnit, import_id: ImportId, *, standing: Standing | None, after: int, limit: int
) -> list[KeptRow]:
    rows = await unit.fetch(LIST_ROWS, import_id, after, standing, limit)
    return [
        KeptRow(
            row["position"], Standing(row["standing"]), row["choice"], ROW.decode(row["verdict"])
        )
        for row in rows
    ]


async def forget_file(unit: Unit, import_id: ImportId) -> None:
    await unit.execute("delete from import_parts where import_id = $1", import_id)


async def forget_rows(unit: Unit, import_id: ImportId, *, recorded_only: bool) -> None:
    """With `recorded_only` those stay that came to nothing, so that it can be read why."""
    await unit.execute(
        """delete from import_rows where import_id = $1 and (not $2 or standing = 'already-imported'
               or (choice is distinct from 'skip' and (standing = 'new' or choice = 'accept')))""",
        import_id,
        recorded_only,
    )


async def discard_old(unit: Unit, *, keep_days: int, problem: ImportProblem, most: int) -> int:
    """Discard undecided imports that nothing happened to for `keep_days`; how many."""
    count: int = await unit.fetchval(DISCARD_OLD, keep_days, most, _text(problem))
    return count


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _import(row: asyncpg.Record) -> Import:
    state = ImportState(row["state"])
    problem = msgspec.json.decode(row["problem"], type=ImportProblem) if row["problem"] else None
    if state in FALLS_BACK_TO and row["job_state"] not in {"queued", "running"}:
        state = FALLS_BACK_TO[state]
        problem = ImportProblem(
            row["problem_code"] or "job-cancelled",
            "What was to be done came to its end before it was done",
            row["problem_detail"] or "",
        )
    counts: Mapping[str, int] = msgspec.json.decode(row["counts"])
    return Import(
        id=row["id"],
        user_id=row["user_id"],
        name=row["name"],
        digest=row["digest"],
        size=row["size"],
        wallet_id=row["wallet_id"],
        state=state,
        job_id=JobId(row["job_id"]),
        version=row["version"],
        answers=msgspec.json.decode(row["answers"], type=Answers),
        found=msgspec.json.decode(row["found"], type=Found) if row["found"] else None,
        problem=problem,
        counts={Standing(name): number for name, number in counts.items()},
        accepted=row["accepted"],
        skipped=row["skipped"],
        recorded=row["recorded"],
        repeated=row["repeated"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )
