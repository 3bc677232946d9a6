"""Waiting for an event, but not for ever."""

import asyncio


async def wait_at_most(event: asyncio.Event, seconds: float) -> bool:
    """Until `event` is set, or so long; whether it was set.

    Unlike `asyncio.wait_for` before Python 3.12, which may swallow a cancellation that comes in the
    moment of the event: whoever cancelled waits for ever then.
    """
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True
