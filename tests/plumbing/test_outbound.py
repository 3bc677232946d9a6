"""Against a real server on loopback that answers well and badly."""

import asyncio
import gzip
import resource
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from email.utils import format_datetime

import pytest
import stamina
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing.breaker import Patience
from plimsoll.plumbing.outbound import (
    Outbound,
    Source,
    SourceAnswerTooLarge,
    SourceBudgetSpent,
    SourceCircuitOpen,
    SourceRateLimited,
    SourceRestricted,
    SourceTimeout,
    SourceUnavailable,
    SourceUnreachable,
)
from tests.fakes.clock import ManualClock
from tests.fakes.http import (
    FakeServer,
    Fault,
    Reply,
    gzip_bomb,
    gzip_reply,
    json_reply,
)

SECRET = "canary-7f3a91"
OK = json_reply({"ok": True})


@pytest.fixture(autouse=True)
def no_pauses_between_tries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=5, cap=True):
        yield


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def outbound(clock: ManualClock) -> AsyncIterator[Outbound]:
    outbound = Outbound(clock, patience=Patience(failures=4, cool_down_s=10.0))
    yield outbound
    await outbound.aclose()


@pytest.fixture
def source(outbound: Outbound, server: FakeServer) -> Source:
    return make_source(outbound, server, timeout_s=5.0)


def make_source(outbound: Outbound, server: FakeServer, *, timeout_s: float) -> Source:
    return outbound.source(
        "testing",
        base_url=f"{server.url}/api/v3",
        per_minute=1_000,
        headers={"x-api-key": SECRET},
        timeout_s=timeout_s,
        max_bytes=100_000,
        wait_s=0.5,
    )


def counted(outcome: str) -> float:
    labels = {"source": "testing", "outcome": outcome}
    return REGISTRY.get_sample_value("outbound_requests_total", labels) or 0.0


# What goes out, what comes back


async def test_an_answer_comes_back_whole(source: Source, server: FakeServer) -> None:
    server.on("/api/v3/simple/price", json_reply({"bitcoin": 1}, headers={"X-Kind": "a"}))

    answer = await source.get("/simple/price", {"ids": "a,b&c", "vs": "usd"})

    assert (answer.status, answer.body) == (200, b'{"bitcoin": 1}')
    assert answer.headers["x-kind"] == "a"
    (request,) = server.requests
    assert request.query == {"ids": "a,b&c", "vs": "usd"}
    assert request.headers["x-api-key"] == SECRET
    assert request.headers["accept-encoding"] == "gzip"
    assert request.headers["user-agent"].startswith("plimsoll/")


async def test_a_path_is_text_and_cannot_become_a_query(source: Source, server: FakeServer) -> None:
    server.on("*", OK)
    await source.get("/coins/what? #%2F")

    (request,) = server.requests
    assert (request.path, request.query) == ("/api/v3/coins/what%3F%20%23%252F", {})


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 500])
async def test_the_adapter_reads_what_the_api_has_to_say(
    source: Source, server: FakeServer, status: int
) -> None:
    server.on("*", Reply(status, {"Location": f"{server.url}/elsewhere"}, b"said"))

    answer = await source.get("/x")

    assert (answer.status, answer.body) == (status, b"said")
    assert len(server.requests) == 1  # not tried again, no redirect followed


async def test_one_connection_serves_many_calls_and_no_cookie_is_kept(
    source: Source, server: FakeServer
) -> None:
    server.on("*", json_reply({}, headers={"Set-Cookie": "track=1"}))
    for _ in range(5):
        await source.get("/x")

    assert server.connections == 1
    assert not any("cookie" in request.headers for request in server.requests)


