"""Before a sale: what is held, which losses there are, the same sale under each method."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import ZERO
from plimsoll.tax.domain.choices import Choices, Way
from plimsoll.tax.domain.elections import MethodNotAllowed
from plimsoll.tax.domain.facts import Fact
from plimsoll.tax.domain.movements import Ref
from plimsoll.tax.domain.planning import Outcome, Sale, SaleInThePast, harvest, unrealised, what_if
from plimsoll.tax.domain.portfolios import wanted
from plimsoll.tax.domain.results import Term
from plimsoll.tax.domain.rulesets import RULESETS, Matching, compute, match_all
from tests.tax.domain.test_lots_laws import LEDGERS
from tests.tax.ledgers import account, fact, transaction

A: Final = AssetId("A")
NOW: Final = datetime(2025, 6, 1, 12, tzinfo=UTC)


def three_lots(money: str = "usd") -> list[Fact]:
    """An old one at 100, a dear one at 500, a new one at 200; two lie in X, one in Y."""
    return [
        fact("buy", "2024-01-02", "X A 1 100", f"- {money} -100 100"),
        fact("buy", "2024-07-01", "X A 1 500", f"- {money} -500 500"),
        fact("buy", "2025-05-10", "Y A 1 200", f"- {money} -200 200"),
    ]


def us(choices: Choices | None = None) -> Matching:
    rules, day = RULESETS["us"], NOW.date()
    return match_all(three_lots(), rules, choices or Choices(), as_of=day)


def sale(quantity: str = "1", proceeds: int = 300, **more: object) -> Sale:
    given = {"at": NOW, **more}
    return Sale(A, account("X"), Decimal(quantity), Decimal(proceeds), **given)  # type: ignore[arg-type]


def test_each_lot_says_what_it_would_bring_and_when_it_is_long_term() -> None:
    held = unrealised(us(), {A: Decimal(300)}, date(2025, 6, 1))

    assert [(each.cost, each.gain, each.term, each.days_to_long) for each in held] == [
        (100, 200, Term.LONG, 0),
        (500, -200, Term.SHORT, 31),
        (200, 100, Term.SHORT, 344),
    ]
    assert held[1].long_on == date(2025, 7, 2)


def test_without_a_price_there_is_no_value() -> None:
    held = unrealised(us(), {}, date(2025, 6, 1))

    assert {each.value for each in held} == {None}
    assert harvest(held) == ((), ())


def test_losses_come_by_size_and_gains_that_are_soon_long_term_by_day() -> None:
    found = harvest(unrealised(us(), {A: Decimal(150)}, date(2025, 6, 1)))
    near = harvest(unrealised(us(), {A: Decimal(600)}, date(2025, 6, 1)), within_days=31)

    assert [each.gain for each in found.losses] == [-350, -50]
    assert found.soon == ()
    assert [each.gain for each in near.soon] == [100]


def test_an_exempt_loss_saves_nothing() -> None:
    whole = match_all(three_lots("eur"), RULESETS["de"], Choices())

    found = harvest(unrealised(whole, {A: Decimal(50)}, date(2025, 6, 1)))

    assert [each.cost for each in found.losses] == [500, 200]


def test_pools_and_the_french_portfolio_have_one_line_each() -> None:
    facts = [*three_lots("gbp"), fact("buy", "2025-05-11", "X B 1 10", "- gbp -10 10")]
    prices = {A: Decimal(300), AssetId("B"): Decimal(20)}

    british = unrealised(match_all(facts, RULESETS["uk"], Choices()), prices, NOW.date())
    french = unrealised(match_all(facts, RULESETS["fr"], Choices()), prices, NOW.date())

    assert [(each.asset, each.gain) for each in british] == [("A", 100), ("B", 10)]
    assert [(each.asset, each.cost, each.gain) for each in french] == [("portfolio", 810, 110)]


def test_the_same_sale_under_each_method() -> None:
    outcomes = what_if(us(), sale(fees=Decimal(10)))

    assert [(each.way, each.cost, each.gain) for each in outcomes] == [
        (Way.FIFO, 100, 190),
        (Way.LIFO, 500, -210),
        (Way.HIFO, 500, -210),
        (Way.LOFO, 100, 190),
        (Way.SPECIFIC, 100, 190),
    ]
    assert outcomes[0].by_term == {Term.LONG: 190}
    assert outcomes[1].by_term == {Term.SHORT: -210}


def test_named_units_go_under_their_own_method_only() -> None:
    facts = three_lots()
    whole = match_all(facts, RULESETS["us"], Choices(), as_of=NOW.date())

    outcomes = what_if(whole, sale(picks=((facts[1].id, Decimal(1)),)), (Way.FIFO, Way.SPECIFIC))

    assert [each.cost for each in outcomes] == [100, 500]


def test_pools_are_those_of_the_day_of_the_sale_whatever_was_matched() -> None:
    """In 2024 all is one pool; from 2025 on the wallet's own units go."""
    whole = match_all(three_lots()[:2], RULESETS["us"], Choices())
    elsewhere = Sale(A, account("Y"), Decimal(1), Decimal(300), NOW)

    (found,) = what_if(whole, elsewhere, [Way.FIFO])

    assert found.missing == 1


