"""Accounts, sessions and keys, as callers meet them."""

import asyncio
import json

import httpx2
import pytest

from plimsoll.access.service import accounts
from tests.access.desk import PASSWORD, Desk, OpenDesk, bearer, make_key, sign_in, sign_up
from tests.fakes.clock import ManualClock

AUTH = "/api/v1/auth"


async def test_an_account_is_opened_once(http: httpx2.AsyncClient) -> None:
    body = {"email": " Ada@Example.com ", "password": PASSWORD}

    first = await http.post(f"{AUTH}/register", json=body)
    second = await http.post(f"{AUTH}/register", json={**body, "email": "ada@EXAMPLE.com"})

    assert first.status_code == 201
    made = first.json()
    assert (made["email"], made["tier"], made["role"]) == ("ada@example.com", "beginner", "user")
    assert (second.status_code, second.json()["code"]) == (409, "email-taken")


async def test_what_cannot_be_an_account_is_named(http: httpx2.AsyncClient) -> None:
    refused: list[tuple[dict[str, str], str]] = [
        ({"email": "ada", "password": PASSWORD}, "not-an-email"),
        ({"email": "ada@example.com", "password": "too short"}, "weak-password"),
        ({"email": "ada@example.com", "password": "Password2024!"}, "weak-password"),
        ({"email": "ada.lovelace@example.com", "password": "ada.lovelace99"}, "weak-password"),
        ({"email": "ada@example.com", "password": "x" * 129}, "invalid"),
        ({"email": "ada@example.com", "password": PASSWORD, "role": "operator"}, "invalid"),
    ]
    for body, code in refused:
        answer = await http.post(f"{AUTH}/register", json=body)

        assert (answer.status_code, answer.json()["code"]) == (422, code), body
        assert body["password"] not in answer.text


@pytest.mark.parametrize(
    "password",
    ["пароль из многих букв", "🦀" * 63 + "x", "x1y2" * 31 + "zzzz"],
    ids=["cyrillic", "emoji", "longest"],
)
async def test_every_character_of_a_password_counts(
    http: httpx2.AsyncClient, password: str
) -> None:
    await http.post(f"{AUTH}/register", json={"email": "ada@example.com", "password": password})

    login = {"email": "ada@example.com", "password": password}
    assert (await http.post(f"{AUTH}/login", json=login)).status_code == 200
    login["password"] = password[:-1] + "?"
    assert (await http.post(f"{AUTH}/login", json=login)).status_code == 401


async def test_registration_can_be_closed(open_desk: OpenDesk) -> None:
    desk = await open_desk(registration_open=False)
    async with desk.client() as http:
        answer = await http.post(
            f"{AUTH}/register", json={"email": "ada@example.com", "password": PASSWORD}
        )
    assert (answer.status_code, answer.json()["code"]) == (403, "registration-closed")


async def test_signing_in_tells_who_one_is(http: httpx2.AsyncClient) -> None:
    ada = await sign_up(http)

    me = (await http.get(f"{AUTH}/me", headers=ada.headers)).json()

    assert me["email"] == "ada@example.com"
    assert me["scopes"] == ["import", "read", "trade"]
    assert me["api_key_id"] is None


