"""A ledger gone through once, day by day: what was held, worth, paid in and earned. Pure.

Transactions are told in ledger order; every day up to the last one asked for is then closed. All
questions of a period are answered from the days: what it brought is the sum of its days, and how
it stood is kept for each day. So a change needs only the days from its own on to be forgotten and
told again, and a day that is not over is forgotten and told again at every look.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from operator import itemgetter

from plimsoll.kernel.identifiers import TransactionId
from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.holdings import Books, Holding, Key
from plimsoll.ledger.domain.transactions import Transaction
from plimsoll.portfolio.domain import profits
from plimsoll.portfolio.domain.flows import first_prices, flow_of
from plimsoll.portfolio.domain.profits import Split, Sums
from plimsoll.portfolio.domain.returns import Course, course_of
from plimsoll.portfolio.domain.series import ONE_DAY, Day, PriceOf, day_of, value_day
from plimsoll.portfolio.domain.values import Line, total_of


class History:
    """The days of one ledger in one currency."""

    def __init__(self, price_of: PriceOf) -> None:
        self.price_of = price_of
        self.days: list[Day] = []
        self.totals: list[Line] = []
        """Of each of the days, all in all."""
        self._flows: dict[date, Decimal] = {}
        self._sums: dict[date, Sums] = {}
        self._unknown: dict[date, list[TransactionId]] = {}
        self._changes: defaultdict[Key, list[tuple[date, Holding]]] = defaultdict(list)
        self._books = Books({}, [])
        self._quantities: dict[Key, Decimal] = {}
        self._missing: dict[Key, Decimal] = {}
        self._open: date | None = None
        self._touched: set[Key] = set()
        self.size = 0
        """How much it keeps: positions of all days."""

    def forget(self, day: date) -> None:
        """Everything from `day` on; what lies before stands."""
        cut = bisect_left(self.days, day, key=itemgetter(0))
        self.size -= sum(len(each.positions) for each in self.days[cut:])
        del self.days[cut:], self.totals[cut:]
        for known in (self._flows, self._sums, self._unknown):
            for later in [each for each in known if each >= day]:
                del known[later]
        holdings = {}
        for key, changes in self._changes.items():
            del changes[bisect_left(changes, day, key=itemgetter(0)) :]
            if changes:
                holdings[key] = changes[-1][1]
        self._books = Books(holdings, [])
        self._quantities = {key: held.quantity for key, held in holdings.items()}
        self._missing = {key: held.missing for key, held in holdings.items() if held.missing}
        self._open, self._touched = None, set()

    def tell(self, transactions: Iterable[Transaction]) -> None:
        """What happened next, in ledger order and not before the first day that is not closed."""
        for transaction in transactions:
            day = day_of(transaction.occurred_at)
            if day != self._open:
                self._close(day - ONE_DAY)
                self._open = day
            self._take(transaction, day)

    def close(self, until: date) -> None:
        """Value every day up to `until` that is not valued yet. Nothing later has been told."""
        self._close(until)

    def _take(self, transaction: Transaction, day: date) -> None:
        flow = flow_of(transaction, self.price_of)
        if flow is None:
            self._unknown.setdefault(day, []).append(transaction.id)
        elif flow:
            self._flows[day] = self._flows.get(day, ZERO) + flow
        sums = self._sums.get(day)
        if sums is None:
            sums = self._sums[day] = Sums()
        profits.count(transaction, self._books, sums, self.price_of)
        self._books.disposals.clear()
        for leg in transaction.legs:
            if leg.wallet_id is not None:
                self._touched.add((leg.wallet_id, leg.asset_id))

    def _close(self, until: date) -> None:
        first = self.days[-1].day + ONE_DAY if self.days else self._open
        if first is None:
            return
        for offset in range((until - first).days + 1):
            day = first + ONE_DAY * offset
            if day == self._open:
                self._keep_changes(day)
            closed = value_day(day, self._quantities, self._missing, self.price_of)
            if self.totals and self.totals[-1].unvalued:
                for each in first_prices(self.days[-1], day, self.price_of):
                    self._flows[day] = self._flows.get(day, ZERO) + each.amount
            self.days.append(closed)
            self.totals.append(total_of(closed))
            self.size += len(closed.positions)

    def _keep_changes(self, day: date) -> None:
        for key in self._touched:
            held = self._books.holdings[key]
            self._changes[key].append((day, held))
            self._quantities[key] = held.quantity
            if held.missing:
                self._missing[key] = held.missing
            else:
                self._missing.pop(key, None)
        self._touched = set()
        self._open = None

    def find_day(self, day: date) -> Day | None:
        """None for a day before the beginning."""
        at = bisect_left(self.days, day, key=itemgetter(0))
        return self.days[at] if at < len(self.days) and self.days[at].day == day else None

    def list_days(self, first: date, last: date) -> Sequence[Day]:
        return self.days[self._span(first, last)]

    def list_totals(self, first: date, last: date) -> Sequence[Line]:
        return self.totals[self._span(first, last)]

    def _span(self, first: date, last: date) -> slice:
        start = bisect_left(self.days, first, key=itemgetter(0))
        return slice(start, bisect_right(self.days, last, key=itemgetter(0)))

    def holdings_at(self, day: date) -> dict[Key, Holding]:
        """How the holdings stood at the end of `day`, at their cost."""
        found = {}
        for key, changes in self._changes.items():
            at = bisect_right(changes, day, key=itemgetter(0))
            if at:
                found[key] = changes[at - 1][1]
        return found

    def course(self, first: date, last: date) -> Course:
        """Values and flows of the days; there are none before the beginning."""
        return course_of(self.list_days(first - ONE_DAY, last), self._flows, first=first, last=last)

    def split(self, course: Course) -> Split:
        """Where the profit of a course of this history came from."""
        first, last = course.days[0].day, course.days[-1].day
        sums = Sums()
        for day, brought in self._sums.items():
            if first <= day <= last:
                sums.add(brought)
        before = first - ONE_DAY
        start = profits.stand(self.holdings_at(before), before, self.price_of)
        end = profits.stand(self.holdings_at(last), last, self.price_of)
        return profits.tell(course, sums, start, end)

    def list_unknown(self, first: date, last: date) -> list[TransactionId]:
        """Transactions of these days with a leg outside of which nobody knows the worth."""
        return [each for day, ids in self._unknown.items() if first <= day <= last for each in ids]
