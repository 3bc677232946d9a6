"""A price alert on its way to its person: to a program, to the page, and to nobody else."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from plimsoll.app import create_app
from plimsoll.plumbing.webhooks import Secret, verify
from tests.conftest import Person, easy
from tests.fakes.receiver import Answer, Receiver

ABOVE_ANYTHING = {
    "subject": {"kind": "price", "of": "btc/usd"},
    "comparison": "above",
    "threshold": "1",
    "repeat": "once",
}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
async def app(tmp_path: Path, database_url: str) -> FastAPI:
    settings = easy(tmp_path).model_copy(update={"webhook_allowed": ("127.0.0.1",)})
    return create_app(settings, database_url)


async def until_told(who: Person, count: int = 1) -> list[Any]:
    async with asyncio.timeout(20):
        while True:
            listed = (await who.http.get("/notifications", params={"unseen": True})).json()
            if len(listed["data"]) >= count:
                return list(listed["data"])
            await asyncio.sleep(0.05)


async def until_state(who: Person, delivery_id: str, state: str) -> Any:
    async with asyncio.timeout(20):
        while True:
            shown = (await who.http.get(f"/alert-deliveries/{delivery_id}")).json()
            if shown["state"] == state:
                return shown
            await asyncio.sleep(0.05)


async def test_a_price_alert_reaches_a_program_and_the_page(
    ada: Person, ben: Person, receiver: Receiver
) -> None:
    wanted = {"kind": "webhook", "name": "bot", "url": f"{receiver.url}/hook/secret"}
    made = await ada.http.post("/alert-channels", json=wanted)
    assert made.status_code == 201, made.text
    channel, secret = made.json(), made.json()["secret"]
    assert channel["place"] == f"{receiver.url}/…"
    shown = await ada.http.get(f"/alert-channels/{channel['id']}")
    assert "/secret" not in shown.text
    assert secret not in shown.text, "neither the secret nor the path is shown again"

    alert = await ada.http.post("/alerts", json=ABOVE_ANYTHING)
    assert alert.status_code == 201, alert.text
    (told,) = await until_told(ada)
    await receiver.wait_for(1)

    got = receiver.got[0]
    receipt = verify(got.body, got.headers, secrets=[Secret.parse(secret)], now_s=int(time.time()))
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256)
    assert got.headers["webhook-signature"] == f"v1,{base64.b64encode(mac.digest()).decode()}"
    said = json.loads(got.body)
    assert receipt.message_id == said["data"]["id"] == told["id"]
    assert (said["type"], said["data"]["alert_id"]) == ("alert.fired", alert.json()["id"])
    assert said["data"]["value"] == told["value"]

    (delivery,) = (await ada.http.get("/alert-deliveries")).json()["data"]
    shown = await until_state(ada, delivery["id"], "sent")
    assert [attempt["status"] for attempt in shown["log"]] == [204]
    again = await ada.http.post(f"/alert-deliveries/{delivery['id']}/resend")
    assert again.status_code == 202, again.text
    await receiver.wait_for(2)
    assert receiver.got[1].headers["webhook-id"] == told["id"]

    table = await ada.http.get("/alert-deliveries", params={"format": "csv"})
    assert table.text.splitlines()[0].startswith("id,notification_id,channel_id,state")
    assert (await ada.http.get("/notifications", params={"format": "csv"})).status_code == 200
    for path in ("/notifications", "/alert-deliveries", "/alert-channels"):
        assert (await ben.http.get(path)).json()["data"] == []
    seen = await ada.http.post("/notifications/seen", json={"up_to": told["id"]})
    assert seen.json() == {"unseen": 0}
    assert (await ada.http.get("/notifications/count")).json() == {"unseen": 0}


async def test_a_channel_is_tried_and_its_secret_replaced(ada: Person, receiver: Receiver) -> None:
    wanted = {"kind": "webhook", "name": "bot", "url": receiver.url}
    channel = (await ada.http.post("/alert-channels", json=wanted)).json()
    path = f"/alert-channels/{channel['id']}"
    receiver.answers.append(Answer(500))
    tried = await ada.http.post(f"{path}/test")
    assert tried.status_code == 202
    assert tried.headers["location"].endswith(tried.json()["id"])
    failed = await until_state(ada, tried.json()["id"], "dead")
    assert (failed["error"], failed["status"]) == ("receiver-refused", 500)
    replaced = (await ada.http.post(f"{path}/secret", json={"overlap_s": 3_600})).json()
    assert replaced["secret"] != channel["secret"]
    assert replaced["old_secret_until"] is not None
    assert (await ada.http.delete(path)).status_code == 204
    assert (await ada.http.get("/alert-deliveries")).json()["data"] == []


async def test_what_is_refused_is_named(ada: Person) -> None:
    refused = [
        (
            {"kind": "webhook", "name": "n", "url": "https://169.254.169.254/"},
            422,
            "address-not-allowed",
        ),
        ({"kind": "webhook", "name": "n", "url": "gopher://x"}, 422, "address-invalid"),
        ({"kind": "email", "name": "n", "email": "ada@example.org"}, 409, "mail-not-set"),
        ({"kind": "apprise", "name": "n", "url": "json://127.0.0.1/"}, 422, "apprise-refused"),
        ({"kind": "pigeon", "name": "n"}, 422, "invalid"),
    ]
    for body, status, code in refused:
        answer = await ada.http.post("/alert-channels", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    wrong: list[dict[str, Any]] = [{}, {"ids": []}, {"ids": ["x"]}, {"up_to": None}]
    for each in wrong:
        assert (await ada.http.post("/notifications/seen", json=each)).status_code == 422
