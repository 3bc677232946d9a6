"""Paper trading taken into the portfolio, because its owner asked for it.

What is simulated is never mixed with what is real by itself: it goes into a wallet named `paper`,
with the source `paper` and a note that says so, and only when it is asked for. Every fact is
recorded once, whatever is asked how often; one that its owner has voided stays out.

A spot fill is a purchase or a sale for tether that comes from and goes outside of the books, as
`POST /holdings` has it. Of a perpetual the realised profit, fees, funding and what liquidation cost
move tether of the wallet. The paper account's deposits are not recorded, so where more goes out
than the wallet has, a deposit of just that much comes first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from plimsoll.kernel.clock import from_ms
from plimsoll.kernel.identifiers import AssetId, TransactionId, UserId, WalletId, new_id
from plimsoll.kernel.money import ZERO, divide, multiply
from plimsoll.ledger.domain.transactions import Kind, Leg, Role, Transaction
from plimsoll.ledger.service import reading, recording
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import ReadUnit, Unit
from plimsoll.trading.domain.events import WalletReason
from plimsoll.trading.domain.instruments import Instrument, InstrumentKind
from plimsoll.trading.domain.listing import TETHER
from plimsoll.trading.domain.orders import Side
from plimsoll.trading.domain.trades import in_coins
from plimsoll.trading.storage.bookkeeping import Fact, claim_facts

PAPER: Final = "paper"
"""The wallet's name, the source, and the first word of each note."""
MOST_FACTS: Final = 200
"""At once: each is a write of the ledger, whose owner waits meanwhile."""
WALLETS_AT_ONCE: Final = 1000

PAYMENT_KINDS: Final = {
    WalletReason.LIQUIDATION_FEE: (Kind.MARGIN_GAIN, Kind.MARGIN_FEE),
    WalletReason.INSURANCE: (Kind.MARGIN_GAIN, Kind.MARGIN_LOSS),
    WalletReason.FUNDING: (Kind.FUNDING, Kind.FUNDING),
}
"""What a payment is when it comes in, and when it goes out."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How many fills and payments are done with, into how many transactions; whether there are
    more to ask for.
    """

    fills: int
    payments: int
    transactions: int
    more: bool


async def record_paper(
    unit: Unit,
    user_id: UserId,
    instruments: Mapping[str, Instrument],
    prices: Prices,
    *,
    since_ms: int,
    now: datetime,
) -> Taken:
    """Record what is not recorded, the earliest first, MOST_FACTS at most."""
    facts = await claim_facts(unit, user_id, since_ms=since_ms, limit=MOST_FACTS)
    count = 0
    if facts:
        wallet = await _get_wallet(unit, user_id)
        made = [each for fact in facts for each in transactions_of(fact, wallet, instruments)]
        made.sort(key=lambda each: (each.occurred_at, each.rank))
        made = [*await _deposits(unit, user_id, wallet, made), *made]
        for transaction in made:
            rate_of = recording.rates(
                prices, occurred_at=transaction.occurred_at, now=now, given=None
            )
            await recording.record(unit, user_id, transaction, rate_of)
        count = len(made)
    payments = sum(bool(fact.reason) for fact in facts)
    return Taken(len(facts) - payments, payments, count, more=len(facts) == MOST_FACTS)


async def _get_wallet(unit: Unit, user_id: UserId) -> WalletId:
    with suppress(reading.WalletNameTaken):
        return (await reading.add_wallet(unit, user_id, PAPER)).id
    after = None
    while True:
        page = await reading.list_wallets(unit, user_id, after=after, limit=WALLETS_AT_ONCE)
        for wallet in page:
            if wallet.name == PAPER:
                return wallet.id
        after = page[-1].name


