"""Over HTTP against the real application, on candles that the test stored."""

import csv
import io

import httpx2
import numpy as np
import pytest

from plimsoll.insights.domain.catalogue import CATALOGUE, ask
from plimsoll.insights.domain.rating import COMPONENTS
from plimsoll.insights.domain.series import compute
from plimsoll.insights.service.history import to_bars
from plimsoll.markets.domain.candles import HOUR_MS, Interval
from plimsoll.markets.service.candles import Candles
from tests.insights.desk import HOURS
from tests.markets.candle_desk import NOW_MS, trades

BARS = to_bars(HOURS, Interval.HOUR)
AT = "/markets/btc/usdt"


async def test_indicators_are_columns_beside_the_times(client: httpx2.AsyncClient) -> None:
    answer = await client.get(
        f"{AT}/indicators", params={"names": "rsi(14),macd", "interval": "1h", "limit": 3}
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["pair"], body["base"], body["quote"]) == ("btc/usdt", "bitcoin", "tether")
    assert (body["interval"], body["forming"]) == ("1h", False)
    assert body["time_ms"] == [candle.open_time_ms for candle in HOURS[-3:]]
    assert body["next_to_ms"] == body["time_ms"][0]
    assert body["segments"] == [
        {"row": 0, "since_ms": HOURS[-420].open_time_ms, "bars_before": 417}
    ]
    rsi, macd = body["indicators"]
    assert rsi["columns"]["rsi"] == pytest.approx(
        compute(ask("rsi"), BARS).columns["rsi"][-3:].tolist(), abs=1e-7
    )
    assert macd == {
        "name": "macd",
        "request": "macd(12,26,9)",
        "parameters": {"fast": 12, "slow": 26, "signal": 9},
        "warm_up": 417,
        "displacement": {},
        "columns": macd["columns"],
    }
    assert list(macd["columns"]) == ["line", "signal", "histogram"]


async def test_what_is_undefined_is_null(client: httpx2.AsyncClient) -> None:
    body = (
        await client.get(
            f"{AT}/indicators", params={"names": "sma(5)", "to": HOURS[6].open_time_ms}
        )
    ).json()
    [sma] = body["indicators"]
    assert sma["columns"]["sma"][:4] == [None] * 4
    assert sma["columns"]["sma"][4] == pytest.approx(BARS.close[:5].mean())
    assert body["next_to_ms"] is None


async def test_a_forming_candle_is_told_as_such(
    client: httpx2.AsyncClient, candles: Candles
) -> None:
    price = HOURS[-1].close
    candles.take(trades((1, price, 1.0)), NOW_MS + 1_000)
    body = (await client.get(f"{AT}/indicators", params={"names": "sma(2)", "limit": 1})).json()
    assert (body["time_ms"], body["forming"]) == ([NOW_MS - NOW_MS % HOUR_MS], True)
    assert body["indicators"][0]["columns"]["sma"] == [pytest.approx(price)]


