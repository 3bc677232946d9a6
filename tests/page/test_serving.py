"""The page over HTTP: what a browser gets, may keep, and does not get instead of the API."""

import gzip
from pathlib import Path

import httpx2
import pytest

from plimsoll.operations.service.recording import Tally
from plimsoll.page import HASHED
from plimsoll.plumbing.telemetry import Verdict
from plimsoll.settings import BadSettings, Settings
from tests.conftest import easy
from tests.page.conftest import FILES, INDEX, SCRIPT, serving

VISIT = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
"""What a browser sends when somebody goes to an address."""
GZIP = {"accept-encoding": "gzip, deflate, br, zstd"}
JS = "/assets/index-C7dPq-9z.js"
SERVED = INDEX.replace('="./', '="/')
PROBLEM = "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/trade/BTC-PERP", "/index.html", "/tax/2025?year=2025"])
async def test_an_address_of_the_page_is_the_page(browser: httpx2.AsyncClient, path: str) -> None:
    answer = await browser.get(path, headers=VISIT)
    assert (answer.status_code, answer.text) == (200, SERVED)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["etag"]


async def test_the_front_door_needs_no_word_about_html(browser: httpx2.AsyncClient) -> None:
    assert (await browser.get("/", headers={"accept": "*/*"})).text == SERVED
    elsewhere = await browser.get("/trade/BTC-PERP", headers={"accept": "*/*"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "not-found")
    unwanted = await browser.get("/trade", headers={"accept": "text/html;q=0, application/json"})
    assert unwanted.status_code == 404


async def test_a_built_file_is_kept_for_good(browser: httpx2.AsyncClient) -> None:
    for name, kind in (
        (JS, "text/javascript; charset=utf-8"),
        ("/assets/index-DQx1_aB3.css", "text/css; charset=utf-8"),
        ("/assets/inter-Dx4kXJAl.woff2", "font/woff2"),
    ):
        answer = await browser.get(name)
        assert answer.status_code == 200
        assert answer.content == FILES[name[1:]]
        assert answer.headers["content-type"] == kind
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_a_file_under_its_own_name_is_asked_for_again(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/assets/plimsoll.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("/assets/index-C7dPq-9z.js", True),
        ("/assets/chart-Bx_0aZ-9.js", True),
        ("/assets/plimsoll.svg", False),
        ("/assets/paper-trading.svg", False),
        ("/assets/index-C7dPq9z.js", False),
    ],
)
def test_only_a_name_with_a_digest_in_it_is_for_good(name: str, *, kept: bool) -> None:
    assert bool(HASHED.search(name)) is kept


async def test_the_same_again_is_not_sent_again(browser: httpx2.AsyncClient) -> None:
    for path in ("/", JS):
        for headers in (VISIT, VISIT | GZIP):
            first = await browser.get(path, headers=headers)
            etag = first.headers["etag"]
            for known in (etag, f'"other", W/{etag}', "*"):
                again = await browser.get(path, headers=headers | {"if-none-match": known})
                assert (again.status_code, again.content) == (304, b"")
                for name in ("etag", "cache-control"):
                    assert again.headers[name] == first.headers[name]
            changed = await browser.get(path, headers=headers | {"if-none-match": '"other"'})
            assert changed.status_code == 200


async def test_text_comes_packed_to_whoever_can_unpack(browser: httpx2.AsyncClient) -> None:
    async with browser.stream("GET", JS, headers=GZIP) as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "accept-encoding"
    assert int(answer.headers["content-length"]) == len(packed) < len(SCRIPT) / 10
    assert gzip.decompress(packed) == SCRIPT

    plain = await browser.get(JS)
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "accept-encoding"
    assert plain.headers["etag"] != answer.headers["etag"]
    refused = await browser.get(JS, headers={"accept-encoding": "br, gzip;q=0"})
    assert "content-encoding" not in refused.headers
    font = await browser.get("/assets/inter-Dx4kXJAl.woff2", headers=GZIP)
    assert "content-encoding" not in font.headers


async def test_head_is_get_without_the_body(browser: httpx2.AsyncClient) -> None:
    for path in ("/", "/trade/BTC-PERP", JS):
        full = await browser.get(path, headers=VISIT)
        head = await browser.head(path, headers=VISIT)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-length", "content-type", "etag", "cache-control"):
            assert head.headers[name] == full.headers[name]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/index-Gone1234.js",
        "/assets/",
        "/assets/%2e%2e/.built-from",
        "/api",
        "/api/v1/typo",
        "/api/v2/holdings",
        "/docs/none.js",
        "/health/none",
        "/metrics/none",
    ],
)
async def test_what_is_missing_is_a_problem_for_a_browser_too(
    browser: httpx2.AsyncClient, path: str
) -> None:
    answer = await browser.get(path, headers=VISIT)
    assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)
    assert answer.json()["code"] == "not-found"
    assert answer.headers["cache-control"] == "no-store"


