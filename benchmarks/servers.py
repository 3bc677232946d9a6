"""Start the measured services as processes of their own, know when they are ready, stop them.

Each is one uvicorn worker with uvloop and httptools on a free loopback port. Plimsoll is started
by the command a user types, with its own PostgreSQL and everything switched on; only its rate
limits are raised out of the way.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

ROOT: Final = Path(__file__).parent.parent
READY_WITHIN_S: Final = 60.0
STOPPED_WITHIN_S: Final = 20.0
NAMES: Final = ("echo", "usual", "plimsoll")

UVICORN: Final = (
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--no-access-log",
    "--log-level=warning",
)
APPLICATIONS: Final = {
    "echo": "benchmarks.echo:app",
    "usual": "benchmarks.usual_stack.app:app",
    "usual candles": "benchmarks.usual_stack.candles:app",
}
READY: Final = {"plimsoll": "/health/ready", "usual candles": "/health"}
RAISED_LIMITS: Final = {
    "PLIMSOLL_API_KEY_REQUESTS_PER_MINUTE": "10000000",
    "PLIMSOLL_USER_REQUESTS_PER_MINUTE": "10000000",
    "PLIMSOLL_USER_ORDERS_PER_MINUTE": "10000000",
    "PLIMSOLL_API_KEY_ORDERS_PER_MINUTE": "10000000",
    "PLIMSOLL_ADDRESS_REQUESTS_PER_MINUTE": "10000000",
    "PLIMSOLL_LOGIN_ATTEMPTS_PER_MINUTE": "10000",
}


class ServerFailed(Exception):
    """A service did not start, stopped, or gave an answer that was not 2xx."""


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def call(
        self, method: str, path: str, *, token: str | None = None, body: object = None
    ) -> dict[str, Any]:
        """One request outside any measurement; ServerFailed unless the answer is 2xx."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"content-type": "application/json"} if body is not None else {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        try:
            connection.request(
                method, path, json.dumps(body) if body is not None else None, headers
            )
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, HTTPException) as error:
            raise self.failed(f"{method} {path}: {error!r}") from None
        finally:
            connection.close()
        if not 200 <= answer.status < 300:
            raise self.failed(f"{method} {path} answered {answer.status}: {text[:500]!r}")
        return dict(json.loads(text))

    def failed(self, what: str) -> ServerFailed:
        """The failure, with the last lines that the service wrote."""
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        state = "" if self.process.poll() is None else f" (exited with {self.process.returncode})"
        return ServerFailed("\n  ".join([f"{self.name}{state}: {what}", *lines]))


@contextmanager
def started(
    name: str, directory: Path, *, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """The named service, ready; stopped on the way out. Its data and log are in `directory`;
    `settings` are added to its environment.
    """
    port = _free_port()
    log = directory / f"{name}.log"
    with log.open("wb") as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own command
                _command(name, port, directory / name),
                cwd=ROOT,
                env=_environment(os.environ) | dict(settings or {}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise ServerFailed(f"{name} cannot be started: {error}") from None
    server = Server(name, port, process, log)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _command(name: str, port: int, data_dir: Path) -> list[str]:
    if name == "plimsoll":
        plimsoll = str(Path(sys.executable).with_name("plimsoll"))
        return [plimsoll, "up", f"--port={port}", f"--data-dir={data_dir}", "--feed=simulated"]
    return [sys.executable, "-m", "uvicorn", APPLICATIONS[name], "--port", str(port), *UVICORN]


def _environment(outer: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without settings of a Plimsoll that is really in use."""
    kept = {name: value for name, value in outer.items() if not name.startswith("PLIMSOLL_")}
    return kept | RAISED_LIMITS


def _wait_until_ready(server: Server) -> None:
    path = READY.get(server.name, "/api/v1/prices/bitcoin")
    deadline = monotonic() + READY_WITHIN_S
    while True:
        try:
            server.call("GET", path)
        except ServerFailed:
            if server.process.poll() is not None or monotonic() > deadline:
                raise
            sleep(0.05)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
