"""Servers for these tests, and services around them that can be killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plimsoll.plumbing.postgres.server import EmbeddedPostgres

SERVICE = Path(__file__).with_name("service_process.py")


class Service:
    """A service in a process of its own."""

    def __init__(self, facts: dict[str, Any], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, str(SERVICE), json.dumps(facts)],
            stdout=subprocess.PIPE,
            env=os.environ | environment,
            text=True,
        )

    def answer(self) -> dict[str, Any]:
        """What it says once its server is ready or refused."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                said: dict[str, Any] = json.loads(line)
                return said
        raise AssertionError(f"the service ended with {self.process.wait()}")

    def kill(self) -> None:
        """`kill -9`."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


StartService = Callable[..., Service]


@pytest.fixture
def service() -> Iterator[StartService]:
    """Starts services; what still runs at the end of the test is killed."""
    started: list[Service] = []

    def start(
        data_dir: Path, *, environment: dict[str, str] | None = None, **facts: object
    ) -> Service:
        started.append(Service({"data_dir": str(data_dir), **facts}, environment or {}))
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture(scope="session")
def used_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a cluster in it, its server stopped. Leave it that way."""
    data_dir = tmp_path_factory.mktemp("used")
    with EmbeddedPostgres.start(data_dir):
        return data_dir


@pytest.fixture
def is_gone() -> Callable[..., bool]:
    def wait(pid: int, *, within_s: float = 5.0) -> bool:
        """Whether process `pid` ends in time."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.02)
        return False

    return wait


@pytest.fixture(scope="module")
def running(
    used_data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedPostgres]:
    """A server to ask; nobody changes it."""
    with EmbeddedPostgres.start(tmp_path_factory.mktemp("running")) as server:
        yield server
