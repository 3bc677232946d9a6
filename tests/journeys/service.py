"""The service as its users run it: `plimsoll up` in a process of its own, reached over HTTP.

    with Service(tmp_path / "desk", "--feed", "simulated") as service:
        async with service.client() as http: ...

Nothing of the environment's own settings reaches it. Its log is `service.log` beside the data
directory.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx2

from tests.conftest import PASSWORD

PROGRAM: Final = Path(sys.executable).with_name("plimsoll")
READY: Final = re.compile(r"Plimsoll is ready: http://127\.0\.0\.1:(\d+)/")
STOP_S: Final = 30.0

UNLIMITED: Final = {
    "user_requests_per_minute": "10000000",
    "api_key_requests_per_minute": "10000000",
    "user_orders_per_minute": "10000000",
    "api_key_orders_per_minute": "10000000",
    "address_requests_per_minute": "10000000",
    "login_attempts_per_minute": "10000",
}
"""No journey but one about limits runs into them."""


class NotStarted(AssertionError):
    """The process ended before it said that it was ready; carries the end of its log."""


class Service:
    """One data directory, and the process that runs on it when there is one."""

    program: tuple[str, ...] = (str(PROGRAM),)

    def __init__(self, data_dir: Path, *options: str, **settings: str) -> None:
        """`options` are of `plimsoll up`, `settings` are PLIMSOLL_ variables in lower case."""
        self.data_dir = data_dir
        self._options = options
        self._settings = UNLIMITED | settings
        self._log = data_dir.with_name("service.log")
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the process that runs; 0 when none does."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    @property
    def log_file(self) -> Path:
        return self._log

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")

    def environment(self) -> dict[str, str]:
        """The process's variables: ours without any PLIMSOLL_, and the settings."""
        own = {name: value for name, value in os.environ.items() if not _is_setting(name)}
        given = {f"PLIMSOLL_{name.upper()}": value for name, value in self._settings.items()}
        return own | given | {"PLIMSOLL_DATA_DIR": str(self.data_dir)}

    def memory_mib(self) -> float:
        """What the process holds in memory, without its PostgreSQL."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text("utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def launch(self) -> None:
        """Start the process and wait for nothing."""
        assert self._process is None, "it runs already"
        with self._log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*self.program, "up", "--port", "0", *self._options],
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def wait_until_ready(self) -> None:
        """Wait for the line that says where it listens; raises NotStarted when it ends instead."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        for line in process.stdout:
            if found := READY.match(line):
                self.port = int(found[1])
                return
        status = process.wait()
        self.kill()
        raise NotStarted(f"it ended with {status}:\n{self.log[-4000:]}")

    def start(self) -> None:
        self.launch()
        self.wait_until_ready()

    def stop(self) -> int:
        """Ask it to stop, as a service manager does; the exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """`kill -9`."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(STOP_S)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    def command(self, *words: str) -> str:
        """What `plimsoll WORDS` says about this data directory; fails when the command does."""
        done = subprocess.run(  # noqa: S603 - our own program
            [PROGRAM, *words],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill() if error else self.stop()

    def client(self, token: str | None = None) -> httpx2.AsyncClient:
        """Talks to the running process, signed in when a token is given."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.AsyncClient(base_url=f"{self.url}/api/v1", headers=headers, timeout=30)

    async def sign_up(self, email: str) -> str:
        """The access token of somebody new."""
        account = {"email": email, "password": PASSWORD}
        async with self.client() as http:
            made = await http.post("/auth/register", json=account)
            assert made.status_code == 201, made.text
            opened = await http.post("/auth/login", json=account)
            assert opened.status_code == 200, opened.text
            token: str = opened.json()["access_token"]
            return token


def _is_setting(name: str) -> bool:
    return name.startswith("PLIMSOLL_")
