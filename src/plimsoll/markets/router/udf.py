"""The feed that charting libraries know as UDF: a few routes with shapes of their own.

Times are seconds, values are numbers, and a column is a list. A symbol is `BTC/USD`; what it means
is looked up as everywhere. A refusal is a problem as everywhere, with the members `s` and `errmsg`
that a chart looks for.
"""

from math import floor, log10
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from fastapi.responses import PlainTextResponse

from plimsoll.access.guards import Anyone
from plimsoll.kernel.errors import Invalid, NotFound
from plimsoll.markets.domain.candles import Candle, Interval
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.router.pairs import Named, find_pair
from plimsoll.markets.service.candles import Candles, CandlesDep
from plimsoll.markets.service.prices import Prices, PricesDep
from plimsoll.plumbing.problems import problems

router = APIRouter(prefix="/udf", tags=["charts"])

RESOLUTIONS: Final = {
    "1S": Interval.SECOND,
    "1": Interval.MINUTE,
    "5": Interval.MINUTES_5,
    "15": Interval.MINUTES_15,
    "30": Interval.MINUTES_30,
    "60": Interval.HOUR,
    "240": Interval.HOURS_4,
    "1D": Interval.DAY,
    "1W": Interval.WEEK,
    "1M": Interval.MONTH,
}
ALSO: Final = {"S": "1S", "D": "1D", "W": "1W", "M": "1M"}
MOST_BARS: Final = 5_000
MOST_FOUND: Final = 100
LAST_S: Final = 253_402_300_799
DIGITS: Final = 6
"""Significant digits that a chart shows of a price."""

Symbol = Annotated[str, Query(max_length=200, examples=["BTC/USD"])]
Seconds = Annotated[int, Query(ge=0, le=LAST_S, description="Seconds since 1970")]


class UnknownSymbol(NotFound):
    """No such pair, as a chart asks for it."""

    code = "unknown-symbol"
    title = "No such symbol"


class UnknownResolution(Invalid):
    """A length that no candle here has."""

    code = "unknown-resolution"
    title = "No such resolution"


@router.get("/config")
async def read_chart_config(_: Anyone) -> dict[str, Any]:
    """What this feed can do."""
    return {
        "supported_resolutions": list(RESOLUTIONS),
        "supports_search": True,
        "supports_group_request": False,
        "supports_marks": False,
        "supports_timescale_marks": False,
        "supports_time": True,
    }


