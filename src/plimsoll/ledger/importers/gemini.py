"""Gemini's transaction history: a row has three columns for every asset of the account.

`btc amount btc` is what came or, between brackets, went; `fee (btc) btc` what was paid besides;
`btc balance btc` what was there afterwards. Cells are written for people: `($1,250.00)`,
`3,595.15 DAI`. Older exports name the fee `trading fee (btc)`, and some leave the code at the end
of names out. The day and its time stand in two columns; a workbook has both in each of them. Times
are in UTC.

Columns as exports of 2017 to 2021 have them. The reports of Gemini Earn are other files.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import Final

from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import MAX_LEGS, Kind
from plimsoll.ledger.importers.dates import DateOrder, Moment, NotAMoment, read_moment
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
from plimsoll.ledger.importers.rows import NO_MOMENT, Row

REQUIRED: Final = ("date", "time (utc)", "type", "symbol", "specification")
OPTIONAL: Final = (
    *("liquidity indicator", "trading fee rate (bps)", "trade id", "order id", "order date"),
    *("order time", "client order id", "api session", "tx hash", "deposit destination"),
    *("deposit tx output", "withdrawal destination", "withdrawal tx output"),
)
TRADES: Final = frozenset({"buy", "sell"})
INTERNAL: Final = ("earn transfer", "earn redemption", "gemini earn")
SPECIFIED: Final = (
    ("deposit", Kind.DEPOSIT, None),
    ("withdrawal", None, Kind.WITHDRAWAL),
    ("gemini credit card reward", Kind.CASHBACK, None),
)
"""What a specification that begins so is when something came, and when it went."""

_AMOUNT: Final = re.compile(r"(?P<code>\S+) amount(?: (?P=code))?")
_FEE: Final = re.compile(r"(?:trading )?fee \((?P<code>\S+)\)(?: (?P=code))?")
_BALANCE: Final = re.compile(r"(?P<code>\S+) balance(?: (?P=code))?")
_TIME: Final = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?", re.ASCII)
_IN_BRACKETS: Final = re.compile(r"\((?P<inside>.*)\)", re.DOTALL)


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """The names of the row, and an amount of some asset."""
    assets = [name for name in header if _AMOUNT.fullmatch(name)]
    others = [name for name in header if _FEE.fullmatch(name) or _BALANCE.fullmatch(name)]
    return fit(header, REQUIRED, (*OPTIONAL, *assets, *others)) if assets else 0


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row."""
    amounts: dict[str, str] = {}
    fees: dict[str, str] = {}
    for row in rows:
        if not amounts:  # the columns of a file are the same in all of its rows
            amounts, fees = _columns(row, _AMOUNT), _columns(row, _FEE)
        yield _read(row, options, amounts, fees)


def _columns(row: Row, pattern: re.Pattern[str]) -> dict[str, str]:
    """Columns and the codes of their assets."""
    found = ((name, pattern.fullmatch(name)) for name in row.places)
    return {name: match["code"].upper() for name, match in found if match}


def _read(row: Row, options: Options, amounts: dict[str, str], fees: dict[str, str]) -> Outcome:
    kind = row.text("type").casefold()
    if not kind and not row.text("date"):
        return LeftOut((row.line,), "it is a row of totals")
    moment = _moment(row)
    moved = {code: _number(row, name) for name, code in amounts.items() if row.text(name)}
    paid = {code: abs(_number(row, name)) for name, code in fees.items() if row.text(name)}
    came = [Part(code, number) for code, number in moved.items() if number > 0]
    went = [Part(code, -number) for code, number in moved.items() if number < 0]
    parts = [Part(code, number) for code, number in paid.items() if number]
    if kind in TRADES and not row.faults and not (came and went):
        row.refuse("", "nothing-moved", "a trade has two amounts", "correct the row")
    if len(came) + len(went) + len(parts) > MAX_LEGS:
        row.refuse("", "too-many-assets", "more moved than one transaction has", "correct the row")
    if row.faults or moment is None:
        return row.refused()
    story = replace(
        story_of((row,), moment),
        external_id=row.text("trade id") if kind in TRADES else None,
        reference=row.text("order id") if kind in TRADES else row.text("tx hash"),
    )
    if came and went:
        return exchange(story, options, came, went, parts)
    return _one_sided(row, story, options, [*came, *went], parts, inward=bool(came))


def _one_sided(
    row: Row, story: Story, options: Options, moved: list[Part], fees: list[Part], *, inward: bool
) -> Outcome:
    specified = row.text("specification").casefold()
    if not moved:
        return LeftOut(story.lines, NOTHING_MOVED)
    if specified.startswith(INTERNAL):
        return LeftOut(story.lines, "it moved between accounts of the same person at Gemini")
    if len(moved) > 1:
        row.refuse("", "several-assets", "several assets came or went at once", "correct the row")
        return row.refused()
    known = [each for each in SPECIFIED if specified.startswith(each[0])]
    kind = (known[0][1] if inward else known[0][2]) if known else None
    if kind is None:
        kind = Kind.DEPOSIT if inward else Kind.WITHDRAWAL
        row.doubt(
            "specification",
            "unknown-type",
            f"{row.text('specification')[:40]!r} is not known here, so it would be a {kind}",
            "choose what it was",
        )
        story = replace(story, doubts=tuple(row.doubts))
    return one_sided(story, options, kind, moved[0], fees)


def _moment(row: Row) -> Moment | None:
    """Of both columns, or of the first where that has the time as well."""
    day, time = row.text("date"), row.text("time (utc)")
    text = f"{day} {time}" if _TIME.fullmatch(time) and ":" not in day else day
    if not text:
        row.refuse("date", "missing", NO_MOMENT, "fill it in")
        return None
    try:
        return read_moment(text, row.styles.dates, row.styles.zone)
    except NotAMoment as error:
        row.refuse("date", error.code, error.reason, error.fix)
        return None


def _number(row: Row, column: str) -> Decimal:
    """`(0.07 BTC)` is what went. The code behind a number is that of its column."""
    text = row.text(column)
    bracketed = _IN_BRACKETS.fullmatch(text)
    plain = bracketed["inside"].strip() if bracketed else text
    before, _, last = plain.rpartition(" ")
    if before and not last[:1].isdigit():
        plain = before
    try:
        number, _ = read_number(plain, row.styles.numbers)
    except NotANumber as error:
        row.refuse(column, error.code, error.reason, error.fix)
        return Decimal(0)
    return -number if bracketed else number


FORMAT: Final = Format(
    name="gemini",
    title="Gemini transaction history",
    sniff=sniff,
    read=read,
    moments=("date",),
    numbers=(),
    zone_of=lambda _header: UTC,
    date_order=DateOrder.YMD,
)
