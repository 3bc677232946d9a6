"""What may be wrong with a whole ledger, found in one pass over it. Pure.

Memory is bounded by what is found and by what is held, not by how long the ledger is: of each kind
the first few thousand issues are kept, and the others counted.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from plimsoll.kernel.identifiers import TransactionId
from plimsoll.ledger.domain import doubts
from plimsoll.ledger.domain.issues import (
    SEVERITIES,
    Issue,
    IssueKind,
    Known,
    Severity,
    Witnesses,
)
from plimsoll.ledger.domain.likeness import Likeness
from plimsoll.ledger.domain.shortages import Shortages
from plimsoll.ledger.domain.transactions import Transaction

MOST: Final = 5_000
"""Issues of one kind that are kept; the next ones are found once some of these are settled."""

WORST_FIRST: Final = {each: place for place, each in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, the worst first, then the oldest. `left_off`: how many more, by kind; of
    missing prices the transactions that need one.
    """

    issues: tuple[Issue, ...]
    left_off: dict[IssueKind, int]


class Inspection:
    """Fed with the transactions in force, in ledger order."""

    def __init__(self, known: Known, *, most: int = MOST) -> None:
        self._known = known
        self._most = most
        self._shortages = Shortages()
        self._likeness = Likeness()
        self._gaps: dict[doubts.Gap, Witnesses] = {}
        self._issues: list[Issue] = []
        self._counts: Counter[IssueKind] = Counter()
        self._left_off: Counter[IssueKind] = Counter()
        self._ends: dict[TransactionId, Transaction] = {}
        self._paired: set[TransactionId] = set()
        for each in known.proposals:
            self._paired |= {each.left.id, each.arrived.id}

    def add(self, transaction: Transaction) -> None:
        """Look at the next one."""
        known = self._known
        self._shortages.add(transaction)
        self._keep(self._likeness.find(transaction, known))
        if transaction.id in self._paired:  # what is moved needs no worth
            self._ends[transaction.id] = transaction
            return
        for gap in doubts.list_gaps(transaction, known):
            self._miss(gap, transaction)
        for issue in doubts.list_suspicious(transaction, known):
            self._keep(issue)
        spam = doubts.find_spam(transaction, known)
        self._keep(spam or doubts.find_lone(transaction, known))

    def _miss(self, gap: doubts.Gap, transaction: Transaction) -> None:
        witnesses = self._gaps.get(gap)
        if witnesses is None:
            if len(self._gaps) >= self._most:
                self._left_off[IssueKind.MISSING_PRICE] += 1
                return
            witnesses = self._gaps[gap] = Witnesses()
        witnesses.add(transaction)

    def _keep(self, issue: Issue | None) -> None:
        if issue is None:
            return
        if self._counts[issue.kind] >= self._most:
            self._left_off[issue.kind] += 1
        else:
            self._counts[issue.kind] += 1
            self._issues.append(issue)

    def finish(self) -> Findings:
        """All that was found."""
        known = self._known
        for short in self._shortages.list_issues(known):
            self._keep(short)
        for gap, witnesses in self._gaps.items():
            self._keep(doubts.gap_issue(gap, witnesses, known))
        for proposal in known.proposals:
            ends = (self._ends.get(proposal.left.id), self._ends.get(proposal.arrived.id))
            met = tuple(each for each in ends if each is not None)
            self._keep(doubts.proposal_issue(proposal, met, known))
        return Findings(tuple(sorted(self._issues, key=place_of)), dict(self._left_off))


def place_of(issue: Issue) -> tuple[int, str, str]:
    """Where it stands in the list."""
    return (WORST_FIRST[SEVERITIES[issue.kind]], issue.since.isoformat(), str(issue.id))


def find(transactions: Iterable[Transaction], known: Known, *, most: int = MOST) -> Findings:
    """What may be wrong with these, in ledger order."""
    inspection = Inspection(known, most=most)
    for transaction in transactions:
        inspection.add(transaction)
    return inspection.finish()
