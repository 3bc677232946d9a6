"""How an account stands: everything that is shown of it, from one look at what is durable.

`look_at` computes values in the machine's units and keeps nothing of the venue. What an isolated
position has stands for itself; the sums are of the rest, the cross part, as in domain/standing.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from plimsoll.access.domain.principals import Principal, Scope, Tier
from plimsoll.access.service import accounts as people
from plimsoll.kernel.errors import Unauthenticated
from plimsoll.kernel.identifiers import UserId
from plimsoll.trading.domain import margin
from plimsoll.trading.domain.accounts import Account, Exposure, MarginMode, TradingState
from plimsoll.trading.domain.admission import exposure_view, leverage_bound
from plimsoll.trading.domain.brackets import find_bracket, maintenance
from plimsoll.trading.domain.coverage import put_aside
from plimsoll.trading.domain.instruments import Bracket, Instrument
from plimsoll.trading.domain.orders import Leg, Order, OrderStatus
from plimsoll.trading.domain.refusals import UnknownAccount
from plimsoll.trading.domain.standing import Standing, liquidation_price, standing
from plimsoll.trading.domain.venue import Market, Venue
from plimsoll.trading.service.exchange import Exchange

ISOLATED = MarginMode.ISOLATED


@dataclass(frozen=True, slots=True)
class PositionLook:
    """`quantity` in signed steps, prices in ticks, money in hundred-millionths. `isolated` is what
    was put aside, None in cross mode; `ratio_ppm` is of what stands for the position, None when
    nothing is left of it. The prices of a cross one are those at which it ends if all other marks
    stay where they are; None: no price ends it.
    """

    instrument: Instrument
    leg: Leg
    quantity: int
    cost: int
    mark: int
    notional: int
    profit: int
    leverage: int
    isolated: int | None
    initial: int
    maintenance: int
    ratio_ppm: int | None
    liquidation_price: int | None
    bankruptcy_price: int | None
    bracket: Bracket


@dataclass(frozen=True, slots=True)
class BalanceLook:
    asset: str
    total: int
    held: int


@dataclass(frozen=True, slots=True)
class AccountLook:
    """`profit` is of all positions; `standing` of the cross part. `withdrawable`: what may leave
    the margin wallet now. `seq` and `at_ms` are of the last command before the look.
    """

    seq: int
    at_ms: int
    settle: str
    state: TradingState
    hedge: bool
    countdown_at_ms: int
    wallet: int
    put_aside: int
    profit: int
    standing: Standing
    withdrawable: int
    balances: tuple[BalanceLook, ...]
    positions: tuple[PositionLook, ...]
    open_orders: int
    waiting_orders: int


@dataclass(frozen=True, slots=True)
class SymbolLook:
    """How a perpetual is set, traded or not. `highest`: the most leverage that may be chosen with
    what is open there; 0: none, for that much is not allowed any more.
    """

    symbol: str
    leverage: int
    mode: MarginMode
    highest: int


@dataclass(frozen=True, slots=True)
class SettingsLook:
    """How an account is set; `symbols` are all perpetuals, by name."""

    at_ms: int
    hedge: bool
    symbols: tuple[SymbolLook, ...]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose account is looked at; `number` None: nothing was traded or deposited yet. What the tier
    allows, the machine may learn only with the person's next command, before it does that.
    """

    user_id: UserId
    tier: Tier
    number: int | None


async def find_owner(exchange: Exchange, principal: Principal, user_id: str) -> Owner:
    """The person behind `me` or a user id: oneself, or for operators anybody. Somebody else's
    account is as unknown as none.
    """
    wanted = _user_id(principal, user_id)
    if wanted == principal.user_id:
        return Owner(wanted, principal.tier, await exchange.find_account(wanted))
    if wanted is None or Scope.OVERSEE not in principal.scopes:
        raise _unknown()
    try:
        async with exchange.database.read() as unit:
            person = await people.get(unit, wanted)
    except Unauthenticated:
        raise _unknown() from None
    return Owner(wanted, person.tier, await exchange.find_account(wanted))


def _user_id(principal: Principal, text: str) -> UserId | None:
    if text == "me":
        return principal.user_id
    try:
        return UserId(UUID(text))
    except ValueError:
        return None


def _unknown() -> UnknownAccount:
    return UnknownAccount("there is no such account here")


async def look(exchange: Exchange, owner: Owner) -> AccountLook:
    """The account as it is in the journal; an empty one when it was never opened."""
    number = owner.number
    cap, fee_tier = exchange.terms_of(owner.tier)

    def find(venue: Venue) -> AccountLook:
        account = venue.accounts.get(number) if number is not None else None
        return look_at(venue, account or Account(0, leverage_cap=cap, fee_tier=fee_tier))

    return await exchange.read(find)


