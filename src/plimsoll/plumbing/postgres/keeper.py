"""Keep one PostgreSQL program alive exactly as long as the service that asked for it.

This file is run, not imported: `python -I -S keeper.py ORDER`, standard library only. It stands
between the service and PostgreSQL as the parent of the latter:

- stdin is a pipe held open by the service. One byte is an order (FAST, IMMEDIATE, KILL); its end,
  or another parent than at the start, means that the service is gone, even by `kill -9`: the
  program is stopped.
- stdout says `{"pid": …}` and, when the program could not be started, `{"refused": …}`; it ends
  when the program runs.
- stderr is the log of both.

A pipe works on every POSIX system and whichever thread started us; PR_SET_PDEATHSIG alone (Linux
only, fires when the starting *thread* ends) is the second net here, for a keeper that is killed
itself.

PostgreSQL refuses to run as root. As root the program becomes an unprivileged account first. Where
that account cannot reach the binaries or the data directory (below /root, say), it keeps one
capability, the weakest that is enough, instead of any permission being changed. See
docs/decisions/0001-postgresql-embedded.md.
"""

import contextlib
import ctypes
import json
import os
import select
import signal
import stat
import sys
import time
from collections.abc import Iterable, Mapping
from types import FrameType
from typing import Any, Final, NoReturn

FAST: Final = b"F"
IMMEDIATE: Final = b"I"
KILL: Final = b"K"

_LOOK_S: Final = 1.0
"""How often the parent is looked at, lest a forked child of the service holds the pipe open."""
_GRACE_S: Final = 10.0
"""From an abandoned server's stop to its kill; PostgreSQL kills its own children after 5 s."""
NOT_STARTED: Final = 126

# The numbers of Linux, as in its headers prctl, capability and securebits.
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_KEEPCAPS: Final = 8
_PR_SET_SECUREBITS: Final = 28
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_SECBIT_NO_SETUID_FIXUP: Final = 1 << 2
_CAP_DAC_OVERRIDE: Final = 1
_CAP_DAC_READ_SEARCH: Final = 2
_CAP_SETPCAP: Final = 8
_CAPABILITY_VERSION_3: Final = 0x20080522


def main() -> int:
    """Run the order of `sys.argv`; the exit code is the program's, or 128 + its last signal."""
    order = json.loads(sys.argv[1])
    service = os.getppid()
    report = os.dup(
        1
    )  # not inherited through exec, so the service reads its end when the program runs
    os.dup2(2, 1)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    # A terminal or a service manager may signal everybody at once; when to stop is the service's
    # decision. Handlers, unlike SIG_IGN, do not survive exec.
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _wake)
    program = os.fork()
    if program == 0:
        _become_program(order, report)
    _say(report, pid=program)
    os.close(report)
    return _watch(program, service, wake_read)


def _wake(_number: int, _frame: FrameType | None) -> None:
    """The byte in the wakeup pipe is all that is wanted."""


def _say(report: int, **facts: str | int) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(report, json.dumps(facts).encode() + b"\n")


