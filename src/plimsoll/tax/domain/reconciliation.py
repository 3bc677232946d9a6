"""What brokers reported on form 1099-DA, beside the lines of a year.

Rows and lines are paired in passes, the surest first: a row is a whole disposal of the same day and
quantity; it is one slice of one (brokers report by lot); all rows of a wallet, asset and day are
together all its lines; a row is a disposal of the day before or after (brokers have their own
zone). A row whose wallet is not known may be of any. Of several that fit, the one with nearest
proceeds: both are taken in the order of proceeds. O(n log n).

Boxes of form 8949: reported with a basis, without one, or not at all. A reported basis that is
another than the one found makes code B and an adjustment; it is spread over the lines by quantity.
Proceeds agree when they are the found ones to the cent, before or after fees.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

from plimsoll.kernel.identifiers import AssetId, WalletId
from plimsoll.kernel.money import ZERO, share
from plimsoll.tax.domain.choices import FormRow
from plimsoll.tax.domain.movements import Ref
from plimsoll.tax.domain.pools import written
from plimsoll.tax.domain.report import Line, Reconciled, Verdict
from plimsoll.tax.domain.results import Term

T = TypeVar("T")

CENT: Final = Decimal("0.01")
DAY: Final = timedelta(1)

WITH_BASIS: Final = {Term.SHORT: "G", Term.LONG: "J"}
WITHOUT_BASIS: Final = {Term.SHORT: "H", Term.LONG: "K"}
NOT_REPORTED: Final = {Term.SHORT: "I", Term.LONG: "L"}


class _Part(NamedTuple):
    """Lines of one disposal, one or all, as a broker may have reported them."""

    asset: AssetId
    account: WalletId
    day: date
    quantity: Decimal
    proceeds: Decimal
    lines: tuple[Line, ...]


def _part(*lines: Line) -> _Part:
    first = lines[0]
    return _Part(
        first.asset,
        first.account,
        first.disposed_on,
        sum((line.quantity for line in lines), ZERO),
        sum((line.proceeds for line in lines), ZERO),
        lines,
    )


class _Found(NamedTuple):
    rows: tuple[FormRow, ...]
    lines: tuple[Line, ...]


def reconcile(
    lines: Iterable[Line], rows: Iterable[FormRow]
) -> tuple[tuple[Line, ...], tuple[Reconciled, ...]]:
    """The lines with box, code and adjustment, and how each row and each taxed disposal fares.

    `rows` are all of the year that `lines` are of; without any, nothing was reported. Lines come
    with the boxes of what no broker reported (`NOT_REPORTED`).
    """
    listed, told = tuple(lines), list(rows)
    if not told:
        return listed, ()
    pairing = _Pairing([line for line in listed if line.taxed], told)
    found = pairing.run()
    changed: dict[int, Line] = {}
    for pair in found:
        changed |= {line.number: line for line in _boxed(pair)}
    reported = {line.number for pair in found for line in pair.lines}
    outcome = tuple(changed.get(line.number, line) for line in listed)
    silent = _by_disposal(line for line in listed if line.taxed and line.number not in reported)
    verdicts = [_verdict(pair) for pair in found]
    verdicts += [_unknown(row) for row in pairing.rows]
    verdicts += [_silent(part) for part in silent]
    verdicts.sort(key=lambda each: (each.sold_on, each.asset, not each.rows, each.rows, each.lines))
    return outcome, tuple(verdicts)


class _Pairing:
    """Rows and parts that are still to be paired."""

    def __init__(self, lines: Sequence[Line], rows: list[FormRow]) -> None:
        self.rows = rows
        self.parts = _by_disposal(lines)
        self.found: list[_Found] = []

    def run(self) -> list[_Found]:
        self._pair()
        self.parts = [_part(line) for part in self.parts for line in part.lines]
        self._pair()
        self._sum()
        self.parts = _by_disposal(line for part in self.parts for line in part.lines)
        self._pair(DAY)
        self._pair(-DAY)
        return self.found

    def _pair(self, off: timedelta = timedelta(0)) -> None:
        """A row and a part of the same key and quantity are one, the row `off` days later."""
        for known in (True, False):
            rows = _grouped(self.rows, lambda row: (_key(row, known=known), row.quantity))  # noqa: B023  used at once
            parts = _grouped(
                self.parts,
                lambda part: (_key_of(part, off, known=known), part.quantity),  # noqa: B023  used at once
            )
            taken_rows, taken_parts = set[int](), set[int]()
            for key, some in rows.items():
                fitting = sorted(parts.get(key, ()), key=lambda part: part.proceeds)
                some.sort(key=lambda row: row.proceeds)
                for row, part in zip(some, fitting, strict=False):
                    self.found.append(_Found((row,), part.lines))
                    taken_rows.add(id(row))
                    taken_parts.add(id(part))
            self._drop(taken_rows, taken_parts)

    def _sum(self) -> None:
        """All rows of a key are all parts of it, when they are as many units."""
        for known in (True, False):
            rows = _grouped(self.rows, lambda row: _key(row, known=known))  # noqa: B023  used at once
            parts = _grouped(self.parts, lambda part: _key_of(part, known=known))  # noqa: B023  used at once
            taken_rows, taken_parts = set[int](), set[int]()
            for key, some in rows.items():
                fitting = parts.get(key, [])
                units = sum((part.quantity for part in fitting), ZERO)
                if fitting and units == sum((row.quantity for row in some), ZERO):
                    lines = tuple(line for part in fitting for line in part.lines)
                    self.found.append(_Found(tuple(some), lines))
                    taken_rows |= {id(row) for row in some}
                    taken_parts |= {id(part) for part in fitting}
            self._drop(taken_rows, taken_parts)

    def _drop(self, rows: set[int], parts: set[int]) -> None:
        self.rows = [row for row in self.rows if id(row) not in rows]
        self.parts = [part for part in self.parts if id(part) not in parts]


def _key(row: FormRow, *, known: bool) -> Hashable:
    """What a row is found by; `known`: those whose wallet is known, else only the others."""
    if known:
        return row.asset, row.account or row.number, row.sold_on  # no part has a number
    return row.asset, row.number if row.account else None, row.sold_on


def _key_of(part: _Part, off: timedelta = timedelta(0), *, known: bool) -> Hashable:
    return part.asset, part.account if known else None, part.day + off


def _grouped(values: Iterable[T], key: Callable[[T], Hashable]) -> dict[Hashable, list[T]]:
    groups = defaultdict[Hashable, list[T]](list)
    for value in values:
        groups[key(value)].append(value)
    return groups


def _by_disposal(lines: Iterable[Line]) -> list[_Part]:
    disposals = defaultdict[Ref, list[Line]](list)
    for line in lines:
        disposals[line.disposed].append(line)
    return [_part(*some) for some in disposals.values()]


def _costs(pair: _Found) -> tuple[Decimal | None, Decimal]:
    """Reported basis, None unless all rows have one, and the one that was found."""
    reported = [row.cost for row in pair.rows]
    known = [cost for cost in reported if cost is not None]
    whole = sum(known, ZERO) if len(known) == len(reported) else None
    return whole, sum((line.cost for line in pair.lines), ZERO)


def _boxed(pair: _Found) -> Iterable[Line]:
    """The lines of a pair as form 8949 wants them."""
    reported, cost = _costs(pair)
    boxes = WITHOUT_BASIS if reported is None else WITH_BASIS
    wrong = ZERO if reported is None else reported - cost
    if abs(wrong) <= CENT * len(pair.rows):
        wrong = ZERO
    units = sum((line.quantity for line in pair.lines), ZERO)
    for line in pair.lines:
        part = share(wrong, line.quantity, units) if wrong else ZERO
        wrong -= part
        units -= line.quantity
        code = "B" if part else ""
        yield line._replace(box=boxes.get(line.term, ""), code=code, adjustment=part)


def _verdict(pair: _Found) -> Reconciled:
    first, tolerance = pair.lines[0], CENT * len(pair.rows)
    net = sum((line.proceeds for line in pair.lines), ZERO)
    gross = net + sum((line.fees for line in pair.lines), ZERO)
    told = sum((row.proceeds for row in pair.rows), ZERO)
    before_fees = abs(told - gross) <= tolerance < abs(told - net)
    proceeds = ZERO if before_fees else told - net
    reported, cost = _costs(pair)
    basis = None if reported is None else reported - cost
    notes = []
    if before_fees:
        notes.append(f"reported before fees of {written(gross - net)}")
    elif abs(proceeds) > tolerance:
        notes.append(f"proceeds reported {written(told)}, found {written(net)}")
    if reported is not None and basis is not None and abs(basis) > tolerance:
        notes.append(f"basis reported {written(reported)}, found {written(cost)}")
    if pair.rows[0].sold_on != first.disposed_on:
        notes.append(f"reported for {pair.rows[0].sold_on.isoformat()}")
    differs = abs(proceeds) > tolerance or (basis is not None and abs(basis) > tolerance)
    return Reconciled(
        Verdict.DIFFERS if differs else Verdict.AGREES,
        tuple(row.number for row in pair.rows),
        tuple(line.number for line in pair.lines),
        first.asset,
        first.disposed_on,
        sum((line.quantity for line in pair.lines), ZERO),
        proceeds,
        basis,
        "; ".join(notes),
    )


def _unknown(row: FormRow) -> Reconciled:
    return Reconciled(
        Verdict.NOT_IN_LEDGER,
        (row.number,),
        (),
        row.asset,
        row.sold_on,
        row.quantity,
        row.proceeds,
        row.cost,
        f"{row.broker or 'a broker'} reported it and no disposal of the ledger fits",
    )


def _silent(part: _Part) -> Reconciled:
    return Reconciled(
        Verdict.NOT_REPORTED,
        (),
        tuple(line.number for line in part.lines),
        part.asset,
        part.day,
        part.quantity,
        None,
        None,
        "no broker's form has it",
    )
