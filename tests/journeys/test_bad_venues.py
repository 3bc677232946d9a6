"""A venue that lies, stammers, falls silent, refuses and dies.

Whatever it does, the last good price stays with its age, the sources say what is wrong, another
source steps in for the pair that it has, and what was missed is in the candles in the end: over
HTTP and in PostgreSQL they are what was traded, minute by minute.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from plimsoll.markets.service import opening
from plimsoll.markets.sources.binance import open_binance
from plimsoll.settings import Settings
from tests.fakes.binance import Trouble
from tests.journeys.venue_desk import IDS, PAIRS, QUICK, SUBSTITUTE, Desk, impatient

__all__ = ["impatient"]

pytestmark = pytest.mark.xdist_group("venues")

Mangle = Callable[[str], list[str]]


def halve(text: str) -> list[str]:
    return [text[: len(text) // 2]]


def twice(text: str) -> list[str]:
    return [text, text]


def late() -> Mangle:
    """Each message after the one that follows it."""
    held = list[str]()

    def reorder(text: str) -> list[str]:
        held.append(text)
        return [held.pop(), held.pop()] if len(held) > 1 else []

    return reorder


PRICES = frozenset("cohlp")


def change(content: Any, write: Callable[[str], object]) -> Any:
    """A message with every price of it written anew."""
    if isinstance(content, list):
        return [change(each, write) for each in content]
    if isinstance(content, dict):
        return {
            name: write(value)
            if name in PRICES and isinstance(value, str)
            else change(value, write)
            for name, value in content.items()
        }
    return content


def with_prices(write: Callable[[str], object]) -> Mangle:
    return lambda text: [json.dumps(change(json.loads(text), write))]


def a_thousandfold(text: str) -> str:
    return str(Decimal(text) * 1000)


NOISE: dict[str, Mangle] = {
    "half JSON": halve,
    "numbers for texts": with_prices(float),
    "lists for texts": with_prices(lambda text: [text]),
    "no prices": with_prices(lambda _: "NaN"),
    "zero": with_prices(lambda _: "0"),
    "below zero": with_prices(lambda text: f"-{text}"),
}
"""Nothing of it can be used."""

DOORS: dict[int, str] = {
    429: "source-rate-limited",
    418: "source-rate-limited",
    451: "source-restricted",
    503: "source-unreachable",
}
"""How a handshake is refused, and what the sources say."""


@pytest.fixture
async def desk(settings: Settings, database_url: str) -> AsyncIterator[Desk]:
    """A minute of its world takes two seconds."""
    async with Desk(settings, database_url, speed=30) as desk:
        yield desk


async def price_of(desk: Desk, pair: str) -> dict[str, Any]:
    found: dict[str, Any] = await desk.read(f"/markets/{pair}")
    return found


async def shows_the_loss(desk: Desk, error: str) -> None:
    """Binance is said to be away, one pair has another source, the others their last good price."""
    found = await desk.until_said(state="degraded", error=error)
    assert (found["pairs"], found["failures"] > 0) == (2, True)
    substitute = await price_of(desk, "eth/btc")
    assert (substitute["source"], substitute["price"]) == ("coingecko", SUBSTITUTE)
    before = await price_of(desk, "bnb/usdt")
    await asyncio.sleep(0.2)
    after = await price_of(desk, "bnb/usdt")
    assert (before["source"], before["source_state"]) == ("binance", "degraded")
    assert after["price"] == before["price"]
    assert after["age_ms"] >= before["age_ms"] + 200


async def test_a_venue_that_goes_away_in_every_way_leaves_no_trace_in_the_candles(
    desk: Desk,
) -> None:
    fake = desk.binance
    async with desk.open():
        await desk.until_live()

        fake.silent = True
        await shows_the_loss(desk, "source-timeout")
        await asyncio.sleep(2.5)
        fake.silent = False
        await desk.until_live()

        await fake.kill()
        await shows_the_loss(desk, "source-unreachable")
        await asyncio.sleep(2.5)
        fake.refuse_sockets = Trouble(status=500)
        await fake.start()
        for status, code in DOORS.items():
            fake.refuse_sockets = Trouble(status=status, headers={"Retry-After": "0"})
            await desk.until_said(state="degraded", error=code)
        fake.answer(
            "/api/v3/klines",
            Trouble(status=429, headers={"Retry-After": "1"}),
            Trouble(status=500),
            Trouble(body=b'[[1767225600000,"1","2"'),
            Trouble(cut=True),
        )
        fake.refuse_sockets = None
        await desk.until_live()
        await asyncio.sleep(2.5)
        to_ms = await desk.until_mended()
    for pair in PAIRS:
        assert await desk.stored(pair, to_ms=to_ms) == desk.truth(pair, to_ms=to_ms)
        assert len(desk.truth(pair, to_ms=to_ms)) >= 4
    assert len(fake.asked("/api/v3/klines")) > 4, "asked again after each refusal"


async def test_a_venue_that_talks_nonsense_confirms_no_price_and_makes_no_candle(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = replace(QUICK, idle_s=5.0, open_timeout_s=5.0)  # it is never silent
    monkeypatch.setitem(
        opening.VENUES, "binance", partial(open_binance, terms=patient, settle_s=0.05)
    )
    async with desk.open():
        await desk.until_live()
        for mangle in (twice, late()):  # neither is a reason to say anything
            desk.binance.mangle = mangle
            await asyncio.sleep(1)
            assert (await desk.source())["error"] is None
        for mangle in NOISE.values():
            desk.binance.mangle = mangle
            await shows_the_loss(desk, "source-unreadable")
            desk.binance.mangle = lambda text: [text]
            await desk.until_live()
        to_ms = await desk.until_mended()
    for pair in PAIRS:
        assert await desk.stored(pair, to_ms=to_ms) == desk.truth(pair, to_ms=to_ms)


async def test_prices_a_thousand_times_too_high_are_flagged_and_used_nowhere(desk: Desk) -> None:
    async with desk.open():
        await desk.until_live()
        await asyncio.sleep(2.5)
        asked = (
            {"channel": "sources"},
            {"channel": "prices", "symbols": list(PAIRS)},
            {"channel": "candles", "symbols": ["bnb/usdt"], "interval": "1m"},
        )
        async with desk.hearing(*asked) as frames:
            desk.binance.mangle = with_prices(a_thousandfold)
            pairs = {"/".join(pair) for pair in IDS.values()}
            wanted = {("implausible", pair) for pair in pairs}
            wanted |= {("suspicious-price", pair) for pair in pairs}
            await desk.until(desk.flags, wanted.issubset, "both kinds of flags")
            await asyncio.sleep(2.5)  # a minute ends like this
            for pair in PAIRS:
                found = await price_of(desk, pair)
                assert Decimal(found["price"]) < 200_000
                assert {flag["kind"] for flag in found["flags"]} >= {"implausible"}
            desk.binance.mangle = lambda text: [text]
            to_ms = await desk.until_mended()
            gone = ("suspicious-price", "binancecoin/tether")
            await desk.until(desk.flags, lambda it: gone not in it, "the doubt is over")
        heard = {
            (flag["kind"], f"{flag['base']}/{flag['quote']}")
            for frame in frames
            for flag in frame.get("flags", ())
        }
        assert heard >= wanted
        prices = [Decimal(frame["price"]) for frame in frames if frame.get("price")]
        highs = [Decimal(row["high"]) for frame in frames for row in frame.get("candles", ())]
        assert max(prices) < 200_000
        assert max(highs) < 1_000
    for pair in PAIRS:
        assert await desk.stored(pair, to_ms=to_ms) == desk.truth(pair, to_ms=to_ms)


async def test_after_twenty_kills_of_the_venue_and_one_of_the_service_no_minute_is_wrong(
    settings: Settings, database_url: str
) -> None:
    """Shown in PostgreSQL; the service is away for some minutes between two halves."""
    dice = random.Random(5)  # noqa: S311 - moments, not secrets
    async with Desk(settings, database_url, speed=60) as desk:

        async def kill_ten_times() -> None:
            for _ in range(10):
                await asyncio.sleep(dice.uniform(0.2, 0.6))
                await desk.binance.kill()
                await asyncio.sleep(dice.uniform(0.0, 0.3))
                await desk.binance.start()

        async with desk.open():
            await desk.until_live()
            await kill_ten_times()
        await asyncio.sleep(4)
        async with desk.open():
            await kill_ten_times()
            await desk.until_live()
            to_ms = await desk.until_mended()
        for pair in PAIRS:
            truth = desk.truth(pair, to_ms=to_ms)
            assert len(truth) >= 15
            assert await desk.stored(pair, to_ms=to_ms) == truth
