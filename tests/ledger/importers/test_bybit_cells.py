import pytest

from plimsoll.ledger.importers.bybit_cells import split_pair, time_column


@pytest.mark.parametrize(
    ("pair", "parts"),
    [
        ("BTCUSDT", ("BTC", "USDT")),
        ("btceur", ("BTC", "EUR")),
        ("ETH/BTC", ("ETH", "BTC")),
        ("USDCUSDT", ("USDC", "USDT")),
        ("USDT", None),
        ("ABCXYZ", None),
        ("/EUR", None),
    ],
)
def test_a_pair_divides_where_its_quote_begins(pair: str, parts: tuple[str, str] | None) -> None:
    assert split_pair(pair) == parts


def test_the_first_name_that_the_header_has_is_the_time() -> None:
    assert time_column(["a", "time(utc)"], ("time (utc)", "time(utc)")) == "time(utc)"
    assert time_column(["a"], ("time (utc)",)) == ""
