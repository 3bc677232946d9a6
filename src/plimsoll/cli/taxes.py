"""A year's taxes: `plimsoll tax`."""

import asyncio
import json
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import typer

from plimsoll.cli.database import DataDir
from plimsoll.cli.workshop import AsJson, Bench, User, at_bench
from plimsoll.kernel.money import format_amount, rounded
from plimsoll.tax.domain.choices import Way
from plimsoll.tax.domain.report import Report

if TYPE_CHECKING:
    from plimsoll.tax.service.runs import Summary

CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Computed:
    """A run, and the files that were written of it."""

    run_id: UUID
    report: Report
    summary: "Summary"
    files: tuple[str, ...]


def compute_tax(
    year: Annotated[int, typer.Argument(help="The year in which the tax year begins")],
    jurisdiction: Annotated[str, typer.Option(help="Whose rules: us, uk, ca, de, …")],
    user: User,
    data_dir: DataDir = None,
    method: Annotated[Way | None, typer.Option(help="For this run; else as elected")] = None,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder for the files of the report")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compute a tax report: its figures, what is missing in it, and its files."""
    computed = at_bench(
        data_dir,
        lambda bench: _compute(
            bench, user, jurisdiction=jurisdiction, year=year, method=method, out=out
        ),
    )
    if as_json:
        typer.echo(json.dumps(_as_json(computed)))
    else:
        _tell(computed)


async def _compute(
    bench: Bench, user: str, *, jurisdiction: str, year: int, method: Way | None, out: Path | None
) -> Computed:
    from plimsoll.tax.service import runs  # noqa: PLC0415 - a second that others need not wait

    tax, user_id = bench.workshop.tax_runs, await bench.find_user(user)
    args = runs.RunArgs(user_id, jurisdiction, year, method)
    job = await bench.finish(await tax.start(bench.database, args))
    run_id = UUID(json.loads(job.result or "")["facts"]["run_id"])
    run = await tax.get_run(user_id, run_id)
    async with bench.database.read() as unit:
        summary = await runs.summarise(unit, run)
    written = []
    if out is not None:
        for file in runs.files_of(run):
            content = (await tax.get_file(run, file.name)).content
            await asyncio.to_thread(_write, out / file.name, content)
            written.append(file.name)
    return Computed(run_id, runs.read_report(run), summary, tuple(written))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _tell(computed: Computed) -> None:
    report, summary = computed.report, computed.summary
    draft = ", a draft" if report.draft else ""
    typer.echo(
        f"{report.jurisdiction} {report.year} ({report.first} to {report.last}), rules "
        f"{report.ruleset}, in {report.currency}{draft}"
    )
    known = report.completeness
    share = (known.score * 100).quantize(Decimal("0.1"), ROUND_FLOOR)
    typer.echo(
        f"complete to {share} %: of {known.counted:,} disposals and incomes {known.short:,} lack "
        f"units, {known.unvalued:,} a value"
    )
    for total in report.totals:
        where = f"  {total.where}" if total.where else ""
        amount = f"{total.amount:,f}" if total.counted else f"{rounded(total.amount, CENT):,}"
        typer.echo(f"  {total.label:52} {amount:>18}{where}")
    if report.blocked:
        typer.echo("no figures: the chosen policy wants none while something is missing")
    for asset, (number, quantity) in sorted(summary.missing.items()):
        typer.echo(f"missing: {format_amount(quantity)} {asset} in {number:,} disposals")
    if values := summary.counts.get("unvalued"):
        typer.echo(f"missing: what {values:,} movements were worth")
    for warning in summary.warnings:
        typer.echo(f"warning: {warning}")
    for name in computed.files:
        typer.echo(f"wrote {name}")


def _as_json(computed: Computed) -> dict[str, Any]:
    report, summary = computed.report, computed.summary
    return {
        "run_id": str(computed.run_id),
        "jurisdiction": report.jurisdiction,
        "ruleset": report.ruleset,
        "year": report.year,
        "currency": report.currency,
        "draft": report.draft,
        "blocked": report.blocked,
        "completeness": format_amount(report.completeness.score),
        "totals": [
            {"code": each.code, "label": each.label, "amount": format_amount(each.amount)}
            for each in report.totals
        ],
        "counts": dict(summary.counts),
        "missing": {
            asset: {"disposals": number, "quantity": format_amount(quantity)}
            for asset, (number, quantity) in sorted(summary.missing.items())
        },
        "warnings": list(summary.warnings),
        "files": list(computed.files),
    }
