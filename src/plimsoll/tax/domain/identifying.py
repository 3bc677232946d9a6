"""Which units a disposal could be of: the lots that its pool held at that moment.

Who identifies units says it of one acquisition (26 CFR 1.1012-1(j)(2)); where a transaction brought
several lots of a pool, they are one here. What came with a transfer and was never acquired is a lot
that nobody can mean.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final, NamedTuple

from plimsoll.kernel.identifiers import TransactionId
from plimsoll.kernel.money import ZERO, share
from plimsoll.tax.domain.choices import Way
from plimsoll.tax.domain.matching import ALWAYS, Election, Scope, match
from plimsoll.tax.domain.movements import Acquired, Disposed
from plimsoll.tax.domain.planning import held_again
from plimsoll.tax.domain.results import Lot, Term
from plimsoll.tax.domain.rulesets import Matching, match_movements

BY_OWNER: Final = Election(scopes=((ALWAYS, Scope.OWNER),))


class Candidate(NamedTuple):
    """Units of the acquisition `of` that were left, and what they had cost. The disposal can be of
    `most` of them: they would bring `gain`.
    """

    of: TransactionId
    since: date
    quantity: Decimal
    cost: Decimal
    most: Decimal
    gain: Decimal
    term: Term


class Choice(NamedTuple):
    """A disposal, and what it could be of in the order of acquisition."""

    disposed: Disposed
    candidates: tuple[Candidate, ...]


def may_identify(whole: Matching) -> bool:
    """Whether these rules know lots of which some can be meant."""
    return whole.by_lots and Way.SPECIFIC in whole.ruleset.methods


def choice_of(whole: Matching, place: int, disposed: Disposed) -> Choice:
    """What there was just before a disposal; `place` is that of it among the movements."""
    earlier = whole.movements[:place]
    before = match_movements(whole, earlier, as_of=disposed.day)
    acquired = {each.ref for each in earlier if isinstance(each, Acquired)}
    lots = [
        lot
        for lot in before.lots
        if lot.asset == disposed.asset
        and lot.account in {None, disposed.account}
        and lot.ref in acquired
    ]
    lots.sort(key=lambda lot: (lot.acquired_at, lot.ref))
    grouped = groupby(lots, key=lambda lot: lot.ref.transaction)
    return Choice(
        disposed, tuple(_candidate(whole, disposed, of, list(some)) for of, some in grouped)
    )


def _candidate(
    whole: Matching, disposed: Disposed, of: TransactionId, lots: Sequence[Lot]
) -> Candidate:
    quantity = sum((lot.quantity for lot in lots), ZERO)
    most = min(quantity, disposed.quantity)
    part = disposed._replace(
        quantity=most, proceeds=share(disposed.proceeds, most, disposed.quantity), picks=()
    )
    held = held_again(lots, disposed.account, whole.country)
    slices = match([*held, part], whole.country, BY_OWNER).slices
    return Candidate(
        of,
        lots[0].since,
        quantity,
        sum((lot.cost for lot in lots), ZERO),
        most,
        sum((each.gain for each in slices), ZERO),
        slices[0].term,
    )
