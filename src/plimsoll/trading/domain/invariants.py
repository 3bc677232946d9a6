"""What has to be true after every command, whatever happened. For tests and the simulation.

    Σ wallets + Σ spot balances of the settlement asset + fees + insurance = deposited + Σ cost

Σ cost of all open positions is what has been realised by one side and not yet by the other; it is
zero when nothing is open. Looks at everything.
"""

from collections.abc import Iterator

from plimsoll.trading.domain.accounts import Account, Exposure, MarginMode, TradingState
from plimsoll.trading.domain.brackets import maintenance
from plimsoll.trading.domain.finding import FUND
from plimsoll.trading.domain.holds import spot_price
from plimsoll.trading.domain.margin import is_due
from plimsoll.trading.domain.orders import Leg, OrderStatus, Side, TimeInForce
from plimsoll.trading.domain.standing import standing
from plimsoll.trading.domain.venue import Market, Venue


def check(venue: Venue) -> list[str]:
    """What is broken, in words; empty when all is well."""
    faults: list[str] = []
    for market in venue.markets.values():
        faults.extend(_market(venue, market))
    for account in venue.accounts.values():
        faults.extend(_account(venue, account))
    faults.extend(_orders(venue))
    faults.extend(_conserved(venue))
    return faults


def _market(venue: Venue, market: Market) -> Iterator[str]:
    symbol = market.instrument.symbol
    total = long = 0
    holders: set[tuple[int, Leg]] = set()
    for account in venue.accounts.values():
        exposure = account.exposures.get(symbol)
        for leg, position in exposure.positions.items() if exposure else ():
            total += position.quantity
            long += max(position.quantity, 0)
            holders.add((account.id, leg))
    if total:
        yield f"{symbol}: positions add up to {total}"
    if long != market.open_interest:
        yield f"{symbol}: open interest is {long}, kept as {market.open_interest}"
    if holders != market.holders:
        yield f"{symbol}: holders are {sorted(holders)}, kept as {sorted(market.holders)}"
    yield from _book(venue, market)


def _book(venue: Venue, market: Market) -> Iterator[str]:
    symbol = market.instrument.symbol
    if market.book.crossed():
        yield f"{symbol}: the book is crossed"
    for ladder in (market.book.bids, market.book.asks):
        for key, level in ladder.levels.items():
            if level.quantity != sum(each.remaining for each in level.orders.values()):
                yield f"{symbol}: the level at {key * ladder.sign} does not add up"
    in_book = {each.id for each in market.book.orders()}
    kept = {each.id: each.status for each in venue.orders.values() if each.symbol == symbol}
    if in_book != {each for each, status in kept.items() if status is OrderStatus.OPEN}:
        yield f"{symbol}: the book and the open orders differ"
    waiting = {each for each, status in kept.items() if status is OrderStatus.WAITING}
    if set(market.triggers.orders) != waiting:
        yield f"{symbol}: the triggers and the waiting orders differ"


def _account(venue: Venue, account: Account) -> Iterator[str]:
    who = f"account {account.id}"
    if account.wallet < 0:
        yield f"{who}: the wallet is {account.wallet}"
    aside = 0
    for exposure in account.exposures.values():
        yield from _exposure(venue, account, exposure)
        aside += sum(each.isolated for each in exposure.positions.values())
    if aside > account.wallet:
        yield f"{who}: {aside} is put aside of {account.wallet}"
    yield from _purse(venue, account)


def _purse(venue: Venue, account: Account) -> Iterator[str]:
    who = f"account {account.id}"
    held: dict[str, int] = {}
    for symbol, orders in account.spot_orders.items():
        market = venue.markets[symbol]
        for order in orders.values():
            if order.status is not OrderStatus.OPEN:
                continue
            if order.side is Side.BUY:
                asset = str(market.instrument.settle)
                amount = order.remaining * spot_price(market, order.price)
            else:
                asset, amount = str(market.instrument.base), order.remaining * market.base_unit
            held[asset] = held.get(asset, 0) + amount
    for asset, balance in account.balances.items():
        if balance.held != held.get(asset, 0):
            yield f"{who}: {balance.held} {asset} held, orders say {held.get(asset, 0)}"
        if not 0 <= balance.held <= balance.total:
            yield f"{who}: {balance.held} held of {balance.total} {asset}"


