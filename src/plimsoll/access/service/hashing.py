"""Password hashes: argon2id in its own threads, with bounded memory and a bounded queue.

One hash takes about 20 ms and 19 MiB. The C code runs without the interpreter's lock, so other
requests go on; at most one hash per core runs at once, and on Linux the threads step back when the
event loop wants the core.
"""

import asyncio
import os
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from plimsoll.kernel.errors import Unavailable

T = TypeVar("T")

QUEUE_PER_WORKER: Final = 64
NICENESS: Final = 10


class Busy(Unavailable):
    """More passwords are waiting to be checked than can be soon."""

    code = "busy"
    title = "Too many sign-ins at once"


class Hashing:
    """Makes and checks password hashes with the parameters of this installation."""

    def __init__(self, *, memory_kib: int, iterations: int, workers: int | None = None) -> None:
        self._argon2 = PasswordHasher(
            time_cost=iterations, memory_cost=memory_kib, parallelism=1, type=Type.ID
        )
        self._workers = workers or os.cpu_count() or 1
        self._threads = ThreadPoolExecutor(
            self._workers, thread_name_prefix="password", initializer=_step_back
        )
        self._waiting = 0
        self._nobodys = self._argon2.hash(secrets.token_urlsafe())

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def hash(self, password: str) -> str:
        """A new PHC string with its own salt."""
        return await self._run(lambda: self._argon2.hash(password))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether `password` made `stored`.

        Without a stored hash the same work is done, for nothing.
        """
        return await self._run(lambda: self._verify_now(password, stored or self._nobodys)) and (
            stored is not None
        )

    def is_outdated(self, stored: str) -> bool:
        """Whether `stored` was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(stored)

    def _verify_now(self, password: str, stored: str) -> bool:
        try:
            return self._argon2.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._workers * QUEUE_PER_WORKER:
            raise Busy("try again shortly", retry_after_s=1)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _step_back() -> None:
    """Lower this thread's priority.

    Linux knows one per thread, elsewhere it would be the process's.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
