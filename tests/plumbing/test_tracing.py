"""Traces reach a collector, name what was done and nothing else, and cost nobody a request."""

import asyncio
import importlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plimsoll.app import Desk, create_app
from plimsoll.plumbing import tracing
from plimsoll.plumbing.telemetry import REQUEST_LOG
from plimsoll.plumbing.tracing import Tracing, TracingMissing, open_tracing
from plimsoll.settings import Settings
from tests.conftest import PASSWORD, easy, running
from tests.fakes.collector import Collector, Mood, Seen

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-00"
SIGN_UP = {"email": "ada@example.org", "password": PASSWORD}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setattr(tracing, "EVERY_S", 0.1)
    with Collector() as collector:
        yield collector


def traced(data_dir: Path, collector: Collector, *, ratio: float = 1.0) -> Settings:
    told = {"otlp_url": collector.url, "otlp_sample_ratio": ratio}
    return easy(data_dir).model_copy(update=told)


async def wait_for(collector: Collector, name: str) -> list[Seen]:
    return await asyncio.to_thread(collector.wait_for, name)


async def test_a_request_is_one_trace_down_to_its_statements(
    tmp_path: Path, database_url: str, collector: Collector, capfd: pytest.CaptureFixture[str]
) -> None:
    app = create_app(traced(tmp_path, collector), database_url)
    async with running(app) as http:
        made = await http.post("/auth/register", json=SIGN_UP, headers={"traceparent": PARENT})
        assert made.status_code == 201
        (request,) = await wait_for(collector, "POST /api/v1/auth/register")
    assert (request.trace_id, request.parent_id) == (TRACE, "00f067aa0ba902b7")
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/v1/auth/register",
        "http.response.status_code": 201,
    }
    below = [span for span in collector.spans if span.parent_id == request.span_id]
    names = {span.name for span in below}
    assert {"db.acquire", "postgresql INSERT"} <= names
    assert all(span.trace_id == TRACE for span in below)
    # Statements without what was filled in; nothing of the body.
    assert any("$1" in str(span.attributes.get("db.query.text")) for span in below)
    assert "ada@example.org" not in collector.text
    assert PASSWORD not in collector.text
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if "{" in line[:1]]
    assert [line["trace_id"] for line in lines if line["event"] == "request"] == [TRACE]


async def test_the_engine_has_traces_of_its_own(
    tmp_path: Path, database_url: str, collector: Collector
) -> None:
    async with running(create_app(traced(tmp_path, collector), database_url)):
        batch = (await wait_for(collector, "engine.batch"))[0]
    assert batch.parent_id == ""
    assert int(batch.attributes["commands"]) >= 1
    assert any(
        span.parent_id == batch.span_id and span.name.startswith("postgresql ")
        for span in collector.spans
    )


async def test_a_caller_cannot_make_it_record_more_than_its_ratio(
    tmp_path: Path, database_url: str, collector: Collector
) -> None:
    sampled = PARENT.removesuffix("00") + "01"
    app = create_app(traced(tmp_path, collector, ratio=0), database_url)
    async with running(app) as http:
        for parent in (sampled, PARENT, "nonsense", "00-" + "f" * 4000):
            answer = await http.get("/assets", headers={"traceparent": parent})
            assert answer.status_code == 200
    assert collector.spans == []


@pytest.mark.parametrize("mood", [Mood.BUSY, Mood.STUCK])
async def test_a_collector_that_fails_costs_nobody_a_request(
    tmp_path: Path,
    database_url: str,
    collector: Collector,
    mood: Mood,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    collector.mood = mood
    monkeypatch.setattr(REQUEST_LOG, "enabled", False)
    app = create_app(traced(tmp_path, collector), database_url)
    async with running(app) as http:
        assert isinstance(app, Desk)
        assert app.tracing is not None
        waiting = app.tracing._provider._active_span_processor._span_processors[0]._batch_processor
        slowest_s = 0.0
        for _ in range(300):
            began_s = time.perf_counter()
            assert (await http.get("/assets?limit=1")).status_code == 200
            slowest_s = max(slowest_s, time.perf_counter() - began_s)
        for _ in range(2 * tracing.MOST_WAITING):
            with app.tracing.span("filler"):
                pass
        assert len(waiting._queue) <= tracing.MOST_WAITING
        assert slowest_s < 1.0
        assert collector.asked
        began_s = time.perf_counter()
    assert time.perf_counter() - began_s < tracing.CLOSE_S + 5, "nor does it keep a stop"


async def test_a_collector_that_comes_back_is_told_again(
    collector: Collector, tmp_path: Path
) -> None:
    traces = Tracing(collector.url, ratio=1)
    collector.mood = Mood.BUSY
    with traces.span("first"):
        pass
    async with asyncio.timeout(10):
        while not collector.asked:  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(0.02)
    collector.mood = Mood.WELL
    with traces.span("second"):
        pass
    await wait_for(collector, "second")
    await traces.aclose()


def test_without_a_collector_there_is_nothing(tmp_path: Path) -> None:
    assert open_tracing(easy(tmp_path)) is None


def test_without_the_extra_an_address_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = importlib.import_module

    def missing(name: str) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return load(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    settings = easy(tmp_path).model_copy(update={"otlp_url": "http://localhost:4318/v1/traces"})
    with pytest.raises(TracingMissing, match=r"PLIMSOLL_OTLP_URL .* 'plimsoll\[otel\]'"):
        create_app(settings, "postgresql:///nowhere")


async def test_a_call_to_somebody_else_is_told_without_its_query(
    collector: Collector,
) -> None:
    traces = Tracing(collector.url, ratio=1)
    with traces.span("work"):
        traces.note_call("coingecko", host="api.example.org", outcome="2xx", took_s=0.25)
    (call,) = await wait_for(collector, "GET coingecko")
    await traces.aclose()
    assert call.attributes == {"server.address": "api.example.org", "plimsoll.outcome": "2xx"}
