"""Coinbase's transaction history: one transaction per row, some lines before the header.

The newer report has an id per row and signs its quantities; the older has neither. What a
conversion brought stands in the notes only.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import Final

from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import SHAPES, Kind, Shape
from plimsoll.ledger.importers.drafting import (
    NOTHING_MOVED,
    Part,
    Story,
    exchange,
    one_sided,
    story_of,
)
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.numbers import NotANumber, read_number
from plimsoll.ledger.importers.rows import Row

REQUIRED: Final = ("timestamp", "transaction type", "asset", "quantity transacted", "subtotal")
OPTIONAL: Final = (
    "id",
    "price currency",
    "spot price currency",
    "price at transaction",
    "spot price at transaction",
    "total (inclusive of fees and/or spread)",
    "fees and/or spread",
    "notes",
    "sender address",
    "recipient address",
)
BUYS: Final = frozenset({"buy", "advanced trade buy", "advance trade buy"})
SALES: Final = frozenset({"sell", "advanced trade sell", "advance trade sell"})
KINDS: Final = {
    "receive": Kind.DEPOSIT,
    "deposit": Kind.DEPOSIT,
    "exchange deposit": Kind.WITHDRAWAL,  # into the other service, so out of this one
    "pro deposit": Kind.WITHDRAWAL,
    "exchange withdrawal": Kind.DEPOSIT,
    "pro withdrawal": Kind.DEPOSIT,
    "staking transfer": None,
    "retail staking transfer": None,
    "unstaking transfer": None,
    "retail unstaking transfer": None,
    "send": Kind.WITHDRAWAL,
    "withdrawal": Kind.WITHDRAWAL,
    "rewards income": Kind.INTEREST,
    "reward income": Kind.INTEREST,
    "inflation reward": Kind.STAKING,
    "staking income": Kind.STAKING,
    "learning reward": Kind.AIRDROP,
    "coinbase earn": Kind.AIRDROP,
    "airdrop": Kind.AIRDROP,
    "referral reward": Kind.REFERRAL,
    "incentives rewards payout": Kind.CASHBACK,
    "card buy back": Kind.CASHBACK,
    "card rebate": Kind.CASHBACK,
}
"""None: it moved between accounts of the same person at Coinbase."""

_CONVERTED: Final = re.compile(
    r"Converted (?P<sent>[\d.,]+) (?P<from>\w+) to (?P<got>[\d.,]+) (?P<to>\w+)", re.IGNORECASE
)
_MARKET: Final = re.compile(r" on (?P<base>\w+)-(?P<quote>\w+)\b")


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """Any report since 2021."""
    return fit(header, REQUIRED, OPTIONAL)


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row."""
    for row in rows:
        yield _read(row, options)


def _read(row: Row, options: Options) -> Outcome:
    moment = row.moment("timestamp")
    kind = row.text("transaction type").casefold()
    signed = row.required("quantity transacted", row.text("asset"))
    money = row.text("price currency", "spot price currency")
    subtotal, fee = row.number("subtotal", money), row.number("fees and/or spread", money)
    if not row.text("asset"):
        row.refuse("asset", "missing", "the row names no asset", "name it")
    if row.faults or moment is None:
        return row.refused()
    story = replace(
        story_of((row,), moment),
        external_id=row.text("id"),
        note=row.text("notes"),
        worth=Part(money, abs(subtotal)) if subtotal and money else None,
    )
    if not signed:
        return LeftOut(story.lines, NOTHING_MOVED)
    part = Part(row.text("asset"), abs(signed))
    if kind in BUYS or kind in SALES:
        return _trade(row, story, options, part, abs(fee or Decimal(0)))
    if kind == "convert":
        return _convert(row, story, options, part)
    return _one_sided(row, story, options, part, signed)


def _trade(row: Row, story: Story, options: Options, part: Part, fee: Decimal) -> Outcome:
    """What was paid is in the price's currency, or in the quote of the market that the notes
    name. A bare USDC market is priced in dollars, one to one.
    """
    if story.worth is None:
        row.refuse("subtotal", "missing", "what was paid is missing", "fill it in")
        return row.refused()
    market = _MARKET.search(story.note)
    code = market["quote"] if market else story.worth.code
    if market and code != story.worth.code and code not in {"USDC", "USD"}:
        row.refuse(
            "notes",
            "currency-mismatch",
            f"it was paid in {code} and the amounts are in {story.worth.code}",
            f"enter how much {code} was paid by hand",
        )
        return row.refused()
    paid = Part(code, story.worth.quantity)
    fees = [Part(code, fee)] if fee else []
    story = replace(story, worth=None)
    if row.text("transaction type").casefold() in BUYS:
        return exchange(story, options, [part], [paid], fees)
    return exchange(story, options, [paid], [part], fees)


def _convert(row: Row, story: Story, options: Options, part: Part) -> Outcome:
    """The fee of a conversion is in its rate: what came is what the notes say."""
    match = _CONVERTED.search(story.note)
    if match is None:
        row.refuse(
            "notes", "unreadable-notes", "they do not say what came", "Converted 1 ETH to 0.05 BTC"
        )
        return row.refused()
    try:
        got, _ = read_number(match["got"], row.styles.numbers)
    except NotANumber as error:
        row.refuse("notes", error.code, error.reason, error.fix)
        return row.refused()
    if match["from"] != part.code or not got:
        row.refuse("notes", "unreadable-notes", "they speak of another asset", "correct the row")
        return row.refused()
    return exchange(story, options, [Part(match["to"], got)], [part])


def _one_sided(row: Row, story: Story, options: Options, part: Part, signed: Decimal) -> Outcome:
    written = row.text("transaction type").casefold()
    if written not in KINDS:
        kind: Kind | None = Kind.DEPOSIT if signed > 0 else Kind.WITHDRAWAL
        row.doubt(
            "transaction type",
            "unknown-type",
            f"{row.text('transaction type')[:60]!r} is not known here, so it would be a {kind}",
            "choose what it was",
        )
        story = replace(story, doubts=tuple(row.doubts))
    else:
        kind = KINDS[written]
    if kind is None:
        return LeftOut(story.lines, "it moved between accounts of the same person at Coinbase")
    if SHAPES[kind] is Shape.INFLOW and signed < 0:
        row.refuse(
            "quantity transacted",
            "negative-quantity",
            f"a {kind} brings something in",
            "correct the sign, or the type",
        )
        return row.refused()
    if SHAPES[kind] is Shape.OUTFLOW:
        story = replace(story, worth=None)
    return one_sided(story, options, kind, part)


FORMAT: Final = Format(
    name="coinbase",
    title="Coinbase transaction history",
    sniff=sniff,
    read=read,
    moments=("timestamp",),
    numbers=(
        "quantity transacted",
        "price at transaction",
        "spot price at transaction",
        "subtotal",
        "total (inclusive of fees and/or spread)",
        "fees and/or spread",
    ),
    zone_of=lambda _header: UTC,
)
