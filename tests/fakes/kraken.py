"""Kraken on loopback: AssetPairs and OHLC, and WebSocket v2 with trade, ticker and heartbeats."""

import json
from collections.abc import Iterator

from plimsoll.kernel.clock import to_ms
from plimsoll.markets.domain.candles import MINUTE_MS
from tests.fakes.venue import Deal, FakeVenue

REST_NAMES = {"BTC/USD": ("XXBTZUSD", "XBTUSD", "XBT/USD"), "ETH/USD": ("XETHZUSD", "ETHUSD", "")}
MOST_ROWS = 720


class FakeKraken(FakeVenue):
    """Products are spelled as in the stream: `BTC/USD`."""

    def deal_messages(self, product: str, deal: Deal) -> Iterator[str]:
        yield _message("trade", "update", [_trade(product, deal)])
        yield _message("ticker", "update", [self._ticker(product)])

    def welcome(self, subscription: dict[str, object]) -> Iterator[str]:
        params = subscription["params"]
        assert isinstance(params, dict)
        channel, symbols = params["channel"], params["symbol"]
        yield json.dumps({"channel": "status", "type": "update", "data": [{"system": "online"}]})
        for symbol in symbols:
            result = {"channel": channel, "symbol": symbol, "snapshot": True}
            yield json.dumps({"method": "subscribe", "result": result, "success": True})
            deals = self.deals.get(symbol, [])
            if not deals:
                continue
            if channel == "trade":
                yield _message("trade", "snapshot", [_trade(symbol, deal) for deal in deals[-50:]])
            else:
                yield _message("ticker", "snapshot", [self._ticker(symbol)])

    def heartbeat_messages(self) -> Iterator[str]:
        yield '{"channel":"heartbeat"}'

    def rest(self, path: str, query: dict[str, str]) -> object:
        if path.endswith("/AssetPairs"):
            return {"error": [], "result": self._listing()}
        assert path.endswith("/OHLC")
        for product, (key, altname, _) in REST_NAMES.items():
            if altname == query["pair"]:
                rows = self._rows(product, int(query["interval"]))
                return {"error": [], "result": {key: rows, "last": rows[-2][0] if rows[1:] else 0}}
        return {"error": ["EQuery:Unknown asset pair"]}

    def _listing(self) -> dict[str, object]:
        listed: dict[str, object] = {
            key: {"altname": altname, "wsname": wsname or product, "status": "online"}
            for product, (key, altname, wsname) in REST_NAMES.items()
            if product in self.deals
        }
        return listed | {str(one.get("altname")): one for one in self.also_listed}

    def _rows(self, product: str, length: int) -> list[list[object]]:
        """The latest 720, with rows where nobody traded; only minutes are known here."""
        assert length == 1
        minutes = self.minutes(product)
        if not minutes:
            return []
        rows = list[list[object]]()
        close = 0.0
        for open_ms in range(min(minutes), to_ms(self.clock.now()) + 1, MINUTE_MS):
            known = minutes.get(open_ms)
            if known:
                close = known.close
                values = (known.open, known.high, known.low, known.close)
                texts = [f"{value:.2f}" for value in values]
                volume, trades = f"{known.volume:.3f}", known.trades
                rows.append([open_ms // 1000, *texts, texts[0], volume, trades])
            else:
                texts = [f"{close:.2f}"] * 4
                rows.append([open_ms // 1000, *texts, "0.0", "0.00000000", 0])
        return rows[-MOST_ROWS:]

    def _ticker(self, product: str) -> dict[str, object]:
        return {
            "symbol": product,
            "bid": 1.0,
            "last": self.deals[product][-1].cents / 100,
            "volume": 10.5,
            "vwap": 100.0,
            "change": 1.0,
            "change_pct": 2.5,
        }


def _trade(product: str, deal: Deal) -> dict[str, object]:
    return {
        "symbol": product,
        "side": "buy",
        "price": deal.cents / 100,
        "qty": deal.mills / 1000,
        "ord_type": "market",
        "trade_id": deal.id,
        "timestamp": deal.stamp,
    }


def _message(channel: str, kind: str, data: list[dict[str, object]]) -> str:
    return json.dumps({"channel": channel, "type": kind, "data": data})
