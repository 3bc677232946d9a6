"""Cases and what happened to them. A case is one row; its turns are events, only ever added."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, NewType
from uuid import UUID

import asyncpg

from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.identifiers import UserId, new_id
from plimsoll.operations.domain.cases import (
    Case,
    Change,
    Evidence,
    Kind,
    Number,
    Rule,
    Severity,
    State,
    Subject,
    Turn,
)
from plimsoll.plumbing.database import ReadUnit, Unit

CaseId = NewType("CaseId", UUID)

STATES: Final = {
    Kind.OPENED: State.OPEN,
    Kind.REOPENED: State.OPEN,
    Kind.ACKNOWLEDGED: State.ACKNOWLEDGED,
    Kind.RESOLVED: State.RESOLVED,
}
"""The events that are turns of a case, and what it is after them."""


class Happened(NamedTuple):
    """An event of a case, and how it was after it. `by` None: its rule did it."""

    version: int
    kind: Kind
    state: State
    severity: Severity
    at: datetime
    by: UserId | None
    reason: str


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case with its name, and all that happened to it, the oldest first."""

    id: CaseId
    case: Case
    events: tuple[Happened, ...]

    @property
    def version(self) -> int:
        return len(self.events)


class CaseRow(NamedTuple):
    """A case in a list. `value` is the worst figure of its evidence."""

    id: CaseId
    number: int
    rule: Rule
    user_id: UserId | None
    matter: str | None
    severity: Severity
    state: State
    owner: UserId | None
    opened_at: datetime
    changed_at: datetime
    value: Decimal
    version: int


def key_of(rule: Rule, subject: Subject) -> str:
    return f"{rule}|{subject.user_id or ''}|{subject.matter or ''}"


_STORED: Final = """
    select c.id, c.number, c.rule, c.user_id, c.matter, c.severity, c.owner, c.evidence,
        (select json_agg(json_build_array(
                e.version, e.kind, e.state, e.severity, e.at, e.by, e.reason) order by e.version)
            from case_events e where e.case_id = c.id) as events
    from cases c
"""


async def find(unit: ReadUnit, case_id: UUID) -> StoredCase | None:
    row = await unit.fetchrow(f"{_STORED} where c.id = $1", case_id)
    return _stored(row) if row else None


async def lock(unit: Unit, case_id: UUID) -> StoredCase | None:
    """Nobody else changes it until the unit ends. Two statements: what waited for the lock has to
    see what the other one did.
    """
    await unit.execute("select from cases where id = $1 for update", case_id)
    return await find(unit, case_id)


async def lock_latest(unit: Unit, keys: Iterable[str]) -> list[StoredCase]:
    """The latest case of each key, locked until the unit ends."""
    ids = await unit.fetch(
        """
        select id from cases
        where (key, number) in (select key, max(number) from cases where key = any($1) group by key)
        order by id for update
        """,
        sorted(keys),
    )
    rows = await unit.fetch(f"{_STORED} where c.id = any($1)", [row["id"] for row in ids])
    return [_stored(row) for row in rows]


async def list_active(unit: ReadUnit, rules: Sequence[Rule]) -> list[Subject]:
    """Whom cases of these rules are about that are not resolved."""
    rows = await unit.fetch(
        "select user_id, matter from cases where rule = any($1) and state <> 'resolved'", rules
    )
    return [Subject(row["user_id"], row["matter"]) for row in rows]


_SAVE: Final = """
    insert into cases as known (id, key, number, rule, user_id, matter, severity, state, owner,
        opened_at, changed_at, value, evidence, version)
    select * from unnest($1::uuid[], $2::text[], $3::int[], $4::text[], $5::uuid[], $6::text[],
        $7::smallint[], $8::text[], $9::uuid[], $10::timestamptz[], $11::timestamptz[],
        $12::numeric[], $13::json[], $14::int[])
    on conflict (id) do update set severity = excluded.severity, state = excluded.state,
        owner = excluded.owner, changed_at = excluded.changed_at, value = excluded.value,
        evidence = excluded.evidence, version = excluded.version
"""
_ADD_EVENTS: Final = """
    insert into case_events (case_id, version, kind, state, severity, at, by, reason)
    select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::smallint[],
        $6::timestamptz[], $7::uuid[], $8::text[])
"""


async def save(
    unit: Unit, known: Iterable[StoredCase], changes: Sequence[Change]
) -> list[tuple[CaseId, Change]]:
    """Write what the changes did, in two statements; each with the case it happened to.

    `known` are the cases as they were, locked. More evidence alone is no event.
    """
    names = {(key_of(each.case.rule, each.case.subject), each.case.number): each for each in known}
    last: dict[CaseId, tuple[Case, int]] = {}
    ids: dict[tuple[str, int], CaseId] = {}
    events: list[tuple[Any, ...]] = []
    told: list[tuple[CaseId, Change]] = []
    for change in changes:
        case = change.case
        name = (key_of(case.rule, case.subject), case.number)
        stored = names.get(name)
        if name not in ids:
            ids[name] = stored.id if stored else CaseId(new_id())
        case_id = ids[name]
        version = last[case_id][1] if case_id in last else stored.version if stored else 0
        if change.kind is not Kind.EVIDENCE:
            version += 1
            events.append(
                (case_id, version, change.kind, case.state, case.severity, change.at, change.by,
                 change.reason)
            )  # fmt: skip
        last[case_id] = case, version
        told.append((case_id, change))
    if last:
        rows = [_row(case_id, *held) for case_id, held in last.items()]
        await unit.execute(_SAVE, *map(list, zip(*rows, strict=True)))
    if events:
        await unit.execute(_ADD_EVENTS, *map(list, zip(*events, strict=True)))
    return told


