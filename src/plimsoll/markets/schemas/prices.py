"""JSON shapes of prices and assets. Money is text without an exponent; times are RFC 3339 UTC."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from plimsoll.markets.domain.assets import Asset, AssetKind


class PriceFacts(BaseModel):
    """What is said of every price."""

    price: str = Field(examples=["64250.12"])
    change_24h: str | None = Field(
        description="A ratio: 0.05 is five percent up; null when the source does not know",
        examples=["0.0123"],
    )
    source: str = Field(examples=["coingecko"])
    via: str | None = Field(
        description="The common quote, where two prices were multiplied", examples=["usd"]
    )
    at: datetime = Field(description="When the price held; of a product, the older of the two")
    age_ms: int = Field(ge=0)
    stale: bool = Field(description="Older than it should be; the last good value")
    simulated: bool = Field(description="Invented: not a price of any market")


class PriceView(PriceFacts):
    """The price of one asset in another, both by id."""

    coin_id: str = Field(examples=["bitcoin"])
    vs: str = Field(examples=["usd"])


class PairPriceView(PriceFacts):
    """The price of a pair; `pair` is written in symbols, `base` and `quote` are ids."""

    pair: str = Field(examples=["btc/usd"])
    base: str = Field(examples=["bitcoin"])
    quote: str = Field(examples=["usd"])


class AssetView(BaseModel):
    id: str = Field(examples=["bitcoin"])
    symbol: str = Field(examples=["btc"])
    name: str = Field(examples=["Bitcoin"])
    kind: AssetKind

    @classmethod
    def of(cls, asset: Asset) -> Self:
        return cls(id=asset.id, symbol=asset.symbol, name=asset.name, kind=asset.kind)
