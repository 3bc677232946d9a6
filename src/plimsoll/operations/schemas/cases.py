"""JSON shapes of compliance cases."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

import numpy as np
from pydantic import Field

from plimsoll.kernel.clock import to_ms
from plimsoll.kernel.money import format_amount
from plimsoll.operations.domain.cases import Evidence, Kind, Rule, Severity, State
from plimsoll.operations.storage.cases import CaseRow, Happened, StoredCase
from plimsoll.plumbing.shapes import Body, Figure, Moment, Text, View
from plimsoll.plumbing.tables import Columns

Reason = Annotated[Text, Field(min_length=1, max_length=500, description="For the audit log")]
Version = Annotated[
    int | None,
    Field(strict=True, ge=0, le=2**31 - 1, description="Refused when the case has another"),
]


class SeverityName(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


NAMES: Final = {
    Severity.LOW: SeverityName.LOW,
    Severity.MEDIUM: SeverityName.MEDIUM,
    Severity.HIGH: SeverityName.HIGH,
}
SEVERITIES: Final = {name: severity for severity, name in NAMES.items()}


class ActBody(Body):
    reason: Reason
    version: Version = None


class AssignBody(ActBody):
    owner: UUID


class CaseView(View):
    """What a rule found about a person (null: about everybody) and a matter: a symbol, `cross` for
    all cross positions, a network. `value` is the worst figure, `age_s` ends with the resolution.
    """

    id: UUID
    number: int = Field(description="Of the cases of this rule, person and matter")
    rule: Rule
    user_id: UUID | None
    matter: str | None
    severity: SeverityName
    state: State
    owner: UUID | None
    opened_at: Moment
    changed_at: Moment
    age_s: int
    value: Figure
    version: int

    @classmethod
    def of(cls, row: CaseRow, now: datetime) -> "CaseView":
        end = row.changed_at if row.state is State.RESOLVED else now
        return cls(
            id=row.id,
            number=row.number,
            rule=row.rule,
            user_id=row.user_id,
            matter=row.matter,
            severity=NAMES[row.severity],
            state=row.state,
            owner=row.owner,
            opened_at=row.opened_at,
            changed_at=row.changed_at,
            age_s=max(0, int((end - row.opened_at).total_seconds())),
            value=row.value,
            version=row.version,
        )


class EvidenceView(View):
    """A figure at a moment and the numbers behind it; amounts and ratios are text."""

    at: Moment
    value: Figure
    numbers: dict[str, str | int]

    @classmethod
    def of(cls, evidence: Evidence) -> "EvidenceView":
        return cls(
            at=evidence.at,
            value=evidence.value,
            numbers={
                name: format_amount(number) if isinstance(number, Decimal) else number
                for name, number in evidence.numbers
            },
        )


class HappenedView(View):
    """`by` null: the rule itself."""

    version: int
    kind: Kind
    state: State
    severity: SeverityName
    at: Moment
    by: UUID | None
    reason: str

    @classmethod
    def of(cls, happened: Happened) -> "HappenedView":
        return cls(**happened._asdict() | {"severity": NAMES[happened.severity]})


class CaseDetailView(CaseView):
    """With its evidence and everything that happened to it, the oldest first."""

    evidence: list[EvidenceView]
    history: list[HappenedView]

    @classmethod
    def of_stored(cls, stored: StoredCase, now: datetime) -> "CaseDetailView":
        case = stored.case
        return cls(
            id=stored.id,
            number=case.number,
            rule=case.rule,
            user_id=case.subject.user_id,
            matter=case.subject.matter,
            severity=NAMES[case.severity],
            state=case.state,
            owner=case.owner,
            opened_at=case.opened_at,
            changed_at=case.changed_at,
            age_s=int(case.age(now).total_seconds()),
            value=max(each.value for each in case.evidence),
            version=stored.version,
            evidence=[EvidenceView.of(each) for each in case.evidence],
            history=[HappenedView.of(each) for each in stored.events],
        )


def cases_table(rows: Sequence[CaseRow], views: Sequence[CaseView]) -> Columns:
    return {
        "id": [str(each.id) for each in views],
        "number": np.array([each.number for each in rows], np.int64),
        "rule": [each.rule.value for each in views],
        "user_id": [str(each.user_id or "") for each in views],
        "matter": [each.matter or "" for each in views],
        "severity": [each.severity.value for each in views],
        "state": [each.state.value for each in views],
        "owner": [str(each.owner or "") for each in views],
        "opened_at_ms": np.array([to_ms(each.opened_at) for each in rows], np.int64),
        "changed_at_ms": np.array([to_ms(each.changed_at) for each in rows], np.int64),
        "age_s": np.array([each.age_s for each in views], np.int64),
        "value": [format_amount(each.value) for each in views],
        "version": np.array([each.version for each in rows], np.int64),
    }
