"""The service goes away in the middle of the stream, or the way to it is bad: the page says so,
keeps what it had, and heals by itself.
"""

import asyncio
import os
import re
import signal
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.async_api import Locator, Route, expect

from tests.fakes.mortal import hold_port
from tests.journeys.service import Service
from tests.ui.conftest import Visit
from tests.ui.visitor import Visitor

SAID_WITHIN_MS: Final = 5_000
SILENCE_MS: Final = 5_500
"""Five seconds without a word, and the half second until the clock is looked at."""
HEALED_WITHIN_MS: Final = 25_000
DIM: Final = re.compile(r"(^|\s)stale(\s|$)")
WATCH_PRICES: Final = """() => {
  const cells = "[data-pair] > :nth-child(3), [data-testid=pair-price]";
  const wrong = (window.wrongPrices = []);
  const look = () => {
    const texts = [...document.querySelectorAll(cells)].map((cell) => cell.textContent.trim());
    const charts = Object.values(window.__desk?.charts ?? {});
    const closes = charts.map((chart) => chart.stats().lastClose).filter((close) => close !== null);
    for (const text of [...texts, ...closes])
      if (!/[1-9]/.test(text)) wrong.push(text);
    return texts.length;
  };
  new MutationObserver(look).observe(document.body, {
    subtree: true, childList: true, characterData: true,
  });
  setInterval(look, 50);
  return look();
}"""
"""Whatever is drawn as a price and is none, from now on; the prices that there are."""
WATCH_STATES: Final = """
  window.statesSeen = [];
  new MutationObserver(() => {
    for (const shown of document.querySelectorAll("[data-state]")) {
      const { state } = shown.dataset;
      const ours = ["loading", "empty", "failed", "stale"].includes(state);
      if (ours && !window.statesSeen.includes(state)) window.statesSeen.push(state);
    }
  }).observe(document, { subtree: true, childList: true, attributes: true });
"""
"""Which of the four states parts of the page were in, in the order in which each was first seen."""
WATCH_CONDITION: Final = """() => {
  const shown = document.querySelector("[data-testid=freshness]");
  window.conditionsSeen = [];
  new MutationObserver(() => {
    window.conditionsSeen.push([shown.dataset.condition, performance.now()]);
  }).observe(shown, { attributeFilter: ["data-condition"] });
}"""
"""What the page says of its connection from now on, and when by its own clock."""
BAD_LINE: Final = {
    "offline": False,
    "latency": 400,
    "downloadThroughput": 50_000,
    "uploadThroughput": 50_000,
}
"""Milliseconds; bytes a second."""
ENTRY: Final = {
    "What was bought": "BTC",
    "Quantity": "0.5",
    "Paid in": "USD",
    "Paid in all, without fee": "20000",
    "Note": "a long note that nobody wants to write again",
}


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own that comes back where it was."""
    folder = tmp_path_factory.mktemp("fragile") / "desk"
    with (
        hold_port() as held,
        Service(folder, "--feed", "simulated", "--port", str(held.getsockname()[1])) as service,
    ):
        yield service


async def watch_markets(visit: Visit, service: Service) -> Visitor:
    """Somebody before the list of all pairs, which is full."""
    visitor = await visit(at=service)
    await visitor.go("/markets")
    await visitor.is_live()
    await expect(visitor.page.locator("[data-pair]").nth(10)).to_be_visible()
    assert await visitor.page.evaluate(WATCH_PRICES) > 10
    return visitor


async def watch_pair(visit: Visit, service: Service) -> Visitor:
    """Somebody before the minutes of one pair."""
    visitor = await visit(at=service)
    await visitor.go("/markets/bitcoin/usd?interval=1m")
    await visitor.is_live()
    await expect(visitor.page.get_by_test_id("chart-pair")).to_be_visible()
    await shows_the_bars_of_the_service(visitor)
    assert await visitor.page.evaluate(WATCH_PRICES) == 1
    return visitor


def grid(visitor: Visitor) -> Locator:
    return visitor.page.get_by_role("grid", name="Markets")


def price(visitor: Visitor) -> Locator:
    return visitor.page.get_by_test_id("pair-price")


async def moves(shown: Locator) -> None:
    """Another text than now, within a few seconds."""
    await expect(shown).not_to_have_text(await shown.inner_text(), timeout=10_000)


async def prices_of(visitor: Visitor) -> list[str]:
    return await visitor.page.locator("[data-pair] > :nth-child(3)").all_inner_texts()


async def drew_no_wrong_price(*visitors: Visitor) -> None:
    for visitor in visitors:
        assert await visitor.page.evaluate("window.wrongPrices") == []


async def shows_the_bars_of_the_service(visitor: Visitor) -> None:
    """All of them, each once, and no other, before long."""
    path = "/markets/bitcoin/usd/candles?interval=1m&limit=1000"
    shown: tuple[int, ...] = ()
    known: tuple[int, ...] = (0, 0, 0, 0)
    until = asyncio.get_running_loop().time() + 15
    while shown != known and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(0.1)
        times = [bar["time_ms"] for bar in (await visitor.ask(path))["candles"]]
        stats = await visitor.page.evaluate("window.__desk?.charts.pair?.stats() ?? {}")
        shown = tuple(stats.get(name) for name in ("bars", "firstMs", "lastMs", "dropped"))
        known = (len(times), times[0], times[-1], 0) if times else known
    assert shown == known


async def test_a_service_that_dies_is_missed_at_once_and_found_again(
    visit: Visit, fragile: Service
) -> None:
    markets = await watch_markets(visit, fragile)
    pair = await watch_pair(visit, fragile)
    chart = pair.page.get_by_test_id("chart-pair")
    await moves(price(pair))

    await asyncio.to_thread(fragile.kill)
    for visitor in (markets, pair):
        await visitor.is_in_condition("stale", within_ms=SAID_WITHIN_MS)
        said = visitor.page.get_by_test_id("freshness")
        await expect(said).to_have_text("Not live: what you see is from before")
    await expect(grid(markets)).to_have_class(DIM)
    await expect(grid(markets)).not_to_have_css("filter", "none")
    await expect(pair.page.get_by_text("Not live: these candles are from before")).to_be_visible()
    await expect(chart).to_be_visible()
    for visitor in (markets, pair):
        for theme in ("light", "dark"):
            await visitor.page.emulate_media(color_scheme=theme)
            assert await visitor.accessibility_faults() == [], theme
    kept, last = await prices_of(markets), await price(pair).inner_text()

    await asyncio.to_thread(fragile.launch)
    assert await prices_of(markets) == kept
    assert await price(pair).inner_text() == last
    await asyncio.to_thread(fragile.wait_until_ready)
    for visitor in (markets, pair):
        await visitor.is_in_condition("live", within_ms=HEALED_WITHIN_MS)
    await expect(grid(markets)).not_to_have_class(DIM)
    await moves(price(pair))
    await expect(markets.page.locator("[data-pair='btc/usd'] > :nth-child(3)")).not_to_have_text(
        kept[0], timeout=10_000
    )
    await shows_the_bars_of_the_service(pair)
    for visitor in (markets, pair):
        broken = visitor.page.locator("[data-state=failed], [data-state=stale]")
        await expect(broken).to_have_count(0, timeout=HEALED_WITHIN_MS)
    await drew_no_wrong_price(markets, pair)


async def test_a_service_that_says_nothing_any_more_is_not_believed(
    visit: Visit, fragile: Service
) -> None:
    """The connection stays open: only the silence tells."""
    pair = await watch_pair(visit, fragile)
    await moves(price(pair))
    await pair.page.evaluate(WATCH_CONDITION)
    os.kill(fragile.pid, signal.SIGSTOP)
    try:
        silent_ms = await pair.page.evaluate("performance.now()")
        await pair.is_in_condition("stale")
    finally:
        os.kill(fragile.pid, signal.SIGCONT)
    condition, said_ms = (await pair.page.evaluate("window.conditionsSeen"))[0]
    assert condition == "stale"
    assert said_ms - silent_ms <= SILENCE_MS + 1_000
    await pair.is_in_condition("live", within_ms=HEALED_WITHIN_MS)
    await moves(price(pair))
    await shows_the_bars_of_the_service(pair)
    await drew_no_wrong_price(pair)


async def buy(visitor: Visitor) -> None:
    """Half a bitcoin for 20,000, over the form that is open."""
    form = visitor.page.get_by_role("dialog", name="Add a transaction")
    for label, text in ENTRY.items():
        await form.get_by_label(label, exact=True).fill(text)
    await form.get_by_role("button", name="Record").click()


async def test_over_a_bad_line_the_page_says_that_it_loads_and_then_is_whole(visit: Visit) -> None:
    visitor = await visit()
    await visitor.sign_up()
    wallet = (await visitor.tell("/wallets", {"name": "Desk"}))["id"]
    coin = {"wallet_id": wallet, "coin_id": "bitcoin", "quantity": "1", "value": "40000"}
    came = {"kind": "deposit", "occurred_at": "2025-02-01T12:00:00Z", "legs": [coin]}
    await visitor.tell("/transactions", came)

    page = visitor.page
    await page.add_init_script(WATCH_STATES)
    line = await visitor.context.new_cdp_session(page)
    await line.send("Network.enable")
    await line.send("Network.emulateNetworkConditions", BAD_LINE)
    await page.goto(f"{visitor.service.url}/portfolio", wait_until="commit")
    await expect(visitor.figure("Value")).to_be_visible(timeout=40_000)
    await expect(visitor.figure("Value")).to_have_text(re.compile(r"^\$[1-9]"))
    await visitor.is_live()
    places = page.get_by_role("navigation", name="Main", exact=True)
    await places.get_by_role("link", name="Transactions").click()
    await expect(visitor.heading("Transactions")).to_be_visible(timeout=20_000)
    table = page.get_by_role("table", name="Transactions")
    await expect(table).to_contain_text("$40,000.00", timeout=20_000)
    await expect(page.locator("[data-state=loading]")).to_have_count(0, timeout=20_000)
    seen = await page.evaluate("window.statesSeen")
    assert seen == ["loading"], "nothing that is on its way is said to be missing"


async def test_what_was_filled_in_stays_when_it_cannot_be_sent(visitor: Visitor) -> None:
    await visitor.sign_up()
    await visitor.go("/transactions?add=buy")
    form = visitor.page.get_by_role("dialog", name="Add a transaction")
    await expect(form.get_by_label("Into")).to_be_visible()
    await expect(form.locator("datalist option").first).to_be_attached()  # what BTC means
    await visitor.context.set_offline(True)
    await buy(visitor)
    refusal = form.get_by_role("alert")
    await expect(refusal).to_contain_text("The service cannot be reached")
    await expect(refusal).to_contain_text("no-connection")
    for label, text in ENTRY.items():
        await expect(form.get_by_label(label, exact=True)).to_have_value(text)

    await visitor.context.set_offline(False)
    await form.get_by_role("button", name="Record").click()
    await expect(form).to_have_count(0)
    (made,) = (await visitor.ask("/transactions"))["data"]
    assert (made["kind"], made["note"]) == ("buy", ENTRY["Note"])


async def test_what_is_typed_before_it_is_known_what_there_is_is_understood_then(
    visitor: Visitor,
) -> None:
    await visitor.sign_up()
    known = asyncio.Event()

    async def wait(route: Route) -> None:
        await known.wait()
        await route.fallback()

    await visitor.page.route(re.compile(r"/api/v1/assets\b"), wait)
    await visitor.go("/transactions?add=buy")
    form = visitor.page.get_by_role("dialog", name="Add a transaction")
    await expect(form.get_by_label("Into")).to_be_visible()
    for label, text in ENTRY.items():
        await form.get_by_label(label, exact=True).fill(text)
    known.set()
    await expect(form.locator("datalist option").first).to_be_attached()
    for label, text in ENTRY.items():
        await expect(form.get_by_label(label, exact=True)).to_have_value(text)
    await form.get_by_role("button", name="Record").click()
    await expect(form).to_have_count(0)
    (made,) = (await visitor.ask("/transactions"))["data"]
    assert {leg["coin_id"] for leg in made["legs"]} == {"bitcoin", "usd"}
