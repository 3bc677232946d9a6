"""Reports as several countries' people would get them, small enough to check by hand, and a long
one. The figures stand for those of the rules: what files do with them is what is tested.
"""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from plimsoll.kernel.identifiers import AssetId, RunId, TransactionId, WalletId
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.movements import Ref, Unvalued
from plimsoll.tax.domain.report import Completeness, IncomeLine, Line, Names, Report, Total
from plimsoll.tax.domain.results import Lot, Pool, Rule, Shortfall, ShortfallPolicy, Term
from plimsoll.tax.reports.document import Meta

BITCOIN, ETHER, TOKEN = AssetId("bitcoin"), AssetId("ethereum"), AssetId("injection")
KRAKEN, LEDGER, CHAIN = (WalletId(UUID(int=number)) for number in (1, 2, 3))

NAMES: Final = Names(
    wallets={
        KRAKEN: "Kraken",
        LEDGER: "Ledger Nano – grandmother's savings, in the blue safe behind the piano",
        CHAIN: '=HYPERLINK("http://evil") Žluťoučký 財布 кошелёк',
    },
    symbols={BITCOIN: "BTC", ETHER: "ETH", TOKEN: "=1+1"},
)
META: Final = Meta(
    run=RunId(UUID("01980000-0000-7000-8000-000000000001")),
    created_at=datetime(2026, 2, 1, 9, 30, tzinfo=UTC),
    input_hash="9f2c1b7e5d804a36" * 4,
    ledger_version=1871,
    app_version="0.1.0",
    person="Zoë Müller-O’Brien",
)


def ref(number: int, leg: int = 0) -> Ref:
    return Ref(TransactionId(UUID(int=(0x0198 << 112) | number)), leg)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12, 0), UTC)


def line(
    number: int,
    *,
    sold: date,
    quantity: str,
    proceeds: str,
    cost: str,
    bought: date | None = None,
    asset: AssetId = BITCOIN,
    account: WalletId = KRAKEN,
    kind: Kind = Kind.SELL,
    term: Term = Term.NONE,
    rule: Rule = Rule.FIFO,
    formula: str = "",
    taxed: bool = True,
    box: str = "",
    fees: str = "0",
    of: int | None = None,
) -> Line:
    """`of`: the disposal, where it has several slices."""
    return Line(
        number=number,
        disposed=ref(number if of is None else of),
        kind=kind,
        disposed_at=noon(sold),
        disposed_on=sold,
        asset=asset,
        account=account,
        quantity=Decimal(quantity),
        acquired=ref(1000 + number) if bought else None,
        acquired_on=bought,
        proceeds=Decimal(proceeds),
        fees=Decimal(fees),
        cost=Decimal(cost),
        term=term,
        rule=rule,
        formula=formula,
        taxed=taxed,
        box=box,
    )


def earned(number: int, day: date, quantity: str, value: str, category: str) -> IncomeLine:
    return IncomeLine(
        number,
        ref(5000 + number),
        Kind.STAKING,
        noon(day),
        day,
        ETHER,
        CHAIN,
        Decimal(quantity),
        Decimal(value),
        category,
    )


def report(
    jurisdiction: str,
    currency: str,
    *,
    first: date,
    last: date,
    lines: Sequence[Line],
    incomes: Sequence[IncomeLine] = (),
    totals: Sequence[Total] = (),
    lots: Sequence[Lot] = (),
    pools: Sequence[Pool] = (),
    election: dict[str, str] | None = None,
    shortfalls: Sequence[Shortfall] = (),
    unvalued: Sequence[Unvalued] = (),
    warnings: Sequence[str] = (),
    zone: str = "UTC",
    blocked: bool = False,
) -> Report:
    short, nameless = len(shortfalls), len(unvalued)
    counted = len(lines) + len(incomes)
    score = Decimal(counted - short - nameless) / counted if counted else Decimal(1)
    return Report(
        jurisdiction=jurisdiction,
        ruleset=f"{jurisdiction}/1",
        year=first.year,
        first=first,
        last=last,
        currency=AssetId(currency),
        zone=zone,
        election=election or {},
        lines=tuple(lines),
        incomes=tuple(incomes),
        totals=tuple(totals),
        lots=tuple(lots),
        pools=tuple(pools),
        shortfalls=tuple(shortfalls),
        unvalued=tuple(unvalued),
        warnings=tuple(warnings),
        completeness=Completeness(score, counted, short, nameless),
        draft=bool(short or nameless),
        blocked=blocked,
    )


