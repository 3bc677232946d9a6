"""The page in a real browser, on a real service: how soon it is there and what it costs to watch.

    python -m benchmarks.page [--minutes 10]

first screen   from the beginning of the navigation to the first row of the markets with a price
live           from the server's stamp of a price to its text on the screen
busy           300 rows; 2,000 ticks a second come in thirty messages a second: frames a second, and
               how much of a core the page's scripts take
chart          5,000 bars, from having them to having drawn them
memory         the scripts' heap after so many minutes of live markets, beside the first minute

The service, its PostgreSQL, the browser and what feeds it share the machine's cores; pictures are
drawn without a graphics card. In "busy" the list of markets and the ticks are invented, for no
simulated market has 300 pairs: they come through the browser's own network, as from a service.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser, CDPSession, Route, WebSocketRoute, async_playwright

from tests.journeys.service import Service
from tools.browser import find_browser

ARGUMENTS: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ROWS: Final = 300
TICKS_A_SECOND: Final = 2_000
MESSAGES_A_SECOND: Final = 30
BUSY_S: Final = 10.0
BARS: Final = 5_000
STEP_MS: Final = 300_000

FIRST_PRICE: Final = """() => new Promise((told) => {
  const look = () => {
    const rows = [...document.querySelectorAll('[role=row]')];
    const row = rows.find((each) => /[0-9]/.test(each.textContent));
    if (row && document.querySelector('h1')) told(performance.now());
    else requestAnimationFrame(look);
  };
  look();
})"""
DRAWN: Final = """(bars) => new Promise((told) => {
  const look = () => {
    const entries = performance.getEntriesByType('resource');
    const asked = entries.find((each) => each.name.includes('/candles?') && each.responseEnd > 0);
    const chart = window.__desk?.charts?.pair;
    if (asked && chart && chart.stats().bars >= bars) {
      requestAnimationFrame(() => told(performance.now() - asked.responseEnd));
    } else requestAnimationFrame(look);
  };
  look();
})"""
FRAMES: Final = """(ms) => new Promise((told) => {
  let frames = 0;
  const until = performance.now() + ms;
  const next = () => {
    frames += 1;
    if (performance.now() < until) requestAnimationFrame(next);
    else told(frames);
  };
  requestAnimationFrame(next);
})"""


async def first_screen(browser: Browser, service: Service) -> list[float]:
    """Milliseconds, each in a context that has nothing yet."""
    took = []
    for _ in range(5):
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        page = await context.new_page()
        await page.goto(f"{service.url}/markets", wait_until="commit")
        took.append(float(await page.evaluate(FIRST_PRICE)))
        await context.close()
    return took


async def live_delay(browser: Browser, service: Service) -> list[float]:
    """Milliseconds from the stamp of a price to the frame in which its text has changed."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    stamps: dict[str, float] = {}

    def hear(text: str | bytes) -> None:
        message = json.loads(text)
        for frame in message if isinstance(message, list) else ():
            if frame.get("ch") == "prices" and frame.get("price"):
                stamps[frame["price"]] = float(frame["ts_ms"])

    page.on("websocket", lambda socket: socket.on("framereceived", hear))
    await page.expose_function("shown", lambda at_ms, text: seen.append((at_ms, text)))
    seen: list[tuple[float, str]] = []
    await page.goto(f"{service.url}/markets/bitcoin/usd")
    await page.get_by_test_id("pair-price").wait_for()
    await page.evaluate(
        """() => {
          const cell = document.querySelector('[data-testid=pair-price]');
          const tell = () => window.shown(Date.now(), cell.textContent);
          new MutationObserver(() => requestAnimationFrame(tell))
            .observe(cell, {characterData: true, childList: true, subtree: true});
        }"""
    )
    await asyncio.sleep(15)
    await context.close()
    plain = {text.replace(",", "").strip(): at_ms for at_ms, text in reversed(seen)}
    delays = []
    for price, stamp in stamps.items():
        rounded = f"{float(price):.2f}"
        at_ms = plain.get(rounded) or plain.get(price)
        if at_ms is not None and at_ms >= stamp:
            delays.append(at_ms - stamp)
    return delays