async def test_the_proxy_of_the_environment_is_not_used(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    server.on("*", OK)
    outbound = Outbound(SystemClock())
    source = outbound.source("direct", base_url=server.url, per_minute=10)

    assert (await source.get("/x")).status == 200
    await outbound.aclose()


async def test_a_gzip_answer_is_unpacked(source: Source, server: FakeServer) -> None:
    server.on("*", gzip_reply(b"x" * 100_000))

    assert (await source.get("/x")).body == b"x" * 100_000


# Bounds


async def test_a_body_of_the_bound_passes_and_one_byte_more_does_not(
    source: Source, server: FakeServer
) -> None:
    server.on("*", Reply(body=bytes(100_000)), Reply(body=bytes(100_001)), OK)

    assert len((await source.get("/x")).body) == 100_000
    with pytest.raises(SourceAnswerTooLarge):
        await source.get("/x")
    assert len(server.requests) == 2  # asking again would not make it smaller


async def test_an_endless_body_is_cut_off(source: Source, server: FakeServer) -> None:
    server.on("*", Reply(body=bytes(10_000), fault=Fault.ENDLESS))

    with pytest.raises(SourceAnswerTooLarge):
        await source.get("/x")


async def test_a_gzip_bomb_costs_no_memory(source: Source, server: FakeServer) -> None:
    server.on("*", gzip_bomb(80))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(SourceAnswerTooLarge):
        await source.get("/x")

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB


async def test_packed_bytes_that_unpack_to_nothing_are_bounded_too(
    source: Source, server: FakeServer
) -> None:
    padded = gzip.compress(b"{}") + bytes(200_000)
    server.on("*", Reply(headers={"Content-Encoding": "gzip"}, body=padded))

    with pytest.raises(SourceAnswerTooLarge):
        await source.get("/x")


@pytest.mark.parametrize("fault", [Fault.SILENCE, Fault.STALLED, Fault.DRIP])
async def test_the_deadline_is_for_the_whole_answer(
    outbound: Outbound, server: FakeServer, fault: Fault
) -> None:
    source = make_source(outbound, server, timeout_s=0.25)
    server.on("*", Reply(body=bytes(50), fault=fault))
    began = time.monotonic()

    with pytest.raises(SourceTimeout):
        await source.get("/x")

    assert len(server.requests) == 3
    assert time.monotonic() - began < 3 * 0.25 + 0.5


async def test_many_timeouts_at_once_leave_the_client_whole(
    outbound: Outbound, server: FakeServer
) -> None:
    server.on("/slow", Reply(fault=Fault.SILENCE))
    server.on("/quick", OK)
    slow, quick = (
        outbound.source(
            name, base_url=server.url, per_minute=1_000, timeout_s=timeout_s, attempts=1
        )
        for name, timeout_s in (("slow", 0.5), ("quick", 10))
    )
    await asyncio.gather(*[slow.get("/slow") for _ in range(3)], return_exceptions=True)

    answers = await asyncio.gather(*[quick.get("/quick") for _ in range(150)])

    assert {answer.status for answer in answers} == {200}


# Tries


@pytest.mark.parametrize(
    "bad",
    [
        Reply(status=429),
        Reply(status=502),
        Reply(status=503, headers={"Retry-After": "0"}),
        Reply(status=504),
        Reply(body=bytes(100), fault=Fault.TRUNCATED),
        Reply(fault=Fault.RESET),
        Reply(fault=Fault.GARBAGE),
        Reply(fault=Fault.SILENCE),
        Reply(headers={"Content-Encoding": "gzip"}, body=b"not gzip"),
        Reply(headers={"Content-Encoding": "gzip"}, body=gzip.compress(b"x" * 500)[:-12]),
    ],
    ids=lambda reply: f"{reply.status}-{reply.fault}-{len(reply.body)}",
)
async def test_what_may_pass_is_tried_again(
    outbound: Outbound, server: FakeServer, bad: Reply
) -> None:
    timeout_s = 0.5 if bad.fault is Fault.SILENCE else 5.0
    source = make_source(outbound, server, timeout_s=timeout_s)
    server.on("*", bad, bad, OK)

    assert (await source.get("/x")).body == OK.body
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        (Reply(status=429), SourceRateLimited),
        (Reply(status=503), SourceUnreachable),
        (Reply(fault=Fault.RESET), SourceUnreachable),
        (Reply(fault=Fault.SILENCE), SourceTimeout),
        (Reply(body=bytes(100), fault=Fault.TRUNCATED), SourceUnreachable),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
async def test_spent_tries_end_in_a_named_error(
    outbound: Outbound, server: FakeServer, bad: Reply, error: type[SourceUnavailable]
) -> None:
    timeout_s = 0.25 if error is SourceTimeout else 5.0
    source = make_source(outbound, server, timeout_s=timeout_s)
    server.on("*", bad)
    before = counted(error.code)

    with pytest.raises(error) as caught:
        await source.get("/x")

    assert len(server.requests) == 3
    assert counted(error.code) - before == 3
    assert caught.value.facts["source"] == "testing"


async def test_nobody_listening_is_unreachable(source: Source, server: FakeServer) -> None:
    await server.stop()

    with pytest.raises(SourceUnreachable):
        await source.get("/x")


async def test_451_is_named_and_not_tried_again(source: Source, server: FakeServer) -> None:
    server.on("*", Reply(status=451))

    with pytest.raises(SourceRestricted):
        await source.get("/x")
    assert len(server.requests) == 1


async def test_tries_are_spread_between_nothing_and_a_growing_pause(source: Source) -> None:
    error = SourceUnreachable()
    for tries, longest in [(1, 0.5), (2, 1.0), (3, 2.0), (9, 8.0)]:
        pauses = [source._pause(error, tries) for _ in range(300)]
        assert max(pauses) <= longest
        assert max(pauses) > longest * 0.9
        assert min(pauses) < longest * 0.1
    assert source._pause(SourceRestricted(), 1) is False


# Retry-After


async def test_a_short_retry_after_is_waited_for(server: FakeServer) -> None:
    server.on("*", Reply(status=429, headers={"Retry-After": "1"}), OK)
    outbound = Outbound(SystemClock())
    source = outbound.source("patient", base_url=server.url, per_minute=10)
    began = time.monotonic()

    assert (await source.get("/x")).status == 200

    assert time.monotonic() - began >= 0.99
    await outbound.aclose()


async def test_a_long_retry_after_ends_the_call_and_keeps_the_next_ones_away(
    source: Source, server: FakeServer, clock: ManualClock
) -> None:
    server.on("*", Reply(status=429, headers={"Retry-After": "30"}), OK)
    with pytest.raises(SourceRateLimited) as caught:
        await source.get("/x")
    assert caught.value.retry_after_s == 30.0

    clock.advance(20.0)
    with pytest.raises(SourceRateLimited) as caught:
        await source.get("/x")
    assert caught.value.retry_after_s == 10.0
    assert len(server.requests) == 1

    clock.advance(10.0)
    assert (await source.get("/x")).status == 200


async def test_a_ban_without_a_time_is_waited_out_for_two_minutes(
    source: Source, server: FakeServer, clock: ManualClock
) -> None:
    server.on("*", Reply(status=418), OK)
    with pytest.raises(SourceRateLimited) as caught:
        await source.get("/x")
    assert caught.value.facts == {"source": "testing", "status": 418}

    clock.advance(119.0)
    with pytest.raises(SourceRateLimited):
        await source.get("/x")
    assert len(server.requests) == 1

    clock.advance(1.0)
    assert (await source.get("/x")).status == 200


async def test_a_retry_after_may_be_a_date(
    source: Source, server: FakeServer, clock: ManualClock
) -> None:
    at = format_datetime(clock.now().replace(minute=2), usegmt=True)
    server.on("*", Reply(status=503, headers={"Retry-After": at}))

    with pytest.raises(SourceUnreachable) as caught:
        await source.get("/x")

    assert caught.value.retry_after_s == 120.0
    assert len(server.requests) == 1


# Budget


async def test_a_spent_budget_is_waited_for_only_so_long(
    outbound: Outbound, server: FakeServer, clock: ManualClock
) -> None:
    server.on("*", OK)
    source = outbound.source("small", base_url=server.url, per_minute=2, wait_s=0.05)
    await source.get("/x")
    clock.advance(20.0)
    await source.get("/x")

    with pytest.raises(SourceBudgetSpent) as caught:
        await source.get("/x")
    assert caught.value.retry_after_s == 40.0
    assert len(server.requests) == 2

    clock.advance(39.97)  # near enough to wait
    assert (await source.get("/x")).status == 200


async def test_tries_count_against_the_budget(outbound: Outbound, server: FakeServer) -> None:
    server.on("*", Reply(status=503))
    source = outbound.source("small", base_url=server.url, per_minute=2, wait_s=0.05)

    with pytest.raises(SourceBudgetSpent):
        await source.get("/x")
    assert len(server.requests) == 2


async def test_a_call_takes_its_weight_from_the_budget(
    outbound: Outbound, server: FakeServer, clock: ManualClock
) -> None:
    server.on("*", OK)
    source = outbound.source("heavy", base_url=server.url, per_minute=100, wait_s=0.05)
    await source.get("/x", weight=80)
    await source.get("/x", weight=20)

    with pytest.raises(SourceBudgetSpent):
        await source.get("/x")
    clock.advance(60.0)
    assert (await source.get("/x", weight=100)).status == 200


async def test_what_the_source_counts_beyond_ours_is_spent_too(
    outbound: Outbound, server: FakeServer, clock: ManualClock
) -> None:
    server.on("*", OK)
    source = outbound.source("shared", base_url=server.url, per_minute=100, wait_s=0.05)
    await source.get("/x", weight=10)
    source.note_used(10)
    await source.get("/x", weight=10)
    source.note_used(95)

    with pytest.raises(SourceBudgetSpent) as caught:
        await source.get("/x", weight=10)
    assert caught.value.retry_after_s == 60.0
    await source.get("/x", weight=5)
    clock.advance(60.0)
    assert (await source.get("/x", weight=100)).status == 200


# The circuit


async def test_a_failing_host_is_left_alone_and_found_again(
    source: Source, server: FakeServer, clock: ManualClock
) -> None:
    server.on("*", Reply(status=503))
    with capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(SourceUnreachable):
                await source.get("/x")
        assert len(server.requests) == 4  # the fourth failure in a row opened it
        assert REGISTRY.get_sample_value("circuit_state", {"source": "testing"}) == 2

        with pytest.raises(SourceCircuitOpen) as caught:
            await source.get("/x")
        assert caught.value.retry_after_s == 10.0
        assert len(server.requests) == 4

        clock.advance(10.0)
        server.on("*", OK)
        assert (await source.get("/x")).status == 200
    assert REGISTRY.get_sample_value("circuit_state", {"source": "testing"}) == 0
    events = [line["event"] for line in logs if line["event"].startswith("circuit")]
    assert events == ["circuit_opened", "circuit_closed"]


async def test_sources_of_one_host_share_its_circuit(
    outbound: Outbound, source: Source, server: FakeServer
) -> None:
    neighbour = outbound.source("neighbour", base_url=server.url, per_minute=10)
    server.on("*", Reply(status=503))
    for _ in range(2):
        with pytest.raises(SourceUnreachable):
            await source.get("/x")

    with pytest.raises(SourceCircuitOpen):
        await neighbour.get("/x")


async def test_of_many_callers_one_probes(
    source: Source, server: FakeServer, clock: ManualClock
) -> None:
    server.on("*", Reply(status=503))
    for _ in range(2):
        with pytest.raises(SourceUnreachable):
            await source.get("/x")
    server.requests.clear()
    server.on("*", Reply(body=OK.body, delay_s=0.05))
    clock.advance(10.0)

    results = await asyncio.gather(*[source.get("/x") for _ in range(20)], return_exceptions=True)

    assert len(server.requests) == 1
    assert sum(isinstance(result, SourceCircuitOpen) for result in results) == 19


async def test_a_cancelled_probe_lets_the_next_one_go(
    source: Source, server: FakeServer, clock: ManualClock
) -> None:
    server.on("*", Reply(status=503))
    for _ in range(2):
        with pytest.raises(SourceUnreachable):
            await source.get("/x")
    clock.advance(10.0)
    server.on("*", Reply(fault=Fault.SILENCE))
    probe = asyncio.create_task(source.get("/x"))
    await asyncio.sleep(0.05)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)

    server.on("*", OK)
    assert (await source.get("/x")).status == 200


