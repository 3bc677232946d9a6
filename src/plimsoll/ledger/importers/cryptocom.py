"""The Crypto.com app's export of a wallet: one event per row, told apart by its `transaction kind`.

An exchange has what went in `currency` and what came in `to currency`. A purchase by card has only
what came: what was paid is its native amount. Small balances and renamed coins are converted in
rows of their own, debited and credited in one second. What is put into Earn, a lockup, staking or
a limit order stays the owner's and is left out; what goes to Crypto.com Exchange leaves the wallet.

The export of the cash account has the same columns, and tells purchases of coins once more: those
rows of the two files are the same transactions. Network fees are within the amounts of withdrawals
and cannot be told apart. Times are in UTC. Kinds as exports of 2019 to 2025 have them.
"""

import re
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
    one_sided,
    part_of,
    story_of,
)
from plimsoll.ledger.importers.format import Cash, Format, Options, fit
from plimsoll.ledger.importers.rows import Row, refuse_all

REQUIRED: Final = (
    *("timestamp (utc)", "transaction description", "currency", "amount", "to currency"),
    *("to amount", "native currency", "native amount", "transaction kind"),
)
OPTIONAL: Final = ("native amount (in usd)", "transaction hash")
MOST_ROWS: Final = 40
"""Of one conversion: as many legs fit into a transaction."""

TRADES: Final = frozenset(
    {
        "crypto_exchange",
        "crypto_purchase",
        "crypto_viban_exchange",
        "crypto_to_van_sell_order",
        "card_top_up",
        "recurring_buy_order",
        "van_purchase",
        "viban_purchase",
        "xfers_purchase",
    }
)
TRADE_BEGINNINGS: Final = ("trading.crypto_purchase.", "trading.crypto_sale.")
TRADE_ENDS: Final = (".purchase_commit", ".sell_commit", ".crypto_wallet.exchange")
CONVERSIONS: Final = frozenset(
    {"crypto_wallet_swap", "dust_conversion", "dynamic_coin_swap", "interest_swap", "lockup_swap"}
)
"""With `_debited` or `_credited` behind."""
INTERNAL: Final = frozenset(
    {
        "council_node_deposit_created",
        "crypto_earn_program_created",
        "crypto_earn_program_extended",
        "crypto_earn_program_withdrawn",
        "lockup_upgrade",
        "supercharger_deposit",
        "supercharger_withdrawal",
    }
)
_LOCK: Final = re.compile(r".*_(?:un)?lock")
_PRODUCT: Final = re.compile(
    r"finance\.(?:dpos|defi_staking|defi_lending|lockup|airdrop_arena)\."
    r"(?:(?:instant_)?(?:un)?staking|dpos_(?:un)?lock(?:_upgrade)?|deposit|withdrawal)\..*"
)
_LOANED: Final = re.compile(r"finance\.(?:defi_lending|crypto_earn)\..*interest.*")
_STAKED: Final = re.compile(r"finance\.(?:dpos|defi_staking|lockup)\..*interest.*")
_GIVEN: Final = re.compile(r"transfer\.p2p_transfer\..*")

KINDS: Final = {
    "admin_wallet_credited": (None, None),
    "campaign_reward": (Kind.OTHER_INCOME, None),
    "card_cashback_reverted": (None, Kind.ADJUSTMENT),
    "crypto_deposit": (Kind.DEPOSIT, None),
    "crypto_earn_extra_interest_paid": (Kind.INTEREST, None),
    "crypto_earn_interest_paid": (Kind.INTEREST, None),
    "crypto_payment": (None, Kind.SPEND),
    "crypto_to_exchange_transfer": (None, Kind.WITHDRAWAL),
    "crypto_transfer": (Kind.DEPOSIT, Kind.WITHDRAWAL),
    "crypto_withdrawal": (None, Kind.WITHDRAWAL),
    "exchange_to_crypto_transfer": (Kind.DEPOSIT, None),
    "finance.airdrop_arena.reward.crypto_wallet": (Kind.AIRDROP, None),
    "gift_card_reward": (Kind.CASHBACK, None),
    "mco_stake_reward": (Kind.STAKING, None),
    "mobile_airtime_reward": (Kind.CASHBACK, None),
    "pay_checkout_reward": (Kind.CASHBACK, None),
    "referral_bonus": (Kind.REFERRAL, None),
    "referral_card_cashback": (Kind.CASHBACK, None),
    "referral_gift": (Kind.REFERRAL, None),
    "reimbursement": (Kind.CASHBACK, None),
    "reimbursement_reverted": (None, Kind.ADJUSTMENT),
    "reward.loyalty_program.trading_rebate.crypto_wallet": (Kind.REBATE, None),
    "rewards_platform_deposit_credited": (Kind.OTHER_INCOME, None),
    "staking_reward": (Kind.STAKING, None),
    "supercharger_reward_to_app_credited": (Kind.STAKING, None),
    "transfer_cashback": (Kind.CASHBACK, None),
    "viban_card_top_up": (None, Kind.WITHDRAWAL),
    "viban_deposit": (Kind.DEPOSIT, None),
    "viban_withdrawal": (None, Kind.WITHDRAWAL),
}
"""What a kind is when something came, and when something went."""


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """A row with its kind and its native amount."""
    return fit(header, REQUIRED, OPTIONAL)


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """Rows of one time are looked at together, for the halves of conversions."""
    batch: list[Row] = []
    for row in rows:
        if batch and row.text("timestamp (utc)") != batch[0].text("timestamp (utc)"):
            yield from _read_second(batch, options)
            batch = []
        batch.append(row)
    if batch:
        yield from _read_second(batch, options)


