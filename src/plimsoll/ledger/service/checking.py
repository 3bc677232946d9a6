"""What would become of a file, told at once and kept nowhere: without a service or a database."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from plimsoll.kernel.errors import Invalid, PlimsollError
from plimsoll.kernel.identifiers import UserId
from plimsoll.ledger.domain.imports import (
    IN_THE_LEDGER,
    Answers,
    Fault,
    Found,
    ImportProblem,
    Kept,
    Standing,
)
from plimsoll.ledger.importers.reading import Recognised
from plimsoll.ledger.service import sifting
from plimsoll.ledger.storage import imports
from plimsoll.plumbing.database import ReadUnit

Known = frozenset[tuple[str, str]]
"""Sources and identities of what a ledger has in force."""
NOTHING_KNOWN: Final[Known] = frozenset()


@dataclass(frozen=True, slots=True)
class Checked:
    """`problem`: why it cannot be read, or not yet. Else `found` is there. `faults` are in the
    order of the file, each with what becomes of its rows.
    """

    found: Found | None
    problem: ImportProblem | None
    counts: Mapping[Standing, int]
    faults: tuple[tuple[Standing, Fault], ...]

    @property
    def sound(self) -> bool:
        """Whether nothing has to be corrected."""
        return self.problem is None and not self.counts[Standing.ERROR]


async def list_known(unit: ReadUnit, user_id: UserId) -> Known:
    """What a person's ledger has in force."""
    return frozenset(await imports.list_identities(unit, user_id))


def check_file(
    path: Path, answers: Answers, known: Known, *, now: datetime, most_bytes: int
) -> Checked:
    """Read all of it. Raises OSError where there is no such file, never for what is in it."""
    counts, faults = Counter(dict.fromkeys(Standing, 0)), list[tuple[Standing, Fault]]()
    tally = sifting.Tally(answers)
    try:
        with path.open("rb") as file:
            recognised, all_kept = sifting.go_through(file, answers, now=now, most_bytes=most_bytes)
            for each in all_kept:
                kept = _beside(each, recognised, known)
                tally.note(kept)
                counts[kept.verdict.standing] += 1
                faults += [(kept.verdict.standing, fault) for fault in kept.verdict.faults]
            found = sifting.found_of(recognised, tally)
    except Invalid as error:
        return Checked(None, _problem(error), counts, tuple(faults))
    return Checked(found, None, counts, tuple(faults))


def _beside(kept: Kept, recognised: Recognised, known: Known) -> Kept:
    """As it stands to the ledger."""
    verdict = kept.verdict
    if (sifting.source_of(verdict, recognised), verdict.identity) not in known:
        return kept
    if verdict.standing not in {Standing.NEW, Standing.NEEDS_ATTENTION}:
        return kept
    there = replace(verdict, standing=Standing.ALREADY_IMPORTED, faults=(), reason=IN_THE_LEDGER)
    return replace(kept, verdict=there)


def _problem(error: PlimsollError) -> ImportProblem:
    return ImportProblem(error.code, error.title, error.detail, error.facts, error.faults)
