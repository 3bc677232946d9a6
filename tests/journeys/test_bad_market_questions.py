"""Questions about markets that nobody can answer: each gets a problem with a name of its own."""

from typing import Final

import httpx2

NOT_THERE: Final = (
    ("/markets/nothing/usd", "unknown-asset"),
    ("/markets/usd/btc", "unknown-pair"),
    ("/markets/btc/nothing/candles", "unknown-asset"),
    ("/markets/usd/btc/candles", "unknown-pair"),
    ("/markets/usd/btc/candles?fill=previous", "unknown-pair"),
    ("/markets/usd/btc/candles?format=parquet&from=0", "unknown-pair"),
    ("/markets/usd/btc/indicators?names=rsi", "unknown-pair"),
    ("/markets/usd/btc/rating", "unknown-pair"),
    ("/markets/usd/btc/ratings", "unknown-pair"),
    ("/markets/%00/usd/candles", "unknown-asset"),
    ("/prices/usd/btc/history", "unknown-pair"),
    ("/prices/nothing/usd/history", "unknown-asset"),
    ("/udf/symbols?symbol=USD/BTC", "unknown-symbol"),
    ("/udf/history?symbol=BTC&resolution=1&to=1", "unknown-symbol"),
)

CANDLES: Final = "/markets/btc/usd/candles"
INDICATORS: Final = "/markets/btc/usd/indicators"
REFUSED: Final = (
    (f"{CANDLES}?interval=2m", "invalid", "'5m'"),
    (f"{CANDLES}?interval=", "invalid", "'1M'"),
    (f"{CANDLES}?interval=1M%00", "invalid", "'1M'"),
    (f"{CANDLES}?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "bad-range", "later than"),
    (f"{CANDLES}?from=5&to=4", "bad-range", "later than"),
    (f"{CANDLES}?limit=5001", "too-many-rows", "format=csv"),
    (f"{CANDLES}?limit={10**30}", "too-many-rows", "next_to"),
    (f"{CANDLES}?interval=1m&from=0&format=csv&limit=1000000", "too-many-rows", "next_to"),
    (f"{CANDLES}?limit=0", "invalid", "greater than"),
    (f"{CANDLES}?limit=-1", "invalid", "greater than"),
    (f"{CANDLES}?limit=NaN", "invalid", "integer"),
    (f"{CANDLES}?limit=1e3", "invalid", "integer"),
    (f"{CANDLES}?from=-1", "invalid", "milliseconds"),
    (f"{CANDLES}?from=NaN", "invalid", "milliseconds"),
    (f"{CANDLES}?from=Infinity", "invalid", "milliseconds"),
    (f"{CANDLES}?to={10**400}", "invalid", "milliseconds"),
    (f"{CANDLES}?to=10000-01-01T00:00:00Z", "invalid", "milliseconds"),
    (f"{CANDLES}?from=2024-02-30T00:00:00Z", "invalid", "milliseconds"),
    (f"{CANDLES}?from=2024-01-01T00:00:00", "invalid", "milliseconds"),
    (f"{CANDLES}?fill=next", "invalid", "'previous'"),
    (f"{CANDLES}?format=xml", "invalid", "'parquet'"),
    ("/prices/btc/usd/history?window=2h", "invalid", "'24h'"),
    ("/markets/volatility?window=25h", "invalid", "'30d'"),
    ("/markets/volatility?limit=101", "invalid", "less than"),
    ("/markets/volatility?limit=-5", "invalid", "greater than"),
    ("/markets?limit=0", "invalid", "greater than"),
    ("/markets?limit=100000", "invalid", "less than"),
    ("/markets?sort=colour", "invalid", "'volume'"),
    ("/markets?quote=nothing", "unknown-asset-field", "nothing"),
    ("/markets?cursor=%00", "bad-cursor", ""),
    (f"{INDICATORS}?names=astrology(14)", "unknown-indicator", "rsi"),
    (f"{INDICATORS}?names=rsi(0)", "bad-indicator-parameter", "rsi"),
    (f"{INDICATORS}?names=rsi(NaN)", "bad-indicator-parameter", "rsi"),
    (f"{INDICATORS}?names=rsi({10**300})", "bad-indicator-list", "rsi"),
    (f"{INDICATORS}?names=rsi(14", "bad-indicator-list", ""),
    (f"{INDICATORS}?names=", "bad-indicator-list", ""),
    (f"{INDICATORS}?names=rsi&interval=2h", "invalid", "'4h'"),
    (f"{INDICATORS}?names=rsi&from=5&to=4", "backward-range", ""),
    (f"{INDICATORS}?names=rsi&limit=1000000", "too-many-rows", ""),
    (f"{INDICATORS}?names=rsi&limit=-1", "invalid", "greater than"),
    (f"{INDICATORS}", "invalid", "required"),
    ("/markets/btc/usd/rating?interval=3m", "invalid", "'5m'"),
    ("/udf/history?symbol=BTC/USD&resolution=7&to=1", "unknown-resolution", "240"),
    ("/udf/history?symbol=BTC/USD&resolution=1&to=NaN", "invalid", "integer"),
    (f"/udf/history?symbol=BTC/USD&resolution=1&to={10**30}", "invalid", "less than"),
    ("/udf/history?symbol=BTC/USD&resolution=1&to=1&countback=-1", "invalid", "greater than"),
    ("/udf/history?symbol=BTC/USD&resolution=1&to=1&countback=5001", "invalid", "less than"),
    ("/udf/search?limit=101", "invalid", "less than"),
)
"""What the answer has to say besides: what is allowed, or another way."""

PATHS: Final = (
    "/markets",
    "/markets/sources",
    "/markets/volatility",
    "/markets/btc/usd",
    CANDLES,
    INDICATORS,
    "/markets/btc/usd/rating",
    "/markets/btc/usd/ratings",
    "/prices/btc/usd/history",
    "/indicators",
    "/udf/config",
    "/udf/time",
    "/udf/symbols",
    "/udf/search",
    "/udf/history",
)
NAMES: Final = ("base", "cursor", "from", "interval", "limit", "names", "search", "symbol", "to")


async def asked(client: httpx2.AsyncClient, path: str) -> tuple[int, dict[str, str], str]:
    """The status of a refusal, its problem and its whole text."""
    answer = await client.get(path)
    assert answer.status_code >= 400, f"{path}: {answer.text[:200]}"
    assert answer.headers["content-type"] == "application/problem+json", path
    return answer.status_code, answer.json(), answer.text


async def test_what_is_not_there_is_not_found(client: httpx2.AsyncClient) -> None:
    for path, code in NOT_THERE:
        status, problem, _ = await asked(client, path)
        assert (status, problem["code"]) == (404, code), path


async def test_what_cannot_be_meant_is_refused_with_what_is_allowed(
    client: httpx2.AsyncClient,
) -> None:
    wrong = []
    for path, code, hint in REFUSED:
        status, problem, text = await asked(client, path)
        if (status, problem["code"]) != (422, code) or hint not in text:
            wrong.append((path[:100], status, text[:400]))
    assert not wrong


async def test_ten_kilobytes_of_anything_are_no_failure_of_ours(client: httpx2.AsyncClient) -> None:
    for path in PATHS:
        for name in NAMES:
            for piece in ("9", "%00", "%F0%9F%A7%82"):
                answer = await client.get(f"{path}?{name}={piece * (10_000 // len(piece))}")
                assert answer.status_code < 500, (path, name, piece, answer.text[:200])
                if answer.status_code >= 400:
                    assert answer.json()["code"], (path, name, piece)


async def test_the_whole_calendar_may_be_asked_for(client: httpx2.AsyncClient) -> None:
    whole = "from=1970-01-01T00:00:00Z&to=9999-12-31T23:59:59Z"
    for path in (f"{CANDLES}?{whole}", f"{INDICATORS}?names=rsi&to=9999-12-31T23:59:59Z"):
        assert (await client.get(path)).status_code == 200, path
