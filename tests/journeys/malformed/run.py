"""One service, all kinds of malformed input at once, and a healthy journey afterwards."""

import asyncio
import time
from collections.abc import Awaitable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from websockets.asyncio.client import connect

from plimsoll.kernel.identifiers import KeyId
from tests.conftest import PASSWORD
from tests.journeys.malformed import credentials, requests, sockets
from tests.journeys.malformed.credentials import Wares, bearer
from tests.journeys.malformed.lines import FAILED, NEITHER, NO_ANSWER, Line, Outcome
from tests.journeys.malformed.parts import Due, Input, Parts, mixed
from tests.journeys.malformed.uploads import files
from tests.journeys.malformed.watch import (
    Figures,
    Probe,
    open_descriptors,
    read_log,
    resident_kib,
)
from tests.journeys.service import Service

SHARES: Final = {
    "values": 42_000,
    "bodies": 16_000,
    "addresses": 16_000,
    "headers": 7_000,
    "tokens": 6_000,
    "lines": 5_000,
    "frames": 3_000,
    "signatures": 3_000,
    "keys": 2_000,
    "cookies": 2_000,
    "sockets": 2_000,
    "events": 1_500,
    "handshakes": 1_500,
    "messages": 100,
}
"""Of each kind in the full size; one of `messages` is a whole conversation."""
UPLOADS: Final = 150
CONVERSATION: Final = 80
"""Messages on one connection, fewer than it may say at once."""
ALL: Final = sum(SHARES.values()) + SHARES["messages"] * (CONVERSATION - 1) + UPLOADS
JOB_S: Final = 60.0


