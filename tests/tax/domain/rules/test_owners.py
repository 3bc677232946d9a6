"""From facts to figures in the countries that pool by owner: the kinds where they differ."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import pytest

from plimsoll.kernel.identifiers import AssetId, TransactionId
from plimsoll.ledger.domain.transactions import Kind, Role
from plimsoll.tax.domain import canada, france
from plimsoll.tax.domain import uk as matching
from plimsoll.tax.domain.facts import Fact, FactLeg
from plimsoll.tax.domain.movements import Disposed, Movement
from plimsoll.tax.domain.reading import read
from plimsoll.tax.domain.results import Matched
from plimsoll.tax.domain.rules import ca, fr, uk
from tests.tax.stories import ACCOUNT, COIN, FIRST, acquired, disposed, moment

OTHER: Final = AssetId("other")
MONEY: Final = AssetId("money")


def leg(
    quantity: str, value: str | None, asset: AssetId = COIN, role: Role = Role.PRINCIPAL
) -> FactLeg:
    worth = None if value is None else Decimal(value)
    if asset == MONEY:
        return FactLeg(None, asset, Decimal(quantity), role, worth, is_money=True)
    return FactLeg(ACCOUNT, asset, Decimal(quantity), role, worth)


def fact(number: int, kind: Kind, *legs: FactLeg, month: int = 1) -> Fact:
    at: datetime = moment(date(2024, month, 5), number)
    return Fact(TransactionId(UUID(int=number)), number, kind, at, legs)


def bought(quantity: str, value: str, number: int = 1) -> Fact:
    return fact(number, Kind.BUY, leg(quantity, value), leg(f"-{value}", value, MONEY))


def gains(matched: Matched) -> list[Decimal]:
    return [found.gain for found in matched.slices]


def test_a_fee_in_the_token_that_is_sold_is_a_disposal_and_a_cost() -> None:
    """UK-22280, from the facts on."""
    facts = [
        bought("10000", "20000"),
        fact(
            2,
            Kind.SELL,
            leg("-1000", "5000"),
            leg("5000", "5000", MONEY),
            leg("-1", "5", role=Role.FEE),
            month=6,
        ),
    ]
    matched = matching.match(read(facts, uk.COUNTRY).movements)
    year = uk.figures(matched.slices)
    assert year == (1, 5005, 2007, 2998, 0)
    assert [(pool.quantity, pool.cost) for pool in matched.pools] == [(8999, 17998)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.SPOUSE_OUT, 0),
        (Kind.DONATION, 0),
        (Kind.STOLEN, 0),
        (Kind.GIFT_OUT, 60),
        (Kind.LOST, -40),
    ],
)
def test_how_tokens_leave_in_the_united_kingdom(kind: Kind, expected: int) -> None:
    facts = [bought("10", "100"), fact(2, kind, leg("-4", "100"), month=6)]
    matched = matching.match(read(facts, uk.COUNTRY).movements)
    assert gains(matched) == [expected]
    assert [(pool.quantity, pool.cost) for pool in matched.pools] == [(6, 60)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Kind.SPOUSE_OUT, 0), (Kind.DONATION, 60), (Kind.GIFT_OUT, 60), (Kind.LOST, -40)],
)
def test_how_tokens_leave_in_canada(kind: Kind, expected: int) -> None:
    facts = [bought("10", "100"), fact(2, kind, leg("-4", "100"), month=6)]
    assert gains(canada.match(read(facts, ca.COUNTRY).movements)) == [expected]


@pytest.mark.parametrize(
    ("kind", "gain", "left"),
    [
        (Kind.SPEND, 80, 80),
        (Kind.GIFT_OUT, 0, 80),
        (Kind.SPOUSE_OUT, 0, 80),
        (Kind.STOLEN, 0, 100),
        (Kind.WITHDRAWAL, 0, 100),
    ],
)
def test_how_tokens_leave_in_france(kind: Kind, gain: int, left: int) -> None:
    """100 worth of a portfolio of 500, for all of which 100 had been paid."""
    legs = [leg("-4", "100")]
    if kind is Kind.SPEND:
        legs.append(leg("100", "100", MONEY))
    movements = read([bought("10", "100"), fact(2, kind, *legs, month=6)], fr.COUNTRY).movements
    values = {each.ref: Decimal(500) for each in movements if isinstance(each, Disposed)}
    matched = france.match(movements, values)
    assert gains(matched) == [gain]
    assert matched.pools[-1].cost == left


def test_one_coin_for_another_is_neutral_in_france_and_needs_no_value() -> None:
    facts = [
        bought("10", "100"),
        fact(2, Kind.SWAP, leg("-10", "900"), leg("3", "900", OTHER), month=3),
        fact(3, Kind.SELL, leg("-1", "400", OTHER), leg("400", "400", MONEY), month=6),
    ]
    movements = read(facts, fr.COUNTRY).movements
    sale = movements[-1]
    matched = france.match(movements, {sale.ref: Decimal(1000)})
    assert gains(matched) == [0, 360]
    assert matched.pools[-1].cost == 60


def test_a_year_of_the_united_kingdom_counts_days_not_rows() -> None:
    """A gain of 13 on one day, a loss of 3 on another, a gift to a spouse that does not count."""
    told: list[Movement] = [
        acquired(FIRST, Decimal(10), Decimal(100), number=1),
        disposed(date(2024, 5, 1), Decimal(1), Decimal(11), number=2, fees=Decimal(2)),
        disposed(date(2024, 5, 1), Decimal(1), Decimal(22), number=3),
        disposed(date(2024, 7, 1), Decimal(1), Decimal(7), number=4),
        disposed(date(2024, 8, 1), Decimal(1), Decimal(0), number=5, taxed=False),
    ]
    assert uk.figures(matching.match(told).slices) == (2, 42, 32, 13, 3)


@pytest.mark.parametrize(
    ("gain", "loss", "brought", "expected"),
    [
        (2500, 0, 700, (0, 0, 700)),
        (5000, 1000, 0, (1000, 0, 0)),
        (5000, 1000, 700, (300, 700, 0)),
        (5000, 0, 3000, (0, 2000, 1000)),
        (100, 400, 50, (0, 0, 350)),
    ],
)
def test_earlier_losses_are_used_above_the_exempt_amount_only(
    gain: int, loss: int, brought: int, expected: tuple[int, int, int]
) -> None:
    year = uk.YearFigures(1, Decimal(0), Decimal(0), Decimal(gain), Decimal(loss))
    assert uk.taxable(year, 2024, Decimal(brought)) == expected


def test_the_exempt_amount_follows_the_year() -> None:
    year = uk.YearFigures(1, Decimal(0), Decimal(0), Decimal(20000), Decimal(0))
    amounts = {began: uk.taxable(year, began).amount for began in (2017, 2018, 2022, 2023, 2025)}
    assert amounts == {2017: 20000, 2018: 8300, 2022: 7700, 2023: 14000, 2025: 17000}
