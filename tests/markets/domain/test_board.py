from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.board import BRIDGES, PriceBoard
from plimsoll.markets.domain.prices import HIGHEST, LOWEST, Pair, Price, Quote, to_price

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


def pair(text: str) -> Pair:
    base, quote = text.split("/")
    return Pair(AssetId(base), AssetId(quote))


def price(value: str | Decimal, *, source: str = "one", at: datetime = AT) -> Price:
    return Price(Decimal(value), source, at)


def board_of(**prices: str) -> PriceBoard:
    """A board with prices against usd, received at 0 s; stale after 60 s."""
    board = PriceBoard(stale_after_s=60)
    for base, value in prices.items():
        board.put(pair(f"{base}/usd"), price(value), 0)
    return board


def look(board: PriceBoard, text: str, now_s: float = 0) -> Quote | None:
    return board.find(*pair(text), now_s, AT)


def test_a_price_is_found_as_it_was_put() -> None:
    found = look(board_of(bitcoin="64000"), "bitcoin/usd", 1.5)
    assert found == Quote(Decimal(64000), "one", AT, 1500, False, False, None)


def test_a_price_is_found_the_other_way_round() -> None:
    found = look(board_of(bitcoin="64000"), "usd/bitcoin")
    assert found
    assert found.value == Decimal("0.000015625")


def test_a_cross_goes_through_a_common_quote_and_says_so() -> None:
    board = board_of(bitcoin="64000")
    board.put(pair("ethereum/usd"), price("3200", source="two", at=AT - timedelta(hours=1)), -30)

    found = look(board, "ethereum/bitcoin", 1)

    assert found
    assert found.value == Decimal("0.05")
    assert found.via == "usd"
    assert found.source == "two × one"
    assert found.at == AT - timedelta(hours=1)
    assert found.age_ms == 31_000


def test_the_first_bridge_with_both_legs_is_taken() -> None:
    board = PriceBoard(stale_after_s=60)
    for bridge in reversed(BRIDGES):
        board.put(Pair(AssetId("cardano"), bridge), price("2"), 0)
        board.put(Pair(AssetId("gbp"), bridge), price("1"), 0)
        found = look(board, "cardano/gbp")
        assert found
        assert found.via == bridge


def test_a_stable_coin_is_not_the_currency_it_follows() -> None:
    board = PriceBoard(stale_after_s=60)
    board.put(pair("bitcoin/tether"), price("64000"), 0)
    assert look(board, "bitcoin/usd") is None

    board.put(pair("tether/usd"), price("0.99"), 0)
    found = look(board, "bitcoin/usd")
    assert found
    assert found.value == Decimal(63360)
    assert found.via == "tether"


def test_a_missing_price_is_none_also_when_one_leg_is_there() -> None:
    board = board_of(bitcoin="64000")
    assert look(board, "ethereum/usd") is None
    assert look(board, "ethereum/bitcoin") is None
    assert look(PriceBoard(stale_after_s=60), "usd/eur") is None


def test_an_asset_in_itself_is_1_now_even_on_an_empty_board() -> None:
    found = look(PriceBoard(stale_after_s=60), "nxt/nxt", 1e9)
    assert found
    assert (found.value, found.age_ms, found.stale, found.at) == (Decimal(1), 0, False, AT)


def test_a_cross_is_stale_as_soon_as_one_leg_is() -> None:
    board = board_of(bitcoin="64000")
    board.put(pair("ethereum/usd"), price("3200"), 50)
    by_time = {now_s: look(board, "ethereum/bitcoin", now_s) for now_s in (60, 60.002)}
    assert [found and found.stale for found in by_time.values()] == [False, True]


def test_a_cross_outside_the_bounds_of_a_price_is_none() -> None:
    board = board_of(bitcoin=str(HIGHEST), shib=str(LOWEST))
    assert look(board, "bitcoin/shib") is None
    assert look(board, "shib/bitcoin") is None


def test_an_older_word_of_the_same_source_is_not_taken() -> None:
    board = board_of(bitcoin="64000")
    late = price("1", at=AT - timedelta(seconds=1))
    assert board.put(pair("bitcoin/usd"), late, 5) is False
    assert look(board, "bitcoin/usd") == look(board_of(bitcoin="64000"), "bitcoin/usd")

    other = price("2", source="two", at=AT - timedelta(seconds=1))
    assert board.put(pair("bitcoin/usd"), other, 5) is True


def test_the_version_grows_with_every_price_taken_and_with_nothing_else() -> None:
    board = board_of(bitcoin="64000", ethereum="3200")
    assert board.version == 2
    board.put(pair("bitcoin/usd"), price("1", at=AT - timedelta(seconds=1)), 0)
    look(board, "bitcoin/ethereum")
    assert board.version == 2
    board.put(pair("bitcoin/usd"), price("64000"), 0)
    assert board.version == 3


def test_a_change_of_a_cross_follows_from_both_legs() -> None:
    board = PriceBoard(stale_after_s=60)
    up = Price(Decimal(100), "one", AT, change_24h=Decimal("0.25"))
    down = Price(Decimal(50), "one", AT, change_24h=Decimal("-0.5"))
    board.put(pair("bitcoin/usd"), up, 0)
    board.put(pair("ethereum/usd"), down, 0)
    board.put(pair("dash/usd"), price("7"), 0)

    changes = {
        text: found.change_24h
        for text in ("usd/bitcoin", "ethereum/bitcoin", "dash/bitcoin")
        if (found := look(board, text))
    }
    assert changes == {
        "usd/bitcoin": Decimal("-0.2"),
        "ethereum/bitcoin": Decimal("-0.6"),
        "dash/bitcoin": None,
    }


PRICES = st.decimals(min_value=Decimal("1e-6"), max_value=Decimal("1e6"), places=8).filter(bool)


@given(PRICES, PRICES)
def test_crosses_and_inverses_are_exact_to_the_last_stored_place(
    first: Decimal, second: Decimal
) -> None:
    board = board_of(bitcoin=str(first), ethereum=str(second))
    expected = {
        "bitcoin/ethereum": first / second,
        "ethereum/bitcoin": second / first,
        "usd/bitcoin": 1 / first,
    }
    for text, value in expected.items():
        found = look(board, text)
        assert found
        assert found.value > 0
        assert found.value == to_price(value)


@given(
    st.dictionaries(st.sampled_from(["bitcoin", "ethereum", "eur", "dash"]), PRICES),
    st.sampled_from(["bitcoin", "ethereum", "eur", "dash", "usd"]),
    st.sampled_from(["bitcoin", "ethereum", "eur", "dash", "usd"]),
    st.floats(0, 1e6),
)
def test_no_lookup_ever_answers_0_or_a_negative_age(
    prices: dict[str, Decimal], base: str, quote: str, now_s: float
) -> None:
    board = board_of(**{name: str(value) for name, value in prices.items()})
    found = look(board, f"{base}/{quote}", now_s)
    known = {*prices, "usd"} if prices else set()
    assert (found is not None) == (base == quote or {base, quote} <= known)
    if found:
        assert found.value > 0
        assert found.age_ms >= 0
        assert found.stale == (found.age_ms > 60_000)