def test_more_than_is_there_is_said() -> None:
    (found,) = what_if(us(), sale("5", 1500), [Way.HIFO])

    assert found.missing == 3
    assert (found.proceeds, found.cost) == (1500, 600)


def test_a_sale_before_the_last_record_and_a_method_of_other_rules_are_refused() -> None:
    with pytest.raises(SaleInThePast):
        what_if(us(), sale(at=datetime(2025, 1, 1, tzinfo=UTC)))
    with pytest.raises(MethodNotAllowed):
        what_if(us(), sale(), [Way.AVERAGE])


def codes(outcome: Outcome) -> list[str]:
    return [each.code for each in outcome.warnings]


def test_waiting_may_be_worth_it() -> None:
    (found,) = what_if(us(), sale("2", 2000), [Way.FIFO])

    assert codes(found) == ["not-long-yet"]
    assert found.warnings[0].until == date(2025, 7, 1)
    assert found.warnings[0].text == "1 of it are long from 2025-07-02 on, in 31 days"


def test_wash_sales_are_pointed_out_only_where_somebody_asked() -> None:
    watching = Choices(wash_sales_from=date(2025, 1, 1))

    assert codes(what_if(us(), sale(), [Way.HIFO])[0]) == []
    (told,) = what_if(us(watching), sale(), [Way.HIFO])[0].warnings
    assert (told.code, told.until) == ("wash-sale", date(2025, 7, 1))
    assert told.text.startswith("acquired on 2025-05-10")


def test_a_report_names_wash_sales_from_the_day_on_that_was_asked_for() -> None:
    facts = [*three_lots(), fact("sell", "2025-05-20", "X A -2 300", "- usd 300 300")]

    for since, count in ((date(2025, 1, 1), 1), (date(2025, 5, 21), 0), (None, 0)):
        choices = Choices(wash_sales_from=since)
        assert len(compute(facts, RULESETS["us"], 2025, choices).warnings) == count


@pytest.mark.parametrize(("rules", "code"), [("uk", "bought-back"), ("ca", "superficial-loss")])
def test_thirty_days_of_the_united_kingdom_and_canada(rules: str, code: str) -> None:
    whole = match_all(three_lots("gbp" if rules == "uk" else "cad"), RULESETS[rules], Choices())

    (found,) = what_if(whole, sale(proceeds=10))

    assert codes(found) == [code]
    assert found.warnings[0].until == date(2025, 7, 1)


def test_the_french_sale_takes_its_fraction_of_the_portfolio() -> None:
    whole = match_all(three_lots("eur"), RULESETS["fr"], Choices())

    (found,) = what_if(whole, sale(portfolio=Decimal(900)))

    assert abs(found.cost - Decimal(800) / 3) < Decimal("1e-17")
    assert found.gain == 300 - found.cost


def test_the_average_of_a_wallet_is_tried_too() -> None:
    choices = Choices(methods=((2020, Way.AVERAGE),))
    whole = match_all(three_lots(), RULESETS["generic"], choices)

    (found,) = what_if(whole, sale())

    assert (found.way, found.cost) == (Way.AVERAGE, 300)


def test_the_portfolios_that_france_asks_for_are_those_before_each_sale() -> None:
    facts = [
        fact("buy", "2024-01-02", "X A 2 100", "- eur -100 100"),
        fact("swap", "2024-02-02", "X A -1 70", "X B 3 70"),
        fact("sell", "2024-03-02", "X B -1 70", "- eur 70 70", seq=900),
    ]
    whole = match_all(facts, RULESETS["fr"], Choices())

    (asked,) = wanted(whole.movements)

    assert asked.ref == Ref(transaction(900), 0)
    assert asked.units == {"A": 1, "B": 3}


@settings(max_examples=30, deadline=None)
@given(facts=LEDGERS, way=st.sampled_from([Way.FIFO, Way.LIFO, Way.HIFO, Way.LOFO]))
def test_what_is_tried_is_what_happens(facts: list[Fact], way: Way) -> None:
    """A sale that is recorded afterwards, under that method from its year on."""
    rules = RULESETS["us"]
    at = datetime(2026, 3, 1, tzinfo=UTC)
    tried = Sale(A, account("X"), Decimal(3), Decimal(90), at)
    recorded = fact("sell", at, "X A -3 90", "- usd 90 90", seq=10**6)

    (found,) = what_if(match_all(facts, rules, Choices()), tried, [way])

    report = compute([*facts, recorded], rules, 2026, Choices(methods=((2026, way),)))
    assert sum((line.cost for line in report.lines), ZERO) == found.cost
    assert [(line.quantity, line.cost, line.term) for line in report.lines] == [
        (each.quantity, each.cost, each.term) for each in found.slices
    ]
