"""Compliance cases: how findings open, worsen and close them. Pure; the caller gives the time.

A rule judges a figure at a moment and hands in a finding. Three things keep cases from flapping:
a case opens at `open_at` and is over only below `close_at`; after a resolution the same rule and
subject rest for the cooldown; and the severity of a case only ever rises. Worse evidence breaks
through all three: it takes an acknowledged or resolved case back to open, so a case turns a
bounded number of times and can carry its whole history.

Cooldown holds back a case, never the facts: what is found meanwhile is added to the resolved one.
Moments are those of the observation, so findings told twice, or late, change nothing twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Final

from plimsoll.kernel.errors import Conflict, Invalid
from plimsoll.kernel.identifiers import UserId

MOST_EVIDENCE: Final = 32
"""Of one case; the first, the worst and the newest are kept."""

Number = Decimal | int | str


class CaseNotInState(Conflict):
    code = "case-not-in-state"
    title = "The case is not in a state that allows this"


class ReasonMissing(Invalid):
    code = "reason-missing"
    title = "A reason is needed"


class Rule(StrEnum):
    LEVERAGE = "leverage"
    EXPOSURE = "exposure"
    LIQUIDATIONS = "liquidations"
    SELF_TRADES = "self-trades"
    ORDER_TO_TRADE = "order-to-trade"
    NEW_PLACE = "new-place"


class Severity(IntEnum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Zone(StrEnum):
    """Where a figure stands: below `close_at`, from there to `open_at`, or from there on."""

    CLEAR = "clear"
    BETWEEN = "between"
    BREACHED = "breached"


class State(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Closing(StrEnum):
    """Who may close: a condition is over when its figure is; conduct, once a person looked."""

    BY_FIGURE = "by-figure"
    BY_PERSON = "by-person"


class Kind(StrEnum):
    OPENED = "opened"
    EVIDENCE = "evidence"
    WORSENED = "worsened"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"


LEGAL: Final[frozenset[tuple[State, State]]] = frozenset(
    {
        (State.OPEN, State.ACKNOWLEDGED),
        (State.OPEN, State.RESOLVED),  # by the figure only
        (State.ACKNOWLEDGED, State.RESOLVED),
        (State.ACKNOWLEDGED, State.OPEN),  # worse evidence
        (State.RESOLVED, State.OPEN),  # worse evidence
    }
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a case is about, and of what: a symbol, a place. No user: everybody together."""

    user_id: UserId | None = None
    matter: str | None = None

    def order(self) -> tuple[str, str]:
        return (str(self.user_id or ""), self.matter or "")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A figure as it was at a moment, higher is worse, and the named numbers behind it."""

    at: datetime
    value: Decimal
    numbers: tuple[tuple[str, Number], ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """How cases of a rule behave; repeated evidence that is not worse is kept once per `every`."""

    closing: Closing
    cooldown: timedelta
    every: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Finding:
    """One judgement of one rule about one subject; `severity` only when breached. `reason` says
    in words which limit the figure met.
    """

    rule: Rule
    subject: Subject
    zone: Zone
    severity: Severity | None
    evidence: Evidence
    terms: Terms
    reason: str

    def __post_init__(self) -> None:
        assert (self.severity is not None) == (self.zone is Zone.BREACHED)


@dataclass(frozen=True, slots=True)
class Turn:
    """A case came to this state; `by` None: its rule did it."""

    state: State
    at: datetime
    by: UserId | None
    reason: str


@dataclass(frozen=True, slots=True)
class Case:
    """`number` counts the cases of one rule and subject from 1; the three name a case for good.
    `owner` is who acknowledged it last, or was given it. Evidence and history are never empty,
    oldest first.
    """

    rule: Rule
    subject: Subject
    number: int
    severity: Severity
    evidence: tuple[Evidence, ...]
    history: tuple[Turn, ...]
    owner: UserId | None = None

    @property
    def state(self) -> State:
        return self.history[-1].state

    @property
    def opened_at(self) -> datetime:
        return self.history[0].at

    @property
    def changed_at(self) -> datetime:
        return self.history[-1].at

    def age(self, now: datetime) -> timedelta:
        """From opening to now, or to the resolution; 0 when the clock was set back behind it."""
        end = self.changed_at if self.state is State.RESOLVED else now
        return max(end - self.opened_at, timedelta(0))


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to a case, and the case after it. `by` None: its rule did it."""

    kind: Kind
    case: Case
    at: datetime
    by: UserId | None
    reason: str


def advance(cases: Iterable[Case], findings: Iterable[Finding], now: datetime) -> list[Change]:
    """What the findings do to the cases, in order of observation; the order they come in is
    nothing.

    `cases` holds at least the latest case of every rule and subject found, resolved ones too.
    Several changes of one case build on each other; the last one has it as it stands.
    """
    latest = dict[tuple[Rule, Subject], Case]()
    for case in sorted(cases, key=lambda case: case.number):
        latest[case.rule, case.subject] = case
    changes = list[Change]()
    for finding in sorted(findings, key=_order):
        key = (finding.rule, finding.subject)
        change = _meet(latest.get(key), finding, now)
        if change is not None:
            latest[key] = change.case
            changes.append(change)
    return changes


