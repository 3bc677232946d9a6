"""Where each indicator was first published. What exactly is computed is each formula's own text:
publications leave out how a recursion begins.
"""

from types import MappingProxyType
from typing import Final

COMMON: Final = "Common knowledge; no single source"
WILDER: Final = "J. Welles Wilder, New Concepts in Technical Trading Systems, 1978"

SOURCES: Final = MappingProxyType(
    {
        "sma": COMMON,
        "ema": "R. G. Brown, Exponential Smoothing for Predicting Demand, 1956",
        "wma": COMMON,
        "hma": "Alan Hull, 2005",
        "vwma": COMMON,
        "rsi": WILDER,
        "ultimate": "Larry Williams, Technical Analysis of Stocks & Commodities, 1985",
        "cci": "Donald Lambert, Commodities, October 1980",
        "ao": "Bill Williams, New Trading Dimensions, 1998",
        "momentum": COMMON,
        "roc": COMMON,
        "bullbear": "Alexander Elder, Trading for a Living, 1993",
        "stochastic": "George Lane, Technical Analysis of Stocks & Commodities, 1984",
        "stochrsi": "Tushar Chande and Stanley Kroll, The New Technical Trader, 1994",
        "williams": "Larry Williams, How I Made One Million Dollars, 1973",
        "macd": "Gerald Appel, Technical Analysis: Power Tools for Active Investors, 2005",
        "adx": WILDER,
        "ichimoku": "Goichi Hosoda, 1969",
        "cross": COMMON,
        "bollinger": "John Bollinger, Bollinger on Bollinger Bands, 2001",
        "atr": WILDER,
        "obv": "Joseph Granville, New Key to Stock Market Profits, 1963",
        "vwap": "Berkowitz, Logue and Noser, Journal of Finance 43, 1988",
        "fibonacci": COMMON,
        "pivots": COMMON,
    }
)
