"""What operators do to the exchange. Everything is a command like any other, and is in the audit
log with who did it, from where and why.

The command comes first and the audit log after it, because only then it is known what happened and
under which number. When the log cannot be written then, the action stands all the same: nothing
takes a durable command back. The answer says so (`audit-not-written`, with the number), the
journal has who did it, our own log the reason; and the same request with its Idempotency-Key does
nothing again but write the log. A person's tier is the exception: it lives in access, is changed
there together with its line in the log, and the exchange follows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final
from uuid import UUID

import structlog
from fastapi import Depends
from starlette.requests import HTTPConnection

from plimsoll.access.domain.audit import Event, Fact, Happening
from plimsoll.access.domain.principals import Tier
from plimsoll.access.service import audit, governing
from plimsoll.access.service.access import Access
from plimsoll.kernel.errors import PlimsollError, Unavailable
from plimsoll.kernel.identifiers import UserId
from plimsoll.kernel.money import format_amount
from plimsoll.plumbing.idempotency import Key
from plimsoll.trading.domain.accounts import TradingState
from plimsoll.trading.domain.commands import (
    Deposit,
    ForceReduce,
    FundInsurance,
    ListInstrument,
    SetLimits,
    SetState,
    SetTier,
)
from plimsoll.trading.domain.finding import FUND
from plimsoll.trading.domain.instruments import Instrument, InstrumentKind
from plimsoll.trading.domain.orders import Leg
from plimsoll.trading.domain.refusals import UnknownAccount
from plimsoll.trading.domain.units import money_of, price_of, quantity_of
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.engine.applied import Applied, Draft
from plimsoll.trading.engine.genesis import HOUSE, HOUSE_COINS
from plimsoll.trading.service.exchange import Exchange
from plimsoll.trading.service.feeding import Feeding
from plimsoll.trading.service.marketplace import Marketplace, Moved
from plimsoll.trading.service.once import Done, once
from plimsoll.trading.service.refusals import submit, told
from plimsoll.trading.storage import accounts, lease

log = structlog.get_logger(__name__)

NOBODY: Final = "there is no trading account of this person"


class AuditNotWritten(Unavailable):
    """What was asked was done and stays done; only the audit log does not say so yet."""

    code = "audit-not-written"
    title = "It was done, and the audit log does not say so yet"


@dataclass(frozen=True, slots=True)
class Acting:
    """The operator, from where and why; `key` of the request, when it has one."""

    user_id: UserId
    address: str | None
    reason: str
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Money in hundred-millionths; 0: no limit."""

    account_notional: int
    venue_notional: int
    orders_per_second: int


@dataclass(frozen=True, slots=True)
class Carried:
    """A position that the fund took over: signed steps, cost in hundred-millionths."""

    instrument: Instrument
    quantity: int
    cost: int


@dataclass(frozen=True, slots=True)
class Fund:
    """The insurance fund after command `seq`: its money in hundred-millionths."""

    seq: int
    balance: int
    positions: Sequence[Carried]


