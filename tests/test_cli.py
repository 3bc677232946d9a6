"""The `plimsoll` command as people run it: processes of their own, and what they print."""

import json
import os
import signal
import socket
import subprocess
import time
from base64 import b32decode
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import asyncpg
import httpx2
import pytest
from typer.testing import CliRunner

from plimsoll.access.domain.totp import hotp, step_at
from plimsoll.cli.main import app
from plimsoll.plumbing import schema
from plimsoll.plumbing.postgres.server import EmbeddedPostgres, find_running
from tests.conftest import PASSWORD
from tests.journeys.service import PROGRAM, Service

pytestmark = pytest.mark.xdist_group("commands")


def plimsoll(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; `settings` are PLIMSOLL_ variables in lower case."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PLIMSOLL_")}
    given = {f"PLIMSOLL_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(  # noqa: S603 - our own program
        [PROGRAM, *words],
        env=own | given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The sentence of a command that was refused: status 1 and no stack."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a PostgreSQL of its own, for commands beside it."""
    with Service(tmp_path_factory.mktemp("cli") / "desk", "--feed", "simulated") as service:
        yield service


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_says_where_it_is_and_stops_cleanly_when_it_is_told_to(
    tmp_path: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(  # noqa: S603 - our own program
        [PROGRAM, "up", "--port", "0", "--feed", "simulated", "--data-dir", tmp_path / "desk"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        assert process.stdout is not None
        ready, simulated = process.stdout.readline(), process.stdout.readline()
        assert ready.startswith("Plimsoll is ready: http://127.0.0.1:")
        assert "simulated" in simulated
        url = ready.split(": ", 1)[1].strip()
        assert httpx2.get(f"{url}health/live").status_code == 200
        postmaster = int((tmp_path / "desk/postgres/postmaster.pid").read_text().splitlines()[0])

        os.killpg(process.pid, number)  # a terminal tells the whole group
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert all(json.loads(line) for line in said.splitlines())
    assert is_gone(postmaster)
    assert not (tmp_path / "desk/postgres/postmaster.pid").exists()
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)


def test_being_told_to_stop_while_starting_stops_the_server_too(tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: S603 - our own program
        [PROGRAM, "up", "--port", "0", "--feed", "simulated", "--data-dir", tmp_path / "desk"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        pid_file = tmp_path / "desk/postgres/postmaster.pid"
        while not (lines := pid_file.read_text().splitlines() if pid_file.exists() else []):
            assert process.poll() is None
            time.sleep(0.005)
        postmaster = int(lines[0])
        process.terminate()
        _, said = process.communicate(timeout=20)
    assert "Traceback" not in said
    assert is_gone(postmaster)


def test_a_second_up_says_who_holds_the_data(service: Service) -> None:
    said = refused(plimsoll("up", "--port", "0", "--data-dir", str(service.data_dir)))
    assert "in use" in said
    assert f"process {service._process.pid if service._process else 0}" in said
    assert "--data-dir" in said


def test_a_port_that_is_taken_is_said_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        said = refused(plimsoll("up", "--port", port, "--data-dir", str(tmp_path / "desk")))
    assert f"127.0.0.1:{port}" in said
    assert "--port" in said
    assert not (tmp_path / "desk").exists()


def test_a_data_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = refused(plimsoll("up", "--port", "0", "--data-dir", str(tmp_path / "file")))
    assert str(tmp_path / "file") in said


def test_a_setting_that_is_wrong_is_said(tmp_path: Path) -> None:
    done = plimsoll("up", data_dir=str(tmp_path), feed="weather", port="http")
    assert "PLIMSOLL_FEED = 'weather': " in refused(done)
    assert "PLIMSOLL_PORT = 'http': " in done.stderr


def test_another_kind_of_feed_is_refused(service: Service, tmp_path: Path) -> None:
    url = find_running(service.data_dir)
    assert url is not None
    said = refused(
        plimsoll(
            *("up", "--port", "0", "--feed", "replay", "--replay-dir", str(tmp_path)),
            database_url=url,
            data_dir=str(tmp_path / "other"),
        )
    )
    assert "simulated" in said


def test_version_is_the_packages() -> None:
    done = CliRunner().invoke(app, ["version"])
    assert (done.exit_code, done.output.strip()) == (0, version("plimsoll"))


def test_without_a_command_it_says_which_there_are() -> None:
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 2
    for command in ("up", "migrate", "doctor", "version", "audit", "user"):
        assert command in done.output


def test_doctor_finds_a_good_machine_good(tmp_path: Path) -> None:
    done = plimsoll("doctor", "--port", "0", data_dir=str(tmp_path / "desk"), feed="simulated")
    assert done.returncode == 0, done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["good"] * 6
    assert not (tmp_path / "desk").exists()


def test_doctor_prints_the_fix_for_people_and_for_programs(tmp_path: Path) -> None:
    settings = {"data_dir": str(tmp_path / "desk"), "feed": "replay", "port": "0"}
    people = plimsoll("doctor", **settings)
    assert people.returncode == 1
    assert "bad   feed: replay without files\n      → add --replay-dir\n" in people.stdout

    programs = plimsoll("doctor", "--json", **settings)
    assert programs.returncode == 1
    findings = {finding["what"]: finding for finding in json.loads(programs.stdout)}
    assert set(findings) == {"settings", "clock", "port", "data directory", "database", "feed"}
    assert findings["feed"] == {
        "what": "feed",
        "verdict": "bad",
        "found": "replay without files",
        "fix": "add --replay-dir",
    }


def test_doctor_beside_a_running_service_names_it(service: Service) -> None:
    done = plimsoll("doctor", "--port", "0", data_dir=str(service.data_dir), feed="simulated")
    assert done.returncode == 0
    assert "note  database: the data directory is in use by process" in done.stdout


@pytest.fixture
async def foreign(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """An empty database on a server that is not ours."""
    admin = await asyncpg.connect(postgres.dsn)
    await admin.execute("create database foreign_one")
    yield postgres.dsn.replace("///plimsoll", "///foreign_one")
    await admin.execute("drop database foreign_one with (force)")
    await admin.close()


def test_a_database_of_ones_own_is_migrated_first_and_then_used(
    foreign: str, tmp_path: Path
) -> None:
    settings = {"database_url": foreign, "data_dir": str(tmp_path / "desk")}
    said = refused(plimsoll("up", "--port", "0", "--feed", "simulated", **settings))
    assert "`plimsoll migrate`" in said

    first, second = plimsoll("migrate", **settings), plimsoll("migrate", **settings)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert first.stdout == f"applied {', '.join(schema.revisions())}\n"
    assert second.stdout == "already current\n"

    with Service(tmp_path / "desk", "--feed", "simulated", database_url=foreign) as service:
        assert httpx2.get(f"{service.url}/health/ready").status_code == 200
        assert not (tmp_path / "desk/postgres").exists()


def test_a_database_that_is_away_is_said_in_a_sentence(tmp_path: Path) -> None:
    settings = {
        "database_url": "postgresql://u:canary-word@127.0.0.1:1/d",
        "data_dir": str(tmp_path / "desk"),
    }
    for words in (("up", "--port", "0"), ("audit", "verify")):
        said = refused(plimsoll(*words, **settings))
        assert "PostgreSQL does not answer" in said
        assert "canary-word" not in said


async def register(service: Service, email: str) -> str:
    async with service.client() as http:
        account = {"email": email, "password": PASSWORD}
        assert (await http.post("/auth/register", json=account)).status_code == 201
        answer = await http.post("/auth/login", json=account)
        return str(answer.json()["access_token"])


async def test_the_audit_log_is_verified_beside_a_running_service(service: Service) -> None:
    await register(service, "audited@example.org")
    done = plimsoll("audit", "verify", data_dir=str(service.data_dir))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("intact: ")

    url = find_running(service.data_dir)
    assert url is not None
    admin = await asyncpg.connect(url)
    change = "update audit_log set event = $2 where sequence = $1 returning sequence"
    await admin.execute("alter table audit_log disable trigger audit_log_is_append_only")
    event = await admin.fetchval("select event from audit_log where sequence = 1")
    await admin.fetchval(change, 1, "nothing_happened")
    try:
        said = refused(plimsoll("audit", "verify", data_dir=str(service.data_dir)))
        assert "BROKEN at row 1" in said
    finally:
        await admin.fetchval(change, 1, event)
        await admin.execute("alter table audit_log enable trigger audit_log_is_append_only")
        await admin.close()


async def test_roles_and_tiers_are_given_beside_a_running_service(service: Service) -> None:
    token = await register(service, "promoted@example.org")
    place = {"data_dir": str(service.data_dir)}
    role = plimsoll("user", "role", "promoted@example.org", "operator", **place)
    assert (role.returncode, role.stdout) == (0, "promoted@example.org is operator\n")
    tier = plimsoll("user", "tier", "promoted@example.org", "advanced", **place)
    assert (tier.returncode, tier.stdout) == (0, "promoted@example.org is advanced\n")

    deadline = time.monotonic() + 3
    async with service.client(token) as http:
        while True:
            me = await http.get("/auth/me")
            if me.status_code == 401:
                async with service.client() as anew:
                    account = {"email": "promoted@example.org", "password": PASSWORD}
                    token = (await anew.post("/auth/login", json=account)).json()["access_token"]
                http.headers["Authorization"] = f"Bearer {token}"
            elif (me.json()["role"], me.json()["tier"]) == ("operator", "advanced"):
                break
            assert time.monotonic() < deadline, me.text


async def test_a_second_factor_is_taken_off_beside_a_running_service(service: Service) -> None:
    email = "locked-out@example.org"
    token = await register(service, email)
    place = {"data_dir": str(service.data_dir)}
    none = plimsoll("user", "second-factor", email, **place)
    assert (none.returncode, none.stdout) == (0, f"{email} has none\n")

    account = {"email": email, "password": PASSWORD}
    async with service.client(token) as http:
        secret = (await http.post("/auth/totp", json={"password": PASSWORD})).json()["secret"]
        code = hotp(b32decode(secret), step_at(datetime.now(UTC)))
        assert (await http.post("/auth/totp/confirm", json={"code": code})).status_code == 200
        assert (await http.post("/auth/login", json=account)).status_code == 401
    assert "since" in plimsoll("user", "second-factor", email, **place).stdout
    removed = plimsoll("user", "second-factor", email, "--remove", **place)
    assert (removed.returncode, removed.stdout) == (
        0,
        f"{email} signs in with the password alone\n",
    )
    async with service.client() as http:
        assert (await http.post("/auth/login", json=account)).status_code == 200


def test_nobody_and_nonsense_are_refused(service: Service) -> None:
    place = {"data_dir": str(service.data_dir)}
    assert "nobody@example.org" in refused(
        plimsoll("user", "role", "nobody@example.org", "operator", **place)
    )
    runner = CliRunner()
    for nonsense in (["role", "a@example.org", "king"], ["tier", "a@example.org", "expert"]):
        assert runner.invoke(app, ["user", *nonsense]).exit_code == 2
