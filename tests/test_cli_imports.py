"""`plimsoll import`, `export`, `prices` and `tax` as people run them: with a service, or alone."""

import asyncio
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from typer.testing import CliRunner, Result

from plimsoll.app import create_app
from plimsoll.cli.main import app
from plimsoll.settings import Settings
from tests.conftest import PASSWORD, Person, running
from tests.ledger.importing import amounts
from tests.test_cli import plimsoll

pytestmark = [pytest.mark.xdist_group("commands"), pytest.mark.timeout(300)]

EMAIL: Final = "alone@example.org"
FILE: Final = """date,kind,received_quantity,received_asset,sent_quantity,sent_asset,wallet
2024-01-31T12:00:00Z,,0.5,BTC,20000,USD,
2024-02-02T08:00:00Z,staking,0.01,ETH,,,Nano
2024-03-02T08:00:00Z,,30000,USD,0.5,BTC,
"""
UGLY: Final = """date;kind;received_quantity;received_asset
2024-01-31T12:00:00Z;deposit;five;BTC
2024-01-32T12:00:00Z;deposit;-1;BTC
2024-02-01T12:00:00Z;deposit;2.5;NEVERHEARD
2024-02-01T12:00:00Z;deposit;2.5;ETH
"""
ASKED: Final = """date,kind,received_quantity,received_asset
03/04/2024 10:00,deposit,"1,234",BTC
"""


@dataclass(frozen=True, slots=True)
class Command:
    """`plimsoll` on the database of the test."""

    url: str
    folder: Path

    async def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(
            plimsoll, *words, database_url=self.url, data_dir=str(self.folder / "desk")
        )

    def file(self, text: str, name: str = "file.csv") -> str:
        (self.folder / name).write_text(text, "utf-8")
        return str(self.folder / name)


@pytest.fixture
def command(database_url: str, tmp_path: Path) -> Command:
    return Command(database_url, tmp_path)


@pytest.fixture
async def alone(command: Command, settings: Settings) -> Command:
    """A database with one person and no service."""
    async with running(create_app(settings, command.url)) as client:
        account = {"email": EMAIL, "password": PASSWORD}
        assert (await client.post("/auth/register", json=account)).status_code == 201
    return command


def here(*words: str) -> Result:
    """Run in this process, for what needs no other."""
    return CliRunner().invoke(app, words)


def look(done: subprocess.CompletedProcess[str]) -> Any:
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)


def test_a_dry_run_needs_nothing_and_tells_every_fault(tmp_path: Path) -> None:
    (tmp_path / "ugly.csv").write_text(UGLY, "utf-8")
    words = ("import", str(tmp_path / "ugly.csv"), "--dry-run")
    away = "postgresql://u:p@127.0.0.1:1/d"
    people = plimsoll(*words, database_url=away, data_dir=str(tmp_path / "desk"))
    assert people.returncode == 1, people.stderr
    lines = people.stdout.splitlines()
    assert lines[0] == "ugly.csv: plimsoll, 4 rows, decimal point, ymd, utf-8"
    assert [line.split() for line in lines[2:7]] == [
        ["new", "1"],
        ["already-imported", "0"],
        ["needs-attention", "1"],
        ["left-out", "0"],
        ["error", "2"],
    ]
    assert lines[7].startswith("line 2, received_quantity: error: not-a-number: ")
    assert lines[7].endswith("write digits, like 1234.56: 'five'")
    assert [line.split(":")[0] for line in lines[7:]] == [
        "line 2, received_quantity",
        "line 3, date",
        "line 3, received_quantity",
        "line 4",
    ]
    assert not (tmp_path / "desk").exists()

    (told,) = json.loads(here(*words, "--json").stdout)
    assert told["counts"]["error"] == 2
    assert told["unknown_assets"] == {"NEVERHEARD": 1}
    assert told["faults"][0] == {
        "standing": "error",
        "line": 2,
        "column": "received_quantity",
        "raw": "five",
        "code": "not-a-number",
        "reason": "this is no number",
        "fix": "write digits, like 1234.56",
    }


def test_questions_are_asked_at_once_and_answered_by_options(tmp_path: Path) -> None:
    (tmp_path / "asked.csv").write_text(ASKED, "utf-8")
    words = ("import", str(tmp_path / "asked.csv"), "--dry-run")
    asked = here(*words)
    assert asked.exit_code == 1
    assert all(f"({option})" in asked.stderr for option in ("--zone", "--numbers", "--dates"))
    answers = ("--zone", "Europe/Berlin", "--numbers", "comma", "--dates", "dmy")
    done = here(*words, *answers)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "2024-04-03T08:00:00Z" in done.stdout


