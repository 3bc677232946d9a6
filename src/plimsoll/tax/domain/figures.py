"""A year's figures, country by country: sums of its lines, in the words of its forms.

Every figure says how it came about. Amounts are exact. `where` names a form's place only where
that was confirmed. No tax is computed, only what it is computed on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from plimsoll.kernel.money import ZERO
from plimsoll.tax.domain.choices import Brought, Choices, Filing
from plimsoll.tax.domain.movements import Earned
from plimsoll.tax.domain.pools import written
from plimsoll.tax.domain.report import Line, Total
from plimsoll.tax.domain.results import Rule, Slice, Term
from plimsoll.tax.domain.rules import au, de, uk
from plimsoll.tax.domain.uk import Holder


@dataclass(frozen=True, slots=True)
class Year:
    """What a year's figures are sums of; `lines` are the slices with their numbers and boxes."""

    number: int
    slices: Sequence[Slice]
    lines: Sequence[Line]
    incomes: Sequence[Earned]
    choices: Choices

    @property
    def brought(self) -> Brought:
        return self.choices.brought.get(self.number, Brought())


LOSS_LIMIT: Final[Mapping[Filing, Decimal]] = {
    Filing.SINGLE_OR_JOINT: Decimal(3000),
    Filing.MARRIED_SEPARATELY: Decimal(1500),
}
"""IRC 1211(b): so much of a net loss may be deducted from other income in a year."""

BOXES: Final[Mapping[Term, str]] = {Term.SHORT: "GHI", Term.LONG: "JKL"}
PARTS: Final[Mapping[Term, str]] = {Term.SHORT: "part I", Term.LONG: "part II"}


def us(year: Year) -> list[Total]:
    """Form 8949 by box, Schedule D by term, and what becomes of a net loss (IRC 1211, 1212)."""
    totals, net = list[Total](), dict[Term, Decimal]()
    brought = {Term.SHORT: year.brought.short, Term.LONG: year.brought.long}
    for term, boxes in BOXES.items():
        gain = ZERO
        for box in boxes:
            lines = [line for line in year.lines if line.box == box]
            totals += _box(box, term, lines)
            gain += _gain(lines)
        net[term] = gain - brought[term]
        totals.append(
            Total(
                f"{term.value}-net",
                f"Net {term.value}-term gain",
                net[term],
                f"gains of boxes {', '.join(boxes)} {written(gain)} − losses brought "
                f"{written(brought[term])}",
                f"Schedule D, {PARTS[term]}",
            )
        )
    return [*totals, *_net_loss(net[Term.SHORT], net[Term.LONG], year.choices.filing)]


def _box(box: str, term: Term, lines: Sequence[Line]) -> list[Total]:
    if not lines:
        return []
    count, where = len(lines), f"Form 8949 and Schedule D {PARTS[term]}, box {box}"
    proceeds = sum((line.proceeds for line in lines), ZERO)
    adjustment = sum((line.adjustment for line in lines), ZERO)
    cost = sum((line.cost for line in lines), ZERO) + adjustment
    code, how = f"box-{box.lower()}", f"sum of {count} lines of box {box}"
    totals = [
        Total(f"{code}-proceeds", f"Box {box}: proceeds", proceeds, how, where),
        Total(f"{code}-cost", f"Box {box}: cost", cost, how, where),
    ]
    if adjustment:
        text = f"{how}: reported basis − basis found"
        totals.append(
            Total(f"{code}-adjustment", f"Box {box}: adjustments", adjustment, text, where)
        )
    text = f"proceeds {written(proceeds)} − cost {written(cost)} + adjustments "
    gain = proceeds - cost + adjustment
    text += written(adjustment)
    return [*totals, Total(f"{code}-gain", f"Box {box}: gain", gain, text, where)]


def _net_loss(short: Decimal, long: Decimal, filing: Filing) -> list[Total]:
    """What of a loss is deducted is taken off the short-term part first (IRC 1212(b)(2))."""
    net, limit = short + long, LOSS_LIMIT[filing]
    deducted = min(limit, max(ZERO, -net))
    rest = short + deducted
    carried_short = max(ZERO, -rest - max(long, ZERO))
    carried_long = max(ZERO, -long - max(rest, ZERO))
    told = f"short-term {written(short)} + long-term {written(long)}"
    return [
        Total("net", "Net gain", net, told, "Schedule D"),
        Total(
            "deductible-loss",
            "Loss that may be deducted from other income",
            deducted,
            f"at most {written(limit)} of a net loss (IRC 1211); {told}",
        ),
        Total(
            "carried-short",
            "Short-term loss carried to the next year",
            carried_short,
            f"of the short-term part, after {written(deducted)} deducted (IRC 1212)",
        ),
        Total(
            "carried-long",
            "Long-term loss carried to the next year",
            carried_long,
            f"of the long-term part, after {written(deducted)} deducted (IRC 1212)",
        ),
    ]


