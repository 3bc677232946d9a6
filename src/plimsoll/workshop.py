"""Where files are imported and taxes computed: in the service, or in a command beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from plimsoll.kernel.clock import SystemClock
from plimsoll.ledger import jobs as ledger_jobs
from plimsoll.ledger.service.importing import prices_of
from plimsoll.ledger.service.imports import Imports
from plimsoll.markets.domain.board import PriceBoard
from plimsoll.markets.domain.feeds import FeedKind
from plimsoll.markets.service.catalogue import load_catalogue
from plimsoll.markets.service.dailies import Dailies
from plimsoll.markets.service.prices import Prices
from plimsoll.plumbing.database import Database
from plimsoll.plumbing.jobs.runner import Jobs, JobTerms
from plimsoll.settings import Settings
from plimsoll.tax import jobs as tax_jobs
from plimsoll.tax.service.runs import TaxRuns


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where files are imported and taxes computed: in the service, or in a command beside it or
    without it.
    """

    jobs: Jobs
    imports: Imports
    tax_runs: TaxRuns

    @classmethod
    def of(
        cls, settings: Settings, database: Database, jobs: Jobs, prices: Prices, dailies: Dailies
    ) -> "Workshop":
        """`jobs` does this work from now on, whenever it is open."""
        imports = Imports(
            database, jobs, prices.clock, prices.catalogue, most_bytes=settings.import_max_bytes
        )
        ledger_jobs.register(jobs, imports, prices_of(dailies))
        tax_runs = TaxRuns(database, prices.clock, jobs, prices, dailies)
        tax_jobs.register(jobs, tax_runs)
        return cls(jobs, imports, tax_runs)


@asynccontextmanager
async def open_workshop(settings: Settings, database: Database) -> AsyncIterator[Workshop]:
    """Without a service and without latest prices. Its jobs are not open yet: where a service runs
    it may do them.
    """
    clock = SystemClock()
    board = PriceBoard(stale_after_s=settings.price_stale_after_s)
    prices = Prices(
        catalogue=load_catalogue(), board=board, clock=clock, feed_kind=FeedKind.SIMULATED
    )
    jobs = Jobs(database, clock, at_once=1, terms=JobTerms(poll_s=0.1, beat_s=0.25))
    workshop = Workshop.of(settings, database, jobs, prices, Dailies())
    try:
        yield workshop
    finally:
        workshop.tax_runs.close()
        await jobs.close()
