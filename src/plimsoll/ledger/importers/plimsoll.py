"""Plimsoll's own CSV: one transaction per row. The columns are explained in docs/imports.md."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from plimsoll.ledger.domain.imports import Outcome
from plimsoll.ledger.domain.transactions import SHAPES, Kind, Shape
from plimsoll.ledger.importers.cells import unescape_cell
from plimsoll.ledger.importers.drafting import (
    Part,
    Story,
    exchange,
    fee_only,
    one_sided,
    part_of,
    transfer,
)
from plimsoll.ledger.importers.format import Format, Options, fit
from plimsoll.ledger.importers.rows import Row

COLUMNS: Final = (
    "date",
    "kind",
    "received_quantity",
    "received_asset",
    "sent_quantity",
    "sent_asset",
    "fee_quantity",
    "fee_asset",
    "value",
    "value_currency",
    "wallet",
    "to_wallet",
    "external_id",
    "note",
)
RECEIVED: Final = frozenset({"received_quantity", "received_asset"})
SENT: Final = frozenset({"sent_quantity", "sent_asset"})


def sniff(header: Sequence[str]) -> float:  # no money: how well a header fits
    """It needs a date and one side of a transaction."""
    return max(fit(header, {"date", *side}, COLUMNS) for side in (RECEIVED, SENT))


def read(rows: Iterable[Row], options: Options) -> Iterator[Outcome]:
    """One outcome per row."""
    for row in rows:
        yield _read(row, options)


def _read(row: Row, options: Options) -> Outcome:
    moment = row.moment("date")
    came = part_of(row, "received_quantity", "received_asset")
    went = part_of(row, "sent_quantity", "sent_asset")
    fee = part_of(row, "fee_quantity", "fee_asset")
    worth = part_of(row, "value", "value_currency")
    kind = _kind(row, came, went, fee)
    if row.faults or moment is None or kind is None:
        return row.refused()
    story = Story(
        (row.line,),
        moment,
        worth=worth,
        wallet=unescape_cell(row.text("wallet")),
        external_id=unescape_cell(row.text("external_id")),
        note=unescape_cell(row.text("note")),
        doubts=tuple(row.doubts),
    )
    return _draft(row, story, options, kind, (came, went, fee))


def _kind(row: Row, came: Part | None, went: Part | None, fee: Part | None) -> Kind | None:
    """The kind as written, or what the filled cells mean; a kind that they do not fit is a
    fault.
    """
    written = row.text("kind")
    if written not in KINDS:
        written = written.casefold().replace(" ", "_").replace("-", "_")
    if not written:
        kind = _implied(row, came, went, fee)
        if kind is None and not row.faults:
            row.refuse("", "nothing-moved", "no quantity is above zero", "fill in what moved")
        return kind
    if written not in KINDS:
        row.refuse(
            "kind",
            "unknown-kind",
            f"there is no kind {written[:40]!r}",
            "use a kind of docs/imports.md, or leave the cell empty",
        )
        return None
    kind = KINDS[written]
    if not row.faults and (wrong := _misfit(SHAPES[kind], came, went, fee)):
        row.refuse("kind", "kind-does-not-fit", f"a {kind} {wrong}", "correct kind or quantities")
    elif SHAPES[kind] is Shape.MOVE and row.text("to_wallet") == row.text("wallet"):
        row.refuse("to_wallet", "missing", f"a {kind} goes to another wallet", "name both wallets")
    return kind


def _implied(row: Row, came: Part | None, went: Part | None, fee: Part | None) -> Kind | None:
    if came and went:
        return Kind.SWAP  # of which `exchange` makes a buy or a sell where money is one side
    if went and row.text("to_wallet"):
        return Kind.TRANSFER
    if came or went:
        return Kind.DEPOSIT if came else Kind.WITHDRAWAL
    return Kind.FEE_ONLY if fee else None


KINDS: Final = {kind.value: kind for kind in Kind if kind is not Kind.VOID}


NEEDS: Final = {
    Shape.EXCHANGE: ((True, True),),
    Shape.MOVE: ((False, True),),
    Shape.INFLOW: ((True, False),),
    Shape.OUTFLOW: ((False, True),),
    Shape.EITHER: ((True, False), (False, True)),
    Shape.FEES: ((False, False),),
}
"""Whether something is received, and whether something is sent."""
SAID: Final = {(True, True): "both", (True, False): "received only", (False, True): "sent only"}


def _misfit(shape: Shape, came: Part | None, went: Part | None, fee: Part | None) -> str:
    """What the kind needs and the row does not have; empty where it fits."""
    if (came is not None, went is not None) in NEEDS[shape]:
        return "" if shape is not Shape.FEES or fee else "needs a fee"
    return "needs " + " or ".join(SAID.get(sides, "a fee only") for sides in NEEDS[shape])


def _draft(
    row: Row,
    story: Story,
    options: Options,
    kind: Kind,
    parts: tuple[Part | None, Part | None, Part | None],
) -> Outcome:
    came, went, fee = parts
    fees = [fee] if fee else []
    if came and went:
        named = kind if row.text("kind") else None
        return exchange(story, options, [came], [went], fees, kind=named)
    if SHAPES[kind] is Shape.MOVE and went:
        moved = transfer(story, options, went, fees, unescape_cell(row.text("to_wallet")))
        return replace(moved, kind=kind)
    if part := came or went:
        return one_sided(story, options, kind, part, fees, sign=1 if came else -1)
    return fee_only(story, options, fees)


FORMAT: Final = Format(
    name="plimsoll",
    title="Plimsoll CSV",
    sniff=sniff,
    read=read,
    moments=("date",),
    numbers=("received_quantity", "sent_quantity", "fee_quantity", "value"),
    zone_of=lambda _header: None,
    machine_written=False,
)
