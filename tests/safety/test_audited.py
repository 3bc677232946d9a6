"""What operators change, and what people change about who may do what, leaves a row in the log.

Every route of an operator and every route of `/auth` that changes something is named here, with the
events it leaves or the reason why it leaves none: a new route fails until somebody has decided.
Those that can be called as they stand are called, and the row is looked for.
"""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from plimsoll.access.domain.audit import Event
from plimsoll.access.domain.principals import Role, Scope
from plimsoll.access.guards import _OfKnown
from plimsoll.access.service import accounts
from plimsoll.app import create_app
from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings
from tests.conftest import PASSWORD, Person, SignUp
from tests.journeys.examples import NOBODY
from tests.journeys.tax_story import WISH, finish
from tests.journeys.test_awkward_values import EXAMPLES

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
NOT_AUDITED: Final = {
    "refresh": "every quarter of an hour of everybody; using a token twice is",
    "exchange_key": "as a refresh; the key's own use is counted",
}
"""And why."""


def changing_routes(app: FastAPI) -> Iterator[str]:
    """Names of handlers that need the scope `admin` or are below `/auth`, and change something."""
    for context in iter_route_contexts(app.routes):
        if not isinstance(context.original_route, APIRoute) or set(context.methods or ()) <= SAFE:
            continue
        if "/auth/" in str(context.path) or _is_for_operators(context.dependant):
            yield context.original_route.name


def _is_for_operators(dependant: Dependant) -> bool:
    call: object = dependant.call
    needs = isinstance(call, _OfKnown) and Scope.ADMIN in call._needed
    return needs or any(map(_is_for_operators, dependant.dependencies))


ROUTES: Final = frozenset(changing_routes(create_app(Settings(), "")))


def test_every_such_route_is_decided_about() -> None:
    assert ROUTES - set(AUDITED) - set(NOT_AUDITED) == set(), "say which event it leaves"
    assert {*AUDITED, *NOT_AUDITED} - ROUTES == set(), "there is no such route"
    assert not set(AUDITED) & set(NOT_AUDITED)


AUDITED: Final[dict[str, Event]] = {
    "register": Event.REGISTERED,
    "login": Event.LOGIN,
    "logout": Event.LOGOUT,
    "change_password": Event.PASSWORD_CHANGED,
    "make_key": Event.KEY_MADE,
    "revoke_key": Event.KEY_REVOKED,
    "rotate_key": Event.KEY_ROTATED,
    "end_session": Event.SESSION_ENDED,
    "end_sessions": Event.SESSIONS_ENDED,
    "enrol_second_factor": Event.SECOND_FACTOR_ENROLLED,
    "confirm_second_factor": Event.SECOND_FACTOR_SET,
    "remove_second_factor": Event.SECOND_FACTOR_REMOVED,
    "renew_recovery_codes": Event.RECOVERY_CODES_MADE,
    "disable_person": Event.DISABLED,
    "enable_person": Event.ENABLED,
    "sign_person_out": Event.SIGNED_OUT,
    "approve": Event.APPROVAL_GIVEN,
    "refuse": Event.APPROVAL_REFUSED,
    "acknowledge_case": Event.CASE_ACKNOWLEDGED,
    "assign_case": Event.CASE_ASSIGNED,
    "resolve_case": Event.CASE_RESOLVED,
    "set_market_price": Event.PRICE_SET,
    "set_trading_state": Event.TRADING_STATE_SET,
    "set_trading_limits": Event.TRADING_LIMITS_SET,
    "force_reduce": Event.POSITION_REDUCED,
    "set_trading_tier": Event.TIER_SET,
    "move_insurance": Event.INSURANCE_MOVED,
    "list_new_instrument": Event.INSTRUMENT_LISTED,
    "start_backfill": Event.BACKFILL_STARTED,
    "start_import": Event.CANDLE_IMPORT_STARTED,
}
"""Operation → the event."""