def american() -> Report:
    """Per wallet, highest cost first; every box of the short and the long term that has lines."""
    short, long = Term.SHORT, Term.LONG
    return report(
        "us",
        "usd",
        first=date(2025, 1, 1),
        last=date(2025, 12, 31),
        zone="America/New_York",
        election={"method": "hifo", "scope": "per wallet from 2025-01-01"},
        lines=[
            line(1, sold=date(2025, 3, 14), bought=date(2024, 11, 2), quantity="0.5",
                 proceeds="41250.004", cost="34600.001", fees="12.5", term=short, box="H",
                 rule=Rule.HIFO),
            line(2, sold=date(2025, 3, 14), bought=date(2021, 2, 28),
                 quantity="0.123456789012345678",
                 proceeds="10185.185", cost="5555.555", term=long, box="K", rule=Rule.HIFO, of=1),
            line(3, sold=date(2025, 6, 30), bought=date(2025, 6, 1), quantity="3", asset=ETHER,
                 account=LEDGER, proceeds="7400.125", cost="8100.5", term=short, box="I",
                 rule=Rule.SPECIFIC),
            line(4, sold=date(2025, 12, 31), bought=date(2020, 1, 1), quantity="1000000",
                 asset=TOKEN, account=CHAIN, proceeds="0.005", cost="0.004", term=long, box="L",
                 kind=Kind.SWAP),
            line(5, sold=date(2025, 12, 31), bought=date(2020, 1, 1), quantity="2",
                 proceeds="600", cost="600", term=long, kind=Kind.DONATION, taxed=False),
        ],
        incomes=[earned(1, date(2025, 4, 1), "0.01", "18.215", "staking")],
        totals=[
            Total("short-gain", "Net short-term gain or loss", Decimal("5949.628"),
                  "boxes H and I: 6650.003 − 700.375", "Schedule D, line 7"),
            Total("long-gain", "Net long-term gain or loss", Decimal("4629.631"),
                  "boxes K and L: 4629.63 + 0.001", "Schedule D, line 15"),
            Total("income", "Ordinary income from digital assets", Decimal("18.215"),
                  "1 receipt at its value when received"),
        ],
        lots=[
            Lot(ref(2001), BITCOIN, KRAKEN, noon(date(2023, 5, 5)), date(2023, 5, 5),
                Decimal("1.25"), Decimal(36250)),
            Lot(ref(2002), ETHER, LEDGER, noon(date(2025, 9, 9)), date(2025, 9, 9),
                Decimal("10.000000000000000001"), Decimal("43210.99")),
        ],
    )  # fmt: skip


def british() -> Report:
    return report(
        "uk",
        "gbp",
        first=date(2024, 4, 6),
        last=date(2025, 4, 5),
        zone="Europe/London",
        election={"person": "individual"},
        lines=[
            line(1, sold=date(2024, 8, 30), quantity="500", proceeds="20000", cost="17500",
                 asset=TOKEN, rule=Rule.THIRTY_DAYS, bought=date(2024, 9, 11)),
            line(2, sold=date(2024, 8, 30), quantity="3500", proceeds="140000", cost="50000",
                 asset=TOKEN, rule=Rule.SECTION_104, of=1,
                 formula="3500 of 14000 pooled units × 200000 = 50000"),
            line(3, sold=date(2025, 1, 15), quantity="0.1", proceeds="8000.555", cost="2500",
                 fees="8", rule=Rule.SECTION_104, formula="0.1 of 1 pooled units × 25000 = 2500"),
        ],
        totals=[
            Total(
                "disposals",
                "Number of disposals",
                Decimal(2),
                "distinct disposals of the year",
                counted=True,
            ),
            Total("gains", "Gains in the year, before losses", Decimal("98000.555"),
                  "92500 + 5500.555", "SA108"),
        ],
        pools=[Pool(TOKEN, None, Decimal(10500), Decimal(150000)),
               Pool(BITCOIN, None, Decimal("0.9"), Decimal(22500))],
        warnings=["1 disposal was matched with a later purchase within 30 days"],
    )  # fmt: skip


