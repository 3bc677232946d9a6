"""Calculations for jobs, in processes of their own: the event loop never waits for a processor.

Processes are spawned, not forked, for a fork of a program with threads may hang. They are made when
somebody calculates, end when nobody does any more, and end with the process that made them, however
that ends.
"""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import TypeVar, TypeVarTuple

from plimsoll.plumbing.jobs.job import CalculationDied

Args = TypeVarTuple("Args")
T = TypeVar("T")


class Processes:
    """At most `most` processes at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pool: ProcessPoolExecutor | None = None

    async def run(self, work: Callable[[*Args], T], *args: *Args) -> T:
        """What `work` returns for these; it is a function of a module, and all can be pickled.

        Raises what it raises, and CalculationDied.
        """
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._most,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_live_no_longer_than_parent,
            )
        pool = self._pool
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, work, *args)
        except BrokenProcessPool as error:
            if self._pool is pool:
                self.release()
            raise CalculationDied("it may need more memory than there is") from error

    def release(self) -> None:
        """End the processes once they are done with what they have."""
        pool, self._pool = self._pool, None
        if pool:
            pool.shutdown(wait=False)

    def close(self) -> None:
        """End the processes now; nobody waits for their answers any more."""
        pool, self._pool = self._pool, None
        if pool:
            children = list((pool._processes or {}).values())  # noqa: SLF001 - there is no public way before Python 3.14
            pool.shutdown(wait=False, cancel_futures=True)
            for child in children:
                with suppress(ValueError):  # it was closed meanwhile
                    child.kill()


def _live_no_longer_than_parent() -> None:
    """In the child: Ctrl-C is for the parent to answer, and without it there is nothing to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="watch-parent").start()
