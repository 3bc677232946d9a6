"""What was found, as lines for a terminal and as the table of `docs/reliability.md`."""

import math
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.faults.trial import Finding

PAGE: Final = Path(__file__).parents[2] / "docs" / "reliability.md"
BETWEEN: Final = re.compile(r"(<!-- faults -->\n).*(<!-- /faults -->)", re.DOTALL)
HEAD: Final = (
    "| fault | noticed after | well again after | requests meanwhile: accepted, refused, "
    "without an answer | p99 of the accepted | longest answer | acknowledged, of them lost, "
    "there twice | memory before, after | |\n|---|---|---|---|---|---|---|---|---|\n"
)


def told(finding: Finding) -> str:
    """All of it, for somebody who waits at a terminal."""
    if finding.not_run:
        return f"{finding.fault}: NOT RUN: {finding.not_run}\n"
    lines = [f"{finding.fault}: {'WRONG' if finding.wrong else 'ok'}", f"  {_row(finding)}"]
    lines.append(f"  files {finding.files}")
    lines += [f"  {remark}" for remark in finding.remarks]
    lines += [f"  WRONG: {fault}" for fault in finding.wrong]
    return "\n".join(lines) + "\n"


def table(findings: list[Finding]) -> str:
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    today = datetime.now(UTC).date()
    machine = (
        f"{today}, {os.cpu_count()} cores, {memory_gb:.0f} GB, {platform.system()}, "
        f"Python {platform.python_version()}; the load runs on the same cores.\n\n"
    )
    return machine + HEAD + "".join(f"{_row(finding)}\n" for finding in findings)


def write(text: str) -> None:
    """Put the table between the markers of the page."""
    page = PAGE.read_text("utf-8")
    changed, times = BETWEEN.subn(lambda found: f"{found[1]}{text}{found[2]}", page)
    assert times == 1, "the page has lost its markers"
    PAGE.write_text(changed, "utf-8")


def _row(finding: Finding) -> str:
    if finding.not_run:
        return f"| {finding.fault} | NOT RUN: {finding.not_run} | | | | | | | |"
    account = finding.account
    cells = [
        finding.fault,
        _seconds(finding.turned_s),
        _seconds(finding.recovered_s),
        f"{finding.accepted:,}, {finding.refused:,}, {finding.no_answer:,}",
        _ms(finding.p99_ms),
        _ms(finding.longest_ms),
        f"{account.acknowledged:,}, {len(account.lost)}, {len(account.doubled)}"
        if account.acknowledged
        else "",
        f"{finding.memory_mb[0]:.0f}, {finding.memory_mb[1]:.0f} MB",
        "; ".join([*finding.remarks, *(f"WRONG: {each}" for each in finding.wrong)]),
    ]
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def _ms(value: float) -> str:
    return "" if math.isnan(value) else f"{value:,.0f} ms"