def german() -> Report:
    """A draft: units nobody saw coming in, and a reward nobody has a value for."""
    return report(
        "de",
        "eur",
        first=date(2025, 1, 1),
        last=date(2025, 12, 31),
        zone="Europe/Berlin",
        election={"method": "fifo", "shortfalls": "zero-basis"},
        lines=[
            line(1, sold=date(2025, 2, 2), bought=date(2023, 1, 1), quantity="1", term=Term.EXEMPT,
                 proceeds="90000", cost="16000"),
            line(2, sold=date(2025, 5, 5), quantity="0.25", term=Term.SHORT, proceeds="21000",
                 cost="0", rule=Rule.SHORTFALL),
        ],
        incomes=[
            earned(1, date(2025, 4, 1), "0.01", "18.21", "Leistungen"),
            earned(2, date(2025, 5, 1), "0.02", "0", "Leistungen"),
        ],
        totals=[
            Total("private-sales", "Private Veräußerungsgeschäfte", Decimal(21000), "21000 − 0",
                  "Anlage SO"),
            Total("exempt", "Nach einem Jahr steuerfrei", Decimal(74000), "90000 − 16000"),
        ],
        shortfalls=[Shortfall(ref(2), BITCOIN, KRAKEN, noon(date(2025, 5, 5)), Decimal("0.25"),
                              ShortfallPolicy.ZERO_BASIS)],
        unvalued=[Unvalued(ref(5002), ETHER, Decimal("0.02"), noon(date(2025, 5, 1)))],
        warnings=["1 disposal goes beyond the known units: its cost is taken as 0"],
    )  # fmt: skip


def french() -> Report:
    return report(
        "fr",
        "eur",
        first=date(2025, 1, 1),
        last=date(2025, 12, 31),
        zone="Europe/Paris",
        lines=[
            line(1, sold=date(2025, 7, 14), quantity="0.02", proceeds="2000", cost="1250",
                 rule=Rule.PORTFOLIO_FRACTION, formula="5000 × 2000 ÷ 8000 = 1250"),
        ],
        totals=[Total("gain", "Plus-value globale", Decimal(750), "2000 − 1250", "2086")],
        pools=[Pool(AssetId("eur"), None, Decimal(1), Decimal(3750))],
    )  # fmt: skip


def long(lines: int = 10_000) -> Report:
    """As many slices as a busy year has, of amounts as they come out of matching."""
    chance, first = random.Random(5), date(2025, 1, 1)  # noqa: S311 - a load, no secret
    accounts, assets = (KRAKEN, LEDGER, CHAIN), (BITCOIN, ETHER, TOKEN)
    made = []
    for number in range(1, lines + 1):
        sold = first + timedelta(days=(number - 1) * 365 // lines)
        box = chance.choice("GHIJKL")
        made.append(
            line(
                number,
                sold=sold,
                bought=sold - timedelta(days=chance.randrange(1, 900)),
                quantity=f"{chance.randrange(1, 10**10)}e-8",
                proceeds=f"{chance.randrange(1, 10**12)}e-6",
                cost=f"{chance.randrange(1, 10**24)}e-18",
                asset=chance.choice(assets),
                account=chance.choice(accounts),
                term=Term.SHORT if box in "GHI" else Term.LONG,
                rule=Rule.HIFO,
                box=box,
            )
        )
    gain = sum((each.gain for each in made), Decimal(0))
    return report(
        "us",
        "usd",
        first=first,
        last=date(2025, 12, 31),
        zone="America/New_York",
        election={"method": "hifo", "scope": "per wallet from 2025-01-01"},
        lines=made,
        incomes=[
            earned(each, first + timedelta(days=each % 365), "0.001", "2.5", "staking")
            for each in range(1, lines // 10 + 1)
        ],
        totals=[Total("gain", "Net gain or loss", gain, f"the sum of {lines} slices")],
        lots=[
            Lot(ref(each), BITCOIN, KRAKEN, noon(first), first, Decimal("0.1"), Decimal(each))
            for each in range(1, lines // 10 + 1)
        ],
    )
