"""The last good price outlives its source and the process, and says how old it is."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes.http import FakeServer, Reply, Request, json_reply
from tests.journeys.service import Service

pytestmark = pytest.mark.xdist_group("stories")

PATH = "/simple/price"
FRESH_S = 60
SOON_STALE_S = 1


def bitcoin_now(_: Request) -> Reply:
    """A price of this very second."""
    return json_reply({"bitcoin": {"usd": 76975.25, "last_updated_at": int(time.time())}})


async def price_of_bitcoin(http: httpx2.AsyncClient) -> Any:
    """The price, once there is one."""
    deadline = time.monotonic() + 20
    while (answer := await http.get("/prices/bitcoin")).status_code == 503:
        assert time.monotonic() < deadline, answer.text
        await asyncio.sleep(0.05)
    return answer.json()


async def test_the_last_good_price_is_kept_when_the_source_is_away(tmp_path: Path) -> None:
    async with FakeServer() as coingecko:
        coingecko.on(PATH, bitcoin_now)

        def make_service(fresh_s: float) -> Service:
            return Service(
                tmp_path / "desk",
                "--feed",
                "live",
                live_sources="coingecko",
                coingecko_url=coingecko.url,
                coingecko_requests_per_minute="10000",
                price_stale_after_s=str(fresh_s),
            )

        service = make_service(FRESH_S)
        await asyncio.to_thread(service.start)
        try:
            token = await service.sign_up("ada@example.org")
            async with service.client(token) as http:
                first = await price_of_bitcoin(http)
                assert (first["price"], first["source"]) == ("76975.25", "coingecko")
                assert first["simulated"] is False
                await http.post(
                    "/holdings", json={"coin_id": "btc", "quantity": "2", "price": "70000"}
                )
            await asyncio.to_thread(service.stop)
            coingecko.on(PATH, json_reply({"error": "gone"}, status=500))
            service = make_service(SOON_STALE_S)  # nobody waits for a minute
            stale_at = datetime.fromisoformat(first["at"]) + timedelta(seconds=SOON_STALE_S)
            await asyncio.sleep(max(0.0, (stale_at - datetime.now(UTC)).total_seconds()))
            age = datetime.now(UTC) - datetime.fromisoformat(first["at"])
            await asyncio.to_thread(service.start)
            async with service.client(token) as http:
                kept = await price_of_bitcoin(http)
                summary = (await http.get("/portfolio/summary")).json()
        finally:
            await asyncio.to_thread(service.kill)
    assert (kept["price"], kept["at"], kept["source"]) == (
        first["price"],
        first["at"],
        first["source"],
    )
    assert kept["age_ms"] > age / timedelta(milliseconds=1)
    assert (first["stale"], kept["stale"], summary["stale"]) == (False, True, True)
    assert (summary["value"], summary["simulated"]) == ("153950.5", False)
