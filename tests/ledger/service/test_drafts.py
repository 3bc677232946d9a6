"""What a leg was worth, where the caller leaves it out."""

from datetime import timedelta
from decimal import Decimal

import pytest

from plimsoll.kernel.identifiers import AssetId, UserId, WalletId, new_id
from plimsoll.kernel.money import AmountOutOfRange
from plimsoll.ledger.domain.transactions import Kind, Precision, Role, Transaction, check
from plimsoll.ledger.service.drafts import DraftLeg, ValueRequired, VoidByLegs, draft
from plimsoll.ledger.service.recording import RECENT, RateRequired, rates
from plimsoll.ledger.storage.wallets import default_wallet
from plimsoll.markets.service.prices import Prices
from tests.fakes.clock import ManualClock
from tests.ledger.entries import EUR, USD
from tests.ledger.quoted import STALE_AFTER_S, no_prices, say

USER = UserId(new_id())
AGO = RECENT + timedelta(seconds=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def prices(clock: ManualClock) -> Prices:
    prices = no_prices(clock)
    say(prices, "bitcoin", "60000")
    say(prices, "ethereum", "3000")
    say(prices, "eur", "1.25")
    return prices


def stated(
    quantity: str,
    asset: str,
    value: str | None = None,
    *,
    role: Role = Role.PRINCIPAL,
    outside: bool = False,
) -> DraftLeg:
    worth = None if value is None else Decimal(value)
    return DraftLeg(AssetId(asset), Decimal(quantity), role, worth, None, outside)


def drafted(
    prices: Prices, kind: Kind, *legs: DraftLeg, ago: timedelta = timedelta()
) -> Transaction:
    now = prices.clock.now()
    return draft(
        USER,
        prices,
        kind=kind,
        currency=USD,
        legs=legs,
        occurred_at=now - ago,
        precision=Precision.INSTANT,
        note="",
        source="manual",
        external_id=None,
        now=now,
    )


def values(transaction: Transaction) -> list[Decimal]:
    return [leg.value for leg in transaction.legs]


def test_a_leg_in_the_transactions_currency_is_worth_itself(prices: Prices) -> None:
    bought = drafted(
        prices, Kind.BUY, stated("2", "cardano"), stated("-1.5", "usd", outside=True), ago=AGO
    )
    assert values(bought) == [Decimal("1.5"), Decimal("1.5")]
    check(bought)


def test_what_was_said_wins_over_the_price(prices: Prices) -> None:
    assert values(drafted(prices, Kind.AIRDROP, stated("1", "bitcoin", "7"))) == [7]


def test_income_of_now_is_worth_the_latest_price(prices: Prices) -> None:
    assert values(drafted(prices, Kind.STAKING, stated("0.5", "ethereum"))) == [1500]
    assert values(drafted(prices, Kind.STAKING, stated("0.5", "ethereum"), ago=RECENT)) == [1500]


def test_income_of_long_ago_needs_its_value(prices: Prices) -> None:
    with pytest.raises(ValueRequired) as refused:
        drafted(prices, Kind.STAKING, stated("1", "usd"), stated("0.5", "ethereum"), ago=AGO)
    assert [fault.pointer for fault in refused.value.faults] == ["#/legs/1/value"]


def test_a_stale_price_is_no_price_of_now(prices: Prices, clock: ManualClock) -> None:
    clock.advance(STALE_AFTER_S + 1)
    with pytest.raises(ValueRequired):
        drafted(prices, Kind.STAKING, stated("0.5", "ethereum"))


def test_without_a_price_a_value_is_needed(prices: Prices) -> None:
    with pytest.raises(ValueRequired):
        drafted(prices, Kind.STAKING, stated("0.5", "cardano"))


def test_the_other_side_of_a_swap_is_worth_what_the_first_was(prices: Prices) -> None:
    swap = drafted(
        prices, Kind.SWAP, stated("-1", "bitcoin", "59000"), stated("20", "ethereum"), ago=AGO
    )
    assert values(swap) == [59000, 59000]


def test_a_swap_of_now_is_worth_what_came_in(prices: Prices) -> None:
    """Two latest prices would not balance: 60000 went out, 57000 came in."""
    swap = drafted(prices, Kind.SWAP, stated("-1", "bitcoin"), stated("19", "ethereum"))
    assert values(swap) == [57000, 57000]
    check(swap)


def test_a_swap_into_something_without_a_price_is_worth_what_went_out(prices: Prices) -> None:
    joined = drafted(
        prices,
        Kind.LP_JOIN,
        stated("-1", "bitcoin"),
        stated("-2", "ethereum"),
        stated("5", "cardano"),
    )
    assert values(joined) == [60000, 6000, 66000]
    check(joined)


def test_a_swap_of_two_unpriced_things_needs_a_value(prices: Prices) -> None:
    with pytest.raises(ValueRequired):
        drafted(prices, Kind.SWAP, stated("-1", "cardano"), stated("2", "solana"))


def test_a_side_that_is_already_worth_more_leaves_nothing_to_balance(prices: Prices) -> None:
    with pytest.raises(ValueRequired):
        drafted(
            prices,
            Kind.SWAP,
            stated("-1", "bitcoin", "100"),
            stated("1", "ethereum", "150"),
            stated("1", "cardano"),
            ago=AGO,
        )


def test_a_side_that_balances_more_than_an_amount_is_refused(prices: Prices) -> None:
    with pytest.raises(AmountOutOfRange):
        drafted(
            prices,
            Kind.SWAP,
            stated("-1", "bitcoin", "99999999999999999999"),
            stated("-1", "ethereum", "99999999999999999999"),
            stated("1", "cardano", outside=True),
        )


def test_a_fee_in_a_coin_of_now_is_worth_the_latest_price(prices: Prices) -> None:
    swap = drafted(
        prices,
        Kind.SWAP,
        stated("-1", "bitcoin", "59000"),
        stated("20", "ethereum"),
        stated("-0.01", "ethereum", role=Role.FEE),
    )
    assert values(swap) == [59000, 59000, 30]


@pytest.mark.parametrize("kind", [Kind.TRANSFER, Kind.GIFT_OUT, Kind.LOST, Kind.WITHDRAWAL])
def test_what_is_moved_or_leaves_at_its_cost_needs_no_value(prices: Prices, kind: Kind) -> None:
    gone = drafted(
        prices, kind, stated("-1", "cardano"), stated("-0.1", "solana", role=Role.FEE), ago=AGO
    )
    assert values(gone) == [0, 0]


def test_legs_live_in_the_main_wallet_unless_said_otherwise(prices: Prices) -> None:
    named = WalletId(new_id())
    legs = [
        stated("1", "usd"),
        stated("1", "usd", outside=True),
        DraftLeg(USD, Decimal(1), Role.PRINCIPAL, None, named, outside=False),
    ]
    assert [leg.wallet_id for leg in drafted(prices, Kind.DEPOSIT, *legs).legs] == [
        default_wallet(USER),
        None,
        named,
    ]


def test_a_void_has_its_own_route(prices: Prices) -> None:
    with pytest.raises(VoidByLegs):
        drafted(prices, Kind.VOID, stated("1", "usd"))


def test_the_callers_rate_wins_over_the_latest_price(prices: Prices) -> None:
    now = prices.clock.now()
    given = rates(prices, occurred_at=now, now=now, given=Decimal("1.1"))
    assert given(EUR, USD) == Decimal("1.1")
    latest = rates(prices, occurred_at=now - RECENT, now=now, given=None)
    assert latest(EUR, USD) == Decimal("1.25")
    assert latest(USD, EUR) == Decimal("0.8")


def test_without_a_recent_price_the_rate_is_required(prices: Prices, clock: ManualClock) -> None:
    now = clock.now()
    with pytest.raises(RateRequired) as refused:
        rates(prices, occurred_at=now - AGO, now=now, given=None)(EUR, USD)
    assert refused.value.facts == {"from": EUR, "to": USD}
    with pytest.raises(RateRequired):
        rates(prices, occurred_at=now, now=now, given=None)(AssetId("gbp"), USD)
    clock.advance(STALE_AFTER_S + 1)
    with pytest.raises(RateRequired):
        rates(prices, occurred_at=now, now=now, given=None)(EUR, USD)
