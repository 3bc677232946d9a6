"""Rules by name, all years matched once, and a year's report from that.

A ruleset is a country's tables, a family of matching and a number that rises whenever the same
facts and choices would give another report.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Final

from plimsoll.kernel.errors import Invalid
from plimsoll.tax.domain import austria, average, canada, france, matching, uk
from plimsoll.tax.domain.calendars import day_of, tax_year, year_bounds
from plimsoll.tax.domain.choices import Choices, Way
from plimsoll.tax.domain.countries import Country
from plimsoll.tax.domain.elections import country_of, election_of, in_words, ways_of
from plimsoll.tax.domain.facts import Fact
from plimsoll.tax.domain.figures import Year, figures_of
from plimsoll.tax.domain.holdings import pools_at
from plimsoll.tax.domain.lines import NOWHERE, Gaps, incomes_of, lines_of
from plimsoll.tax.domain.matching import Election
from plimsoll.tax.domain.movements import Movement
from plimsoll.tax.domain.reading import read
from plimsoll.tax.domain.reconciliation import NOT_REPORTED, reconcile
from plimsoll.tax.domain.report import Report
from plimsoll.tax.domain.results import Lot, Matched, Pool, ShortfallPolicy
from plimsoll.tax.domain.rules import at, au, ca, de, fr, generic, us
from plimsoll.tax.domain.rules import uk as uk_rules
from plimsoll.tax.domain.windows import wash_sales


class YearNotCovered(Invalid):
    """The rules are those of later years."""

    code = "tax-year-not-covered"
    title = "These tax rules do not cover that year"


class Family(StrEnum):
    """How units are matched with each other."""

    LOTS = "lots"
    UK = "uk"
    CANADA = "canada"
    FRANCE = "france"
    AUSTRIA = "austria"


AHEAD: Final[Mapping[Family, timedelta]] = {
    Family.UK: uk.AFTER,
    Family.CANADA: canada.WINDOW,
}
"""How far after a disposal a law looks for acquisitions."""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """`methods`: what a person may choose; the first one holds without a choice."""

    code: str
    title: str
    version: int
    country: Country
    methods: tuple[Way, ...]
    family: Family = Family.LOTS
    election: Election = field(default_factory=Election)
    first_year: int | None = None

    @property
    def name(self) -> str:
        return f"{self.code}/{self.version}"

    def year_of(self, day: date) -> int:
        """The tax year that a day lies in."""
        return tax_year(day, self.country.year_start)

    def days_of(self, year: int) -> tuple[date, date]:
        """First and last day of a tax year."""
        first, after = year_bounds(year, self.country.year_start)
        return first, after - timedelta(1)


RECORDS: Final = (Way.FIFO, Way.LIFO, Way.HIFO, Way.LOFO, Way.SPECIFIC)

RULESETS: Final[Mapping[str, Ruleset]] = {
    each.code: each
    for each in (
        Ruleset("us", "United States", 1, us.COUNTRY, RECORDS, election=us.ELECTION),
        Ruleset("uk", "United Kingdom", 1, uk_rules.COUNTRY, (Way.SECTION_104,), Family.UK),
        Ruleset("au", "Australia", 1, au.COUNTRY, RECORDS, election=au.ELECTION),
        Ruleset("de", "Germany", 1, de.COUNTRY, (Way.FIFO, Way.SPECIFIC), election=de.ELECTION),
        Ruleset("fr", "France", 1, fr.COUNTRY, (Way.PORTFOLIO_FRACTION,), Family.FRANCE),
        Ruleset("ca", "Canada", 1, ca.COUNTRY, (Way.ACB,), Family.CANADA),
        Ruleset(
            "at",
            "Austria",
            1,
            at.COUNTRY,
            (Way.AVERAGE,),
            Family.AUSTRIA,
            first_year=at.FIRST_YEAR,
        ),
        Ruleset(
            "generic",
            "No country",
            1,
            generic.COUNTRY,
            (*RECORDS, Way.AVERAGE),
            election=generic.ELECTION,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Matching:
    """All years, matched once. `country` is the ruleset's with the person's zone and currency."""

    ruleset: Ruleset
    country: Country
    choices: Choices
    ways: tuple[tuple[int | None, Way], ...]
    election: Election
    movements: list[Movement]
    matched: Matched

    @property
    def by_lots(self) -> bool:
        return self.ruleset.family is Family.LOTS and self.ways[0][1] is not Way.AVERAGE

    @property
    def years(self) -> tuple[int, ...]:
        """The tax years in which something was disposed of or earned."""
        days = {each.disposed.day for each in self.matched.slices}
        days |= {each.day for each in self.matched.incomes}
        return tuple(sorted({self.ruleset.year_of(day) for day in days}))


def match_all(
    facts: Iterable[Fact], ruleset: Ruleset, choices: Choices, *, as_of: date | None = None
) -> Matching:
    """Every year from one matching; `as_of`: changes of scope up to that day take place."""
    country = country_of(ruleset.country, choices, any_currency=ruleset.code == "generic")
    ways = ways_of(ruleset.methods, choices)
    reading = read(facts, country, choices.treatments)
    election = Election(shortfalls=choices.shortfalls)
    if ruleset.family is Family.LOTS and ways[0][1] is not Way.AVERAGE:
        election = election_of(ways, ruleset.election, country, choices)
    whole = Matching(ruleset, country, choices, ways, election, reading.movements, Matched())
    matched = match_movements(whole, reading.movements, as_of=as_of)
    matched.unvalued[:0] = reading.unvalued
    matched.warnings[:0] = reading.warnings
    return replace(whole, matched=matched)


def match_movements(
    whole: Matching, movements: list[Movement], *, as_of: date | None = None
) -> Matched:
    """The family's matching of some movements, as `whole` is matched."""
    policy, family = whole.choices.shortfalls, whole.ruleset.family
    if family is Family.UK:
        return uk.match(movements, holder=whole.choices.holder, policy=policy)
    if family is Family.CANADA:
        return canada.match(movements, policy=policy)
    if family is Family.FRANCE:
        return france.match(movements, whole.choices.portfolios, policy=policy)
    if family is Family.AUSTRIA:
        return austria.match(movements, policy)
    if not whole.by_lots:
        return average.match_average(movements, policy)
    return matching.match(movements, whole.country, whole.election, as_of=as_of)


