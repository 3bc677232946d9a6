"""From what moved to a draft: which kind, which side each leg is on, what a fee is.

Money (dollars, euros) is outside of the wallet unless the person keeps it there. A fee in an asset
that came in was withheld from it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from plimsoll.kernel.identifiers import AssetId
from plimsoll.ledger.domain.imports import Draft, DraftLeg, Fault, LeftOut, Side
from plimsoll.ledger.domain.transactions import MAX_LEGS, SHAPES, Kind, Role, Shape
from plimsoll.ledger.importers.dates import Moment
from plimsoll.ledger.importers.format import Cash, Options
from plimsoll.ledger.importers.rows import Row

ONLY_MONEY = "only money moved, and money is not kept in this wallet"
NOTHING_MOVED = "nothing moved"
LONGEST_NOTE = 1000
"""Characters of a note that the ledger keeps."""


class Part(NamedTuple):
    """A positive quantity of what the file calls `code`."""

    code: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Story:
    """What rows tell besides the quantities. `worth`: what one side was worth, as the file says."""

    lines: tuple[int, ...]
    moment: Moment
    worth: Part | None = None
    wallet: str = ""
    external_id: str | None = None
    reference: str = ""
    note: str = ""
    doubts: tuple[Fault, ...] = ()


def story_of(rows: Sequence[Row], moment: Moment) -> Story:
    """The lines, the moment and the doubts of rows that were read without a fault."""
    return Story(
        lines=tuple(row.line for row in rows),
        moment=moment,
        doubts=tuple(doubt for row in rows for doubt in row.doubts),
    )


def exchange(
    story: Story,
    options: Options,
    came: Iterable[Part],
    went: Iterable[Part],
    fees: Iterable[Part] = (),
    *,
    kind: Kind | None = None,
) -> Draft | LeftOut:
    """Something for something else. Without `kind` it is a buy where money went, a sell where
    money came, else a swap.
    """
    came, went = list(came), list(went)
    money = {part.code for part in (*came, *went) if options.is_money(part.code)}
    inward = all(part.code in money for part in came)
    outward = all(part.code in money for part in went)
    if inward and outward and options.cash is Cash.OUTSIDE:
        return LeftOut(story.lines, ONLY_MONEY)
    if kind is None:
        kind = Kind.SWAP
        if outward and not inward:
            kind = Kind.BUY
        elif inward and not outward:
            kind = Kind.SELL
    currency = money.pop() if len(money) == 1 else ""
    worth = story.worth if not currency else None
    single = worth.quantity if worth and len(came) == len(went) == 1 else None
    legs = [_leg(options, part, 1, story.wallet, value=single) for part in came]
    legs += [_leg(options, part, -1, story.wallet, value=single) for part in went]
    legs += _fee_legs(options, fees, story.wallet, {part.code for part in came})
    return _draft(story, kind, legs, currency or (worth.code if worth else ""))


def one_sided(
    story: Story, options: Options, kind: Kind, part: Part, fees: Iterable[Part] = (), sign: int = 0
) -> Draft | LeftOut:
    """Something that came in or went out. `sign` is of kinds that may be either."""
    shape = SHAPES[kind]
    assert shape in {Shape.INFLOW, Shape.OUTFLOW} or sign, "a kind of either side has a sign"
    sign = sign or (1 if shape is Shape.INFLOW else -1)
    if options.is_money(part.code) and options.cash is Cash.OUTSIDE:
        return LeftOut(story.lines, ONLY_MONEY)
    worth = story.worth
    value = worth.quantity if worth else None
    legs = [_leg(options, part, sign, story.wallet, value=value)]
    came = {part.code} if sign > 0 else set[str]()
    legs += _fee_legs(options, fees, story.wallet, came)
    return _draft(story, kind, legs, worth.code if worth else "")


def fee_only(story: Story, options: Options, fees: Iterable[Part]) -> Draft | LeftOut:
    """Fees of something that is not in the books itself."""
    legs = _fee_legs(options, fees, story.wallet, set())
    if not any(leg.side is Side.WALLET for leg in legs):
        return LeftOut(story.lines, ONLY_MONEY if legs else NOTHING_MOVED)
    return _draft(story, Kind.FEE_ONLY, legs, "")


def transfer(
    story: Story, options: Options, part: Part, fees: Iterable[Part], to_wallet: str
) -> Draft:
    """From one own wallet to another; what arrives is what left, fees are apart."""
    legs = [
        _leg(options, part, -1, story.wallet),
        _leg(options, part, 1, to_wallet),
        *_fee_legs(options, fees, story.wallet, set()),
    ]
    return _draft(story, Kind.TRANSFER, legs, "")


def _leg(
    options: Options, part: Part, sign: int, wallet: str, *, value: Decimal | None = None
) -> DraftLeg:
    code, quantity = part
    asset = options.find_asset(code)
    return DraftLeg(
        code,
        asset.id if asset else None,
        quantity if sign > 0 else -quantity,
        Role.PRINCIPAL,
        _side(options, code),
        wallet,
        value,
    )


def _fee_legs(
    options: Options, fees: Iterable[Part], wallet: str, came: set[str]
) -> list[DraftLeg]:
    """A negative fee is a rebate: it is no leg of this transaction and its importer says so."""
    return [
        DraftLeg(
            code=fee.code,
            asset_id=_asset_id(options, fee.code),
            quantity=-fee.quantity,
            role=_fee_role(options, fee.code, came),
            side=_side(options, fee.code),
            wallet=wallet,
        )
        for fee in fees
        if fee.quantity > 0
    ]


def _fee_role(options: Options, code: str, came: set[str]) -> Role:
    """Outside of the books nothing is withheld: a fee in money is paid, as the ledger has it."""
    withheld = code in came and _side(options, code) is Side.WALLET
    return Role.WITHHELD_FEE if withheld else Role.FEE


def _asset_id(options: Options, code: str) -> AssetId | None:
    asset = options.find_asset(code)
    return asset.id if asset else None


def _side(options: Options, code: str) -> Side:
    outside = options.cash is Cash.OUTSIDE and options.is_money(code)
    return Side.OUTSIDE if outside else Side.WALLET


def _draft(story: Story, kind: Kind, legs: list[DraftLeg], currency: str) -> Draft:
    assert len(legs) <= MAX_LEGS, "importers join no more rows than a transaction has legs"
    return Draft(
        lines=story.lines,
        kind=kind,
        at=story.moment.at,
        legs=tuple(legs),
        currency=currency,
        precision=story.moment.precision,
        external_id=story.external_id or None,
        reference=story.reference,
        note=story.note[:LONGEST_NOTE],
        doubts=story.doubts,
    )


def part_of(
    row: Row, quantity_column: str, code_column: str, *, signed: bool = False
) -> Part | None:
    """What these two cells say moved; None where they are empty or say zero.

    A negative quantity is a fault, unless the maker of the file writes what went out so (`signed`).
    """
    if row.text(quantity_column) in {"", "-"}:
        return None
    code = row.text(code_column)
    quantity = row.number(quantity_column, code)
    if not quantity:
        return None
    if quantity < 0 and not signed:
        row.refuse(
            quantity_column,
            "negative-quantity",
            "a quantity is positive here; the column tells its direction",
            "write it without the minus, in the column of what came in or of what went out",
        )
        return None
    if code in {"", "-"}:
        row.refuse(code_column, "missing", "the quantity has no asset", "name the asset")
        return None
    return Part(code, abs(quantity))
