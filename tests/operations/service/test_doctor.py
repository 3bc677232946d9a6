"""What the doctor finds, and the way out it names."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from plimsoll.operations.service import doctor
from plimsoll.operations.service.doctor import Finding, Verdict
from plimsoll.plumbing.postgres.server import EmbeddedPostgres
from plimsoll.settings import Settings
from tests.conftest import TEMPLATE, UNSAFE_BUT_FAST


def examine(data_dir: Path, **given: object) -> dict[str, Finding]:
    settings = Settings.model_validate(
        {"data_dir": data_dir, "port": 0, "feed": "simulated"} | given
    )
    return {finding.what: finding for finding in doctor.examine(settings)}


def test_a_good_machine_gets_a_clean_bill_and_is_left_alone(tmp_path: Path) -> None:
    findings = examine(tmp_path / "new")
    assert list(findings) == ["settings", "clock", "port", "data directory", "database", "feed"]
    assert {finding.verdict for finding in findings.values()} == {Verdict.GOOD}
    assert {finding.fix for finding in findings.values()} == {""}
    assert findings["database"].found.startswith("embedded PostgreSQL 18.")
    assert "will be made" in findings["data directory"].found
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_that_is_taken_is_found(tmp_path: Path, taken: int) -> None:
    finding = examine(tmp_path, port=taken)["port"]
    assert finding.verdict is Verdict.BAD
    assert f"127.0.0.1:{taken}" in finding.found
    assert "--port" in finding.fix


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.7"])
def test_an_address_of_another_machine_is_found(tmp_path: Path, host: str) -> None:
    finding = examine(tmp_path, host=host)["port"]
    assert finding.verdict is Verdict.BAD
    assert host in finding.found


def test_a_name_of_this_machine_is_good(tmp_path: Path) -> None:
    assert examine(tmp_path, host="localhost")["port"].verdict is Verdict.GOOD


def test_a_data_directory_that_is_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    findings = examine(tmp_path / "file")
    assert findings["data directory"].verdict is Verdict.BAD
    assert "--data-dir" in findings["data directory"].fix


def test_a_data_directory_that_cannot_be_written_is_found() -> None:
    # On Linux not even root writes here.
    finding = examine(Path("/proc/1/desk"))["data directory"]
    assert finding.verdict is Verdict.BAD
    assert "--data-dir" in finding.fix


def test_a_data_directory_in_use_names_its_holder(tmp_path: Path) -> None:
    with EmbeddedPostgres.start(tmp_path / "desk", settings=UNSAFE_BUT_FAST):
        finding = examine(tmp_path / "desk")["database"]
    assert finding.verdict is Verdict.NOTE
    assert f"process {os.getpid()}" in finding.found
    assert "--data-dir" in finding.fix


def test_a_database_of_ones_own_is_looked_at(
    tmp_path: Path, postgres: EmbeddedPostgres, template: str
) -> None:
    good = examine(tmp_path, database_url=postgres.dsn.replace("///plimsoll", f"///{TEMPLATE}"))
    assert good["database"].verdict is Verdict.GOOD

    behind = examine(tmp_path, database_url=postgres.dsn)["database"]
    assert behind.verdict is Verdict.BAD
    assert "`plimsoll migrate`" in behind.fix

    nowhere = examine(tmp_path, database_url="postgresql://u:canary-word@127.0.0.1:1/d")["database"]
    assert nowhere.verdict is Verdict.BAD
    assert "PLIMSOLL_DATABASE_URL" in nowhere.fix
    assert "canary-word" not in nowhere.found


def test_a_replay_needs_its_files(tmp_path: Path) -> None:
    without = examine(tmp_path, feed="replay")["feed"]
    assert (without.verdict, "--replay-dir" in without.fix) == (Verdict.BAD, True)
    nowhere = examine(tmp_path, feed="replay", replay_dir=tmp_path / "none")["feed"]
    assert (nowhere.verdict, "--replay-dir" in nowhere.fix) == (Verdict.BAD, True)
    assert examine(tmp_path, feed="replay", replay_dir=tmp_path)["feed"].verdict is Verdict.GOOD


def test_live_prices_need_one_of_their_sources(tmp_path: Path, taken: int) -> None:
    there, nowhere = f"http://127.0.0.1:{taken}/api/v3", "http://127.0.0.1:1/api/v3"
    sources = {"live_sources": ("kraken", "coingecko"), "kraken_url": nowhere}
    found = examine(tmp_path, feed="live", coingecko_url=there, **sources)["feed"]
    assert found.verdict is Verdict.GOOD
    assert found.found == "live: coingecko can be reached; kraken cannot be reached"

    found = examine(tmp_path, feed="live", coingecko_url=nowhere, **sources)["feed"]
    assert found.verdict is Verdict.BAD
    assert found.found == "kraken, coingecko cannot be reached"
    auto = examine(tmp_path, feed="auto", coingecko_url=nowhere, **sources)["feed"]
    assert auto.verdict is Verdict.NOTE
    assert "simulate" in auto.fix


def test_an_address_without_a_port_is_asked_where_its_scheme_says() -> None:
    assert doctor._where("http://example.org/api") == ("example.org", 80)
    assert doctor._where("https://example.org/api") == ("example.org", 443)
    assert doctor._where("https://[::1]:8443/api") == ("::1", 8443)