def united_kingdom(year: Year) -> list[Total]:
    """What form SA108 asks for. The change of rates of 30 October 2024 is not in it: left out."""
    found = uk.figures(year.slices)
    net = found.gains - found.losses
    days = "disposals of one asset on one day are one"
    where = "SA108"
    totals = [
        Total(
            "disposals",
            "Number of disposals",
            Decimal(found.disposals),
            days,
            where,
            counted=True,
        ),
        Total(
            "proceeds", "Disposal proceeds", found.proceeds, "before the fees of disposals", where
        ),
        Total(
            "costs",
            "Allowable costs",
            found.costs,
            f"costs of acquisition and fees: proceeds {written(found.proceeds)} − gains "
            f"{written(found.gains)} + losses {written(found.losses)}",
            where,
        ),
        Total("gains", "Gains", found.gains, f"of days with a gain; {days}", where),
        Total("losses", "Losses", found.losses, f"of days with a loss; {days}", where),
        Total("net", "Gains less losses", net, _minus(found.gains, found.losses)),
    ]
    if year.choices.holder is Holder.COMPANY:
        return totals
    brought = year.brought.short
    exempt = uk.EXEMPT.of(year.number) or ZERO
    taxed = uk.taxable(found, year.number, brought)
    return [
        *totals,
        Total("exempt", "Annual exempt amount", exempt, f"of the year from April {year.number}"),
        Total(
            "losses-used",
            "Losses of earlier years that are used",
            taxed.used,
            f"of {written(brought)}, as far as the net gain is above the exempt amount",
        ),
        Total(
            "taxable",
            "Taxable gain",
            taxed.amount,
            f"{written(net)} − exempt {written(exempt)} − losses used {written(taxed.used)}, "
            "not below 0",
        ),
        Total(
            "losses-carried",
            "Losses for later years",
            taxed.carried,
            f"{written(brought)} brought − {written(taxed.used)} used + a net loss of the year",
        ),
    ]


def australia(year: Year) -> list[Total]:
    brought = year.brought.short
    net = au.net_gain(year.slices, brought)
    how = f"losses {written(net.losses)} and {written(brought)} brought are taken off first"
    return [
        Total("gains", "Total current year capital gains", net.gains, "of lines with a gain"),
        Total("losses", "Capital losses of the year", net.losses, "of lines with a loss"),
        Total(
            "discount",
            "Discount",
            net.discounted,
            f"half of what is left of gains on assets held for more than 12 months; {how}",
        ),
        Total(
            "taxable",
            "Net capital gain",
            net.taxable,
            f"gains {written(net.gains)} − losses used − discount {written(net.discounted)}",
        ),
        Total("losses-carried", "Losses for later years", net.carried, how),
    ]


def germany(year: Year) -> list[Total]:
    """§ 23 EStG. The limit of § 22 Nr. 3 is not applied: it was not confirmed."""
    taxed = [line for line in year.lines if line.taxed]
    short = [line for line in taxed if line.term is Term.SHORT]
    profit, free = _gain(short), _gain(line for line in taxed if line.term is Term.EXEMPT)
    limit = de.THRESHOLD.of(year.number)
    rule = "no limit is known for the year"
    if limit is not None:
        rule = f"nothing of a profit below {written(limit)}, all of it from there on"
    services = [each.value for each in year.incomes if each.category == de.SERVICES]
    return [
        *_sums(short),
        Total("profit", "Profit of private sales within a year", profit, _of(short)),
        Total(
            "taxable",
            "Taxable profit of private sales",
            de.taxable_profit(year.slices, year.number),
            f"profit {written(profit)}: {rule} (§ 23 (3) EStG)",
        ),
        Total("exempt", "Profit of sales after more than a year", free, "exempt, § 23 EStG"),
        Total(
            "services",
            f"Income, {de.SERVICES}",
            sum(services, ZERO),
            f"sum of {len(services)} incomes; the limit of § 22 Nr. 3 is not applied here",
        ),
    ]


