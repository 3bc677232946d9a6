"""Alerts over HTTP, on the whole application with simulated prices."""

import asyncio
import csv
import io
from typing import Any, Final
from uuid import UUID

from fastapi import FastAPI

from plimsoll.alerts.service.alerts import Alerts
from plimsoll.kernel.identifiers import UserId
from plimsoll.plumbing.jobs.job import JobKind
from tests.conftest import PASSWORD, Person

PRICE: Final = {"kind": "price", "of": "btc/usd"}
ABOVE: Final[dict[str, Any]] = {"subject": PRICE, "comparison": "above", "threshold": "1"}
NOBODYS: Final = JobKind("test.of-no-process", dict[str, str])
NEVER: Final = ABOVE | {"threshold": "1000000000000"}


async def make(person: Person, **changes: Any) -> dict[str, Any]:
    answer = await person.http.post("/alerts", json=NEVER | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def events(person: Person, count: int) -> list[dict[str, Any]]:
    """When there are so many."""
    for _ in range(500):
        found: list[dict[str, Any]] = (await person.http.get("/alert-events")).json()["data"]
        if len(found) >= count:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("it does not fire")


async def test_an_alert_fires_and_is_for_its_person_only(ada: Person, ben: Person) -> None:
    made = await make(ada, threshold="1.50", note="wake me")
    (event,) = await events(ada, 1)

    assert made["subject"] == {"kind": "price", "of": "bitcoin/usd"}
    assert (made["threshold"], made["state"], made["note"]) == ("1.5", "armed", "wake me")
    assert (event["alert_id"], event["number"]) == (made["id"], 1)
    assert event["title"] == "btc/usd above 1.5 usd"
    assert event["simulated"] is True
    assert event["text"].endswith("says simulated. The prices are simulated.")
    seen = (await ada.http.get(f"/alerts/{made['id']}")).json()
    assert (seen["state"], seen["events"]) == ("fired", 1)
    of_one = await ada.http.get(f"/alerts/{made['id']}/events")
    assert of_one.json()["data"] == [event]
    table = await ada.http.get("/alert-events", params={"format": "csv"})
    (row,) = csv.DictReader(io.StringIO(table.text))
    assert (row["alert_id"], row["value"]) == (made["id"], event["value"])

    assert (await ben.http.get("/alerts")).json()["data"] == []
    assert (await ben.http.get("/alert-events")).json()["data"] == []
    for path in (f"/alerts/{made['id']}", f"/alerts/{made['id']}/events"):
        refused = await ben.http.get(path)
        assert (refused.status_code, refused.json()["code"]) == (404, "alert-not-found")

    gone = await ada.http.delete(f"/alerts/{made['id']}")
    assert gone.status_code == 204
    assert (await ada.http.get(f"/alerts/{made['id']}")).status_code == 404
    assert (await ada.http.delete(f"/alerts/{made['id']}")).status_code == 404
    assert (await ada.http.get("/alert-events")).json()["data"] == [event]


async def test_each_kind_is_checked_against_what_there_is(ada: Person, app: FastAPI) -> None:
    symbol = next(iter(app.state.exchange.instruments))
    accepted = (
        ("change", "btc/usd 1h", "below", "-0.05"),
        ("indicator", "btc/usd 1h close : ema(20)", "crosses", "0"),
        ("rating", "btc/usd 4h", "is", "strong buy"),
        ("rating", "btc/usd 4h", "above", "0.5"),
        ("volatility_rank", "btc/usd 24h", "below", "4"),
        ("margin_ratio", "account", "above", "0.8"),
        ("liquidation_distance", symbol, "below", "0.05"),
        ("position", symbol, "above", "10"),
        ("data_quality", "sources", "above", "0"),
        ("job_result", "any", "is", "failed"),
    )
    for kind, of, comparison, threshold in accepted:
        subject = {"kind": kind, "of": of}
        await make(ada, subject=subject, comparison=comparison, threshold=threshold)
    refused = (
        ("price", "btc/nothing", "above", "1", "#/subject/of"),
        ("change", "btc/usd 1y", "above", "1", "#/subject/of"),
        ("change", "aed/twd 1h", "above", "1", "#/subject/of"),
        ("indicator", "btc/usd 1h nothing(3)", "above", "1", "#/subject/of"),
        ("rating", "btc/usd 4h", "is", "splendid", "#/threshold"),
        ("liquidation_distance", symbol, "above", "0.05", "#/comparison"),
        ("position", "NOTHING-PERP", "above", "10", "#/subject/of"),
        ("job_result", "nothing.such", "is", "failed", "#/subject/of"),
        ("job_result", "any", "is", "running", "#/threshold"),
        ("price", "btc/usd", "is", "high", "#/comparison"),
        ("price", "btc/usd", "above", "1e5", "#/threshold"),
        ("price", "btc/usd", "above", "high", "#/threshold"),
    )
    for kind, of, comparison, threshold, pointer in refused:
        body = {"subject": {"kind": kind, "of": of}, "comparison": comparison}
        answer = await ada.http.post("/alerts", json=body | {"threshold": threshold})
        assert answer.status_code == 422, (kind, of, answer.text)
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer], answer.text
    listed = await ada.http.get("/alerts", params={"kind": "rating"})
    assert len(listed.json()["data"]) == 2