def _row(case_id: CaseId, case: Case, version: int) -> tuple[Any, ...]:
    subject = case.subject
    return (
        case_id, key_of(case.rule, subject), case.number, case.rule, subject.user_id,
        subject.matter, case.severity, case.state, case.owner, case.opened_at, case.changed_at,
        max(each.value for each in case.evidence), encode_evidence(case.evidence), version,
    )  # fmt: skip


class Sought(NamedTuple):
    """Which cases; None: all."""

    state: State | None = None
    severity: Severity | None = None
    rule: Rule | None = None
    owner: UUID | None = None
    user_id: UUID | None = None


_CASE_COLUMNS: Final = """
    id, number, rule, user_id, matter, severity, state, owner, opened_at, changed_at, value, version
"""
_FILTERS: Final = {name: f"{name} = ${{}}" for name in Sought._fields}
_ACTIVE: Final = " and state <> 'resolved'"


async def list_cases(
    unit: ReadUnit, sought: Sought, *, before: UUID | None, limit: int
) -> list[CaseRow]:
    """The latest first."""
    given = {name: value for name, value in sought._asdict().items() if value is not None}
    where = "".join(
        f" and {_FILTERS[name].format(number)}" for number, name in enumerate(given, start=3)
    )
    if sought.state not in {None, State.RESOLVED}:
        where += _ACTIVE  # what the index of those has
    rows = await unit.fetch(
        f"select {_CASE_COLUMNS} from cases where ($1::uuid is null or id < $1){where}"  # noqa: S608 -- our own texts
        " order by id desc limit $2",
        before, limit, *given.values(),
    )  # fmt: skip
    return [
        CaseRow(
            row["id"],
            row["number"],
            Rule(row["rule"]),
            row["user_id"],
            row["matter"],
            Severity(row["severity"]),
            State(row["state"]),
            *row[7:],
        )
        for row in rows
    ]


async def count_active(unit: ReadUnit) -> dict[Severity, int]:
    """Cases that are not resolved."""
    rows = await unit.fetch(
        "select severity, count(*) from cases where state <> 'resolved' group by 1"
    )
    return {Severity(row[0]): row[1] for row in rows}


async def count_active_of(unit: ReadUnit, people: Sequence[UUID]) -> dict[UUID, int]:
    """The same by person; who has none is not there."""
    rows = await unit.fetch(
        """
        select user_id, count(*) from cases
        where user_id = any($1) and state <> 'resolved' group by 1
        """,
        people,
    )
    return {row[0]: row[1] for row in rows}


LOCK_SCAN: Final = 0x504C494D_0002


async def try_lock_scan(unit: Unit) -> bool:
    """Whether nobody else scans, until the unit ends."""
    taken: bool = await unit.fetchval("select pg_try_advisory_xact_lock($1)", LOCK_SCAN)
    return taken


async def read_progress(unit: ReadUnit) -> int | None:
    """The last sign-in that was judged; None before the first scan."""
    sequence: int | None = await unit.fetchval("select sign_ins from compliance_progress")
    return sequence


async def write_progress(unit: Unit, sign_ins: int) -> None:
    await unit.execute(
        """
        insert into compliance_progress (sign_ins) values ($1)
        on conflict (only_row) do update set sign_ins = excluded.sign_ins
        """,
        sign_ins,
    )


# evidence as JSON


def encode_evidence(evidence: Sequence[Evidence]) -> str:
    """Numbers with their kind: a decimal comes back as the decimal that it was."""
    return json.dumps(
        [
            [rfc3339(each.at), str(each.value), [_write(*number) for number in each.numbers]]
            for each in evidence
        ]
    )


def decode_evidence(text: str) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            datetime.fromisoformat(at), Decimal(value), tuple(_read(*number) for number in numbers)
        )
        for at, value, numbers in json.loads(text)
    )


def _write(name: str, number: Number) -> tuple[str, str, str]:
    return name, type(number).__name__, str(number)


_KINDS: Final[dict[str, type[Decimal] | type[int] | type[str]]] = {
    "Decimal": Decimal,
    "int": int,
    "str": str,
}


def _read(name: str, kind: str, text: str) -> tuple[str, Number]:
    return name, _KINDS[kind](text)


def _stored(row: asyncpg.Record) -> StoredCase:
    events = tuple(
        Happened(
            version,
            Kind(kind),
            State(state),
            Severity(severity),
            datetime.fromisoformat(at),
            UserId(UUID(by)) if by else None,
            reason,
        )
        for version, kind, state, severity, at, by, reason in json.loads(row["events"])
    )
    turns = tuple(
        Turn(STATES[each.kind], each.at, each.by, each.reason)
        for each in events
        if each.kind in STATES
    )
    case = Case(
        Rule(row["rule"]),
        Subject(row["user_id"], row["matter"]),
        row["number"],
        Severity(row["severity"]),
        decode_evidence(row["evidence"]),
        turns,
        row["owner"],
    )
    return StoredCase(row["id"], case, events)
