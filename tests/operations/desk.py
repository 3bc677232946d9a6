"""People of a running desk: those who trade, and those who look at them."""

from datetime import datetime, timedelta
from typing import Any

from fastapi import FastAPI

from plimsoll.access.domain.principals import Role
from plimsoll.access.service import accounts
from plimsoll.kernel.clock import Clock
from plimsoll.operations.domain.cases import Kind
from plimsoll.operations.service.compliance import Compliance, Scanned
from tests.conftest import Person
from tests.ledger.calls import ok
from tests.trading.floor import BTC, Floor


async def promote(app: FastAPI, person: Person, role: Role) -> Person:
    state = app.state
    await accounts.set_role(state.database, state.clock, email=person.email, role=role)
    await state.access.verifier.catch_up()
    return person


class Later:
    """A clock that can be ahead of another one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return self._clock.now() + self.ahead

    def monotonic(self) -> float:
        return self._clock.monotonic()


def compliance_of(
    app: FastAPI, clock: Clock | None = None, *, threshold: int = 10**7
) -> Compliance:
    """One of its own, as another process has."""
    state = app.state
    return Compliance(
        state.database, clock or state.clock, state.oversight, every_s=3600, threshold=threshold
    )


def kinds(scanned: Scanned | None) -> list[tuple[str, str, str | None]]:
    """What a scan did but for more evidence: rule, what happened, and the matter."""
    assert scanned is not None
    return [
        (change.case.rule.value, change.kind.value, change.case.subject.matter)
        for _, change in scanned.changes
        if change.kind is not Kind.EVIDENCE
    ]


async def trade(person: Person, side: str, quantity: str, price: str | None = None) -> Any:
    """An order at the market, or a limit order."""
    order = {"symbol": BTC, "side": side, "quantity": quantity}
    kind = {"type": "limit", "price": price} if price else {"type": "market"}
    return await ok(person, "POST", "/orders", json=order | kind)


async def pass_between(floor: Floor, one: Person, other: Person, rounds: int) -> None:
    """0.01 BTC from one to the other and back each time, between the prices of the house."""
    assert floor.exchange.feeding is None
    for _ in range(rounds):
        for seller, buyer in ((one, other), (other, one)):
            await trade(seller, "sell", "0.01", "60000")
            await trade(buyer, "buy", "0.01", "60000")