class Operators:
    """Each action raises why the machine refuses it, AuditNotWritten, and what `once` raises."""

    def __init__(self, marketplace: Marketplace, access: Access) -> None:
        self._marketplace = marketplace
        self._access = access

    @property
    def exchange(self) -> Exchange:
        return self._marketplace.exchange

    @property
    def feeding(self) -> Feeding:
        return self._marketplace.feeding

    # trading states and limits

    async def set_state(
        self, acting: Acting, state: TradingState, *, symbol: str = "", user_id: UUID | None = None
    ) -> Applied:
        """Of a market, of a person's account, or of the whole venue."""
        if symbol:
            self.exchange.get_instrument(symbol)
        account = await self._account(user_id) if user_id is not None else 0

        def draft(seq: int, at_ms: int) -> SetState:
            return SetState(seq, at_ms, state, symbol, account)

        subject = str(user_id) if user_id is not None else symbol or "venue"
        done = await self._do(acting, [draft])
        await self._note(acting, Event.TRADING_STATE_SET, done, subject, {"state": state.value})
        return done.applied[0]

    async def read_limits(self) -> Limits:
        return await self.exchange.read(_limits)

    async def set_limits(self, acting: Acting, limits: Limits) -> Applied:
        def draft(seq: int, at_ms: int) -> SetLimits:
            return SetLimits(
                seq,
                at_ms,
                limits.account_notional,
                limits.venue_notional,
                limits.orders_per_second,
            )

        done = await self._do(acting, [draft])
        facts: dict[str, Fact] = {
            "account_notional": _coins(limits.account_notional),
            "venue_notional": _coins(limits.venue_notional),
            "orders_per_second": limits.orders_per_second,
        }
        await self._note(acting, Event.TRADING_LIMITS_SET, done, "venue", facts)
        return done.applied[0]

    # people

    async def force_reduce(
        self, acting: Acting, user_id: UUID, instrument: Instrument, leg: Leg, *, quantity: int
    ) -> Applied:
        """Close up to `quantity` steps of somebody's position at the market."""
        account = await self._account(user_id)
        await self.feeding.ready(instrument.symbol)

        def draft(seq: int, at_ms: int) -> ForceReduce:
            return ForceReduce(seq, at_ms, account, instrument.symbol, leg, quantity)

        done = await self._do(acting, [draft], instrument)
        facts: dict[str, Fact] = {
            "symbol": instrument.symbol,
            "position_side": leg.value,
            "quantity": format_amount(quantity_of(instrument, quantity)),
        }
        await self._note(acting, Event.POSITION_REDUCED, done, str(user_id), facts)
        return done.applied[0]

    async def set_tier(self, acting: Acting, user_id: UserId, tier: Tier) -> Applied | None:
        """In access first; then the exchange follows, at the latest with the person's next request
        there. None when the person has no trading account.
        """
        governor = governing.Acting(acting.user_id, acting.address, acting.reason)
        await governing.give_tier(self._access, user_id, tier, governor)
        account = await self.exchange.find_account(user_id)
        if account is None:
            return None
        cap, fee_tier = self.exchange.terms_of(tier)

        def draft(seq: int, at_ms: int) -> SetTier:
            return SetTier(seq, at_ms, account, cap, fee_tier)

        return await submit(self.exchange, draft, actor=acting.user_id)

    # the fund

    async def read_fund(self) -> Fund:
        return await self.exchange.read(_fund)

    async def move_insurance(self, acting: Acting, amount: int) -> Applied:
        """Money of the venue's owner into the fund, or below zero out of it."""

        def draft(seq: int, at_ms: int) -> FundInsurance:
            return FundInsurance(seq, at_ms, amount)

        done = await self._do(acting, [draft])
        facts: dict[str, Fact] = {"amount": _coins(amount)}
        await self._note(acting, Event.INSURANCE_MOVED, done, "insurance", facts)
        return done.applied[0]

    # markets

    async def list_instrument(self, acting: Acting, instrument: Instrument) -> Applied:
        """A new market; of a coin that was not traded here the house gets its stock."""
        drafts: list[Draft] = [partial(_list, instrument)]
        spot = instrument.kind is InstrumentKind.SPOT
        if spot and not await self.exchange.read(partial(_is_stocked, instrument)):
            drafts.append(partial(_stock, instrument.base))
        done = await self._do(acting, drafts)
        facts: dict[str, Fact] = {
            "kind": instrument.kind.value,
            "base": instrument.base,
            "tick": format_amount(instrument.tick),
            "step": format_amount(instrument.step),
        }
        await self._note(acting, Event.INSTRUMENT_LISTED, done, instrument.symbol, facts)
        return done.applied[0]

    async def set_price(
        self, acting: Acting, instrument: Instrument, price: int, *, hold_s: int
    ) -> Moved:
        """As `Marketplace.set_price`, noted."""
        symbol = instrument.symbol
        moved = await self._marketplace.set_price(
            symbol, price, hold_s=hold_s, actor=acting.user_id
        )
        facts: dict[str, Fact] = {
            "price": format_amount(price_of(instrument, price)),
            "hold_s": hold_s,
        }
        await self._write(acting, Event.PRICE_SET, symbol, facts | {"seq": moved.seq})
        return moved

    async def read_journal(self) -> lease.LeaseRow:
        """Where the journal stands, whichever process writes it."""
        async with self.exchange.database.read() as unit:
            return await lease.read(unit)

    async def find_users(self, numbers: Sequence[int]) -> dict[int, str | None]:
        """Whose accounts these are, as text; None for those that are nobody's."""
        found: dict[int, str | None] = {}
        async with self.exchange.database.read() as unit:
            for number in dict.fromkeys(numbers):
                user = await accounts.find_user(unit, number)
                found[number] = str(user) if user else None
        return found

    # parts

    async def _account(self, user_id: UUID) -> int:
        account = await self.exchange.find_account(user_id)
        if account is None:
            raise UnknownAccount(NOBODY, facts={"user_id": str(user_id)})
        return account

    async def _do(
        self, acting: Acting, drafts: Sequence[Draft], instrument: Instrument | None = None
    ) -> Done:
        try:
            done = await once(self.exchange, acting.user_id, acting.key, drafts)
        except PlimsollError as error:
            raise told(error, instrument) from None
        refusal = done.applied[0].refusal
        if refusal is not None:
            raise told(refusal, instrument)
        return done

    async def _note(
        self, acting: Acting, event: Event, done: Done, subject: str, facts: Mapping[str, Fact]
    ) -> None:
        told_again = {"repeated": True} if done.replayed else {}
        await self._write(
            acting, event, subject, {**facts, "seq": done.applied[0].seq, **told_again}
        )

    async def _write(
        self, acting: Acting, event: Event, subject: str, facts: Mapping[str, Fact]
    ) -> None:
        happening = Happening(
            event,
            self._access.clock.now(),
            user_id=acting.user_id,
            subject=subject,
            address=acting.address,
            facts={**facts, "reason": acting.reason},
        )
        try:
            await audit.record(self._access.database, happening)
        except PlimsollError as error:
            log.exception(
                "action_not_in_audit_log",
                action=event.value,
                subject=subject,
                user_id=str(acting.user_id),
                **happening.facts,
            )
            raise AuditNotWritten(
                "it was done and stays done; the same request with its Idempotency-Key writes the"
                " log and does nothing else",
                facts={"seq": facts["seq"], "cause": error.code},
                retry_after_s=1,
            ) from error