class Onslaught:
    """One run on one data directory."""

    def __init__(self, data_dir: Path, *, seed: int, lines: int = 8) -> None:
        self.figures = Figures()
        self._service = Service(data_dir, "--feed", "simulated", access_token_minutes="600")
        self._parts = Parts(seed)
        self._lines = lines
        self._pid = 0

    async def run(self, inputs: int) -> Figures:
        """About so many inputs, then a day as it should be."""
        service, started = self._service, time.perf_counter()
        await asyncio.to_thread(service.start)
        try:
            self._pid = service.pid
            wares = await self._stock("spoilt@example.org")
            operator = await service.sign_up("operator@example.org")
            service.command("user", "role", "operator@example.org", "operator")
            with Probe(service.port, self.figures.probes_s):
                await self._storm(wares, operator, inputs / ALL)
                await asyncio.sleep(1)
                self._look()
                try:
                    await self._live_a_day(operator)
                except (AssertionError, OSError) as error:
                    self.figures.faults.append(f"the day afterwards: {error}")
            self.figures.alive = service.pid == self._pid
            secrets = (*wares.secrets, operator, PASSWORD)
            await asyncio.to_thread(service.stop)
            read_log(service.log_file, secrets, self.figures)
        finally:
            await asyncio.to_thread(service.kill)
        self.figures.took_s = time.perf_counter() - started
        return self.figures

    async def _stock(self, email: str) -> Wares:
        """One person with a credential of each kind."""
        service = self._service
        token = await service.sign_up(email)
        async with service.client(token) as http:
            key = await http.post("/auth/keys", json={"name": "k", "scopes": ["read"]})
            signing = {"name": "s", "scopes": ["read", "trade"], "kind": "signed"}
            signer = await http.post("/auth/keys", json=signing)
            account = {"email": email, "password": PASSWORD, "cookie": True}
            opened = await http.post("/auth/login", json=account)
        pem = max((service.data_dir / "keys").glob("*.pem"))
        private = serialization.load_pem_private_key(pem.read_bytes(), None)
        assert isinstance(private, Ed25519PrivateKey)
        return Wares(
            token,
            key.json()["api_key"],
            opened.headers["set-cookie"].split(";")[0].removeprefix("plimsoll="),
            KeyId(UUID(signer.json()["id"])),
            signer.json()["signing_secret"],
            pem.stem,
            private,
        )

    async def _storm(self, wares: Wares, operator: str, size: float) -> None:
        sizes = {name: max(1, round(share * size)) for name, share in SHARES.items()}
        inputs = mixed(self._streams(wares, operator), sizes, self._parts.dice)
        talks = sockets.messages(self._parts)
        every = max(1, sum(sizes.values()) // 200)

        async def work() -> None:
            line = Line(self._service.port)
            for each in inputs:
                began, number = time.perf_counter(), 1
                if each.family == "messages":
                    said = list(islice(talks, CONVERSATION))
                    texts = [text.decode("utf-8", "ignore").encode() for text in said]
                    outcome, number = await line.chat(texts), len(texts)
                elif each.family == "sockets":
                    outcome = await line.converse(each)
                else:
                    outcome = await line.say(each)
                self.figures.waited_s[each.family] += time.perf_counter() - began
                self._judge(each, outcome, number)
                if self.figures.inputs.total() // every >= len(self.figures.memory):
                    self._look()
            line.leave()

        self._look()
        upload = self._bring(wares.token, max(3, round(UPLOADS * size)))
        await asyncio.gather(upload, *(work() for _ in range(self._lines)))

    def _streams(self, wares: Wares, operator: str) -> dict[str, Iterator[Input]]:
        parts = self._parts
        known = [*[wares.bearer, bearer(operator)] * 5, bearer(wares.api_key), b""]
        return {
            "values": requests.values(parts, known),
            "bodies": requests.bodies(parts, known),
            "addresses": requests.addresses(parts, known),
            "headers": requests.headers(parts, known),
            "lines": requests.request_lines(parts, known),
            "frames": requests.frames(parts, known),
            "events": requests.event_streams(parts, known),
            "tokens": credentials.tokens(parts, wares),
            "keys": credentials.keys(parts, wares),
            "cookies": credentials.cookies(parts, wares),
            "signatures": credentials.signatures(parts, wares),
            "handshakes": sockets.handshakes(parts, known, wares.token.encode()),
            "sockets": sockets.broken_frames(parts),
            "messages": iter(lambda: Input("messages", b""), None),
        }

    def _look(self) -> None:
        figures = self.figures
        figures.memory.append((figures.inputs.total(), resident_kib(self._pid)))
        figures.descriptors.append(open_descriptors(self._pid))

    def _judge(self, each: Input, outcome: Outcome, number: int = 1) -> None:
        for _ in range(number):
            self.figures.note(each.family, outcome.status)
        status = outcome.status
        wrong = (
            500 <= status < 600
            or status in {NEITHER, FAILED}
            or (status == NO_ANSWER and each.due is not Due.END)
            or (each.due is Due.REFUSAL and not 400 <= status < 500)
        )
        if wrong:
            shown = (
                each.data if len(each.data) < 900 else each.data[:600] + b" ... " + each.data[-300:]
            )
            self.figures.faults.append(f"{each.family} {status} {outcome.text!r}: {shown!r}")

    async def _bring(self, token: str, number: int) -> None:
        """Each file is looked at to its end before the next one comes."""
        async with self._service.client(token) as http:
            for count, content in enumerate(islice(files(self._parts), number)):
                body, kind = content, "application/octet-stream"
                if count % 3 == 0:
                    body, kind = _as_form(content), "multipart/form-data; boundary=x"
                answer = await http.post(
                    "/imports", params={"name": "f"}, content=body, headers={"Content-Type": kind}
                )
                self.figures.note("uploads", answer.status_code)
                if answer.status_code == 202:
                    await self._see_through(http, answer)
                elif answer.status_code >= 500:
                    self.figures.faults.append(f"upload {answer.text}: {content[:200]!r}")

    async def _see_through(self, http: httpx2.AsyncClient, accepted: httpx2.Response) -> None:
        until = time.monotonic() + JOB_S
        path = accepted.headers["location"].removeprefix("/api/v1")
        while True:
            job = (await http.get(path)).json()
            if job["state"] not in {"queued", "running"} or time.monotonic() > until:
                break
            await asyncio.sleep(0.1)
        if job["state"] != "done":
            self.figures.faults.append(f"upload ended as {job}")
        await http.delete(f"/imports/{accepted.json()['import_id']}")

    async def _live_a_day(self, operator: str) -> None:
        """What anybody does on a healthy desk; the operator first takes back what they set without
        meaning to.
        """
        service = self._service
        async with service.client(operator) as http:
            price = {"symbol": "BTC-PERP", "price": "60000", "hold_s": 60}
            await _well(http.post("/market/tick", json=price))
            limits = {"account_notional": "0", "venue_notional": "0", "orders_per_second": 50}
            await _well(http.put("/trading/limits", json=limits | {"reason": "as before"}))
            active = {"symbol": "BTC-PERP", "state": "active", "reason": "as before"}
            await _well(http.post("/trading/state", json=active))
        async with service.client(await service.sign_up("healthy@example.org")) as http:
            bought = {"coin_id": "bitcoin", "quantity": "1", "price": "100"}
            await _well(http.post("/holdings", json=bought))
            summary = await _well(http.get("/portfolio/summary"))
            assert len(summary.json()["holdings"]) == 1, summary.text
            await _well(http.post("/account/deposit", json={"amount": "10000"}))
            order = {"symbol": "BTC-PERP", "side": "buy", "type": "market", "quantity": "0.01"}
            placed = await _well(http.post("/orders", json=order))
            assert placed.json()["status"] == "filled", placed.text
        async with connect(f"ws://127.0.0.1:{service.port}/api/v1/ws") as socket:
            await socket.send('{"op":"subscribe","channel":"prices","symbols":["btc/usd"]}')
            assert "subscribed" in str(await asyncio.wait_for(socket.recv(), 5))


async def _well(asked: Awaitable[httpx2.Response]) -> httpx2.Response:
    answer = await asked
    assert answer.status_code < 300, answer.text
    return answer


def _as_form(content: bytes) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="../a\\"\x00.zip"\r\n\r\n'
    return head + content + b"\r\n--x"
