"""A withdrawal and a deposit as the one transfer that they were. Pure."""

from dataclasses import replace
from decimal import Decimal

from plimsoll.kernel.errors import Invalid
from plimsoll.kernel.identifiers import TransactionId
from plimsoll.kernel.money import ZERO, format_amount, share
from plimsoll.ledger.domain.pairing import find_end
from plimsoll.ledger.domain.transactions import (
    MAX_LEGS,
    Kind,
    Leg,
    Precision,
    Role,
    Transaction,
)

LONGEST_NOTE = 1000


class NotOneTransfer(Invalid):
    """They cannot be the two ends of one transfer, whatever anybody says."""

    code = "not-one-transfer"
    title = "These two are not one transfer"


def merge(withdrawal: Transaction, deposit: Transaction, id_: TransactionId) -> Transaction:
    """What left and arrived, what did not arrive as a fee, and the fees of both.

    It happened when the withdrawal did, or with the deposit where that was written earlier: then
    clocks differ, and what arrived could be spent from there on. It may take out what is not known
    to be there if the withdrawal might. Raises NotOneTransfer.
    """
    out, into = find_end(withdrawal), find_end(deposit)
    if out is None or into is None or withdrawal.kind is deposit.kind:
        raise NotOneTransfer("a transfer is a withdrawal and a deposit, of one asset each")
    if withdrawal.kind is Kind.DEPOSIT:
        raise NotOneTransfer("the withdrawal is named first, the deposit second")
    if out.asset_id != into.asset_id:
        raise NotOneTransfer(f"{out.asset_id} left and {into.asset_id} arrived")
    if out.wallet_id == into.wallet_id:
        raise NotOneTransfer("it left the wallet that it arrived in")
    if into.quantity > out.quantity:
        raise NotOneTransfer(
            f"{format_amount(into.quantity)} arrived of {format_amount(out.quantity)}"
        )
    (left,) = (leg for leg in withdrawal.legs if leg.role is Role.PRINCIPAL)
    (arrived,) = (leg for leg in deposit.legs if leg.role is Role.PRINCIPAL)
    legs = [
        replace(left, quantity=-into.quantity, value=ZERO, valued=True),
        Leg(arrived.wallet_id, arrived.asset_id, into.quantity, Role.PRINCIPAL, ZERO),
    ]
    fee = out.quantity - into.quantity
    if fee:
        worth = share(left.value, fee, out.quantity)
        legs.append(replace(left, quantity=-fee, role=Role.FEE, value=worth))
    legs += (leg for leg in withdrawal.legs if leg.role is not Role.PRINCIPAL)
    same = deposit.currency == withdrawal.currency
    legs += (
        leg if same else _unvalued(leg) for leg in deposit.legs if leg.role is not Role.PRINCIPAL
    )
    if len(legs) > MAX_LEGS:
        raise NotOneTransfer(f"together they have more than {MAX_LEGS} legs")
    exact = withdrawal.precision is deposit.precision is Precision.INSTANT
    at = min(out.at, into.at) if exact else out.at
    notes = "; ".join(filter(None, (withdrawal.note, deposit.note)))
    note = f"withdrawal {withdrawal.id} and deposit {deposit.id}" + (f": {notes}" if notes else "")
    return Transaction(
        id=id_,
        kind=Kind.TRANSFER,
        occurred_at=at,
        currency=withdrawal.currency,
        legs=tuple(legs),
        precision=withdrawal.precision,
        note=note[:LONGEST_NOTE],
        import_id=withdrawal.import_id,
        reference=withdrawal.reference or deposit.reference,
        lines=withdrawal.lines,
    )


def _unvalued(leg: Leg) -> Leg:
    """A fee whose worth was said in a currency that is not the transfer's."""
    return replace(leg, value=ZERO, valued=False, cost_currency=None, cost_rate=Decimal(1))
