"""What ships: the instruments a new venue begins with, and the check every one of them passes.

Grids (tick, step), fees and limits are ours, near to what large venues use. The brackets of
BTC-PERP are those of Binance's BTCUSDT as of 2026-09, whole; those of DOGE-PERP are its DOGEUSDT as
far as we have them, the bracket from 4,000,000 on, where a cap of ours ends the table. All other
tables are ours: half the leverage and more maintenance than large venues ask, because a paper
market is thin.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import AssetId
from plimsoll.trading.domain.brackets import check_brackets, make_brackets
from plimsoll.trading.domain.instruments import (
    MILLION,
    MONEY,
    Bracket,
    Fees,
    Instrument,
    InstrumentKind,
)

TETHER: Final = AssetId("tether")

PERPETUAL_FEES: Final = (Fees(200, 500), Fees(160, 400), Fees(100, 300))
SPOT_FEES: Final = (Fees(1_000, 1_000), Fees(800, 900), Fees(600, 800))

BTC_BRACKETS: Final = make_brackets(
    [
        (0, 4_000, 150),
        (300_000, 5_000, 100),
        (800_000, 6_500, 75),
        (3_000_000, 10_000, 50),
        (12_000_000, 20_000, 25),
        (70_000_000, 25_000, 20),
        (100_000_000, 50_000, 10),
        (230_000_000, 100_000, 5),
        (480_000_000, 125_000, 4),
        (600_000_000, 150_000, 3),
        (800_000_000, 250_000, 2),
        (1_200_000_000, 500_000, 1),
    ],
    cap=1_800_000_000,
)
"""Binance BTCUSDT, 2026-09."""

DOGE_BRACKETS: Final = make_brackets(
    [
        (0, 6_500, 75),
        (80_000, 10_000, 50),
        (150_000, 12_500, 40),
        (750_000, 20_000, 25),
        (2_000_000, 25_000, 20),
        (4_000_000, 50_000, 10),
    ],
    cap=10_000_000,
)
"""Binance DOGEUSDT, 2026-09, without what it has above; the cap is ours."""

LARGE_BRACKETS: Final = make_brackets(
    [
        (0, 6_000, 75),
        (250_000, 10_000, 50),
        (1_000_000, 20_000, 25),
        (5_000_000, 50_000, 10),
        (25_000_000, 100_000, 5),
        (75_000_000, 250_000, 2),
        (150_000_000, 500_000, 1),
    ],
    cap=250_000_000,
)
"""Ours, for the second largest coin."""

MEDIUM_BRACKETS: Final = make_brackets(
    [
        (0, 10_000, 50),
        (100_000, 15_000, 33),
        (500_000, 25_000, 20),
        (2_000_000, 50_000, 10),
        (8_000_000, 100_000, 5),
        (20_000_000, 250_000, 2),
        (40_000_000, 500_000, 1),
    ],
    cap=60_000_000,
)
"""Ours, for coins that trade much everywhere."""

SMALL_BRACKETS: Final = make_brackets(
    [
        (0, 15_000, 25),
        (25_000, 25_000, 20),
        (150_000, 50_000, 10),
        (750_000, 100_000, 5),
        (2_000_000, 250_000, 2),
        (4_000_000, 500_000, 1),
    ],
    cap=6_000_000,
)
"""Ours, for all others."""


class InstrumentRefused(Invalid):
    """An instrument with which the machine could not compute exactly, or not at all."""

    code = "instrument-refused"
    title = "The instrument is not valid"


def unit_of(tick: Decimal, step: Decimal) -> int:
    """The money of one tick times one step, which has to be whole."""
    if tick <= 0 or step <= 0:
        raise InstrumentRefused("tick and step must be above 0")
    unit = tick * step * MONEY
    if unit != int(unit) or step * MONEY != int(step * MONEY):
        raise InstrumentRefused(
            "a step, and a tick times a step, must be whole hundred-millionths",
            facts={"tick": str(tick), "step": str(step)},
        )
    return int(unit)


def check_instrument(instrument: Instrument) -> None:
    """Refuse what the machine could not run; a table of brackets by its own errors."""
    if instrument.unit != unit_of(instrument.tick, instrument.step):
        raise InstrumentRefused("the unit is not tick × step in hundred-millionths")
    if instrument.kind is InstrumentKind.PERPETUAL:
        check_brackets(instrument.brackets)
        if not 1 <= instrument.funding_interval_h <= 24 or 24 % instrument.funding_interval_h:  # noqa: PLR2004 -- hours of a day
            raise InstrumentRefused("the funding interval must divide a day into hours")
    elif instrument.brackets:
        raise InstrumentRefused("a spot instrument has no brackets")
    if not instrument.fees:
        raise InstrumentRefused("fees for tier 0 are missing")
    if any(
        abs(each.maker_ppm) > each.taker_ppm or each.taker_ppm >= MILLION
        for each in instrument.fees
    ):
        raise InstrumentRefused("a rebate or a maker fee may not be more than the taker fee")
    if not 0 < instrument.band_ppm < MILLION:
        raise InstrumentRefused("the price band must be above 0 and below the whole price")
    if min(instrument.minimum_notional, instrument.most_quantity, instrument.most_orders) <= 0:
        raise InstrumentRefused("minimum notional, most quantity and most orders must be above 0")
    if not 0 <= instrument.liquidation_fee_ppm < MILLION:
        raise InstrumentRefused("the liquidation fee must be from 0 to below the whole notional")


def _perpetual(
    name: str,
    asset: str,
    *,
    tick: str,
    step: str,
    most: int,
    brackets: tuple[Bracket, ...],
    band_ppm: int = 100_000,
) -> Instrument:
    """`most`, the largest order, in whole coins."""
    return Instrument(
        symbol=f"{name}-PERP",
        kind=InstrumentKind.PERPETUAL,
        base=AssetId(asset),
        settle=TETHER,
        tick=Decimal(tick),
        step=Decimal(step),
        unit=unit_of(Decimal(tick), Decimal(step)),
        minimum_notional=5 * MONEY,
        most_quantity=int(most / Decimal(step)),
        band_ppm=band_ppm,
        fees=PERPETUAL_FEES,
        brackets=brackets,
        liquidation_fee_ppm=12_000,
    )


def _spot(name: str, asset: str, *, tick: str, step: str, most: int) -> Instrument:
    return Instrument(
        symbol=f"{name}-USDT",
        kind=InstrumentKind.SPOT,
        base=AssetId(asset),
        settle=TETHER,
        tick=Decimal(tick),
        step=Decimal(step),
        unit=unit_of(Decimal(tick), Decimal(step)),
        minimum_notional=5 * MONEY,
        most_quantity=int(most / Decimal(step)),
        band_ppm=100_000,
        fees=SPOT_FEES,
    )


DEFAULT_INSTRUMENTS: Final = (
    _perpetual(
        "BTC",
        "bitcoin",
        tick="0.1",
        step="0.001",
        most=1_000,
        brackets=BTC_BRACKETS,
        band_ppm=50_000,
    ),
    _perpetual(
        "ETH",
        "ethereum",
        tick="0.01",
        step="0.001",
        most=10_000,
        brackets=LARGE_BRACKETS,
        band_ppm=50_000,
    ),
    _perpetual("SOL", "solana", tick="0.01", step="0.01", most=100_000, brackets=MEDIUM_BRACKETS),
    _perpetual(
        "XRP", "ripple", tick="0.0001", step="0.1", most=10_000_000, brackets=MEDIUM_BRACKETS
    ),
    replace(
        _perpetual(
            "BNB", "binancecoin", tick="0.01", step="0.01", most=10_000, brackets=MEDIUM_BRACKETS
        ),
        interest=0,
    ),
    _perpetual(
        "DOGE", "dogecoin", tick="0.00001", step="1", most=50_000_000, brackets=DOGE_BRACKETS
    ),
    _perpetual("ADA", "cardano", tick="0.0001", step="1", most=5_000_000, brackets=SMALL_BRACKETS),
    _perpetual("TRX", "tron", tick="0.00001", step="1", most=10_000_000, brackets=SMALL_BRACKETS),
    _perpetual(
        "LINK", "chainlink", tick="0.001", step="0.01", most=200_000, brackets=SMALL_BRACKETS
    ),
    _perpetual(
        "AVAX", "avalanche-2", tick="0.001", step="0.01", most=100_000, brackets=SMALL_BRACKETS
    ),
    _perpetual("LTC", "litecoin", tick="0.01", step="0.001", most=50_000, brackets=SMALL_BRACKETS),
    _perpetual("DOT", "polkadot", tick="0.001", step="0.1", most=500_000, brackets=SMALL_BRACKETS),
    _spot("BTC", "bitcoin", tick="0.01", step="0.00001", most=1_000),
    _spot("ETH", "ethereum", tick="0.01", step="0.0001", most=10_000),
    _spot("SOL", "solana", tick="0.01", step="0.001", most=100_000),
    _spot("XRP", "ripple", tick="0.0001", step="0.1", most=10_000_000),
    _spot("BNB", "binancecoin", tick="0.01", step="0.001", most=10_000),
    _spot("DOGE", "dogecoin", tick="0.00001", step="1", most=50_000_000),
)
"""Perpetuals `BTC-PERP` and spot `BTC-USDT`, all settled in tether."""
