"""What holdings are worth: totals that add up, and nothing dropped silently."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId, HoldingId, WalletId, new_id
from plimsoll.ledger.domain.holdings import HeldAsset, Holding
from plimsoll.markets.domain.prices import Quote
from plimsoll.portfolio.domain.valuation import Reason, Valuation, evaluate

AT = datetime(2024, 1, 1, tzinfo=UTC)
MAIN, COLD = WalletId(UUID(int=1)), WalletId(UUID(int=2))
IDENTITY = Quote(Decimal(1), "identity", AT, 0, False, False, Decimal(0))


def held(
    asset: str,
    quantity: str | Decimal,
    cost: str | Decimal = "0",
    *,
    currency: str = "usd",
    realised: str | Decimal = "0",
    wallet: WalletId = MAIN,
) -> HeldAsset:
    holding = Holding(
        AssetId(currency), Decimal(quantity), Decimal(cost), realised=Decimal(realised)
    )
    return HeldAsset(HoldingId(new_id()), wallet, AssetId(asset), holding)


def quote(value: str | Decimal, *, change: str | None = None, stale: bool = False) -> Quote:
    ratio = None if change is None else Decimal(change)
    return Quote(Decimal(value), "test", AT, 0, stale, False, ratio)


def valued(*holdings: HeldAsset, **quotes: Quote) -> Valuation:
    """In dollars, at these prices."""
    known: dict[str, Quote] = {"usd": IDENTITY} | quotes
    return evaluate(holdings, known.get)


def test_one_line_by_hand() -> None:
    seen = valued(held("bitcoin", "0.5", "20000"), bitcoin=quote("60000"))
    (line,) = seen.lines
    assert (line.value, line.cost, line.unrealised) == (30000, 20000, 10000)
    assert (line.average_cost, line.price) == (40000, 60000)
    assert line.unrealised_percent == Decimal(50)
    assert line.share_percent == Decimal(100)
    assert not line.cost_converted
    assert (seen.value, seen.cost, seen.unrealised) == (30000, 20000, 10000)


def test_wallets_of_one_asset_make_one_line_and_a_line_each_of_wallets() -> None:
    seen = valued(
        held("bitcoin", "1", "10"),
        held("bitcoin", "3", "90", wallet=COLD),
        held("ethereum", "1", "5", wallet=COLD),
        bitcoin=quote("50"),
        ethereum=quote("4"),
    )
    assert [(line.asset_id, line.quantity, line.average_cost) for line in seen.lines] == [
        ("bitcoin", 4, 25),
        ("ethereum", 1, 5),
    ]
    assert [(each.wallet_id, each.value, each.cost, each.unrealised) for each in seen.wallets] == [
        (MAIN, 50, 10, 40),
        (COLD, 154, 95, 59),
    ]


def test_without_a_price_a_holding_is_named_and_in_no_total() -> None:
    seen = valued(held("bitcoin", "1", "10"), held("dust", "7", "3"), bitcoin=quote("50"))
    assert [line.asset_id for line in seen.lines] == ["bitcoin"]
    assert (seen.value, seen.cost) == (50, 10)
    (part,) = seen.unvalued
    assert (part.asset_id, part.quantity, part.cost, part.currency, part.reason) == (
        "dust",
        7,
        3,
        "usd",
        Reason.NO_PRICE,
    )


def test_without_a_rate_for_its_cost_a_holding_is_named() -> None:
    seen = valued(held("bitcoin", "1", "10", currency="chf"), bitcoin=quote("50"))
    assert (seen.value, seen.lines) == (0, [])
    assert [(each.currency, each.reason) for each in seen.unvalued] == [("chf", Reason.NO_RATE)]


def test_a_profit_that_cannot_be_turned_is_named_even_when_nothing_is_held() -> None:
    seen = valued(held("bitcoin", "0", realised="5", currency="chf"))
    assert seen.realised == 0
    assert [each.reason for each in seen.unvalued] == [Reason.NO_RATE]


def test_a_sold_out_holding_leaves_its_profit_only() -> None:
    seen = valued(held("bitcoin", "0", realised="-12.5"), bitcoin=quote("50"))
    assert (seen.realised, seen.value, seen.lines, seen.unvalued) == (Decimal("-12.5"), 0, [], [])
    assert seen.unrealised_percent is None


def test_a_cost_in_another_currency_is_turned_and_flagged() -> None:
    seen = valued(
        held("bitcoin", "1", "100", currency="eur", realised="10"),
        bitcoin=quote("200"),
        eur=quote("1.25"),
    )
    (line,) = seen.lines
    assert line.cost_converted
    assert (line.cost, line.unrealised, seen.realised) == (125, 75, Decimal("12.5"))


def test_the_change_is_of_what_it_was_worth_a_day_ago() -> None:
    """110 after 10 % up was 100; the one without a change is not counted."""
    seen = valued(
        held("bitcoin", "1", "1"),
        held("ethereum", "1", "1"),
        held("solana", "1", "1"),
        bitcoin=quote("110", change="0.1"),
        ethereum=quote("50", change="-0.5"),
        solana=quote("1000"),
    )
    by_asset = {line.asset_id: line for line in seen.lines}
    assert (by_asset[AssetId("bitcoin")].change_24h, seen.change_24h) == (10, -40)
    assert by_asset[AssetId("bitcoin")].change_24h_percent == 10
    assert by_asset[AssetId("ethereum")].change_24h == -50
    assert by_asset[AssetId("solana")].change_24h is None
    assert seen.change_24h_of == 160
    assert seen.change_24h_percent == Decimal(-20)


def test_without_any_change_there_is_none() -> None:
    seen = valued(held("bitcoin", "1", "1"), bitcoin=quote("110"))
    assert (seen.change_24h, seen.change_24h_percent, seen.change_24h_of) == (None, None, 0)


def test_a_stale_price_or_rate_makes_its_line_and_the_whole_stale() -> None:
    for bitcoin, eur in [
        (quote("1", stale=True), quote("1")),
        (quote("1"), quote("1", stale=True)),
    ]:
        seen = valued(
            held("bitcoin", "1", currency="eur"),
            held("ethereum", "1"),
            bitcoin=bitcoin,
            eur=eur,
            ethereum=quote("1"),
        )
        assert [line.stale for line in seen.lines] == [True, False]
        assert seen.stale


def test_what_cost_nothing_has_no_percentage() -> None:
    (line,) = valued(held("bitcoin", "1", "0"), bitcoin=quote("5")).lines
    assert line.unrealised_percent is None


def test_nothing_held_is_worth_nothing() -> None:
    seen = valued()
    assert (seen.value, seen.cost, seen.lines, seen.wallets, seen.stale) == (0, 0, [], [], False)


def test_the_largest_and_the_smallest_amounts_have_a_value() -> None:
    """Dust at a high cost, and more coins than there are at a high price."""
    most = "99999999999999999999.999999999999999999"
    seen = valued(
        held("bitcoin", most, "0.000000000000000001"),
        held("dust", "0.000000000000000001", most),
        bitcoin=quote("1e15", change="-0.99999999"),
        dust=quote("1e-15"),
    )
    assert seen.value >= Decimal("9e34")
    assert seen.lines[0].unrealised_percent is not None
    assert seen.lines[1].average_cost > Decimal("9e37")


AMOUNTS = st.one_of(st.integers(0, 10**30), st.sampled_from([0, 1, 10**18, 10**18 // 3])).map(
    lambda units: Decimal(units).scaleb(-18)
)
HOLDINGS = st.lists(
    st.builds(
        held,
        st.sampled_from(["bitcoin", "ethereum", "solana", "dust"]),
        AMOUNTS,
        AMOUNTS,
        currency=st.sampled_from(["usd", "eur", "chf"]),
        realised=AMOUNTS,
        wallet=st.sampled_from([MAIN, COLD]),
    ),
    max_size=8,
)
QUOTES = st.builds(
    quote,
    st.integers(10**3, 10**24).map(lambda units: Decimal(units).scaleb(-18)),
    change=st.sampled_from([None, "0", "0.05", "-0.333", "12"]),
    stale=st.booleans(),
)


@given(HOLDINGS, QUOTES, QUOTES, QUOTES, QUOTES)
def test_every_total_is_the_sum_of_its_lines(
    holdings: list[HeldAsset], bitcoin: Quote, ethereum: Quote, solana: Quote, eur: Quote
) -> None:
    seen = valued(*holdings, bitcoin=bitcoin, ethereum=ethereum, solana=solana, eur=eur)

    assert seen.value == sum(line.value for line in seen.lines)
    assert seen.value == sum(each.value for each in seen.wallets)
    assert seen.cost == sum(line.cost for line in seen.lines)
    assert seen.cost == sum(each.cost for each in seen.wallets)
    assert seen.unrealised == seen.value - seen.cost
    assert seen.unrealised == sum(line.unrealised for line in seen.lines)
    assert seen.stale == any(line.stale for line in seen.lines)
    moved = [line for line in seen.lines if line.change_24h is not None]
    assert seen.change_24h_of == sum(line.value for line in moved)
    assert (seen.change_24h or 0) == sum(line.change_24h or 0 for line in moved)
    shares = [line.share_percent for line in seen.lines if line.share_percent is not None]
    assert not shares or abs(sum(shares, Decimal(0)) - 100) < Decimal("0.001")


@given(HOLDINGS, QUOTES)
def test_everything_held_is_either_valued_or_named(
    holdings: list[HeldAsset], bitcoin: Quote
) -> None:
    seen = valued(*holdings, bitcoin=bitcoin)
    there = sum(each.holding.quantity for each in holdings)
    assert there == sum(line.quantity for line in seen.lines) + sum(
        part.quantity for part in seen.unvalued
    )
    unturned = [each for each in holdings if each.holding.currency != "usd"]
    for each in unturned:
        if each.holding.quantity or each.holding.realised:
            assert any(part.wallet_id == each.wallet_id for part in seen.unvalued)
    kept = [each.holding.realised for each in holdings if each.holding.currency == "usd"]
    assert seen.realised == sum(kept)