def _coins(units: int) -> str:
    return format_amount(money_of(units))


def _list(instrument: Instrument, seq: int, at_ms: int) -> ListInstrument:
    return ListInstrument(seq, at_ms, instrument)


def _stock(asset: str, seq: int, at_ms: int) -> Deposit:
    return Deposit(seq, at_ms, HOUSE, asset, HOUSE_COINS, spot=True)


def _is_stocked(instrument: Instrument, venue: Venue) -> bool:
    return instrument.base in venue.accounts[HOUSE].balances


def _limits(venue: Venue) -> Limits:
    limits = venue.limits
    return Limits(limits.account_notional, limits.venue_notional, limits.orders_per_second)


def _fund(venue: Venue) -> Fund:
    fund = venue.accounts.get(FUND)
    exposures = fund.exposures.values() if fund else ()
    return Fund(
        venue.seq,
        venue.insurance,
        [
            Carried(venue.markets[each.symbol].instrument, position.quantity, position.cost)
            for each in exposures
            for position in each.positions.values()
            if position.quantity
        ],
    )


async def _operators_of(connection: HTTPConnection) -> Operators:
    operators = connection.app.state.operators
    assert isinstance(operators, Operators)
    return operators


OperatorsDep = Annotated[Operators, Depends(_operators_of)]
"""What operators do to this process's exchange, for a handler."""
