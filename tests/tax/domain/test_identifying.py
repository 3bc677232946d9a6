"""Which units a disposal could be of: the lots of its pool at that moment, and no others."""

from datetime import date
from decimal import Decimal

from plimsoll.tax.domain.choices import Choices, Way
from plimsoll.tax.domain.facts import Fact
from plimsoll.tax.domain.identifying import Choice, choice_of, may_identify
from plimsoll.tax.domain.movements import Disposed
from plimsoll.tax.domain.results import Term
from plimsoll.tax.domain.rulesets import RULESETS, match_all
from tests.tax.ledgers import fact


def choices(facts: list[Fact], rules: str = "us") -> list[Choice]:
    whole = match_all(facts, RULESETS[rules], Choices())
    return [
        choice_of(whole, place, each)
        for place, each in enumerate(whole.movements)
        if isinstance(each, Disposed)
    ]


def test_only_what_the_wallet_had_left_at_that_moment_is_there() -> None:
    """Of 1 for 100, 2 for 500 and what is elsewhere or later, a half is sold first."""
    facts = [
        fact("buy", "2025-01-02", "X A 1 100", "- usd -100 100"),
        fact("buy", "2025-02-01", "X A 2 500", "- usd -500 500"),
        fact("buy", "2025-02-01", "Y A 1 900", "- usd -900 900"),
        fact("buy", "2025-02-01", "X B 1 900", "- usd -900 900"),
        fact("sell", "2025-03-01", "X A -0.5 200", "- usd 200 200"),
        fact("sell", "2026-01-03", "X A -1 400", "- usd 400 400"),
        fact("buy", "2026-02-01", "X A 1 50", "- usd -50 50"),
    ]

    second = choices(facts)[1]

    assert [each.of for each in second.candidates] == [facts[0].id, facts[1].id]
    assert [
        (each.since, each.quantity, each.cost, each.most, each.gain, each.term)
        for each in second.candidates
    ] == [
        (date(2025, 1, 2), Decimal("0.5"), 50, Decimal("0.5"), 150, Term.LONG),
        (date(2025, 2, 1), 2, 500, 1, 150, Term.SHORT),
    ]


def test_pools_of_the_owner_have_the_lots_of_every_wallet() -> None:
    facts = [
        fact("buy", "2024-01-02", "X A 1 100", "- usd -100 100"),
        fact("buy", "2024-02-01", "Y A 1 500", "- usd -500 500"),
        fact("sell", "2024-12-01", "X A -1 400", "- usd 400 400"),
        fact("sell", "2025-12-01", "Y A -1 400", "- usd 400 400"),
    ]

    before, since = choices(facts)

    assert [each.gain for each in before.candidates] == [300, -100]
    assert [each.gain for each in since.candidates] == [-100]


def test_lots_of_one_transaction_are_one() -> None:
    """A pick names the transaction, so both of its legs can be meant, and only together."""
    facts = [
        fact("buy", "2025-01-02", "X A 1 100", "X A 1 300", "- usd -400 400"),
        fact("sell", "2025-03-01", "X A -1.5 600", "- usd 600 600"),
    ]

    ((whole,),) = [choice.candidates for choice in choices(facts)]

    assert (whole.quantity, whole.cost, whole.most, whole.gain) == (2, 400, Decimal("1.5"), 350)


def test_what_was_not_there_cannot_be_meant() -> None:
    (choice,) = choices([fact("sell", "2025-03-01", "X A -1 600", "- usd 600 600")])

    assert choice.candidates == ()


def test_what_arrived_and_was_never_acquired_cannot_be_meant() -> None:
    """Of 3 that are carried over 1 was bought: the matching finds no units of a transfer."""
    facts = [
        fact("buy", "2025-01-02", "X A 1 100", "- usd -100 100"),
        fact("transfer", "2025-01-10", "X A -3 300", "Y A 3 300"),
        fact("sell", "2025-03-01", "Y A -2 600", "- usd 600 600"),
    ]

    (choice,) = choices(facts)

    assert [(each.of, each.quantity) for each in choice.candidates] == [(facts[0].id, 1)]


def test_a_gift_gains_from_the_cost_of_its_donor() -> None:
    """A donor's 100 were worth 60: sold for 80 neither gain nor loss (IRC 1015)."""
    given = fact("gift_in", "2025-01-02", "X A 1 60", donor_cost="100")
    (choice,) = choices([given, fact("sell", "2025-03-01", "X A -1 80", "- usd 80 80")])

    assert [(each.cost, each.gain) for each in choice.candidates] == [(100, 0)]


def test_units_are_identified_only_where_the_law_knows_lots() -> None:
    may = {
        code for code, rules in RULESETS.items() if may_identify(match_all([], rules, Choices()))
    }
    average = match_all([], RULESETS["generic"], Choices(methods=((2025, Way.AVERAGE),)))

    assert may == {"us", "au", "de", "generic"}
    assert not may_identify(average)
