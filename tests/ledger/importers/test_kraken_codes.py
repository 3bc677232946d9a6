import pytest

from plimsoll.ledger.importers.kraken_codes import plain_code, split_pair


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("XXBT", "BTC"),
        ("ZEUR", "EUR"),
        ("XETH", "ETH"),
        ("XXDG", "DOGE"),
        ("DOT.S", "DOT"),
        ("DOT28.S", "DOT"),
        ("ETH2.S", "ETH"),
        ("ETH2", "ETH"),
        ("XBT.M", "BTC"),
        ("USDT", "USDT"),
        ("ZRX", "ZRX"),
        ("XTZ", "XTZ"),
        ("BABY", "BABY"),
    ],
)
def test_a_code_is_what_others_call_it(written: str, code: str) -> None:
    assert plain_code(written) == code


@pytest.mark.parametrize(
    ("pair", "parts"),
    [
        ("XXBTZEUR", ("BTC", "EUR")),
        ("XETHXXBT", ("ETH", "BTC")),
        ("DOTEUR", ("DOT", "EUR")),
        ("ETH/XBT", ("ETH", "BTC")),
        ("XBTUSDT", ("BTC", "USDT")),
        ("XTZUSD", ("XTZ", "USD")),
        ("FOOBAR", None),
        ("/EUR", None),
    ],
)
def test_a_pair_divides_where_its_quote_begins(pair: str, parts: tuple[str, str] | None) -> None:
    assert split_pair(pair) == parts
