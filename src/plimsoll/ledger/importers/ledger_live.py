"""Ledger Live's operations: one operation of one account per row, in UTC; accounts are wallets.

An amount that went out has its network fee in it; the fee beside what came in was the sender's. A
token's fee was paid in the coin of its chain: the account of that coin has a row FEES with the
same hash, which is where it counts. Where no such row stands beside a token's, its fee is left to
the person.

The columns are those of the app's export since 2019: `Status` is missing before 2024, the
countervalues before 2021, and `Account id` is the older name of `Account xpub`.
"""

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
    fee_only,
    one_sided,
    story_of,
)
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.rows import Row

REQUIRED: Final = (
    "operation date",
    "currency ticker",
    "operation type",
    "operation amount",
    "operation fees",
    "operation hash",
    "account name",
)
OPTIONAL: Final = (
    "status",
    "account xpub",
    "account id",
    "countervalue ticker",
    "countervalue at operation date",
    "countervalue at csv export",
)
CONFIRMED: Final = frozenset({"", "confirmed", "succeeded"})
KINDS: Final = {
    "in": Kind.DEPOSIT,
    "out": Kind.WITHDRAWAL,
    "reward": Kind.STAKING,
    "reward_payout": Kind.STAKING,
    "slash": Kind.LOST,
    "burn": Kind.LOST,
}
CAME: Final = frozenset({"in", "reward", "reward_payout"})
NFTS: Final = frozenset({"nft_in", "nft_out"})
STAYING: Final = frozenset(
    {
        *("activate", "approve", "bond", "chill", "create", "delegate", "freeze", "lock"),
        *("legacy_unfreeze", "nominate", "none", "opt_in", "opt_out", "rebond", "redelegate"),
        *("register", "reveal", "revoke", "set_controller", "stake", "unbond", "undelegate"),
        *("undelegate_resource", "unfreeze", "unlock", "unstake", "vote", "withdraw"),
        *("withdraw_expire_unfreeze", "withdraw_unbonded", "withdraw_unstaked"),
    }
)
"""Types that move nothing out of the account but a fee: the coins stay the owner's."""
COINS: Final = frozenset(
    {
        *("BTC", "BCH", "LTC", "DOGE", "DASH", "ZEC", "DGB", "BTG", "QTUM", "DCR", "KMD", "ZEN"),
        *("ETH", "ETC", "BNB", "AVAX", "FTM", "POL", "CRO", "GLMR", "MOVR", "CELO", "FLR", "SGB"),
        *("XRP", "XLM", "ADA", "DOT", "SOL", "ATOM", "OSMO", "ALGO", "XTZ", "TRX", "NEAR", "EGLD"),
        *("HBAR", "FIL", "ICP", "STX", "VET", "TON", "APT", "SUI", "KAS", "INJ", "CSPR", "MINA"),
    }
)
"""Coins that pay the fees of a chain of their own."""


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """Any export since 2019."""
    return fit(header, REQUIRED, OPTIONAL)


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row; rows of one moment are looked at together, for the hashes they share."""
    together: list[Row] = []
    for row in rows:
        if together and row.text("operation date") != together[0].text("operation date"):
            yield from _read_together(together, options)
            together = []
        together.append(row)
    yield from _read_together(together, options)


def _read_together(rows: Sequence[Row], options: Options) -> Iterator[Outcome]:
    paid = {row.text("operation hash") for row in rows if _type(row) == "fees"} - {""}
    sent = {_key(row): row for row in rows if _type(row) == "out" and row.text("operation hash")}
    back = {_key(row): row for row in rows if _type(row) == "in" and _key(row) in sent}
    joined: set[int] = set()
    for key, row in back.items():
        outcome = _read_own(sent[key], row, options)
        if outcome is not None:
            joined |= {row.line, sent[key].line}
            yield outcome
    for row in rows:
        if row.line not in joined:
            fee_apart = _type(row) != "fees" and row.text("operation hash") in paid
            yield _read(row, options, fee_apart=fee_apart)


def _key(row: Row) -> tuple[str, ...]:
    columns = ("operation hash", "account name", "currency ticker")
    return *(row.text(column) for column in columns), row.text("account xpub", "account id")


def _type(row: Row) -> str:
    return row.text("operation type").casefold()


def _read_own(sent: Row, back: Row, options: Options) -> Outcome | None:
    """Sent to the same account: nothing but the fee moved. None where the two rows are not that."""
    moment, code = sent.moment("operation date"), sent.text("currency ticker")
    fee = sent.number("operation fees") or Decimal(0)
    out, came = sent.required("operation amount"), back.required("operation amount")
    unsound = sent.faults or back.faults or moment is None
    if unsound or _failed(sent) or _failed(back) or fee <= 0 or came <= 0 or out - fee != came:
        sent.faults.clear()
        back.faults.clear()
        return None
    assert moment is not None
    story = replace(
        story_of((sent, back), moment),
        wallet=sent.text("account name"),
        reference=sent.text("operation hash"),
    )
    return fee_only(story, options, [Part(code, fee)])


def _failed(row: Row) -> bool:
    return row.text("status").casefold() not in CONFIRMED


def _read(row: Row, options: Options, *, fee_apart: bool) -> Outcome:
    moment = row.moment("operation date")
    code, written = row.text("currency ticker"), _type(row)
    amount, fee = row.required("operation amount"), row.number("operation fees") or Decimal(0)
    if not code:
        row.refuse("currency ticker", "missing", "the row names no asset", "name it")
    if amount < 0 and written != "out":
        _refuse_sign(row, "operation amount")
    if fee < 0:
        _refuse_sign(row, "operation fees")
    if fee_apart or written in CAME:
        fee = Decimal(0)
    if fee and not row.faults and code.upper() not in COINS:
        fee = Decimal(0)
        _doubt_fee(row, code)
    worth = _worth(row)
    if row.faults or moment is None:
        return row.refused()
    story = replace(
        story_of((row,), moment),
        wallet=row.text("account name"),
        reference=row.text("operation hash"),
        worth=worth,
    )
    fees = [Part(code, fee)] if fee else []
    if row.text("status").casefold() == "failed":
        return _fees(story, options, fees)
    if _failed(row):
        return LeftOut(story.lines, "it was not confirmed yet; it comes again when it is")
    return _draft(row, story, options, Part(code, abs(amount)), fees)


def _draft(row: Row, story: Story, options: Options, part: Part, fees: list[Part]) -> Outcome:
    written, kind = _type(row), KINDS.get(_type(row))
    if written in NFTS:
        return LeftOut(story.lines, "it is a collectible, of which no books are kept")
    if written == "fees":
        return _fees(story, options, [part])
    if written in STAYING:
        return _fees(story, options, fees)
    if kind is None:
        row.refuse(
            "operation type",
            "unknown-type",
            f"whether {row.text('operation type')[:40]!r} brings or takes is not known here",
            "write IN or OUT, or leave the row out",
        )
        return row.refused()
    if written == "out":
        part = Part(part.code, part.quantity - sum((fee.quantity for fee in fees), Decimal(0)))
    if part.quantity < 0:
        row.refuse(
            "operation fees", "fee-too-large", "it is more than went out in all", "correct it"
        )
        return row.refused()
    return (
        one_sided(story, options, kind, part, fees)
        if part.quantity
        else _fees(story, options, fees)
    )


def _fees(story: Story, options: Options, fees: list[Part]) -> Outcome:
    paid = [fee for fee in fees if fee.quantity]
    return fee_only(story, options, paid) if paid else LeftOut(story.lines, NOTHING_MOVED)


def _doubt_fee(row: Row, code: str) -> None:
    row.doubt(
        "operation fees",
        "fee-asset",
        f"if {code[:40]} is a token, the fee was paid in the coin of its chain, and is not counted",
        "export the account of that coin too, or enter the fee by hand",
    )


def _worth(row: Row) -> Part | None:
    """What came in was worth; of what went out the countervalue has the fee in it."""
    code = row.text("countervalue ticker")
    if not code or _type(row) not in CAME:
        return None
    value = row.number("countervalue at operation date", code)
    return Part(code, value) if value and value > 0 else None


def _refuse_sign(row: Row, column: str) -> None:
    row.refuse(column, "negative-quantity", "the type tells the direction", "write it without -")


FORMAT: Final = Format(
    name="ledger-live",
    title="Ledger Live operations",
    sniff=sniff,
    read=read,
    moments=("operation date",),
    numbers=("operation amount", "operation fees", "countervalue at operation date"),
    zone_of=lambda _header: UTC,
    date_order=DateOrder.YMD,
)
