"""Twice as many requests as the service can answer, for a minute; then the usual number again."""

import asyncio
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.faults.desk import Desk, watching
from tests.faults.trial import Finding, percentile, verify

PROJECT: Final = Path(__file__).parents[2]
FAULT: Final = "twice the load that it can bear"
PEOPLE: Final = 20
CONNECTIONS: Final = 1_000
AT_ONCE: Final = 32
"""Connections with which the most that it can bear is found: before and after, for the machine may
be slower by half from one minute to the next, and so is its share.
"""
GOODPUT: Final = 0.8
SOON_MS: Final = 2_000.0
BACK_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Pressed:
    good_per_s: float
    p99_ms: float
    refused: int
    refused_p99_ms: float
    no_answer: int
    statuses: dict[str, int]
    mute: int
    """Refusals without Retry-After."""
    good: list[tuple[float, float]]
    sent: int
    not_sent: int


async def press(
    desk: Desk, requests: list[str], *, seconds: float, rate: float | None, connections: int
) -> Pressed:
    plan = {
        "port": desk.port,
        "requests": requests,
        "seconds": seconds,
        "rate": rate,
        "connections": connections,
    }
    said = await asyncio.to_thread(_in_its_own_process, json.dumps(plan))
    good = [(float(at), float(took)) for at, took in said["good"]]
    return Pressed(
        good_per_s=sum(at <= seconds for at, _ in good) / seconds,
        p99_ms=percentile([took for _, took in good], 0.99),
        refused=len(said["refused_ms"]),
        refused_p99_ms=percentile(said["refused_ms"], 0.99),
        no_answer=said["unanswered"] + said["statuses"].get("0", 0),
        statuses=said["statuses"],
        mute=said["without_retry_after"],
        good=good,
        sent=said["sent"],
        not_sent=said["not_sent"],
    )


def _in_its_own_process(plan: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.pressure"],
        input=plan,
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
        timeout=180,
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return said


async def prepare(desk: Desk) -> list[str]:
    """What twenty people ask for, mixed: lists, summaries, purchases, orders and their refusal."""
    requests = []
    for number in range(PEOPLE):
        token = await desk.sign_up(f"pressing{number}@example.org")
        purchase = {"coin_id": "bitcoin", "quantity": "0.1", "price": "60000"}
        order = {
            "symbol": "BTC-PERP",
            "side": "buy",
            "type": "limit",
            "price": "20000.0",
            "quantity": "0.001",
        }
        async with desk.client(token) as http:
            for path, body in (
                ("/account/deposit", {"amount": "1000000"}),
                ("/holdings", purchase),
            ):
                made = await http.post(path, json=body)
                assert made.status_code in {200, 201}, made.text
        requests += [
            _request("GET", "/portfolio/summary", token),
            _request("GET", "/transactions?limit=20", token),
            _request("GET", "/orders?limit=20", token),
            _request("POST", "/holdings", token, purchase),
            _request("POST", "/orders/preview", token, order),
        ]
    return requests


def _request(method: str, path: str, token: str, body: Any = None) -> str:
    text = json.dumps(body) if body is not None else ""
    about = f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n" if text else ""
    return (
        f"{method} /api/v1{path} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {token}\r\n{about}\r\n{text}"
    )


async def run(seconds: float = 60.0) -> list[Finding]:
    with tempfile.TemporaryDirectory(prefix="plimsoll-faults-") as folder:
        desk = Desk(Path(folder) / "desk", log_level="warning")
        try:
            await asyncio.to_thread(desk.start)
            finding = await overloaded(desk, seconds)
            await asyncio.to_thread(desk.stop)
        finally:
            await asyncio.to_thread(desk.kill)
    return [finding]


async def overloaded(desk: Desk, seconds: float) -> Finding:
    requests = await prepare(desk)
    await press(desk, requests, seconds=3, rate=None, connections=AT_ONCE)  # warm
    peak = await press(desk, requests, seconds=8, rate=None, connections=AT_ONCE)
    before = desk.memory_mb(), desk.open_files()
    rate = 2 * peak.good_per_s
    async with watching(desk) as watch:
        pressed = await press(desk, requests, seconds=seconds, rate=rate, connections=CONNECTIONS)
        calm = await press(
            desk, requests, seconds=BACK_S, rate=peak.good_per_s / 2, connections=CONNECTIONS
        )
    later = await press(desk, requests, seconds=8, rate=None, connections=AT_ONCE)
    finding = Finding(FAULT, sent=pressed.sent, accepted=len(pressed.good))
    finding.refused, finding.no_answer = pressed.refused, pressed.no_answer
    finding.p99_ms = pressed.p99_ms
    finding.longest_ms = max(took for _, took in pressed.good)
    finding.recovered_s = back_after(calm, 4 * peak.p99_ms)
    finding.memory_mb = before[0], desk.memory_mb()
    finding.files = before[1], desk.open_files()
    most = (peak.good_per_s + later.good_per_s) / 2
    share = pressed.good_per_s / most
    silent = sum(look.ready is None for look in watch.looks)
    finding.remarks = [
        f"at most {peak.good_per_s:,.0f} a second at a p99 of {peak.p99_ms:.0f} ms before",
        f"{later.good_per_s:,.0f} after",
        f"{rate:,.0f} a second came, {pressed.not_sent:,} of them found no connection",
        f"goodput {share:.0%} of the most",
        f"refusals took {pressed.refused_p99_ms:,.0f} ms (p99)",
        f"{silent} of {len(watch.looks)} probes without an answer",
    ]
    _judge(finding, pressed, share)
    await verify(finding, desk)
    return finding


def back_after(calm: Pressed, bound_ms: float) -> float | None:
    """From when on no second had a p99 above the bound; None: not within the whole of it."""
    seconds = range(int(BACK_S))
    bad = [
        second
        for second in seconds
        if percentile([took for at, took in calm.good if second <= at < second + 1], 0.99)
        > bound_ms
    ]
    last = bad[-1] + 1 if bad else 0
    return float(last) if last < BACK_S else None


def _judge(finding: Finding, pressed: Pressed, share: float) -> None:
    wrong = finding.wrong
    if share < GOODPUT:
        wrong.append(f"goodput {share:.0%}")
    if pressed.p99_ms > SOON_MS or pressed.refused_p99_ms > SOON_MS:
        wrong.append("answers or refusals were late")
    if pressed.no_answer:
        wrong.append(f"{pressed.no_answer} without an answer")
    if pressed.mute:
        wrong.append(f"{pressed.mute} refused without Retry-After: {pressed.statuses}")
    if not {"200", "201", "429", "503"} >= set(pressed.statuses):
        wrong.append(f"answers that are neither yes nor later: {pressed.statuses}")
    if finding.recovered_s is None:
        wrong.append(f"not back to normal within {BACK_S:.0f} s")
