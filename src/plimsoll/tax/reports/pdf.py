"""A report to read, print and hand on: what it says first, then every line behind it."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from plimsoll.kernel.money import ZERO, format_amount
from plimsoll.tax.domain.report import Line, Names, Report, Verdict
from plimsoll.tax.domain.results import Lot, Pool, Term
from plimsoll.tax.reports.document import (
    BLOCKED,
    Meta,
    country_of,
    facts,
    figure_text,
    symbol,
    taxed,
    to_cents,
    total,
    wallet,
    year_of,
)
from plimsoll.tax.reports.paper import (
    A4,
    BODY,
    BOLD,
    LETTER,
    MUTED,
    Column,
    Paper,
    Row,
    print_pages,
)

LETTER_COUNTRIES: Final = frozenset({"us", "ca"})
EXPLAINED: Final = 170
"""Points that the explanation takes: it is read at one sight."""
EVERYWHERE: Final = "all wallets"
FIGURES: Final = (Column("Figure", 42), Column("Where", 38), Column("Amount", 20, figures=True))
INCOMES: Final = (
    Column("No.", 30, figures=True),
    Column("Day", 56),
    Column("Category", 130),
    Column("Kind", 76),
    Column("Quantity", 110, figures=True),
    Column("Asset", 60),
    Column("Wallet", 180),
    Column("Value", 90, figures=True),
)
HELD: Final = (
    Column("Asset", 60),
    Column("Held since", 60),
    Column("Quantity", 120, figures=True),
    Column("Wallet", 200),
    Column("Transaction", 170),
    Column("Cost", 100, figures=True),
)
GAPS: Final = (
    Column("Missing", 70),
    Column("At (UTC)", 100),
    Column("Quantity", 110, figures=True),
    Column("Asset", 60),
    Column("Wallet", 150),
    Column("What was done", 100),
    Column("Transaction", 170),
)


def render(report: Report, names: Names, meta: Meta) -> bytes:
    """On Letter where people use it, else on A4. Stamped on every page while it is a draft."""
    country = country_of(report)
    title = f"Tax report {year_of(report)}"
    unit = f"amounts in {report.currency.upper()}"

    def draw(paper: Paper) -> None:
        paper.turn()
        _cover(paper, report, names, meta)
        _figures(paper, report)
        paper.turn(landscape=True)
        _gaps(paper, report, names)
        _disposals(paper, report, names)
        _incomes(paper, report, names)
        _held(paper, report, names)
        _explain(paper, report)

    return print_pages(
        draw,
        title=f"{title}, {country}",
        author=meta.person,
        size=LETTER if report.jurisdiction in LETTER_COUNTRIES else A4,
        head=" · ".join(filter(None, (title, country, meta.person, unit))),
        foot=f"Run {meta.run} · input {meta.input_hash[:16]}",
        stamp="DRAFT" if report.draft else "",
    )


def money(amount: Decimal) -> str:
    """Cents."""
    return thousands(to_cents(amount))


def thousands(text: str) -> str:
    """A number with its thousands apart and a true minus."""
    return f"{Decimal(text):,}".replace("-", "−")


def units(quantity: Decimal) -> str:
    return format_amount(quantity).replace("-", "−")


def _cover(paper: Paper, report: Report, names: Names, meta: Meta) -> None:
    paper.space(12)
    paper.line("Plimsoll", size=BODY, font=BOLD, ink=MUTED)
    paper.space(10)
    paper.line(f"Tax report {year_of(report)}", size=24, font=BOLD)
    paper.line(country_of(report), size=13, ink=MUTED)
    paper.space(18)
    paper.pairs(facts(report, names, meta))


def _figures(paper: Paper, report: Report) -> None:
    paper.heading("Figures")
    if report.blocked:
        paper.paragraph(BLOCKED + ".")
    elif not report.totals:
        paper.paragraph("There are none for this year.")
    else:
        unit = report.currency.upper()
        columns = (*FIGURES[:2], FIGURES[2]._replace(title=f"Amount in {unit}"))
        paper.table(
            columns,
            (Row((each.label, each.where, thousands(figure_text(each))), each.formula)
             for each in report.totals),
            size=8,
        )  # fmt: skip


EXPLANATION: Final = (
    "Each line under Disposals is one slice: units that were disposed of, with the acquired units "
    "they were by the rule that is named. Proceeds are net of the fees that the rules take off "
    "them. Where units are pooled, the computation of their cost stands below the line. A line "
    "that is not taxed is in no total.\n"
    "Everything is computed exactly. An amount is rounded once, to the cent, half to even, where "
    "it is printed; a total is the sum of exact amounts, so it may differ by some cents from the "
    "sum of what is printed.\n"
    "Acquired units are found anew from the recorded transactions each time. The same "
    "transactions, values and choices give the same report; the input hash stands for them. The "
    "audit files name the transactions behind every line.\n"
    "This is a computation, not advice."
)


def _explain(paper: Paper, report: Report) -> None:
    paper.heading("How this was computed", then=EXPLAINED)
    days = (
        f"The rules are those of {report.ruleset}. What counts as the day of a disposal or of an "
        f"income is the day in {report.zone}. What was chosen stands on the first page."
    )
    for text in (days, *EXPLANATION.splitlines()):
        paper.paragraph(text, size=8)


def _gaps(paper: Paper, report: Report, names: Names) -> None:
    if not (report.shortfalls or report.unvalued or report.warnings or report.reconciled):
        return
    paper.heading("To look at")
    for text in report.warnings:
        paper.paragraph(f"• {text}")
    if report.shortfalls or report.unvalued:
        paper.table(GAPS, _gap_rows(report, names))
    for row in report.reconciled:
        if row.verdict is not Verdict.AGREES:
            paper.paragraph(f"• Broker's form, {row.verdict.value}: {row.text}")


def _gap_rows(report: Report, names: Names) -> Iterator[Row]:
    for gap in report.shortfalls:
        yield Row(
            (
                "acquisition",
                f"{gap.at:%Y-%m-%d %H:%M:%S}",
                units(gap.quantity),
                symbol(names, gap.asset),
                wallet(names, gap.account),
                gap.policy.value,
                str(gap.ref.transaction),
            )
        )
    for leg in report.unvalued:
        yield Row(
            (
                "value",
                f"{leg.at:%Y-%m-%d %H:%M:%S}",
                units(leg.quantity),
                symbol(names, leg.asset),
                "",
                "counted as 0",
                str(leg.ref.transaction),
            )
        )


def _disposals(paper: Paper, report: Report, names: Names) -> None:
    paper.heading("Disposals")
    if not report.lines:
        paper.paragraph("There are none in this year.")
        return
    terms = any(line.term is not Term.NONE for line in report.lines)
    boxes = any(line.box for line in report.lines)
    columns = [
        Column("No.", 34, figures=True),
        Column("Disposed", 56),
        Column("Acquired", 56),
        Column("Quantity", 102, figures=True),
        Column("Asset", 44),
        Column("Wallet", 110),
        Column("Rule", 84),
        *([Column("Term", 42)] if terms else []),
        *([Column("Box", 26)] if boxes else []),
        Column("Proceeds", 78, figures=True),
        Column("Cost", 78, figures=True),
        Column("Gain", 78, figures=True),
    ]

    def rows() -> Iterator[Row]:
        for line in report.lines:
            yield Row(
                (
                    str(line.number),
                    line.disposed_on.isoformat(),
                    line.acquired_on.isoformat() if line.acquired_on else "",
                    units(line.quantity),
                    symbol(names, line.asset),
                    wallet(names, line.account),
                    line.rule.value,
                    *([line.term.value] if terms else []),
                    *([line.box] if boxes else []),
                    money(line.proceeds),
                    money(line.cost),
                    money(line.gain),
                ),
                _note(line),
            )
        if not report.blocked:
            yield from _sums(taxed(report), len(columns))

    paper.table(columns, rows())


def _sums(lines: list[Line], columns: int) -> Iterator[Row]:
    """One row for each term, because what is taxed in another way adds up to nothing."""
    groups = defaultdict[Term, list[Line]](list)
    for line in lines:
        groups[line.term].append(line)
    for term in Term:
        group = groups[term]
        if not group:
            continue
        yield Row(
            (
                *[""] * 5,
                "Sum" if term is Term.NONE else f"Sum, {term.value}",
                *[""] * (columns - 9),
                money(total(line.proceeds for line in group)),
                money(total(line.cost for line in group)),
                money(total(line.gain for line in group)),
            ),
            strong=True,
        )


def _note(line: Line) -> str:
    untaxed = "" if line.taxed else f"Not taxed ({line.kind.value}), in no total."
    return " ".join(filter(None, (untaxed, line.formula)))


def _incomes(paper: Paper, report: Report, names: Names) -> None:
    if not report.incomes:
        return
    paper.heading("Incomes")

    def rows() -> Iterator[Row]:
        for row in report.incomes:
            yield Row(
                (
                    str(row.number),
                    row.day.isoformat(),
                    row.category,
                    row.kind.value,
                    units(row.quantity),
                    symbol(names, row.asset),
                    wallet(names, row.account),
                    money(row.value),
                )
            )
        if not report.blocked:
            whole = money(total(row.value for row in report.incomes))
            yield Row(("", "", "", "", "", "", "Sum", whole), strong=True)

    paper.table(INCOMES, rows())


def _held(paper: Paper, report: Report, names: Names) -> None:
    holdings: tuple[Lot | Pool, ...] = (*report.lots, *report.pools)
    if not holdings:
        return
    paper.heading(f"Held at the end of {report.last}")

    def rows() -> Iterator[Row]:
        for held in holdings:
            lot = held if isinstance(held, Lot) else None
            yield Row(
                (
                    symbol(names, held.asset),
                    lot.since.isoformat() if lot else "",
                    units(held.quantity) if held.quantity else "",
                    wallet(names, held.account, everywhere=EVERYWHERE),
                    str(lot.ref.transaction) if lot else "",
                    money(held.cost),
                )
            )
        cost = sum((held.cost for held in holdings), ZERO)
        yield Row(("", "", "", "Sum", "", money(cost)), strong=True)

    paper.table(HELD, rows())
