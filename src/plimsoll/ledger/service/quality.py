"""The inbox of doubts about a person's ledger: found, dismissed, opened again.

It is worked out from the ledger as of its version, in a thread and a few thousand transactions at a
time, and kept until something that it is made of changes: the ledger, what was said of transfers
and of prices, the day, which sources are away. Prices of candles have no version, so nothing is
kept for longer than `KEPT_S`. What was dismissed is looked up with every question: it stays
dismissed for as long as its cause is the same.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request

from plimsoll.kernel.clock import Clock
from plimsoll.kernel.errors import NotFound
from plimsoll.kernel.identifiers import AssetId, UserId
from plimsoll.ledger.domain.issues import Issue, IssueKind, Known, Names, PriceOn
from plimsoll.ledger.domain.quality import Findings, Inspection, place_of
from plimsoll.ledger.service import history, valuations
from plimsoll.ledger.service.transfers import Transfers, find_version
from plimsoll.ledger.storage import quality as storage
from plimsoll.ledger.storage.quality import Dismissal
from plimsoll.markets.domain.assets import USD, AssetKind
from plimsoll.markets.domain.failover import SourceState
from plimsoll.markets.service.dailies import Dailies
from plimsoll.markets.service.intake import SourceStatus
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import Database, ReadUnit

KEPT_S: Final = 300.0  # no money: seconds
MOST_KEPT: Final = 50_000
"""Issues that are kept in memory, of all people together."""

ListSources = Callable[[], Sequence[SourceStatus]]
"""How the sources of prices are now."""


class IssueNotFound(NotFound):
    code = "issue-not-found"
    title = "No such issue"


class IssueState(StrEnum):
    """Whether somebody has found nothing wrong in it."""

    OPEN = "open"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Entry:
    """An issue as it stands. `dismissal` None: it is open."""

    issue: Issue
    dismissal: Dismissal | None

    @property
    def state(self) -> IssueState:
        return IssueState.DISMISSED if self.dismissal else IssueState.OPEN

    @property
    def place(self) -> tuple[int, str, str]:
        return place_of(self.issue)


@dataclass(frozen=True, slots=True)
class Inbox:
    """All entries, the worst first. `left_off`: how many more there are of a kind."""

    entries: list[Entry]
    left_off: Mapping[IssueKind, int]
    basis: object
    """Equal for equal inboxes."""

    def count(self) -> dict[IssueKind, dict[IssueState, int]]:
        counts = Counter((each.issue.kind, each.state) for each in self.entries)
        return {kind: {state: counts[kind, state] for state in IssueState} for kind in IssueKind}

    def get(self, issue_id: UUID) -> Entry:
        """Raises IssueNotFound."""
        for each in self.entries:
            if each.issue.id == issue_id:
                return each
        raise IssueNotFound(f"there is no issue {issue_id}, or it is settled")


@dataclass(frozen=True, slots=True)
class _Kept:
    basis: object
    at_s: float  # no money: seconds of the monotonic clock
    findings: Findings


class Quality:
    """One per process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        prices: Prices,
        dailies: Dailies,
        transfers: Transfers,
        list_sources: ListSources,
    ) -> None:
        self._database = database
        self._clock = clock
        self._prices = prices
        self._dailies = dailies
        self._transfers = transfers
        self._list_sources = list_sources
        self._kept: OrderedDict[UserId, _Kept] = OrderedDict()
        self._one_at_once = asyncio.Semaphore(1)

    async def read(self, user_id: UserId) -> Inbox:
        """What may be wrong now, and what was said of it."""
        kept = await self._obtain(user_id)
        async with self._database.read() as unit:
            dismissals = await storage.list_dismissals(unit, user_id)
        entries = []
        for issue in kept.findings.issues:
            said = dismissals.get(issue.id)
            entries.append(Entry(issue, said if said and said.seen == issue.cause else None))
        dismissed = tuple((each.issue.id, each.dismissal) for each in entries if each.dismissal)
        return Inbox(entries, kept.findings.left_off, (kept.basis, dismissed))

    async def _obtain(self, user_id: UserId) -> _Kept:
        async with self._database.read() as unit:
            basis = await self._basis(unit, user_id)
        kept = self._kept.get(user_id)
        if kept is None or not self._serves(kept, basis):
            async with self._one_at_once:
                kept = self._kept.get(user_id)
                if kept is None or not self._serves(kept, basis):
                    kept = self._kept[user_id] = await self._find(user_id)
        self._kept.move_to_end(user_id)
        while len(self._kept) > 1 and self._size() > MOST_KEPT:
            self._kept.popitem(last=False)
        return kept

    def _serves(self, kept: _Kept, basis: object) -> bool:
        return kept.basis == basis and self._clock.monotonic() - kept.at_s <= KEPT_S

    def _size(self) -> int:
        return sum(len(each.findings.issues) + 1 for each in self._kept.values())

    async def _basis(self, unit: ReadUnit, user_id: UserId) -> object:
        """Equal as long as the same is found."""
        return (
            await find_version(unit, user_id),
            await valuations.find_version(unit, user_id),
            await self._dailies.find_version(unit),
            self._clock.now().date(),
            self._list_away(),
        )

    async def _find(self, user_id: UserId) -> _Kept:
        at_s = self._clock.monotonic()
        async with self._database.read() as unit:
            basis = await self._basis(unit, user_id)  # before: what changes meanwhile is seen next
        proposals = await self._transfers.list_proposals(user_id)
        async with self._database.look() as unit:
            spans = await storage.list_spans(unit, user_id)
            known = Known(
                user_id=user_id,
                now=self._clock.now(),
                names=await self._name(unit, user_id),
                price_on=await self._load_prices(unit, user_id, spans),
                money=self._list_money(),
                priced=self._list_priced(spans),
                away=self._list_away(),
                proposals=proposals,
            )
            inspection = Inspection(known)
            async for part in history.stream_in_force(unit, user_id):
                await asyncio.to_thread(_add_all, inspection, part)
        return _Kept(basis, at_s, await asyncio.to_thread(inspection.finish))

    async def _name(self, unit: ReadUnit, user_id: UserId) -> Names:
        assets = {
            each.id: (each.symbol, each.name) for each in self._prices.catalogue.list_assets()
        }
        return Names(await storage.list_wallets(unit, user_id), assets)

    def _list_away(self) -> tuple[str, ...]:
        """The sources that were cut off, that limit us, or that have been silent for too long."""
        away = {SourceState.DEGRADED, SourceState.STALE}
        return tuple(each.name for each in self._list_sources() if each.state in away or each.error)

    def _list_money(self) -> frozenset[AssetId]:
        return frozenset(each.id for each in self._prices.catalogue.list_assets(AssetKind.FIAT))

    def _list_priced(self, spans: Collection[storage.Span]) -> frozenset[AssetId]:
        assets = frozenset[AssetId]().union(*(span.assets for span in spans))
        return frozenset(each for each in assets if self._prices.find_quote(each, USD) is not None)

    async def _load_prices(
        self, unit: ReadUnit, user_id: UserId, spans: Collection[storage.Span]
    ) -> PriceOn:
        """What the person said of a day, else the markets."""
        known: dict[AssetId, Mapping[AssetId, Mapping[date, Decimal]]] = {}
        for span in spans:
            known[span.currency] = await valuations.load_prices(
                unit,
                user_id,
                self._dailies,
                span.assets - {span.currency},
                span.currency,
                first=span.first,
                last=span.last,
            )

        def price_on(asset_id: AssetId, currency: AssetId, day: date) -> Decimal | None:
            if asset_id == currency:
                return Decimal(1)
            return known.get(currency, {}).get(asset_id, {}).get(day)

        return price_on

    async def dismiss(self, user_id: UserId, issue_id: UUID, *, note: str) -> Entry:
        """Say that nothing is wrong. Raises IssueNotFound."""
        entry = (await self.read(user_id)).get(issue_id)
        dismissal = Dismissal(entry.issue.cause, note, self._clock.now())
        async with self._database.write() as unit:
            await storage.dismiss(unit, user_id, issue_id, dismissal)
        return Entry(entry.issue, dismissal)

    async def reopen(self, user_id: UserId, issue_id: UUID) -> Entry:
        """Take that back. Raises IssueNotFound."""
        entry = (await self.read(user_id)).get(issue_id)
        async with self._database.write() as unit:
            await storage.reopen(unit, user_id, issue_id)
        return Entry(entry.issue, None)


def _add_all(inspection: Inspection, part: Sequence[history.Entry]) -> None:
    for transaction, _ in part:
        inspection.add(transaction)


async def _quality(request: Request) -> Quality:
    quality = request.app.state.quality
    assert isinstance(quality, Quality)
    return quality


QualityDep = Annotated[Quality, Depends(_quality)]
"""The inboxes, for a handler."""