async def test_the_desk_is_for_operators(ada: Person) -> None:
    wishes = (
        {"subject": {"kind": "kpi", "of": "error_rate"}, "comparison": "above"},
        {
            "subject": {"kind": "job_result", "of": "all any"},
            "comparison": "is",
            "threshold": "failed",
        },
    )
    for wish in wishes:
        refused = await ada.http.post("/alerts", json=NEVER | wish)
        assert (refused.status_code, refused.json()["code"]) == (403, "subject-of-operators")


async def test_who_only_reads_makes_nothing(ada: Person) -> None:
    """A key that reads, as a regulator does, who has no scope that changes anything."""
    key = await ada.http.post("/auth/keys", json={"name": "r", "scopes": ["read"]})
    made = await make(ada)
    as_key = {"Authorization": f"Bearer {key.json()['api_key']}"}
    one = f"/alerts/{made['id']}"
    for method, path, body in (
        ("POST", "/alerts", NEVER),
        ("PATCH", one, {"note": "n"}),
        ("DELETE", one, None),
        ("POST", f"{one}/snooze", {"seconds": 60}),
        ("POST", f"{one}/arm", None),
    ):
        answer = await ada.http.request(method, path, json=body, headers=as_key)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing"), path
    assert (await ada.http.get("/alerts", headers=as_key)).json()["data"] == [made]


async def test_a_change_arms_again_and_a_note_does_not(ada: Person) -> None:
    made = await make(ada, threshold="1", repeat="once")
    await events(ada, 1)
    one = f"/alerts/{made['id']}"

    noted = (await ada.http.patch(one, json={"note": "seen"})).json()
    assert (noted["state"], noted["note"], noted["threshold"]) == ("done", "seen", "1")
    changed = (await ada.http.patch(one, json={"threshold": "2", "cooldown_s": 5})).json()
    assert (changed["state"], changed["threshold"], changed["cooldown_s"]) == ("armed", "2", 5)
    assert [each["number"] for each in await events(ada, 2)] == [2, 1]

    armed = (await ada.http.post(f"{one}/arm")).json()
    assert (armed["state"], armed["events"]) == ("armed", 2)
    assert [each["number"] for each in await events(ada, 3)] == [3, 2, 1]


async def test_a_silenced_alert_waits(ada: Person) -> None:
    made = await make(ada)
    one = f"/alerts/{made['id']}"
    silenced = (await ada.http.post(f"{one}/snooze", json={"seconds": 3600})).json()
    assert silenced["snoozed_until"] == silenced["withheld_until"] is not None
    await ada.http.patch(one, json={"threshold": "1"})
    await asyncio.sleep(0.3)
    assert (await ada.http.get("/alert-events")).json()["data"] == []
    over = (await ada.http.post(f"{one}/snooze", json={"seconds": 0})).json()
    assert over["snoozed_until"] is None
    await events(ada, 1)
    for body in (
        {},
        {"seconds": 1, "until": "2030-01-01T00:00:00Z"},
        {"until": "2020-01-01T00:00:00Z"},
        {"until": "9999-01-01T00:00:00Z"},
    ):
        refused = await ada.http.post(f"{one}/snooze", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "snooze-refused")


async def test_pages_and_repeats(ada: Person) -> None:
    keyed = {"Idempotency-Key": "one"}
    first = await ada.http.post("/alerts", json=NEVER, headers=keyed)
    again = await ada.http.post("/alerts", json=NEVER, headers=keyed)
    assert first.json() == again.json()
    made = [first.json()["id"], *[(await make(ada))["id"] for _ in range(4)]]
    seen, query = list[str](), {"limit": "2"}
    while "cursor" not in query or query["cursor"]:
        page = (await ada.http.get("/alerts", params=query)).json()
        seen += [each["id"] for each in page["data"]]
        query["cursor"] = page["next_cursor"]
    assert seen == made[::-1]


async def test_nobody_has_more_than_their_share(ada: Person, ben: Person, app: FastAPI) -> None:
    alerts: Alerts = app.state.alerts
    alerts._most = 2
    answers = await asyncio.gather(*(ada.http.post("/alerts", json=NEVER) for _ in range(5)))
    assert sorted(each.status_code for each in answers) == [201, 201, 409, 409, 409]
    refused = next(each for each in answers if each.status_code == 409)
    assert (refused.json()["code"], refused.json()["most"]) == ("too-many-alerts", 2)
    await make(ben)
    made = next(each.json()["id"] for each in answers if each.status_code == 201)
    assert (await ada.http.delete(f"/alerts/{made}")).status_code == 204
    await make(ada)


