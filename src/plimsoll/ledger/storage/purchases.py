"""Usual purchases, many in one durable statement.

Each is more of what somebody holds, bought now. The statement takes the ledger of each buyer who is
not being written by anyone else, moves the holdings, and appends the transactions. Of what it
passes over it writes nothing; it may only leave a number of that person's sequence unused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from plimsoll.kernel.identifiers import AssetId, TransactionId, UserId, WalletId
from plimsoll.ledger.domain.holdings import HeldAsset, Holding
from plimsoll.plumbing.database import Database


@dataclass(frozen=True, slots=True)
class Purchase:
    """`value` is paid for `quantity`, `fee` on top; both in `currency`."""

    id: TransactionId
    user_id: UserId
    wallet_id: WalletId
    asset_id: AssetId
    currency: AssetId
    quantity: Decimal
    value: Decimal
    fee: Decimal
    occurred_at: datetime
    note: str
    fingerprint: bytes


RECORD = """
    with asked as (
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[],
            $6::numeric[], $7::numeric[], $8::numeric[], $9::timestamptz[], $10::text[],
            $11::bytea[]) as a(transaction_id, user_id, wallet_id, asset_id, currency, bought,
            value, fee, occurred_at, note, fingerprint)
    ), head as (
        update ledger_heads set version = version + 1
        where user_id in (select user_id from ledger_heads where user_id = any($2)
                          order by user_id for update skip locked)
        returning user_id, version
    ), held as (
        update holdings h set quantity = h.quantity + a.bought, cost = h.cost + a.value + a.fee,
            fees = h.fees + a.fee,
            last_at = greatest(a.occurred_at, h.last_at + h.last_rank * interval '1 microsecond'),
            last_rank = 0
        from asked a join head using (user_id)
        where h.user_id = a.user_id and h.wallet_id = a.wallet_id and h.asset_id = a.asset_id
            and h.currency = a.currency and h.last_at < a.occurred_at + interval '60 seconds'
            and h.quantity + a.bought < 1e20 and h.cost + a.value + a.fee < 1e20
        returning a.*, head.version, h.id, h.quantity, h.cost, h.fees, h.realised, h.last_at,
            h.missing
    ), written as (
        insert into transactions (id, user_id, seq, kind, occurred_at, rank, precision, currency,
            note, source, fingerprint)
        select transaction_id, user_id, version, 'buy', last_at, 0, 'instant', currency, note,
            'manual', fingerprint
        from held
    ), leg as (
        insert into legs (transaction_id, position, user_id, wallet_id, asset_id, quantity, role,
            value, cost_rate, occurred_at)
        select transaction_id, l.position, user_id, l.wallet_id, l.asset_id, l.quantity, l.role,
            l.value, 1, last_at
        from held, lateral (values
            (0, held.wallet_id, held.asset_id, bought, 'principal', held.value),
            (1, null, currency, -held.value, 'principal', held.value),
            (2, null, currency, -fee, 'fee', fee)
        ) as l(position, wallet_id, asset_id, quantity, role, value)
        where l.quantity <> 0
    )
    select transaction_id, id, quantity, cost, fees, realised, last_at, missing from held
"""


async def record(
    database: Database, purchases: Sequence[Purchase]
) -> dict[TransactionId, HeldAsset]:
    """Record those of `purchases` that are usual; at most one of each person.

    Durable when it returns. Passed over, and missing from the answer: a holding that does not
    exist in this currency or would grow out of bounds, a ledger that somebody else is writing.
    """
    rows = await database.once(
        RECORD,
        [each.id for each in purchases],
        [each.user_id for each in purchases],
        [each.wallet_id for each in purchases],
        [each.asset_id for each in purchases],
        [each.currency for each in purchases],
        [each.quantity for each in purchases],
        [each.value for each in purchases],
        [each.fee for each in purchases],
        [each.occurred_at for each in purchases],
        [each.note for each in purchases],
        [each.fingerprint for each in purchases],
    )
    asked = {each.id: each for each in purchases}
    recorded = {}
    for transaction_id, holding_id, quantity, cost, fees, realised, last_at, missing in rows:
        purchase = asked[transaction_id]
        holding = Holding(
            purchase.currency, quantity, cost, fees, realised, last_at, missing=missing
        )
        recorded[transaction_id] = HeldAsset(
            holding_id, purchase.wallet_id, purchase.asset_id, holding
        )
    return recorded
