"""HTTP for operators of the exchange; everything they do is in the audit log."""

from uuid import UUID

from fastapi import APIRouter, Request

from plimsoll.access.guards import Operator, address_of
from plimsoll.access.service.accounts import NoSuchUser
from plimsoll.kernel.identifiers import UserId
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.service.prices import PricesDep
from plimsoll.plumbing.idempotency import GivenKey, InFlight, Key, KeyReused
from plimsoll.plumbing.problems import problems
from plimsoll.trading.domain.brackets import BracketsRefused
from plimsoll.trading.domain.listing import InstrumentRefused
from plimsoll.trading.domain.refusals import (
    AlreadyExists,
    InsufficientBalance,
    NoPosition,
    NotForSpot,
    OutOfRange,
    UnknownAccount,
    UnknownSymbol,
)
from plimsoll.trading.domain.units import AmountOffGrid, QuantityOffStep, to_steps
from plimsoll.trading.engine.states import EngineAway
from plimsoll.trading.schemas.operators import (
    EngineView,
    FundView,
    InsuranceBody,
    JournalView,
    LimitsBody,
    LimitsView,
    ListedView,
    ListingBody,
    ReduceBody,
    ReducedView,
    StateBody,
    StateView,
    TierBody,
    TierView,
)
from plimsoll.trading.service.operators import Acting, AuditNotWritten, OperatorsDep

router = APIRouter(prefix="/trading", tags=["operators"])

ANY = (AuditNotWritten, EngineAway, InFlight, KeyReused)


def _acting(request: Request, caller: Operator, reason: str, key: Key | None) -> Acting:
    return Acting(caller.user_id, address_of(request.scope), reason, key)


@router.post("/state", responses=problems(UnknownSymbol, UnknownAccount, OutOfRange, *ANY))
async def set_trading_state(
    body: StateBody, request: Request, caller: Operator, operators: OperatorsDep, key: GivenKey
) -> StateView:
    """Halt, let only reduce, or resume: a market, a person, or the whole venue.

    While halted nothing is matched, triggered or liquidated; while only reducing, orders that open
    positions are ended and refused.
    """
    acting = _acting(request, caller, body.reason, key)
    applied = await operators.set_state(
        acting, body.state, symbol=body.symbol or "", user_id=body.user_id
    )
    return StateView.of(body, applied)


@router.get("/limits", responses=problems(EngineAway))
async def read_trading_limits(_: Operator, operators: OperatorsDep) -> LimitsView:
    """What an account, and all together, may be exposed to, and how fast orders may come."""
    return LimitsView.of(await operators.read_limits())


@router.put("/limits", responses=problems(AmountOffGrid, OutOfRange, *ANY))
async def set_trading_limits(
    body: LimitsBody, request: Request, caller: Operator, operators: OperatorsDep, key: GivenKey
) -> LimitsView:
    """New limits, from the next order on."""
    limits = body.limits()
    await operators.set_limits(_acting(request, caller, body.reason, key), limits)
    return LimitsView.of(limits)


@router.post(
    "/force-reduce",
    responses=problems(
        UnknownSymbol, UnknownAccount, NoPosition, NotForSpot, QuantityOffStep, *ANY
    ),
)
async def force_reduce(
    body: ReduceBody, request: Request, caller: Operator, operators: OperatorsDep, key: GivenKey
) -> ReducedView:
    """Close a part of somebody's position at the market, whatever the trading state."""
    instrument = operators.exchange.get_instrument(body.symbol)
    applied = await operators.force_reduce(
        _acting(request, caller, body.reason, key),
        body.user_id,
        instrument,
        body.position_side,
        quantity=to_steps(instrument, body.quantity),
    )
    return ReducedView.of(body, applied, instrument)


@router.put("/tiers/{user_id}", responses=problems(NoSuchUser, EngineAway))
async def set_trading_tier(
    user_id: UUID, body: TierBody, request: Request, caller: Operator, operators: OperatorsDep
) -> TierView:
    """The experience tier of a person: highest leverage, fees, rate limits.

    Positions that are beyond it stay and can be reduced.
    """
    acting = _acting(request, caller, body.reason, None)
    applied = await operators.set_tier(acting, UserId(user_id), body.tier)
    return TierView(
        user_id=user_id,
        tier=body.tier,
        leverage_cap=operators.exchange.terms_of(body.tier)[0],
        seq=applied.seq if applied else None,
    )


@router.get("/insurance", responses=problems(EngineAway))
async def read_insurance(_: Operator, operators: OperatorsDep) -> FundView:
    """The insurance fund, and the positions that it took over."""
    return FundView.of(await operators.read_fund())


@router.post("/insurance", responses=problems(AmountOffGrid, InsufficientBalance, *ANY))
async def move_insurance(
    body: InsuranceBody, request: Request, caller: Operator, operators: OperatorsDep, key: GivenKey
) -> FundView:
    """Paper money into the insurance fund, or out of it."""
    await operators.move_insurance(_acting(request, caller, body.reason, key), body.units())
    return FundView.of(await operators.read_fund())


@router.post(
    "/instruments",
    status_code=201,
    responses=problems(InstrumentRefused, BracketsRefused, UnknownAssetField, AlreadyExists, *ANY),
)
async def list_new_instrument(
    body: ListingBody,
    request: Request,
    caller: Operator,
    operators: OperatorsDep,
    prices: PricesDep,
    key: GivenKey,
) -> ListedView:
    """A new market, settled in tether; its rules never change."""
    base = prices.catalogue.resolve_field(body.base, pointer="#/base")
    instrument = body.instrument(base.id)
    acting = _acting(request, caller, body.reason, key)
    applied = await operators.list_instrument(acting, instrument)
    return ListedView(symbol=instrument.symbol, seq=applied.seq)


@router.get("/engine")
async def read_engine(_: Operator, operators: OperatorsDep) -> EngineView:
    """The one writer of the exchange as this process sees it, and where the journal stands."""
    engine, feeding = operators.exchange.engine, operators.feeding
    symbols = operators.exchange.instruments
    return EngineView(
        state=engine.state,
        epoch=engine.epoch,
        seq=engine.seq,
        waiting=engine.waiting,
        instruments=len(symbols),
        awake=[symbol for symbol in symbols if feeding.is_awake(symbol)],
        journal=JournalView.of(await operators.read_journal()),
    )
