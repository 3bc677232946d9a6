"""All channels of the exchange."""

from typing import Any

from plimsoll.plumbing.streams.topics import Channel
from plimsoll.trading.live.book import BookChannel
from plimsoll.trading.live.fills import FillChannel
from plimsoll.trading.live.funding import FundingChannel
from plimsoll.trading.live.liquidations import LiquidationChannel
from plimsoll.trading.live.marks import MarkChannel
from plimsoll.trading.live.orders import OrderChannel
from plimsoll.trading.live.standing import AccountChannel, PositionChannel
from plimsoll.trading.live.tape import TapeChannel
from plimsoll.trading.service.broadcasting import Broadcasting


def make_channels(broadcasting: Broadcasting) -> list[Channel[Any]]:
    """To be registered with the hub."""
    return [
        BookChannel(broadcasting),
        TapeChannel(broadcasting),
        MarkChannel(broadcasting),
        FundingChannel(broadcasting),
        OrderChannel(broadcasting),
        FillChannel(broadcasting),
        LiquidationChannel(broadcasting),
        PositionChannel(broadcasting),
        AccountChannel(broadcasting),
    ]
