"""What a row of a derivatives account comes to: the result of a position with its fee, or funding.

A row is one draft, so a result and the fee beside it are one transaction. A rebate is part of the
result; a fee that takes a whole gain leaves what is lacking as a fee: nothing is withheld from more
than came.
"""

from dataclasses import replace
from decimal import Decimal

from plimsoll.kernel.money import format_amount
from plimsoll.ledger.domain.imports import LeftOut, Outcome
from plimsoll.ledger.domain.transactions import Kind
from plimsoll.ledger.importers.drafting import NOTHING_MOVED, Part, Story, one_sided
from plimsoll.ledger.importers.format import Options


def settle(story: Story, options: Options, code: str, *, result: Decimal, fee: Decimal) -> Outcome:
    """What a position brought (`result`, signed) less its `fee`, which is negative for a rebate."""
    if fee < 0 and not result:
        return one_sided(story, options, Kind.REBATE, Part(code, -fee))
    if fee < 0:
        story = _noted(story, f"with a rebate of {format_amount(-fee)} {code}")
        result, fee = result - fee, Decimal(0)
    if 0 < result <= fee:
        story = _noted(story, f"a gain of {format_amount(result)} {code} is taken off")
        result, fee = Decimal(0), fee - result
    if not result:
        if not fee:
            return LeftOut(story.lines, NOTHING_MOVED)
        return one_sided(story, options, Kind.MARGIN_FEE, Part(code, fee))
    kind = Kind.MARGIN_GAIN if result > 0 else Kind.MARGIN_LOSS
    fees = [Part(code, fee)] if fee else []
    return one_sided(story, options, kind, Part(code, abs(result)), fees)


def fund(story: Story, options: Options, code: str, amount: Decimal) -> Outcome:
    """Funding received (positive) or paid."""
    if not amount:
        return LeftOut(story.lines, NOTHING_MOVED)
    sign = 1 if amount > 0 else -1
    return one_sided(story, options, Kind.FUNDING, Part(code, abs(amount)), sign=sign)


def _noted(story: Story, text: str) -> Story:
    return replace(story, note=f"{story.note}; {text}" if story.note else text)
