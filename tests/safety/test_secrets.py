"""No secret in any log, metric, description or error: a whole run, and a search for all it used.

The run sends every operation of the document once, with a canary in each field that is named like a
secret, and collects each secret that an answer gives. A new route takes part the day it has an
example.
"""

import json
import os
import signal
import subprocess
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx2
import pytest

from tests.journeys.service import PROGRAM, Service
from tests.journeys.test_awkward_values import EXAMPLES
from tests.plumbing.raw_http import ask
from tests.safety.canaries import SENT_NAMES, Canaries, canary

LEFT_OUT: Final = frozenset({"logout", "end_sessions", "erase_me", "delete_me"})
"""Whoever has signed out is nobody for the rest of the run."""
ENDLESS: Final = ("/events",)


@dataclass(slots=True)
class Run:
    """What a run has left behind."""

    service: Service
    canaries: Canaries
    said: list[str]
    """Bodies of all answers that were no success, and descriptions and metrics."""
    answers: list[int]


def planted(body: Any, canaries: Canaries) -> Any:
    """`body` with a canary for every text that is named like a secret."""
    if not isinstance(body, dict):
        return body
    body = deepcopy(body)
    for name, value in body.items():
        if name == "url" and isinstance(value, str):
            body[name] = f"https://hooks.example.org/{canary()}"
        elif name in SENT_NAMES and isinstance(value, str):
            body[name] = canary()
        elif isinstance(value, dict):
            body[name] = planted(value, canaries)
    canaries.note_all(body, SENT_NAMES)
    return body


@pytest.fixture(scope="module")
async def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    canaries = Canaries()
    given = {name: canary() for name in ("coingecko_demo_key", "coingecko_pro_key")}
    smtp = canary()
    given["smtp_url"] = f"smtp://desk:{smtp}@127.0.0.1:9"
    for secret in (*given.values(), smtp):
        canaries.note("a setting", secret)
    data_dir = tmp_path_factory.mktemp("secrets") / "desk"
    service = Service(data_dir, "--feed", "simulated", log_level="debug", **given)
    done = Run(service, canaries, [], [])
    with service:
        password = canary()
        account = {"email": "ada@example.org", "password": password}
        canaries.note("password", password)
        async with service.client() as http:
            assert (await http.post("/auth/register", json=account)).status_code == 201
            page = await http.post("/auth/login", json=account | {"cookie": True})
            cookie = page.cookies.get("plimsoll")
            assert cookie
            canaries.note("cookie", cookie)
        async with service.client() as http:
            entered = await http.post("/auth/login", json=account)
            canaries.note_all(entered.json())
            token = entered.json()["access_token"]
            again = {"refresh_token": entered.json()["refresh_token"]}
            canaries.note_all((await http.post("/auth/refresh", json=again)).json())
        await use_keys(service, canaries, token)
        async with service.client(token) as http:
            await send_every_example(http, done)
            for path in ("/metrics", "/openapi.json", "/health", "/api/v1/asyncapi.json"):
                answer = await http.get(f"{service.url}{path}")
                assert answer.status_code == 200
                done.said.append(answer.text)
        await present_bad_credentials(service, done)
        for key in list_keys(data_dir):
            canaries.note("signing key", key)
    return done


def list_keys(data_dir: Path) -> list[str]:
    """The lines of base64 of each private key."""
    pems = [path.read_text() for path in (data_dir / "keys").rglob("*.pem")]
    assert pems
    return [pem.splitlines()[1] for pem in pems]


async def use_keys(service: Service, canaries: Canaries, token: str) -> None:
    async with service.client(token) as http:
        made = await http.post("/auth/keys", json={"name": "bot", "scopes": ["read"]})
        assert made.status_code == 201
        canaries.note_all(made.json())
        key = made.json()["api_key"]
        exchanged = await http.post("/auth/token", json={"api_key": key})
        canaries.note_all(exchanged.json())
    async with service.client(key) as http:
        assert (await http.get("/wallets")).status_code == 200
        await http.get("/wallets", params={"api_key": key})  # where it does not belong


async def send_every_example(http: httpx2.AsyncClient, done: Run) -> None:
    for name, example in EXAMPLES.items():
        if name in LEFT_OUT or example.path.endswith(ENDLESS):
            continue
        body = planted(example.body, done.canaries)
        answer = await http.request(example.method, example.path, params=example.query, json=body)
        done.answers.append(answer.status_code)
        if answer.is_success:
            if answer.content and "json" in answer.headers.get("content-type", ""):
                done.canaries.note_all(answer.json())
        else:
            done.said.append(answer.text)


