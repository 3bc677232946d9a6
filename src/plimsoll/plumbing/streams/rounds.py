"""Work that is done again and again."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)


async def every(period_s: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do it every period; whatever goes wrong in one round, the next one comes."""
    loop = asyncio.get_running_loop()
    at = loop.time()
    while True:
        at = max(at + period_s, loop.time())
        await asyncio.sleep(at - loop.time())
        try:
            await work()
        except Exception:
            log.exception("stream_round_failed")
