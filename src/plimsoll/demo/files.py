"""The files that the person of a demo brings: the ledger of a venue, and one that needs a hand.

Both are in the layouts of real venues. The first has faults that only files can have, for what is
written by hand is refused at once: sold more than there was, a coin taken from the wrong wallet, a
reward of something nobody has a price for, a purchase that was written down by hand as well.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from plimsoll.demo.story import CENT, TWICE, TWICE_DAYS_AGO, Market
from plimsoll.kernel.identifiers import AssetId
from plimsoll.markets.domain.assets import USD

CODES: Final = {
    "XXBT": AssetId("bitcoin"),
    "XETH": AssetId("ethereum"),
    "XXRP": AssetId("ripple"),
    "XLTC": AssetId("litecoin"),
    "ADA": AssetId("cardano"),
    "ZUSD": USD,
}
HEADER: Final = '"txid","refid","time","type","subtype","aclass","asset","amount","fee","balance"'
COINBASE_HEADER: Final = (
    "ID,Timestamp,Transaction Type,Asset,Quantity Transacted,Price Currency,Price at Transaction,"
    "Subtotal,Total (inclusive of fees and/or spread),Fees and/or Spread,Notes"
)
TRADES: Final = (
    # days ago, code, quantity: below zero it is sold
    (560, "XXBT", "0.02"),
    (548, "XXRP", "1500"),
    (510, "XETH", "0.4"),
    (447, "ADA", "600"),
    (398, "XXBT", "0.015"),
    (305, "XXRP", "-900"),
    (190, "XETH", "-0.15"),
    (101, "XXRP", "-1100"),  # 500 more than there were
    (64, "XLTC", "-3"),  # which lie in another wallet
)


def kraken_ledgers(market: Market, until: datetime) -> bytes:
    """Purchases, sales, rewards and one deposit of money, with the faults named above."""
    rows = list[str]()
    first = _moment(until, 565)
    rows.append(_row("LD0", "DEP0", first, "deposit", "ZUSD", "12000"))
    for number, (days_ago, code, quantity) in enumerate(TRADES):
        rows += _trade(market, _moment(until, days_ago), f"{number:02}", code, Decimal(quantity))
    rows += _trade(market, _moment(until, TWICE_DAYS_AGO), "99", "XXBT", TWICE)
    for number, days_ago in enumerate(range(420, 60, -60)):
        at = _moment(until, days_ago)
        rows.append(_row(f"LS{number}", f"STK{number}", at, "staking", "ADA", "4.2"))
    rows.append(_row("LK1", "STKK", _moment(until, 140), "staking", "KAVA", "12.5"))
    return "\n".join((HEADER, *rows, "")).encode()


def _moment(until: datetime, days_ago: int) -> datetime:
    return until - timedelta(days=days_ago) + timedelta(hours=11, minutes=30)


def _trade(
    market: Market, at: datetime, number: str, code: str, quantity: Decimal
) -> Sequence[str]:
    value = (abs(quantity) * market.at(CODES[code], at)).quantize(CENT)
    money = -value if quantity > 0 else value
    fee = (value * Decimal("0.0026")).quantize(CENT)
    return (
        _row(f"LM{number}", f"TR{number}", at, "trade", "ZUSD", f"{money:f}", fee=f"{fee:f}"),
        _row(f"LC{number}", f"TR{number}", at, "trade", code, f"{quantity:f}"),
    )


def _row(
    txid: str, refid: str, at: datetime, kind: str, code: str, amount: str, *, fee: str = "0"
) -> str:
    moment = at.strftime("%Y-%m-%d %H:%M:%S")
    return f'"{txid}","{refid}","{moment}","{kind}","","currency","{code}",{amount},{fee},""'


def coinbase_history(market: Market, until: datetime) -> bytes:
    """A short history with two rows that cannot be read: it is left for its person to mend."""
    lines = [
        "Transactions",
        "User,Demo,00000000-0000-0000-0000-000000000000",
        COINBASE_HEADER,
    ]
    for number, (days_ago, asset, symbol, quantity) in enumerate(
        (
            (28, "bitcoin", "BTC", "0.004"),
            (21, "ethereum", "ETH", "0.08"),
            (14, "solana", "SOL", "1.5"),
            (7, "bitcoin", "BTC", "0.0035"),
        )
    ):
        at = _moment(until, days_ago)
        price = market.at(AssetId(asset), at).quantize(CENT)
        value = (price * Decimal(quantity)).quantize(CENT)
        fee = (value * Decimal("0.01")).quantize(CENT)
        lines.append(
            f"cb{number},{at:%Y-%m-%d %H:%M:%S} UTC,Buy,{symbol},{quantity},USD,${price},"
            f"${value},${value + fee},${fee},Bought {quantity} {symbol} for {value + fee} USD"
        )
    at = _moment(until, 5)
    lines += [
        f"cb8,{at:%Y-%m-%d %H:%M:%S} UTC,Buy,BTC,a bit,USD,$1,$1,$1,$0,the quantity is no number",
        "cb9,yesterday,Buy,ETH,0.05,USD,$1,$1,$1,$0,the moment is no date",
    ]
    return "\n".join((*lines, "")).encode()
