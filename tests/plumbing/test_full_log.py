"""A log that cannot be written to breaks nothing: whoever handles a failure goes on."""

import subprocess
import sys
from pathlib import Path
from typing import Final

FULL: Final = Path("/dev/full")
"""Every write to it fails for want of room."""

PROGRAM: Final = """
import asyncio, logging, structlog
from plimsoll.plumbing import telemetry

telemetry.configure_logging("info")

async def work():
    for _ in range(50):
        structlog.get_logger("test").info("something", what="x" * 1000)
        logging.getLogger("elsewhere").error("something")
        telemetry.REQUEST_LOG.write({"method": "GET"})
        telemetry.REQUEST_LOG.flush()

asyncio.run(work())
lost = telemetry.LINES_LOST._value.get()
print("went on", lost > 0)
"""


def test_a_full_disk_of_the_log_stops_nobody() -> None:
    with FULL.open("wb") as full:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", PROGRAM],
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.stdout == "went on True\n"
