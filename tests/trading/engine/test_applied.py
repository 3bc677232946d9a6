"""A refusal of the machine becomes the error that it is, for whoever asked."""

import importlib
import pkgutil
from collections.abc import Iterator

from plimsoll.kernel.errors import Conflict, PlimsollError
from plimsoll.trading import domain
from plimsoll.trading.domain.commands import PassTime
from plimsoll.trading.domain.events import FundingSettled, Refused
from plimsoll.trading.domain.refusals import UnknownAccount
from plimsoll.trading.engine.applied import Applied

OUTSIDE_OF_THE_MACHINE = {"trades", "units", "closing", "simple_margin", "margin", "previewing"}
"""Modules that refuse what people ask beside the machine: no command is refused by them."""


def refusals(kind: type[PlimsollError] = PlimsollError) -> Iterator[type[PlimsollError]]:
    """Every concrete one of the machine."""
    for each in kind.__subclasses__():
        yield from refusals(each)
        if each.__module__.startswith(domain.__name__):
            yield each


def test_every_refusal_of_the_machine_is_known_by_its_code() -> None:
    for module in pkgutil.iter_modules(domain.__path__, f"{domain.__name__}."):
        importlib.import_module(module.name)
    kinds = {
        each
        for each in refusals()
        if each.__module__.rpartition(".")[2] not in OUTSIDE_OF_THE_MACHINE
    }
    assert len(kinds) > 30
    for kind in kinds:
        refused = Applied(PassTime(1, 2), [Refused(kind.code, "why", (("most", 5),))], "")
        assert refused.refusal_code == kind.code
        assert type(refused.refusal) is kind, kind


def test_what_happened_is_no_refusal() -> None:
    for events in ([], [FundingSettled("BTC-PERP", 1, 2, 3)]):
        applied = Applied(PassTime(1, 2), list(events), "")
        assert applied.refusal is None
        assert applied.refusal_code is None


def test_the_facts_come_along() -> None:
    applied = Applied(
        PassTime(7, 8), [Refused("unknown-account", "no account 9", (("account", 9),))], "c"
    )
    refusal = applied.refusal
    assert isinstance(refusal, UnknownAccount)
    assert not isinstance(refusal, Conflict)
    assert (refusal.detail, refusal.facts) == ("no account 9", {"account": 9})
    assert (applied.seq, applied.at_ms) == (7, 8)