async def present_bad_credentials(service: Service, done: Run) -> None:
    bad = canary()
    done.canaries.note("a credential that is none", bad)
    for header in (f"Bearer {bad}", f"Bearer plim_{bad}", f"Basic {bad}", bad):
        async with service.client() as http:
            answer = await http.get("/wallets", headers={"Authorization": header})
            assert answer.status_code == 401
            done.said.append(answer.text + str(answer.headers))
            jar = {"Cookie": f"plimsoll={bad}"}
            done.said.append((await http.get("/wallets", headers=jar)).text)


async def test_the_run_was_one(run: Run) -> None:
    assert len(run.canaries) > 20
    assert sum(status < 400 for status in run.answers) > 40, "most requests of it work"
    assert 500 not in run.answers


async def test_no_secret_is_in_the_log(run: Run) -> None:
    log = run.service.log
    assert log.count("\n") > len(run.answers)
    run.canaries.assert_absent("the log", log)


async def test_no_secret_is_in_what_it_says_about_itself_or_in_an_error(run: Run) -> None:
    for text in run.said:
        run.canaries.assert_absent("an answer", text)


async def test_no_secret_of_a_person_is_in_the_database_as_it_is(run: Run) -> None:
    """Hashed, or sealed under a key that is a file."""
    # The service has ended; what it wrote lies in the files of its database, uncompressed.
    files = [path for path in (run.service.data_dir / "postgres").rglob("*") if path.is_file()]
    assert files
    content = "".join(path.read_bytes().decode("latin-1") for path in files)
    assert "ada@example.org" in content, "what is no secret is found"
    run.canaries.assert_absent("the database", content)


@pytest.mark.parametrize(
    "settings",
    [
        {"database_url": "mysql://desk:{}@127.0.0.1/desk"},
        {"database_url": "postgresql://desk:{}@127.0.0.1:9/desk"},
        {"database_url": "postgresql://desk:{}@[::/desk"},
        {"coingecko_demo_key": "{}", "feed": "carrier-pigeon"},
        {"smtp_url": "gopher://desk:{}@127.0.0.1"},
    ],
    ids=str,
)
def test_a_start_that_fails_does_not_say_the_secret(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    secret = canary()
    given = {f"PLIMSOLL_{name.upper()}": text.format(secret) for name, text in settings.items()}
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLIMSOLL_")}
    done = subprocess.run(  # noqa: S603 - our own program
        [PROGRAM, "up", "--port", "0"],
        env=own | {"PLIMSOLL_DATA_DIR": str(tmp_path), "PLIMSOLL_LOG_LEVEL": "debug"} | given,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode not in {0, -signal.SIGKILL}
    assert done.stdout + done.stderr
    canaries = Canaries()
    canaries.note("a setting", secret)
    canaries.assert_absent("what it said", done.stdout + done.stderr)


NASTY: Final = (
    "a\r\nb",
    "\x1b[31mred\x1b[0m",
    '{"event":"forged"}',
    "\x00\x07\x7f\x9b31m",
    "\u2028\u2029\u202eevil",
)


async def test_nobody_writes_a_line_of_the_log(tmp_path: Path) -> None:
    """Line feeds and terminal commands in whatever a caller names: one line of JSON each."""
    service = Service(tmp_path / "desk", "--feed", "simulated", log_level="debug")
    with service:
        token = await service.sign_up("ben@example.org")
        async with service.client(token) as http:
            for nasty in NASTY:
                await http.get(f"/prices/{quote(nasty)}")
                await http.get(f"{service.url}/{quote(nasty)}")
                await http.get("/assets", params={"search": nasty})
                await http.request("GET", "/wallets", headers={"User-Agent": ascii(nasty)})
                account = {"email": f"{nasty}@example.org", "password": nasty * 20}
                await http.post("/auth/register", json=account)
                await http.post("/auth/login", json=account)
                wallet = {"name": nasty}
                await http.post("/wallets", json=wallet)
                bought = {"coin_id": "bitcoin", "quantity": "1", "price": "1", "note": nasty}
                await http.post("/holdings", json=bought)
                await http.post("/imports", content=nasty.encode(), params={"name": nasty})
        for nasty in NASTY:
            raw = b"GET /" + nasty.encode() + b" HTTP/1.1\r\nHost: localhost\r\n"
            raw += b"X-Request-Id: " + nasty.encode() + b"\r\n\r\n"
            await ask(service.port, raw)
    lines = service.log.split("\n")
    assert lines.pop() == ""
    assert len(lines) > 30
    for line in lines:
        said = json.loads(line)
        assert said["event"] != "forged"
        assert said["level"]
        assert line.isprintable(), "nothing that moves a terminal's cursor"
