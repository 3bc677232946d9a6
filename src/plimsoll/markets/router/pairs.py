"""What a path or a query names: pairs and moments."""

import re
from datetime import datetime
from typing import Annotated, Final

from fastapi import Path
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from plimsoll.kernel.clock import to_ms
from plimsoll.markets.domain.assets import MAX_NAME_LENGTH, Asset
from plimsoll.markets.domain.prices import Pair
from plimsoll.markets.service.candles import Candles
from plimsoll.markets.service.overview import UnknownPair
from plimsoll.markets.service.prices import Prices
from plimsoll.markets.service.reading import LAST_MS

AssetName = Annotated[
    str,
    Path(max_length=MAX_NAME_LENGTH, description="An asset's id, or its symbol", examples=["btc"]),
]

DIGITS: Final = re.compile(r"\d{1,15}", re.ASCII)
DATE_AND_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", re.ASCII)
OFFSET: Final = re.compile(r" (\d\d:\d\d)$", re.ASCII)


class Named:
    """A pair with its two assets."""

    __slots__ = ("base", "name", "pair", "quote")

    def __init__(self, base: Asset, quote: Asset) -> None:
        self.base, self.quote = base, quote
        self.pair = Pair(base.id, quote.id)
        self.name = f"{base.symbol}/{quote.symbol}"


def find_pair(prices: Prices, candles: Candles, base: str, quote: str) -> Named | None:
    """The pair of these two names, if anybody ever priced or traded it."""
    priced, unit = prices.catalogue.find(base), prices.catalogue.find(quote)
    if priced is None or unit is None:
        return None
    named = Named(priced, unit)
    return named if candles.knows(named.pair) or _is_priced(prices, named.pair) else None


def _is_priced(prices: Prices, pair: Pair) -> bool:
    try:
        prices.board.get_entry(pair)
    except KeyError:
        return False
    return True


def get_pair(prices: Prices, candles: Candles, base: str, quote: str) -> Named:
    """As `find_pair`; raises UnknownAsset and UnknownPair."""
    found = find_pair(prices, candles, base, quote)
    if found is None:
        named = Named(prices.catalogue.resolve(base), prices.catalogue.resolve(quote))
        raise UnknownPair(
            f"nobody ever priced {named.base.symbol} in {named.quote.symbol} directly",
            facts={"base": named.base.id, "quote": named.quote.id},
        )
    return found


def _read_ms(value: object) -> object:
    """Milliseconds since 1970, or RFC 3339 with an offset, as a query has it."""
    if isinstance(value, str):
        if DIGITS.fullmatch(value):
            return int(value)
        text = OFFSET.sub(r"+\1", value)  # a plus in a query is a blank
        if DATE_AND_TIME.match(text):
            try:
                at = datetime.fromisoformat(text.upper())
                if at.tzinfo is not None:
                    return to_ms(at)
            except (ValueError, OverflowError):
                pass
    raise PydanticCustomError(
        "not-a-time", "a time is 2024-01-31T12:00:00Z, or milliseconds since 1970"
    )


TimeMs = Annotated[
    int,
    BeforeValidator(_read_ms, json_schema_input_type=str),
    Field(ge=0, le=LAST_MS),
]