async def test_channels_are_ones_own(ada: Person) -> None:
    channels = ["0199f000-0000-7000-8000-000000000000"]
    refused = await ada.http.post("/alerts", json=NEVER | {"channels": channels})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown-channel")


async def test_what_ends_a_position_and_doubts_are_told(ada: Person) -> None:
    """With a tenth of leverage the way to liquidation is long; without a position endless."""
    ratio, distance = ("margin_ratio", "account"), ("liquidation_distance", "BTC-PERP")
    for (kind, of), comparison, threshold in (
        (ratio, "above", "0"),
        (distance, "below", "1.5"),
        (("data_quality", "flags"), "above", "-1"),
    ):
        subject = {"kind": kind, "of": of}
        await make(ada, subject=subject, comparison=comparison, threshold=threshold)
    (quality,) = await events(ada, 1)
    assert (quality["value"], quality["title"]) == ("0", "Data quality, flags above -1")
    await ada.http.post("/account/deposit", json={"amount": "1000"})
    order = {"symbol": "BTC-PERP", "side": "buy", "type": "market", "quantity": "0.02"}
    placed = await ada.http.post("/orders", json=order)
    assert placed.status_code == 201, placed.text
    told = {each["subject"]["kind"]: each for each in await events(ada, 3)}
    assert 0 < float(told["margin_ratio"]["value"]) < 0.2
    assert 0 < float(told["liquidation_distance"]["value"]) < 1.5
    assert told["liquidation_distance"]["title"].endswith("below 150 %")


async def test_an_operator_is_told_of_the_desk(ada: Person, app: FastAPI) -> None:
    await app.state.database.once("update users set role = 'operator' where id = $1", ada.id)
    again = await ada.http.post("/auth/login", json={"email": ada.email, "password": PASSWORD})
    ada.http.headers["Authorization"] = f"Bearer {again.json()['access_token']}"
    for name in ("nothing_such", next(iter(await app.state.kpis.values()))):
        subject = {"kind": "kpi", "of": name}
        answer = await ada.http.post("/alerts", json=NEVER | {"subject": subject})
        assert answer.status_code == (422 if name == "nothing_such" else 201), answer.text
    everybodys = {"kind": "job_result", "of": "all any"}
    await make(ada, subject=everybodys, comparison="is", threshold="cancelled")
    jobs = app.state.jobs
    job = await jobs.start(app.state.database, NOBODYS, {}, owner=None)
    assert (await ada.http.delete(f"/jobs/{job}")).json()["state"] == "cancelled"
    (event,) = await events(ada, 1)
    assert event["title"] == "Job all any is cancelled"

    # who is none any more is told nothing
    await app.state.database.once("update users set role = 'user' where id = $1", ada.id)
    job = await jobs.start(app.state.database, NOBODYS, {}, owner=None)
    await app.state.database.once(
        "update jobs set state = 'cancelled', finished_at = now() where id = $1", job
    )
    await asyncio.sleep(1.5)
    async with app.state.database.read() as unit:
        assert await unit.fetchval("select count(*) from alert_events") == 1


async def test_a_position_and_a_job_are_told(ada: Person, ben: Person, app: FastAPI) -> None:
    """What happens on the exchange to one's own account, and how one's own jobs end."""
    position = {"kind": "position", "of": "BTC-PERP"}
    result = {"kind": "job_result", "of": "any"}
    for person in (ada, ben):
        await make(person, subject=position, threshold="0")
        await make(person, subject=result, comparison="is", threshold="done")
        await make(person, subject=result, comparison="is", threshold="cancelled")
    await ada.http.post("/account/deposit", json={"amount": "10000"})
    order = {"symbol": "BTC-PERP", "side": "buy", "type": "market", "quantity": "0.01"}
    placed = await ada.http.post("/orders", json=order)
    assert placed.status_code == 201, placed.text
    (event,) = await events(ada, 1)
    assert (event["value"], event["source"]) == ("0.01", "the paper exchange")

    for _ in range(2):
        job = await app.state.jobs.start(
            app.state.database, NOBODYS, {}, owner=UserId(UUID(ada.id))
        )
        assert (await ada.http.delete(f"/jobs/{job}")).json()["state"] == "cancelled"
    jobs = (await events(ada, 3))[:2]
    assert [(each["value"], each["number"]) for each in jobs] == [
        ("cancelled", 2),
        ("cancelled", 1),
    ]
    assert (await ben.http.get("/alert-events")).json()["data"] == []
