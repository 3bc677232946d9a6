"""One fault from beginning to end: calm, the fault under load, recovery, and the account."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.faults.crowd import Account, Answer, Crowd
from tests.faults.desk import Desk, Watch, until_well, watching

CALM_S: Final = 3.0
RECOVERS_WITHIN_S: Final = 60.0
REFUSALS: Final = frozenset({429, 503})
LONGEST_ANSWER_MS: Final = 15_000
"""Nobody waits longer for an answer, whatever has failed."""
SETTLED: Final = frozenset({200, 201, 401, 404, 409, 422})


@dataclass(slots=True)
class Finding:
    """What was measured. `wrong` has to be empty; `not_run` says why there is nothing else."""

    fault: str
    turned_s: float | None = None
    recovered_s: float | None = None
    sent: int = 0
    accepted: int = 0
    refused: int = 0
    no_answer: int = 0
    p99_ms: float = math.nan
    """Of what was accepted while the fault lasted; over a fault of one second, of all of it."""
    longest_ms: float = math.nan
    """Of everything, refusals too."""
    memory_mb: tuple[float, float] = (math.nan, math.nan)
    files: tuple[int, int] = (0, 0)
    account: Account = field(default_factory=Account)
    remarks: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    not_run: str = ""


@dataclass(slots=True)
class Expected:
    """What a fault may do. `word`: what health names as degraded, instead of being unready."""

    turns: bool = True
    word: str | None = None
    answered: float = 0.0
    """Share of requests that have to be accepted or decided, of all while the fault lasts."""
    turns_within_s: float = 5.0
    recovers_within_s: float = 15.0
    most_files: int = 40
    """Open files more than before, at the end."""
    may_break: int = 0
    """Requests that may end without an answer."""


@dataclass(slots=True)
class Scene:
    """What a strike sees while it happens."""

    desk: Desk
    crowd: Crowd
    watch: Watch


Strike = Callable[[Scene], Awaitable[None]]
"""Begins when the fault begins and returns when its cause is gone."""


async def attempt(
    fault: str, desk: Desk, strike: Strike, expected: Expected, *, each: int = 3
) -> Finding:
    """Do `strike` to a running desk under a crowd, and judge what came of it."""
    finding = Finding(fault)
    async with watching(desk) as watch, Crowd(desk, each=each) as crowd:
        await asyncio.sleep(CALM_S)
        before = desk.memory_mb(), desk.open_files()
        began_s = time.monotonic()
        await strike(Scene(desk, crowd, watch))
        ended_s = time.monotonic()
        await until_well(watch, within_s=RECOVERS_WITHIN_S, word=expected.word)
        await asyncio.sleep(CALM_S)
        if late := await crowd.finish():
            finding.wrong.append(late)
        finding.account = await crowd.account()
        finding.memory_mb = before[0], desk.memory_mb()
        finding.files = before[1], desk.open_files()
        finding.turned_s = watch.turned_after(began_s, expected.word)
        well_s = watch.well_after(ended_s, expected.word)
        written_s = crowd.accepted_after(ended_s)
        if well_s is not None and written_s is not None:
            finding.recovered_s = max(well_s, written_s)
        _measure(finding, crowd.answers, began_s, ended_s)
        _judge_answers(finding, crowd.answers)
    _judge(finding, expected)
    await verify(finding, desk)
    return finding


async def verify(finding: Finding, desk: Desk) -> None:
    """The books prove themselves."""
    for words in (("engine", "verify"), ("audit", "verify")):
        try:
            await asyncio.to_thread(desk.command, *words)
        except AssertionError as error:
            finding.wrong.append(f"{' '.join(words)}: {error}"[:500])


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed; nan of none."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else math.nan


def _measure(finding: Finding, answers: list[Answer], began_s: float, ended_s: float) -> None:
    """Requests that were under way at any moment of the fault."""
    during = [
        each
        for each in answers
        if each.at_s + each.took_ms / 1000 >= began_s and each.at_s <= ended_s
    ]
    accepted = [each.took_ms for each in during if each.status in SETTLED]
    finding.sent = len(during)
    finding.accepted = len(accepted)
    finding.refused = sum(each.status in REFUSALS for each in during)
    finding.no_answer = sum(each.status == 0 for each in during)
    finding.p99_ms = percentile(accepted, 0.99)
    finding.longest_ms = max((each.took_ms for each in during), default=math.nan)


def _judge_answers(finding: Finding, answers: list[Answer]) -> None:
    strange = Counter(
        (each.status, each.code)
        for each in answers
        if each.status and each.status not in SETTLED | REFUSALS
    )
    if strange:
        finding.wrong.append(f"answers that are neither yes, no nor later: {dict(strange)}")
    mute = Counter(each.code for each in answers if not each.when)
    if mute:
        finding.wrong.append(f"refused without Retry-After: {dict(mute)}")
    codes = Counter(each.code for each in answers if each.status in REFUSALS)
    if codes:
        finding.remarks.append(", ".join(f"{n} {code}" for code, n in codes.most_common()))


def _judge(finding: Finding, expected: Expected) -> None:
    _judge_account(finding.wrong, finding.account)
    wrong = finding.wrong
    if expected.turns and (finding.turned_s is None or finding.turned_s > expected.turns_within_s):
        wrong.append(f"health turned after {finding.turned_s} s")
    if finding.recovered_s is None or finding.recovered_s > expected.recovers_within_s:
        wrong.append(f"well again after {finding.recovered_s} s")
    if finding.longest_ms > LONGEST_ANSWER_MS:
        wrong.append(f"somebody waited {finding.longest_ms:.0f} ms")
    if finding.sent and finding.accepted / finding.sent < expected.answered:
        wrong.append(f"{finding.accepted} of {finding.sent} accepted")
    if finding.no_answer > expected.may_break:
        wrong.append(f"{finding.no_answer} requests without an answer")
    memory, files = finding.memory_mb, finding.files
    if memory[1] > memory[0] * 1.5 + 50:
        wrong.append(f"memory {memory[0]:.0f} MB became {memory[1]:.0f} MB")
    if files[1] > files[0] + expected.most_files:
        wrong.append(f"{files[0]} open files became {files[1]}")


def _judge_account(wrong: list[str], account: Account) -> None:
    if account.lost:
        wrong.append(f"{len(account.lost)} lost: {account.lost[:5]}")
    if account.doubled:
        wrong.append(f"{len(account.doubled)} there twice: {account.doubled[:5]}")
    if account.changed:
        wrong.append(f"{len(account.changed)} changed: {account.changed[:5]}")
    if not account.books_add_up:
        wrong.append("holdings are not the sum of transactions")
