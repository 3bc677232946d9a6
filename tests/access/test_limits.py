"""Limits as a caller meets them: per key, per person, per class of routes, by weight, shared."""

import asyncio
import re
from collections import Counter

import httpx2
import pytest

from plimsoll.access.domain.principals import Tier
from plimsoll.access.domain.tolls import RouteClass, Toll
from plimsoll.access.service import accounts
from plimsoll.kernel.clock import SystemClock
from plimsoll.plumbing.crowd import Crowd
from plimsoll.plumbing.shared_limits import SharedLimiter
from plimsoll.plumbing.telemetry import RATE_LIMIT_DECISIONS, RATE_LIMIT_HITS
from tests.access.desk import PASSWORD, OpenDesk, Person, bearer, make_key, sign_up
from tests.plumbing.valkey import Valkey

ORDERS = Toll(route_class=RouteClass.ORDERS)


async def key_of(http: httpx2.AsyncClient, owner: Person, *scopes: str) -> dict[str, str]:
    return bearer((await make_key(http, owner, *scopes))["api_key"])


async def ask(http: httpx2.AsyncClient, times: int, headers: dict[str, str]) -> Counter[int]:
    return Counter([(await http.get("/read", headers=headers)).status_code for _ in range(times)])


def left(answer: httpx2.Response) -> dict[str, int]:
    """By the name of the limit: what may still come."""
    found = re.findall(r'"([a-z-]+)";r=(\d+);t=\d+', answer.headers["ratelimit"])
    return {name: int(number) for name, number in found}


async def test_the_101st_request_of_a_minute_with_a_beginners_key_is_refused(
    open_desk: OpenDesk,
) -> None:
    desk = await open_desk(api_key_requests_per_minute=100, user_requests_per_minute=3_000)
    async with desk.client() as http:
        ada = await sign_up(http)
        key = await key_of(http, ada, "read")
        hits = RATE_LIMIT_HITS.labels("api-key")._value.get()
        turned_away = RATE_LIMIT_DECISIONS.labels("refused")._value.get()

        first = await http.get("/read", headers=key)
        assert (
            first.headers["ratelimit-policy"]
            == '"api-key";q=100;w=60, "user";q=3000;w=60;burst=300'
        )
        assert left(first)["api-key"] == 99
        assert await ask(http, 99, key) == {200: 99}
        refused = await http.get("/read", headers=key)

        assert refused.status_code == 429
        problem = refused.json()
        assert (problem["code"], problem["limit"]) == ("too-many-requests", "api-key")
        assert problem["per_minute"] == 100
        assert 55 <= int(refused.headers["retry-after"]) <= 61
        assert left(refused)["api-key"] == 0
        assert left(refused)["user"] > 100  # what was refused took nothing
        assert RATE_LIMIT_HITS.labels("api-key")._value.get() == hits + 1
        assert RATE_LIMIT_DECISIONS.labels("refused")._value.get() == turned_away + 1

        # Another key, and the person, have allowances of their own.
        assert await ask(http, 1, await key_of(http, ada, "read")) == {200: 1}
        assert await ask(http, 1, ada.headers) == {200: 1}


async def test_a_key_may_come_as_often_as_its_owners_tier_allows(open_desk: OpenDesk) -> None:
    desk = await open_desk(api_key_requests_per_minute=10, api_key_orders_per_minute=30)
    async with desk.client() as http:
        ada = await sign_up(http)
        key = await key_of(http, ada, "read")
        for tier, times in ((Tier.BEGINNER, 1), (Tier.INTERMEDIATE, 3), (Tier.ADVANCED, 10)):
            await accounts.set_tier(
                desk.access.database, desk.access.clock, email=ada.email, tier=tier
            )
            await desk.access.verifier.catch_up()
            answer = await http.get("/read", headers=key)
            assert answer.headers["ratelimit-policy"].startswith(f'"api-key";q={10 * times};w=60,')
        # What was spent as a beginner still counts.
        assert await ask(http, 98, key) == {200: 97, 429: 1}


async def test_all_keys_of_a_person_share_what_the_person_has(open_desk: OpenDesk) -> None:
    desk = await open_desk(api_key_requests_per_minute=1_000, user_requests_per_minute=1)
    async with desk.client() as http:
        ada = await sign_up(http)
        keys = [await key_of(http, ada, "read") for _ in range(2)]
        answers = [await ask(http, 150, key) for key in keys]
        assert sum(answers, Counter())[200] in range(
            190, 200
        )  # a burst of 200, less what made them
        refused = await http.get("/read", headers=keys[0])
        assert refused.json()["limit"] == "user"
        assert left(refused)["api-key"] > 800


