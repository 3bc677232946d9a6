"""The second factor: set up, asked for, lost, taken off."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest

from plimsoll.access.domain.principals import Role
from plimsoll.access.domain.sessions import Origin
from plimsoll.access.domain.totp import hotp, step_at
from plimsoll.access.service import accounts, enrolment, sessions
from plimsoll.access.service.second_factors import SecondFactorNeeded
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.database import Database
from tests.access.desk import PASSWORD, Desk, HandClock, OpenDesk, Person, sign_in, sign_up

AUTH = "/api/v1/auth"
LOGIN = {"email": "ada@example.com", "password": PASSWORD}
CHANGE = {"current_password": PASSWORD, "new_password": "nine white swans at dawn"}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def desk(open_desk: OpenDesk, clock: HandClock) -> Desk:
    return await open_desk(clock)


@pytest.fixture
async def ada(http: httpx2.AsyncClient) -> Person:
    return await sign_up(http)


class App:
    """An authenticator app that holds the secret, and the recovery codes on paper."""

    def __init__(self, enrolled: Any, clock: HandClock) -> None:
        self._secret = base64.b32decode(enrolled["secret"])
        self._clock = clock
        self.paper: list[str] = []

    def code(self, *, ahead: int = 0) -> str:
        return hotp(self._secret, step_at(self._clock.now()) + ahead)

    def next(self) -> str:
        """The code of the next half minute, when it has come."""
        self._clock.move(seconds=30)
        return self.code()


async def set_up(http: httpx2.AsyncClient, person: Person, clock: HandClock) -> App:
    enrolled = await http.post(f"{AUTH}/totp", json={"password": PASSWORD}, headers=person.headers)
    assert enrolled.status_code == 201, enrolled.text
    app = App(enrolled.json(), clock)
    confirmed = await http.post(
        f"{AUTH}/totp/confirm", json={"code": app.code()}, headers=person.headers
    )
    assert confirmed.status_code == 200, confirmed.text
    app.paper = confirmed.json()["recovery_codes"]
    return app


@pytest.fixture
async def app(http: httpx2.AsyncClient, ada: Person, clock: HandClock) -> App:
    return await set_up(http, ada, clock)


async def login(http: httpx2.AsyncClient, **more: Any) -> tuple[int, str | None]:
    answer = await http.post(f"{AUTH}/login", json=LOGIN | more)
    return answer.status_code, answer.json().get("code")


async def test_it_is_not_asked_for_before_it_was_confirmed(
    http: httpx2.AsyncClient, ada: Person, clock: HandClock
) -> None:
    wrong = await http.post(f"{AUTH}/totp", json={"password": "no"}, headers=ada.headers)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong-password")
    first = await http.post(f"{AUTH}/totp", json={"password": PASSWORD}, headers=ada.headers)
    again = await http.post(f"{AUTH}/totp", json={"password": PASSWORD}, headers=ada.headers)
    assert again.json()["secret"] != first.json()["secret"]
    assert again.json()["secret"] in again.json()["uri"]
    assert (await login(http))[0] == 200

    old = App(first.json(), clock)
    refused = await http.post(
        f"{AUTH}/totp/confirm", json={"code": old.code()}, headers=ada.headers
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "wrong-code")
    state = await http.get(f"{AUTH}/totp", headers=ada.headers)
    assert state.json()["state"] == "pending"


async def test_signing_in_needs_the_password_and_a_code(http: httpx2.AsyncClient, app: App) -> None:
    assert await login(http) == (401, "second-factor-needed")
    assert await login(http, password="wrong one here") == (401, "bad-credentials")
    code = app.next()
    assert await login(http, password="wrong one here", code=code) == (401, "bad-credentials")
    assert (await login(http, code=code))[0] == 200
    assert await login(http, code=code) == (401, "second-factor-used")
    assert (await login(http, code=app.next()))[0] == 200


async def test_one_code_opens_one_session_however_many_ask(
    open_desk: OpenDesk, http: httpx2.AsyncClient, app: App, clock: HandClock
) -> None:
    async with (await open_desk(clock)).client() as elsewhere:
        for code in (app.next(), app.paper[0]):
            attempts = (login(each, code=code) for each in (http, elsewhere))
            statuses = sorted([status for status, _ in await asyncio.gather(*attempts)])
            assert statuses == [200, 401]


async def test_a_recovery_code_works_once(http: httpx2.AsyncClient, ada: Person, app: App) -> None:
    assert len(set(app.paper)) == 10
    assert (await login(http, code=app.paper[3].lower().replace("-", " ")))[0] == 200
    assert await login(http, code=app.paper[3]) == (401, "second-factor-wrong")
    state = await http.get(f"{AUTH}/totp", headers=ada.headers)
    assert (state.json()["state"], state.json()["recovery_codes"]) == ("active", 9)


async def test_wrong_codes_lock_the_account_like_wrong_passwords(
    http: httpx2.AsyncClient, app: App
) -> None:
    wrong = f"{(int(app.next()) + 1) % 10**6:06}"
    answers = [await login(http, code=wrong) for _ in range(6)]
    assert answers == [(401, "second-factor-wrong")] * 5 + [(429, "account-locked")]
    assert await login(http, code=app.code()) == (429, "account-locked")


async def test_what_outlives_the_session_wants_a_fresh_code(
    http: httpx2.AsyncClient, ada: Person, app: App, clock: HandClock
) -> None:
    async def make(**more: Any) -> tuple[int, str | None]:
        wish = {"name": "bot", "scopes": ["read"]}
        answer = await http.post(f"{AUTH}/keys", json=wish | more, headers=ada.headers)
        return answer.status_code, answer.json().get("code")

    assert (await make())[0] == 201, "the code that confirmed it is fresh"
    clock.move(minutes=11)
    assert await make() == (403, "fresh-code-needed")
    change = await http.post(f"{AUTH}/password", json=CHANGE, headers=ada.headers)
    assert change.json()["code"] == "fresh-code-needed"
    renewed = await http.post(f"{AUTH}/recovery-codes", json={}, headers=ada.headers)
    assert renewed.json()["code"] == "fresh-code-needed"
    assert await make(code="000000") == (403, "wrong-code")
    assert (await make(code=app.code()))[0] == 201
    assert (await make())[0] == 201, "for ten minutes"
    renewed = await http.post(f"{AUTH}/recovery-codes", json={}, headers=ada.headers)
    assert len(renewed.json()["recovery_codes"]) == 10
    assert await login(http, code=app.paper[0]) == (401, "second-factor-wrong")
    change = await http.post(f"{AUTH}/password", json=CHANGE, headers=ada.headers)
    assert change.status_code == 200


async def test_a_sign_in_with_a_code_is_fresh_and_one_of_before_is_not(
    http: httpx2.AsyncClient, app: App, clock: HandClock
) -> None:
    clock.move(minutes=20)
    tokens = (await http.post(f"{AUTH}/login", json=LOGIN | {"code": app.code()})).json()
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    wish = {"name": "bot", "scopes": ["read"]}
    assert (await http.post(f"{AUTH}/keys", json=wish, headers=headers)).status_code == 201


async def test_taking_it_off_wants_both(http: httpx2.AsyncClient, ada: Person, app: App) -> None:
    async def take_off(password: str, code: str) -> httpx2.Response:
        return await http.request(
            "DELETE",
            f"{AUTH}/totp",
            json={"password": password, "code": code},
            headers=ada.headers,
        )

    assert (await take_off("not the password", app.paper[0])).json()["code"] == "wrong-password"
    assert (await take_off(PASSWORD, "000000")).json()["code"] == "wrong-code"
    again = await http.post(f"{AUTH}/totp", json={"password": PASSWORD}, headers=ada.headers)
    assert again.json()["code"] == "second-factor-active"
    assert (await take_off(PASSWORD, app.paper[0])).status_code == 204
    assert (await login(http))[0] == 200
    assert (await take_off(PASSWORD, app.paper[1])).json()["code"] == "no-second-factor"


async def test_whoever_runs_the_machine_can_take_it_off(
    http: httpx2.AsyncClient, app: App, database: Database, clock: HandClock
) -> None:
    email = "ada@example.com"
    assert await enrolment.active_since(database, email=email) is not None
    assert await enrolment.remove_for(database, clock, email=email)
    assert not await enrolment.remove_for(database, clock, email=email)
    assert await enrolment.active_since(database, email=email) is None
    assert (await login(http))[0] == 200


async def test_nothing_of_it_can_be_read_in_the_database(
    app: App, ada: Person, database: Database
) -> None:
    async with database.read() as unit:
        factors = await unit.fetch("select * from second_factors")
        codes = await unit.fetch("select * from recovery_codes")
        events = await unit.fetch("select event from audit_log where user_id = $1", ada.id)
    stored = f"{factors}{codes}".lower()
    assert app._secret.hex() not in stored
    assert all(code.lower() not in stored for code in app.paper)
    assert [event[0] for event in events][-2:] == ["second-factor-enrolled", "second-factor-set"]


@pytest.fixture
async def strict(open_desk: OpenDesk, clock: HandClock) -> AsyncIterator[httpx2.AsyncClient]:
    """A process where operators need a second factor."""
    async with (await open_desk(clock, second_factor_roles=("operator",))).client() as http:
        yield http


async def test_a_role_that_needs_it_has_no_rights_without_it(
    strict: httpx2.AsyncClient, database: Database, clock: HandClock
) -> None:
    ada = await sign_up(strict)
    wish = {"name": "bot", "scopes": ["read"]}
    key = (await strict.post(f"{AUTH}/keys", json=wish, headers=ada.headers)).json()
    assert (await strict.get("/read", headers=ada.headers)).status_code == 200
    await accounts.set_role(database, clock, email=ada.email, role=Role.OPERATOR)
    await asyncio.sleep(1.1)

    bot = {"authorization": f"Bearer {key['api_key']}"}
    for headers in (ada.headers, bot):
        for method, path in (("GET", "/read"), ("GET", "/admin"), ("POST", f"{AUTH}/keys")):
            refused = await strict.request(method, path, json=wish, headers=headers)
            assert refused.status_code == 403, path
            assert refused.json()["code"] == "second-factor-required", path
    me = await strict.get(f"{AUTH}/me", headers=ada.headers)
    assert (me.status_code, me.json()["scopes"]) == (200, [])

    await set_up(strict, ada, clock)
    for headers in (ada.headers, bot):
        assert (await strict.get("/read", headers=headers)).status_code == 200
    assert (await strict.get("/admin", headers=ada.headers)).status_code == 200


async def test_others_need_none(strict: httpx2.AsyncClient) -> None:
    await sign_up(strict)
    ada = await sign_in(strict)
    assert (await strict.get("/read", headers=ada.headers)).status_code == 200


async def test_sessions_that_it_was_never_shown_for_end_when_it_is_set_up(
    strict: httpx2.AsyncClient, database: Database, clock: HandClock
) -> None:
    """Or one that somebody opened with the password alone would be let in by the owner's app."""
    ada = await sign_up(strict)
    thief = await sign_in(strict)
    await accounts.set_role(database, clock, email=ada.email, role=Role.OPERATOR)
    await asyncio.sleep(1.1)
    refused = await strict.get("/admin", headers=thief.headers)
    assert refused.json()["code"] == "second-factor-required"

    await set_up(strict, ada, clock)

    assert (await strict.get("/admin", headers=ada.headers)).status_code == 200
    assert (await strict.get("/admin", headers=thief.headers)).status_code == 401
    again = await strict.post(f"{AUTH}/refresh", json={"refresh_token": thief.refresh_token})
    assert again.status_code == 401


