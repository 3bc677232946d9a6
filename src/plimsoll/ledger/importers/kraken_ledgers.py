"""Kraken's ledgers: one change of one asset per row; rows with one `refid` belong together.

The balance changes by `amount` less `fee`, so an amount is without its fee. A deposit or withdrawal
that was announced and not yet booked has no `txid`; it comes again with one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import Final

from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import Kind
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
from plimsoll.ledger.importers.kraken_codes import plain_code
from plimsoll.ledger.importers.rows import Row, refuse_all

REQUIRED: Final = ("txid", "refid", "time", "type", "asset", "amount", "fee")
OPTIONAL: Final = ("subtype", "aclass", "subclass", "wallet", "balance", "amountusd", "balanceusd")
MOST_ROWS: Final = 24
"""Of one trade: with a fee each they fit into a transaction."""
TRADING: Final = frozenset({"trade", "spend", "receive"})
REWARDS: Final = frozenset({"reward", "airdrop", "bonus"})

KINDS: Final = {
    "deposit": (Kind.DEPOSIT, Kind.WITHDRAWAL),
    "withdrawal": (Kind.DEPOSIT, Kind.WITHDRAWAL),
    "staking": (Kind.STAKING, None),
    "dividend": (Kind.INTEREST, None),
    "reward": (Kind.REFERRAL, None),
    "invite bonus": (Kind.REFERRAL, None),
    "credit": (Kind.CASHBACK, None),
    "margin": (Kind.MARGIN_GAIN, Kind.MARGIN_LOSS),
    "settled": (Kind.MARGIN_GAIN, Kind.MARGIN_LOSS),
    "rollover": (None, Kind.MARGIN_FEE),
    "adjustment": (Kind.ADJUSTMENT, Kind.ADJUSTMENT),
}
"""What a type is when it brings something in, and when it takes something out. A withdrawal that
failed comes back as one with a positive amount.
"""


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """Rows with a refid."""
    return fit(header, REQUIRED, OPTIONAL)


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """Rows of trading wait for their partners, which may be a moment later; all other rows stand
    alone.
    """
    fresh: dict[str, list[Row]] = {}
    halves: dict[str, list[Row]] = {}
    time = ""
    for row in rows:
        if row.text("time") != time:
            yield from _read_whole(fresh, halves, options)
            time = row.text("time")
        refid = row.text("refid")
        if row.text("type").casefold() in TRADING and refid:
            if refid in halves:
                fresh[refid] = halves.pop(refid)
            fresh.setdefault(refid, []).append(row)
        else:
            yield _read_alone(row, options)
    yield from _read_whole(fresh, halves, options)
    for refid, alone in halves.items():
        yield _read_trade(refid, alone, options)


def _read_whole(
    fresh: dict[str, list[Row]], halves: dict[str, list[Row]], options: Options
) -> Iterator[Outcome]:
    """Trades of one time that have both sides; those of one side go to `halves`."""
    for refid, rows in fresh.items():
        if len({row.text("amount").startswith("-") for row in rows}) > 1:
            yield _read_trade(refid, rows, options)
        else:
            halves[refid] = rows
    fresh.clear()


def _read_trade(refid: str, rows: list[Row], options: Options) -> Outcome:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    fees: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        code = plain_code(row.text("asset"))
        sums[code] += row.required("amount")
        fees[code] += row.number("fee") or 0
    moment = next(row.moment("time") for row in rows)
    came = [Part(code, amount) for code, amount in sums.items() if amount > 0]
    went = [Part(code, -amount) for code, amount in sums.items() if amount < 0]
    paid = [Part(code, fee) for code, fee in fees.items() if fee > 0]
    if any(row.faults for row in rows) or moment is None:
        return refuse_all(rows, "bad-row", "a row of this trade is wrong", "correct it")
    if not came or not went or len(rows) > MOST_ROWS:
        return refuse_all(
            rows,
            "unmatched-trade",
            f"of the trade {refid[:40]} one side is not in this file",
            "export the whole period, with every asset",
        )
    story = replace(story_of(rows, moment), external_id=refid)
    return exchange(story, options, came, went, paid)


def _read_alone(row: Row, options: Options) -> Outcome:
    moment = row.moment("time")
    amount, fee = row.required("amount"), row.number("fee") or Decimal(0)
    written, subtype = row.text("type").casefold(), row.text("subtype").casefold()
    if not row.text("asset"):
        row.refuse("asset", "missing", "the row names no asset", "name it")
    if row.faults or moment is None:
        return row.refused()
    story = replace(
        story_of((row,), moment), external_id=row.text("txid"), reference=row.text("refid")
    )
    if not row.text("txid"):
        return LeftOut(story.lines, "it was announced only; it comes again when it is booked")
    if _is_internal(written, subtype):
        return LeftOut(story.lines, "it moved between accounts of the same person at Kraken")
    code = plain_code(row.text("asset"))
    fees = [Part(code, fee)] if fee > 0 else []
    if not amount:
        return fee_only(story, options, fees) if fees else LeftOut(story.lines, NOTHING_MOVED)
    kind, story = _kind(row, story, amount)
    sign = 1 if amount > 0 else -1
    return one_sided(story, options, kind, Part(code, abs(amount)), fees, sign=sign)


def _is_internal(written: str, subtype: str) -> bool:
    """Into and out of staking, futures and the like. A transfer without a subtype is not: it is
    how Kraken hands out forks and airdrops.
    """
    if written == "earn":
        return subtype not in REWARDS
    return written == "transfer" and bool(subtype) and subtype not in REWARDS


def _kind(row: Row, story: Story, amount: Decimal) -> tuple[Kind, Story]:
    written, subtype = row.text("type").casefold(), row.text("subtype").casefold()
    inward, outward = KINDS.get(written, (None, None))
    if written == "earn":
        inward = Kind.STAKING
    elif written == "transfer" and (subtype in REWARDS or not subtype):
        inward = Kind.AIRDROP
    kind = inward if amount > 0 else outward
    if kind is not None:
        return kind, story
    kind = Kind.DEPOSIT if amount > 0 else Kind.WITHDRAWAL
    row.doubt(
        "type",
        "unknown-type",
        f"{written[:40]!r} with this sign is not known here, so it would be a {kind}",
        "choose what it was",
    )
    return kind, replace(story, doubts=tuple(row.doubts))


FORMAT: Final = Format(
    name="kraken-ledgers",
    title="Kraken ledgers",
    sniff=sniff,
    read=read,
    moments=("time",),
    numbers=("amount", "fee", "balance"),
    zone_of=lambda _header: UTC,
    date_order=DateOrder.YMD,
)