def transactions_of(
    fact: Fact, wallet: WalletId, instruments: Mapping[str, Instrument]
) -> list[Transaction]:
    """What a fill or a payment was in the words of the ledger: up to two transactions, none for a
    fill that realised nothing and cost nothing.
    """
    if fact.reason:
        came, went = PAYMENT_KINDS[WalletReason(fact.reason)]
        return _flow(
            fact, wallet, fact.profit, fact.external_id, f"{PAPER}: {fact.reason}", came, went
        )
    instrument = instruments[fact.symbol]
    note = f"{PAPER}: fill {fact.external_id} of {fact.symbol}"
    fee_id = f"{fact.external_id}-fee"
    if instrument.kind is InstrumentKind.SPOT:
        rebate = _flow(fact, wallet, max(0, -fact.fee), fee_id, note, Kind.REBATE, Kind.MARGIN_FEE)
        return [_exchange(fact, wallet, instrument, note), *rebate]
    return [
        *_flow(
            fact,
            wallet,
            fact.profit,
            fact.external_id,
            note,
            Kind.MARGIN_GAIN,
            Kind.MARGIN_LOSS,
        ),
        *_flow(fact, wallet, -fact.fee, fee_id, f"{note}, fee", Kind.REBATE, Kind.MARGIN_FEE),
    ]


def _exchange(fact: Fact, wallet: WalletId, instrument: Instrument, note: str) -> Transaction:
    quantity = fact.quantity * instrument.step * fact.side
    value = multiply(abs(quantity), fact.price * instrument.tick)
    fee = in_coins(max(0, fact.fee))
    legs = [
        Leg(wallet, instrument.base, quantity, Role.PRINCIPAL, value),
        Leg(None, instrument.settle, -fact.side * value, Role.PRINCIPAL, value),
    ]
    if fee:
        legs.append(Leg(None, instrument.settle, -fee, Role.FEE, fee))
    kind = Kind.BUY if fact.side == Side.BUY else Kind.SELL
    return _transaction(kind, from_ms(fact.at_ms), legs, fact.external_id, note)


def _flow(
    fact: Fact,
    wallet: WalletId,
    amount: int,
    external_id: str,
    note: str,
    came: Kind,
    went: Kind,
) -> list[Transaction]:
    """Tether into the wallet or out of it; nothing when there is none."""
    if not amount:
        return []
    coins = in_coins(amount)
    leg = Leg(wallet, TETHER, coins, Role.PRINCIPAL, abs(coins))
    return [
        _transaction(came if amount > 0 else went, from_ms(fact.at_ms), [leg], external_id, note)
    ]


def _transaction(
    kind: Kind, at: datetime, legs: Iterable[Leg], external_id: str, note: str
) -> Transaction:
    return Transaction(
        id=TransactionId(new_id()),
        kind=kind,
        occurred_at=at,
        currency=TETHER,
        legs=tuple(legs),
        note=note,
        source=PAPER,
        external_id=external_id,
    )


async def _deposits(
    unit: ReadUnit, user_id: UserId, wallet: WalletId, made: list[Transaction]
) -> list[Transaction]:
    """What the wallet lacks for `made`, in ledger order, brought at the moment they begin."""
    lacking: defaultdict[AssetId, Decimal] = defaultdict(Decimal)
    balance: defaultdict[AssetId, Decimal] = defaultdict(Decimal)
    worth: dict[AssetId, Decimal] = {}
    for transaction in made:
        for leg in transaction.legs:
            if leg.wallet_id is not None:
                balance[leg.asset_id] += leg.quantity
                lacking[leg.asset_id] = max(lacking[leg.asset_id], -balance[leg.asset_id])
                worth.setdefault(leg.asset_id, divide(leg.value, abs(leg.quantity)))
    deposits = []
    for asset, lack in lacking.items():
        first = made[0]
        missing = lack - await _held(unit, user_id, wallet, asset, at=first.occurred_at)
        if missing > 0:
            leg = Leg(wallet, asset, missing, Role.PRINCIPAL, multiply(missing, worth[asset]))
            deposits.append(
                _transaction(
                    Kind.DEPOSIT,
                    first.occurred_at,
                    [leg],
                    f"deposit-{asset}-{first.external_id}",
                    f"{PAPER}: deposited before, at the first price",
                )
            )
    return deposits


async def _held(
    unit: ReadUnit, user_id: UserId, wallet: WalletId, asset: AssetId, *, at: datetime
) -> Decimal:
    """What is there for certain at that moment and after: nothing, when something was recorded
    that came later, for it may have brought what is there now.
    """
    found = await reading.list_holdings(
        unit, user_id, asset_id=asset, wallet_id=wallet, after=None, limit=1
    )
    holding = found[0].holding if found else None
    if holding is None or holding.last_at is None or holding.last_at > at:
        return ZERO
    return holding.quantity
