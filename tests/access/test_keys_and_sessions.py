"""Keys handed over and counted, sessions listed and ended, places remembered."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest

from plimsoll.access.domain.places import KnownSignIn, place_of
from plimsoll.access.service.places import list_sign_ins
from plimsoll.access.service.sessions import hash_email
from plimsoll.kernel.identifiers import KeyId
from plimsoll.plumbing.database import Database
from tests.access.desk import (
    PASSWORD,
    Desk,
    HandClock,
    OpenDesk,
    Person,
    bearer,
    make_key,
    sign_in,
    sign_up,
    signed,
)

AUTH = "/api/v1/auth"
LOGIN = {"email": "ada@example.com", "password": PASSWORD}


async def rotate(
    http: httpx2.AsyncClient, owner: Person, key: Any, overlap_s: int
) -> httpx2.Response:
    return await http.post(
        f"{AUTH}/keys/{key['id']}/rotate", json={"overlap_s": overlap_s}, headers=owner.headers
    )


async def test_a_successor_has_the_rights_and_the_old_key_goes_on_for_a_while(
    open_desk: OpenDesk,
) -> None:
    clock = HandClock()
    desk = await open_desk(clock)
    async with desk.client() as http:
        ada = await sign_up(http)
        old = await make_key(http, ada, "read", networks=["127.0.0.0/8"])
        assert (await http.get("/read", headers=bearer(old["api_key"]))).status_code == 200

        made = await rotate(http, ada, old, 60)
        new = made.json()

        assert made.status_code == 201
        assert [new[name] for name in ("name", "scopes", "networks", "kind", "expires_at")] == [
            old[name] for name in ("name", "scopes", "networks", "kind", "expires_at")
        ]
        for key in (old, new):
            assert (await http.get("/read", headers=bearer(key["api_key"]))).status_code == 200
        listed = (await http.get(f"{AUTH}/keys", headers=ada.headers)).json()["data"]
        assert {key["id"]: key["rotated_to"] for key in listed} == {
            old["id"]: new["id"],
            new["id"]: None,
        }
        twice = await rotate(http, ada, old, 60)
        assert (twice.status_code, twice.json()["code"]) == (409, "key-rotated")

        clock.move(seconds=61)
        assert (await http.get("/read", headers=bearer(old["api_key"]))).status_code == 401
        assert (await http.get("/read", headers=bearer(new["api_key"]))).status_code == 200


async def test_a_signed_key_rotates_into_a_signed_one_at_once(http: httpx2.AsyncClient) -> None:
    ada = await sign_up(http)
    old = await make_key(http, ada, "read", kind="signed")
    assert (await http.get("/read", headers=signed(old, "GET", "/read"))).status_code == 200
    new = (await rotate(http, ada, old, 0)).json()
    assert new["signing_secret"] != old["signing_secret"]
    assert (await http.get("/read", headers=signed(old, "GET", "/read"))).status_code == 401
    assert (await http.get("/read", headers=signed(new, "GET", "/read"))).status_code == 200


@pytest.mark.parametrize("overlap_s", [-1, 604_801, 10**30])
async def test_an_overlap_lasts_a_week_at_most(http: httpx2.AsyncClient, overlap_s: int) -> None:
    ada = await sign_up(http)
    refused = await rotate(http, ada, await make_key(http, ada, "read"), overlap_s)
    assert refused.status_code == 422


async def test_of_two_rotations_at_once_one_makes_the_successor(
    http: httpx2.AsyncClient,
) -> None:
    ada = await sign_up(http)
    key = await make_key(http, ada, "read")
    answers = await asyncio.gather(*(rotate(http, ada, key, 60) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_uses_and_refusals_of_a_key_are_counted_over_processes_and_restarts(
    open_desk: OpenDesk, database: Database
) -> None:
    first, second = await open_desk(), await open_desk()
    async with first.client("192.0.2.7") as http, second.client("192.0.2.8") as other:
        ada = await sign_up(http)
        made = await make_key(http, ada, "read", networks=["192.0.2.0/24"])
        key = bearer(made["api_key"])
        for each in (http, http, other):
            assert (await each.get("/read", headers=key)).status_code == 200
        assert (await http.post("/trade", headers=key)).status_code == 403
        async with first.client("198.51.100.1") as away:
            assert (await away.get("/read", headers=key)).status_code == 403
        await first.access.close()
        await second.access.close()

    third = await open_desk()
    async with third.client() as http:
        usage = await http.get(
            f"{AUTH}/keys/{made['id']}/usage", params={"window": "24h"}, headers=ada.headers
        )
    counted = usage.json()
    assert [counted[name] for name in ("requests", "limited", "forbidden")] == [5, 0, 2]
    for part in ("days", "hours"):
        assert sum(each["requests"] for each in counted[part]) == 5
        assert sum(each["forbidden"] for each in counted[part]) == 2
    assert counted["last_address"] in {"192.0.2.8", "198.51.100.1"}
    assert counted["last_used_at"] is not None


async def test_refusals_over_the_limit_are_counted_at_once(open_desk: OpenDesk) -> None:
    desk = await open_desk(api_key_requests_per_minute=3)
    async with desk.client() as http:
        ada = await sign_up(http)
        made = await make_key(http, ada, "read")
        answers = [
            (await http.get("/read", headers=bearer(made["api_key"]))).status_code
            for _ in range(30)
        ]
        usage = await http.get(f"{AUTH}/keys/{made['id']}/usage", headers=ada.headers)
    counted = usage.json()
    assert (counted["requests"], counted["limited"]) == (30, answers.count(429))
    assert counted["limited"] > 0


async def sessions_of(http: httpx2.AsyncClient, person: Person) -> list[dict[str, Any]]:
    listed = await http.get(f"{AUTH}/sessions", headers=person.headers)
    found: list[dict[str, Any]] = listed.json()["data"]
    return found


async def test_sessions_are_listed_with_where_they_are(desk: Desk) -> None:
    agent = {"user-agent": "a browser \x7f" + "x" * 300}
    async with desk.client("192.0.2.7") as http, desk.client("203.0.113.9") as phone:
        ada = await sign_up(http)
        second = await phone.post(f"{AUTH}/login", json=LOGIN, headers=agent)
        mine = await sessions_of(http, ada)

        assert [each["address"] for each in mine] == ["203.0.113.9", "192.0.2.7"]
        assert [each["current"] for each in mine] == [False, True]
        assert mine[0]["agent"].startswith("a browser ?xxx")
        assert len(mine[0]["agent"]) == 200
        token = {"refresh_token": second.json()["refresh_token"]}
        await http.post(f"{AUTH}/refresh", json=token, headers={"user-agent": "moved"})
        moved = (await sessions_of(http, ada))[0]
        assert (moved["address"], moved["agent"]) == ("192.0.2.7", "moved")


async def test_a_session_is_ended_from_another_one(
    open_desk: OpenDesk, http: httpx2.AsyncClient
) -> None:
    ada = await sign_up(http)
    lost = await sign_in(http)
    other = await open_desk()
    async with other.client() as elsewhere:
        assert (await elsewhere.get("/read", headers=lost.headers)).status_code == 200
        lost_id = next(s["id"] for s in await sessions_of(http, lost) if s["current"])
        ended = await http.delete(f"{AUTH}/sessions/{lost_id}", headers=ada.headers)
        assert ended.status_code == 204
        assert (await http.get("/read", headers=lost.headers)).status_code == 401
        await asyncio.sleep(1.1)
        assert (await elsewhere.get("/read", headers=lost.headers)).status_code == 401
    again = await http.delete(f"{AUTH}/sessions/{lost_id}", headers=ada.headers)
    assert (again.status_code, again.json()["code"]) == (404, "no-such-session")
    refresh = await http.post(f"{AUTH}/refresh", json={"refresh_token": lost.refresh_token})
    assert refresh.status_code == 401


async def test_signing_out_everywhere_keeps_this_session_or_not(
    http: httpx2.AsyncClient,
) -> None:
    ada = await sign_up(http)
    others = [await sign_in(http) for _ in range(3)]
    ended = await http.delete(f"{AUTH}/sessions", headers=ada.headers)
    assert ended.json() == {"ended": 3}
    for other in others:
        assert (await http.get("/read", headers=other.headers)).status_code == 401
    assert (await http.get("/read", headers=ada.headers)).status_code == 200
    ended = await http.delete(f"{AUTH}/sessions?keep_current=false", headers=ada.headers)
    assert ended.json() == {"ended": 1}
    assert (await http.get("/read", headers=ada.headers)).status_code == 401


async def test_where_somebody_signs_in_is_remembered_with_what_was_known_then(
    desk: Desk, database: Database
) -> None:
    async def sign_ins(after: int = 0) -> list[KnownSignIn]:
        async with database.read() as unit:
            return await list_sign_ins(unit, after=after)

    async with desk.client("192.0.2.7") as home, desk.client("2001:db8:1:2::7") as hotel:
        ada = await sign_up(home)
        await home.post(f"{AUTH}/login", json=LOGIN)
        for _ in range(2):
            await hotel.post(f"{AUTH}/login", json=LOGIN | {"password": "guessed it"})
        await hotel.post(f"{AUTH}/login", json=LOGIN)
        await home.post(f"{AUTH}/login", json=LOGIN | {"email": "nobody@example.com"})

    found = await sign_ins()
    assert [(str(each.user_id), each.place, each.failures) for each in found] == [
        (ada.id, "192.0.2.0/24", 0),
        (ada.id, "192.0.2.0/24", 0),
        (ada.id, "2001:db8:1::/48", 2),
    ]
    assert found[0].known == {}
    assert set(found[2].known) == {"192.0.2.0/24"}
    seen = found[2].known["192.0.2.0/24"]
    assert abs((seen - found[1].at).total_seconds()) < 0.002
    assert await sign_ins(after=found[1].sequence) == found[2:]


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.200", "192.0.2.0/24"),
        ("::ffff:192.0.2.200", "192.0.2.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("testclient", None),
        ("", None),
        (None, None),
    ],
)
def test_a_place_is_a_network(address: str | None, place: str | None) -> None:
    assert place_of(address) == place


async def test_a_person_nobody_knows_has_no_place(
    http: httpx2.AsyncClient, database: Database
) -> None:
    await http.post(f"{AUTH}/login", json=LOGIN)
    async with database.read() as unit:
        assert await unit.fetchval("select count(*) from login_places") == 0
        kept = await unit.fetchval("select email_hash from login_failures")
    assert kept == hash_email(LOGIN["email"])


async def test_counts_that_could_not_be_written_are_written_later(
    open_desk: OpenDesk, database: Database
) -> None:
    desk = await open_desk()
    async with desk.client() as http:
        ada = await sign_up(http)
        made = await make_key(http, ada, "read")
        await database.once("alter table key_uses rename to away")
        key_id = KeyId(UUID(made["id"]))
        for _ in range(2):
            await http.get("/read", headers=bearer(made["api_key"]))
            with pytest.raises(asyncpg.UndefinedTableError):
                await desk.access.key_uses.write_down(only=key_id)
        await database.once("alter table away rename to key_uses")
        usage = await http.get(f"{AUTH}/keys/{made['id']}/usage", headers=ada.headers)
    assert usage.json()["requests"] == 2