async def test_times_may_be_written_either_way(client: httpx2.AsyncClient) -> None:
    from_ms, to_ms = HOURS[100].open_time_ms, HOURS[110].open_time_ms
    texts = [np.datetime64(ms, "ms").astype(str) + "Z" for ms in (from_ms, to_ms)]
    answers = [
        (await client.get(f"{AT}/indicators", params={"names": "rsi", "from": a, "to": b})).json()
        for a, b in ((from_ms, to_ms), texts)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["time_ms"] == [candle.open_time_ms for candle in HOURS[100:110]]


async def test_as_csv_there_is_a_line_for_each_candle(client: httpx2.AsyncClient) -> None:
    params = {"names": "sma(3),bollinger", "to": str(HOURS[30].open_time_ms), "format": "csv"}
    answer = await client.get(f"{AT}/indicators", params=params)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [int(row["time_ms"]) for row in rows] == [c.open_time_ms for c in HOURS[:30]]
    assert (rows[1]["sma(3).sma"], rows[0]["forming"]) == ("", "0")
    assert float(rows[29]["bollinger(20,2).middle"]) == pytest.approx(BARS.close[10:30].mean())


REFUSED = [
    ("/markets/nosuchcoin/usdt/indicators?names=rsi", 404, "unknown-asset"),
    ("/markets/ltc/usdt/indicators?names=rsi", 404, "unknown-pair"),
    (f"{AT}/indicators", 422, "invalid"),
    (f"{AT}/indicators?names=", 422, "bad-indicator-list"),
    (f"{AT}/indicators?names=chikou", 422, "unknown-indicator"),
    (f"{AT}/indicators?names=rsi(1)", 422, "bad-indicator-parameter"),
    (f"{AT}/indicators?names=rsi&interval=2h", 422, "invalid"),
    (f"{AT}/indicators?names=rsi&from=2&to=1", 422, "backward-range"),
    (f"{AT}/indicators?names=rsi&from=yesterday", 422, "invalid"),
    (f"{AT}/indicators?names=rsi&from=2024-01-31T12:00:00", 422, "invalid"),
    (f"{AT}/indicators?names=rsi&to=999999999999999", 422, "invalid"),
    (f"{AT}/indicators?names=rsi&limit=5001", 422, "too-many-rows"),
    (f"{AT}/indicators?names=rsi&limit=0", 422, "invalid"),
    (f"{AT}/indicators?names=adx(1000)", 422, "too-far-back"),
    (f"{AT}/rating?interval=1y", 422, "invalid"),
    ("/markets/ltc/usdt/rating", 404, "unknown-pair"),
    ("/markets/ltc/usdt/ratings", 404, "unknown-pair"),
]


async def test_a_refusal_has_a_name_and_says_what_is_allowed(client: httpx2.AsyncClient) -> None:
    for path, status, code in REFUSED:
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
    interval = await client.get(f"{AT}/indicators?names=rsi&interval=2h")
    assert "'1h', '4h'" in interval.json()["errors"][0]["message"]
    near = await client.get(f"{AT}/indicators?names=bolinger")
    assert "did you mean bollinger?" in near.json()["detail"]


async def test_a_rating_has_every_vote_and_the_figures_behind_it(
    client: httpx2.AsyncClient,
) -> None:
    body = (await client.get(f"{AT}/rating")).json()
    rating = body["rating"]
    assert (body["pair"], rating["interval"]) == ("btc/usdt", "1h")
    assert rating["time_ms"] == HOURS[-1].open_time_ms
    assert [vote["name"] for vote in rating["votes"]] == [each.name for each in COMPONENTS]
    counted = {
        group: [v["vote"] for v in rating["votes"] if v["group"] == group]
        for group in ("averages", "oscillators")
    }
    for group, votes in counted.items():
        assert rating[group] == pytest.approx(sum(votes) / len(votes))
    assert rating["value"] == pytest.approx((rating["averages"] + rating["oscillators"]) / 2)
    assert (rating["coverage"], rating["settled"]) == (1.0, False)
    assert (rating["segment_bars"], rating["warm_up"]) == (800, 2282)
    assert rating["confluence"]["direction"] in {-1, 0, 1}
    [cci] = [vote for vote in rating["votes"] if vote["name"] == "cci(20)"]
    assert cci["inputs"].keys() == {"cci", "cci[1]"}


async def test_a_rating_follows_the_candles(client: httpx2.AsyncClient, candles: Candles) -> None:
    before = (await client.get(f"{AT}/rating")).json()["rating"]
    price = HOURS[-1].close * 2
    candles.take(trades((1, price, 1.0)), NOW_MS + 1_000)
    candles.advance(NOW_MS + 30 * 60_000 + 3_000)
    after = (await client.get(f"{AT}/rating")).json()["rating"]
    assert after["time_ms"] == before["time_ms"] + HOUR_MS
    assert after["value"] > before["value"]


async def test_the_ratings_are_over_every_interval(client: httpx2.AsyncClient) -> None:
    body = (await client.get(f"{AT}/ratings")).json()
    found = {rating["interval"]: rating for rating in body["ratings"]}
    assert list(found) == [interval.value for interval in Interval]
    assert found["1h"]["word"] is not None
    assert (found["1m"]["value"], found["1m"]["word"], found["1m"]["coverage"]) == (None, None, 0)


async def test_the_catalogue_tells_every_definition(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/indicators")).json()
    found = {each["name"]: each for each in body["indicators"]}
    assert set(found) == set(CATALOGUE)
    assert all(each["formula"] and each["source"] for each in found.values())
    assert found["rsi"]["parameters"] == [
        {"name": "period", "default": 14, "minimum": 2, "maximum": 1000, "whole": True}
    ]
    assert (found["ema"]["first"], found["rsi"]["warm_up"], found["obv"]["warm_up"]) == (
        [19],
        305,
        None,
    )
    assert found["ichimoku"]["displacement"] == {"span_a": "kijun", "span_b": "kijun"}

    components = body["rating"]["components"]
    assert all(each["buy"] and each["sell"] for each in components)
    doubtful = [each["name"] for each in components if not each["confirmed"]]
    assert doubtful == [
        "ichimoku(9,26,52)",
        "stochastic(14,3,3)",
        "adx(14)",
        "stochrsi(14,14,3,3)",
    ]