def _exposure(venue: Venue, account: Account, exposure: Exposure) -> Iterator[str]:
    who = f"account {account.id} in {exposure.symbol}"
    unit = venue.markets[exposure.symbol].instrument.unit
    sums = {Side.BUY: [0, 0], Side.SELL: [0, 0]}
    for order in exposure.orders.values():
        if order.reduce_only != (order.id in exposure.reducing):
            yield f"{who}: order {order.id} is in the wrong list"
        if order.reduce_only:
            position = exposure.positions.get(order.leg)
            room = -order.side * position.quantity if position else 0
            if order.remaining > room:
                yield f"{who}: order {order.id} reduces {order.remaining} of {room}"
        elif order.status is OrderStatus.OPEN:
            sums[order.side][0] += order.remaining * order.price * unit
            sums[order.side][1] += order.open_loss
    kept = [[exposure.bids, exposure.bid_loss], [exposure.asks, exposure.ask_loss]]
    if [*sums.values()] != kept:
        yield f"{who}: orders add up to {[*sums.values()]}, kept as {kept}"
    yield from _positions(exposure, who)


def _positions(exposure: Exposure, who: str) -> Iterator[str]:
    for leg, position in exposure.positions.items():
        if not position.quantity:
            yield f"{who}: an empty {leg} position is kept"
        if position.isolated < 0 or (position.isolated and exposure.mode is MarginMode.CROSS):
            yield f"{who}: {position.isolated} is put aside for the {leg} position"
        if (leg is Leg.LONG and position.quantity < 0) or (
            leg is Leg.SHORT and position.quantity > 0
        ):
            yield f"{who}: the {leg} position is {position.quantity}"


def _orders(venue: Venue) -> Iterator[str]:
    listed = {
        order.id
        for account in venue.accounts.values()
        for orders in (
            *(each.orders for each in account.exposures.values()),
            *account.spot_orders.values(),
        )
        for order in orders.values()
    }
    if listed != set(venue.orders):
        yield f"orders known to one side only: {sorted(listed ^ set(venue.orders))}"
    for order in venue.orders.values():
        if order.remaining <= 0 or order.status not in {OrderStatus.OPEN, OrderStatus.WAITING}:
            yield f"order {order.id} is kept with {order.remaining} left, {order.status}"
    expiries = sorted(
        (each.expires_at_ms, each.id)
        for each in venue.orders.values()
        if each.time_in_force is TimeInForce.GTD
    )
    if expiries != venue.expiries:
        yield "the expiries are not those of the orders"
    countdowns = sorted(
        (each.countdown_at_ms, each.id) for each in venue.accounts.values() if each.countdown_at_ms
    )
    if countdowns != venue.countdowns:
        yield "the countdowns are not those of the accounts"


def _conserved(venue: Venue) -> Iterator[str]:
    if venue.insurance < 0:
        yield f"the insurance fund is {venue.insurance}"
    wallets = cost = 0
    assets: dict[str, int] = {}
    for account in venue.accounts.values():
        wallets += account.wallet
        for asset, balance in account.balances.items():
            assets[asset] = assets.get(asset, 0) + balance.total
        for exposure in account.exposures.values():
            cost += sum(each.cost for each in exposure.positions.values())
    money = wallets + assets.pop(venue.settle, 0) + venue.fees + venue.insurance
    if money != venue.deposited + cost:
        yield f"{money} is there, {venue.deposited} was deposited and {cost} is open"
    for asset, total in assets.items():
        if total != venue.supplies.get(asset, 0):
            yield f"{total} {asset} is there, {venue.supplies.get(asset, 0)} was deposited"


def overdue(venue: Venue) -> list[str]:
    """Who should have been liquidated: nobody after a command that lets time pass, unless it did
    the most that one command does. Those in halted markets are left alone.
    """
    if venue.state is TradingState.HALTED:
        return []
    faults: list[str] = []
    for account in venue.accounts.values():
        if account.id == FUND:
            continue
        cross_halted = False
        for exposure in account.exposures.values():
            market = venue.markets[exposure.symbol]
            halted = market.state is TradingState.HALTED
            if exposure.mode is MarginMode.CROSS:
                cross_halted = cross_halted or (halted and bool(exposure.positions))
            elif not halted:
                faults.extend(_overdue_isolated(market, account, exposure))
        if not cross_halted and standing(account, venue.markets).is_due:
            faults.append(f"account {account.id}: its cross positions are due")
    return faults


def _overdue_isolated(market: Market, account: Account, exposure: Exposure) -> Iterator[str]:
    instrument = market.instrument
    value = market.mark * instrument.unit
    for leg, position in exposure.positions.items():
        kept = maintenance(instrument.brackets, abs(position.quantity) * value)
        balance = position.isolated + position.quantity * value - position.cost
        if is_due(maintenance=kept, balance=balance):
            yield f"account {account.id}: its isolated {leg} position is due"
