"""What a new venue begins with: its instruments, a maker of the house, and a fund."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from plimsoll.trading.domain.commands import (
    Deposit,
    FundInsurance,
    ListInstrument,
    OpenAccount,
    SetLimits,
)
from plimsoll.trading.domain.instruments import MONEY, Instrument, InstrumentKind
from plimsoll.trading.domain.listing import DEFAULT_INSTRUMENTS, TETHER
from plimsoll.trading.engine.applied import Draft

HOUSE: Final = 1
HOUSE_MONEY: Final = 1_000_000_000 * MONEY
HOUSE_COINS: Final = 10**15
"""Of each asset of a spot pair, in hundred-millionths of the coin."""
INSURANCE: Final = 1_000_000 * MONEY


def first_commands(
    *, account_notional: int, venue_notional: int, orders_per_second: int
) -> Iterator[Draft]:
    """In order; notional limits in hundred-millionths, 0: none."""
    for instrument in DEFAULT_INSTRUMENTS:
        yield partial(_list, instrument)
    yield lambda seq, at_ms: OpenAccount(seq, at_ms, HOUSE, leverage_cap=125, house=True)
    yield lambda seq, at_ms: Deposit(seq, at_ms, HOUSE, str(TETHER), HOUSE_MONEY)
    yield lambda seq, at_ms: Deposit(seq, at_ms, HOUSE, str(TETHER), HOUSE_MONEY, spot=True)
    for instrument in DEFAULT_INSTRUMENTS:
        if instrument.kind is InstrumentKind.SPOT:
            yield partial(_stock, str(instrument.base))
    yield lambda seq, at_ms: FundInsurance(seq, at_ms, INSURANCE)
    yield lambda seq, at_ms: SetLimits(
        seq, at_ms, account_notional, venue_notional, orders_per_second
    )


def _list(instrument: Instrument, seq: int, at_ms: int) -> ListInstrument:
    return ListInstrument(seq, at_ms, instrument)


def _stock(asset: str, seq: int, at_ms: int) -> Deposit:
    return Deposit(seq, at_ms, HOUSE, asset, HOUSE_COINS, spot=True)