async def test_an_api_that_answers_badly_but_answers_keeps_its_circuit_closed(
    source: Source, server: FakeServer
) -> None:
    server.on("*", Reply(status=429))
    for _ in range(4):
        with pytest.raises(SourceRateLimited):
            await source.get("/x")

    assert len(server.requests) == 12


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.sampled_from(["good", "bad", "wait"]), min_size=8, max_size=30))
def test_with_the_circuit_open_no_request_reaches_the_server(steps: list[str]) -> None:
    asyncio.run(play(steps))


async def play(steps: list[str]) -> None:
    clock = ManualClock()
    outbound = Outbound(clock, patience=Patience(failures=2, cool_down_s=10.0, longest_s=10.0))
    async with FakeServer() as server:
        source = outbound.source("model", base_url=server.url, per_minute=1_000, attempts=1)
        failures, open_until = 0, 0.0
        for step in steps:
            if step == "wait":
                clock.advance(6.0)
                continue
            server.on("*", OK if step == "good" else Reply(status=503))
            asked, now = len(server.requests), clock.monotonic()
            try:
                await source.get("/x")
            except SourceUnavailable as error:
                refused = isinstance(error, SourceCircuitOpen)
            else:
                refused = False
            assert refused == (now < open_until)
            assert len(server.requests) - asked == (not refused)
            if not refused:
                failures = 0 if step == "good" else failures + 1
                if failures >= 2:
                    open_until = now + 10.0
        await outbound.aclose()


# Secrets


async def test_a_key_is_in_no_error_and_no_log(
    source: Source,
    server: FakeServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    texts: list[str] = []
    with capture_logs() as logs:
        for bad in (Reply(status=429), Reply(status=451), Reply(fault=Fault.RESET), OK):
            server.on("*", bad)
            try:
                texts.append(repr(await source.get("/x", {"key": SECRET})))
            except SourceUnavailable as error:
                texts += ["".join(traceback.format_exception(error)), str(error.facts)]

    assert len(texts) >= 4
    assert SECRET not in " ".join(
        [*texts, repr(logs), caplog.text, repr(source), repr(vars(source))]
    )


@pytest.mark.parametrize("value", [f"{SECRET}\n", f"{SECRET}é", f"{SECRET}\r\nHost: evil"])
async def test_a_header_that_cannot_be_sent_is_refused_without_repeating_it(
    outbound: Outbound, value: str
) -> None:
    with pytest.raises(ValueError, match="x-api-key") as caught:
        outbound.source(
            "wrong", base_url="http://127.0.0.1:9", per_minute=1, headers={"x-api-key": value}
        )
    assert SECRET not in str(caught.value)
