"""HTTP for paper accounts: how one stands, its money, and its settings of margin."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from plimsoll.access.guards import Reader, Trader
from plimsoll.markets.domain.assets import UnknownAssetField
from plimsoll.markets.service.prices import PricesDep, PriceUnavailable
from plimsoll.plumbing.idempotency import GivenKey, InFlight, KeyReused
from plimsoll.plumbing.lists import Listing
from plimsoll.plumbing.paging import BadCursor, Page
from plimsoll.plumbing.problems import problems
from plimsoll.trading.domain.refusals import (
    InsufficientBalance,
    InsufficientMargin,
    LeverageAboveCap,
    NotFlat,
    NotForSpot,
    UnknownAccount,
    UnknownAsset,
    UnknownSymbol,
)
from plimsoll.trading.domain.units import AmountOffGrid, NumberTooLarge, to_money
from plimsoll.trading.engine.states import EngineAway, EngineBusy
from plimsoll.trading.schemas.accounts import (
    AccountView,
    MoneyBody,
    MoneyView,
    ResetBody,
    ResetView,
    TransferBody,
)
from plimsoll.trading.schemas.histories import EntryView, entries_table
from plimsoll.trading.schemas.positions import (
    AccountSettingsView,
    LeverageBody,
    LeverageView,
    MarginModeBody,
    MarginModeView,
    PositionModeBody,
    PositionModeView,
)
from plimsoll.trading.service import histories, paying, positioning
from plimsoll.trading.service.accounts import Owner, find_owner, look, look_at_settings
from plimsoll.trading.service.exchange import ExchangeDep
from plimsoll.trading.service.once import Done
from plimsoll.trading.service.paying import DepositLimitReached, ResetIncomplete, ResetRefused

router = APIRouter(tags=["account"])

Whose = Annotated[
    str,
    Path(
        alias="user_id",
        max_length=100,
        description="`me` or one's own id; for operators anybody's",
        examples=["me"],
    ),
]
AWAY = (EngineAway, EngineBusy)
ONCE = (KeyReused, InFlight)
AMOUNTS = (AmountOffGrid, NumberTooLarge, UnknownAssetField, UnknownAsset)


@router.get("/account/symbols", responses=problems(EngineAway))
async def list_account_symbols(owner: Reader, exchange: ExchangeDep) -> AccountSettingsView:
    """Leverage and margin mode of every perpetual, traded or not, and the position mode: what the
    caller's next order there is subject to.
    """
    number = await exchange.find_account(owner.user_id)
    found = await look_at_settings(exchange, Owner(owner.user_id, owner.tier, number))
    leverage_cap, _ = exchange.terms_of(owner.tier)
    return AccountSettingsView.of(found, leverage_cap=leverage_cap)


@router.get("/account/{user_id}", responses=problems(UnknownAccount, EngineAway))
async def read_account(
    user_id: Whose, caller: Reader, exchange: ExchangeDep, prices: PricesDep
) -> AccountView:
    """How a paper account stands: money, margin, positions with their liquidation prices. All of it
    at one moment, and only what is durable. One that was never used is empty.
    """
    owner = await find_owner(exchange, caller, user_id)
    found = await look(exchange, owner)
    terms = exchange.terms_of(owner.tier)
    return AccountView.of(owner, found, terms=terms, simulated=prices.simulated)


@router.get(
    "/account/{user_id}/entries",
    response_model=Page[EntryView],
    responses=problems(UnknownAccount, BadCursor),
)
async def list_entries(
    user_id: Whose, caller: Reader, exchange: ExchangeDep, listing: Listing
) -> Page[EntryView] | Response:
    """The statement of the account: every movement of its wallets, the latest first, as the
    double-entry books have it.
    """
    owner = await find_owner(exchange, caller, user_id)
    cut = await listing.collect(lambda page: histories.list_entries(exchange, owner.number, page))
    return await listing.answer(
        "entries", owner.user_id, cut, view=EntryView.of, table=entries_table
    )


# money


@router.post(
    "/account/deposit",
    status_code=201,
    response_model=MoneyView,
    responses=problems(*AMOUNTS, DepositLimitReached, PriceUnavailable, *ONCE, *AWAY),
)
async def deposit(
    body: MoneyBody, owner: Trader, exchange: ExchangeDep, prices: PricesDep, key: GivenKey
) -> Response:
    """Pay paper money in. What an account may have of an asset after it, in both wallets together,
    is bounded by a worth in usdt.
    """
    asset = prices.catalogue.resolve_field(body.asset, pointer="#/asset").id
    amount = to_money(body.amount)
    done = await paying.deposit(
        exchange, prices, owner, key, asset=asset, wallet=body.wallet, amount=amount
    )
    return _moved(done, await exchange.account_of(owner))


@router.post(
    "/account/withdraw",
    status_code=201,
    response_model=MoneyView,
    responses=problems(*AMOUNTS, InsufficientBalance, *ONCE, *AWAY),
)
async def withdraw(
    body: MoneyBody, owner: Trader, exchange: ExchangeDep, prices: PricesDep, key: GivenKey
) -> Response:
    """Pay paper money out: what no position and no order holds, and no profit that is not
    realised.
    """
    asset = prices.catalogue.resolve_field(body.asset, pointer="#/asset").id
    amount = to_money(body.amount)
    done = await paying.withdraw(
        exchange, owner, key, asset=asset, wallet=body.wallet, amount=amount
    )
    return _moved(done, await exchange.account_of(owner))


@router.post(
    "/account/transfer",
    status_code=201,
    response_model=MoneyView,
    responses=problems(AmountOffGrid, NumberTooLarge, InsufficientBalance, *ONCE, *AWAY),
)
async def transfer(
    body: TransferBody, owner: Trader, exchange: ExchangeDep, key: GivenKey
) -> Response:
    """Move the settlement asset between the margin wallet and spot."""
    amount = to_money(body.amount)
    done = await paying.transfer(exchange, owner, key, to=body.to, amount=amount)
    return _moved(done, await exchange.account_of(owner))


def _moved(done: Done, account: int) -> Response:
    view = MoneyView.of(done.applied, account)
    return _answer(view.__pydantic_serializer__.to_json(view), 201, replayed=done.replayed)


def _answer(body: bytes, status: int, *, replayed: bool) -> Response:
    headers = {"idempotency-replayed": "true"} if replayed else None
    return Response(body, status, headers, "application/json")


@router.post(
    "/account/reset",
    response_model=ResetView,
    responses=problems(
        AmountOffGrid,
        NumberTooLarge,
        DepositLimitReached,
        ResetRefused,
        ResetIncomplete,
        *ONCE,
        *AWAY,
    ),
)
async def reset_account(
    owner: Trader, exchange: ExchangeDep, key: GivenKey, body: ResetBody | None = None
) -> Response:
    """Begin anew: all orders are cancelled, all positions closed at the market, all money paid out
    and `amount` of the settlement asset paid in. Settings, the history and client order ids stay.

    If it can be seen that a position cannot be closed, nothing is changed (`reset-refused`). If
    the market takes less than it offered a moment before, orders are gone and positions reduced,
    and the money is not touched (`reset-incomplete`): reset again, with a new key.
    """
    given = body.amount if body else None
    amount = to_money(given) if given is not None else None
    done = await paying.reset(exchange, owner, key, amount=amount)
    symbols = [paying.symbol_of(each) for each in done.closed]
    view = ResetView.of(done, [exchange.get_instrument(symbol) for symbol in symbols])
    return _answer(view.__pydantic_serializer__.to_json(view), 200, replayed=done.replayed)


# settings


@router.put(
    "/account/leverage",
    responses=problems(UnknownSymbol, NotForSpot, LeverageAboveCap, InsufficientMargin, *AWAY),
)
async def set_leverage(body: LeverageBody, owner: Trader, exchange: ExchangeDep) -> LeverageView:
    """Choose the leverage for a perpetual; what is refused says the `highest` that is allowed."""
    await positioning.set_leverage(exchange, owner, body.symbol, body.leverage)
    return LeverageView(symbol=body.symbol, leverage=body.leverage)


@router.put("/account/margin-mode", responses=problems(UnknownSymbol, NotForSpot, NotFlat, *AWAY))
async def set_margin_mode(
    body: MarginModeBody, owner: Trader, exchange: ExchangeDep
) -> MarginModeView:
    """Let positions of a perpetual stand on the whole account, or each on what is put aside for
    it. Only without position and orders there.
    """
    await positioning.set_margin_mode(exchange, owner, body.symbol, body.mode)
    return MarginModeView(symbol=body.symbol, mode=body.mode)


@router.put("/account/position-mode", responses=problems(NotFlat, *AWAY))
async def set_position_mode(
    body: PositionModeBody, owner: Trader, exchange: ExchangeDep
) -> PositionModeView:
    """Choose between one position for each perpetual, and a long and a short one. Only without
    any position and order in perpetuals.
    """
    await positioning.set_hedge(exchange, owner, hedge=body.hedge)
    return PositionModeView(hedge=body.hedge)