def france(year: Year) -> list[Total]:
    taxed = [line for line in year.lines if line.taxed]
    return [
        *_sums(taxed),
        Total(
            "taxable",
            "Plus-value ou moins-value globale",
            _gain(taxed),
            f"{_of(taxed)}; CGI art. 150 VH bis, no limit is applied here",
        ),
    ]


def canada(year: Year) -> list[Total]:
    """The part of a gain that is included in income is left out: it was not confirmed."""
    taxed = [line for line in year.lines if line.taxed]
    denied = sum((each.denied for each in year.slices if each.disposed.taxed), ZERO)
    return [
        *_sums(taxed),
        *_sides(taxed),
        Total(
            "denied",
            "Superficial losses denied",
            denied,
            "added to the adjusted cost base of what is held (ITA s53(1)(f)), not in the losses",
        ),
        Total("net", "Net capital gain", _gain(taxed), f"{_of(taxed)}, before the inclusion rate"),
    ]


def plain(year: Year) -> list[Total]:
    """Gains and losses, nothing else: Austria, and no country."""
    taxed = [line for line in year.lines if line.taxed]
    return [
        *_sums(taxed),
        *_sides(taxed),
        Total("net", "Net gain", _gain(taxed), _of(taxed)),
    ]


FIGURES: Final[Mapping[str, Callable[[Year], list[Total]]]] = {
    "us": us,
    "uk": united_kingdom,
    "au": australia,
    "de": germany,
    "fr": france,
    "ca": canada,
    "at": plain,
    "generic": plain,
}


def figures_of(country: str, year: Year) -> tuple[Total, ...]:
    """A country's figures, its incomes by category, and what of them rests on shortfalls."""
    unknown = [line for line in year.lines if line.rule is Rule.SHORTFALL and line.taxed]
    totals = FIGURES[country](year)
    if unknown:
        policy = year.choices.shortfalls.value
        note = f"; lines without a known acquisition: {len(unknown)} ({policy})"
        totals = [total._replace(formula=total.formula + note) for total in totals]
        totals += [
            Total(
                f"unknown-{name}",
                f"{name.capitalize()} without a known acquisition",
                amount,
                f"sum of {len(unknown)} lines, in the figures above ({policy})",
            )
            for name, amount in (
                ("proceeds", sum((line.proceeds for line in unknown), ZERO)),
                ("gain", _gain(unknown)),
            )
        ]
    return (*totals, *_incomes(year.incomes))


def _incomes(incomes: Sequence[Earned]) -> list[Total]:
    found: dict[str, list[Decimal]] = {}
    for each in incomes:
        found.setdefault(each.category, []).append(each.value)
    totals = [
        Total(
            f"income-{_slug(category)}",
            f"Income: {category}",
            sum(values, ZERO),
            f"sum of {len(values)} incomes at their value when received",
        )
        for category, values in sorted(found.items())
    ]
    whole = sum((total.amount for total in totals), ZERO)
    return [
        *totals,
        Total("income", "Income, all kinds", whole, f"sum of {len(incomes)} incomes"),
    ]


def _slug(category: str) -> str:
    """A category as part of a code: letters, digits, dashes."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in category.lower()).split()
    return "-".join(words)


def _gain(lines: Iterable[Line]) -> Decimal:
    return sum((line.gain for line in lines), ZERO)


def _of(lines: Sequence[Line]) -> str:
    return f"sum of the gains of {len(lines)} lines"


def _minus(left: Decimal, right: Decimal) -> str:
    return f"{written(left)} − {written(right)}"


def _sums(lines: Sequence[Line]) -> list[Total]:
    count = f"sum of {len(lines)} lines"
    return [
        Total(
            "proceeds",
            "Proceeds",
            sum((line.proceeds for line in lines), ZERO),
            f"{count}, less fees {written(sum((line.fees for line in lines), ZERO))}",
        ),
        Total("cost", "Cost", sum((line.cost for line in lines), ZERO), count),
    ]


def _sides(lines: Sequence[Line]) -> list[Total]:
    gains = [line.gain for line in lines if line.gain > 0]
    losses = [-line.gain for line in lines if line.gain < 0]
    return [
        Total("gains", "Gains", sum(gains, ZERO), f"of {len(gains)} lines with a gain"),
        Total("losses", "Losses", sum(losses, ZERO), f"of {len(losses)} lines with a loss"),
    ]
