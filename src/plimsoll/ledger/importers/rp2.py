"""Rows as rp2 reads them: what came in, what went out, and what moved between own accounts.

rp2 keeps a sheet per asset with a table IN, OUT and INTRA; here each table is a file whose header
has rp2's own names for the columns. A wallet is an exchange and its holder. Values are dollars, as
rp2's documents say, unless a column `fiat_ticker` names another currency. What is not told follows
as in rp2: a value from price and quantity, a fee from what went out with it and without.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from plimsoll.kernel.money import ZERO, AmountOutOfRange, multiply
from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.ledger.importers.drafting import (
    Part,
    Story,
    exchange,
    fee_only,
    one_sided,
    story_of,
    transfer,
)
from plimsoll.ledger.importers.format import Cash, Format, Options, fit
from plimsoll.ledger.importers.rows import Row

IN: Final = ("timestamp", "asset", "exchange", "holder", "transaction_type", "crypto_in")
OUT: Final = ("timestamp", "asset", "exchange", "holder", "transaction_type", "crypto_out_no_fee")
INTRA: Final = (
    "timestamp",
    "asset",
    "from_exchange",
    "from_holder",
    "to_exchange",
    "to_holder",
    "crypto_sent",
    "crypto_received",
)
MORE: Final = ("spot_price", "unique_id", "notes", "fiat_ticker")
FEES: Final = ("crypto_fee", "fiat_fee")
IN_VALUES: Final = ("fiat_in_no_fee", "fiat_in_with_fee")
OUT_VALUES: Final = ("crypto_out_with_fee", "fiat_out_no_fee")
NUMBERS: Final = (
    *("crypto_in", "crypto_out_no_fee", "crypto_sent", "crypto_received", "spot_price"),
    *FEES,
    *IN_VALUES,
    *OUT_VALUES,
)
CAME: Final = {
    "airdrop": Kind.AIRDROP,
    "donate": Kind.GIFT_IN,
    "gift": Kind.GIFT_IN,
    "hardfork": Kind.FORK,
    "income": Kind.OTHER_INCOME,
    "interest": Kind.INTEREST,
    "mining": Kind.MINING,
    "staking": Kind.STAKING,
    "wages": Kind.WAGES,
}
WENT: Final = {
    "donate": Kind.DONATION,
    "gift": Kind.GIFT_OUT,
    "lost": Kind.LOST,
    "staking": Kind.LOST,
}
"""What went out of staking was taken by the chain."""
UNKNOWN: Final = frozenset({"", "__unknown"})
"""Accounts that the other side of a move is still looked for."""


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """Any of the three tables."""
    return max(
        fit(header, IN, MORE + FEES + IN_VALUES),
        fit(header, OUT, MORE + FEES + OUT_VALUES),
        fit(header, INTRA, MORE),
    )


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row; the line that ends a table is none."""
    for row in rows:
        if row.cells[0].strip().casefold() == "table end":
            yield LeftOut((row.line,), "it is the end of the table")
        elif "crypto_in" in row.places:
            yield _read_in(row, options)
        elif "crypto_out_no_fee" in row.places:
            yield _read_out(row, options)
        else:
            yield _read_intra(row, options)


def _read_in(row: Row, options: Options) -> Outcome:
    story, quantity, written = _begin(row, "crypto_in")
    _refuse_unknown(row, written, {*CAME, "buy"})
    fees = _fees(row)
    value = _positive(row, "fiat_in_no_fee")
    with_fee = _positive(row, "fiat_in_with_fee")
    if not value and with_fee:
        value = with_fee - sum((fee.quantity for fee in fees if fee.code == _fiat(row)), ZERO)
    value = value or _at_price(row, quantity)
    if not quantity:
        row.refuse("crypto_in", "nothing-moved", "nothing came in", "fill in what came")
    if written == "buy" and value <= 0:
        row.refuse("fiat_in_no_fee", "missing", "what was paid is missing", "fill it in")
    if row.faults or story is None:
        return row.refused()
    part = Part(row.text("asset"), quantity)
    if written == "buy":
        return exchange(story, options, [part], [Part(_fiat(row), value)], fees)
    story = replace(story, worth=Part(_fiat(row), value) if value > 0 else None)
    return one_sided(story, options, CAME[written], part, fees)


