"""Recorded prices: what was bought with bitcoin is valued at the recorded close."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from plimsoll.kernel.clock import to_ms
from tests.journeys.service import Service

pytestmark = pytest.mark.xdist_group("stories")

START = datetime(2021, 3, 4, tzinfo=UTC)
CLOSES = ("0.03121", "0.03187", "0.03099")


def record(folder: Path) -> None:
    """Three candles of five minutes, one row each as in the public archive."""
    rows = []
    for number, close in enumerate(CLOSES):
        opens = START + number * timedelta(minutes=5)
        closes_ms = to_ms(opens + timedelta(minutes=5)) - 1
        rows.append(f"{to_ms(opens)},0.031,0.032,0.030,{close},12.5,{closes_ms},0,1,0,0,0")
    folder.mkdir()
    (folder / "ETHBTC-5m-2021-03.csv").write_text("\n".join(rows) + "\n")


async def test_ether_bought_with_bitcoin_is_worth_the_recorded_close(tmp_path: Path) -> None:
    record(tmp_path / "klines")
    options = ("--feed", "replay", "--replay-dir", str(tmp_path / "klines"))
    with Service(tmp_path / "desk", *options) as service:
        token = await service.sign_up("ada@example.org")
        async with service.client(token) as http:
            purchase = {"coin_id": "eth", "quantity": "4", "price": "0.03", "currency": "btc"}
            bought = await http.post("/holdings", json=purchase)
            assert (bought.status_code, bought.json()["currency"]) == (201, "bitcoin")
            price = (await http.get("/prices/eth/btc/current")).json()
            summary = (await http.get("/portfolio/summary", params={"currency": "btc"})).json()
    assert (price["price"], price["source"], price["simulated"]) == (CLOSES[0], "replay", False)
    assert price["at"] == "2021-03-04T00:04:59.999000Z"
    (line,) = summary["holdings"]
    assert Decimal(line["value"]) == 4 * Decimal(CLOSES[0])
    assert (summary["currency"], summary["cost"], summary["simulated"]) == (
        "bitcoin",
        "0.12",
        False,
    )
    assert Decimal(summary["unrealised_profit"]) == 4 * Decimal(CLOSES[0]) - Decimal("0.12")
    assert (line["at"], line["source"]) == (price["at"], "replay")
    assert summary["unvalued"] == []


def began(service: Service) -> datetime:
    """When the replay did, by the log."""
    lines = [json.loads(line) for line in service.log.splitlines()]
    (at,) = [line["timestamp"] for line in lines if line["event"] == "replay_opened"]
    return datetime.fromisoformat(at)


async def test_the_next_close_comes_when_its_candle_ends(tmp_path: Path) -> None:
    """Not earlier, with its recorded time, and in the end all of them: on a busy machine one of
    them may be over before anybody has looked.
    """
    record(tmp_path / "klines")
    speed, length = 300, timedelta(minutes=5)
    options = ("--feed", "replay", "--replay-dir", str(tmp_path / "klines"))
    with Service(tmp_path / "desk", *options, "--replay-speed", str(speed)) as service:
        seen: list[int] = []
        async with service.client() as http:
            while len(CLOSES) - 1 not in seen:
                found = (await http.get("/prices/eth/btc/current")).json()
                number = CLOSES.index(found["price"])
                closed = datetime.fromisoformat(found["at"]) + timedelta(milliseconds=1)
                assert closed == START + (number + 1) * length
                played = (datetime.now(UTC) - began(service)) * speed
                assert number * length <= played + timedelta(seconds=10)
                seen.append(number)
                await asyncio.sleep(0.05)
            rows = (await http.get("/markets/eth/btc/candles", params={"interval": "5m"})).json()
    assert seen == sorted(seen)
    assert [(row["time_ms"], row["close"]) for row in rows["candles"][: len(CLOSES)]] == [
        (to_ms(START + number * length), close) for number, close in enumerate(CLOSES)
    ]


async def test_a_purchase_in_dollars_has_no_value_where_only_bitcoin_is_recorded(
    tmp_path: Path,
) -> None:
    record(tmp_path / "klines")
    options = ("--feed", "replay", "--replay-dir", str(tmp_path / "klines"))
    with Service(tmp_path / "desk", *options) as service:
        token = await service.sign_up("ada@example.org")
        async with service.client(token) as http:
            purchase = {"coin_id": "eth", "quantity": "4", "price": "2000"}
            assert (await http.post("/holdings", json=purchase)).status_code == 201
            summary = (await http.get("/portfolio/summary")).json()
            (missing,) = summary["unvalued"]
            assert (summary["holdings"], summary["value"]) == ([], "0")
            assert (missing["coin_id"], missing["reason"]) == ("ethereum", "no-price")
            unknown = await http.get("/prices/ethereum")
            assert (unknown.status_code, unknown.json()["code"]) == (503, "price-unavailable")
