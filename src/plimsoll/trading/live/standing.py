"""How the caller's own account stands: the account as a whole, and its positions one by one.

Both are shown the same look at the account, which is taken when something happened to it or a mark
that matters to it has moved.
"""

from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from plimsoll.access.domain.principals import Principal
from plimsoll.plumbing.streams.messages import Subscribe
from plimsoll.plumbing.streams.topics import Caller, Topic
from plimsoll.trading.domain.venue import Venue
from plimsoll.trading.live.amounts import DecimalText, money_text
from plimsoll.trading.live.openings import Openings
from plimsoll.trading.live.private import owner_of, refuse_symbols
from plimsoll.trading.schemas.positions import PositionView, ratio_text
from plimsoll.trading.service.accounts import AccountLook, PositionLook
from plimsoll.trading.service.broadcasting import Broadcasting


class PositionRow(Struct):
    """As `GET /positions` has it; the quantity is 0 when it is closed, and all else as it was."""

    symbol: str
    position_side: str
    side: str
    quantity: DecimalText
    entry_price: DecimalText
    mark_price: DecimalText
    notional: DecimalText
    unrealised_profit: DecimalText
    margin_mode: str
    leverage: int
    isolated_margin: DecimalText | None
    initial_margin: DecimalText
    maintenance_margin: DecimalText
    margin_ratio: DecimalText | None
    liquidation_price: DecimalText | None
    bankruptcy_price: DecimalText | None
    distance_to_liquidation_percent: DecimalText | None


class PositionBody(Struct):
    """A snapshot has all open positions; an update those that changed, as they are now."""

    positions: list[PositionRow]
    simulated: Annotated[bool, Meta(description="The prices behind it are invented")]
    paper: bool = True


class BalanceRow(Struct):
    """A spot balance; `held` of it is reserved by open orders."""

    asset: str
    total: DecimalText
    held: DecimalText
    free: DecimalText


class AccountBody(Struct):
    """The account as `GET /account/me` has it, without its positions and what the person's tier
    allows; always as a whole.
    """

    state: str
    hedge: bool
    cancels_at_ms: int | None
    settlement_asset: str
    margin_wallet: DecimalText
    isolated_margin: DecimalText
    unrealised_profit: DecimalText
    margin_balance: DecimalText
    maintenance_margin: DecimalText
    initial_margin: DecimalText
    available: DecimalText
    withdrawable: DecimalText
    margin_ratio: DecimalText | None
    balances: list[BalanceRow]
    open_orders: int
    waiting_orders: int
    at_ms: Annotated[int, Meta(description="Of the last command before it was looked at")]
    simulated: Annotated[bool, Meta(description="The prices behind it are invented")]
    paper: bool = True


class StandingTopic(Topic):
    """What is shown of one person's account."""

    def __init__(self, channel: str, broadcasting: Broadcasting, principal: Principal) -> None:
        super().__init__(channel, "", principal.user_id.hex, private=True)
        self.broadcasting = broadcasting
        self.person = broadcasting.follow_person(principal)

    async def load(self) -> None:
        await self.broadcasting.find_account(self.person)
        await self.broadcasting.begin(self._begin)

    def close(self) -> None:
        self.person.viewers.pop(self, None)
        self.broadcasting.leave_person(self.person)

    def _begin(self, venue: Venue) -> None:
        self.person.viewers[self] = None
        self.person.look(venue)

    @abstractmethod
    def show(self, look: AccountLook) -> None:
        """Keep what is told of it, and touch what has changed."""


class PositionTopic(StandingTopic):
    """The positions of one account, by symbol and side."""

    def __init__(self, broadcasting: Broadcasting, principal: Principal) -> None:
        super().__init__("positions", broadcasting, principal)
        self._open: dict[tuple[str, str], PositionLook] = {}
        self._closed: dict[tuple[str, str], PositionLook] = {}
        """Those that were closed and are not told yet."""

    def show(self, look: AccountLook) -> None:
        before = self._open
        self._open = {(each.instrument.symbol, each.leg.value): each for each in look.positions}
        for key, position in self._open.items():
            if before.get(key) != position:
                self.touch(key)
        for key in before.keys() - self._open.keys():
            self._closed[key] = before[key]
            self.touch(key)

    def snapshot(self) -> bytes:
        return self._body([_row(each) for each in self._open.values()])

    def update(self, keys: Sequence[Hashable]) -> bytes | None:
        rows = []
        for key in keys:
            assert isinstance(key, tuple)
            if key in self._open:
                rows.append(_row(self._open[key]))
            elif key in self._closed:
                rows.append(_closed_row(self._closed[key]))
        return self._body(rows) if rows else None

    def _body(self, rows: list[PositionRow]) -> bytes:
        return msgspec.json.encode(PositionBody(rows, self.broadcasting.simulated))