async def test_what_a_build_notes_for_itself_is_not_served(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/.built-from", headers={"accept": "*/*"})
    assert answer.status_code == 404


async def test_other_methods_are_refused_as_before(browser: httpx2.AsyncClient) -> None:
    for path in ("/", JS):
        answer = await browser.post(path, headers=VISIT)
        assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
        assert answer.headers["allow"] == "GET, HEAD"
        assert answer.headers["content-type"] == PROBLEM
    assert (await browser.put("/api/v1/holdings", headers=VISIT)).status_code == 405
    assert (await browser.post("/trade/BTC-PERP", headers=VISIT)).status_code == 404


async def test_the_rest_answers_a_browser_as_it_did(browser: httpx2.AsyncClient) -> None:
    docs = await browser.get("/docs", headers=VISIT)
    assert "swagger" in docs.text
    assert (await browser.get("/health/live", headers=VISIT)).json() == {"status": "live"}
    assert (await browser.get("/openapi.json", headers=VISIT)).json()["openapi"]


async def test_the_page_may_load_only_what_is_its_own(browser: httpx2.AsyncClient) -> None:
    policy = (await browser.get("/", headers=VISIT)).headers["content-security-policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for kind in ("script-src", "style-src", "connect-src", "font-src"):
        assert rules[kind] == "'self'"
    assert (await browser.get(JS)).headers["x-content-type-options"] == "nosniff"


async def test_loading_the_page_spends_from_no_limit(
    tmp_path: Path, database_url: str, page_folder: Path
) -> None:
    settings = easy(tmp_path).model_copy(update={"address_requests_per_minute": 1})
    async with serving(settings, database_url, page_folder) as client:
        for _ in range(3):
            for path in ("/", "/trade/BTC-PERP", JS):
                answer = await client.get(path, headers=VISIT)
                assert answer.status_code == 200
                assert "ratelimit" not in answer.headers
        assert (await client.get("/api/v1/prices/bitcoin")).status_code == 200


async def test_a_host_that_is_not_ours_gets_no_page(browser: httpx2.AsyncClient) -> None:
    answer = await browser.get("/", headers=VISIT | {"host": "rebound.example"})
    assert (answer.status_code, answer.json()["code"]) == (400, "host-not-allowed")


async def test_the_page_does_not_flatter_the_latency_of_the_service(
    settings: Settings, database_url: str, page_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = list[Verdict]()
    monkeypatch.setattr(Tally, "note", lambda _self, _took, verdict, **_: noted.append(verdict))
    async with serving(settings, database_url, page_folder) as client:
        await client.get("/trade/a-place-of-its-own", headers=VISIT)
        await client.get(JS)
        await client.get("/api/v1/prices/bitcoin")
        assert noted == [Verdict.APART, Verdict.APART, Verdict.GOOD]
        metrics = (await client.get("/metrics")).text
        assert 'route="/assets/{name}"' in metrics
        assert "a-place-of-its-own" not in metrics


async def test_without_a_page_a_browser_is_told_how_to_make_it(
    unbuilt: httpx2.AsyncClient,
) -> None:
    for path in ("/", "/trade/BTC-PERP"):
        answer = await unbuilt.get(path, headers=VISIT)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "<code>make ui</code>" in answer.text
        assert answer.headers["cache-control"] == "no-store"
    told = await unbuilt.get("/", headers={"accept": "*/*"})
    assert (told.status_code, told.json()["code"]) == (404, "page-not-built")
    head = await unbuilt.head("/", headers=VISIT)
    assert (head.status_code, head.content) == (404, b"")


async def test_without_a_page_everything_else_works(unbuilt: httpx2.AsyncClient) -> None:
    assert (await unbuilt.get("/docs", headers=VISIT)).status_code == 200
    assert (await unbuilt.get("/api/v1/prices/bitcoin")).status_code == 200
    missing = await unbuilt.get(JS, headers=VISIT)
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")


async def test_below_a_path_everything_answers_with_and_without_it(
    beneath: httpx2.AsyncClient,
) -> None:
    for prefix in ("", "/desk"):
        for place in ("/", "/trade/BTC-PERP"):
            answer = await beneath.get(prefix + place, headers=VISIT)
            assert answer.text == INDEX.replace('="./', '="/desk/')
        assert (await beneath.get(prefix + JS)).content == SCRIPT
        assert (await beneath.get(f"{prefix}/api/v1/prices/bitcoin")).status_code == 200
        assert (await beneath.get(f"{prefix}/api/v1/typo", headers=VISIT)).status_code == 404
    assert (await beneath.get("/desk", headers=VISIT)).status_code == 200
    other = await beneath.get("/desktop/api/v1/prices/bitcoin")
    assert other.status_code == 404


async def test_below_a_path_a_location_leads_back_through_the_proxy(
    beneath: httpx2.AsyncClient,
) -> None:
    for prefix in ("", "/desk"):
        answer = await beneath.get(f"{prefix}/api/v1/prices/bitcoin/", headers=VISIT)
        assert answer.status_code == 307
        landed = beneath.base_url.join(answer.headers["location"])
        assert landed == beneath.base_url.join("/desk/api/v1/prices/bitcoin")


async def test_below_a_path_a_session_of_a_cookie_works(beneath: httpx2.AsyncClient) -> None:
    account = {"email": "ada@example.org", "password": "correct horse battery"}
    own = {"sec-fetch-site": "same-origin"}
    made = await beneath.post("/desk/api/v1/auth/register", json=account, headers=own)
    assert made.status_code == 201, made.text
    opened = await beneath.post(
        "/desk/api/v1/auth/login", json=account | {"cookie": True}, headers=own
    )
    assert opened.status_code == 200, opened.text
    assert "Path=/;" in opened.headers["set-cookie"]
    me = await beneath.get("/desk/api/v1/auth/me", headers=own)
    assert me.json()["email"] == account["email"]


async def test_below_a_path_the_api_says_where_it_is(beneath: httpx2.AsyncClient) -> None:
    described = (await beneath.get("/desk/openapi.json")).json()
    assert described["servers"] == [{"url": "/desk"}]


@pytest.mark.parametrize(
    "value", ["desk", "/desk/", "/", "/a//b", "/../b", "/api", "/docs/x", "/ä"]
)
def test_a_root_path_that_cannot_be_one_stops_the_start(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIMSOLL_ROOT_PATH", value)
    with pytest.raises(BadSettings, match="PLIMSOLL_ROOT_PATH"):
        Settings.read()
