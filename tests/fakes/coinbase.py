"""Coinbase Exchange on loopback: products and candles, and the feed with matches, ticker_batch and
heartbeat.
"""

import json
from collections.abc import Iterator
from datetime import datetime

from plimsoll.kernel.clock import rfc3339, to_ms
from plimsoll.markets.domain.candles import MINUTE_MS
from tests.fakes.venue import Deal, FakeVenue

MOST_ROWS = 300


class FakeCoinbase(FakeVenue):
    """Products are spelled `BTC-USD`."""

    def deal_messages(self, product: str, deal: Deal) -> Iterator[str]:
        yield _match("match", product, deal)

    def welcome(self, subscription: dict[str, object]) -> Iterator[str]:
        names = subscription["product_ids"]
        assert isinstance(names, list)
        yield json.dumps({"type": "subscriptions", "channels": subscription["channels"]})
        for product in names:
            if deals := self.deals.get(product):
                yield _match("last_match", product, deals[-1])
                yield self.ticker(product)

    def heartbeat_messages(self) -> Iterator[str]:
        for product, deals in self.deals.items():
            yield json.dumps(
                {
                    "type": "heartbeat",
                    "product_id": product,
                    "sequence": 1,
                    "last_trade_id": deals[-1].id if deals else 0,
                    "time": rfc3339(self.clock.now()),
                }
            )

    def ticker(self, product: str) -> str:
        deal = self.deals[product][-1]
        return json.dumps(
            {
                "type": "ticker",
                "product_id": product,
                "sequence": deal.id,
                "price": deal.price,
                "open_24h": "80.00",
                "volume_24h": "10.5",
                "time": deal.stamp,
                "trade_id": deal.id,
            }
        )

    def rest(self, path: str, query: dict[str, str]) -> object:
        if path == "/products":
            return [
                *(
                    {
                        "id": product,
                        "base_currency": product.split("-")[0],
                        "quote_currency": product.split("-")[1],
                        "status": "online",
                        "trading_disabled": False,
                    }
                    for product in self.deals
                ),
                *self.also_listed,
            ]
        product = path.split("/")[2]
        assert query["granularity"] in {"60", "86400"}
        length_ms = int(query["granularity"]) * 1000
        first, last = (to_ms(datetime.fromisoformat(query[name])) for name in ("start", "end"))
        assert (last - first) // length_ms < MOST_ROWS, "they would refuse it"
        if length_ms > MINUTE_MS:
            return self._days(product, first, last)
        return [
            [open_ms // 1000, known.low, known.high, known.open, known.close, known.volume]
            for open_ms, known in sorted(self.minutes(product).items(), reverse=True)
            if first <= open_ms <= last
        ]

    def _days(self, product: str, first_ms: int, last_ms: int) -> list[list[float]]:
        days = {open_ms // 86_400_000 * 86_400 for open_ms in self.minutes(product)}
        return [
            [day, 1, 1, 1, 1, 1]
            for day in sorted(days, reverse=True)
            if first_ms <= day * 1000 <= last_ms
        ]


def _match(kind: str, product: str, deal: Deal) -> str:
    return json.dumps(
        {
            "type": kind,
            "trade_id": deal.id,
            "sequence": deal.id * 3,
            "maker_order_id": "ac928c66-ca53-498f-9c13-a110027a60e8",
            "time": deal.stamp,
            "product_id": product,
            "size": deal.size,
            "price": deal.price,
            "side": "sell",
        }
    )