async def test_a_sign_in_that_is_under_way_does_not_slip_past_it(
    http: httpx2.AsyncClient, ada: Person, clock: HandClock, database: Database
) -> None:
    enrolled = await http.post(f"{AUTH}/totp", json={"password": PASSWORD}, headers=ada.headers)
    app = App(enrolled.json(), clock)
    async with database.write() as unit:
        await unit.execute("select 1 from users for no key update")
        signing_in = asyncio.create_task(http.post(f"{AUTH}/login", json=LOGIN))
        await asyncio.sleep(0.3)  # the password was right, no second factor was found; it waits
        confirming = asyncio.create_task(
            http.post(f"{AUTH}/totp/confirm", json={"code": app.code()}, headers=ada.headers)
        )
        await asyncio.sleep(0.3)
        assert not signing_in.done()
    signed_in, confirmed = await asyncio.gather(signing_in, confirming)

    assert confirmed.status_code == 200
    token = signed_in.json().get("access_token", "")
    inside = await http.get("/read", headers={"authorization": f"Bearer {token}"})
    assert inside.status_code == 401


async def test_a_sign_in_that_saw_none_is_refused_once_there_is_one(
    http: httpx2.AsyncClient, ada: Person, app: App, desk: Desk, database: Database
) -> None:
    async with database.write() as unit:
        with pytest.raises(SecondFactorNeeded):
            await sessions.start(
                desk.access,
                unit,
                UserId(UUID(ada.id)),
                origin=Origin(None, None),
                with_cookie=False,
                proved_at=None,
            )


