"""Binance's transaction statement: one change of one coin per row, without ids.

A trade is several rows of one second: what was bought, what was spent, the fee. Rows of trading in
one second and account are joined into one exchange, coin by coin; where that joins several trades
of several coins, a person is asked. All other rows stand alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import Final

from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import SHAPES, Kind, Shape
from plimsoll.ledger.importers.dates import DateOrder
from plimsoll.ledger.importers.drafting import (
    NOTHING_MOVED,
    Part,
    Story,
    exchange,
    fee_only,
    one_sided,
    story_of,
)
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.rows import Row, refuse_all

REQUIRED: Final = ("account", "operation", "coin", "change")
TIMES: Final = ("utc_time", "time")
"""The older name promises UTC; the newer one promises nothing."""
MOST_COINS: Final = 40
"""Changed in one second, fees included: as many legs fit into a transaction."""

TRADING: Final = frozenset(
    {
        "buy",
        "sell",
        "transaction related",
        "transaction buy",
        "transaction spend",
        "transaction sold",
        "transaction revenue",
        "small assets exchange bnb",
        "small assets exchange bnb (spot)",
        "binance convert",
        "large otc trading",
        "auto-invest transaction",
        "buy crypto",
        "buy crypto with fiat",
    }
)
FEES: Final = frozenset({"fee", "transaction fee"})
INTERNAL: Final = (
    "transfer between",
    "simple earn flexible subscription",
    "simple earn flexible redemption",
    "simple earn locked subscription",
    "simple earn locked redemption",
    "savings purchase",
    "savings principal redemption",
    "staking purchase",
    "staking redemption",
    "pos savings purchase",
    "pos savings redemption",
    "launchpool subscription",
    "main and funding account transfer",
    "internal transfer",
)
KINDS: Final = {
    "deposit": (Kind.DEPOSIT, None),
    "fiat deposit": (Kind.DEPOSIT, None),
    "withdraw": (None, Kind.WITHDRAWAL),
    "fiat withdraw": (None, Kind.WITHDRAWAL),
    "withdraw fee": (None, Kind.FEE_ONLY),
    "commission history": (Kind.REFERRAL, None),
    "commission rebate": (Kind.REFERRAL, None),
    "referral kickback": (Kind.REBATE, None),
    "referral commission": (Kind.REFERRAL, None),
    "commission fee shared with you": (Kind.REBATE, None),
    "distribution": (Kind.AIRDROP, None),
    "airdrop assets": (Kind.AIRDROP, None),
    "launchpool interest": (Kind.INTEREST, None),
    "staking rewards": (Kind.STAKING, None),
    "pos savings interest": (Kind.STAKING, None),
    "eth 2.0 staking rewards": (Kind.STAKING, None),
    "savings interest": (Kind.INTEREST, None),
    "simple earn flexible interest": (Kind.INTEREST, None),
    "simple earn flexible airdrop": (Kind.INTEREST, None),
    "simple earn locked rewards": (Kind.INTEREST, None),
    "bnb vault rewards": (Kind.INTEREST, None),
    "cash voucher distribution": (Kind.CASHBACK, None),
    "card cashback": (Kind.CASHBACK, None),
    "funding fee": (Kind.FUNDING, Kind.FUNDING),
    "realized profit and loss": (Kind.MARGIN_GAIN, Kind.MARGIN_LOSS),
    "insurance fund compensation": (Kind.MARGIN_GAIN, Kind.MARGIN_LOSS),
    "isolated margin loan": (Kind.LOAN_IN, None),
    "margin loan": (Kind.LOAN_IN, None),
    "margin repayment": (None, Kind.LOAN_REPAY),
    "isolated margin repayment": (None, Kind.LOAN_REPAY),
}
"""What an operation is when it brings something in, and when it takes something out."""


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """One change of one coin."""
    optional = ("user_id", "user id", "remark")
    return max(fit(header, (time, *REQUIRED), optional) for time in TIMES)


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """Rows of one time are looked at together; the statement is in the order of time."""
    batch: list[Row] = []
    for row in rows:
        if batch and row.text(*TIMES) != batch[0].text(*TIMES):
            yield from _read_second(batch, options)
            batch = []
        batch.append(row)
    if batch:
        yield from _read_second(batch, options)


def _read_second(batch: list[Row], options: Options) -> Iterator[Outcome]:
    trading: defaultdict[str, list[Row]] = defaultdict(list)
    for row in batch:
        operation = row.text("operation").casefold()
        if operation in TRADING or operation in FEES:
            trading[row.text("account")].append(row)
        else:
            yield _read_alone(row, options)
    for rows in trading.values():
        yield _read_trade(rows, options)


def _read_trade(rows: list[Row], options: Options) -> Outcome:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    fees: defaultdict[str, Decimal] = defaultdict(Decimal)
    signs: defaultdict[str, set[bool]] = defaultdict(set)
    for row in rows:
        coin, change = row.text("coin"), row.required("change")
        if row.text("operation").casefold() in FEES:
            fees[coin] -= change
        elif change:
            sums[coin] += change
            signs[coin].add(change > 0)
    moment = next(row.moment(_time_column(row)) for row in rows)
    came = [Part(coin, change) for coin, change in sums.items() if change > 0]
    went = [Part(coin, -change) for coin, change in sums.items() if change < 0]
    paid = [Part(coin, fee) for coin, fee in fees.items() if fee > 0]
    torn = any(len(both) > 1 for both in signs.values()) or len(sums) + len(fees) > MOST_COINS
    if any(row.faults for row in rows) or moment is None:
        return refuse_all(rows, "bad-row", "a row of this trade is wrong", "correct it")
    if paid and not sums and not torn:
        return fee_only(story_of(rows, moment), options, paid)
    if torn or not (came and went):
        return refuse_all(
            rows,
            "unmatched-trade",
            "the rows of this second do not make a trade: something bought and something paid",
            "export the whole period, or use the trade history",
        )
    if len(came) > 1 or len(went) > 1:
        rows[0].doubt(
            "operation",
            "several-trades",
            f"{len(came)} coins came and {len(went)} went in one second",
            "they are one exchange here; use the trade history to have them apart",
        )
    return exchange(story_of(rows, moment), options, came, went, paid)


def _read_alone(row: Row, options: Options) -> Outcome:
    moment = row.moment(_time_column(row))
    change = row.required("change")
    operation = row.text("operation").casefold()
    if not row.text("coin"):
        row.refuse("coin", "missing", "the change has no coin", "name it")
    inward, outward = KINDS.get(operation, (None, None))
    internal = operation.startswith(INTERNAL)
    kind = inward if change > 0 else outward
    if not row.faults and change and not internal and kind is None:
        kind = Kind.DEPOSIT if change > 0 else Kind.WITHDRAWAL
        row.doubt(
            "operation",
            "unknown-operation",
            f"{row.text('operation')[:60]!r} is not known here, so it would be a {kind}",
            "choose what it was",
        )
    if row.faults or moment is None:
        return row.refused()
    story = replace(story_of((row,), moment), note=row.text("remark"))
    return _draft(row, story, options, None if internal else kind, change)


def _time_column(row: Row) -> str:
    return next(time for time in TIMES if time in row.places)


def _draft(row: Row, story: Story, options: Options, kind: Kind | None, change: Decimal) -> Outcome:
    if not change:
        return LeftOut(story.lines, NOTHING_MOVED)
    if kind is None:
        return LeftOut(story.lines, "it moved between accounts of the same person at Binance")
    part = Part(row.text("coin"), abs(change))
    if SHAPES[kind] is Shape.FEES:
        return fee_only(story, options, [part])
    return one_sided(story, options, kind, part, sign=1 if change > 0 else -1)


FORMAT: Final = Format(
    name="binance-statement",
    title="Binance transaction statement",
    sniff=sniff,
    read=read,
    moments=TIMES,
    numbers=("change",),
    zone_of=lambda header: UTC if "utc_time" in header else None,
    date_order=DateOrder.YMD,
)
