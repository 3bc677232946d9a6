"""Kraken's names: X and Z before the codes of its first years, suffixes of what is staked.

`XXBT` is XBT and `ZEUR` is EUR; `DOT.S`, `DOT28.S`, `ETH2.S`, `SOL03.S`, `EUR.HOLD` and `XBT.M` are
the same coin in another drawer of the same account.
"""

import re
from typing import Final

_OLD_COINS: Final = (
    *("ETC", "ETH", "LTC", "MLN", "REP", "XBT", "XDG", "XLM"),
    *("XMR", "XRP", "ZEC", "ICN", "NMC", "XVN", "VEN", "DAO"),
)
_OLD_MONEY: Final = ["AUD", "CAD", "EUR", "GBP", "JPY", "USD", "KRW"]
_PLAIN: Final = {f"X{code}": code for code in _OLD_COINS} | {
    f"Z{code}": code for code in _OLD_MONEY
}
_OLD_PAIR: Final = 8
"""Characters of a pair whose quote has its X or Z: two codes of four."""
_DRAWER: Final = re.compile(r"(?P<code>[A-Z0-9]+?)(?:\d{2})?\.(?:S|M|B|F|P|HOLD|T)")
_SAME: Final = {"ETH2": "ETH", "XBT": "BTC", "XDG": "DOGE"}
QUOTES: Final = (
    "USDT",
    "USDC",
    "DAI",
    "USD",
    "EUR",
    "GBP",
    "CAD",
    "JPY",
    "AUD",
    "CHF",
    "XBT",
    "BTC",
    "ETH",
    "DOT",
)
"""What pairs are quoted in; a pair in one word is split by its end."""


def plain_code(text: str) -> str:
    """The code that others use for this asset."""
    code = text.strip().upper()
    if match := _DRAWER.fullmatch(code):
        code = match["code"]
    code = _PLAIN.get(code, code)
    return _SAME.get(code, code)


def split_pair(text: str) -> tuple[str, str] | None:
    """Base and quote of `XXBTZEUR`, `DOTEUR` or `BTC/EUR`; None where it cannot be told."""
    pair = text.strip().upper()
    if "/" in pair:
        base, _, quote = pair.partition("/")
        return (plain_code(base), plain_code(quote)) if base and quote else None
    if len(pair) == _OLD_PAIR and pair[_OLD_PAIR // 2 :] in _PLAIN:  # USDTZUSD, but not XTZUSD
        return plain_code(pair[: _OLD_PAIR // 2]), plain_code(pair[_OLD_PAIR // 2 :])
    for quote in QUOTES:
        if pair.endswith(quote) and len(pair) > len(quote):
            return plain_code(pair[: -len(quote)]), plain_code(quote)
    return None