async def test_guesses_at_a_secret_that_is_not_confirmed_are_counted(
    http: httpx2.AsyncClient, ada: Person, clock: HandClock
) -> None:
    """Confirming hands out recovery codes: a session alone must not guess its way to them."""
    enrolled = await http.post(f"{AUTH}/totp", json={"password": PASSWORD}, headers=ada.headers)
    app = App(enrolled.json(), clock)

    async def confirm(code: str) -> tuple[int, str | None]:
        answer = await http.post(f"{AUTH}/totp/confirm", json={"code": code}, headers=ada.headers)
        return answer.status_code, answer.json().get("code")

    wrong = f"{(int(app.code()) + 1) % 1_000_000:06}"
    assert [await confirm(wrong) for _ in range(5)] == [(403, "wrong-code")] * 5
    assert await confirm(app.code()) == (429, "account-locked")


async def test_a_new_password_does_not_make_the_code_newer(
    http: httpx2.AsyncClient, ada: Person, app: App, clock: HandClock
) -> None:
    clock.move(minutes=9)
    changed = await http.post(f"{AUTH}/password", json=CHANGE, headers=ada.headers)
    headers = {"authorization": f"Bearer {changed.json()['access_token']}"}
    clock.move(minutes=2)

    wish = {"name": "bot", "scopes": ["read"]}
    refused = await http.post(f"{AUTH}/keys", json=wish, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "fresh-code-needed")
