"""Writes the story of a demo through the services that people's own requests go through."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from math import inf
from typing import Any, Final, Protocol

from plimsoll.access.domain.principals import Principal, scopes_of
from plimsoll.access.domain.users import User
from plimsoll.alerts.domain.conditions import Comparison, Repeat, Subject, SubjectKind
from plimsoll.alerts.service.alerts import Alerts, Wish
from plimsoll.demo.files import coinbase_history, kraken_ledgers
from plimsoll.demo.story import Entry, Moved, Place, tell
from plimsoll.demo.telling import Telling
from plimsoll.kernel.clock import Clock
from plimsoll.kernel.identifiers import AssetId, ImportId, JobId, UserId, WalletId
from plimsoll.ledger.domain.transactions import Precision, Transaction
from plimsoll.ledger.service import drafts, reading, recording, uploads
from plimsoll.ledger.service.imports import Imports
from plimsoll.markets.domain.assets import USD
from plimsoll.markets.service.prices import Prices
from plimsoll.operations.service import jobs
from plimsoll.plumbing.database import Database, Unit
from plimsoll.plumbing.jobs.job import EVERYTHING, JobState
from plimsoll.tax.service.runs import RunArgs, TaxRuns

LOOK_EVERY_S: Final = 0.03
LONGEST_S: Final = 60.0
FILES_WALLET: Final = "Kraken"
JURISDICTION: Final = "us"
"""Whose rules the reports of a demo follow; the ledger is in its money."""


class Parts(Protocol):
    """What of the opened application the story is written with: `app.state`."""

    database: Database
    clock: Clock
    prices: Prices
    imports: Imports
    alerts: Alerts
    tax_runs: TaxRuns


class StoryCutShort(RuntimeError):
    """A job of the story failed; our own mistake, so the start stops."""


@dataclass(frozen=True, slots=True)
class Seeding:
    """Of one person, in an open application."""

    parts: Parts
    who: Principal
    telling: Telling

    async def write(self) -> None:
        """Everything but the paper exchange. Files are read while the ledger is written."""
        wallets = await self._add_wallets()
        market, until = self.telling.market, self.telling.until
        wallet = wallets[FILES_WALLET]
        first, *_ = await asyncio.gather(
            self._bring("kraken-ledgers.csv", kraken_ledgers(market, until), wallet),
            self._bring("coinbase.csv", coinbase_history(market, until), None),
            self._record(wallets),
        )
        await self._commit(first)
        await self._watch()
        await self._report()

    async def _add_wallets(self) -> dict[str, WalletId]:
        async def work(unit: Unit) -> dict[str, WalletId]:
            names = [place.value for place in Place if place is not Place.OUTSIDE]
            return {
                name: (await reading.add_wallet(unit, self.who.user_id, name)).id
                for name in (*names, FILES_WALLET)
            }

        return await self.parts.database.transact(work)

    async def _record(self, wallets: dict[str, WalletId]) -> None:
        """All in one transaction of the database, each as a request of its own would be."""
        now = self.parts.clock.now()
        told = tell(self.telling.market, until=self.telling.until)

        async def work(unit: Unit) -> None:
            await unit.lift_limits()
            for each in told:
                transaction = self._draft(each, wallets)
                rate_of = recording.rates(
                    self.parts.prices, occurred_at=each.at, now=now, given=None
                )
                await recording.record(unit, self.who.user_id, transaction, rate_of)

        await self.parts.database.transact(work)

    def _draft(self, entry: Entry, wallets: dict[str, WalletId]) -> Transaction:
        return drafts.draft(
            self.who.user_id,
            self.parts.prices,
            kind=entry.kind,
            currency=USD,
            legs=[_leg(each, wallets) for each in entry.legs],
            occurred_at=entry.at,
            precision=Precision.INSTANT,
            note=entry.note,
            source="manual",
            external_id=None,
            now=self.parts.clock.now(),
        )

    async def _commit(self, import_id: ImportId) -> None:
        """The other file waits for its person."""
        job_id = await self.parts.database.transact(
            lambda unit: self.parts.imports.commit(unit, self.who.user_id, import_id)
        )
        await self._finish(job_id)

    async def _bring(self, name: str, data: bytes, wallet_id: WalletId | None) -> ImportId:
        async def chunks() -> AsyncIterator[bytes]:
            yield data

        taken = await uploads.take(
            self.parts.imports,
            self.who.user_id,
            chunks(),
            name=name,
            wallet_id=wallet_id,
            claimed=len(data),
        )
        await self._finish(taken.job_id)
        return taken.id

    async def _finish(self, job_id: JobId) -> None:
        async with asyncio.timeout(LONGEST_S):
            while True:
                async with self.parts.database.read() as unit:
                    job = await jobs.get_job(unit, job_id, EVERYTHING)
                if job.state.over:
                    break
                await asyncio.sleep(LOOK_EVERY_S)
        if job.state is not JobState.DONE:
            raise StoryCutShort(f"{job.kind} is {job.state}: {job.problem}")

    async def _watch(self) -> None:
        """Alerts; some of them are so already, and are told at once."""

        async def work(unit: Unit) -> None:
            for subject, wish in _alerts(self.parts.prices):
                await self.parts.alerts.make(unit, self.who, subject, wish, self.parts.clock.now())

        await self.parts.database.transact(work)
        self.parts.alerts.watching.nudge()

    async def _report(self) -> None:
        """Tax reports of the years that are over; they are computed in the background."""
        for year in self.telling.years:
            args = RunArgs(self.who.user_id, JURISDICTION, year)
            await self.parts.tax_runs.start(self.parts.database, args)


def _leg(moved: Moved, wallets: dict[str, WalletId]) -> drafts.DraftLeg:
    outside = moved.place is Place.OUTSIDE
    return drafts.DraftLeg(
        asset_id=moved.asset,
        quantity=moved.quantity,
        role=moved.role,
        value=moved.value,
        wallet_id=None if outside else wallets[moved.place.value],
        outside=outside,
    )


def _alerts(prices: Prices) -> list[tuple[Subject, Wish]]:
    def near(asset: str, share: str) -> str:
        quote = prices.get_quote(AssetId(asset), USD)
        return f"{(quote.value * Decimal(share)).quantize(Decimal('0.01')):f}"

    price, hour = SubjectKind.PRICE, timedelta(hours=1)
    return [
        (
            Subject(price, "btc/usd"),
            Wish(Comparison.ABOVE, near("bitcoin", "1.05"), note="time to look at the plan"),
        ),
        (
            Subject(price, "btc/usd"),
            Wish(Comparison.CROSSES, near("bitcoin", "1.0005"), cooldown=hour, note="moves again"),
        ),
        (
            Subject(price, "eth/usd"),
            Wish(Comparison.ABOVE, near("ethereum", "0.9"), repeat=Repeat.ONCE, note="is so now"),
        ),
        (
            Subject(SubjectKind.LIQUIDATION_DISTANCE, "BTC-PERP"),
            Wish(Comparison.BELOW, "0.1", note="less than a tenth to liquidation"),
        ),
        (
            Subject(SubjectKind.JOB_RESULT, "any"),
            Wish(Comparison.IS, "failed", note="something I started came to nothing"),
        ),
    ]


def principal_of(user: User) -> Principal:
    """The person as their own session would show them."""
    return Principal(
        UserId(user.id),
        user.role,
        user.tier,
        scopes_of(user.role),
        session_id=None,
        key_id=None,
        expires_at_s=inf,
    )


def parts_of(state: Any) -> Parts:
    """`app.state`, by the names it is read with here."""
    parts: Parts = state
    return parts