def test_what_cannot_be_meant_is_said(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_text(FILE, "utf-8")
    path = str(tmp_path / "file.csv")
    for words, status, said in (
        (("--dry-run", "--zone", "Mars/Base"), 1, "no zone 'Mars/Base'"),
        (("--dry-run", "--format", "abacus"), 1, "no format 'abacus'"),
        ((), 2, "--dry-run"),
    ):
        done = here("import", path, *words)
        assert done.exit_code == status
        assert said in done.stderr
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG....")
    refused = here("import", str(tmp_path / "picture.csv"), "--dry-run")
    assert refused.exit_code == 1
    assert "import-binary" in refused.stderr


async def test_alone_a_file_is_imported_found_again_taxed_and_exported(alone: Command) -> None:
    path = alone.file(FILE)
    unasked = await alone("import", path, "--user", EMAIL)
    assert unasked.returncode == 1
    assert "add --yes" in unasked.stderr

    done = await alone("import", path, "--user", EMAIL, "--yes", "--json", "--wallet", "exchange")
    assert done.returncode == 0, done.stderr
    (told,) = look(done)
    assert (told["state"], told["recorded"], told["counts"]["new"]) == ("committed", 3, 3)
    assert "imports.commit done" in done.stderr

    out = alone.folder / "taxes"
    taxed = await alone(
        *("tax", "2024", "--jurisdiction", "us", "--method", "hifo", "--user", EMAIL),
        *("--out", str(out)),
    )
    assert taxed.returncode == 0, taxed.stderr
    assert taxed.stdout.startswith("us 2024 (2024-01-01 to 2024-12-31), rules us/")
    assert "10,000.00" in taxed.stdout
    names = [line.removeprefix("wrote ") for line in taxed.stdout.splitlines() if "wrote " in line]
    assert {"report.pdf", "audit.csv"} <= set(names)
    assert sorted(each.name for each in out.iterdir()) == sorted(names)

    target = alone.folder / "ledger.csv"
    exported = await alone("export", "--user", EMAIL, "-o", str(target))
    assert exported.returncode == 0, exported.stderr
    assert target.read_text().count("exchange") == 2
    again = await alone("import", path, str(target), "--user", EMAIL, "--dry-run", "--json")
    assert again.returncode == 0, again.stderr
    assert [each["counts"]["already-imported"] for each in look(again)] == [3, 3]
    assert [each["counts"]["new"] for each in look(again)] == [0, 0]


async def test_beside_a_service_it_does_the_work(command: Command, ada: Person) -> None:
    path = command.file(FILE)
    done = await command("import", path, "--user", ada.email, "--yes")
    assert done.returncode == 0, done.stderr
    assert "file.csv: recorded 3" in done.stderr
    assert await amounts(ada.http) == {("Nano", "ethereum"): "0.01"}
    listed: httpx2.Response = await ada.http.get("/imports")
    assert listed.json()["data"][0]["state"] == "committed"


async def test_nobody_is_refused_in_a_sentence(command: Command) -> None:
    path = command.file(FILE)
    for words in (
        ("import", path, "--dry-run"),
        ("tax", "2024", "--jurisdiction", "us"),
    ):
        done = await command(*words, "--user", "nobody@example.org")
        assert done.returncode == 1
        assert "nobody@example.org" in done.stderr
        assert "Traceback" not in done.stderr


async def test_prices_are_taken_in_once(command: Command) -> None:
    path = command.file(
        "date,asset,currency,price\n2024-01-02,bitcoin,usd,44000\n2024-01-03,eth,usd,2300.5\n"
    )
    first, second = await command("prices", "import", path), await command("prices", "import", path)
    assert first.stdout == "date,asset,currency,price: 2 prices, 2 new, 0 changed, 0 the same\n"
    assert second.stdout == "date,asset,currency,price: 2 prices, 0 new, 0 changed, 2 the same\n"

    bad = command.file("date,asset,currency,price\n2024-13-02,gold,usd,x\n", "bad.csv")
    refused = await command("prices", "import", bad)
    assert refused.returncode == 1
    said = refused.stderr.splitlines()
    assert [line.split(": ")[:2] for line in said[:3]] == [
        ["line 2, asset", "unknown-asset"],
        ["line 2, date", "not-a-day"],
        ["line 2, price", "not-a-price"],
    ]
    assert said[3].startswith("The file with prices cannot be read: 3 faults")