async def test_an_unknown_user_and_a_wrong_password_get_one_answer(
    http: httpx2.AsyncClient,
) -> None:
    await sign_up(http)

    answers = [
        await http.post(f"{AUTH}/login", json={"email": email, "password": "not the password"})
        for email in ("ada@example.com", "nobody@example.com")
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    first, second = ({**answer.json(), "request_id": ""} for answer in answers)
    assert first == second
    assert first["code"] == "bad-credentials"


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
async def test_failures_lock_the_account_whether_it_exists_or_not(
    http: httpx2.AsyncClient, email: str
) -> None:
    await sign_up(http)
    wrong = {"email": email, "password": "not the password"}

    for _ in range(5):
        assert (await http.post(f"{AUTH}/login", json=wrong)).status_code == 401
    locked = await http.post(f"{AUTH}/login", json={"email": email, "password": PASSWORD})

    assert (locked.status_code, locked.json()["code"]) == (429, "account-locked")
    assert 25 <= int(locked.headers["retry-after"]) <= 30


async def test_a_volley_of_guesses_does_not_outrun_the_lock(http: httpx2.AsyncClient) -> None:
    wrong = {"email": "ada@example.com", "password": "not the password"}

    answers = await asyncio.gather(*(http.post(f"{AUTH}/login", json=wrong) for _ in range(30)))

    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 25


async def test_signing_in_forgets_earlier_failures(http: httpx2.AsyncClient) -> None:
    await sign_up(http)
    wrong = {"email": "ada@example.com", "password": "not the password"}

    for _ in range(2):
        for _ in range(4):
            await http.post(f"{AUTH}/login", json=wrong)
        await sign_in(http)


async def test_attempts_per_address_are_limited(open_desk: OpenDesk) -> None:
    # Its time stands still: else one more is let in every six seconds.
    desk = await open_desk(ManualClock(), login_attempts_per_minute=10)
    async with desk.client("192.0.2.1") as http, desk.client("192.0.2.2") as other:
        answers = [
            await http.post(
                f"{AUTH}/login", json={"email": f"u{n}@example.com", "password": "not it at all"}
            )
            for n in range(21)
        ]
        elsewhere = await other.post(
            f"{AUTH}/login", json={"email": "v@example.com", "password": "not it at all"}
        )
    assert [answer.status_code for answer in answers] == [401] * 20 + [429]
    assert answers[-1].json()["code"] == "too-many-requests"
    assert elsewhere.status_code == 401


async def test_a_refresh_token_is_exchanged_once_and_reuse_ends_the_session(
    http: httpx2.AsyncClient,
) -> None:
    ada = await sign_up(http)

    async def exchange(token: str) -> httpx2.Response:
        return await http.post(f"{AUTH}/refresh", json={"refresh_token": token})

    second = (await exchange(ada.refresh_token)).json()
    assert (await http.get("/read", headers=bearer(second["access_token"]))).status_code == 200

    reused = await exchange(ada.refresh_token)
    assert (reused.status_code, reused.json()["code"]) == (401, "refresh-token-reused")
    assert (await exchange(second["refresh_token"])).status_code == 401
    assert (await http.get("/read", headers=bearer(second["access_token"]))).status_code == 401
    assert (await http.get("/read", headers=ada.headers)).status_code == 401


async def test_of_many_exchanges_at_once_one_wins_and_its_tokens_are_good(
    http: httpx2.AsyncClient,
) -> None:
    ada = await sign_up(http)

    answers = await asyncio.gather(
        *(
            http.post(f"{AUTH}/refresh", json={"refresh_token": ada.refresh_token})
            for _ in range(32)
        )
    )

    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 31
    assert (await http.get("/read", headers=bearer(won[0]["access_token"]))).status_code == 200
    again = await http.post(f"{AUTH}/refresh", json={"refresh_token": won[0]["refresh_token"]})
    assert again.status_code == 200


async def test_of_many_exchanges_in_two_processes_one_wins(open_desk: OpenDesk) -> None:
    one, two = await open_desk(), await open_desk()
    async with one.client() as here, two.client() as there:
        ada = await sign_up(here)
        answers = await asyncio.gather(
            *(
                client.post(f"{AUTH}/refresh", json={"refresh_token": ada.refresh_token})
                for _ in range(16)
                for client in (here, there)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 31


async def test_what_was_never_a_refresh_token_is_refused(http: httpx2.AsyncClient) -> None:
    for token in ("x", "A" * 43, "plim_nonsense", "🦀"):
        answer = await http.post(f"{AUTH}/refresh", json={"refresh_token": token})
        assert (answer.status_code, answer.json()["code"]) == (401, "bad-refresh-token")


async def test_signing_out_ends_this_session_only(http: httpx2.AsyncClient) -> None:
    here = await sign_up(http)
    there = await sign_in(http)

    assert (await http.post(f"{AUTH}/logout", headers=here.headers)).status_code == 204

    assert (await http.get("/read", headers=here.headers)).status_code == 401
    refreshed = await http.post(f"{AUTH}/refresh", json={"refresh_token": here.refresh_token})
    assert refreshed.status_code == 401
    assert (await http.get("/read", headers=there.headers)).status_code == 200


async def test_a_new_password_ends_every_session_and_opens_one(http: httpx2.AsyncClient) -> None:
    ada = await sign_up(http)
    elsewhere = await sign_in(http)
    body = {"current_password": PASSWORD, "new_password": "eight green cormorants"}

    changed = await http.post(f"{AUTH}/password", json=body, headers=ada.headers)

    assert changed.status_code == 200
    for old in (ada, elsewhere):
        assert (await http.get("/read", headers=old.headers)).status_code == 401
    fresh = bearer(changed.json()["access_token"])
    assert (await http.get("/read", headers=fresh)).status_code == 200
    login = {"email": "ada@example.com", "password": PASSWORD}
    assert (await http.post(f"{AUTH}/login", json=login)).status_code == 401
    await sign_in(http, password="eight green cormorants")


@pytest.mark.parametrize(
    ("current", "new", "status", "code"),
    [
        ("not the password", "eight green cormorants", 403, "wrong-password"),
        (PASSWORD, "short", 422, "weak-password"),
    ],
)
async def test_a_password_change_that_is_refused_changes_nothing(
    http: httpx2.AsyncClient, current: str, new: str, status: int, code: str
) -> None:
    ada = await sign_up(http)
    body = {"current_password": current, "new_password": new}

    answer = await http.post(f"{AUTH}/password", json=body, headers=ada.headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await http.get("/read", headers=ada.headers)).status_code == 200


async def test_a_key_is_shown_once_and_listed_without_its_secret(
    http: httpx2.AsyncClient,
) -> None:
    ada = await sign_up(http)
    made = await make_key(http, ada, "read", networks=["192.0.2.7/24"])

    listed = (await http.get(f"{AUTH}/keys", headers=ada.headers)).json()

    assert [key["id"] for key in listed["data"]] == [made["id"]]
    assert listed["data"][0]["networks"] == ["192.0.2.0/24"]
    assert made["api_key"].startswith("plim_")
    assert "api_key" not in listed["data"][0]


async def test_keys_come_in_pages_newest_first(http: httpx2.AsyncClient) -> None:
    ada = await sign_up(http)
    made = [(await make_key(http, ada, "read"))["id"] for _ in range(5)]

    seen, cursor = [], None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await http.get(f"{AUTH}/keys", params=query, headers=ada.headers)).json()
        seen += [key["id"] for key in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == made[::-1]


async def test_a_revoked_key_and_its_tokens_stop_at_once(http: httpx2.AsyncClient) -> None:
    ada = await sign_up(http)
    made = await make_key(http, ada, "read")
    token = (await http.post(f"{AUTH}/token", json={"api_key": made["api_key"]})).json()
    for credential in (made["api_key"], token["access_token"]):
        assert (await http.get("/read", headers=bearer(credential))).status_code == 200

    gone = await http.delete(f"{AUTH}/keys/{made['id']}", headers=ada.headers)

    assert gone.status_code == 204
    for credential in (made["api_key"], token["access_token"]):
        assert (await http.get("/read", headers=bearer(credential))).status_code == 401
    assert (await http.get(f"{AUTH}/keys", headers=ada.headers)).json()["data"] == []
    again = await http.delete(f"{AUTH}/keys/{made['id']}", headers=ada.headers)
    assert again.status_code == 404


async def test_someone_elses_key_does_not_exist(http: httpx2.AsyncClient) -> None:
    ada = await sign_up(http)
    eve = await sign_up(http, "eve@example.com")
    made = await make_key(http, ada, "read")

    answer = await http.delete(f"{AUTH}/keys/{made['id']}", headers=eve.headers)

    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-key")
    assert (await http.get("/read", headers=bearer(made["api_key"]))).status_code == 200


async def test_a_key_that_cannot_be_is_refused(http: httpx2.AsyncClient) -> None:
    ada = await sign_up(http)
    refused: list[tuple[dict[str, object], int, str]] = [
        ({"name": "k", "scopes": []}, 422, "invalid"),
        ({"name": "k", "scopes": ["fly"]}, 422, "invalid"),
        ({"name": "", "scopes": ["read"]}, 422, "invalid"),
        ({"name": "a\nb", "scopes": ["read"]}, 422, "invalid"),
        ({"name": "k", "scopes": ["admin"]}, 403, "scope-not-yours"),
        ({"name": "k", "scopes": ["read"], "networks": ["300.1.1.1"]}, 422, "not-a-network"),
        (
            {"name": "k", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"},
            422,
            "expiry-out-of-range",
        ),
        (
            {"name": "k", "scopes": ["read"], "expires_at": "9999-12-31T23:59:59-12:00"},
            422,
            "invalid",
        ),
        (
            {"name": "k", "scopes": ["read"], "expires_at": "0001-01-01T00:00:00+12:00"},
            422,
            "invalid",
        ),
    ]
    for body, status, code in refused:
        answer = await http.post(f"{AUTH}/keys", json=body, headers=ada.headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body


async def test_a_key_cannot_make_keys_or_change_the_password(http: httpx2.AsyncClient) -> None:
    ada = await sign_up(http)
    key = bearer((await make_key(http, ada, "read", "trade", "import"))["api_key"])

    for method, path, body in (
        ("GET", "/keys", None),
        ("POST", "/keys", {"name": "k", "scopes": ["read"]}),
        ("POST", "/password", {"current_password": PASSWORD, "new_password": "x" * 20}),
        ("POST", "/logout", None),
    ):
        answer = await http.request(method, f"{AUTH}{path}", json=body, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (403, "password-session-required")


async def test_a_token_from_a_key_has_its_scopes_and_no_refresh_token(
    http: httpx2.AsyncClient,
) -> None:
    ada = await sign_up(http)
    made = await make_key(http, ada, "trade")

    answer = (await http.post(f"{AUTH}/token", json={"api_key": made["api_key"]})).json()

    assert answer["token_type"] == "bearer"
    assert 0 < answer["expires_in"] <= 900
    assert "refresh_token" not in answer
    token = bearer(answer["access_token"])
    assert (await http.post("/trade", headers=token)).status_code == 200
    assert (await http.get("/read", headers=token)).status_code == 403


async def test_no_answer_and_no_row_carries_a_usable_secret(
    http: httpx2.AsyncClient, desk: Desk
) -> None:
    ada = await sign_up(http)
    made = await make_key(http, ada, "read")
    secrets = [PASSWORD, ada.refresh_token, ada.access_token, made["api_key"].split("_")[2]]

    async with desk.access.database.read() as unit:
        tables = ("users", "sessions", "refresh_tokens", "api_keys", "audit_log")
        for table in tables:
            text = str(await unit.fetch(f"select t::text from {table} t"))  # noqa: S608
            assert not [secret for secret in secrets if secret in text]


async def test_a_stored_hash_follows_the_parameters(open_desk: OpenDesk) -> None:
    before = await open_desk()
    async with before.client() as http:
        await sign_up(http)
    after = await open_desk(argon2_iterations=3)
    async with after.client() as http:
        await sign_in(http)
        await sign_in(http)

    async with after.access.database.read() as unit:
        stored = await unit.fetchval("select password_hash from users")
    assert stored.startswith("$argon2id$v=19$m=19456,t=3,p=1$")


async def test_a_disabled_user_is_shut_out_and_can_be_let_in_again(
    http: httpx2.AsyncClient, desk: Desk
) -> None:
    ada = await sign_up(http)
    key = bearer((await make_key(http, ada, "read"))["api_key"])
    database, clock = desk.access.database, desk.access.clock

    await accounts.disable(database, clock, email="ada@example.com")
    await desk.access.verifier.catch_up()

    assert (await http.get("/read", headers=ada.headers)).status_code == 401
    assert (await http.get("/read", headers=key)).status_code == 401
    login = {"email": "ada@example.com", "password": PASSWORD}
    assert (await http.post(f"{AUTH}/login", json=login)).status_code == 401

    await accounts.enable(database, clock, email="ada@example.com")
    assert (await http.get("/read", headers=key)).status_code == 200
    await sign_in(http)


async def test_text_that_is_no_text_is_refused_everywhere(http: httpx2.AsyncClient) -> None:
    ada = await sign_up(http)
    for path, body in (
        ("register", {"email": "ada\ud800@example.com", "password": PASSWORD}),
        ("register", {"email": "eve@example.com", "password": PASSWORD + "\ud800"}),
        ("login", {"email": "ada@example.com", "password": "\ud800"}),
        ("refresh", {"refresh_token": "\ud800"}),
        ("token", {"api_key": "\ud800"}),
        ("keys", {"name": "\ud800", "scopes": ["read"]}),
        ("keys", {"name": "\x00", "scopes": ["read"]}),
    ):
        answer = await http.post(
            f"{AUTH}/{path}",
            content=json.dumps(body),
            headers={"content-type": "application/json", **ada.headers},
        )
        assert answer.status_code in {401, 422}, (path, answer.text)
