"""Keeps the garbage collector from stopping the service.

A full collection looks at every object there is, and everybody waits for it: a quarter of a second
with what a service has when it has only started, several times a minute while a ledger is imported.
What lives long is therefore frozen: collections do not look at it any more, and it is freed as ever
when nothing refers to it. First all that the start has made, then whatever made a full collection
slow. Cycles among frozen objects are never found; tables, accounts and histories do not die so.
"""

import gc
import time
from typing import Final, Literal

SLOW_S: Final = 0.01
"""Of processor time: some 25,000 objects."""
FULL: Final = 2

_began_s = 0.0


def pause() -> None:
    """Call it before a start, which makes much and drops little: a sixth of its time is saved."""
    gc.disable()


def settle() -> None:
    """Call it once the service has started: a full collection, then all that is left is frozen."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.collect()  # the collector remembers how much there was, and waits for a quarter of it
    gc.callbacks.append(_watch)


def release() -> None:
    """Call it when the service has ended: libraries complain of what is left at the very end."""
    if _watch in gc.callbacks:
        gc.callbacks.remove(_watch)
    gc.unfreeze()
    gc.enable()


def _watch(phase: Literal["start", "stop"], info: dict[str, int]) -> None:
    """A collection begins and ends in the same thread, and there is only one at a time."""
    global _began_s  # noqa: PLW0603 - of the whole process, as the collector is
    if info["generation"] < FULL:
        return
    if phase == "start":
        _began_s = time.thread_time()
    elif time.thread_time() - _began_s > SLOW_S:
        gc.freeze()