async def test_reading_takes_nothing_from_orders_nor_they_from_it(open_desk: OpenDesk) -> None:
    desk = await open_desk(api_key_requests_per_minute=5, api_key_orders_per_minute=1)
    desk.access.tolls = {"trade": ORDERS}
    async with desk.client() as http:
        key = await key_of(http, await sign_up(http), "read", "trade")
        assert await ask(http, 6, key) == {200: 5, 429: 1}

        answers = [await http.post("/trade", headers=key) for _ in range(51)]
        assert Counter(answer.status_code for answer in answers) == {200: 50, 429: 1}
        assert left(answers[0]).keys() == {"api-key-orders", "user-orders"}
        assert answers[-1].json()["limit"] == "api-key-orders"


async def test_heavy_routes_take_their_weight_from_known_and_unknown(open_desk: OpenDesk) -> None:
    desk = await open_desk(api_key_requests_per_minute=20, address_requests_per_minute=1)
    desk.access.tolls = {
        "read": Toll(weight=6),
        "anyone": Toll(rows_a_point=1_000, table=10),
    }
    async with desk.client() as http:
        key = await key_of(http, await sign_up(http), "read")
        answers = [await http.get("/read", headers=key) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [left(answer)["api-key"] for answer in answers] == [14, 8, 2, 2]
        assert (await http.get("/signed-in", headers=key)).status_code == 200

    async with desk.client("192.0.2.7") as stranger:
        spent = []
        before = 100
        for query in ("", "?limit=5000", "?limit=10&limit=2000", "?l%69mit=%2B5", "?format=csv"):
            now = left(await stranger.get(f"/anyone{query}"))["address"]
            spent.append(before - now)
            before = now
        assert spent == [1, 6, 3, 11, 11]


async def test_a_small_limit_makes_a_heavy_route_rare_and_not_impossible(
    open_desk: OpenDesk,
) -> None:
    desk = await open_desk(api_key_requests_per_minute=2)
    desk.access.tolls = {"read": Toll(weight=20)}
    async with desk.client() as http:
        key = await key_of(http, await sign_up(http), "read")
        assert await ask(http, 2, key) == {200: 1, 429: 1}


async def test_processes_that_share_a_store_share_one_allowance(
    open_desk: OpenDesk, valkey: Valkey
) -> None:
    desks = [await open_desk(api_key_requests_per_minute=100) for _ in range(2)]
    for desk in desks:
        desk.access.limiter = SharedLimiter(valkey.url, SystemClock(), deadline_s=5.0)
        await desk.access.limiter.open()
    async with desks[0].client() as one, desks[1].client() as two:
        key = await key_of(one, await sign_up(one), "read")
        for desk in desks:  # hashing made answers look slow, and 75 at once would be too many
            desk.edge.crowd = Crowd(desk.access.settings.requests_at_once)
        answers = await asyncio.gather(
            *(http.get("/read", headers=key) for http in (one, two) for _ in range(75))
        )
        assert Counter(answer.status_code for answer in answers) == {200: 100, 429: 50}
    for desk in desks:
        await desk.access.limiter.aclose()


@pytest.mark.parametrize("path", ["/read", "/anyone"])
async def test_requests_are_answered_while_the_store_is_away(
    open_desk: OpenDesk, path: str
) -> None:
    desk = await open_desk(api_key_requests_per_minute=10)
    desk.access.limiter = SharedLimiter("redis://127.0.0.1:9/0", SystemClock())
    await desk.access.limiter.open()
    async with desk.client() as http:
        key = await key_of(http, await sign_up(http), "read")
        answers = [(await http.get(path, headers=key)).status_code for _ in range(11)]
        assert Counter(answers) == {200: 10, 429: 1}
    await desk.access.limiter.aclose()


async def test_an_ipv6_household_is_one_stranger_however_many_addresses_it_has(
    open_desk: OpenDesk,
) -> None:
    desk = await open_desk(login_attempts_per_minute=10)

    async def guess(address: str, number: int) -> int:
        wrong = {"email": f"u{number}@example.com", "password": "not it at all"}
        async with desk.client(address) as http:
            return (await http.post("/api/v1/auth/login", json=wrong)).status_code

    answers = [await guess(f"2001:db8:0:1::{number:x}", number) for number in range(30)]
    assert answers[:20] == [401] * 20
    assert 429 in answers[20:], "one more is let in every six seconds"
    assert await guess("2001:db8:0:2::1", 30) == 401
    for address in ("192.0.2.7", "192.0.2.8"):
        assert await guess(address, 31) == 401


async def test_opening_accounts_counts_like_signing_in(open_desk: OpenDesk) -> None:
    """Each hashes a password: a thousand a minute would leave nobody else a turn."""
    desk = await open_desk(login_attempts_per_minute=10)
    async with desk.client("192.0.2.7") as http:
        answers = [
            await http.post(
                "/api/v1/auth/register",
                json={"email": f"u{number}@example.com", "password": PASSWORD},
            )
            for number in range(30)
        ]
    assert [answer.status_code for answer in answers[:20]] == [201] * 20
    refused = [answer.json() for answer in answers if answer.status_code == 429]
    assert refused, "one more is let in every six seconds"
    assert {each["limit"] for each in refused} == {"login"}
