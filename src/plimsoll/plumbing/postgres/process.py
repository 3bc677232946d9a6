"""Start a PostgreSQL program under a keeper, talk to it, stop it."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from plimsoll.kernel.errors import Unavailable
from plimsoll.plumbing.postgres import keeper
from plimsoll.plumbing.postgres.log import ServerLog

_KEEPER: Final = Path(__file__).with_name("keeper.py")
_INHERITED: Final = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""All that a program gets of our environment: no PGDATA to mislead it, no secret of ours."""

FAST_S: Final = 20.0
IMMEDIATE_S: Final = 8.0
"""PostgreSQL kills children that ignore an immediate stop after 5 s."""
KILL_S: Final = 5.0


class CannotLeaveRoot(Unavailable):
    """PostgreSQL does not run as root, and root cannot become somebody who reaches the files."""

    code = "postgres-cannot-leave-root"
    title = "PostgreSQL cannot run as root here"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"PostgreSQL refuses to run as root, and running it as an unprivileged account "
            f"failed: {reason}. Run Plimsoll as an ordinary user, or set PLIMSOLL_DATABASE_URL"
        )


class ProgramFailed(Unavailable):
    """A PostgreSQL program ended when it should not have; the detail has the tail of its log."""

    code = "postgres-did-not-start"
    title = "The embedded PostgreSQL did not start"


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged account that PostgreSQL runs as when we are root."""

    uid: int
    gid: int
    name: str


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, as whom, and the paths that it must be able to reach."""

    command: Sequence[str]
    account: Account | None
    reach: Iterable[Path]
    stdin: str = ""
    not_a_server: int | None = None
    """A pid in a stale note that PostgreSQL would take for a running server of this directory."""

    def order(self) -> str:
        account = self.account and (self.account.uid, self.account.gid)
        return json.dumps(
            {
                "command": list(self.command),
                "account": account,
                "reach": [str(path) for path in self.reach],
                "stdin": self.stdin,
            }
        )


class KeptProcess:
    """A running program and its keeper. It ends with us, however we end."""

    def __init__(self, process: subprocess.Popen[bytes], pid: int) -> None:
        self._process = process
        self.pid = pid
        """Of the program itself, not of its keeper."""

    @classmethod
    def start(cls, program: Program, log: ServerLog) -> Self:
        """Run `program`, its output going to `log`. Raises CannotLeaveRoot or ProgramFailed."""
        sink = log.open_for_append()
        try:
            process = subprocess.Popen(  # noqa: S603 - our own file, run by our own interpreter
                [sys.executable, "-I", "-S", str(_KEEPER), program.order()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                bufsize=0,
                cwd="/",
                env=_environment(program),
                start_new_session=True,  # a Ctrl-C at the terminal is for us alone
            )
        finally:
            os.close(sink)
        assert process.stdout is not None
        with process.stdout:
            said = [json.loads(line) for line in process.stdout.read().splitlines()]
        facts = {name: value for line in said for name, value in line.items()}
        kept = cls(process, facts.get("pid", 0))
        if "refused" in facts or not said:
            kept.close()
            if program.account:
                raise CannotLeaveRoot(facts.get("refused", log.tail()))
            raise ProgramFailed(f"{program.command[0]}: {facts.get('refused', log.tail())}")
        return kept

    def ended(self) -> int | None:
        """The exit code once it has ended (128 + signal when killed), else None."""
        return self._process.poll()

    def wait(self, timeout_s: float) -> int | None:
        """Wait for the end; the exit code, or None when it still runs after `timeout_s`."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(timeout_s)
        return None

    def stop(self) -> None:
        """Stop fast (clients cut, data written out), else at once, else by force. Bounded."""
        for order, patience_s in (
            (keeper.FAST, FAST_S),
            (keeper.IMMEDIATE, IMMEDIATE_S),
            (keeper.KILL, KILL_S),
        ):
            if self.ended() is None:
                self._order(order)
                self.wait(patience_s)
        self.close()

    def close(self) -> None:
        """Let go: whatever still runs is stopped by its keeper. Waits for the keeper, bounded."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self.wait(IMMEDIATE_S) is None:
            self._process.kill()
            self._process.wait()

    def _order(self, order: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended already
            self._process.stdin.write(order)


def _environment(program: Program) -> dict[str, str]:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= {"LC_ALL": "C", "TZ": "UTC"}
    if program.not_a_server is not None:
        # PostgreSQL's own way to be told of a pid that is not a rival; unlike removing the note, it
        # leaves the check for backends that still use the old shared memory in force.
        environment["PG_GRANDPARENT_PID"] = str(program.not_a_server)
    return environment


def run_to_end(program: Program, log: ServerLog, *, timeout_s: float) -> None:
    """Run `program` until it ends well. Raises ProgramFailed with the tail of the log otherwise."""
    start = log.size()
    kept = KeptProcess.start(program, log)
    try:
        code = kept.wait(timeout_s)
    finally:
        kept.close()
    if code != 0:
        said = f"still ran after {timeout_s:.0f} s" if code is None else f"ended with {code}"
        raise ProgramFailed(f"{Path(program.command[0]).name} {said}:\n{log.tail(since=start)}")
