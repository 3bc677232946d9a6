"""Transactions in few words, for tests that read as bookkeeping."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from plimsoll.kernel.identifiers import AssetId, TransactionId, WalletId, new_id
from plimsoll.ledger.domain.transactions import Kind, Leg, Role, Transaction

MAIN: Final = WalletId(UUID(int=1))
COLD: Final = WalletId(UUID(int=2))
ATTIC: Final = WalletId(UUID(int=3))
OUTSIDE: Final = None

BTC, ETH, BNB, USD, EUR = (
    AssetId(name) for name in ("bitcoin", "ethereum", "binancecoin", "usd", "eur")
)


def day(number: int) -> datetime:
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=number)


def leg(
    quantity: str | Decimal,
    asset: str = BTC,
    *,
    value: str | Decimal = "0",
    wallet: WalletId | None = MAIN,
    role: Role = Role.PRINCIPAL,
) -> Leg:
    return Leg(wallet, AssetId(asset), Decimal(quantity), role, Decimal(value))


def fee(
    quantity: str | Decimal,
    asset: str = USD,
    *,
    value: str | Decimal | None = None,
    wallet: WalletId | None = OUTSIDE,
    role: Role = Role.FEE,
) -> Leg:
    """`quantity` is what was paid; without `value` it is worth itself."""
    paid = Decimal(quantity)
    return Leg(wallet, AssetId(asset), -paid, role, paid if value is None else Decimal(value))


def entry(kind: Kind, *legs: Leg, at: datetime | None = None, currency: str = USD) -> Transaction:
    return Transaction(TransactionId(new_id()), kind, at or day(1), AssetId(currency), legs)


def buy(
    quantity: str | Decimal,
    *,
    value: str | Decimal,
    paid_fee: str | Decimal = "0",
    asset: str = BTC,
    wallet: WalletId = MAIN,
    at: datetime | None = None,
    currency: str = USD,
) -> Transaction:
    """A purchase with money from outside; `value` is the whole price, `paid_fee` comes on top."""
    legs = [
        leg(quantity, asset, value=value, wallet=wallet),
        leg(-Decimal(value), currency, value=value, wallet=OUTSIDE),
    ]
    if Decimal(paid_fee):
        legs.append(fee(paid_fee, currency))
    return entry(Kind.BUY, *legs, at=at, currency=currency)


def sell(
    quantity: str | Decimal,
    *,
    value: str | Decimal,
    paid_fee: str | Decimal = "0",
    asset: str = BTC,
    wallet: WalletId = MAIN,
    at: datetime | None = None,
    currency: str = USD,
) -> Transaction:
    """A sale for money that leaves the books."""
    legs = [
        leg(-Decimal(quantity), asset, value=value, wallet=wallet),
        leg(value, currency, value=value, wallet=OUTSIDE),
    ]
    if Decimal(paid_fee):
        legs.append(fee(paid_fee, currency))
    return entry(Kind.SELL, *legs, at=at, currency=currency)


def transfer(
    quantity: str | Decimal,
    *fees: Leg,
    asset: str = BTC,
    source: WalletId = MAIN,
    target: WalletId = COLD,
    at: datetime | None = None,
) -> Transaction:
    out = leg(-Decimal(quantity), asset, wallet=source)
    return entry(Kind.TRANSFER, out, leg(quantity, asset, wallet=target), *fees, at=at)