class Crowd:
    """300 invented markets, and a socket that tells of them as fast as it is told to."""

    def __init__(self, template: dict[str, Any]) -> None:
        self.rows = [
            {**template, "pair": f"c{n}/usd", "base": f"coin-{n}", "price": f"{n + 1}.5"}
            for n in range(ROWS)
        ]
        self._told: dict[str, int] = {}
        self._socket: WebSocketRoute | None = None

    async def list_markets(self, route: Route) -> None:
        await route.fulfill(json={"data": self.rows, "next_cursor": None})

    def open(self, socket: WebSocketRoute) -> None:
        self._socket = socket
        socket.on_message(self._hear)

    def _hear(self, text: str | bytes) -> None:
        said = json.loads(text)
        assert self._socket is not None
        if said["op"] == "unsubscribe":
            for sub in said["sub"] if isinstance(said["sub"], list) else [said["sub"]]:
                self._told.pop(sub, None)
        if said["op"] != "subscribe":
            return
        for symbol in said.get("symbols", [""]):
            sub = f"{said['channel']}:{symbol}"
            answer = {"op": "subscribed", "sub": sub, "id": said["id"]}
            self._socket.send(json.dumps(answer))
            if said["channel"] == "prices":
                self._told[sub] = 1
                self._socket.send(json.dumps([self._frame(sub, 1, "snapshot")]))

    def _frame(self, sub: str, seq: int, kind: str) -> dict[str, Any]:
        base, _, quote = sub.partition(":")[2].partition("/")
        number = int(base.rpartition("-")[2]) if "-" in base else 0
        frame: dict[str, Any] = {
            "sub": sub,
            "ch": "prices",
            "sym": f"{base}/{quote}",
            "type": kind,
            "seq": seq,
            "ts_ms": time.time_ns() // 1_000_000,
            "base": base,
            "quote": quote,
            "price": f"{number + 1}.{seq % 10_000:04d}",
            "change_24h": "0.01",
            "source": "invented",
            "stale": False,
            "simulated": True,
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        return frame if kind == "snapshot" else frame | {"prev": seq - 1}

    async def tick(self, seconds: float) -> float:
        """Ticks that were sent, a second."""
        assert self._socket is not None
        began_s, sent = time.perf_counter(), 0
        while (passed_s := time.perf_counter() - began_s) < seconds:
            frames: list[dict[str, Any]] = []
            while sent + len(frames) < passed_s * TICKS_A_SECOND:
                sub = list(self._told)[(sent + len(frames)) % len(self._told)]
                self._told[sub] += 1
                frames.append(self._frame(sub, self._told[sub], "update"))
            if frames:
                self._socket.send(json.dumps(frames))
            sent += len(frames)
            await asyncio.sleep(1 / MESSAGES_A_SECOND)
        return sent / seconds


async def script_s(session: CDPSession) -> float:
    metrics = await session.send("Performance.getMetrics")
    return float(next(m["value"] for m in metrics["metrics"] if m["name"] == "ScriptDuration"))


async def busy(browser: Browser, service: Service) -> dict[str, float]:
    async with service.client() as http:
        template = (await http.get("/markets?limit=1")).json()["data"][0]
    crowd = Crowd(template)
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await page.route("**/api/v1/markets?*", crowd.list_markets)
    await page.route_web_socket("**/api/v1/ws", crowd.open)
    await page.goto(f"{service.url}/markets")
    await page.get_by_text("c1/usd", exact=False).first.wait_for()
    await asyncio.sleep(2)
    session = await context.new_cdp_session(page)
    await session.send("Performance.enable")
    before = await script_s(session)
    frames, rate = await asyncio.gather(page.evaluate(FRAMES, BUSY_S * 1000), crowd.tick(BUSY_S))
    took = await script_s(session) - before
    await context.close()
    return {"fps": frames / BUSY_S, "script": took / BUSY_S, "ticks": rate}


async def heap_mb(session: CDPSession) -> float:
    await session.send("HeapProfiler.collectGarbage")
    metrics = await session.send("Performance.getMetrics")
    used = next(m["value"] for m in metrics["metrics"] if m["name"] == "JSHeapUsedSize")
    return float(used) / 1e6


async def memory(browser: Browser, service: Service, minutes: float) -> list[float]:
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await page.goto(f"{service.url}/markets")
    session = await context.new_cdp_session(page)
    await session.send("Performance.enable")
    found = []
    for _ in range(max(2, round(minutes))):
        await asyncio.sleep(60 * minutes / max(2, round(minutes)))
        found.append(await heap_mb(session))
    await context.close()
    return found


class Bars:
    """5,000 invented bars as the first answer, and nothing more of the past."""

    def __init__(self) -> None:
        newest_ms = time.time_ns() // 300_000_000_000 * STEP_MS
        self._bars = [
            {
                "time_ms": newest_ms - (BARS - number) * STEP_MS,
                "open": "100.5",
                "high": f"{102 + number % 7}.25",
                "low": f"{95 - number % 5}.75",
                "close": f"{100 + number % 3}.5",
                "volume": f"{10 + number % 90}",
                "trades": 5,
                "state": "closed",
            }
            for number in range(BARS)
        ]
        self._asked = False

    async def answer(self, route: Route) -> None:
        answered = await route.fetch()
        said = await answered.json()
        said |= {"candles": [] if self._asked else self._bars, "next_to": None}
        self._asked = True
        await route.fulfill(response=answered, json=said)


async def chart(browser: Browser, service: Service) -> list[float]:
    """Milliseconds from the arrival of 5,000 bars to the frame after they were drawn."""
    took = []
    for _ in range(5):
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        page = await context.new_page()
        await page.route("**/candles?*", Bars().answer)
        await page.goto(f"{service.url}/markets/bitcoin/usd")
        took.append(float(await page.evaluate(DRAWN, BARS)))
        await context.close()
    return took


def line(name: str, value: str, bar: str, *, good: bool) -> None:
    sys.stdout.write(f"{name:14}{value:44}{bar:22}{'' if good else 'MISSED'}\n")
    sys.stdout.flush()


async def run(minutes: float) -> None:
    tell: Callable[..., None] = line
    with tempfile.TemporaryDirectory(prefix="plimsoll-page-") as folder:
        service = Service(Path(folder) / "desk", "--feed", "simulated")
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
            with service:
                await asyncio.sleep(5)
                took = await first_screen(browser, service)
                middle = statistics.median(took)
                tell("first screen", f"{middle:,.0f} ms", "at most 1,500 ms", good=middle <= 1500)
                delays = await live_delay(browser, service)
                late = statistics.quantiles(delays, n=20)[-1] if len(delays) > 1 else float("nan")
                told = f"{statistics.median(delays):,.0f} ms, p95 {late:,.0f} ms of {len(delays)}"
                tell("live", told, "at most 250 ms", good=late <= 250)
                found = await busy(browser, service)
                told = f"{found['fps']:.0f} fps, script {found['script']:.0%}"
                told += f", {found['ticks']:,.0f} ticks/s"
                good = found["fps"] >= 50 and found["script"] <= 0.15
                tell("busy", told, ">= 50 fps, <= 15 %", good=good)
                middle = statistics.median(await chart(browser, service))
                tell("chart", f"{middle:,.0f} ms", "at most 600 ms", good=middle <= 600)
                if minutes:
                    heaps = await memory(browser, service, minutes)
                    told = " ".join(f"{heap:.1f}" for heap in heaps) + " MB"
                    tell("memory", told, "flat", good=heaps[-1] <= heaps[0] * 1.1)
            await browser.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--minutes", type=float, default=10, help="of the run for memory; 0: none")
    asyncio.run(run(options.parse_args().minutes))


if __name__ == "__main__":
    main()
