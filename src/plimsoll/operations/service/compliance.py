"""The compliance scan: facts of everybody, six rules, and the cases that come of them.

Every so often: how people trade is folded by the hour (trading), everybody's positions are copied
in one look, sign-ins are read since the last one that was judged; the rules judge them; and in one
transaction the cases they concern are locked, advanced and written, together with how far the
sign-ins have come, a line in the audit log, and whatever those who are told (`on_case`) write.
What dies before that commit leaves nothing, and the next scan finds the same again.

One scan at a time, over all processes: an advisory lock of that transaction. Who comes second
leaves. Where another process runs the exchange, positions are that one's to judge.

Docs: docs/compliance.md.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Final

import structlog

from plimsoll.access.domain.audit import Event, Fact, Happening
from plimsoll.access.domain.places import KnownSignIn
from plimsoll.access.service import audit, places
from plimsoll.kernel.clock import Clock, from_ms
from plimsoll.kernel.errors import Unavailable
from plimsoll.kernel.identifiers import UserId
from plimsoll.operations.domain import rules
from plimsoll.operations.domain.cases import Change, Finding, Kind, Rule, Subject, advance
from plimsoll.operations.domain.rules import Measure, SignIn, WashLike
from plimsoll.operations.storage import cases as storage
from plimsoll.operations.storage.cases import CaseId, key_of
from plimsoll.plumbing.database import Database, Unit
from plimsoll.trading.domain.instruments import MILLION, MONEY
from plimsoll.trading.domain.overseeing import Backing, Sight, Stance
from plimsoll.trading.domain.units import money_of
from plimsoll.trading.service.oversight import Conduct, EngineAway, Least, Oversight, Picture

log = structlog.get_logger(__name__)

BY_FIGURE: Final = (Rule.LEVERAGE, Rule.EXPOSURE)
"""Rules whose cases end by themselves: everybody in one of them is judged in every scan."""
LEAST: Final = Least(
    fills=rules.SELF_TRADES.least,
    share=rules.SELF_TRADES.levels.open_at,
    messages=rules.ORDER_TO_TRADE.least,
    liquidations=int(rules.LIQUIDATIONS.levels.open_at),
)
"""Conduct below that opens nothing, and closes nothing either."""

Told = Callable[[Unit, Sequence[tuple[CaseId, Change]]], Awaitable[None]]
"""Told of cases that are new, worse or open again, in the transaction that writes them. May be
called twice for what is committed once.
"""
_NEWS: Final = {Kind.OPENED, Kind.WORSENED, Kind.REOPENED}


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan did: changes by their kind, in the order in which they happened."""

    changes: tuple[tuple[CaseId, Change], ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What one scan judges, as of `at`. `picture` None: another process knows the positions."""

    at: datetime
    picture: Picture | None
    conduct: Conduct
    sign_ins: Sequence[KnownSignIn]
    active: frozenset[Subject]
    threshold: int


class Compliance:
    """Scans until it is cancelled (`run`), or once (`scan`)."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        oversight: Oversight,
        *,
        every_s: float,
        threshold: int,
    ) -> None:
        """`threshold`: what exposure is measured against while the venue has no limit, in coins."""
        self.on_case: list[Told] = []
        self._database = database
        self._clock = clock
        self._oversight = oversight
        self._every_s = every_s
        self._threshold = threshold * MONEY
        self._scanning = asyncio.Lock()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.scan()
            except Unavailable as error:
                log.warning("compliance_scan_put_off", code=error.code)
            except Exception:
                log.exception("compliance_scan_failed")

    def threshold_of(self, sight: Sight) -> int:
        """What exposure is measured against: the venue's own limit, when it has one."""
        return sight.most_venue_notional or self._threshold

    async def scan(self) -> Scanned | None:
        """None when another process is at it. Raises Unavailable."""
        async with self._scanning:  # so that no scan judges positions older than the one before
            return await self._scan_alone()

    async def _scan_alone(self) -> Scanned | None:
        await self._oversight.fold()
        try:
            picture = await self._oversight.look()
        except EngineAway:
            picture = None

        async def work(unit: Unit) -> Scanned | None:
            if not await storage.try_lock_scan(unit):
                return None
            return await self._scan(unit, picture)

        return await self._database.transact(work)

    async def _scan(self, unit: Unit, picture: Picture | None) -> Scanned:
        progress = await storage.read_progress(unit)
        sign_ins = await places.list_sign_ins(unit, after=progress or 0)
        facts = Facts(
            at=self._clock.now(),
            picture=picture,
            conduct=await self._oversight.read_conduct(unit, LEAST),
            sign_ins=sign_ins,
            active=frozenset(await storage.list_active(unit, BY_FIGURE)),
            threshold=self.threshold_of(picture.sight) if picture else 0,
        )
        findings = [each async for each in _paced(judge(facts))]
        told: list[tuple[CaseId, Change]] = []
        for batch in _batches(findings):
            told += await _advance(unit, batch, facts.at)
        if sign_ins:
            await storage.write_progress(unit, sign_ins[-1].sequence)
        news = [each for each in told if each[1].kind in _NEWS]
        if news:
            for tell in self.on_case:
                await tell(unit, news)
        await _note(unit, [change for _, change in told], facts.at)
        return Scanned(tuple(told))


async def _note(unit: Unit, changes: Iterable[Change], at: datetime) -> None:
    """One line for a scan that changed anything but evidence; who wants to know more has the
    events of the cases, to which nothing but a new one is ever done.
    """
    counts = Counter(each.kind for each in changes if each.kind is not Kind.EVIDENCE)
    if counts:
        facts: dict[str, Fact] = {kind.value: count for kind, count in sorted(counts.items())}
        await audit.append(unit, Happening(Event.CASES_CHANGED, at, facts=facts))


