"""The whole ledger as a CSV, written and read: one row per leg, and nothing of it is worked out.

Legs of one transaction stand together, each with the transaction's own facts, so that every row can
be read, filtered and added up by itself. What is written and read again is what it was, to the
byte: moments to the microsecond, amounts to the last digit, texts with whatever is in them.

A transaction that nobody outside knows by an id is known by its own, as `tx:` and the id. So it is
found again in the ledger that it was written from, and has that text as its id wherever else it
goes.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Final, TypeVar

from plimsoll.kernel.clock import rfc3339
from plimsoll.kernel.identifiers import AssetId, WalletId
from plimsoll.kernel.money import format_amount
from plimsoll.ledger.domain.imports import Booked, Draft, DraftLeg, Outcome, Refused, Side
from plimsoll.ledger.domain.transactions import MAX_LEGS, Kind, Leg, Precision, Role, Transaction
from plimsoll.ledger.importers.cells import escape_cell, unescape_cell
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.rows import Row, refuse_all

NAME: Final = "plimsoll-ledger"
NUMBER: Final = "plimsoll-ledger-1"
"""The column with the transaction's number in the file; it also says which version this is."""
FACTS: Final = (
    *("date", "precision", "kind", "currency"),
    *("source", "external_id", "reference", "note"),
)
"""What is said of a transaction, on each of its rows."""
COLUMNS: Final = (
    *(NUMBER, "leg", "legs", "date", "precision", "kind"),
    *("wallet", "asset", "quantity", "role", "value", "currency", "valued"),
    *("cost_currency", "cost_rate", "source", "external_id", "reference", "note"),
)
KINDS: Final = {kind.value: kind for kind in Kind if kind is not Kind.VOID}
PRECISIONS: Final = {each.value: each for each in Precision}
ROLES: Final = {each.value: each for each in Role}
VALUED: Final = {"yes": True, "no": False}

T = TypeVar("T")

_ODD: Final = re.compile(r"[\\\x00-\x1f\x7f\x85\u2028\u2029]|\A\s|\s\Z")
_ESCAPE: Final = re.compile(r"\\(?:([nrt\\])|u([0-9a-f]{4}))")
_SHORT: Final = {"\n": "n", "\r": "r", "\t": "t", "\\": "\\"}
_MEANT: Final = {letter: char for char, letter in _SHORT.items()}


def protect(text: str) -> str:
    """`text` as one line that no blank is lost of and no spreadsheet runs."""
    return escape_cell(_ODD.sub(_escaped, text))


def _escaped(match: re.Match[str]) -> str:
    return "\\" + (_SHORT.get(match[0]) or f"u{ord(match[0]):04x}")


def unprotect(cell: str) -> str:
    """What `protect` was given."""
    return _ESCAPE.sub(
        lambda match: _MEANT[match[1]] if match[1] else chr(int(match[2], 16)), unescape_cell(cell)
    )


def header() -> bytes:
    return ",".join(COLUMNS).encode() + b"\n"


def write(
    transactions: Iterable[Transaction], wallets: Mapping[WalletId, str], *, first: int
) -> bytes:
    """The rows of `transactions`, of which the first has the number `first`; wallets by name."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    for number, transaction in enumerate(transactions, start=first):
        for position, leg in enumerate(transaction.legs, start=1):
            writer.writerow(_cells(number, transaction, position, leg, wallets))
    return output.getvalue().encode()


def _cells(
    number: int,
    transaction: Transaction,
    position: int,
    leg: Leg,
    wallets: Mapping[WalletId, str],
) -> tuple[object, ...]:
    return (
        number,
        position,
        len(transaction.legs),
        rfc3339(transaction.occurred_at.astimezone(UTC)),
        transaction.precision.value,
        transaction.kind.value,
        protect(wallets[leg.wallet_id]) if leg.wallet_id else "",
        protect(leg.asset_id),
        format_amount(leg.quantity),
        leg.role.value,
        format_amount(leg.value),
        protect(transaction.currency),
        "yes" if leg.valued else "no",
        protect(leg.cost_currency or ""),
        format_amount(leg.cost_rate) if leg.cost_currency else "",
        protect(transaction.source),
        protect(transaction.external_id or f"tx:{transaction.id}"),
        protect(transaction.reference),
        protect(transaction.note),
    )


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """It names this version and has every column."""
    return fit(header, COLUMNS)


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome for all rows of a transaction; they stand below each other."""
    legs: list[Row] = []
    for row in rows:
        if legs and (row.text(NUMBER) != legs[0].text(NUMBER) or len(legs) == MAX_LEGS):
            yield _read(legs, options)
            legs = []
        legs.append(row)
    if legs:
        yield _read(legs, options)


