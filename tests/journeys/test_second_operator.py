"""What is sensitive waits for a second operator, and is done exactly once after that."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from plimsoll.access.domain.principals import Role
from plimsoll.access.service import accounts
from plimsoll.settings import Sensitive, Settings
from tests.conftest import Person, SignUp, easy

LIMITS = {
    "account_notional": "1000",
    "venue_notional": "5000",
    "orders_per_second": 20,
    "reason": "a calm week",
}
FINE = {"reason": "I looked at it"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return easy(tmp_path).model_copy(update={"second_operator": tuple(Sensitive)})


async def promote(app: FastAPI, person: Person, role: Role) -> Person:
    state = app.state
    await accounts.set_role(state.database, state.clock, email=person.email, role=role)
    await state.access.verifier.catch_up()
    return person


@pytest.fixture
async def ada(sign_up: SignUp, app: FastAPI) -> Person:
    return await promote(app, await sign_up(), Role.OPERATOR)


@pytest.fixture
async def ben(sign_up: SignUp, app: FastAPI) -> Person:
    return await promote(app, await sign_up(), Role.OPERATOR)


async def ask(who: Person, **more: Any) -> str:
    answer = await who.http.put("/trading/limits", json=LIMITS | more)
    assert answer.status_code == 403, answer.text
    problem = answer.json()
    assert problem["code"] == "second-operator-needed"
    return str(problem["approval_id"])


async def limits(who: Person) -> dict[str, Any]:
    read: dict[str, Any] = (await who.http.get("/trading/limits")).json()
    return read


async def test_two_operators_change_the_limits_once(ada: Person, ben: Person) -> None:
    before = await limits(ada)
    asked = await ask(ada)
    assert await ask(ada) == asked
    assert await limits(ada) == before

    shown = (await ben.http.get(f"/approvals/{asked}")).json()
    assert (shown["state"], shown["action"]) == ("waiting", "trading-limits")
    assert (shown["request"]["method"], shown["request"]["path"]) == (
        "PUT",
        "/api/v1/trading/limits",
    )
    assert "a calm week" in shown["request"]["body"]
    own = await ada.http.post(f"/approvals/{asked}/approve", json=FINE)
    assert (own.status_code, own.json()["code"]) == (403, "own-approval")
    approved = await ben.http.post(f"/approvals/{asked}/approve", json=FINE)
    assert approved.json()["state"] == "approved"

    done = await ada.http.put("/trading/limits", json=LIMITS)

    assert done.status_code == 200, done.text
    assert (await limits(ada))["account_notional"] == "1000"
    assert (await ben.http.get(f"/approvals/{asked}")).json()["state"] == "used"
    assert await ask(ada) != asked


async def test_only_the_request_that_was_seen_is_approved(ada: Person, ben: Person) -> None:
    asked = await ask(ada)
    await ben.http.post(f"/approvals/{asked}/approve", json=FINE)

    assert await ask(ada, account_notional="999999") != asked
    assert await ask(ben) != asked


async def test_a_refusal_is_told_with_its_reason(ada: Person, ben: Person) -> None:
    asked = await ask(ada)
    await ben.http.post(f"/approvals/{asked}/refuse", json={"reason": "not on a Friday"})

    again = await ada.http.put("/trading/limits", json=LIMITS)

    assert (again.status_code, again.json()["code"]) == (403, "approval-refused")
    assert "Friday" in again.json()["detail"]
    late = await ben.http.post(f"/approvals/{asked}/approve", json=FINE)
    assert (late.status_code, late.json()["code"]) == (409, "approval-over")


async def test_sixteen_at_once_use_one_approval_once(ada: Person, ben: Person) -> None:
    fund = {"amount": "5", "reason": "a gift"}
    first = await ada.http.post("/trading/insurance", json=fund)
    approval = first.json()["approval_id"]
    await ben.http.post(f"/approvals/{approval}/approve", json=FINE)
    before = float((await ada.http.get("/trading/insurance")).json()["balance"])

    answers = await asyncio.gather(
        *(ada.http.post("/trading/insurance", json=fund) for _ in range(16))
    )

    assert sorted(each.status_code for each in answers) == [200] + [403] * 15
    assert float((await ada.http.get("/trading/insurance")).json()["balance"]) == before + 5


async def test_with_an_idempotency_key_the_approved_request_may_be_repeated(
    ada: Person, ben: Person
) -> None:
    fund, key = {"amount": "5", "reason": "a gift"}, {"idempotency-key": "gift-1"}
    first = await ada.http.post("/trading/insurance", json=fund, headers=key)
    await ben.http.post(f"/approvals/{first.json()['approval_id']}/approve", json=FINE)
    before = float((await ada.http.get("/trading/insurance")).json()["balance"])

    answers = [await ada.http.post("/trading/insurance", json=fund, headers=key) for _ in range(3)]

    assert [each.status_code for each in answers] == [200, 200, 200]
    assert float((await ada.http.get("/trading/insurance")).json()["balance"]) == before + 5


async def test_what_is_malformed_asks_nobody(ada: Person) -> None:
    answer = await ada.http.put("/trading/limits", json=LIMITS | {"account_notional": 5})

    assert answer.status_code == 422
    assert (await ada.http.get("/approvals")).json()["data"] == []


async def test_everybody_else_neither_decides_nor_looks(
    ada: Person, sign_up: SignUp, app: FastAPI
) -> None:
    asked = await ask(ada)
    user, regulator = await sign_up(), await promote(app, await sign_up(), Role.REGULATOR)

    assert (await user.http.get(f"/approvals/{asked}")).status_code == 403
    assert (await regulator.http.get(f"/approvals/{asked}")).status_code == 200
    for who in (user, regulator):
        answer = await who.http.post(f"/approvals/{asked}/approve", json=FINE)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")


async def shut(operators: tuple[Person, Person], path: str) -> httpx2.Response:
    ada, ben = operators
    asked = (await ada.http.post(path, json=FINE)).json()["approval_id"]
    await ben.http.post(f"/approvals/{asked}/approve", json=FINE)
    return await ada.http.post(path, json=FINE)


async def test_a_person_is_shut_out_and_let_in_again(
    ada: Person, ben: Person, sign_up: SignUp, app: FastAPI
) -> None:
    eve, both = await sign_up(), (ada, ben)
    key = (await eve.http.post("/auth/keys", json={"name": "b", "scopes": ["read"]})).json()
    bot = {"authorization": f"Bearer {key['api_key']}"}

    disabled = await shut(both, f"/people/{eve.id}/disable")

    assert disabled.json() == {"id": eve.id, "enabled": False}
    assert (await eve.http.get("/auth/me")).status_code == 401
    assert (await eve.http.get("/holdings", headers=bot)).status_code == 401
    enabled = await shut(both, f"/people/{eve.id}/enable")
    assert enabled.json() == {"id": eve.id, "enabled": True}
    assert (await eve.http.get("/auth/me")).status_code == 401
    assert (await eve.http.get("/holdings", headers=bot)).status_code == 200


async def test_signing_somebody_out_ends_their_sessions_and_not_their_keys(
    ada: Person, ben: Person, sign_up: SignUp
) -> None:
    eve = await sign_up()
    key = (await eve.http.post("/auth/keys", json={"name": "b", "scopes": ["read"]})).json()

    assert (await shut((ada, ben), f"/people/{eve.id}/sign-out")).json()["enabled"]

    assert (await eve.http.get("/auth/me")).status_code == 401
    bot = {"authorization": f"Bearer {key['api_key']}"}
    assert (await eve.http.get("/holdings", headers=bot)).status_code == 200


async def test_nobody_shuts_themselves_out(ada: Person, ben: Person) -> None:
    answer = await shut((ada, ben), f"/people/{ada.id}/disable")

    assert (answer.status_code, answer.json()["code"]) == (403, "own-account")


async def test_the_word_of_somebody_who_is_no_operator_any_more_does_not_count(
    ada: Person, ben: Person, app: FastAPI
) -> None:
    asked = await ask(ada)
    await ben.http.post(f"/approvals/{asked}/approve", json=FINE)
    await promote(app, ben, Role.USER)

    assert await ask(ada) != asked


async def test_a_request_that_cannot_be_read_is_not_asked_for(ada: Person) -> None:
    """JSON may be UTF-16 as well; whoever approves it would not see what it says."""
    kind = {"content-type": "application/json"}
    for encoding in ("utf-16", "utf-16-le", "utf-32"):
        body = json.dumps(LIMITS).encode(encoding)
        answer = await ada.http.put("/trading/limits", content=body, headers=kind)
        assert (answer.status_code, answer.json()["code"]) == (422, "unreadable-request")
    assert (await ada.http.get("/approvals")).json()["data"] == []


async def test_what_was_approved_and_refused_then_is_not_done_much_later(
    ada: Person, ben: Person, app: FastAPI
) -> None:
    """The Idempotency-Key of an attempt that failed is no approval in store."""
    key, out = {"idempotency-key": "out-1"}, {"amount": "-5000000", "reason": "to the owner"}
    asked = (await ada.http.post("/trading/insurance", json=out, headers=key)).json()
    await ben.http.post(f"/approvals/{asked['approval_id']}/approve", json=FINE)
    refused = await ada.http.post("/trading/insurance", json=out, headers=key)
    assert refused.json()["code"] == "insufficient-balance"
    async with app.state.database.write() as unit:
        await unit.execute("update approvals set expires_at = now()")

    later = await ada.http.post("/trading/insurance", json=out, headers=key)

    assert (later.status_code, later.json()["code"]) == (403, "second-operator-needed")
