from collections.abc import Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.imports import DraftLeg, Side
from plimsoll.ledger.domain.transactions import Kind, Role
from plimsoll.ledger.domain.worth import PriceOf, needed_prices, value_legs
from tests.ledger.entries import BNB, BTC, ETH, EUR, USD

QUANTITIES = st.decimals("0.000001", "100000", places=6, allow_nan=False)


def leg(
    quantity: str | Decimal,
    asset: AssetId = BTC,
    *,
    value: str | None = None,
    role: Role = Role.PRINCIPAL,
) -> DraftLeg:
    worth = None if value is None else Decimal(value)
    return DraftLeg(asset.upper(), asset, Decimal(quantity), role, Side.WALLET, "", worth)


def no_price(_asset: AssetId) -> None:
    """Nobody knows."""


def prices(**known: str) -> PriceOf:
    return {AssetId(asset): Decimal(price) for asset, price in known.items()}.get


def told(kind: Kind, *legs: DraftLeg, price_of: PriceOf = no_price) -> list[str]:
    """The worth of each leg; a question mark where nobody knows it."""
    return [
        format(worth.value.normalize(), "f") if worth.known else "?"
        for worth in value_legs(kind, legs, USD, price_of)
    ]


def test_a_purchase_is_worth_the_money_that_was_paid() -> None:
    bought = told(Kind.BUY, leg("0.5"), leg("-20000", USD), price_of=prices(bitcoin="1"))
    assert bought == ["20000", "20000"]


def test_what_the_file_says_counts_before_any_price() -> None:
    swapped = told(
        Kind.SWAP,
        leg("10", ETH, value="31000"),
        leg("-0.5", value="31000"),
        price_of=prices(bitcoin="1", ethereum="1"),
    )
    assert swapped == ["31000", "31000"]


def test_a_swap_is_worth_what_came_in_on_its_day() -> None:
    known = prices(ethereum="3000", bitcoin="61000")
    assert told(Kind.SWAP, leg("10", ETH), leg("-0.5"), price_of=known) == ["30000", "30000"]


def test_a_swap_for_something_without_a_price_is_worth_what_went_out() -> None:
    known = prices(bitcoin="61000")
    assert told(Kind.SWAP, leg("10", ETH), leg("-0.5"), price_of=known) == ["30500", "30500"]


def test_a_swap_of_which_nobody_knows_anything_is_marked() -> None:
    assert told(Kind.SWAP, leg("10", ETH), leg("-0.5")) == ["?", "?"]


def test_a_fee_in_what_was_bought_is_worth_what_was_paid_for_it() -> None:
    legs = (leg("1"), leg("-60000", USD), leg("-0.001", role=Role.WITHHELD_FEE))
    assert told(Kind.BUY, *legs, price_of=prices(bitcoin="1")) == ["60000", "60000", "60"]


def test_a_fee_in_another_coin_has_its_own_price_or_none() -> None:
    legs = (leg("1"), leg("-60000", USD), leg("-0.1", BNB, role=Role.FEE))
    assert told(Kind.BUY, *legs, price_of=prices(binancecoin="500"))[2] == "50"
    assert told(Kind.BUY, *legs)[2] == "?"


def test_income_has_the_price_of_its_day() -> None:
    assert told(Kind.STAKING, leg("2", ETH), price_of=prices(ethereum="2500")) == ["5000"]
    assert told(Kind.STAKING, leg("2", ETH, value="4999")) == ["4999"]
    assert told(Kind.STAKING, leg("2", ETH)) == ["?"]


def test_what_moves_between_own_wallets_needs_no_price() -> None:
    assert told(Kind.TRANSFER, leg("-1"), leg("1")) == ["0", "0"]


def test_several_things_bought_share_the_price_by_their_own() -> None:
    legs = (leg("1"), leg("10", ETH), leg("-90000", USD))
    known = prices(bitcoin="60000", ethereum="3000")
    assert told(Kind.BUY, *legs, price_of=known) == ["60000", "30000", "90000"]
    dearer = prices(bitcoin="120000", ethereum="6000")
    assert told(Kind.BUY, *legs, price_of=dearer) == ["60000", "30000", "90000"]


def test_a_worth_beyond_all_bounds_is_not_known() -> None:
    known = prices(bitcoin="1e15")
    assert told(Kind.STAKING, leg("99999999999999999999"), price_of=known) == ["?"]


@pytest.mark.parametrize(
    ("legs", "needed"),
    [
        ((leg("1"), leg("-60000", USD)), set()),
        ((leg("1"), leg("-60000", EUR)), {BTC, EUR}),
        ((leg("1"), leg("-60000", USD), leg("-1", BNB, role=Role.FEE)), {BNB}),
    ],
)
def test_only_prices_that_matter_are_asked_for(
    legs: tuple[DraftLeg, ...], needed: set[AssetId]
) -> None:
    assert needed_prices(Kind.BUY, legs, USD) == needed


@given(
    st.lists(QUANTITIES, min_size=1, max_size=3),
    st.lists(QUANTITIES, min_size=1, max_size=3),
    st.dictionaries(st.sampled_from((BTC, ETH, BNB, EUR)), QUANTITIES),
)
def test_the_two_sides_of_an_exchange_are_always_worth_the_same(
    came: list[Decimal], went: list[Decimal], known: Mapping[AssetId, Decimal]
) -> None:
    assets = (BTC, ETH, BNB, EUR, USD, USD)
    legs = [leg(quantity, asset) for quantity, asset in zip(came, assets, strict=False)]
    legs += [leg(-quantity, asset) for quantity, asset in zip(went, assets[3:], strict=False)]
    worths = value_legs(Kind.SWAP, legs, USD, known.get)
    inward = sum(worth.value for worth, each in zip(worths, legs, strict=True) if each.quantity > 0)
    outward = sum(
        worth.value for worth, each in zip(worths, legs, strict=True) if each.quantity < 0
    )
    assert inward == outward
    assert all(worth.value >= 0 for worth in worths)