@router.get(
    "/time",
    response_model=None,
    response_class=Response,  # a text; refusals are problems, as everywhere
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def read_chart_time(_: Anyone, candles: CandlesDep) -> PlainTextResponse:
    """Seconds since 1970 in the world of these candles; a replay lives in the past."""
    return PlainTextResponse(str(candles.now_ms // 1000))


@router.get("/symbols", responses=problems(UnknownSymbol))
async def read_chart_symbol(
    _: Anyone, prices: PricesDep, candles: CandlesDep, symbol: Symbol
) -> dict[str, Any]:
    """All about one symbol."""
    named = _get_named(prices, candles, symbol)
    newest = await candles.list_candles(named.pair, Interval.DAY, limit=1)
    return {
        "name": _write_name(named),
        "full_name": _write_name(named),
        "ticker": _write_name(named),
        "description": f"{named.base.name} / {named.quote.name}",
        "type": "crypto",
        "session": "24x7",
        "timezone": "Etc/UTC",
        "exchange": "Plimsoll",
        "listed_exchange": "Plimsoll",
        "currency_code": named.quote.symbol.upper(),
        "format": "price",
        "minmov": 1,
        "pricescale": _scale(newest[-1].close if newest else 1.0),
        "has_intraday": True,
        "intraday_multipliers": ["1", "5", "15", "30", "60", "240"],
        "has_seconds": True,
        "seconds_multipliers": ["1"],
        "has_daily": True,
        "has_weekly_and_monthly": True,
        "supported_resolutions": list(RESOLUTIONS),
        "volume_precision": 8,
        "data_status": "streaming",
    }


@router.get("/search")
async def search_chart_symbols(
    _: Anyone,
    prices: PricesDep,
    candles: CandlesDep,
    query: Annotated[str, Query(max_length=100)] = "",
    type_: Annotated[str, Query(alias="type", max_length=100)] = "",
    exchange: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=MOST_FOUND)] = 30,
) -> list[dict[str, str]]:
    """Symbols with this text in their name or description."""
    if type_ not in {"", "crypto"} or exchange not in {"", "Plimsoll"}:
        return []
    wanted, found = query.lower(), list[dict[str, str]]()
    for pair in candles.list_pairs():
        named = _name(prices, pair)
        if named is None:
            continue
        name, description = _write_name(named), f"{named.base.name} / {named.quote.name}"
        if wanted in name.lower() or wanted in description.lower():
            found.append(
                {
                    "symbol": name,
                    "full_name": name,
                    "ticker": name,
                    "description": description,
                    "exchange": "Plimsoll",
                    "type": "crypto",
                }
            )
    found.sort(key=lambda each: (not each["symbol"].lower().startswith(wanted), each["symbol"]))
    return found[:limit]


@router.get("/history", responses=problems(UnknownSymbol, UnknownResolution))
async def read_chart_history(
    _: Anyone,
    prices: PricesDep,
    candles: CandlesDep,
    symbol: Symbol,
    resolution: Annotated[str, Query(max_length=10, examples=["60"])],
    to: Seconds,
    from_: Annotated[int, Query(alias="from", ge=0, le=LAST_S)] = 0,
    countback: Annotated[int | None, Query(ge=1, le=MOST_BARS)] = None,
) -> dict[str, Any]:
    """Bars that open in from … to − 1; with `countback` the newest so many before `to`, whatever
    `from` says. Without any, `nextTime` says when the bar before opens.
    """
    named = _get_named(prices, candles, symbol)
    interval = RESOLUTIONS.get(ALSO.get(resolution, resolution))
    if interval is None:
        detail = f"resolutions are {', '.join(RESOLUTIONS)}"
        raise UnknownResolution(detail, facts={"s": "error", "errmsg": "unknown_resolution"})
    bars = await candles.list_candles(
        named.pair,
        interval,
        from_ms=0 if countback else from_ * 1000,
        to_ms=to * 1000,
        limit=countback or MOST_BARS,
    )
    if bars:
        return _write_bars(bars)
    before = await candles.list_candles(named.pair, interval, to_ms=min(from_, to) * 1000, limit=1)
    answer: dict[str, Any] = {"s": "no_data"}
    if before:
        answer["nextTime"] = before[-1].open_time_ms // 1000
    return answer


def _write_bars(bars: list[Candle]) -> dict[str, Any]:
    return {
        "s": "ok",
        "t": [bar.open_time_ms // 1000 for bar in bars],
        "o": [bar.open for bar in bars],
        "h": [bar.high for bar in bars],
        "l": [bar.low for bar in bars],
        "c": [bar.close for bar in bars],
        "v": [bar.volume for bar in bars],
    }


def _get_named(prices: Prices, candles: Candles, symbol: str) -> Named:
    """The pair that `BTC/USD` or `PLIMSOLL:BTC/USD` means; raises UnknownSymbol."""
    base, _, quote = symbol.rpartition(":")[2].partition("/")
    named = find_pair(prices, candles, base, quote)
    if named is None:
        facts = {"s": "error", "errmsg": "unknown_symbol"}
        raise UnknownSymbol("a symbol is BTC/USD; /udf/search finds them", facts=facts)
    return named


def _name(prices: Prices, pair: Pair) -> Named | None:
    base, quote = prices.catalogue.find_by_id(pair.base), prices.catalogue.find_by_id(pair.quote)
    return Named(base, quote) if base and quote else None


def _write_name(named: Named) -> str:
    """By symbols where these mean the assets, else by ids."""
    return "/".join(
        asset.symbol.upper() if asset.primary else asset.id for asset in (named.base, named.quote)
    )


def _scale(price: float) -> int:
    """The power of ten that shows DIGITS digits of `price`, at least cents."""
    return int(10 ** min(16, max(2, DIGITS - 1 - floor(log10(price)))))
