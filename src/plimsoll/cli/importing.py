"""The work of `plimsoll import`: looks at files, asks, and sees them into the ledger."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import typer

from plimsoll.access.service import accounts
from plimsoll.cli.database import on_database, refusals_as_sentences
from plimsoll.cli.imports import Said
from plimsoll.cli.workshop import Bench
from plimsoll.kernel.clock import SystemClock, rfc3339
from plimsoll.kernel.identifiers import UserId
from plimsoll.ledger.domain.imports import (
    ANSWERABLE,
    Answers,
    Found,
    Import,
    ImportProblem,
    ImportState,
    Standing,
)
from plimsoll.ledger.service import checking, imports, uploads
from plimsoll.ledger.service.checking import NOTHING_KNOWN, Checked, Known
from plimsoll.plumbing.database import Database
from plimsoll.settings import Settings

PIECE: Final = 1 << 20
OPTIONS: Final = {"#/zone": "--zone", "#/numbers": "--numbers", "#/dates": "--dates"}
"""How questions about a file are answered here."""

# --- a look ---------------------------------------------------------------------------------------


def _known(data_dir: Path | None, user: str | None) -> Known:
    if user is None:
        return NOTHING_KNOWN
    email = user

    async def work(database: Database) -> Known:
        async with database.read() as unit:
            owner = await accounts.find_by_email(unit, email)
            return await checking.list_known(unit, owner.id)

    return on_database(data_dir, work)


def check_said(said: Said) -> None:
    """What no file could be read with is told before one is opened."""
    with refusals_as_sentences():
        imports.check_answers(said.over(Answers()))


def check(
    files: list[Path], said: Said, data_dir: Path | None, user: str | None, *, as_json: bool
) -> None:
    """Tell what is in them and, with `user`, what of it that ledger has."""
    known = _known(data_dir, user)
    most_bytes = Settings.read(data_dir=data_dir).import_max_bytes
    now, sound, told = SystemClock().now(), True, []
    with refusals_as_sentences():
        for path in files:
            checked = checking.check_file(
                path, said.over(Answers()), known, now=now, most_bytes=most_bytes
            )
            sound = sound and checked.sound
            if as_json:
                told.append(_checked_json(path, checked))
            else:
                _tell_checked(path, checked)
    if as_json:
        typer.echo(json.dumps(told))
    if not sound:
        raise typer.Exit(1)


def _tell_checked(path: Path, checked: Checked) -> None:
    if checked.problem is not None:
        _tell_problem(path.name, checked.problem)
    if checked.found is not None:
        _tell_found(path.name, checked.found)
        for standing in Standing:
            typer.echo(f"  {standing.value:17}{checked.counts[standing]:>9,}")
    for standing, fault in checked.faults:
        column = f", {fault.column}" if fault.column else ""
        typer.echo(
            f"line {fault.line}{column}: {standing.value}: {fault.code}: {fault.reason}; "
            f"{fault.fix}: {fault.raw!r}"
        )


def _tell_found(name: str, found: Found) -> None:
    facts = [found.format, f"{found.rows:,} rows", f"decimal {found.numbers}", found.dates]
    facts += [found.encoding] if found.encoding else []
    facts += [found.zone] if found.zone else []
    typer.echo(f"{name}: {', '.join(facts)}")
    if found.first and found.last:
        typer.echo(f"  {rfc3339(found.first)} to {rfc3339(found.last)}")


def _tell_problem(name: str, problem: ImportProblem) -> None:
    typer.echo(f"{name}: {problem.title}: {problem.detail} ({problem.code})", err=True)
    for value in problem.facts.items():
        typer.echo("  {}: {}".format(*value), err=True)
    for fault in problem.faults:
        answer = OPTIONS.get(fault.pointer, fault.pointer)
        typer.echo(f"  {fault.message} ({answer})", err=True)


def _checked_json(path: Path, checked: Checked) -> dict[str, Any]:
    return {
        "file": str(path),
        **_found_json(checked.found, checked.problem),
        "counts": {standing.value: checked.counts[standing] for standing in Standing},
        "faults": [
            {"standing": standing.value, **fault._asdict()} for standing, fault in checked.faults
        ],
    }


def _found_json(found: Found | None, problem: ImportProblem | None) -> dict[str, Any]:
    told: dict[str, Any] = {"format": None, "problem": None}
    if found is not None:
        told |= {
            "format": found.format,
            "encoding": found.encoding,
            "numbers": found.numbers,
            "dates": found.dates,
            "zone": found.zone,
            "rows": found.rows,
            "first": rfc3339(found.first) if found.first else None,
            "last": rfc3339(found.last) if found.last else None,
            "unknown_assets": dict(found.unknown),
            "wallets": dict(found.wallets),
        }
    if problem is not None:
        told["problem"] = {
            "code": problem.code,
            "title": problem.title,
            "detail": problem.detail,
            "facts": dict(problem.facts),
            "questions": [
                {"pointer": fault.pointer, "code": fault.code, "message": fault.message}
                for fault in problem.faults
            ],
        }
    return told


# --- an import ------------------------------------------------------------------------------------


async def bring_all(
    bench: Bench, email: str, files: list[Path], said: Said, *, yes: bool
) -> list[Import]:
    """One after the other, into the ledger of whom `email` belongs to."""
    user_id = await bench.find_user(email)
    return [await _bring(bench, user_id, path, said, yes=yes) for path in files]


def is_recorded(each: Import) -> bool:
    return each.state is ImportState.COMMITTED


async def _bring(bench: Bench, user_id: UserId, path: Path, said: Said, *, yes: bool) -> Import:
    """One file, from its first byte to the ledger, or to where it cannot go on."""
    desk = bench.workshop.imports
    brought = await uploads.take(
        desk,
        user_id,
        _pieces(path),
        name=path.name,
        wallet_id=None,
        claimed=await asyncio.to_thread(os.path.getsize, path),
    )
    each = await _read(bench, brought)
    answers = said.over(each.answers)
    if answers != each.answers and each.state in ANSWERABLE:
        given = imports.Answering(answers, each.wallet_id)
        each = await _read(
            bench,
            await bench.database.transact(
                lambda unit: desk.answer(unit, user_id, brought.id, given)
            ),
        )
    if each.problem is not None:
        _tell_problem(path.name, each.problem)
    if each.found is not None:
        _tell_preview(path.name, each, each.found)
    if each.state is not ImportState.PREVIEW:
        return each
    if not yes and not _agreed(each):
        await bench.database.transact(lambda unit: desk.discard(unit, user_id, each.id))
        typer.echo("nothing was recorded", err=True)
        return await _get(bench, each)
    job_id = await bench.database.transact(lambda unit: desk.commit(unit, user_id, each.id))
    await bench.finish(job_id)
    done = await _get(bench, each)
    typer.echo(f"{path.name}: recorded {done.recorded:,}", err=True)
    return done


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece


async def _read(bench: Bench, each: Import) -> Import:
    """As it is once it was read."""
    if each.state is ImportState.READING:
        await bench.finish(each.job_id)
    return await _get(bench, each)


async def _get(bench: Bench, each: Import) -> Import:
    async with bench.database.read() as unit:
        return await imports.get(unit, each.user_id, each.id)


def _tell_preview(name: str, each: Import, found: Found) -> None:
    typer.echo(f"{name}: {found.format}, {found.rows:,} rows", err=True)
    for standing in Standing:
        typer.echo(f"  {standing.value:17}{each.counts.get(standing, 0):>9,}", err=True)
    left = each.counts.get(Standing.ERROR, 0) + each.counts.get(Standing.NEEDS_ATTENTION, 0)
    if left:
        typer.echo(f"  --dry-run tells why {left:,} would stay out", err=True)


def _agreed(each: Import) -> bool:
    if not sys.stdin.isatty():
        typer.echo("nobody can be asked here: add --yes", err=True)
        return False
    return typer.confirm(f"Record {each.counts.get(Standing.NEW, 0):,}?", err=True)


def import_json(each: Import) -> dict[str, Any]:
    return {
        "import_id": str(each.id),
        "file": each.name,
        "state": each.state.value,
        **_found_json(each.found, each.problem),
        "counts": {standing.value: each.counts.get(standing, 0) for standing in Standing},
        "recorded": each.recorded,
        "repeated": each.repeated,
    }