def _read_out(row: Row, options: Options) -> Outcome:
    story, quantity, written = _begin(row, "crypto_out_no_fee")
    _refuse_unknown(row, written, {*WENT, "sell", "fee"})
    with_fee = _positive(row, "crypto_out_with_fee")
    fees = _fees(row, less=with_fee - quantity if with_fee else ZERO)
    value = _positive(row, "fiat_out_no_fee") or _at_price(row, quantity)
    if not quantity and written != "fee":
        row.refuse("crypto_out_no_fee", "nothing-moved", "nothing went out", "fill in what went")
    if written == "sell" and not value:
        row.refuse("fiat_out_no_fee", "missing", "what was received is missing", "fill it in")
    if row.faults or story is None:
        return row.refused()
    part = Part(row.text("asset"), quantity)
    if written == "fee":
        return fee_only(story, options, [part, *fees])
    if written == "sell":
        return exchange(story, options, [Part(_fiat(row), value)], [part], fees)
    return one_sided(story, options, WENT[written], part, fees)


def _read_intra(row: Row, options: Options) -> Outcome:
    story, sent, _ = _begin(row, "crypto_sent")
    received = _positive(row, "crypto_received")
    source, target = _wallet(row, "from_"), _wallet(row, "to_")
    if not source and not target:
        row.refuse("from_exchange", "missing", "neither account is told", "fill in one of them")
    if source and target and received > sent:
        row.refuse("crypto_received", "more-than-sent", "more arrived than was sent", "correct it")
    if not row.faults and not (received if target else sent):
        row.refuse("crypto_received", "nothing-moved", "nothing arrived", "fill in what moved")
    if row.faults or story is None:
        return row.refused()
    asset = row.text("asset")
    if not source:
        story = replace(story, wallet=target)
        return one_sided(story, options, Kind.DEPOSIT, Part(asset, received))
    story = replace(story, wallet=source)
    if not target:
        return one_sided(story, options, Kind.WITHDRAWAL, Part(asset, sent))
    fees = [Part(asset, sent - received)] if sent > received else []
    if options.is_money(asset) and options.cash is Cash.OUTSIDE:
        return one_sided(story, options, Kind.WITHDRAWAL, Part(asset, received), fees)
    return transfer(story, options, Part(asset, received), fees, target)


def _begin(row: Row, column: str) -> tuple[Story | None, Decimal, str]:
    """What all tables share; the quantity of `column` is zero where it is not told."""
    moment = row.moment("timestamp")
    if not row.text("asset"):
        row.refuse("asset", "missing", "the row names no asset", "name it")
    quantity = _positive(row, column)
    written = row.text("transaction_type").casefold()
    if moment is None:
        return None, quantity, written
    story = replace(
        story_of((row,), moment),
        wallet=_wallet(row, ""),
        reference=row.text("unique_id"),
        note=row.text("notes"),
    )
    return story, quantity, written


def _fees(row: Row, less: Decimal = ZERO) -> list[Part]:
    """In the asset where it is told in the asset, else in money: rp2 values the same fee twice."""
    crypto = _positive(row, "crypto_fee") or less
    if crypto:
        if crypto < 0:
            row.refuse("crypto_out_with_fee", "fee-too-large", "it is less than went", "correct it")
        return [Part(row.text("asset"), crypto)]
    fiat = _positive(row, "fiat_fee")
    return [Part(_fiat(row), fiat)] if fiat else []


def _positive(row: Row, column: str) -> Decimal:
    """The number there, zero where there is none or rp2 still looks for it."""
    if row.text(column).casefold() in UNKNOWN:
        return ZERO
    number = row.number(column) or ZERO
    if number < 0:
        row.refuse(column, "negative-quantity", "the table tells the direction", "drop the minus")
        return ZERO
    return number


def _at_price(row: Row, quantity: Decimal) -> Decimal:
    try:
        return multiply(quantity, _positive(row, "spot_price"))
    except AmountOutOfRange:
        row.refuse("spot_price", "number-too-large", "the value is too large", "correct it")
        return ZERO


def _wallet(row: Row, side: str) -> str:
    """An exchange and its holder; empty where it is not known."""
    exchange_, holder = row.text(f"{side}exchange"), row.text(f"{side}holder")
    if exchange_.casefold() in UNKNOWN:
        return ""
    return f"{exchange_} ({holder})" if holder.casefold() not in UNKNOWN else exchange_


def _fiat(row: Row) -> str:
    return row.text("fiat_ticker").upper() or "USD"


def _refuse_unknown(row: Row, written: str, known: set[str]) -> None:
    if written not in known:
        row.refuse(
            "transaction_type",
            "unknown-type",
            f"{row.text('transaction_type')[:40]!r} is no type of this table",
            f"write one of {', '.join(sorted(known)).upper()}",
        )


FORMAT: Final = Format(
    name="rp2",
    title="Rows as rp2 reads them",
    sniff=sniff,
    read=read,
    moments=("timestamp",),
    numbers=NUMBERS,
    zone_of=lambda _header: None,
    machine_written=False,
)
