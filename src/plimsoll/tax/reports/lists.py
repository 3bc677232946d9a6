"""A report's figures, incomes and disposals as CSV, in cents; what is exact is in the audit."""

from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.csv_text import to_csv
from plimsoll.tax.domain.report import Names, Report
from plimsoll.tax.reports.document import Meta, figure_text, symbol, to_cents, wallet


def figures(report: Report, _names: Names, _meta: Meta) -> bytes:
    return to_csv(
        {
            "code": [each.code for each in report.totals],
            "label": [each.label for each in report.totals],
            "where": [each.where for each in report.totals],
            "currency": [report.currency] * len(report.totals),
            "amount": [figure_text(each) for each in report.totals],
            "formula": [each.formula for each in report.totals],
        }
    )


def incomes(report: Report, names: Names, _: Meta) -> bytes:
    rows = report.incomes
    return to_csv(
        {
            "number": [str(row.number) for row in rows],
            "day": [row.day.isoformat() for row in rows],
            "category": [row.category for row in rows],
            "kind": [row.kind.value for row in rows],
            "asset": [row.asset for row in rows],
            "symbol": [symbol(names, row.asset) for row in rows],
            "quantity": [format_amount(row.quantity) for row in rows],
            "value": [to_cents(row.value) for row in rows],
            "currency": [report.currency] * len(rows),
            "wallet": [wallet(names, row.account) for row in rows],
            "transaction": [str(row.ref.transaction) for row in rows],
        }
    )


def disposals(report: Report, names: Names, _: Meta) -> bytes:
    """A line for each slice; `taxed` no: it is in no total."""
    rows = report.lines
    return to_csv(
        {
            "number": [str(row.number) for row in rows],
            "disposed_on": [row.disposed_on.isoformat() for row in rows],
            "acquired_on": [row.acquired_on.isoformat() if row.acquired_on else "" for row in rows],
            "kind": [row.kind.value for row in rows],
            "asset": [row.asset for row in rows],
            "symbol": [symbol(names, row.asset) for row in rows],
            "quantity": [format_amount(row.quantity) for row in rows],
            "wallet": [wallet(names, row.account) for row in rows],
            "proceeds": [to_cents(row.proceeds) for row in rows],
            "fees_taken_off": [to_cents(row.fees) for row in rows],
            "cost": [to_cents(row.cost) for row in rows],
            "gain": [to_cents(row.gain) for row in rows],
            "currency": [report.currency] * len(rows),
            "term": [row.term.value for row in rows],
            "rule": [row.rule.value for row in rows],
            "box": [row.box for row in rows],
            "taxed": ["yes" if row.taxed else "no" for row in rows],
            "transaction": [str(row.disposed.transaction) for row in rows],
        }
    )
