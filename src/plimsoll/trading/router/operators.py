"""HTTP for operators of the exchange; everything they do is in the audit log."""

from uuid import UUID

from fastapi import APIRouter, Request

from plimsoll.access.guards import Operator, Overseer, address_of, second_operator
from plimsoll.access.service import approvals
from plimsoll.access.service.accounts import NoSuchUser
from plimsoll.kernel.identifiers import UserId
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.service.prices import PricesDep
from plimsoll.plumbing.idempotency import GivenKey, InFlight, Key, KeyReused
from plimsoll.plumbing.problems import problems
from plimsoll.settings import Sensitive
from plimsoll.trading.domain.brackets import (
    BracketDeductionRefused,
    BracketGap,
    BracketLeverageRefused,
    BracketRateRefused,
)
from plimsoll.trading.domain.listing import InstrumentRefused
from plimsoll.trading.domain.refusals import (
    AlreadyExists,
    InsufficientBalance,
    NoPosition,
    NotCovered,
    NotForSpot,
    OutOfRange,
    UnknownAccount,
    UnknownSymbol,
)
from plimsoll.trading.domain.units import AmountOffGrid, NumberTooLarge, QuantityOffStep, to_steps
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

ANY = (AuditNotWritten, EngineAway, InFlight, KeyReused, *approvals.REFUSALS)


async def _acting(
    request: Request, caller: Operator, action: Sensitive, reason: str, key: Key | None
) -> Acting:
    """The last thing before the action: what is sensitive here may wait for a second operator."""
    await second_operator(request, caller, action, key=key.text if key else None)
    return Acting(caller.user_id, address_of(request.scope), reason, key)


@router.post("/state", responses=problems(UnknownSymbol, UnknownAccount, OutOfRange, *ANY))
async def set_trading_state(
    body: StateBody, request: Request, caller: Operator, operators: OperatorsDep, key: GivenKey
) -> StateView:
    """Halt, let only reduce, or resume: a market, a person, or the whole venue.

    While halted nothing is matched, triggered or liquidated; while only reducing, orders that open
    positions are ended and refused.
    """
    acting = await _acting(request, caller, Sensitive.TRADING_STATE, body.reason, key)
    applied = await operators.set_state(
        acting, body.state, symbol=body.symbol or "", user_id=body.user_id
    )
    return StateView.of(body, applied)


@router.get("/limits", responses=problems(EngineAway))
async def read_trading_limits(_: Overseer, operators: OperatorsDep) -> LimitsView:
    """What an account, and all together, may be exposed to, and how fast orders may come."""
    return LimitsView.of(await operators.read_limits())


@router.put("/limits", responses=problems(AmountOffGrid, NumberTooLarge, OutOfRange, *ANY))
async def set_trading_limits(
    body: LimitsBody, request: Request, caller: Operator, operators: OperatorsDep, key: GivenKey
) -> LimitsView:
    """New limits, from the next order on."""
    limits = body.limits()
    acting = await _acting(request, caller, Sensitive.TRADING_LIMITS, body.reason, key)
    await operators.set_limits(acting, limits)
    return LimitsView.of(limits)


@router.post(
    "/force-reduce",
    responses=problems(
        UnknownSymbol,
        UnknownAccount,
        NoPosition,
        NotForSpot,
        NotCovered,
        QuantityOffStep,
        NumberTooLarge,
        *ANY,
    ),
)
async def force_reduce(
    body: ReduceBody, request: Request, caller: Operator, operators: OperatorsDep, key: GivenKey
) -> ReducedView:
    """Close a part of somebody's position at the market, whatever the trading state."""
    instrument = operators.exchange.get_instrument(body.symbol)
    quantity = to_steps(instrument, body.quantity)
    acting = await _acting(request, caller, Sensitive.FORCE_REDUCE, body.reason, key)
    applied = await operators.force_reduce(
        acting, body.user_id, instrument, body.position_side, quantity=quantity
    )
    return ReducedView.of(body, applied, instrument)


@router.put("/tiers/{user_id}", responses=problems(NoSuchUser, EngineAway, *approvals.REFUSALS))
async def set_trading_tier(
    user_id: UUID, body: TierBody, request: Request, caller: Operator, operators: OperatorsDep
) -> TierView:
    """The experience tier of a person: highest leverage, fees, rate limits.

    Positions that are beyond it stay and can be reduced.
    """
    acting = await _acting(request, caller, Sensitive.TIER, body.reason, None)
    applied = await operators.set_tier(acting, UserId(user_id), body.tier)
    return TierView(
        user_id=user_id,
        tier=body.tier,
        leverage_cap=operators.exchange.terms_of(body.tier)[0],
        seq=applied.seq if applied else None,
    )


@router.get("/insurance", responses=problems(EngineAway))
async def read_insurance(_: Overseer, operators: OperatorsDep) -> FundView:
    """The insurance fund, and the positions that it took over."""
    return FundView.of(await operators.read_fund())


@router.post(
    "/insurance",
    responses=problems(AmountOffGrid, NumberTooLarge, OutOfRange, InsufficientBalance, *ANY),
)
async def move_insurance(
    body: InsuranceBody, request: Request, caller: Operator, operators: OperatorsDep, key: GivenKey
) -> FundView:
    """Paper money into the insurance fund, or out of it."""
    units = body.units()
    acting = await _acting(request, caller, Sensitive.INSURANCE, body.reason, key)
    await operators.move_insurance(acting, units)
    return FundView.of(await operators.read_fund())


@router.post(
    "/instruments",
    status_code=201,
    responses=problems(
        InstrumentRefused,
        BracketGap,
        BracketRateRefused,
        BracketLeverageRefused,
        BracketDeductionRefused,
        UnknownAssetField,
        AmountOffGrid,
        NumberTooLarge,
        AlreadyExists,
        *ANY,
    ),
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
    acting = await _acting(request, caller, Sensitive.INSTRUMENT, body.reason, key)
    applied = await operators.list_instrument(acting, instrument)
    return ListedView(symbol=instrument.symbol, seq=applied.seq)


@router.get("/engine")
async def read_engine(_: Overseer, operators: OperatorsDep) -> EngineView:
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
