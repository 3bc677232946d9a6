"""Against a real server on loopback that plays CoinGecko well and badly."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import stamina
from pydantic import SecretStr
from structlog.testing import capture_logs

from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import AssetId
from plimsoll.kernel.money import format_amount
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.domain.feeds import Interest
from plimsoll.markets.domain.prices import Tick
from plimsoll.markets.service import load_catalogue
from plimsoll.markets.sources import coingecko
from plimsoll.markets.sources.coingecko import CoinGeckoRefused, CoinGeckoSource, open_coingecko
from plimsoll.plumbing.outbound import Outbound, SourceRestricted
from plimsoll.settings import Settings
from tests.fakes.clock import START, ManualClock
from tests.fakes.http import FakeServer, Fault, Reply, json_reply

PATH = "/simple/price"
STAMP = int(START.timestamp()) - 40
GOOD = {
    "bitcoin": {"usd": 76975.25, "usd_24h_change": -1.409, "last_updated_at": STAMP},
    "ethereum": {"usd": 3200, "usd_24h_change": None, "last_updated_at": STAMP},
}


@pytest.fixture(autouse=True)
def no_pauses_between_tries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        server.on(PATH, json_reply(GOOD))
        yield server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def outbound(clock: ManualClock) -> AsyncIterator[Outbound]:
    outbound = Outbound(clock)
    yield outbound
    await outbound.aclose()


def open_source(
    server: FakeServer,
    outbound: Outbound,
    clock: ManualClock,
    *,
    interest: Interest | None = None,
    **given: object,
) -> CoinGeckoSource:
    """Two coins in usd, unless told otherwise."""
    settings = Settings.read(
        **{
            "coingecko_url": server.url,
            "coingecko_pro_url": server.url + "/pro",
            "coingecko_currencies": ("usd",),
            "coingecko_top": 2,
            "poll_interval_s": 0.02,
            **given,
        }
    )
    return open_coingecko(settings, outbound, load_catalogue(), clock, interest or Interest())


def brief(ticks: object) -> dict[str, str]:
    assert isinstance(ticks, list)
    return {"/".join(tick.pair): format_amount(tick.price.value) for tick in ticks}


async def test_one_round_is_one_request_for_everything(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    ticks = await open_source(server, outbound, clock).next_ticks()

    assert [(tick.pair, tick.price.value) for tick in ticks] == [
        (("bitcoin", "usd"), Decimal("76975.25")),
        (("ethereum", "usd"), Decimal(3200)),
    ]
    price = ticks[0].price
    assert price.source == "coingecko"
    assert price.at == datetime.fromtimestamp(STAMP, UTC)
    assert price.change_24h == Decimal("-0.01409")
    assert price.simulated is False
    assert ticks[1].price.change_24h is None
    [request] = server.requests
    assert request.query == {
        "ids": "bitcoin,ethereum",
        "vs_currencies": "usd",
        "include_24hr_change": "true",
        "include_last_updated_at": "true",
        "precision": "full",
    }
    assert not {"x-cg-demo-api-key", "x-cg-pro-api-key"} & request.headers.keys()


@pytest.mark.parametrize(
    ("setting", "header", "path"),
    [
        ("coingecko_demo_key", "x-cg-demo-api-key", PATH),
        ("coingecko_pro_key", "x-cg-pro-api-key", "/pro" + PATH),
    ],
)
async def test_a_key_goes_to_its_own_host_in_its_own_header(
    server: FakeServer,
    outbound: Outbound,
    clock: ManualClock,
    setting: str,
    header: str,
    path: str,
) -> None:
    server.on("*", json_reply(GOOD))
    keys: dict[str, Any] = {setting: SecretStr("CG-canary")}
    await open_source(server, outbound, clock, **keys).next_ticks()
    [request] = server.requests
    assert (request.path, request.headers[header]) == (path, "CG-canary")


async def test_every_digit_of_a_price_is_kept(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    body = b'{"bitcoin": {"usd": 76975.123456789012345678}, "ethereum": {"usd": 1.5e-7}}'
    server.on(PATH, Reply(body=body))
    ticks = await open_source(server, outbound, clock).next_ticks()
    assert brief(ticks) == {
        "bitcoin/usd": "76975.123456789012345678",
        "ethereum/usd": "0.00000015",
    }
    assert ticks[0].price.at == clock.now(), "CoinGecko did not say when"


@pytest.mark.parametrize("said", ["0", "-1", "1e99", "1e-99", "1e999999", '"NaN"'])
async def test_an_absurd_price_is_dropped_and_the_rest_is_used(
    server: FakeServer, outbound: Outbound, clock: ManualClock, said: str
) -> None:
    body = f'{{"bitcoin": {{"usd": {said}}}, "ethereum": {{"usd": 3200, "last_updated_at": 1e99}}}}'
    server.on(PATH, Reply(body=body.encode()))
    with capture_logs() as logs:
        ticks = await open_source(server, outbound, clock).next_ticks()
    assert brief(ticks) == {"ethereum/usd": "3200"}
    assert [entry["coin"] for entry in logs if entry["event"] == "price_dropped"] == ["bitcoin"]


@pytest.mark.parametrize("said", ['"NaN"', '"sNaN"', "1e9999999", "-1e9999999", "-100", "null"])
async def test_a_price_is_used_without_what_is_absurd_about_it(
    server: FakeServer, outbound: Outbound, clock: ManualClock, said: str
) -> None:
    row = f'{{"usd": 3200, "usd_24h_change": {said}, "last_updated_at": {said}}}'
    server.on(PATH, Reply(body=f'{{"bitcoin": {row}, "ethereum": {row}}}'.encode()))
    ticks = await open_source(server, outbound, clock).next_ticks()
    assert [(tick.price.change_24h, tick.price.at) for tick in ticks] == [(None, clock.now())] * 2


async def test_a_missing_coin_is_said_once_and_never_becomes_0(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    server.on(PATH, json_reply({"bitcoin": {"usd": 1}, "not-asked-for": {"usd": 2}}))
    source = open_source(server, outbound, clock)
    with capture_logs() as logs:
        first = await source.next_ticks()
        clock.advance(1)
        await source.next_ticks()
    assert brief(first) == {"bitcoin/usd": "1"}
    assert [entry["coins"] for entry in logs if entry["event"] == "coins_without_price"] == [
        ["ethereum"]
    ]


async def test_a_stamp_in_the_future_is_now(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    server.on(PATH, json_reply({"bitcoin": {"usd": 1, "last_updated_at": STAMP + 86_400}}))
    with capture_logs():
        [tick] = await open_source(server, outbound, clock).next_ticks()
    assert tick.price.at == clock.now()


ENVELOPE_1 = {"status": {"error_code": 429, "error_message": "You've exceeded the Rate Limit."}}
ENVELOPE_2 = {"error": {"status": {"error_code": 10012, "error_message": "time range"}}}


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (json_reply(ENVELOPE_1, status=401), "code 429"),
        (json_reply(ENVELOPE_2, status=401), "code 10012: time range"),
        (json_reply({"error": "no such thing"}, status=404), "no such thing"),
        (json_reply({"status": {"error_code": 10002, "error_message": "x"}}, status=401), "_KEY"),
        (json_reply(ENVELOPE_1), "status 200, code 429"),
        (Reply(status=403, body=b"<html>error code: 1020</html>"), "status 403"),
        (Reply(body=b'{"bitcoin": {"usd": 76'), "not its JSON"),
        (Reply(body=b"\xff\xfe"), "not its JSON"),
        (Reply(body=b""), "not its JSON"),
        (json_reply([1, 2]), "not its JSON"),
        (json_reply({"bitcoin": {"usd": "free"}}), "code 0"),
        (json_reply({"error": "x" * 10_000}, status=400), "x" * 200),
    ],
)
async def test_a_refusal_is_read_from_what_it_says(
    server: FakeServer, outbound: Outbound, clock: ManualClock, reply: Reply, words: str
) -> None:
    server.on(PATH, reply)
    with pytest.raises(CoinGeckoRefused) as refused:
        await open_source(server, outbound, clock).next_ticks()
    assert words in refused.value.detail
    assert len(refused.value.detail) < 400
    assert len(server.requests) == 1, "what CoinGecko refuses is not asked again at once"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=429, headers={"Retry-After": "119"}),
        Reply(status=503),
        Reply(status=451),
        Reply(body=json.dumps(GOOD).encode(), fault=Fault.TRUNCATED),
        Reply(fault=Fault.RESET),
        Reply(fault=Fault.GARBAGE),
    ],
)
async def test_a_source_that_is_away_says_so_and_comes_back(
    server: FakeServer, outbound: Outbound, clock: ManualClock, reply: Reply
) -> None:
    server.on(PATH, reply)
    source = open_source(server, outbound, clock, coingecko_requests_per_minute=1000)
    with pytest.raises(Unavailable):
        await source.next_ticks()
    server.on(PATH, json_reply(GOOD))
    clock.advance(200)
    assert len(await source.next_ticks()) == 2


async def test_451_names_the_reason(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    server.on(PATH, Reply(status=451))
    with pytest.raises(SourceRestricted):
        await open_source(server, outbound, clock).next_ticks()


async def test_a_limit_reported_as_401_is_waited_for(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    server.on(
        PATH,
        json_reply(ENVELOPE_1, status=401, headers={"Retry-After": "119"}),
        json_reply(GOOD),
    )
    source = open_source(server, outbound, clock)
    with pytest.raises(CoinGeckoRefused) as refused:
        await source.next_ticks()
    assert refused.value.retry_after_s == 119

    clock.advance(100)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(source.next_ticks(), 0.1)
    assert len(server.requests) == 1
    clock.advance(20)
    assert len(await source.next_ticks()) == 2


async def test_what_somebody_wants_joins_the_next_round_and_brings_it_forward(
    server: FakeServer,
    outbound: Outbound,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coingecko, "SHORTEST_PAUSE_S", 0.01)
    interest = Interest()
    source = open_source(server, outbound, clock, interest=interest, poll_interval_s=3600)
    await source.next_ticks()
    waiting = asyncio.ensure_future(source.next_ticks())
    await asyncio.sleep(0.05)
    assert len(server.requests) == 1

    for asset in ("dash", "pln", "bitcoin"):
        interest.add(AssetId(asset))
    await asyncio.wait_for(waiting, 5)

    assert server.requests[1].query["ids"] == "bitcoin,ethereum,dash"
    assert server.requests[1].query["vs_currencies"] == "usd,pln"


async def test_crypto_currencies_go_by_their_code_and_nothing_is_priced_in_itself(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    server.on(PATH, json_reply({"bitcoin": {"btc": 1, "eur": 2}, "ethereum": {"btc": 0.05}}))
    source = open_source(server, outbound, clock, coingecko_currencies=("EUR", "btc"))
    ticks: list[Tick] = list(await source.next_ticks())
    assert brief(ticks) == {"bitcoin/eur": "2", "ethereum/bitcoin": "0.05"}
    assert server.requests[0].query["vs_currencies"] == "eur,btc"


async def test_a_long_list_of_coins_is_asked_for_in_parts(
    server: FakeServer,
    outbound: Outbound,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coingecko, "LONGEST_IDS", 100)
    with capture_logs():
        await open_source(server, outbound, clock, coingecko_top=30).next_ticks()
    parts = [request.query["ids"] for request in server.requests]
    assert len(parts) > 2
    assert max(len(part) for part in parts) <= 100
    assert len({coin for part in parts for coin in part.split(",")}) == 30


async def test_an_unknown_currency_in_the_settings_stops_the_start(
    server: FakeServer, outbound: Outbound, clock: ManualClock
) -> None:
    with pytest.raises(UnknownAssetField) as wrong:
        open_source(server, outbound, clock, coingecko_currencies=("usd", "nope"))
    assert wrong.value.faults[0].pointer == "PLIMSOLL_COINGECKO_CURRENCIES"
