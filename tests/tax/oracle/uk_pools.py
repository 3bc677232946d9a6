"""Beside BittyTax: same day, thirty days, section 104.

It is told in its own records and its report is read as it prints it: to the penny, days and rules
for slices. Purchases and disposals of a coin on one day are one, so its lines are of days.

It differs where the law that we follow says something else:
- `spouse-not-identified`: what goes to a spouse is taken from the pool; identification comes before
  the rule of no gain and no loss (TCGA 1992 s105, s58).
"""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain import uk as matching
from plimsoll.tax.domain.reading import read
from plimsoll.tax.domain.results import Rule
from plimsoll.tax.domain.rules import uk
from tests.tax.oracle.agreement import Agreement, Foretold, Key, Part, add, compare
from tests.tax.oracle.deeds import INCOMES, Deed, Teller, World, facts_of

NAME: Final = "BittyTax 0.6.0, UK share identification"
TOLERANCE: Final = Decimal("0.011")
"""Costs and fees are rounded to a penny each."""
WORLD: Final = World(
    {
        Kind.BUY: 30,
        Kind.SELL: 25,
        Kind.SWAP: 8,
        Kind.SPEND: 4,
        Kind.STAKING: 5,
        Kind.MINING: 3,
        Kind.TRANSFER: 6,
        Kind.GIFT_OUT: 3,
        Kind.SPOUSE_OUT: 1,
    },
    assets=4,
    wallets=2,
    hours=8,
    apart=(Kind.SPOUSE_OUT,),
)
HEADER: Final = (
    *("Type", "Buy Quantity", "Buy Asset", "Buy Value", "Sell Quantity", "Sell Asset"),
    *("Sell Value", "Fee Quantity", "Fee Asset", "Fee Value", "Wallet", "Timestamp", "Note"),
)
POUND: Final = "GBP"
OFFLINE: Final = """local_currency: GBP
fiat_list: [GBP]
data_source_fiat: []
data_source_crypto: []
data_source_select: {}
"""
LINE: Final = re.compile(
    r"^(?P<asset>\S+)\s+(?P<on>\d\d/\d\d/\d{4}) (?P<rule>[A-Z].*?)(?: \((?P<of>[\d/]+)\))?\s{2,}"
    r"(?P<quantity>[\d.,]+)\s+(?P<figures>(?:-?£-?[\d.,]+\s*){4})$"
)
RULES: Final = {
    "Same Day": Rule.SAME_DAY,
    "Bed & Breakfast": Rule.THIRTY_DAYS,
    "Section 104": Rule.SECTION_104,
    "No Gain/No Loss": Rule.SECTION_104,
}


def check(run: Callable[..., str], place: Path, count: int, seed: int) -> Agreement:
    deeds = Teller(WORLD, seed).tell(count)
    (place / ".bittytax").mkdir()
    (place / ".bittytax" / "bittytax.conf").write_text(OFFLINE)
    told = place / "ledger.csv"
    with told.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *(row for deed in deeds for row in _rows(deed))])
    said = run("bittytax", str(told), "--nopdf", "--summary")
    theirs: dict[Key, Part] = {}
    for key, part in _read(said):
        add(theirs, key, part)
    return compare(_foretold(deeds), theirs, TOLERANCE)


def _foretold(deeds: list[Deed]) -> dict[Key, Foretold]:
    """Ours by day and rule; fees are a cost, as it prints them."""
    movements = read(facts_of(deeds, uk.COUNTRY.currency), uk.COUNTRY).movements
    result = matching.match(movements)
    assert not result.shortfalls
    parts: dict[Key, Part] = {}
    given: dict[str, Decimal] = {}
    for each in result.slices:
        gone = each.disposed
        if not gone.taxed:
            given[gone.asset] = gone.quantity
            continue
        fees = gone.fees * each.quantity / gone.quantity
        of = each.acquired_on if each.rule is Rule.THIRTY_DAYS else None
        part = Part(each.quantity, each.proceeds + fees, each.cost + fees)
        add(parts, (gone.asset, gone.day, each.rule, of), part)
    found = {key: Foretold(part, ()) for key, part in parts.items()}
    for deed in deeds:
        if deed.kind is Kind.SPOUSE_OUT and deed.asset in given:
            bought = [each for each in deeds if each.asset == deed.asset and each.kind is Kind.BUY]
            cost = sum((each.value + each.fee for each in bought), ZERO) * deed.quantity
            cost /= sum(each.quantity for each in bought)
            key = (deed.asset, deed.at.date(), Rule.SECTION_104, None)
            found[key] = Foretold(Part(deed.quantity, cost, cost), ("spouse-not-identified",))
    return found


def _read(said: str) -> Iterator[tuple[Key, Part]]:
    for line in said.splitlines():
        shown = LINE.match(line.rstrip())
        if shown:
            cost, fees, proceeds, _ = map(_pounds, shown["figures"].split())
            key = (shown["asset"], _day(shown["on"]), RULES[shown["rule"].strip()])
            of = _day(shown["of"]) if shown["of"] else None
            quantity = Decimal(shown["quantity"].replace(",", ""))
            yield (*key, of), Part(quantity, proceeds, cost + fees)


def _pounds(text: str) -> Decimal:
    return Decimal(text.replace("£", "").replace(",", ""))


def _day(text: str) -> date:
    return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007 -- a day has no zone


def _rows(deed: Deed) -> Iterator[list[object]]:
    end = [deed.wallet, deed.at.strftime("%Y-%m-%dT%H:%M:%S UTC"), ""]
    bought: list[object] = [deed.quantity, deed.asset, deed.value]
    sold, none = bought, list[object](["", "", ""])
    fee = [deed.fee, POUND, ""] if deed.fee else none
    match deed.kind:
        case Kind.BUY:
            yield ["Trade", deed.quantity, deed.asset, "", deed.value, POUND, "", *fee, *end]
        case Kind.SELL:
            yield ["Trade", deed.value, POUND, "", deed.quantity, deed.asset, "", *fee, *end]
        case Kind.SWAP:
            came = [deed.received, deed.target, deed.value]
            yield ["Trade", *came, *sold, *fee, *end]
        case Kind.SPEND:
            yield ["Spend", *none, *sold, *fee, *end]
        case Kind.GIFT_OUT:
            yield ["Gift-Sent", *none, *sold, *none, *end]
        case Kind.SPOUSE_OUT:
            yield ["Gift-Spouse", *none, *sold, *none, *end]
        case Kind.TRANSFER:
            lost = [deed.received, deed.asset, deed.fee]
            yield ["Withdrawal", *none, deed.quantity, deed.asset, "", *lost, *end]
            there = [deed.target, *end[1:]]
            yield ["Deposit", deed.quantity, deed.asset, "", *none, *none, *there]
        case kind:
            assert kind in INCOMES
            yield [kind.value.capitalize(), *bought, *none, *none, *end]
