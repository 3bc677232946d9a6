"""Binance's spot trade history: one fill per row, without an id.

Three headers are known: quantities with their code behind them (`0.5BTC`), a pair and bare
quantities, and a pair with its two assets in columns of their own.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import Final

from plimsoll.ledger.domain.imports import Outcome
from plimsoll.ledger.importers.dates import DateOrder, NotAMoment, find_offset
from plimsoll.ledger.importers.drafting import Part, exchange, part_of, story_of
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.numbers import NotANumber, read_number
from plimsoll.ledger.importers.rows import Row

SUFFIXED: Final = ("pair", "side", "price", "executed", "amount", "fee")
MARKET: Final = ("market", "type", "price", "amount", "total", "fee", "fee coin")
COLUMNED: Final = (
    "base asset",
    "quote asset",
    "type",
    "price",
    "amount",
    "total",
    "fee",
    "fee coin",
)
QUOTES: Final = (
    "FDUSD",
    "USDT",
    "USDC",
    "TUSD",
    "BUSD",
    "USDP",
    "BIDR",
    "IDRT",
    "DOGE",
    "BTC",
    "ETH",
    "BNB",
    "EUR",
    "GBP",
    "TRY",
    "BRL",
    "AUD",
    "JPY",
    "PLN",
    "ARS",
    "MXN",
    "ZAR",
    "UAH",
    "RON",
    "CZK",
    "RUB",
    "NGN",
    "DAI",
    "PAX",
    "TRX",
    "XRP",
    "SOL",
    "DOT",
    "VAI",
    "UST",
)
"""What pairs are quoted in, longest first: a pair in one word is split by its end."""


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """Any of the three headers, with a column whose name begins with `date`."""
    date = _date_column(header)
    if not date:
        return 0
    return max(fit(header, (date, *need), ("pair",)) for need in (SUFFIXED, MARKET, COLUMNED))


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row."""
    for row in rows:
        yield _read(row, options)


def _read(row: Row, options: Options) -> Outcome:
    moment = row.moment(_date_column(row.places))
    side = (row.text("side") if "side" in row.places else row.text("type")).upper()
    if side not in {"BUY", "SELL"}:
        row.refuse("side", "unknown-side", "a trade is BUY or SELL", "correct it")
    base, quote, fee = _suffixed(row) if "executed" in row.places else _columned(row)
    if not row.faults and not (base and quote):
        row.refuse("", "nothing-moved", "a trade has two quantities", "correct the row")
    if row.faults or moment is None or base is None or quote is None:
        return row.refused()
    came, went = (base, quote) if side == "BUY" else (quote, base)
    return exchange(story_of((row,), moment), options, [came], [went], [fee] if fee else [])


def _columned(row: Row) -> tuple[Part | None, Part | None, Part | None]:
    if "base asset" in row.places:
        base, quote = row.text("base asset"), row.text("quote asset")
    else:
        base, quote = _split(row)
    amount, total = row.required("amount", base), row.required("total", quote)
    for column, number in (("amount", amount), ("total", total)):
        if number < 0:
            row.refuse(column, "negative-quantity", "the side tells the direction", "correct it")
    parts = [Part(base, amount) if amount else None, Part(quote, total) if total else None]
    return parts[0], parts[1], part_of(row, "fee", "fee coin")


def _split(row: Row) -> tuple[str, str]:
    pair = row.text("market").upper()
    for mark in "/-_":
        if mark in pair:
            base, _, quote = pair.partition(mark)
            return base, quote
    for quote in QUOTES:
        if pair.endswith(quote) and len(pair) > len(quote):
            return pair[: -len(quote)], quote
    row.refuse("market", "unknown-pair", "where the pair divides is not known", "write BASE/QUOTE")
    return "", ""


def _suffixed(row: Row) -> tuple[Part | None, Part | None, Part | None]:
    """A code may begin with a digit (1INCH), so the pair has to be base and quote together."""
    pair = row.text("pair").upper().replace("/", "")
    executed, amount = row.text("executed").upper(), row.text("amount").upper()
    for place in range(1, len(pair)):
        base, quote = pair[:place], pair[place:]
        if executed.endswith(base) and amount.endswith(quote):
            first = _number(row, "executed", executed[: -len(base)])
            second = _number(row, "amount", amount[: -len(quote)])
            return _part(base, first), _part(quote, second), _fee(row, (base, quote))
    row.refuse("pair", "unknown-pair", "the quantities are not of this pair", "correct the row")
    return None, None, None


def _fee(row: Row, codes: tuple[str, str]) -> Part | None:
    text = row.text("fee").upper()
    if not text:
        return None
    for code in codes:
        if text.endswith(code):
            return _part(code, _number(row, "fee", text[: -len(code)]))
    try:
        number, code = read_number(text, row.styles.numbers)
    except NotANumber as error:
        row.refuse("fee", error.code, error.reason, error.fix)
        return None
    if number and not code:
        row.refuse("fee", "missing", "the fee names no asset", "write its code behind it")
    return _part(code, number)


def _part(code: str, number: Decimal | None) -> Part | None:
    return Part(code, number) if number else None


def _number(row: Row, column: str, text: str) -> Decimal | None:
    try:
        number, _ = read_number(text, row.styles.numbers)
    except NotANumber as error:
        row.refuse(column, error.code, error.reason, error.fix)
        return None
    if number < 0:
        row.refuse(column, "negative-quantity", "the side tells the direction", "correct it")
    return number


def _date_column(header: Iterable[str]) -> str:
    return next((name for name in header if name.startswith(("date", "time"))), "")


def zone_in(name: str) -> tzinfo | None:
    """The zone in a column's name: `date(utc)`, `time (utc+2)`."""
    _, _, zone = name.replace("_", "(").partition("(")
    zone = zone.rstrip(")").upper().strip()
    if zone.startswith("UTC"):
        try:
            return find_offset(zone) or UTC
        except NotAMoment:
            return None
    return UTC if name.startswith("utc") else None


def _zone(header: Sequence[str]) -> tzinfo | None:
    return zone_in(_date_column(header))


FORMAT: Final = Format(
    name="binance-trades",
    title="Binance spot trade history",
    sniff=sniff,
    read=read,
    moments=("date(utc)", "date", "time", "date (utc)"),
    numbers=("price", "amount", "total", "executed", "fee"),
    zone_of=_zone,
    date_order=DateOrder.YMD,
)