def _read_second(batch: list[Row], options: Options) -> Iterator[Outcome]:
    halves: defaultdict[str, list[Row]] = defaultdict(list)
    for row in batch:
        base, _, direction = _kind(row).rpartition("_")
        if base in CONVERSIONS and direction in {"debited", "credited"}:
            halves[base].append(row)
        else:
            yield _read_alone(row, options)
    for rows in halves.values():
        yield from _read_conversion(rows, options)


def _kind(row: Row) -> str:
    return row.text("transaction kind").casefold()


def _read_conversion(rows: list[Row], options: Options) -> Iterator[Outcome]:
    """All that was debited in one second for what was credited. A half alone is a trade for what
    it was worth, which a person is asked to look at.
    """
    went = [row for row in rows if _kind(row).endswith("_debited")]
    came = [row for row in rows if _kind(row).endswith("_credited")]
    if not (went and came):
        for row in rows:
            row.doubt(
                "transaction kind",
                "half-conversion",
                "its other half is not in the same second, so it counts for what it was worth",
                "choose what it was, or enter the conversion by hand",
            )
            yield _read_alone(row, options)
        return
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        part = part_of(row, "amount", "currency", signed=True)
        if part is not None:
            sums[part.code] += part.quantity if row in came else -part.quantity
    moment = next(row.moment("timestamp (utc)") for row in rows)
    gained = [Part(code, total) for code, total in sums.items() if total > 0]
    given = [Part(code, -total) for code, total in sums.items() if total < 0]
    if any(row.faults for row in rows) or moment is None or not (gained and given):
        yield refuse_all(rows, "unmatched-trade", "its halves do not fit together", "correct them")
    elif len(rows) > MOST_ROWS:
        yield refuse_all(rows, "too-many-assets", "it has too many halves", "enter it by hand")
    else:
        story = replace(story_of(rows, moment), note=rows[0].text("transaction description"))
        yield exchange(story, options, gained, given)


def _read_alone(row: Row, options: Options) -> Outcome:
    moment = row.moment("timestamp (utc)")
    part = part_of(row, "amount", "currency", signed=True)
    other = part_of(row, "to amount", "to currency", signed=True)
    native = part_of(row, "native amount", "native currency", signed=True)
    kind = _kind(row)
    if row.faults or moment is None:
        return row.refused()
    story = replace(
        story_of((row,), moment),
        worth=native,
        reference=row.text("transaction hash"),
        note=row.text("transaction description"),
    )
    if part is None:
        return LeftOut(story.lines, NOTHING_MOVED)
    if kind in INTERNAL or _PRODUCT.fullmatch(kind) or _LOCK.fullmatch(kind):
        return LeftOut(story.lines, "it moved between products of the same person at Crypto.com")
    if kind == "dynamic_coin_swap_bonus_exchange_deposit":
        return LeftOut(story.lines, "it was credited at Crypto.com Exchange, not here")
    inward = not row.text("amount").startswith("-")
    if _is_trade(kind):
        return _trade(row, story, options, part, other, inward=inward)
    return _one_sided(row, story, options, part, inward=inward)


def _is_trade(kind: str) -> bool:
    return (
        kind in TRADES
        or kind.rpartition("_")[0] in CONVERSIONS
        or kind.startswith(TRADE_BEGINNINGS)
        or (kind.startswith("trading.") and kind.endswith(TRADE_ENDS))
    )


def _trade(
    row: Row, story: Story, options: Options, part: Part, other: Part | None, *, inward: bool
) -> Outcome:
    """For the other column where there is one, else for its native amount."""
    if other is not None:
        return exchange(story, options, [other], [part])
    if story.worth is None:
        row.refuse("native amount", "missing", "what was paid is missing", "fill it in")
        return row.refused()
    came, went = (part, story.worth) if inward else (story.worth, part)
    return exchange(_by_card(row, story, options), options, [came], [went])


def _by_card(row: Row, story: Story, options: Options) -> Story:
    """Without its worth, which becomes a leg. What a card paid or got is not in the wallet, which
    matters where money is kept there.
    """
    if options.cash is Cash.KEPT:
        row.doubt(
            "native amount",
            "money-elsewhere",
            "this money was paid by or to a card or a shop, and would move in the wallet",
            "check whether this wallet keeps that money",
        )
    return replace(story, worth=None, doubts=tuple(row.doubts))


def _one_sided(row: Row, story: Story, options: Options, part: Part, *, inward: bool) -> Outcome:
    kind = _known(_kind(row), inward=inward)
    if kind is Kind.SPEND and story.worth is not None:
        paid = story.worth
        return exchange(_by_card(row, story, options), options, [paid], [part], kind=kind)
    if kind is None or SHAPES[kind] is Shape.EXCHANGE:
        kind = Kind.DEPOSIT if inward else Kind.WITHDRAWAL
        row.doubt(
            "transaction kind",
            "unknown-type",
            f"{row.text('transaction kind')[:60]!r} is not known here, so it would be a {kind}",
            "choose what it was",
        )
        story = replace(story, doubts=tuple(row.doubts))
    return one_sided(story, options, kind, part, sign=1 if inward else -1)


def _known(kind: str, *, inward: bool) -> Kind | None:
    if kind in KINDS:
        return KINDS[kind][0 if inward else 1]
    if _GIVEN.fullmatch(kind):
        return Kind.DEPOSIT if inward else Kind.WITHDRAWAL
    if inward and _STAKED.fullmatch(kind):
        return Kind.STAKING
    return Kind.INTEREST if inward and _LOANED.fullmatch(kind) else None


FORMAT: Final = Format(
    name="cryptocom",
    title="Crypto.com app, transactions",
    sniff=sniff,
    read=read,
    moments=("timestamp (utc)",),
    numbers=("amount", "to amount", "native amount"),
    zone_of=lambda _header: UTC,
    date_order=DateOrder.YMD,
)