async def _advance(
    unit: Unit, findings: Sequence[Finding], at: datetime
) -> list[tuple[CaseId, Change]]:
    keys = {key_of(each.rule, each.subject) for each in findings}
    known = await storage.lock_latest(unit, keys)
    return await storage.save(unit, known, advance((each.case for each in known), findings, at))


AT_ONCE: Final = 200
"""Steps of judging before others have their turn."""
CASES_AT_ONCE: Final = 500
"""Written with one statement."""


async def _paced(steps: Iterable[Finding | None]) -> AsyncIterator[Finding]:
    for done, finding in enumerate(steps, start=1):
        if finding is not None:
            yield finding
        if done % AT_ONCE == 0:
            await asyncio.sleep(0)


def _batches(findings: Iterable[Finding]) -> Iterator[list[Finding]]:
    """All findings of one case are in one batch."""
    groups: dict[tuple[Rule, Subject], list[Finding]] = {}
    for each in findings:
        groups.setdefault((each.rule, each.subject), []).append(each)
    waiting = iter(groups.values())
    while batch := list(islice(waiting, CASES_AT_ONCE)):
        yield [each for group in batch for each in group]


# the rules, on the facts of one scan


def judge(facts: Facts) -> Iterator[Finding | None]:
    """What the rules find, but for what can change no case: a figure below its levels where no case
    is active. None for a step that found nothing.
    """
    if facts.picture is not None:
        yield from _judge_leverage(facts, facts.picture)
        yield from _judge_exposure(facts, facts.picture)
    yield from _judge_conduct(facts)
    for each in facts.sign_ins:
        sign_in = SignIn(each.user_id, each.at, each.place, each.failures)
        yield rules.judge_sign_in(sign_in, each.known)


def _judge_leverage(facts: Facts, picture: Picture) -> Iterator[Finding | None]:
    close_ppm = int(rules.LEVERAGE.levels.close_at * MILLION)
    left = {each for each in facts.active if each.user_id is not None and each.matter is not None}
    watched = {each.user_id for each in left}
    for number, stance in picture.stances.items():
        user_id = picture.users.get(number)
        cap = stance.holder.leverage_cap
        if user_id is None or (user_id not in watched and stance.leverage_ppm < close_ppm * cap):
            yield None
            continue
        for matter, backing in _worst_by_matter(stance).items():
            subject = Subject(UserId(user_id), matter)
            if subject in left or backing.leverage_ppm >= close_ppm * cap:
                left.discard(subject)
                yield _leverage(subject, facts.at, backing, cap)
    for subject in left:
        assert subject.matter is not None
        yield _leverage(subject, facts.at, Backing(subject.matter, 0, 0, 0), 1)


def _worst_by_matter(stance: Stance) -> dict[str, Backing]:
    """A hedged symbol may have two isolated positions."""
    found: dict[str, Backing] = {}
    for each in stance.backings:
        known = found.get(each.matter)
        if known is None or known.leverage_ppm < each.leverage_ppm:
            found[each.matter] = each
    return found


def _leverage(subject: Subject, at: datetime, backing: Backing, cap: int) -> Finding:
    assert subject.user_id is not None
    return rules.judge_leverage(
        subject.user_id,
        backing.matter,
        at,
        leverage=Decimal(backing.leverage_ppm) / MILLION,
        limit=Decimal(cap),
    )


def _judge_exposure(facts: Facts, picture: Picture) -> Iterator[Finding | None]:
    left = {each for each in facts.active if each.user_id is None or each.matter is None}
    watched = {each.user_id for each in left}
    close_at = int(rules.EXPOSURE.levels.close_at * facts.threshold)
    whole: list[tuple[Subject, int]] = [(Subject(), picture.sight.venue_notional)]
    by_symbol: dict[str, int] = {}
    for number, stance in picture.stances.items():
        for each in stance.positions:
            symbol = each.holding.symbol
            by_symbol[symbol] = by_symbol.get(symbol, 0) + each.notional
        user_id, notional = picture.users.get(number), stance.notional
        if user_id is not None and (notional >= close_at or user_id in watched):
            subject = Subject(UserId(user_id))
            left.discard(subject)
            yield _exposure(subject, facts, notional)
        else:
            yield None
    whole += [(Subject(None, symbol), notional) for symbol, notional in by_symbol.items()]
    for subject, notional in whole:
        left.discard(subject)
        yield _exposure(subject, facts, notional)
    for subject in left:
        yield _exposure(subject, facts, 0)


def _exposure(subject: Subject, facts: Facts, notional: int) -> Finding:
    return rules.judge_exposure(
        subject,
        facts.at,
        notional=money_of(notional),
        threshold=money_of(facts.threshold),
        measure=_exposure_measure(subject),
    )


def _exposure_measure(subject: Subject) -> Measure:
    if subject.user_id is not None:
        return rules.EXPOSURE
    return rules.SYMBOL_EXPOSURE if subject.matter is not None else rules.WHOLE_EXPOSURE


def _judge_conduct(facts: Facts) -> Iterator[Finding]:
    conduct = facts.conduct
    for user_id, moments in conduct.moments:
        yield rules.judge_liquidations(
            UserId(user_id), facts.at, [from_ms(each) for each in moments]
        )
    for traded in conduct.traded:
        counted = WashLike(traded.fills, traded.notional, traded.own, traded.round_trips)
        yield rules.judge_self_trades(UserId(traded.user_id), traded.symbol, facts.at, counted)
    for sent in conduct.messages:
        yield rules.judge_order_to_trade(
            UserId(sent.user_id), facts.at, orders=sent.messages, fills=sent.fills
        )
