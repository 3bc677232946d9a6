"""What Bybit's files have in common: `--` for nothing, pairs in one word, zones in column names."""

from collections.abc import Container, Iterable
from decimal import Decimal
from typing import Final

from plimsoll.kernel.money import ZERO
from plimsoll.ledger.importers.rows import Row

NOTHING: Final = frozenset({"", "-", "--"})
INTERNAL: Final = "it moved between accounts of the same person at Bybit"
QUOTES: Final = ("USDT", "USDC", "USDE", "EUR", "BRL", "TRY", "PLN", "DAI", "BTC", "ETH", "MNT")
"""What pairs are quoted in; a pair in one word is split by its end."""


def number_of(row: Row, column: str) -> Decimal:
    """The number there, zero where there is none."""
    if row.text(column) in NOTHING:
        return ZERO
    return row.number(column) or ZERO


def split_pair(text: str) -> tuple[str, str] | None:
    """Base and quote of `BTCUSDT` or `BTC/USDT`; None where it cannot be told."""
    pair = text.strip().upper()
    base, slash, quote = pair.partition("/")
    if slash:
        return (base, quote) if base and quote else None
    for code in QUOTES:
        if pair.endswith(code) and len(pair) > len(code):
            return pair.removesuffix(code), code
    return None


def time_column(header: Container[str], times: Iterable[str]) -> str:
    """The first of these names that the header has."""
    return next((name for name in times if name in header), "")
