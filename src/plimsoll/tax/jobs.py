"""Tax runs in the background: the ledger is read in parts, everything else happens in a process."""

from functools import partial

from plimsoll.plumbing.jobs.context import JobContext
from plimsoll.plumbing.jobs.job import JobResult
from plimsoll.plumbing.jobs.runner import Jobs
from plimsoll.tax.service import calculating, runs
from plimsoll.tax.service.gathering import gather
from plimsoll.tax.service.runs import RUN, VERIFY, RunArgs, TaxRuns, VerifyArgs
from plimsoll.tax.service.years import end_of_input


def register(jobs: Jobs, tax: TaxRuns) -> None:
    """What this process does for jobs of taxes."""

    async def run(job: JobContext, args: RunArgs) -> JobResult:
        """Compute one report.

        Delivered at least once: a run is known by the hash of its input, so a second delivery
        finds what the first one kept. Cancel is honoured between steps; nothing partial is kept.
        """
        await job.progress(0, None, "read")
        version = await tax.ledger_version(args.user_id)
        ruleset = runs.get_ruleset(args.jurisdiction)
        gathered = await gather(
            tax.database,
            tax.valuing,
            args.user_id,
            ruleset,
            args.year,
            until=end_of_input(ruleset, args.year),
            change=partial(runs.with_overrides, args),
            told=lambda done: job.progress(done, None, "read"),
        )
        given = gathered.input
        async with tax.database.read() as unit:
            there = await runs.find_by_input(unit, args.user_id, given.sha256)
            names = await tax.load_names(unit, args.user_id, gathered.assets)
        if there is None:
            await job.progress(given.facts, given.facts * 3, "match")
            found = await job.run_in_process(calculating.calculate, given.document)
            await job.progress(given.facts * 2, given.facts * 3, "keep")
            kept = await tax.keep(args, given, found, names, ledger_version=version)
        else:
            kept = there
        link = f"/api/v1/tax/runs/{kept.id}"
        facts: dict[str, str | int | bool | None] = {
            "run_id": str(kept.id),
            "draft": kept.draft,
            "transactions": given.facts,
            "repeated": there is not None,
        }
        return JobResult(link, facts)

    async def verify(job: JobContext, args: VerifyArgs) -> JobResult:
        """Compute a stored input again. Changes nothing, so it may be repeated."""
        await job.progress(0, 2, "read")
        async with tax.database.read() as unit:
            stored = await runs.get_run(unit, args.user_id, args.run_id)
            document = await runs.read_input(unit, stored.id)
            parts = await runs.list_parts(unit, stored.id)
        await job.progress(1, 2, "match")
        seen = await job.run_in_process(
            calculating.compare, document, stored.head, parts, stored.report_hash
        )
        return JobResult(
            f"/api/v1/tax/runs/{stored.id}",
            {
                "equal": seen.equal,
                "ruleset_then": stored.ruleset,
                "ruleset_now": seen.ruleset,
                "rows_that_differ": seen.rows,
                "figures_that_differ": ", ".join(seen.figures)[:1_000] or None,
            },
        )

    jobs.register(RUN, run)
    jobs.register(VERIFY, verify)
