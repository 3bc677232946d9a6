"""The lists that tax forms ask for, as CSV.

A form's columns, dates and boxes are the form's own; which line goes where was decided when the
report was computed. Only taxed lines are here. A slice whose acquisition is not one day (a pool) or
not known has no date; dates are never `VARIOUS`, because every slice is a line of its own.
"""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.csv_text import to_csv
from plimsoll.tax.domain.report import Line, Names, Report
from plimsoll.tax.domain.results import Rule
from plimsoll.tax.reports.document import Meta, figure_text, symbol, taxed, to_cents, total

FORM_DATE = "%m/%d/%Y"


def form_8949(report: Report, names: Names, _: Meta) -> bytes:
    """Sorted by box. Where a broker reported another basis, (e) is what was reported and (g) takes
    it back, so that the gain stays what it is.
    """
    lines = sorted(taxed(report), key=lambda line: line.box)
    return to_csv(
        {
            "(a) Description of property": [
                f"{format_amount(line.quantity)} {symbol(names, line.asset)}" for line in lines
            ],
            "(b) Date acquired": [_form_date(line.acquired_on) for line in lines],
            "(c) Date sold or disposed of": [_form_date(line.disposed_on) for line in lines],
            "(d) Proceeds": [to_cents(line.proceeds) for line in lines],
            "(e) Cost or other basis": [to_cents(line.cost + line.adjustment) for line in lines],
            "(f) Code": [line.code for line in lines],
            "(g) Adjustment": [to_cents(line.adjustment) if line.code else "" for line in lines],
            "(h) Gain or (loss)": [to_cents(line.gain) for line in lines],
            "Box": [line.box for line in lines],
        }
    )


@lru_cache(maxsize=4096)  # lines of one day share it
def _form_date(day: date | None) -> str:
    return day.strftime(FORM_DATE) if day else ""


def schedule_d(report: Report, _names: Names, _meta: Meta) -> bytes:
    """What goes from each box of Form 8949 to Schedule D."""
    boxes = defaultdict[str, list[Line]](list)
    for line in taxed(report):
        boxes[line.box].append(line)
    groups = [(box, boxes[box]) for box in sorted(boxes)]
    return to_csv(
        {
            "Box": [box for box, _ in groups],
            "Term": [", ".join(sorted({line.term for line in group})) for _, group in groups],
            "Lines": [str(len(group)) for _, group in groups],
            "(d) Proceeds": [
                to_cents(total([line.proceeds for line in group])) for _, group in groups
            ],
            "(e) Cost": [
                to_cents(total(line.cost + line.adjustment for line in group))
                for _, group in groups
            ],
            "(g) Adjustments": [
                to_cents(total(line.adjustment for line in group)) for _, group in groups
            ],
            "(h) Gain or (loss)": [
                to_cents(total([line.gain for line in group])) for _, group in groups
            ],
        }
    )


def sa108(report: Report, names: Names, _: Meta) -> bytes:
    """First the figures, then every disposal with its computation in words. As in the figures,
    what is disposed of one asset on one day is one disposal; proceeds are before its fees, which
    are among the costs.
    """
    disposals = defaultdict[tuple[date, AssetId], list[Line]](list)
    for line in taxed(report):
        disposals[line.disposed_on, line.asset].append(line)
    figures, groups = report.totals, list(disposals.values())
    blank, none = [""] * len(figures), [""] * len(groups)
    return to_csv(
        {
            "part": ["figure"] * len(figures) + ["disposal"] * len(groups),
            "code": [each.code for each in figures] + none,
            "label": [each.label for each in figures]
            + [_described(group, symbol(names, group[0].asset)) for group in groups],
            "where": [each.where for each in figures] + none,
            "disposed_on": blank + [group[0].disposed_on.isoformat() for group in groups],
            "proceeds": blank + [to_cents(_sums(group).proceeds) for group in groups],
            "allowable_costs": blank + [to_cents(_sums(group).costs) for group in groups],
            "amount": [figure_text(each) for each in figures]
            + [to_cents(_sums(group).gain) for group in groups],
            "computation": [each.formula for each in figures]
            + [_computed(group, symbol(names, group[0].asset)) for group in groups],
        }
    )


def form_1099_da(report: Report, names: Names, _: Meta) -> bytes:
    """What brokers reported beside what was found; rows and lines by their numbers."""
    rows = report.reconciled
    return to_csv(
        {
            "verdict": [row.verdict.value for row in rows],
            "sold_on": [row.sold_on.isoformat() for row in rows],
            "asset": [row.asset for row in rows],
            "symbol": [symbol(names, row.asset) for row in rows],
            "quantity": [format_amount(row.quantity) for row in rows],
            "proceeds_difference": [_difference(row.proceeds) for row in rows],
            "cost_difference": [_difference(row.cost) for row in rows],
            "rows": [" ".join(map(str, row.rows)) for row in rows],
            "lines": [" ".join(map(str, row.lines)) for row in rows],
            "text": [row.text for row in rows],
        }
    )


def _difference(amount: Decimal | None) -> str:
    return "" if amount is None else to_cents(amount)


class _Sums(NamedTuple):
    """Of one disposal, with fees on the side of the costs."""

    proceeds: Decimal
    costs: Decimal
    gain: Decimal


def _sums(group: list[Line]) -> _Sums:
    return _Sums(
        total(line.proceeds + line.fees for line in group),
        total(line.cost + line.fees for line in group),
        total(line.gain for line in group),
    )


def _described(group: list[Line], unit: str) -> str:
    return f"{format_amount(total([line.quantity for line in group]))} {unit}"


def _computed(group: list[Line], unit: str) -> str:
    """Where the cost of a disposal comes from, slice by slice."""
    parts = [_part(line, unit) for line in group]
    fees = total(line.fees for line in group)
    if fees:
        parts.append(f"fees {to_cents(fees)}")
    proceeds, costs, gain = map(to_cents, _sums(group))
    return f"{'; '.join(parts)}. Gain: {proceeds} − {costs} = {gain}"


def _part(line: Line, unit: str) -> str:
    units = f"{format_amount(line.quantity)} {unit}"
    if line.rule is Rule.SHORTFALL:
        return f"{units}: no acquisition is known, cost {to_cents(line.cost)}"
    of = f" of {line.acquired_on.isoformat()}" if line.acquired_on else ""
    how = f" ({line.formula})" if line.formula else ""
    return f"{units}{of} by {line.rule}: cost {to_cents(line.cost)}{how}"
