"""The twenty assets of the measured portfolio, with USD prices for services without a feed."""

from decimal import Decimal
from typing import Final

PRICES: Final = {
    "bitcoin": Decimal("60000.12"),
    "ethereum": Decimal("3000.45"),
    "tether": Decimal("1.0002"),
    "binancecoin": Decimal("580.31"),
    "solana": Decimal("145.27"),
    "usd-coin": Decimal("0.9999"),
    "ripple": Decimal("0.5213"),
    "dogecoin": Decimal("0.1234"),
    "cardano": Decimal("0.4512"),
    "tron": Decimal("0.1198"),
    "avalanche-2": Decimal("28.44"),
    "chainlink": Decimal("13.92"),
    "polkadot": Decimal("6.31"),
    "litecoin": Decimal("71.08"),
    "bitcoin-cash": Decimal("372.55"),
    "stellar": Decimal("0.0921"),
    "uniswap": Decimal("8.14"),
    "monero": Decimal("162.20"),
    "cosmos": Decimal("6.05"),
    "near": Decimal("4.87"),
}
