"""The comparison finds what differs, and the ledgers that are told are sound."""

from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import AssetId
from plimsoll.tax.domain import uk as matching
from plimsoll.tax.domain.reading import read
from plimsoll.tax.domain.rules import uk
from tests.tax.oracle import uk_pools, us_owner, us_wallets
from tests.tax.oracle.agreement import Foretold, Part, add, compare
from tests.tax.oracle.deeds import Teller, World, facts_of

WORLDS = (us_wallets.WORLD, us_owner.WORLD, uk_pools.WORLD)
PART = Part(Decimal(2), Decimal(30), Decimal(20), long=True)
NEAR = Decimal("0.01")


@pytest.mark.parametrize(
    "theirs",
    [
        {(1, 2): PART._replace(cost=Decimal("20.02"))},
        {(1, 2): PART._replace(proceeds=Decimal(31))},
        {(1, 2): PART._replace(quantity=Decimal("2.1"))},
        {(1, 2): PART._replace(long=False)},
        {(1, 3): PART},
        {},
        {(1, 2): PART, (1, 3): PART},
    ],
)
def test_what_the_peer_says_otherwise_is_listed(theirs: dict[tuple[object, ...], Part]) -> None:
    found = compare({(1, 2): Foretold(PART, ("swap-fee",))}, theirs, NEAR)

    assert found.unexplained


def test_a_rule_is_counted_where_it_foretold_the_figures() -> None:
    near = PART._replace(cost=Decimal("20.01"))

    found = compare({(1, 2): Foretold(PART, ("swap-fee",))}, {(1, 2): near}, NEAR)

    assert (found.compared, found.unexplained, found.explained["swap-fee"]) == (1, [], 1)


def test_parts_of_one_key_add_up() -> None:
    parts: dict[tuple[object, ...], Part] = {}
    for _ in range(2):
        add(parts, (1, 2), PART)

    assert parts == {(1, 2): Part(Decimal(4), Decimal(60), Decimal(40), long=True)}


@pytest.mark.parametrize("world", WORLDS)
def test_a_told_ledger_repeats_itself_and_gives_nothing_that_is_not_there(world: World) -> None:
    deeds = Teller(world, seed=4).tell(400)

    assert deeds == Teller(world, seed=4).tell(400)
    assert len({deed.at for deed in deeds}) == len(deeds) == 400
    facts = facts_of(deeds, AssetId("gbp"))
    assert not matching.match(read(facts, uk.COUNTRY).movements).shortfalls