def compute(facts: Iterable[Fact], ruleset: Ruleset, year: int, choices: Choices) -> Report:
    """A year's report. Nothing after the year is read but what its law looks ahead for."""
    _, last = ruleset.days_of(year)
    country = country_of(ruleset.country, choices, any_currency=False)
    until = last + AHEAD.get(ruleset.family, timedelta(0))
    # No zone is a day ahead of UTC: only near the end it has to be asked.
    early = [
        fact for fact in facts if fact.at.date() < until or day_of(fact.at, country.zone) <= until
    ]
    return report_of(match_all(early, ruleset, choices, as_of=last), year)


def compute_all(facts: Iterable[Fact], ruleset: Ruleset, choices: Choices) -> dict[int, Report]:
    """The reports of all years in which something happened, from one matching."""
    whole = match_all(facts, ruleset, choices)
    first = ruleset.first_year
    return {year: report_of(whole, year) for year in whole.years if not first or year >= first}


def report_of(whole: Matching, year: int) -> Report:
    """A year's report. What was held at its end is matched anew where something came later."""
    ruleset, choices, matched = whole.ruleset, whole.choices, whole.matched
    if ruleset.first_year is not None and year < ruleset.first_year:
        raise YearNotCovered(
            f"the rules of {ruleset.title} here begin with {ruleset.first_year}",
            facts={"first_year": ruleset.first_year},
        )
    first, last = ruleset.days_of(year)
    slices = [each for each in matched.slices if first <= each.disposed.day <= last]
    earned = [each for each in matched.incomes if first <= each.day <= last]
    rows = [row for row in choices.forms if first <= row.sold_on <= last]
    us_forms = ruleset.code == "us"
    lines = lines_of(slices, NOT_REPORTED if us_forms else NOWHERE)
    lines, reconciled = reconcile(lines, rows if us_forms else ())
    incomes = incomes_of(earned)

    def in_year(at: datetime) -> bool:
        return first <= day_of(at, whole.country.zone) <= last

    missing = matched.shortfalls or matched.unvalued
    gaps = Gaps(
        matched.shortfalls,
        matched.unvalued,
        {each.disposed.ref for each in matched.slices} if missing else set(),
        one_pool=ruleset.family is Family.FRANCE,
    )
    shortfalls, unvalued, completeness = gaps.of_year(lines, incomes, in_year)
    blocked = bool(shortfalls) and choices.shortfalls is ShortfallPolicy.BLOCK
    lots, pools = holdings_at(whole, last)
    figures = Year(year, slices, lines, earned, choices)
    return Report(
        jurisdiction=ruleset.code,
        ruleset=ruleset.name,
        year=year,
        first=first,
        last=last,
        currency=whole.country.currency,
        zone=str(whole.country.zone),
        election=in_words(whole.ways, choices, whole.election.scopes if whole.by_lots else ()),
        lines=lines,
        incomes=incomes,
        totals=() if blocked else figures_of(ruleset.code, figures),
        lots=lots,
        pools=pools,
        shortfalls=shortfalls,
        unvalued=unvalued,
        warnings=_warnings(whole, first, last),
        completeness=completeness,
        draft=bool(shortfalls or unvalued),
        blocked=blocked,
        reconciled=reconciled,
    )


def holdings_at(whole: Matching, last: date) -> tuple[tuple[Lot, ...], tuple[Pool, ...]]:
    """What was held when the day ended."""
    movements = whole.movements
    if not movements or movements[-1].day <= last:
        found = whole.matched
    elif whole.ruleset.family in AHEAD:
        return (), pools_at(movements, whole.matched.slices, last)
    else:
        early = list(takewhile(lambda movement: movement.day <= last, movements))
        found = match_movements(whole, early, as_of=last)
    return tuple(found.lots), tuple(found.pools)


def _warnings(whole: Matching, first: date, last: date) -> tuple[str, ...]:
    """Those of the year's transactions, and what the ruleset leaves out of it."""
    told = list[str]()
    if whole.matched.warnings:
        of_year = {
            str(movement.ref.transaction)
            for movement in whole.movements
            if first <= movement.day <= last
        }
        told = [each for each in whole.matched.warnings if each.partition(":")[0] in of_year]
    if whole.ruleset.code == "us" and whole.choices.wash_sales_from is not None:
        since = max(first, whole.choices.wash_sales_from)
        told += wash_sales(whole.movements, whole.matched.slices, first=since, last=last)
    old = at.LAST_OLD_DAY
    if whole.ruleset.code == "at" and whole.movements and whole.movements[0].day <= old:
        told.append(
            f"what was acquired until {old.isoformat()} (old holdings) is not told apart from "
            "the rest"
        )
    return tuple(dict.fromkeys(told))