def _read(rows: Sequence[Row], options: Options) -> Outcome:
    told = [(row.text("leg"), row.text("legs")) for row in rows]
    if told != [(str(leg), str(len(rows))) for leg in range(1, len(rows) + 1)]:
        return refuse_all(
            rows,
            "legs-incomplete",
            "a transaction has all of its legs below each other, from the first to the last",
            "put its rows back together, in the order of the column leg",
        )
    first = rows[0]
    moment = first.moment("date")
    kind = _one_of(first, "kind", KINDS)
    precision = _one_of(first, "precision", PRECISIONS)
    currency = _currency(first, "currency", options)
    legs = [_leg(row, options) for row in rows]
    _compare(rows)
    if moment is None or kind is None or precision is None or any(row.faults for row in rows):
        return _refused(rows)
    return Draft(
        lines=tuple(row.line for row in rows),
        kind=kind,
        at=moment.at,
        legs=tuple(legs),
        currency=currency or "",
        precision=precision,
        external_id=unprotect(first.text("external_id")) or None,
        reference=unprotect(first.text("reference")),
        note=unprotect(first.text("note")),
        source=unprotect(first.text("source")),
    )


def _refused(rows: Sequence[Row]) -> Refused:
    faults = tuple(fault for row in rows for fault in row.faults)
    return Refused(tuple(row.line for row in rows), faults)


def _compare(rows: Sequence[Row]) -> None:
    first = rows[0]
    for row in rows[1:]:
        for column in FACTS:
            if row.text(column) != first.text(column):
                row.refuse(
                    column,
                    "legs-disagree",
                    f"line {first.line} says something else of the same transaction",
                    "write the same on every row of the transaction",
                )


def _leg(row: Row, options: Options) -> DraftLeg:
    """Meaningless where the row has faults."""
    code, wallet = unprotect(row.text("asset")), unprotect(row.text("wallet"))
    if not code:
        row.refuse("asset", "missing", "a leg has an asset", "name the asset by its id")
    asset = options.find_asset(code)
    valued = _one_of(row, "valued", VALUED)
    role = _one_of(row, "role", ROLES)
    kept_in = row.text("cost_currency")
    rate = row.required("cost_rate") if kept_in else None
    return DraftLeg(
        code=code,
        asset_id=asset.id if asset else None,
        quantity=row.required("quantity"),
        role=role or Role.PRINCIPAL,
        side=Side.WALLET if wallet else Side.OUTSIDE,
        wallet=wallet,
        value=row.required("value"),
        booked=Booked(
            valued is not False, _currency(row, "cost_currency", options) if kept_in else None, rate
        ),
    )


def _one_of(row: Row, column: str, known: Mapping[str, T]) -> T | None:
    found = known.get(row.text(column))
    if found is None:
        row.refuse(column, "not-a-choice", "nothing else can stand here", "use " + ", ".join(known))
    return found


def _currency(row: Row, column: str, options: Options) -> AssetId | None:
    code = unprotect(row.text(column))
    asset = options.find_asset(code)
    if asset is None:
        row.refuse(column, "unknown-currency", "there is no asset of this id", "name a known one")
        return None
    return asset.id


FORMAT: Final = Format(
    name=NAME,
    title="Plimsoll, the whole ledger",
    sniff=sniff,
    read=read,
    moments=("date",),
    numbers=("quantity", "value", "cost_rate"),
    zone_of=lambda _header: None,
    by_id=True,
)