def _watch(program: int, service: int, wake: int) -> int:
    """Pass orders on until the program has ended; stop it when the service is gone."""
    signals = {FAST: signal.SIGINT, IMMEDIATE: signal.SIGQUIT, KILL: signal.SIGKILL}
    sources = [0, wake]
    abandoned_at: float | None = None
    while True:
        ended, status = os.waitpid(program, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        ready, _, _ = select.select(sources, [], [], _LOOK_S)
        if wake in ready:
            os.read(wake, 512)
        order = os.read(0, 1) if 0 in ready else None
        if order in signals:
            os.kill(program, signals[order])
        elif abandoned_at is None and (order == b"" or os.getppid() != service):
            sources = [wake]
            abandoned_at = time.monotonic()
            os.kill(program, signal.SIGQUIT)
        elif abandoned_at is not None and time.monotonic() - abandoned_at > _GRACE_S:
            os.kill(program, signal.SIGKILL)


def _become_program(order: Mapping[str, Any], report: int) -> NoReturn:
    try:
        keeper = os.getppid()
        if order["account"]:
            uid, gid = order["account"]
            leave_root(uid=uid, gid=gid, reach=order["reach"])
        _die_with(keeper)
        os.dup2(_readable(order["stdin"].encode()), 0)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # ignored by Python, and that is inherited
            signal.signal(number, signal.SIG_DFL)
        os.umask(0o077)
        os.execv(order["command"][0], order["command"])  # noqa: S606 - the program we were asked to keep
    except OSError as error:
        _say(report, refused=str(error))
    finally:
        os._exit(NOT_STARTED)


def _readable(text: bytes) -> int:
    """A descriptor from which `text` is read; it must fit a pipe's buffer."""
    assert len(text) <= select.PIPE_BUF
    source, sink = os.pipe()
    os.write(sink, text)
    os.close(sink)
    return source


def _die_with(parent: int) -> None:
    """Ask Linux to stop us when `parent` ends. A change of account would clear the wish."""
    if sys.platform != "linux":
        return
    _prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
    if os.getppid() != parent:  # it ended before the wish was heard
        os._exit(NOT_STARTED)


def leave_root(*, uid: int, gid: int, reach: Iterable[str]) -> None:
    """Become `uid` for good, able to reach every path of `reach`, with no more than that needs.

    Nothing, else CAP_DAC_READ_SEARCH, else CAP_DAC_OVERRIDE (the only one of the two in a
    container's usual set, and needed to run programs that only their owner may run). Raises
    PermissionError when none is enough.
    """
    paths = list(reach)
    if sys.platform == "linux":
        _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if sys.platform == "linux":
        _keep_least(paths)
    else:
        for path in paths:
            _probe(path)


def _keep_least(paths: list[str]) -> None:
    permitted = _permitted()
    stumble: OSError | None = None
    for kept in (0, 1 << _CAP_DAC_READ_SEARCH, 1 << _CAP_DAC_OVERRIDE):
        if kept & ~permitted:
            continue
        _set_capabilities(effective=kept, permitted=permitted)
        try:
            for path in paths:
                _probe(path, any_may_run=kept == 1 << _CAP_DAC_OVERRIDE)
        except PermissionError as error:
            stumble = error
            continue
        if kept:
            # access(2), by which PostgreSQL finds its own programs, ignores the capabilities of
            # whoever is not root, unless told not to.
            _set_capabilities(effective=kept | 1 << _CAP_SETPCAP, permitted=permitted)
            _prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
        _set_capabilities(effective=kept, permitted=kept, inheritable=kept)
        if kept:
            _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, kept.bit_length() - 1)
        return
    assert stumble is not None, "the first rung is always tried"
    raise stumble


def _probe(path: str, *, any_may_run: bool = False) -> None:
    """Raise PermissionError unless `path` can be listed or read and, if it is a program, run."""
    found = os.stat(path)  # noqa: PTH116 - standard library only, and pathlib takes long to import
    if stat.S_ISDIR(found.st_mode):
        os.listdir(path)  # noqa: PTH208 - as above
        return
    os.close(os.open(path, os.O_RDONLY))
    if found.st_mode & 0o100 and not found.st_mode & 0o001 and not any_may_run:
        raise PermissionError(1, "only its owner may run it", path)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, *arguments: int) -> None:
    words = [ctypes.c_ulong(word) for word in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc().prctl(ctypes.c_int(option), *words):
        raise OSError(ctypes.get_errno(), f"prctl({option}): {os.strerror(ctypes.get_errno())}")


def _permitted() -> int:
    header, data = _header(), (ctypes.c_uint32 * 6)()
    if _libc().capget(header, data):
        raise OSError(ctypes.get_errno(), f"capget: {os.strerror(ctypes.get_errno())}")
    return data[1] | data[4] << 32


def _set_capabilities(*, effective: int, permitted: int, inheritable: int = 0) -> None:
    low = [word & 0xFFFFFFFF for word in (effective, permitted, inheritable)]
    high = [word >> 32 for word in (effective, permitted, inheritable)]
    if _libc().capset(_header(), (ctypes.c_uint32 * 6)(*low, *high)):
        raise OSError(ctypes.get_errno(), f"capset: {os.strerror(ctypes.get_errno())}")


def _header() -> Any:
    return (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)  # 0: the calling thread


if __name__ == "__main__":
    sys.exit(main())