def acknowledge(case: Case, *, by: UserId, reason: str, now: datetime) -> Change:
    """A person takes an open case and becomes its owner."""
    _check(case, (State.OPEN,), reason)
    return _turn(replace(case, owner=by), Kind.ACKNOWLEDGED, now, by, reason)


def assign(case: Case, *, owner: UserId, by: UserId, reason: str, now: datetime) -> Change:
    """Give a case that is not resolved to a person; its state stays."""
    _check(case, (State.OPEN, State.ACKNOWLEDGED), reason)
    return Change(Kind.ASSIGNED, replace(case, owner=owner), now, by, reason)


def resolve(case: Case, *, by: UserId, reason: str, now: datetime) -> Change:
    """A person closes an acknowledged case, their own or a colleague's."""
    _check(case, (State.ACKNOWLEDGED,), reason)
    return _turn(case, Kind.RESOLVED, now, by, reason)


def _order(finding: Finding) -> tuple[datetime, str, tuple[str, str], Decimal, str]:
    evidence = finding.evidence
    subject = finding.subject.order()
    return (evidence.at, finding.rule, subject, evidence.value, repr(evidence.numbers))


def _meet(case: Case | None, finding: Finding, now: datetime) -> Change | None:
    """One finding against the latest case of its rule and subject."""
    if finding.zone is Zone.BETWEEN:
        return None
    if finding.zone is Zone.CLEAR:
        return _clear(case, finding, now)
    if case is None:
        return _open(finding, number=1, now=now)
    rested = finding.evidence.at >= case.changed_at + finding.terms.cooldown
    if case.state is State.RESOLVED and rested:
        return _open(finding, number=case.number + 1, now=now)
    return _add(case, finding, now)


def _clear(case: Case | None, finding: Finding, now: datetime) -> Change | None:
    if case is None or case.state is State.RESOLVED:
        return None
    late = finding.evidence.at <= case.evidence[-1].at
    if late or finding.terms.closing is Closing.BY_PERSON:
        return None
    return _turn(case, Kind.RESOLVED, now, None, finding.reason)


def _open(finding: Finding, *, number: int, now: datetime) -> Change:
    assert finding.severity is not None
    turn = Turn(State.OPEN, now, None, finding.reason)
    case = Case(
        finding.rule, finding.subject, number, finding.severity, (finding.evidence,), (turn,)
    )
    return Change(Kind.OPENED, case, now, None, finding.reason)


def _add(case: Case, finding: Finding, now: datetime) -> Change | None:
    """More of the same, or worse: then somebody has to look again."""
    assert finding.severity is not None
    kept = _with_evidence(case, finding)
    if finding.severity <= case.severity:
        if kept == case.evidence:
            return None
        return Change(Kind.EVIDENCE, replace(case, evidence=kept), now, None, finding.reason)
    worse = replace(case, severity=finding.severity, evidence=kept)
    if case.state is State.OPEN:
        return Change(Kind.WORSENED, worse, now, None, finding.reason)
    return _turn(worse, Kind.REOPENED, now, None, finding.reason)


def _turn(case: Case, kind: Kind, now: datetime, by: UserId | None, reason: str) -> Change:
    state = State.OPEN if kind is Kind.REOPENED else State(kind)
    assert (case.state, state) in LEGAL
    at = max(now, case.changed_at)  # a clock that was set back never disorders a history
    turned = replace(case, history=(*case.history, Turn(state, at, by, reason)))
    return Change(kind, turned, at, by, reason)


def _check(case: Case, allowed: tuple[State, ...], reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing("say why, for those who read the case later")
    if case.state not in allowed:
        raise CaseNotInState(f"the case is {case.state}", facts={"state": str(case.state)})


def _worst(evidence: Iterable[Evidence]) -> Evidence:
    """The highest figure, of equals the one that stood first."""
    return max(evidence, key=lambda one: (one.value, -one.at.timestamp(), repr(one.numbers)))


def _with_evidence(case: Case, finding: Finding) -> tuple[Evidence, ...]:
    """The evidence of the case with the finding's, each once, bounded; the same tuple when the
    finding adds nothing.
    """
    new, kept, every = finding.evidence, case.evidence, finding.terms.every
    repeats = any(abs(new.at - old.at) < every for old in kept)
    worse = new.value > _worst(kept).value
    risen = finding.severity is not None and finding.severity > case.severity
    if new in kept or (repeats and not worse and not risen):
        return kept
    whole = sorted((*kept, new), key=lambda one: (one.at, one.value, repr(one.numbers)))
    if len(whole) > MOST_EVIDENCE:
        worst = _worst(whole)
        whole.remove(next(one for one in whole[1:] if one != worst))
    return tuple(whole)
