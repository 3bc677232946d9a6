"""Ugly files, each beside what is to become of every row of it.

`NAME.csv` is the file, `NAME.verdicts` what is expected: a first line with the options, then a
line for each verdict (lines of the file, standing, then the draft or the faults), or one line that
begins with `refused` where the file itself is. The files were written for this project.
"""

from pathlib import Path
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.money import format_amount
from plimsoll.ledger.domain.imports import Draft, DraftLeg, Side, Verdict
from plimsoll.ledger.domain.transactions import Precision, Role
from plimsoll.ledger.importers.format import Cash, Options
from plimsoll.ledger.importers.numbers import NumberStyle
from plimsoll.ledger.importers.reading import read_verdicts, recognise
from plimsoll.markets.service.catalogue import load_catalogue

FOLDER: Final = Path(__file__).parent
FILES: Final = sorted(FOLDER.glob("*.csv"))
CATALOGUE: Final = load_catalogue()
ROLES: Final = {Role.PRINCIPAL: "", Role.FEE: "fee ", Role.WITHHELD_FEE: "withheld "}


def options_of(text: str) -> Options:
    """`zone=Europe/Berlin cash=kept`."""
    said = dict(word.split("=") for word in text.split())
    return Options(
        catalogue=CATALOGUE,
        cash=Cash(said.get("cash", "outside")),
        zone=ZoneInfo(said["zone"]) if "zone" in said else None,
        numbers=NumberStyle(said["numbers"]) if "numbers" in said else None,
    )


def told(file: BinaryIO, options: Options) -> list[str]:
    """What becomes of a file, as its `.verdicts` says it."""
    try:
        recognised = recognise(file, options)
    except Invalid as refusal:
        return [f"refused {' '.join([refusal.code, *(fault.code for fault in refusal.faults)])}"]
    verdicts = read_verdicts(file, recognised, options, known=lambda _identity: False)
    return [f"is {recognised.table.format.name}", *map(verdict_line, verdicts)]


def verdict_line(verdict: Verdict) -> str:
    faults = "".join(f" !{fault.code}[{fault.column}]" for fault in verdict.faults)
    draft = f" {draft_text(verdict.draft)}" if verdict.draft else ""
    lines = ",".join(map(str, verdict.lines))
    reason = f" ({verdict.reason})" if verdict.reason else ""
    return f"{lines} {verdict.standing}{faults}{draft}{reason}"


def draft_text(draft: Draft) -> str:
    at = draft.at.isoformat().replace("+00:00", "Z")
    day = " day" if draft.precision is Precision.DAY else ""
    named = f" id={draft.external_id}" if draft.external_id else ""
    note = f" note={draft.note!r}" if draft.note else ""
    legs = "; ".join(leg_text(leg, draft.currency) for leg in draft.legs)
    return f"{draft.kind} {at}{day}: {legs}{named}{note}"


def leg_text(leg: DraftLeg, currency: str) -> str:
    sign = "+" if leg.quantity > 0 else ""
    where = " outside" if leg.side is Side.OUTSIDE else ""
    wallet = f" in {leg.wallet}" if leg.wallet else ""
    worth = f" worth {format_amount(leg.value)} {currency}" if leg.value is not None else ""
    return (
        f"{ROLES[leg.role]}{sign}{format_amount(leg.quantity)} {leg.asset_id or leg.code + '?'}"
        f"{where}{wallet}{worth}"
    )
