"""The lines of a year's report, and how much of it rests on what is known."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import share
from plimsoll.tax.domain.movements import Earned, Ref, Unvalued
from plimsoll.tax.domain.report import Completeness, IncomeLine, Line
from plimsoll.tax.domain.results import Rule, Shortfall, Slice, Term

STEP: Final = Decimal("0.0001")
DAY: Final = timedelta(1)


NOWHERE: Final[Mapping[Term, str]] = {}


def lines_of(slices: Iterable[Slice], boxes: Mapping[Term, str] = NOWHERE) -> tuple[Line, ...]:
    """Every slice as a line, a taxed one in the box of its term. A disposal's fees fall on its
    slices by quantity, the last one takes what is left.
    """
    left: dict[Ref, tuple[Decimal, Decimal]] = {}
    lines = []
    for number, each in enumerate(slices, 1):
        disposed = each.disposed
        fees = disposed.fees
        if fees and each.quantity != disposed.quantity:
            units, fees_left = left.get(disposed.ref, (disposed.quantity, fees))
            fees = share(fees_left, each.quantity, units)
            left[disposed.ref] = units - each.quantity, fees_left - fees
        lines.append(
            Line(
                number,
                disposed.ref,
                disposed.kind,
                disposed.at,
                disposed.day,
                disposed.asset,
                disposed.account,
                each.quantity,
                each.acquired,
                each.acquired_on,
                each.proceeds,
                fees,
                each.cost,
                each.term,
                each.rule,
                each.formula,
                disposed.taxed,
                boxes.get(each.term, "") if disposed.taxed else "",
            )
        )
    return tuple(lines)


def incomes_of(earned: Iterable[Earned]) -> tuple[IncomeLine, ...]:
    return tuple(IncomeLine(number, *each) for number, each in enumerate(earned, 1))


@dataclass(frozen=True, slots=True)
class Gaps:
    """What of all years is missing, and so what the lines of a year may rest on.

    A line that names its acquisition rests on that one. A line of a pool rests on every gap of
    its asset that came into the pool before, or, where `one_pool`, on those of all assets.
    `disposals` are the references of all: a gap in one of them is in no pool.
    """

    shortfalls: Sequence[Shortfall]
    unvalued: Sequence[Unvalued]
    disposals: Container[Ref]
    one_pool: bool = False

    def of_year(
        self,
        lines: Sequence[Line],
        incomes: Sequence[IncomeLine],
        in_year: Callable[[datetime], bool],
    ) -> tuple[tuple[Shortfall, ...], tuple[Unvalued, ...], Completeness]:
        """The gaps of a year, those before it that its lines rest on, and the year's score."""
        on_short, short = self._resting(lines, self.shortfalls)
        unknown, unvalued = self._resting(lines, self.unvalued)
        unknown -= on_short
        missing = {each.ref for each in self.unvalued}
        poor = sum(income.ref in missing for income in incomes)
        disposals = {(line.disposed.transaction.int, line.disposed.leg) for line in lines}
        counted = len(disposals) + len(incomes)
        known = counted - len(on_short) - len(unknown) - poor
        score = (Decimal(known) / counted if counted else Decimal(1)).quantize(STEP, ROUND_DOWN)
        return (
            tuple(each for each in self.shortfalls if each.ref in short or in_year(each.at)),
            tuple(each for each in self.unvalued if each.ref in unvalued or in_year(each.at)),
            Completeness(score, counted, len(on_short), len(unknown) + poor),
        )

    def _resting(
        self, lines: Sequence[Line], gaps: Sequence[Shortfall] | Sequence[Unvalued]
    ) -> tuple[set[Ref], set[Ref]]:
        """The disposals that rest on some of `gaps`, and the references of those."""
        if not gaps:
            return set(), set()
        refs = {each.ref for each in gaps}
        pooled: dict[AssetId | None, list[Shortfall | Unvalued]] = {}
        for each in gaps:
            if each.ref not in self.disposals:
                pooled.setdefault(None if self.one_pool else each.asset, []).append(each)
        began = {key: min(each.at for each in waiting) for key, waiting in pooled.items()}
        ended: dict[AssetId | None, datetime] = {}
        disposals, under = set[Ref](), set[Ref]()
        for line in lines:
            found = {ref for ref in (line.disposed, line.acquired) if ref is not None} & refs
            key, until = None if self.one_pool else line.asset, _until(line)
            of_pool = line.acquired is None and line.rule is not Rule.SHORTFALL
            if of_pool and key in began and began[key] <= until:
                ended[key] = max(ended.get(key, until), until)
                disposals.add(line.disposed)
            if found:
                disposals.add(line.disposed)
                under |= found
        for key, until in ended.items():
            under |= {each.ref for each in pooled[key] if each.at <= until}
        return disposals, under


def _until(line: Line) -> datetime:
    """Until when a line's pool was filled: later than the disposal where a law looks ahead."""
    ahead = (line.acquired_on or line.disposed_on) - line.disposed_on
    return line.disposed_at + ahead + DAY if ahead > timedelta(0) else line.disposed_at