def look_at(venue: Venue, account: Account) -> AccountLook:
    """Everything that is shown of an account, at the present marks."""
    now = standing(account, venue.markets)
    positions = tuple(
        _position(account, exposure, leg, venue.markets, now)
        for exposure in account.exposures.values()
        for leg, position in exposure.positions.items()
        if position.quantity
    )
    orders = _orders(account)
    waiting = sum(each.status is OrderStatus.WAITING for each in orders)
    aside = put_aside(account)
    return AccountLook(
        seq=venue.seq,
        at_ms=venue.at_ms,
        settle=venue.settle,
        state=account.state,
        hedge=account.hedge,
        countdown_at_ms=account.countdown_at_ms,
        wallet=account.wallet,
        put_aside=aside,
        profit=sum(each.profit for each in positions),
        standing=now,
        withdrawable=max(0, min(now.available, account.wallet - aside)),
        balances=tuple(
            BalanceLook(asset, each.total, each.held)
            for asset, each in sorted(account.balances.items())
            if each.total
        ),
        positions=positions,
        open_orders=len(orders) - waiting,
        waiting_orders=waiting,
    )


async def look_at_settings(exchange: Exchange, owner: Owner) -> SettingsLook:
    """Leverage and margin mode of every perpetual, as the next order there would find them."""
    number = owner.number
    cap, fee_tier = exchange.terms_of(owner.tier)

    def find(venue: Venue) -> SettingsLook:
        known = venue.accounts.get(number) if number is not None else None
        account = replace(known or Account(0, cap), leverage_cap=cap, fee_tier=fee_tier)
        symbols = [
            _settings(account, exposure, market)
            for _, market in sorted(venue.markets.items())
            if (exposure := exposure_view(account, market)) is not None
        ]
        return SettingsLook(venue.at_ms, account.hedge, tuple(symbols))

    return await exchange.read(find)


def _settings(account: Account, exposure: Exposure, market: Market) -> SymbolLook:
    highest, _ = leverage_bound(market, account, exposure)
    return SymbolLook(exposure.symbol, exposure.leverage, exposure.mode, highest)


def _orders(account: Account) -> list[Order]:
    orders = [each for exposure in account.exposures.values() for each in exposure.orders.values()]
    orders += [each for mine in account.spot_orders.values() for each in mine.values()]
    return orders


def _position(
    account: Account,
    exposure: Exposure,
    leg: Leg,
    markets: Mapping[str, Market],
    now: Standing,
) -> PositionLook:
    position = exposure.positions[leg]
    market = markets[exposure.symbol]
    instrument = market.instrument
    notional = abs(position.quantity) * market.mark * instrument.unit
    profit = margin.unrealised(
        position.quantity, cost=position.cost, mark=market.mark, unit=instrument.unit
    )
    kept = maintenance(instrument.brackets, notional)
    isolated = exposure.mode is ISOLATED
    ratio = (
        margin.margin_ratio_ppm(maintenance=kept, balance=position.isolated + profit)
        if isolated
        else now.ratio_ppm
    )
    return PositionLook(
        instrument=instrument,
        leg=leg,
        quantity=position.quantity,
        cost=position.cost,
        mark=market.mark,
        notional=notional,
        profit=profit,
        leverage=exposure.leverage,
        isolated=position.isolated if isolated else None,
        initial=margin.initial_margin(notional, exposure.leverage),
        maintenance=kept,
        ratio_ppm=ratio,
        liquidation_price=liquidation_price(account, exposure.symbol, leg, markets),
        bankruptcy_price=_bankruptcy_price(exposure, leg, market, now),
        bracket=find_bracket(instrument.brackets, notional),
    )


def _bankruptcy_price(exposure: Exposure, leg: Leg, market: Market, now: Standing) -> int | None:
    """Where nothing is left of what stands for the position; of two cross positions of a hedged
    symbol the price at which nothing is left with both, None when they are equal.
    """
    unit = market.instrument.unit
    if exposure.mode is ISOLATED:
        position = exposure.positions[leg]
        quantity, cost, money = position.quantity, position.cost, position.isolated
    else:
        quantity = sum(each.quantity for each in exposure.positions.values())
        cost = sum(each.cost for each in exposure.positions.values())
        money = now.balance - (quantity * market.mark * unit - cost)
    if not quantity:
        return None
    return margin.bankruptcy_price(quantity, cost=cost, margin=money, unit=unit)