def _row(look: PositionLook) -> PositionRow:
    shown = PositionView.of(look).model_dump(
        mode="json", include=set(PositionRow.__struct_fields__)
    )
    return PositionRow(**shown)


def _closed_row(look: PositionLook) -> PositionRow:
    row = _row(look)
    row.quantity = row.notional = row.unrealised_profit = "0"
    row.initial_margin = row.maintenance_margin = "0"
    row.isolated_margin = row.margin_ratio = row.liquidation_price = row.bankruptcy_price = None
    row.distance_to_liquidation_percent = None
    return row


class AccountTopic(StandingTopic):
    """One account as a whole."""

    _look: AccountLook

    def __init__(self, broadcasting: Broadcasting, principal: Principal) -> None:
        super().__init__("account", broadcasting, principal)

    def show(self, look: AccountLook) -> None:
        before = getattr(self, "_look", None)
        if before is None or replace(before, seq=look.seq, at_ms=look.at_ms) != look:
            self._look = look
            self.touch()

    def snapshot(self) -> bytes:
        look = self._look
        now = look.standing
        has_cross = any(each.isolated is None for each in look.positions)
        return msgspec.json.encode(
            AccountBody(
                state=look.state.value,
                hedge=look.hedge,
                cancels_at_ms=look.countdown_at_ms or None,
                settlement_asset=look.settle,
                margin_wallet=money_text(look.wallet),
                isolated_margin=money_text(look.put_aside),
                unrealised_profit=money_text(look.profit),
                margin_balance=money_text(now.balance),
                maintenance_margin=money_text(now.maintenance),
                initial_margin=money_text(now.held),
                available=money_text(now.available),
                withdrawable=money_text(look.withdrawable),
                margin_ratio=ratio_text(now.ratio_ppm) if has_cross else None,
                balances=[
                    BalanceRow(
                        each.asset,
                        money_text(each.total),
                        money_text(each.held),
                        money_text(each.total - each.held),
                    )
                    for each in look.balances
                ],
                open_orders=look.open_orders,
                waiting_orders=look.waiting_orders,
                at_ms=look.at_ms,
                simulated=self.broadcasting.simulated,
            )
        )


class StandingChannel:
    """What the channels of how an account stands have in common."""

    request = Subscribe
    name: str

    def __init__(
        self,
        broadcasting: Broadcasting,
        topic: Callable[[Broadcasting, Principal], StandingTopic],
    ) -> None:
        self._broadcasting = broadcasting
        self._topic = topic
        self._openings: Openings[StandingTopic] = Openings()

    async def open(self, request: Subscribe, caller: Caller | None) -> Sequence[Topic]:
        """Raises SignInFirst, ScopeMissing, BadMessage, EngineAway."""
        principal = owner_of(caller)
        refuse_symbols(request)
        name = f"{self.name}:{principal.user_id.hex}"
        return await self._openings.obtain(
            [(name, lambda: self._topic(self._broadcasting, principal))]
        )

    def collect(self) -> None:
        """Nothing to do: who looks is told when."""

    def release(self, topic: Topic) -> None:
        self._openings.release(topic)


class PositionChannel(StandingChannel):
    """The caller's own positions, also when only a mark has moved."""

    name = "positions"
    body = PositionBody

    def __init__(self, broadcasting: Broadcasting) -> None:
        super().__init__(broadcasting, PositionTopic)


class AccountChannel(StandingChannel):
    """The caller's own account, also when only a mark has moved."""

    name = "account"
    body = AccountBody

    def __init__(self, broadcasting: Broadcasting) -> None:
        super().__init__(broadcasting, AccountTopic)
