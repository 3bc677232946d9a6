"""Real faults, one after the other: `python -m tests.faults [--only postgresql] [--write]`.

Each is done to a service in a process of its own while people work; it ends with a table of what
was measured. The exit status is 1 when anything was wrong. Loopback only, about ten minutes.
"""

import argparse
import asyncio
import importlib
import sys
import time
from typing import Final

from tests.faults import table
from tests.faults.trial import Finding

FAULTS: Final = ("postgresql", "counting", "disk", "moved_clock", "slow_clients", "overload")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--only", choices=FAULTS, action="append")
    options.add_argument("--write", action="store_true", help="the table into docs/reliability.md")
    given = options.parse_args()
    findings: list[Finding] = []
    began_s = time.monotonic()
    for name in given.only or FAULTS:
        module = importlib.import_module(f"tests.faults.{name}")
        found: list[Finding] = asyncio.run(module.run())
        findings += found
        for finding in found:
            sys.stdout.write(table.told(finding))
            sys.stdout.flush()
    text = table.table(findings)
    sys.stdout.write(f"\n{text}\nin {time.monotonic() - began_s:.0f} s\n")
    if given.write:
        table.write(text)
    sys.exit(any(finding.wrong for finding in findings))


if __name__ == "__main__":
    main()
