"""JSON of the units that a disposal could be of."""

from collections.abc import Sequence
from datetime import date
from typing import Final, Self
from uuid import UUID

from plimsoll.plumbing.shapes import Figure, Moment, View
from plimsoll.tax.domain.identifying import Candidate, Choice
from plimsoll.tax.domain.report import Names
from plimsoll.tax.domain.results import Term
from plimsoll.tax.schemas.decisions import PickView
from plimsoll.tax.service.decisions import Named
from plimsoll.tax.service.identifying import Identified

MOST_LOTS: Final = 500
"""As many as a pick can name: with those that it names there are at most twice as many."""


class CandidateView(View):
    """What was left of an acquisition just before the disposal, and what it had cost. The disposal
    can be of `most` units of it, which would bring `gain`.
    """

    transaction_id: UUID
    acquired_on: date
    quantity: Figure
    cost: Figure
    most: Figure
    gain: Figure
    term: Term

    @classmethod
    def of(cls, each: Candidate) -> Self:
        return cls(
            transaction_id=each.of,
            acquired_on=each.since,
            quantity=each.quantity,
            cost=each.cost,
            most=each.most,
            gain=each.gain,
            term=each.term,
        )


class ChoiceView(View):
    """A disposal and the lots of its pool in the order of acquisition: of `lots_in_all` the first
    500, and those that `picked` names. `proceeds` are less the fees that the law takes off.
    """

    leg: int
    coin_id: str
    wallet_id: UUID
    wallet: str
    quantity: Figure
    proceeds: Figure
    lots: list[CandidateView]
    lots_in_all: int

    @classmethod
    def of(cls, choice: Choice, picked: Sequence[Named], names: Names) -> Self:
        disposed, candidates = choice
        meant = {None, disposed.ref.leg}
        named = {each.of for each in picked if each.asset == disposed.asset and each.leg in meant}
        return cls(
            leg=disposed.ref.leg,
            coin_id=disposed.asset,
            wallet_id=disposed.account,
            wallet=names.wallets.get(disposed.account, ""),
            quantity=disposed.quantity,
            proceeds=disposed.proceeds,
            lots=[
                CandidateView.of(each)
                for place, each in enumerate(candidates)
                if place < MOST_LOTS or each.of in named
            ],
            lots_in_all=len(candidates),
        )


class PickableView(View):
    """Which units the disposals of a transaction could be of. `may_pick`: the rules know lots.
    `in_time`: what is said now counts; later it is kept, and does not. `picked`: of what was said
    the record that counts, null where nothing was; without units it was taken back. `shortfalls`,
    `unvalued`: what is missing of everything until then.
    """

    transaction_id: UUID
    jurisdiction: str
    ruleset: str
    currency: str
    disposed_at: Moment
    may_pick: bool
    in_time: bool
    picked: PickView | None
    shortfalls: int
    unvalued: int
    disposals: list[ChoiceView]

    @classmethod
    def of(cls, seen: Identified) -> Self:
        found, picked = seen.found, seen.record.units if seen.record else ()
        return cls(
            transaction_id=seen.transaction_id,
            jurisdiction=seen.ruleset.code,
            ruleset=seen.ruleset.name,
            currency=seen.currency,
            disposed_at=seen.disposed_at,
            may_pick=found.may,
            in_time=seen.in_time,
            picked=PickView.of(seen.record) if seen.record else None,
            shortfalls=found.shortfalls,
            unvalued=found.unvalued,
            disposals=[ChoiceView.of(each, picked, seen.names) for each in found.choices],
        )
