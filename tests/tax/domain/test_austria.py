"""Austria: coins for coins carry their cost over, and nothing of it is lost."""

from decimal import Decimal

from hypothesis import given, settings

from plimsoll.kernel.money import ZERO
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.tax.domain.austria import match
from plimsoll.tax.domain.facts import Fact
from plimsoll.tax.domain.movements import Acquired
from plimsoll.tax.domain.reading import read
from plimsoll.tax.domain.results import Matched
from plimsoll.tax.domain.rules import at
from tests.tax.domain.test_lots_laws import LEDGERS
from tests.tax.ledgers import fact


def matched(*facts: Fact) -> Matched:
    return match(read(facts, at.COUNTRY).movements)


def held(result: Matched) -> dict[str, tuple[Decimal, Decimal]]:
    return {pool.asset: (pool.quantity, pool.cost) for pool in result.pools}


BOUGHT = fact("buy", "2023-01-02", "X A 4 400", "- eur -400 400")


def test_an_exchange_has_no_result_and_its_cost_goes_on() -> None:
    result = matched(BOUGHT, fact("swap", "2023-02-01", "X A -1 900", "X B 3 900"))

    assert held(result) == {"A": (3, 300), "B": (3, 100)}
    assert [(each.gain, each.disposed.taxed) for each in result.slices] == [(0, False)]


def test_before_march_2022_an_exchange_was_a_sale() -> None:
    bought = fact("buy", "2022-01-02", "X A 4 400", "- eur -400 400")
    result = matched(bought, fact("swap", "2022-02-28", "X A -1 900", "X B 3 900"))

    assert held(result) == {"A": (3, 300), "B": (3, 900)}
    assert [each.gain for each in result.slices] == [800]


def test_what_is_paid_on_top_is_cost_too() -> None:
    result = matched(BOUGHT, fact("swap", "2023-02-01", "X A -1 900", "- eur -50 50", "X B 3 950"))

    assert held(result) == {"A": (3, 300), "B": (3, 150)}


def test_an_exchange_in_which_money_came_too_is_a_sale_and_it_is_said() -> None:
    result = matched(BOUGHT, fact("swap", "2023-02-01", "X A -1 900", "- eur 50 50", "X B 3 850"))

    assert held(result) == {"A": (3, 300), "B": (3, 850)}
    assert [each.gain for each in result.slices] == [800]
    assert "counts as a sale" in result.warnings[0]


def test_a_fee_withheld_from_what_came_is_disposed_of_at_its_value() -> None:
    result = matched(
        BOUGHT,
        fact("swap", "2023-02-01", "X A -1 900", "X B 3 900", "X B -1 300 withheld_fee"),
    )

    assert held(result) == {"A": (3, 300), "B": (2, Decimal("66.666666666666666667"))}
    assert [each.disposed.taxed for each in result.slices] == [False, True]


def test_two_coins_for_two_share_the_cost_by_value() -> None:
    more = fact("buy", "2023-01-03", "X C 1 20", "- eur -20 20")
    swap = fact("swap", "2023-02-01", "X A -1 90", "X C -1 30", "X B 1 40", "X D 1 80")

    assert held(matched(BOUGHT, more, swap)) == {"A": (3, 300), "B": (1, 40), "D": (1, 80)}


def test_what_was_given_and_never_bought_brings_no_cost() -> None:
    result = matched(fact("swap", "2023-02-01", "X A -1 90", "X B 1 90"))

    assert held(result) == {"B": (1, 0)}
    assert [each.quantity for each in result.shortfalls] == [1]


@settings(max_examples=40, deadline=None)
@given(facts=LEDGERS)
def test_nothing_is_lost(facts: list[Fact]) -> None:
    """What was paid for, less what exchanges only carried on, is sold or held."""
    movements = read(facts, at.COUNTRY).movements
    result = match(movements)

    came = [each for each in movements if isinstance(each, Acquired)]
    carried = [each.cost for each in result.slices if each.disposed.kind is Kind.SWAP]
    bought = sum((each.cost for each in came if each.kind is not Kind.SWAP), ZERO)
    went = sum((each.cost for each in result.slices), ZERO) - sum(carried, ZERO)
    assert bought == went + sum((pool.cost for pool in result.pools), ZERO)
    assert all(each.gain == 0 for each in result.slices if each.disposed.kind is Kind.SWAP)
