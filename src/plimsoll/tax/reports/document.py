"""What all files of a report share: who asked, how money and names are written.

Files are made of a `Report` alone: no country's law is known here, boxes, figures and their labels
come with it. Each file is a pure function of its input, to the byte.

Money is rounded here and nowhere before: each printed amount is exact until `to_cents` rounds it
once, half to even as everywhere in Plimsoll, and a total is the sum of the exact amounts, rounded
once. So a column of cents may differ from its total by a few of them; the lot audit carries the
exact amounts.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from plimsoll.kernel.errors import Conflict
from plimsoll.kernel.identifiers import AssetId, RunId, WalletId
from plimsoll.kernel.money import ZERO, format_amount, rounded
from plimsoll.tax.domain.report import Line, Names, Report, Total
from plimsoll.tax.domain.rulesets import RULESETS

CENT: Final = Decimal("0.01")


class FiguresBlocked(Conflict):
    """The chosen policy wants no figures while something is missing."""

    code = "figures-blocked"
    title = "Something is missing, and no figures were wanted until it is there"


class TooLongForWorkbook(Conflict):
    """More lines than a sheet has rows."""

    code = "too-long-for-workbook"
    title = "The report has more lines than a workbook's sheet can hold"


@dataclass(frozen=True, slots=True)
class Meta:
    """Which run this is. `created_at` in UTC; `person` is how they want to be called, or empty."""

    run: RunId
    created_at: datetime
    input_hash: str
    ledger_version: int
    app_version: str
    person: str = ""


Render = Callable[[Report, Names, Meta], bytes]


@dataclass(frozen=True, slots=True)
class ReportFile:
    """`jurisdictions` empty: any. `figures`: nothing but figures is in it."""

    name: str
    title: str
    media_type: str
    render: Render
    jurisdictions: frozenset[str] = frozenset()
    figures: bool = False


def to_cents(amount: Decimal) -> str:
    """The one rounding: half to even, never `-0.00`."""
    cents = rounded(amount, CENT)
    return format(cents or abs(cents), "f")


def figure_text(figure: Total) -> str:
    return format_amount(figure.amount) if figure.counted else to_cents(figure.amount)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Exact: amounts have 20 digits before the point, sums are made in fifty."""
    return sum(amounts, ZERO)


def symbol(names: Names, asset: AssetId) -> str:
    return names.symbols.get(asset) or asset


def wallet(names: Names, account: WalletId | None, *, everywhere: str = "") -> str:
    return everywhere if account is None else names.wallets.get(account) or str(account)


def taxed(report: Report) -> list[Line]:
    return [line for line in report.lines if line.taxed]


DRAFT: Final = "Draft: something is missing, see what is to be looked at"
COMPLETE: Final = "Complete: nothing is missing"
MOST_WALLETS: Final = 24
BLOCKED: Final = "No figures: something is missing, and none were wanted until it is there"


def country_of(report: Report) -> str:
    """What the rules are called; their code where this version has them no more."""
    rules = RULESETS.get(report.jurisdiction)
    return rules.title if rules else report.jurisdiction


def year_of(report: Report) -> str:
    """`2025`, or `2024/25` where the year is not that of the calendar."""
    first, last = report.first.year, report.last.year
    return str(report.year) if first == last else f"{first}/{last % 100:02}"


def state_of(report: Report) -> str:
    if report.blocked:
        return BLOCKED
    return DRAFT if report.draft else COMPLETE


def facts(report: Report, names: Names, meta: Meta) -> list[tuple[str, str]]:
    """What a reader wants to know first: whose, which year, by which rules, from what."""
    known = report.completeness
    complete = (
        f"{to_cents(known.score * 100).removesuffix('.00')} % of {known.counted} disposals and "
        f"incomes rest on known facts; {known.short} short, {known.unvalued} without a value"
    )
    wallets = _wallets(report, names)
    if len(wallets) > MOST_WALLETS:
        wallets[MOST_WALLETS:] = [f"and {len(wallets) - MOST_WALLETS} more"]
    return [
        *([("For", meta.person)] if meta.person else []),
        ("Country", country_of(report)),
        ("Tax year", f"{year_of(report)}, {report.first} to {report.last}, days in {report.zone}"),
        ("Currency", symbol(names, report.currency).upper()),
        *((name.replace("_", " ").capitalize(), of) for name, of in report.election.items()),
        ("Rules", report.ruleset),
        ("Wallets", ", ".join(wallets) or "none"),
        ("State", state_of(report)),
        ("Completeness", complete),
        ("Computed", f"{meta.created_at:%Y-%m-%d %H:%M:%S} UTC by Plimsoll {meta.app_version}"),
        ("Run", str(meta.run)),
        ("Ledger version", str(meta.ledger_version)),
        ("Input hash", meta.input_hash),
    ]


def _wallets(report: Report, names: Names) -> list[str]:
    accounts = {line.account for line in report.lines}
    accounts |= {row.account for row in report.incomes if row.account is not None}
    accounts |= {lot.account for lot in report.lots if lot.account is not None}
    accounts |= {pool.account for pool in report.pools if pool.account is not None}
    return sorted(wallet(names, account) for account in accounts)
