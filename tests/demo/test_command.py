"""`plimsoll demo` from the outside: told once, opened again, and no place for the service."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.journeys.service import PROGRAM

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.timeout(180)]


@contextmanager
def demo(folder: Path, **environment: str) -> Iterator[tuple[str, str]]:
    """What it said until it was ready, and its address."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [PROGRAM, "demo", "--port", "0", "--data-dir", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
        env=os.environ | environment,
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("Plimsoll is ready: "):
                break
        else:
            raise AssertionError(said)
        try:
            yield said, line.removeprefix("Plimsoll is ready: ").strip().rstrip("/")
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=30)
    assert process.returncode == 0


def look(url: str) -> Any:
    with httpx2.Client(base_url=f"{url}/api/v1", headers={"origin": url}) as http:
        assert http.get("/meta").json()["demo"] is True
        assert http.post("/demo/session").status_code == 200
        found = http.get("/portfolio/summary").json()
        return found["cost"], found["realised_profit"]


def test_it_is_told_once_and_only_opened_after_that(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    nowhere = "postgresql://nobody@127.0.0.1:1/real"
    with demo(folder, PLIMSOLL_DATABASE_URL=nowhere, PLIMSOLL_FEED="live") as (said, url):
        assert "Telling" in said
        first = look(url)
    with demo(folder) as (said, url):
        assert "Telling" not in said
        assert look(url) == first

    refused = subprocess.run(  # noqa: S603 - our own program
        [PROGRAM, "up", "--port", "0", "--data-dir", folder],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert "belongs to a demo" in refused.stderr