async def rows_since(database: Database, sequence: int) -> list[tuple[str, str | None]]:
    rows = await database.once(
        "select event, facts ->> 'reason' from audit_log where sequence > $1 order by sequence",
        sequence,
    )
    return [(row[0], row[1]) for row in rows]


async def last(database: Database) -> int:
    (row,) = await database.once("select sequence from audit_head")
    return int(row[0])


@pytest.fixture
async def operator(app: FastAPI, ada: Person) -> Person:
    state = app.state
    await accounts.set_role(state.database, state.clock, email=ada.email, role=Role.OPERATOR)
    entered = await ada.http.post("/auth/login", json={"email": ada.email, "password": PASSWORD})
    ada.http.headers["Authorization"] = f"Bearer {entered.json()['access_token']}"
    return ada


OPERATORS_TRY: Final = tuple(name for name in ROUTES if name in EXAMPLES)


async def test_what_an_operator_changes_is_in_the_log_with_its_reason(
    operator: Person, ben: Person, app: FastAPI
) -> None:
    database: Database = app.state.database
    changed = set[str]()
    for name in sorted(OPERATORS_TRY):
        example = EXAMPLES[name]
        if "/auth/" in f"{example.path}/" or name in NOT_AUDITED:
            continue
        before = await last(database)
        answer = await operator.http.request(
            example.method, example.path.replace(NOBODY, ben.id), json=example.body
        )
        left = await rows_since(database, before)
        if answer.is_success:
            changed.add(name)
            assert AUDITED[name] in {event for event, _ in left}, (name, left)
            given = example.body.get("reason")
            assert given is None or given in {reason for _, reason in left}, name
        else:
            assert AUDITED[name] not in {event for event, _ in left}, (name, answer.text)
    assert len(changed) >= 5, "most of them work as they stand"


async def test_what_people_change_about_their_access_is_in_the_log(
    sign_up: SignUp, app: FastAPI
) -> None:
    database: Database = app.state.database
    before = await last(database)
    cleo = await sign_up()
    made = await cleo.http.post("/auth/keys", json={"name": "bot", "scopes": ["read"]})
    await cleo.http.delete(f"/auth/keys/{made.json()['id']}")
    new: dict[str, Any] = {"current_password": PASSWORD, "new_password": "nine herons at dawn now"}
    assert (await cleo.http.post("/auth/password", json=new)).is_success
    account = {"email": cleo.email, "password": new["new_password"]}
    entered = await cleo.http.post("/auth/login", json=account)
    bearer = {"Authorization": f"Bearer {entered.json()['access_token']}"}
    assert (await cleo.http.post("/auth/logout", headers=bearer)).is_success
    events = [event for event, _ in await rows_since(database, before)]
    assert events == [
        "registered",
        "login",
        "key-made",
        "key-revoked",
        "password-changed",
        "login",
        "logout",
    ]


async def test_a_tax_run_is_in_the_log_when_it_is_made_and_when_it_is_discarded(
    ada: Person, app: FastAPI
) -> None:
    await ada.http.post(
        "/holdings",
        json={
            "coin_id": "bitcoin",
            "quantity": "1",
            "price": "9",
            "occurred_at": "2024-05-01T00:00:00Z",
        },
    )
    database: Database = app.state.database
    before = await last(database)
    job = await finish(ada, await ada.http.post("/tax/runs", json=WISH))
    run_id = job["result"]["facts"]["run_id"]
    again = await finish(ada, await ada.http.post("/tax/runs", json=WISH))
    assert again["result"]["facts"]["run_id"] == run_id
    assert (await ada.http.delete(f"/tax/runs/{run_id}")).is_success
    rows = await database.once(
        "select event, subject, user_id, facts from audit_log where sequence > $1 order by 1 desc",
        before,
    )
    assert [row[0] for row in rows] == ["tax-run-made", "tax-run-discarded"], "once each"
    assert {row[1] for row in rows} == {run_id}
    assert {str(row[2]) for row in rows} == {ada.id}
    assert '"report_hash"' in rows[0][3]
